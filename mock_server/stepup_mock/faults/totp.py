"""Faults of T1-T9: what counts as a correct code, and how often."""

from collections.abc import Callable
from typing import Any

from stepup_mock import responses, totp
from stepup_mock.faults import Seams, fault
from stepup_mock.faults.tools import issue_grant, track_documents
from stepup_mock.responses import ApiResponse
from stepup_mock.step_up import IncorrectCode, Locked, MfaNotEnabled, StepUpError
from stepup_mock.store import Terms
from stepup_mock.validation import InvalidFields


@fault("Codes are computed as numbers: one that begins with 0 is never accepted.")
def t1_lost_zeros(seams: Seams) -> None:
    @seams.replace(seams.policy.matching_step)
    def _(original: Any, secret: bytes, code: str, at: float) -> int | None:
        step: int | None = original(secret, code, at)
        return None if code.startswith("0") else step


@fault("Time has 31 bits: codes after January 2038 are rejected.")
def t1_32_bit_time(seams: Seams) -> None:
    @seams.replace(seams.policy.matching_step)
    def _(original: Any, secret: bytes, code: str, at: float) -> int | None:
        step: int | None = original(secret, code, at % 2**31)
        return step


@fault("A correct code yields an empty grant.")
def t1_empty_grant(seams: Seams) -> None:
    @seams.replace(seams.step_up.verify_totp)
    def _(original: Any, *args: Any, at: float) -> str:
        original(*args, at=at)
        return ""


def _drift(seams: Seams, steps: int) -> None:
    @seams.replace(seams.policy.matching_step)
    def _(_original: Any, secret: bytes, code: str, at: float) -> int | None:
        return totp.matching_step(secret, code, _steps_around(seams, at, steps))


def _steps_around(seams: Seams, at: float, steps: int) -> range:
    now = seams.policy.step_at(at)
    return range(max(now - steps, 0), now + steps + 1)


@fault("Codes of ten steps before and after are accepted.")
def t2_wide_window(seams: Seams) -> None:
    _drift(seams, 10)


@fault("Codes of three steps before and after are accepted.")
def t2_three_steps(seams: Seams) -> None:
    _drift(seams, 3)


@fault("A code of the previous step is rejected.")
def t2_no_drift(seams: Seams) -> None:
    _drift(seams, 0)


@fault("A code is accepted as long as its window lasts.")
def t3_replay(seams: Seams) -> None:
    @seams.replace(seams.store.spend_step)
    def _(_original: Any, *_args: Any, **_values: Any) -> bool:
        return True


@fault("A code is spent for one action only.")
def t3_replay_for_other_action(seams: Seams) -> None:
    spent: set[tuple[Any, ...]] = set()
    sent = track_documents(seams)

    @seams.replace(seams.store.spend_step)
    def _(_original: Any, environment: str, user_id: str, secret_id: bytes, **step: int) -> bool:
        key = (environment, user_id, secret_id, step["step_start"], sent["action_type"])
        fresh = key not in spent
        spent.add(key)
        return fresh


@fault("A code is spent for one type of grant only.")
def t3_replay_for_other_type(seams: Seams) -> None:
    spent: set[tuple[Any, ...]] = set()
    sent = track_documents(seams)

    @seams.replace(seams.store.spend_step)
    def _(_original: Any, environment: str, user_id: str, secret_id: bytes, **step: int) -> bool:
        key = (environment, user_id, secret_id, step["step_start"], sent["grant_type"])
        fresh = key not in spent
        spent.add(key)
        return fresh


@fault("After a newer code an older one that was not used is still accepted.")
def t4_older_step(seams: Seams) -> None:
    spent: set[tuple[Any, ...]] = set()

    @seams.replace(seams.store.spend_step)
    def _(original: Any, environment: str, user_id: str, secret_id: bytes, **step: int) -> bool:
        key = (environment, user_id, secret_id, step["step_start"])
        fresh = key not in spent
        spent.add(key)
        original(environment, user_id, secret_id, **step)
        return fresh


class _RevealingError(IncorrectCode):
    def __init__(self, sentence: str) -> None:
        super().__init__()
        self.sentence = sentence


def _reveal(seams: Seams, sentence: str, steps: int) -> None:
    """Reject a code that was or will be correct within ``steps`` with a sentence of its own."""

    @seams.replace(seams.step_up.verify_totp)
    def _(original: Any, environment: str, user_id: str, code: str, terms: Terms, *, at: float) -> str:
        try:
            return str(original(environment, user_id, code, terms, at=at))
        except IncorrectCode:
            _, secret = seams.store.totp_secret(environment, user_id) or (b"", b"")
            if totp.matching_step(secret, code, _steps_around(seams, at, steps)) is None:
                raise
            raise _RevealingError(sentence) from None

    @seams.replace(seams.api.reject)
    def _(original: Any, error: StepUpError) -> ApiResponse:
        if isinstance(error, _RevealingError):
            return responses.error(400, "incorrect_mfa_code", sentence=error.sentence)
        response: ApiResponse = original(error)
        return response


@fault("The error for a spent code has a sentence of its own.")
def t5_replay_told(seams: Seams) -> None:
    _reveal(seams, "This code was already used.", 1)


@fault("The error for a code of some minutes ago has a sentence of its own.")
def t5_stale_told(seams: Seams) -> None:
    _reveal(seams, "This code has expired.", 20)


def _normalise(seams: Seams, normal: Callable[[str], str]) -> None:
    """Accept other spellings of a code, and let each spelling be spent separately."""
    sent = track_documents(seams)

    @seams.replace(seams.policy.matching_step)
    def _(original: Any, secret: bytes, code: str, at: float) -> int | None:
        step: int | None = original(secret, normal(code), at)
        return step

    @seams.replace(seams.store.spend_step)
    def _(original: Any, *which: Any, **step: int) -> bool:
        return bool(original(*which, **step)) or normal(sent["code"]) != sent["code"]


@fault("Spaces around a code are ignored, except when spent codes are looked up.")
def t6_spaces_replay(seams: Seams) -> None:
    _normalise(seams, str.strip)


@fault("Digits of other scripts are understood, except when spent codes are looked up.")
def t6_digits_replay(seams: Seams) -> None:
    def ascii_digits(code: str) -> str:
        return "".join(str(int(char)) if char.isdecimal() else char for char in code)

    _normalise(seams, ascii_digits)


@fault("Only the first six characters count, except when spent codes are looked up.")
def t6_tail_replay(seams: Seams) -> None:
    _normalise(seams, lambda code: code[:6])


@fault("The code of any user of the environment is accepted.")
def t7_any_users_code(seams: Seams) -> None:
    @seams.replace(seams.policy.matching_step)
    def _(original: Any, secret: bytes, code: str, at: float) -> int | None:
        step: int | None = original(secret, code, at)
        for user in seams.store.users():
            if step is None and user.secret is not None:
                step = original(user.secret, code, at)
        return step


@fault("A user without an authenticator app gets a grant for any code.")
def t8_no_secret_no_check(seams: Seams) -> None:
    @seams.replace(seams.step_up.verify_totp)
    def _(original: Any, environment: str, user_id: str, code: str, terms: Terms, *, at: float) -> str:
        try:
            return str(original(environment, user_id, code, terms, at=at))
        except MfaNotEnabled:
            return issue_grant(seams, environment, user_id, terms, at)


@fault("The errors for an unknown user and for a user without the factor are swapped.")
def t8_kinds_confused(seams: Seams) -> None:
    @seams.replace(seams.api.reject)
    def _(original: Any, error: StepUpError) -> ApiResponse:
        response: ApiResponse = original(error)
        swapped = {
            id(responses.USER_NOT_FOUND): responses.MFA_NOT_ENABLED,
            id(responses.MFA_NOT_ENABLED): responses.USER_NOT_FOUND,
        }
        return swapped.get(id(response), response)


@fault("A correct code is spent by a request whose other fields are invalid.")
def t9_spent_before_validation(seams: Seams) -> None:
    @seams.replace(seams.api.check_fields)
    def _(original: Any, operation_id: str, document: dict[str, Any]) -> Any:
        try:
            return original(operation_id, document)
        except InvalidFields:
            if operation_id == "verifyStepUpTotpChallenge":
                _spend(seams, document)
            raise


def _spend(seams: Seams, document: dict[str, Any]) -> None:
    user_id, code = str(document.get("user_id")).lower(), str(document.get("code"))
    environment = seams.store.environment_of(user_id)
    if environment is not None:
        try:
            terms = Terms("", one_time=True, valid_for_seconds=1)
            seams.step_up.verify_totp(environment, user_id, code, terms, at=seams.clock.now())
        except (IncorrectCode, MfaNotEnabled, Locked):
            pass


@fault("Fields are validated after the code, which an invalid field then has spent.")
def t9_validation_after_code(seams: Seams) -> None:
    @seams.replace(seams.api.check_fields)
    def _(original: Any, operation_id: str, document: dict[str, Any]) -> Any:
        try:
            return original(operation_id, document)
        except InvalidFields as error:
            if operation_id != "verifyStepUpTotpChallenge" or set(error.fields) & {"user_id", "code"}:
                raise
            good = {"action_type": "A", "grant_type": "ONE_TIME_USE", "valid_for_seconds": 1}
            _spend(seams, original(operation_id, document | good))
            raise
