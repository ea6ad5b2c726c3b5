"""Faults of C1-C4, D1 and D2: what goes wrong only together, after a restart, or when the clock goes back.

A race needs two requests that overlap. Here every request waits a moment after its body was read and then
acts on what it saw before, as processes do that look first and write later.
"""

import asyncio
from contextvars import ContextVar
from email.utils import parsedate_to_datetime
from itertools import count
from typing import Any

from stepup_mock import answers
from stepup_mock.answers import Answer
from stepup_mock.faults import Patient, fault
from stepup_mock.faults.tools import know_requests, request
from stepup_mock.step_up import InvalidField, Terms

_OVERLAP = 0.02
_moments = count(1)
_arrived: ContextVar[int] = ContextVar("arrived", default=0)


def _let_overlap(patient: Patient) -> dict[Any, int]:
    """Note when each request arrived and let it wait; return a dict for when things were used."""

    @patient.instead_of(patient.app._reader, "read")
    async def _(original: Any, *request: Any) -> bytes:
        body: bytes = await original(*request)
        _arrived.set(next(_moments))
        await asyncio.sleep(_OVERLAP)
        return body

    return {}


def _used_meanwhile(used: dict[Any, int], key: Any) -> bool:
    return used.get(key, -1) > _arrived.get()


@fault("c1-totp-race", "A code that arrives several times at once gives several grants.")
def _(patient: Patient) -> None:
    used = _let_overlap(patient)

    @patient.instead_of(patient.store, "spend_step")
    def _(original: Any, *which: Any, step_start: int, step_end: int) -> bool:
        key = (*which, step_start)
        if original(*which, step_start=step_start, step_end=step_end):
            used[key] = next(_moments)
            return True
        return _used_meanwhile(used, key)


@fault("c1-challenge-race", "A challenge that is verified several times at once gives several grants.")
def _(patient: Patient) -> None:
    used = _let_overlap(patient)
    terms_of: dict[Any, Terms] = {}

    @patient.instead_of(patient.step_up, "_issue")
    def _(original: Any, environment: str, user_id: str, terms: Terms, at: float) -> str:
        terms_of[user_id] = terms
        grant: str = original(environment, user_id, terms, at)
        return grant

    @patient.instead_of(patient.step_up, "verify_sms")
    def _(original: Any, environment: str, user_id: str, *which: str, at: float) -> str:
        key = (environment, user_id, *which)
        try:
            grant: str = original(environment, user_id, *which, at=at)
        except InvalidField:
            if _used_meanwhile(used, key):
                return patient.step_up._issue(environment, user_id, terms_of[user_id], at)
            raise
        used[key] = next(_moments)
        return grant


@fault("c2-grant-race", "A one-time grant that is verified several times at once is alive each time.")
def _(patient: Patient) -> None:
    used = _let_overlap(patient)

    @patient.instead_of(patient.step_up, "verify_grant")
    def _(original: Any, *which: str, at: float) -> None:
        try:
            original(*which, at=at)
        except InvalidField:
            if not _used_meanwhile(used, which):
                raise
        else:
            used[which] = next(_moments)


@fault(
    "c3-guess-race",
    "Wrong codes that arrive at once are all judged: the lock is looked at first and set last.",
)
def _(patient: Patient) -> None:
    locked = _let_overlap(patient)

    @patient.instead_of(patient.store, "locked_until")
    def _(original: Any, environment: str, user_id: str, *, at: float) -> float | None:
        until: float | None = original(environment, user_id, at=at)
        if until is not None:
            locked.setdefault((user_id, until), next(_moments))
        return None if _used_meanwhile(locked, (user_id, until)) else until

    @patient.instead_of(patient.store, "count_attempt")
    def _(original: Any, environment: str, user_id: str, *, at: float, **values: Any) -> bool:
        counted = bool(original(environment, user_id, at=at, **values))
        return counted or patient.store.locked_until(environment, user_id, at=at) is None


@fault("c4-busy-is-500", "More than four POSTs at once make the server fail.")
def _(patient: Patient) -> None:
    _let_overlap(patient)
    busy = [0]

    @patient.instead_of(patient.app, "_answer")
    async def _(original: Any, scope: Any, *which: Any) -> Answer:
        if scope["method"] != "POST":
            answer: Answer = await original(scope, *which)
            return answer
        busy[0] += 1
        try:
            answer = await original(scope, *which)
            return answers.INTERNAL if busy[0] > 4 else answer
        finally:
            busy[0] -= 1


@fault("c4-mixed-up-users", "Requests that overlap get each other's user into their grants.")
def _(patient: Patient) -> None:
    current = [""]

    @patient.instead_of(patient.app._reader, "read")
    async def _(original: Any, *request: Any) -> bytes:
        body: bytes = await original(*request)
        try:
            current[0] = str(patient.app._parse(body).get("user_id")).lower()
        except Exception:  # judged in its place
            return body
        await asyncio.sleep(_OVERLAP)
        return body

    @patient.instead_of(patient.step_up, "_issue")
    def _(original: Any, environment: str, _user_id: str, terms: Terms, at: float) -> str:
        grant: str = original(environment, current[0], terms, at)
        return grant


@fault("d1-spent-steps-in-memory", "Spent codes are forgotten by a restart.")
def _(patient: Patient) -> None:
    spent: dict[Any, int] = {}

    @patient.instead_of(patient.store, "spend_step")
    def _(_original: Any, *which: Any, step_start: int, step_end: int) -> bool:
        if spent.get(which, 0) > step_start:
            return False
        spent[which] = step_end
        return True


@fault("d1-used-grants-in-memory", "Used one-time grants are forgotten by a restart.")
def _(patient: Patient) -> None:
    used: set[Any] = set()

    @patient.instead_of(patient.store, "take_grant")
    def _(_original: Any, *which: Any, at: float) -> bool:
        fresh = which not in used
        used.add(which)
        return fresh


@fault("d1-locks-in-memory", "Wrong codes and locks are forgotten by a restart.")
def _(patient: Patient) -> None:
    wrong: dict[Any, int] = {}
    until: dict[Any, float] = {}

    @patient.instead_of(patient.store, "locked_until")
    def _(_original: Any, *which: str, at: float) -> float | None:
        return until[which] if until.get(which, 0) > at else None

    @patient.instead_of(patient.store, "count_attempt")
    def _(_original: Any, *which: str, at: float, limit: int, lock_until: float) -> bool:
        if until.get(which, 0) > at:
            return False
        wrong[which] = 1 if until.pop(which, None) else wrong.get(which, 0) + 1
        if wrong[which] >= limit:
            until[which] = lock_until
        return True

    @patient.instead_of(patient.store, "clear_attempts")
    def _(_original: Any, *which: str) -> None:
        wrong.pop(which, None)
        until.pop(which, None)


def _keep_expired(patient: Patient) -> None:
    @patient.instead_of(patient.store, "sweep")
    def _(_original: Any, *, at: float, sends_since: float) -> None:
        del at, sends_since


@fault("d2-clock-back-revives", "What expired comes back when the clock goes back.")
def _(patient: Patient) -> None:
    _keep_expired(patient)


@fault("d2-caller-sets-clock", "The Date header of a request is taken for the time.")
def _(patient: Patient) -> None:
    know_requests(patient)
    _keep_expired(patient)

    @patient.instead_of(patient.mock.clock, "now")
    def _(original: Any) -> float:
        date = request.get({}).get("by_name", {}).get(b"date")
        try:
            return parsedate_to_datetime(date.decode()).timestamp() if date else float(original())
        except ValueError:
            return float(original())
