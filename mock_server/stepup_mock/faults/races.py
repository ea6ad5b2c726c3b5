"""Faults of C1-C4, D1 and D2: what goes wrong only together, after a restart, or when the clock goes back.

A race needs two requests that overlap. Here every request waits a moment after its body was read and then
acts on what it saw before, as processes do that look first and write later.
"""

import asyncio
from contextvars import ContextVar
from email.utils import parsedate_to_datetime
from itertools import count
from typing import Any

from stepup_mock import responses
from stepup_mock.faults import Seams, fault
from stepup_mock.faults.tools import current_scope, track_requests
from stepup_mock.responses import ApiResponse
from stepup_mock.step_up import InvalidField
from stepup_mock.store import Terms

_OVERLAP = 0.02
_moments = count(1)
_arrived: ContextVar[int] = ContextVar("arrived", default=0)


def _let_overlap(seams: Seams) -> dict[Any, int]:
    """Note when each request arrived and let it wait; return a dict for when objects were used."""

    @seams.replace(seams.api.read_body)
    async def _(original: Any, *request: Any) -> bytes:
        body: bytes = await original(*request)
        _arrived.set(next(_moments))
        await asyncio.sleep(_OVERLAP)
        return body

    return {}


def _used_meanwhile(used: dict[Any, int], key: Any) -> bool:
    return used.get(key, -1) > _arrived.get()


@fault("A code that arrives several times at once yields several grants.")
def c1_totp_race(seams: Seams) -> None:
    used = _let_overlap(seams)

    @seams.replace(seams.store.spend_step)
    def _(original: Any, *which: Any, step_start: int, step_end: int) -> bool:
        key = (*which, step_start)
        if original(*which, step_start=step_start, step_end=step_end):
            used[key] = next(_moments)
            return True
        return _used_meanwhile(used, key)


@fault("A challenge that is verified several times at once yields several grants.")
def c1_challenge_race(seams: Seams) -> None:
    consumed = _let_overlap(seams)
    macs: dict[Any, bytes] = {}
    terms_of: dict[Any, Terms] = {}

    @seams.replace(seams.store.count_try)
    def _(original: Any, *which: str, at: float, limit: int) -> bytes | None:
        code_mac: bytes | None = original(*which, at=at, limit=limit)
        if code_mac is not None:
            macs[which] = code_mac
        return macs.get(which) if _used_meanwhile(consumed, which) else code_mac

    @seams.replace(seams.store.consume_challenge)
    def _(original: Any, *which: str, at: float) -> Terms | None:
        terms: Terms | None = original(*which, at=at)
        if terms is None:
            return terms_of.get(which) if _used_meanwhile(consumed, which) else None
        terms_of[which] = terms
        consumed[which] = next(_moments)
        return terms


@fault("A one-time grant that is verified several times at once is valid each time.")
def c2_grant_race(seams: Seams) -> None:
    used = _let_overlap(seams)

    @seams.replace(seams.step_up.verify_grant)
    def _(original: Any, *which: str, at: float) -> None:
        try:
            original(*which, at=at)
        except InvalidField:
            if not _used_meanwhile(used, which):
                raise
        else:
            used[which] = next(_moments)


@fault("Wrong codes that arrive at once are all checked: the lock is read first and set last.")
def c3_guess_race(seams: Seams) -> None:
    locked = _let_overlap(seams)

    @seams.replace(seams.store.locked_until)
    def _(original: Any, environment: str, user_id: str, *, at: float) -> float | None:
        until: float | None = original(environment, user_id, at=at)
        if until is not None:
            locked.setdefault((user_id, until), next(_moments))
        return None if _used_meanwhile(locked, (user_id, until)) else until

    @seams.replace(seams.store.count_attempt)
    def _(original: Any, environment: str, user_id: str, *, at: float, **values: Any) -> bool:
        counted = bool(original(environment, user_id, at=at, **values))
        return counted or seams.store.locked_until(environment, user_id, at=at) is None


@fault("More than four POSTs at once make the server fail.")
def c4_busy_is_500(seams: Seams) -> None:
    _let_overlap(seams)
    busy = [0]

    @seams.replace(seams.api.respond)
    async def _(original: Any, scope: Any, *which: Any) -> ApiResponse:
        if scope["method"] != "POST":
            response: ApiResponse = await original(scope, *which)
            return response
        busy[0] += 1
        try:
            response = await original(scope, *which)
            return responses.INTERNAL if busy[0] > 4 else response
        finally:
            busy[0] -= 1


@fault("Requests that overlap get each other's user into their grants.")
def c4_mixed_up_users(seams: Seams) -> None:
    current = [""]

    @seams.replace(seams.api.read_body)
    async def _(original: Any, *request: Any) -> bytes:
        body: bytes = await original(*request)
        try:
            current[0] = str(seams.api.parse(body).get("user_id")).lower()
        except Exception:  # reported by the step itself
            return body
        await asyncio.sleep(_OVERLAP)
        return body

    @seams.replace(seams.store.add_grant)
    def _(original: Any, environment: str, _user_id: str, **values: Any) -> None:
        original(environment, current[0], **values)


@fault("Spent codes are forgotten by a restart.")
def d1_spent_steps_in_memory(seams: Seams) -> None:
    spent: dict[Any, int] = {}

    @seams.replace(seams.store.spend_step)
    def _(_original: Any, *which: Any, step_start: int, step_end: int) -> bool:
        if spent.get(which, 0) > step_start:
            return False
        spent[which] = step_end
        return True


@fault("Used one-time grants are forgotten by a restart.")
def d1_used_grants_in_memory(seams: Seams) -> None:
    used: set[Any] = set()

    @seams.replace(seams.store.consume_grant)
    def _(_original: Any, *which: Any, at: float) -> bool:
        fresh = which not in used
        used.add(which)
        return fresh


@fault("Wrong codes and locks are forgotten by a restart.")
def d1_locks_in_memory(seams: Seams) -> None:
    wrong: dict[Any, int] = {}
    until: dict[Any, float] = {}

    @seams.replace(seams.store.locked_until)
    def _(_original: Any, *which: str, at: float) -> float | None:
        return until[which] if until.get(which, 0) > at else None

    @seams.replace(seams.store.count_attempt)
    def _(_original: Any, *which: str, at: float, limit: int, lock_until: float) -> bool:
        if until.get(which, 0) > at:
            return False
        wrong[which] = 1 if until.pop(which, None) else wrong.get(which, 0) + 1
        if wrong[which] >= limit:
            until[which] = lock_until
        return True

    @seams.replace(seams.store.clear_attempts)
    def _(_original: Any, *which: str) -> None:
        wrong.pop(which, None)
        until.pop(which, None)


def _keep_expired(seams: Seams) -> None:
    @seams.replace(seams.store.sweep)
    def _(_original: Any, *, at: float, sends_since: float) -> None:
        del at, sends_since


@fault("What has expired is valid again when the clock goes back.")
def d2_clock_back_revives(seams: Seams) -> None:
    _keep_expired(seams)


@fault("The Date header of a request is used as the time.")
def d2_caller_sets_clock(seams: Seams) -> None:
    track_requests(seams)
    _keep_expired(seams)

    @seams.replace(seams.clock.now)
    def _(original: Any) -> float:
        date = current_scope.get({}).get("headers_by_name", {}).get(b"date")
        try:
            return parsedate_to_datetime(date.decode()).timestamp() if date else float(original())
        except ValueError:
            return float(original())
