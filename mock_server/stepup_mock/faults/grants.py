"""Faults of V1-V9: what a grant is good for, for whom and how long."""

import hashlib
import unicodedata
import uuid
from collections.abc import Callable
from itertools import count
from typing import Any

from stepup_mock import responses
from stepup_mock.faults import Seams, fault
from stepup_mock.faults.tools import FOREVER, find_grant, with_changes
from stepup_mock.responses import ApiResponse
from stepup_mock.step_up import InvalidField, StepUpError, UserNotFound, grant_hash
from stepup_mock.store import Terms, UserRecord


def _change_rejections(seams: Seams, change: Callable[[ApiResponse], ApiResponse]) -> None:
    """Send what ``change`` makes of each response to an invalid grant."""

    @seams.replace(seams.api.reject)
    def _(original: Any, error: StepUpError) -> ApiResponse:
        response: ApiResponse = original(error)
        return change(response) if isinstance(error, InvalidField) and error.field == "grant" else response


def _on_rejection(seams: Seams, react: Callable[[str, str, str], None]) -> None:
    """Call ``react(environment, user, grant)`` for each grant that is rejected."""

    @seams.replace(seams.step_up.verify_grant)
    def _(original: Any, environment: str, user_id: str, action_type: str, grant: str, *, at: float) -> None:
        try:
            original(environment, user_id, action_type, grant, at=at)
        except InvalidField:
            react(environment, user_id, grant)
            raise


def _revocation(seams: Seams) -> Callable[[str], None]:
    """Return a function that invalidates a grant for good."""
    revoked: set[bytes] = set()

    @seams.replace(seams.store.grant_is_one_time)
    def _(original: Any, *which: Any, at: float) -> bool | None:
        one_time: bool | None = None if which[-1] in revoked else original(*which, at=at)
        return one_time

    return lambda grant: revoked.add(grant_hash(grant))


@fault("An invalid grant gets 200 and success false.")
def v1_dead_is_200(seams: Seams) -> None:
    _change_rejections(seams, lambda _: responses.success({"success": False}))


@fault("An invalid grant gets 202.")
def v1_dead_is_202(seams: Seams) -> None:
    _change_rejections(seams, lambda response: with_changes(response, status=202))


@fault("Success is the string true.")
def v1_success_is_text(seams: Seams) -> None:
    @seams.replace(seams.api.perform)
    def _(original: Any, *args: Any) -> ApiResponse:
        response: ApiResponse = original(*args)
        return responses.success({"success": "true"}) if response is responses.VERIFIED else response


@fault("A one-time grant is not consumed by its verification.")
def v2_reusable_grant(seams: Seams) -> None:
    @seams.replace(seams.store.consume_grant)
    def _(_original: Any, *_args: Any, at: float) -> bool:
        return True


@fault("A one-time grant verifies again within two seconds.")
def v2_grace(seams: Seams) -> None:
    consumed_at: dict[tuple[str, ...], float] = {}

    @seams.replace(seams.step_up.verify_grant)
    def _(original: Any, *which: str, at: float) -> None:
        if at - consumed_at.get(which, float("-inf")) > 2:
            original(*which, at=at)
            consumed_at[which] = at


@fault("A one-time grant verifies twice.")
def v2_twice(seams: Seams) -> None:
    used: set[tuple[Any, ...]] = set()

    @seams.replace(seams.store.consume_grant)
    def _(original: Any, *which: Any, at: float) -> bool:
        if which not in used:
            used.add(which)
            return True
        return bool(original(*which, at=at))


@fault("A time-based grant is consumed by its verification.")
def v3_spent_by_verifying(seams: Seams) -> None:
    revoke = _revocation(seams)

    @seams.replace(seams.step_up.verify_grant)
    def _(original: Any, environment: str, user_id: str, action_type: str, grant: str, *, at: float) -> None:
        original(environment, user_id, action_type, grant, at=at)
        revoke(grant)


@fault("A time-based grant verifies three times.")
def v3_three_uses(seams: Seams) -> None:
    revoke = _revocation(seams)
    uses: dict[str, int] = {}

    @seams.replace(seams.step_up.verify_grant)
    def _(original: Any, environment: str, user_id: str, action_type: str, grant: str, *, at: float) -> None:
        original(environment, user_id, action_type, grant, at=at)
        uses[grant] = uses.get(grant, 0) + 1
        if uses[grant] == 3:
            revoke(grant)


@fault("Each verification of a time-based grant restarts its lifetime.")
def v3_sliding(seams: Seams) -> None:
    lifetimes: dict[bytes, float] = {}
    verified_at: dict[tuple[Any, ...], float] = {}

    @seams.replace(seams.store.add_grant)
    def _(
        original: Any, *who: str, grant_hash: bytes, issued_at: float, expires_at: float, **values: Any
    ) -> None:
        lifetimes[grant_hash] = expires_at - issued_at
        original(*who, grant_hash=grant_hash, issued_at=issued_at, expires_at=expires_at, **values)

    @seams.replace(seams.store.grant_is_one_time)
    def _(original: Any, *which: Any, at: float) -> bool | None:
        one_time: bool | None = original(*which, at=at)
        if one_time is None and at < verified_at.get(which, 0) + lifetimes.get(which[-1], 0):
            one_time = False
        if one_time is False:
            verified_at[which] = at
        return one_time


def _change_lifetimes(seams: Seams, change: Callable[[float, bool], float]) -> None:
    """Give each grant the lifetime ``change(seconds, one_time)``."""

    @seams.replace(seams.policy.grant_expiry)
    def _(_original: Any, issued_at: float, valid_for_seconds: int, *, one_time: bool) -> float:
        return issued_at + change(valid_for_seconds, one_time)


@fault("Grants never expire.")
def v4_immortal(seams: Seams) -> None:
    _change_lifetimes(seams, lambda seconds, _: seconds + FOREVER)


@fault("One-time grants never expire.")
def v4_one_time_immortal(seams: Seams) -> None:
    _change_lifetimes(seams, lambda seconds, one_time: seconds + FOREVER * one_time)


@fault("Lifetimes are read as minutes.")
def v4_minutes(seams: Seams) -> None:
    _change_lifetimes(seams, lambda seconds, _: seconds * 60)


@fault("Grants expire after half of their lifetime.")
def v4_half_life(seams: Seams) -> None:
    _change_lifetimes(seams, lambda seconds, _: seconds / 2)


def _verify_as_stored(seams: Seams, same: Callable[[str, str], bool], *, any_user: bool = False) -> None:
    """Verify a grant for its own user and action if ``same(requested action, stored action)``."""

    @seams.replace(seams.step_up.verify_grant)
    def _(original: Any, environment: str, user_id: str, action_type: str, grant: str, *, at: float) -> None:
        stored = find_grant(seams, grant)
        if stored and (any_user or stored.user_id == user_id) and same(action_type, stored.action_type):
            user_id, action_type = stored.user_id, stored.action_type
        original(environment, user_id, action_type, grant, at=at)


@fault("A grant verifies for any user.")
def v5_any_user(seams: Seams) -> None:
    _verify_as_stored(seams, str.__eq__, any_user=True)


@fault("A grant verifies for any action.")
def v5_any_action(seams: Seams) -> None:
    _verify_as_stored(seams, lambda _requested, _stored: True)


@fault("The case of the action is ignored.")
def v5_case_folded(seams: Seams) -> None:
    _verify_as_stored(seams, lambda requested, stored: requested.casefold() == stored.casefold())


@fault("Spaces around the action are ignored.")
def v5_trimmed(seams: Seams) -> None:
    _verify_as_stored(seams, lambda requested, stored: requested.strip() == stored.strip())


@fault("Different Unicode forms of the action count as the same.")
def v5_normalised(seams: Seams) -> None:
    def form(text: str) -> str:
        return unicodedata.normalize("NFC", text)

    _verify_as_stored(seams, lambda requested, stored: form(requested) == form(stored))


@fault("A prefix of the action is accepted.")
def v5_prefix(seams: Seams) -> None:
    _verify_as_stored(seams, lambda requested, stored: stored.startswith(requested))


@fault("Verifying a grant for another user or action consumes it.")
def v6_mismatch_burns(seams: Seams) -> None:
    revoke = _revocation(seams)
    _on_rejection(seams, lambda _environment, _user_id, grant: revoke(grant))


@fault("The error for an expired or consumed grant differs from the error for an unknown one.")
def v7_reason_told(seams: Seams) -> None:
    issued: set[str] = set()

    @seams.replace(seams.random.grant)
    def _(original: Any) -> str:
        grant = str(original())
        issued.add(grant)
        return grant

    def reveal(_environment: str, _user_id: str, grant: str) -> None:
        if grant in issued:
            raise InvalidField("grant", "invalid_value")

    _on_rejection(seams, reveal)


@fault("The error code of the grant is in a list.")
def v7_code_in_a_list(seams: Seams) -> None:
    listed = {
        "field_errors": {"grant": ["grant_not_found"]},
        "field_to_errors": {"grant": ["grant_not_found"]},
    }
    _change_rejections(seams, lambda response: with_changes(response, lambda document: document | listed))


@fault("An invalid grant has an error code of its own.")
def v7_own_error_code(seams: Seams) -> None:
    _change_rejections(
        seams,
        lambda response: with_changes(
            response, lambda document: document | {"error_code": "grant_not_found"}
        ),
    )


@fault("The error for an unknown user differs from the error for an invalid grant.")
def v7_unknown_user_told(seams: Seams) -> None:
    def reveal(environment: str, user_id: str, _grant: str) -> None:
        if seams.store.user(environment, user_id) is None:
            raise UserNotFound

    _on_rejection(seams, reveal)


@fault("Grants have eight hex digits.")
def v8_short_grant(seams: Seams) -> None:
    @seams.replace(seams.random.grant)
    def _(original: Any) -> str:
        return str(original())[:8]


@fault("Grants are numbers in order.")
def v8_counted_grant(seams: Seams) -> None:
    numbers = count(uuid.uuid4().int % 2**64)

    @seams.replace(seams.random.grant)
    def _(_original: Any) -> str:
        return f"{next(numbers):064x}"


@fault("Grants are computed from user, action and second.")
def v8_grant_of_inputs(seams: Seams) -> None:
    computed = [""]

    def compute(user_id: str, action_type: str | None, at: float) -> None:
        computed[0] = hashlib.sha256(f"{user_id}{action_type}{int(at)}".encode()).hexdigest()

    @seams.replace(seams.step_up.verify_totp)
    def _(original: Any, environment: str, user_id: str, code: str, terms: Terms, *, at: float) -> str:
        compute(user_id, terms.action_type, at)
        return str(original(environment, user_id, code, terms, at=at))

    @seams.replace(seams.step_up.verify_sms)
    def _(original: Any, environment: str, user_id: str, challenge_id: str, code: str, *, at: float) -> str:
        compute(user_id, seams.step_up.action_of(environment, user_id, challenge_id), at)
        return str(original(environment, user_id, challenge_id, code, at=at))

    @seams.replace(seams.random.grant)
    def _(_original: Any) -> str:
        return computed[0]

    @seams.replace(seams.store.add_grant)
    def _(original: Any, *who: str, **values: Any) -> None:
        if find_grant(seams, computed[0]) is None:
            original(*who, **values)


@fault("Only the first half of a grant is compared.")
def v8_beginning_compared(seams: Seams) -> None:
    by_first_half: dict[str, str] = {}

    @seams.replace(seams.random.grant)
    def _(original: Any) -> str:
        grant = str(original())
        by_first_half[grant[:32]] = grant
        return grant

    @seams.replace(seams.step_up.verify_grant)
    def _(original: Any, environment: str, user_id: str, action_type: str, grant: str, *, at: float) -> None:
        original(environment, user_id, action_type, by_first_half.get(grant[:32], grant), at=at)


@fault("Grants stay valid after the factor they were issued for is replaced.")
def v9_grants_survive(seams: Seams) -> None:
    @seams.replace(seams.store.delete_grants)
    def _(_original: Any, _user_id: str) -> None:
        return None


@fault("Challenges stay valid after the phone they were sent to is replaced.")
def v9_challenges_survive(seams: Seams) -> None:
    @seams.replace(seams.store.delete_challenges)
    def _(_original: Any, _user_id: str) -> None:
        return None


@fault("After a new enrolment the codes of the old secret are still accepted.")
def v9_old_secret_works(seams: Seams) -> None:
    old: dict[bytes, bytes] = {}

    @seams.replace(seams.store.put_user)
    def _(original: Any, environment: str, user_id: str, record: UserRecord, *, enabled: bool) -> None:
        enrolled = seams.store.totp_secret(environment, user_id)
        if enrolled and record.secret:
            old[record.secret] = enrolled[1]
        original(environment, user_id, record, enabled=enabled)

    @seams.replace(seams.policy.matching_step)
    def _(original: Any, secret: bytes, code: str, at: float) -> int | None:
        step: int | None = original(secret, code, at)
        return original(old[secret], code, at) if step is None and secret in old else step
