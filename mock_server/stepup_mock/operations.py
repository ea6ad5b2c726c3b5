"""The five operations, between fields and responses: call the domain and map its result."""

from collections.abc import Callable
from typing import Any

from stepup_mock import responses
from stepup_mock.responses import ApiResponse
from stepup_mock.step_up import (
    ONE_TIME_USE,
    IncorrectCode,
    InvalidField,
    Locked,
    MfaNotEnabled,
    Phone,
    StepUp,
    StepUpError,
    UserNotFound,
)
from stepup_mock.store import Terms


def look_up(step_up: StepUp, environment: str, user_id: str) -> ApiResponse:
    """Return the response of a lookup."""
    try:
        factor = step_up.fetch_user_mfa_methods(environment, user_id)
    except UserNotFound:
        return responses.NO_SUCH_USER
    if isinstance(factor, tuple):
        return responses.success({"mfa_setup": _phones(factor)})
    return responses.TOTP if factor else responses.NO_FACTOR


def _phones(phones: tuple[Phone, ...]) -> dict[str, Any]:
    items = [
        {"mfa_phone_number_suffix": phone.suffix, "mfa_phone_id": phone.mfa_phone_id} for phone in phones
    ]
    return {"type": "Phone", "phone_numbers": items}


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
) -> ApiResponse:
    terms = Terms(action_type, grant_type == ONE_TIME_USE, valid_for_seconds)
    return responses.granted(step_up.verify_totp(environment, user_id, code, terms, at=at))


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
) -> ApiResponse:
    terms = Terms(action_type, grant_type == ONE_TIME_USE, valid_for_seconds)
    challenge_id = step_up.send_sms(environment, user_id, mfa_phone_id, terms, at=at)
    return responses.success({"challenge_id": challenge_id})


def _verify_sms(
    step_up: StepUp, environment: str, at: float, *, user_id: str, challenge_id: str, code: str
) -> ApiResponse:
    return responses.granted(step_up.verify_sms(environment, user_id, challenge_id, code, at=at))


def _verify_grant(
    step_up: StepUp, environment: str, at: float, *, user_id: str, action_type: str, grant: str
) -> ApiResponse:
    step_up.verify_grant(environment, user_id, action_type, grant, at=at)
    return responses.VERIFIED


# operationId -> what to call with the fields of its body.
POSTS: dict[str, Callable[..., ApiResponse]] = {
    "verifyStepUpTotpChallenge": _verify_totp,
    "sendSmsMfaCode": _send_sms,
    "verifySmsChallenge": _verify_sms,
    "verifyStepUpGrant": _verify_grant,
}


def error_response(error: StepUpError) -> ApiResponse:
    """Return the response for an error of the domain."""
    match error:
        case Locked(retry_after=retry_after):
            return responses.rate_limited(retry_after)
        case InvalidField(field=field, code=code):
            return responses.invalid_fields({field: code})
        case UserNotFound():
            return responses.USER_NOT_FOUND
        case MfaNotEnabled():
            return responses.MFA_NOT_ENABLED
        case IncorrectCode():
            return responses.INCORRECT_CODE
        case _:
            raise error
