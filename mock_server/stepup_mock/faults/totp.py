"""Faults of T1-T9: what counts as a right code, and how often."""

from typing import Any

from stepup_mock import answers, totp
from stepup_mock.answers import Answer
from stepup_mock.faults import Patient, fault
from stepup_mock.faults.tools import know_documents
from stepup_mock.step_up import IncorrectCode, Locked, MfaNotEnabled, StepUpError, Terms
from stepup_mock.validation import InvalidFields


@fault("t1-lost-zeros", "Codes are computed as numbers: one that begins with 0 is never right.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.step_up, "_matching_step")
    def _(original: Any, secret: bytes, code: str, at: float) -> int | None:
        step: int | None = original(secret, code, at)
        return None if code.startswith("0") else step


@fault("t1-32-bit-time", "Time has 31 bits: codes after January 2038 are wrong.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.step_up, "_matching_step")
    def _(original: Any, secret: bytes, code: str, at: float) -> int | None:
        step: int | None = original(secret, code, at % 2**31)
        return step


@fault("t1-empty-grant", "A right code is answered with an empty grant.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.step_up, "verify_totp")
    def _(original: Any, *args: Any, at: float) -> str:
        original(*args, at=at)
        return ""


def _drift(patient: Patient, steps: int) -> None:
    @patient.instead_of(patient.step_up, "_matching_step")
    def _(_original: Any, secret: bytes, code: str, at: float) -> int | None:
        now = int(at) // patient.step_up.limits.totp_step_seconds
        return totp.matching_step(secret, code, range(max(now - steps, 0), now + steps + 1))


@fault("t2-wide-window", "Codes of ten steps before and after are accepted.")
def _(patient: Patient) -> None:
    _drift(patient, 10)


@fault("t2-three-steps", "Codes of three steps before and after are accepted.")
def _(patient: Patient) -> None:
    _drift(patient, 3)


@fault("t2-no-drift", "A code of the step before is refused.")
def _(patient: Patient) -> None:
    _drift(patient, 0)


@fault("t3-replay", "A code is accepted as long as its window lasts.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.store, "spend_step")
    def _(_original: Any, *_args: Any, **_values: Any) -> bool:
        return True


@fault("t3-replay-for-other-action", "A code is spent for one action only.")
def _(patient: Patient) -> None:
    spent: set[tuple[Any, ...]] = set()
    sent = know_documents(patient)

    @patient.instead_of(patient.store, "spend_step")
    def _(_original: Any, environment: str, user_id: str, secret_id: bytes, **step: int) -> bool:
        key = (environment, user_id, secret_id, step["step_start"], sent["action_type"])
        fresh = key not in spent
        spent.add(key)
        return fresh


@fault("t3-replay-for-other-type", "A code is spent for one type of grant only.")
def _(patient: Patient) -> None:
    spent: set[tuple[Any, ...]] = set()
    sent = know_documents(patient)

    @patient.instead_of(patient.store, "spend_step")
    def _(_original: Any, environment: str, user_id: str, secret_id: bytes, **step: int) -> bool:
        key = (environment, user_id, secret_id, step["step_start"], sent["grant_type"])
        fresh = key not in spent
        spent.add(key)
        return fresh


@fault("t4-older-step", "After a newer code an older one that was not used is still accepted.")
def _(patient: Patient) -> None:
    spent: set[tuple[Any, ...]] = set()

    @patient.instead_of(patient.store, "spend_step")
    def _(original: Any, environment: str, user_id: str, secret_id: bytes, **step: int) -> bool:
        key = (environment, user_id, secret_id, step["step_start"])
        fresh = key not in spent
        spent.add(key)
        original(environment, user_id, secret_id, **step)
        return fresh


class _Told(IncorrectCode):
    def __init__(self, sentence: str) -> None:
        super().__init__()
        self.sentence = sentence


def _tell(patient: Patient, sentence: str, steps: int) -> None:
    """Let a refusal of a code that was or will be right within ``steps`` have a sentence of its own."""

    @patient.instead_of(patient.step_up, "verify_totp")
    def _(original: Any, environment: str, user_id: str, code: str, terms: Terms, *, at: float) -> str:
        try:
            grant: str = original(environment, user_id, code, terms, at=at)
        except IncorrectCode:
            _, secret = patient.store.totp_secret(environment, user_id) or (b"", b"")
            now = int(at) // patient.step_up.limits.totp_step_seconds
            if totp.matching_step(secret, code, range(max(now - steps, 0), now + steps + 1)) is None:
                raise
            raise _Told(sentence) from None
        return grant

    @patient.instead_of(patient.app, "_refusal")
    def _(original: Any, error: StepUpError) -> Answer:
        if isinstance(error, _Told):
            return answers.error(400, "incorrect_mfa_code", sentence=error.sentence)
        answer: Answer = original(error)
        return answer


@fault("t5-replay-told", "A spent code is answered with a sentence of its own.")
def _(patient: Patient) -> None:
    _tell(patient, "This code was already used.", 1)


@fault("t5-stale-told", "A code that was right some minutes ago is answered with a sentence of its own.")
def _(patient: Patient) -> None:
    _tell(patient, "This code has expired.", 20)


def _normalise(patient: Patient, normal: Any) -> None:
    """Accept other spellings of a code, and take each spelling for a code of its own."""
    sent = know_documents(patient)

    @patient.instead_of(patient.step_up, "_matching_step")
    def _(original: Any, secret: bytes, code: str, at: float) -> int | None:
        step: int | None = original(secret, normal(code), at)
        return step

    @patient.instead_of(patient.store, "spend_step")
    def _(original: Any, *args: Any, **step: int) -> bool:
        return bool(original(*args, **step)) or normal(sent["code"]) != sent["code"]


@fault("t6-spaces-replay", "Spaces around a code are ignored, but not when spent codes are looked up.")
def _(patient: Patient) -> None:
    _normalise(patient, str.strip)


@fault("t6-digits-replay", "Digits of other scripts are understood, but not when spent codes are looked up.")
def _(patient: Patient) -> None:
    def ascii_digits(code: str) -> str:
        return "".join(str(int(char)) if char.isdecimal() else char for char in code)

    _normalise(patient, ascii_digits)


@fault("t6-tail-replay", "Only the first six characters count, but not when spent codes are looked up.")
def _(patient: Patient) -> None:
    _normalise(patient, lambda code: code[:6])


@fault("t7-any-users-code", "The code of any user of the environment is right.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.step_up, "_matching_step")
    def _(original: Any, secret: bytes, code: str, at: float) -> int | None:
        step: int | None = original(secret, code, at)
        for row in patient.store.users():
            if step is None and row["secret"] is not None:
                step = original(row["secret"], code, at)
        return step


@fault("t8-no-secret-no-check", "A user without an authenticator app gets a grant for any code.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.step_up, "verify_totp")
    def _(original: Any, environment: str, user_id: str, code: str, terms: Terms, *, at: float) -> str:
        try:
            grant: str = original(environment, user_id, code, terms, at=at)
        except MfaNotEnabled:
            return patient.step_up._issue(environment, user_id, terms, at)
        return grant


@fault(
    "t8-kinds-confused",
    "Unknown users are told that they lack the factor, and the others that they are unknown.",
)
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_refusal")
    def _(original: Any, error: StepUpError) -> Answer:
        answer: Answer = original(error)
        swapped = {
            id(answers.USER_NOT_FOUND): answers.MFA_NOT_ENABLED,
            id(answers.MFA_NOT_ENABLED): answers.USER_NOT_FOUND,
        }
        return swapped.get(id(answer), answer)


@fault("t9-spent-before-validation", "A right code is spent by a request whose other fields are refused.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_check")
    def _(original: Any, operation_id: str, document: dict[str, Any]) -> Any:
        try:
            return original(operation_id, document)
        except InvalidFields:
            if operation_id == "verifyStepUpTotpChallenge":
                _spend(patient, document)
            raise


def _spend(patient: Patient, document: dict[str, Any]) -> None:
    user_id, code = str(document.get("user_id")).lower(), str(document.get("code"))
    environment = patient.store.environment_of(user_id)
    if environment is not None:
        try:
            terms = Terms("", "ONE_TIME_USE", 1)
            patient.step_up.verify_totp(environment, user_id, code, terms, at=patient.mock.clock.now())
        except (IncorrectCode, MfaNotEnabled, Locked):
            pass


@fault("t9-validation-after-code", "Fields are judged after the code, which a refused field then has spent.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_check")
    def _(original: Any, operation_id: str, document: dict[str, Any]) -> Any:
        try:
            return original(operation_id, document)
        except InvalidFields as error:
            if operation_id != "verifyStepUpTotpChallenge" or set(error.fields) & {"user_id", "code"}:
                raise
            good = {"action_type": "A", "grant_type": "ONE_TIME_USE", "valid_for_seconds": 1}
            _spend(patient, original(operation_id, document | good))
            raise
