"""Faults of V1-V9: what a grant is good for, for whom and how long."""

import hashlib
import unicodedata
import uuid
from collections.abc import Callable
from itertools import count
from typing import Any

from stepup_mock import answers, totp
from stepup_mock.answers import Answer
from stepup_mock.faults import Patient, fault
from stepup_mock.faults.tools import drop_grant, remade, stored_grant
from stepup_mock.statements import Statement
from stepup_mock.step_up import InvalidField, StepUpError, Terms, UserNotFound
from stepup_mock.store import Row

_FOREVER = 10**7
_MOVE_END = Statement("UPDATE grants SET expires_at = :expires_at WHERE grant_hash = :grant_hash")


def _answer_dead_grants(patient: Patient, make: Callable[[Answer], Answer]) -> None:
    @patient.instead_of(patient.app, "_refusal")
    def _(original: Any, error: StepUpError) -> Answer:
        answer: Answer = original(error)
        return make(answer) if isinstance(error, InvalidField) and error.field == "grant" else answer


def _instead_of_dead(patient: Patient, decide: Callable[[str, str, str, str, float], bool]) -> None:
    """Let a grant that is refused count as verified when ``decide(environment, user, action, grant, at)``."""

    @patient.instead_of(patient.step_up, "verify_grant")
    def _(original: Any, environment: str, user_id: str, action_type: str, grant: str, *, at: float) -> None:
        try:
            original(environment, user_id, action_type, grant, at=at)
        except InvalidField:
            if not decide(environment, user_id, action_type, grant, at):
                raise


@fault("v1-dead-is-200", "A dead grant is answered with 200 and success false.")
def _(patient: Patient) -> None:
    _answer_dead_grants(patient, lambda _: answers.success({"success": False}))


@fault("v1-dead-is-202", "A dead grant is answered with 202.")
def _(patient: Patient) -> None:
    _answer_dead_grants(patient, lambda answer: remade(answer, status=202))


@fault("v1-success-is-text", "Success is the text true.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_perform")
    def _(original: Any, *args: Any) -> Answer:
        answer: Answer = original(*args)
        return answers.success({"success": "true"}) if answer is answers.VERIFIED else answer


@fault("v2-reusable-grant", "A one-time grant is not spent by its verification.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.store, "take_grant")
    def _(_original: Any, *_args: Any, at: float) -> bool:
        return True


@fault("v2-grace", "A one-time grant verifies again within two seconds.")
def _(patient: Patient) -> None:
    spent_at: dict[tuple[str, ...], float] = {}

    @patient.instead_of(patient.step_up, "verify_grant")
    def _(original: Any, *which: str, at: float) -> None:
        if at - spent_at.get(which, float("-inf")) > 2:
            original(*which, at=at)
            spent_at[which] = at


@fault("v2-twice", "A one-time grant verifies twice.")
def _(patient: Patient) -> None:
    used: set[tuple[Any, ...]] = set()

    @patient.instead_of(patient.store, "take_grant")
    def _(original: Any, *which: Any, at: float) -> bool:
        if which not in used:
            used.add(which)
            return True
        return bool(original(*which, at=at))


@fault("v3-spent-by-verifying", "A time-based grant is spent by its verification.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.step_up, "verify_grant")
    def _(original: Any, environment: str, user_id: str, action_type: str, grant: str, *, at: float) -> None:
        original(environment, user_id, action_type, grant, at=at)
        drop_grant(patient, grant)


@fault("v3-three-uses", "A time-based grant verifies three times.")
def _(patient: Patient) -> None:
    uses: dict[str, int] = {}

    @patient.instead_of(patient.step_up, "verify_grant")
    def _(original: Any, environment: str, user_id: str, action_type: str, grant: str, *, at: float) -> None:
        original(environment, user_id, action_type, grant, at=at)
        uses[grant] = uses.get(grant, 0) + 1
        if uses[grant] == 3:
            drop_grant(patient, grant)


@fault("v3-sliding", "Each verification of a time-based grant starts its life anew.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.step_up, "verify_grant")
    def _(original: Any, environment: str, user_id: str, action_type: str, grant: str, *, at: float) -> None:
        row = stored_grant(patient, grant)
        original(environment, user_id, action_type, grant, at=at)
        if row:
            end = at + row["expires_at"] - row["issued_at"]
            patient.store._row(_MOVE_END, expires_at=end, grant_hash=hashlib.sha256(grant.encode()).digest())


def _live(patient: Patient, life: Callable[[float, bool], float]) -> None:
    """Give each grant the life that ``life(seconds, one_time)`` says."""

    @patient.instead_of(patient.store, "add_grant")
    def _(
        original: Any, *args: Any, issued_at: float, expires_at: float, one_time: int, **values: Any
    ) -> None:
        end = issued_at + life(expires_at - issued_at, bool(one_time))
        original(*args, issued_at=issued_at, expires_at=end, one_time=one_time, **values)


@fault("v4-immortal", "Grants never expire.")
def _(patient: Patient) -> None:
    _live(patient, lambda seconds, _: seconds + _FOREVER)


@fault("v4-one-time-immortal", "One-time grants never expire.")
def _(patient: Patient) -> None:
    _live(patient, lambda seconds, one_time: seconds + _FOREVER * one_time)


@fault("v4-minutes", "Lives are taken for minutes.")
def _(patient: Patient) -> None:
    _live(patient, lambda seconds, _: seconds * 60)


@fault("v4-half-life", "Grants die after half of their life.")
def _(patient: Patient) -> None:
    _live(patient, lambda seconds, _: seconds / 2)


def _verify_as_stored(patient: Patient, same: Callable[[str, str], bool], *, any_user: bool = False) -> None:
    """Verify a grant as its own when ``same(given action, stored action)`` says so."""

    @patient.instead_of(patient.step_up, "verify_grant")
    def _(original: Any, environment: str, user_id: str, action_type: str, grant: str, *, at: float) -> None:
        row = stored_grant(patient, grant)
        if row and (any_user or row["user_id"] == user_id) and same(action_type, row["action_type"].decode()):
            user_id, action_type = row["user_id"], row["action_type"].decode()
        original(environment, user_id, action_type, grant, at=at)


@fault("v5-any-user", "A grant verifies for any user.")
def _(patient: Patient) -> None:
    _verify_as_stored(patient, str.__eq__, any_user=True)


@fault("v5-any-action", "A grant verifies for any action.")
def _(patient: Patient) -> None:
    _verify_as_stored(patient, lambda _given, _stored: True)


@fault("v5-case-folded", "Upper and lower case of the action are the same.")
def _(patient: Patient) -> None:
    _verify_as_stored(patient, lambda given, stored: given.casefold() == stored.casefold())


@fault("v5-trimmed", "Spaces around the action are ignored.")
def _(patient: Patient) -> None:
    _verify_as_stored(patient, lambda given, stored: given.strip() == stored.strip())


@fault("v5-normalised", "Different Unicode forms of the action are the same.")
def _(patient: Patient) -> None:
    def form(text: str) -> str:
        return unicodedata.normalize("NFC", text)

    _verify_as_stored(patient, lambda given, stored: form(given) == form(stored))


@fault("v5-prefix", "The beginning of the action is enough.")
def _(patient: Patient) -> None:
    _verify_as_stored(patient, lambda given, stored: stored.startswith(given))


@fault("v6-mismatch-burns", "Verifying a grant for another user or action spends it.")
def _(patient: Patient) -> None:
    def burn(_environment: str, _user_id: str, _action_type: str, grant: str, _at: float) -> bool:
        drop_grant(patient, grant)
        return False

    _instead_of_dead(patient, burn)


@fault("v7-reason-told", "An expired or spent grant is told apart from an unknown one.")
def _(patient: Patient) -> None:
    issued: set[str] = set()

    @patient.instead_of(patient.step_up, "_issue")
    def _(original: Any, *args: Any) -> str:
        grant: str = original(*args)
        issued.add(grant)
        return grant

    def tell(_environment: str, _user_id: str, _action_type: str, grant: str, _at: float) -> bool:
        if grant in issued:
            raise InvalidField("grant", "invalid_value")
        return False

    _instead_of_dead(patient, tell)


@fault("v7-code-in-a-list", "What is wrong with the grant comes in a list.")
def _(patient: Patient) -> None:
    listed = {
        "field_errors": {"grant": ["grant_not_found"]},
        "field_to_errors": {"grant": ["grant_not_found"]},
    }
    _answer_dead_grants(patient, lambda answer: remade(answer, lambda document: document | listed))


@fault("v7-own-error-code", "A dead grant has an error code of its own.")
def _(patient: Patient) -> None:
    _answer_dead_grants(
        patient, lambda answer: remade(answer, lambda document: document | {"error_code": "grant_not_found"})
    )


@fault("v7-unknown-user-told", "An unknown user is told apart from a dead grant.")
def _(patient: Patient) -> None:
    def tell(environment: str, user_id: str, _action_type: str, _grant: str, _at: float) -> bool:
        if patient.store.user(environment, user_id) is None:
            raise UserNotFound
        return False

    _instead_of_dead(patient, tell)


@fault("v8-short-grant", "Grants have eight hex digits.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.step_up._random, "grant")
    def _(original: Any) -> str:
        return str(original())[:8]


@fault("v8-counted-grant", "Grants are numbers in order.")
def _(patient: Patient) -> None:
    numbers = count(uuid.uuid4().int % 2**64)

    @patient.instead_of(patient.step_up._random, "grant")
    def _(_original: Any) -> str:
        return f"{next(numbers):064x}"


@fault("v8-grant-of-inputs", "Grants are computed from user, action and second.")
def _(patient: Patient) -> None:
    now: list[str] = [""]

    @patient.instead_of(patient.step_up, "_issue")
    def _(original: Any, environment: str, user_id: str, terms: Terms, at: float) -> str:
        now[0] = hashlib.sha256(f"{user_id}{terms.action_type}{int(at)}".encode()).hexdigest()
        drop_grant(patient, now[0])
        grant: str = original(environment, user_id, terms, at)
        return grant

    @patient.instead_of(patient.step_up._random, "grant")
    def _(_original: Any) -> str:
        return now[0]


@fault("v8-beginning-compared", "Only the first half of a grant is compared.")
def _(patient: Patient) -> None:
    halves: dict[str, str] = {}

    @patient.instead_of(patient.step_up, "_issue")
    def _(original: Any, *args: Any) -> str:
        grant: str = original(*args)
        halves[grant[:32]] = grant
        return grant

    @patient.instead_of(patient.step_up, "verify_grant")
    def _(original: Any, environment: str, user_id: str, action_type: str, grant: str, *, at: float) -> None:
        original(environment, user_id, action_type, halves.get(grant[:32], grant), at=at)


def _keep(patient: Patient, table: str) -> None:
    """Let changes of a user leave one table alone."""

    @patient.instead_of(patient.store, "_forget")
    def _(original: Any, user_id: str, *tables: str) -> None:
        original(user_id, *(name for name in tables if name != table))


@fault("v9-grants-survive", "Live grants outlive the factor they were issued for.")
def _(patient: Patient) -> None:
    _keep(patient, "grants")


@fault("v9-challenges-survive", "Live challenges outlive the phone they were sent to.")
def _(patient: Patient) -> None:
    _keep(patient, "challenges")


@fault("v9-old-secret-works", "After enrolling anew the codes of the old secret still count.")
def _(patient: Patient) -> None:
    old: dict[bytes, bytes] = {}

    @patient.instead_of(patient.store, "put_user")
    def _(original: Any, environment: str, user_id: str, row: Row, *, enabled: bool) -> None:
        owned = patient.store.totp_secret(environment, user_id)
        if owned and row.secret:
            old[row.secret] = owned[1]
        original(environment, user_id, row, enabled=enabled)

    @patient.instead_of(patient.step_up, "_matching_step")
    def _(original: Any, secret: bytes, code: str, at: float) -> int | None:
        step: int | None = original(secret, code, at)
        if step is None and secret in old:
            now = int(at) // patient.step_up.limits.totp_step_seconds
            step = totp.matching_step(old[secret], code, range(max(now - 1, 0), now + 2))
        return step
