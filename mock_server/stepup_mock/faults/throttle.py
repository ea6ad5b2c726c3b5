"""Faults of R1-R5: how wrong codes are counted and what a lock means."""

from collections.abc import Callable
from typing import Any

from stepup_mock import responses
from stepup_mock.access import Access
from stepup_mock.faults import Seams, fault
from stepup_mock.faults.tools import (
    count_wrong_code,
    current_scope,
    track_documents,
    track_requests,
    with_changes,
    without_header,
)
from stepup_mock.responses import ApiResponse
from stepup_mock.step_up import InvalidField, Locked
from stepup_mock.store import Terms
from stepup_mock.validation import InvalidFields


@fault("Wrong codes never lock a user.")
def r1_no_lock(seams: Seams) -> None:
    @seams.replace(seams.store.count_attempt)
    def _(_original: Any, *_args: Any, **_values: Any) -> bool:
        return True


@fault("A user is locked after fifty wrong codes.")
def r1_lock_at_fifty(seams: Seams) -> None:
    @seams.replace(seams.store.count_attempt)
    def _(original: Any, *args: Any, limit: int, **values: Any) -> bool:
        return bool(original(*args, limit=limit * 10, **values))


@fault("The lock lasts ten seconds.")
def r1_short_lock(seams: Seams) -> None:
    @seams.replace(seams.policy.lock_end)
    def _(_original: Any, at: float) -> float:
        return at + 10


def _count_by(seams: Seams, key: Callable[[], object]) -> None:
    """Count the wrong codes of a user separately for each ``key()``."""

    def separately(original: Any, environment: str, user_id: str, **values: Any) -> Any:
        return original(environment, f"{user_id} {key()}", **values)

    seams.replace(seams.store.locked_until)(separately)
    seams.replace(seams.store.count_attempt)(separately)
    seams.replace(seams.store.clear_attempts)(separately)


@fault("Wrong codes are counted separately for each action.")
def r2_counted_per_action(seams: Seams) -> None:
    sent = track_documents(seams)
    _count_by(seams, lambda: sent.get("action_type"))


@fault("Wrong codes are counted separately for each spelling of the user id.")
def r2_counted_per_spelling(seams: Seams) -> None:
    sent = track_documents(seams)
    _count_by(seams, lambda: sent.get("user_id"))


@fault("Wrong codes are counted separately for each API key.")
def r2_counted_per_key(seams: Seams) -> None:
    track_requests(seams)
    _count_by(seams, lambda: current_scope.get()["headers_by_name"].get(b"authorization"))


@fault("Wrong codes are counted separately for each X-Forwarded-For.")
def r2_counted_per_address(seams: Seams) -> None:
    track_requests(seams)
    _count_by(seams, lambda: current_scope.get()["headers_by_name"].get(b"x-forwarded-for"))


@fault("Wrong codes are counted separately for each connection.")
def r2_counted_per_connection(seams: Seams) -> None:
    track_requests(seams)
    _count_by(seams, lambda: current_scope.get()["client"])


@fault("Wrong codes are counted separately for TOTP and SMS.")
def r2_counted_per_factor(seams: Seams) -> None:
    track_requests(seams)
    _count_by(seams, lambda: b"phone" in current_scope.get()["raw_path"])


@fault("The correct code is accepted while the user is locked.")
def r3_right_code_passes(seams: Seams) -> None:
    @seams.replace(seams.step_up.verify_totp)
    def _(original: Any, environment: str, user_id: str, code: str, terms: Terms, *, at: float) -> str:
        enrolled = seams.store.totp_secret(environment, user_id)
        if enrolled and seams.policy.matching_step(enrolled[1], code, at) is not None:
            seams.store.clear_attempts(environment, user_id)
        return str(original(environment, user_id, code, terms, at=at))


@fault("The correct code is rejected while the user is locked, and spent.")
def r3_right_code_is_spent(seams: Seams) -> None:
    @seams.replace(seams.step_up.verify_totp)
    def _(original: Any, environment: str, user_id: str, code: str, terms: Terms, *, at: float) -> str:
        try:
            return str(original(environment, user_id, code, terms, at=at))
        except Locked:
            secret_id, secret = seams.store.totp_secret(environment, user_id) or (b"", b"")
            step = seams.policy.matching_step(secret, code, at) if secret else None
            if step is not None:
                start, end = seams.policy.step_bounds(step)
                seams.store.spend_step(environment, user_id, secret_id, step_start=start, step_end=end)
            raise


@fault("One user's lock locks all users.")
def r3_everybody_locked(seams: Seams) -> None:
    @seams.replace(seams.store.locked_until)
    def _(_original: Any, environment: str, _user_id: str, *, at: float) -> float | None:
        ends = [user.locked_until or 0 for user in seams.store.users() if user.environment == environment]
        return max(ends) if ends and max(ends) > at else None


@fault("A correct code does not clear the count of wrong codes.")
def r3_success_keeps_count(seams: Seams) -> None:
    @seams.replace(seams.store.clear_attempts)
    def _(_original: Any, *_args: Any) -> None:
        return None


def _change_429(seams: Seams, change: Callable[[ApiResponse], ApiResponse]) -> None:
    @seams.replace(seams.api.reject)
    def _(original: Any, error: Exception) -> ApiResponse:
        response: ApiResponse = original(error)
        return change(response) if isinstance(error, Locked) else response


@fault("A 429 has no Retry-After.")
def r4_no_retry_after(seams: Seams) -> None:
    _change_429(seams, lambda response: without_header(response, b"retry-after"))


@fault("The Retry-After of a 429 is a date.")
def r4_retry_after_is_a_date(seams: Seams) -> None:
    date = ((b"retry-after", b"Fri, 31 Dec 2027 23:59:59 GMT"),)
    _change_429(
        seams, lambda response: with_changes(without_header(response, b"retry-after"), extra_headers=date)
    )


@fault("A 429 has a body of plain text.")
def r4_429_is_text(seams: Seams) -> None:
    def as_text(response: ApiResponse) -> ApiResponse:
        return ApiResponse(
            429, b"Too many requests", response.outcome, response.extra_headers, media_type=b"text/plain"
        )

    _change_429(seams, as_text)


@fault("The Retry-After of a 429 is always one second.")
def r4_too_early(seams: Seams) -> None:
    _change_429(seams, lambda _: responses.rate_limited(1))


@fault("Each try while locked restarts the lock.")
def r4_hammering_extends(seams: Seams) -> None:
    extended: dict[tuple[str, ...], float] = {}

    @seams.replace(seams.store.locked_until)
    def _(original: Any, *who: str, at: float) -> float | None:
        until = max(original(*who, at=at) or 0.0, extended.get(who, 0.0))
        if until <= at:
            return None
        extended[who] = seams.policy.lock_end(at)
        return until


@fault("A request with invalid fields counts as a wrong code.")
def r5_refused_bodies_count(seams: Seams) -> None:
    @seams.replace(seams.api.check_fields)
    def _(original: Any, operation_id: str, document: dict[str, Any]) -> Any:
        try:
            return original(operation_id, document)
        except InvalidFields:
            user_id = str(document.get("user_id")).lower()
            count_wrong_code(seams, seams.store.environment_of(user_id) or "", user_id)
            raise


def _count_operation(seams: Seams, operation: str) -> None:
    @seams.replace(seams.api.perform)
    def _(original: Any, operation_id: str, access: Access, fields: dict[str, Any], at: float) -> ApiResponse:
        if operation_id == operation:
            count_wrong_code(seams, access.environment, fields["user_id"])
        response: ApiResponse = original(operation_id, access, fields, at)
        return response


@fault("A send counts as a wrong code.")
def r5_sends_count(seams: Seams) -> None:
    _count_operation(seams, "sendSmsMfaCode")


@fault("An invalid grant counts as a wrong code.")
def r5_dead_grants_count(seams: Seams) -> None:
    @seams.replace(seams.step_up.verify_grant)
    def _(original: Any, environment: str, user_id: str, *which: str, at: float) -> None:
        try:
            original(environment, user_id, *which, at=at)
        except InvalidField:
            count_wrong_code(seams, environment, user_id)
            raise


@fault("A lookup counts as a wrong code.")
def r5_lookups_count(seams: Seams) -> None:
    @seams.replace(seams.step_up.fetch_user_mfa_methods)
    def _(original: Any, environment: str, user_id: str) -> Any:
        count_wrong_code(seams, environment, user_id)
        return original(environment, user_id)
