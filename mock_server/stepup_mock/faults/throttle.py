"""Faults of R1-R5: how wrong codes are counted and what a lock means."""

from collections.abc import Callable
from typing import Any

from stepup_mock import answers
from stepup_mock.access import Access
from stepup_mock.answers import Answer
from stepup_mock.faults import Patient, fault
from stepup_mock.faults.tools import know_documents, know_requests, remade, request, without
from stepup_mock.statements import Statement
from stepup_mock.step_up import InvalidField, Locked, Terms
from stepup_mock.validation import InvalidFields

_ANY_LOCK = Statement("SELECT max(locked_until) FROM attempts WHERE environment = :environment")
_EXTEND = Statement(
    "UPDATE attempts SET locked_until = :until WHERE user_id = :user_id AND locked_until IS NOT NULL"
)


@fault("r1-no-lock", "Wrong codes lock nobody.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.store, "count_attempt")
    def _(_original: Any, *_args: Any, **_values: Any) -> bool:
        return True


@fault("r1-lock-at-fifty", "A user is locked after fifty wrong codes.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.store, "count_attempt")
    def _(original: Any, *args: Any, limit: int, **values: Any) -> bool:
        return bool(original(*args, limit=limit * 10, **values))


@fault("r1-short-lock", "The lock lasts ten seconds.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.store, "count_attempt")
    def _(original: Any, *args: Any, at: float, lock_until: float, **values: Any) -> bool:
        del lock_until
        return bool(original(*args, at=at, lock_until=at + 10, **values))


def _count_by(patient: Patient, key: Callable[[], object]) -> None:
    """Count the wrong codes of a user apart for each ``key()``."""
    for name in ("locked_until", "count_attempt", "clear_attempts"):

        @patient.instead_of(patient.store, name)
        def _(original: Any, environment: str, user_id: str, **values: Any) -> Any:
            return original(environment, f"{user_id} {key()}", **values)


@fault("r2-counted-per-action", "Wrong codes are counted apart for each action.")
def _(patient: Patient) -> None:
    sent = know_documents(patient)
    _count_by(patient, lambda: sent.get("action_type"))


@fault("r2-counted-per-spelling", "Wrong codes are counted apart for each spelling of the user's id.")
def _(patient: Patient) -> None:
    sent = know_documents(patient)
    _count_by(patient, lambda: sent.get("user_id"))


@fault("r2-counted-per-key", "Wrong codes are counted apart for each API key.")
def _(patient: Patient) -> None:
    know_requests(patient)
    _count_by(patient, lambda: request.get()["by_name"].get(b"authorization"))


@fault("r2-counted-per-address", "Wrong codes are counted apart for each X-Forwarded-For.")
def _(patient: Patient) -> None:
    know_requests(patient)
    _count_by(patient, lambda: request.get()["by_name"].get(b"x-forwarded-for"))


@fault("r2-counted-per-connection", "Wrong codes are counted apart for each connection.")
def _(patient: Patient) -> None:
    know_requests(patient)
    _count_by(patient, lambda: request.get()["client"])


@fault("r2-counted-per-factor", "Wrong codes are counted apart for TOTP and SMS.")
def _(patient: Patient) -> None:
    know_requests(patient)
    _count_by(patient, lambda: b"phone" in request.get()["raw_path"])


@fault("r3-right-code-passes", "The right code is accepted while the user is locked.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.step_up, "verify_totp")
    def _(original: Any, environment: str, user_id: str, code: str, terms: Terms, *, at: float) -> str:
        _, secret = patient.store.totp_secret(environment, user_id) or (b"", b"")
        if secret and patient.step_up._matching_step(secret, code, at) is not None:
            patient.store.clear_attempts(environment, user_id)
        grant: str = original(environment, user_id, code, terms, at=at)
        return grant


@fault("r3-right-code-is-spent", "The right code is refused while the user is locked, and spent.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.step_up, "verify_totp")
    def _(original: Any, environment: str, user_id: str, code: str, terms: Terms, *, at: float) -> str:
        try:
            grant: str = original(environment, user_id, code, terms, at=at)
        except Locked:
            secret_id, secret = patient.store.totp_secret(environment, user_id) or (b"", b"")
            step = patient.step_up._matching_step(secret, code, at) if secret else None
            if step is not None:
                seconds = patient.step_up.limits.totp_step_seconds
                start, end = step * seconds, (step + 1) * seconds
                patient.store.spend_step(environment, user_id, secret_id, step_start=start, step_end=end)
            raise
        return grant


@fault("r3-everybody-locked", "One user's lock locks all users.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.store, "locked_until")
    def _(_original: Any, environment: str, _user_id: str, *, at: float) -> float | None:
        until = patient.store._row(_ANY_LOCK, environment=environment)[0]
        return float(until) if until is not None and until > at else None


@fault("r3-success-keeps-count", "A right code does not clear the count of wrong ones.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.store, "clear_attempts")
    def _(_original: Any, *_args: Any) -> None:
        return None


def _answer_locked(patient: Patient, make: Callable[[Answer], Answer]) -> None:
    @patient.instead_of(patient.app, "_refusal")
    def _(original: Any, error: Exception) -> Answer:
        answer: Answer = original(error)
        return make(answer) if isinstance(error, Locked) else answer


@fault("r4-no-retry-after", "A 429 does not say how long to wait.")
def _(patient: Patient) -> None:
    _answer_locked(patient, lambda answer: without(answer, b"retry-after"))


@fault("r4-retry-after-is-a-date", "A 429 says in words until when to wait.")
def _(patient: Patient) -> None:
    late = ((b"retry-after", b"Fri, 31 Dec 2027 23:59:59 GMT"),)
    _answer_locked(patient, lambda answer: remade(without(answer, b"retry-after"), extra=late))


@fault("r4-429-is-text", "A 429 has a body of plain text.")
def _(patient: Patient) -> None:
    def make(answer: Answer) -> Answer:
        return Answer(429, b"Too many requests", answer.outcome, answer.extra, media_type=b"text/plain")

    _answer_locked(patient, make)


@fault("r4-too-early", "A 429 says to come again in one second.")
def _(patient: Patient) -> None:
    _answer_locked(patient, lambda _: answers.locked(1))


@fault("r4-hammering-extends", "Each try while locked starts the lock anew.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.step_up, "_refuse_locked")
    def _(original: Any, environment: str, user_id: str, at: float) -> None:
        try:
            original(environment, user_id, at)
        except Locked:
            until = at + patient.step_up.limits.lock_seconds
            patient.store._row(_EXTEND, user_id=user_id, until=until)
            raise


def _count_quietly(patient: Patient, environment: str, user_id: str) -> None:
    try:
        if patient.store.user(environment, user_id) is not None:
            patient.step_up._count_attempt(environment, user_id, patient.mock.clock.now())
    except Locked:
        pass


@fault("r5-refused-bodies-count", "A request whose fields are refused counts as a wrong code.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_check")
    def _(original: Any, operation_id: str, document: dict[str, Any]) -> Any:
        try:
            return original(operation_id, document)
        except InvalidFields:
            user_id = str(document.get("user_id")).lower()
            _count_quietly(patient, patient.store.environment_of(user_id) or "", user_id)
            raise


def _count_operation(patient: Patient, operation: str) -> None:
    @patient.instead_of(patient.app, "_perform")
    def _(original: Any, operation_id: str, access: Access, fields: dict[str, Any], at: float) -> Answer:
        if operation_id == operation:
            _count_quietly(patient, access.environment, fields["user_id"])
        answer: Answer = original(operation_id, access, fields, at)
        return answer


@fault("r5-sends-count", "A send counts as a wrong code.")
def _(patient: Patient) -> None:
    _count_operation(patient, "sendSmsMfaCode")


@fault("r5-dead-grants-count", "A dead grant counts as a wrong code.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.step_up, "verify_grant")
    def _(original: Any, environment: str, user_id: str, *which: str, at: float) -> None:
        try:
            original(environment, user_id, *which, at=at)
        except InvalidField:
            _count_quietly(patient, environment, user_id)
            raise


@fault("r5-lookups-count", "A lookup counts as a wrong code.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.step_up, "fetch_user_mfa_methods")
    def _(original: Any, environment: str, user_id: str) -> Any:
        _count_quietly(patient, environment, user_id)
        return original(environment, user_id)
