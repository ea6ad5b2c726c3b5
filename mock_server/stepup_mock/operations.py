"""The five operations, between fields and answers: call the domain and say what came of it."""

from collections.abc import Callable
from typing import Any

from stepup_mock import answers
from stepup_mock.answers import Answer
from stepup_mock.step_up import (
    IncorrectCode,
    InvalidField,
    Locked,
    MfaNotEnabled,
    Phone,
    StepUp,
    StepUpError,
    Terms,
    UserNotFound,
)

LOOKUP = "fetchUserMfaMethods"


def look_up(step_up: StepUp, environment: str, user_id: str) -> Answer:
    try:
        factor = step_up.fetch_user_mfa_methods(environment, user_id)
    except UserNotFound:
        return answers.NO_SUCH_USER
    if isinstance(factor, tuple):
        return answers.success({"mfa_setup": _phones(factor)})
    return answers.TOTP if factor else answers.NO_FACTOR


def _phones(phones: tuple[Phone, ...]) -> dict[str, Any]:
    listed = [
        {"mfa_phone_number_suffix": phone.suffix, "mfa_phone_id": phone.mfa_phone_id} for phone in phones
    ]
    return {"type": "Phone", "phone_numbers": listed}


def _verify_totp(
    step_up: StepUp,
    environment: str,
    at: float,
    *,
    user_id: str,
    code: str,
    action_type: str,
    grant_type: str,
    valid_for_seconds: int,
) -> Answer:
    terms = Terms(action_type, grant_type, valid_for_seconds)
    return answers.granted(step_up.verify_totp(environment, user_id, code, terms, at=at))


def _send_sms(
    step_up: StepUp,
    environment: str,
    at: float,
    *,
    user_id: str,
    mfa_phone_id: str,
    action_type: str,
    grant_type: str,
    valid_for_seconds: int,
) -> Answer:
    terms = Terms(action_type, grant_type, valid_for_seconds)
    challenge_id = step_up.send_sms(environment, user_id, mfa_phone_id, terms, at=at)
    return answers.success({"challenge_id": challenge_id})


def _verify_sms(
    step_up: StepUp, environment: str, at: float, *, user_id: str, challenge_id: str, code: str
) -> Answer:
    return answers.granted(step_up.verify_sms(environment, user_id, challenge_id, code, at=at))


def _verify_grant(
    step_up: StepUp, environment: str, at: float, *, user_id: str, action_type: str, grant: str
) -> Answer:
    step_up.verify_grant(environment, user_id, action_type, grant, at=at)
    return answers.VERIFIED


# operationId -> what to call with the fields of its body.
POSTS: dict[str, Callable[..., Answer]] = {
    "verifyStepUpTotpChallenge": _verify_totp,
    "sendSmsMfaCode": _send_sms,
    "verifySmsChallenge": _verify_sms,
    "verifyStepUpGrant": _verify_grant,
}


def refusal(error: StepUpError) -> Answer:
    """Return the answer for a refusal of the domain."""
    match error:
        case Locked(retry_after=retry_after):
            return answers.locked(retry_after)
        case InvalidField(field=field, code=code):
            return answers.invalid_fields({field: code})
        case UserNotFound():
            return answers.USER_NOT_FOUND
        case MfaNotEnabled():
            return answers.MFA_NOT_ENABLED
        case IncorrectCode():
            return answers.INCORRECT_CODE
        case _:
            raise error
