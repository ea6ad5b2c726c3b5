"""What several faults need: changed responses, the current request, and stored objects by their ids."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import orjson

from stepup_mock.faults import Seams
from stepup_mock.responses import ApiResponse, Header
from stepup_mock.step_up import grant_hash
from stepup_mock.store import ChallengeDetails, GrantDetails, Terms

# More than any count and any number of seconds that a contract run reaches.
FOREVER = 10**7
# The scope of the request that the current task responds to, while a fault tracks it.
current_scope: ContextVar[dict[str, Any]] = ContextVar("current_scope")


def with_changes(
    response: ApiResponse,
    change: Callable[[dict[str, Any]], Any] = lambda document: document,
    *,
    status: int | None = None,
    media_type: bytes = b"application/json",
    extra_headers: tuple[Header, ...] = (),
) -> ApiResponse:
    """Return a response with another status, body or media type, or with further headers."""
    return ApiResponse(
        status or response.status,
        orjson.dumps(change(orjson.loads(response.body))),
        response.outcome,
        (*response.extra_headers, *extra_headers),
        media_type=media_type,
        journal_body=response.journal_body,
    )


def without_header(response: ApiResponse, name: bytes) -> ApiResponse:
    """Return a response that lacks one header."""
    copy = with_changes(response)
    copy.headers = [header for header in copy.headers if header[0] != name]
    return copy


def track_requests(seams: Seams) -> None:
    """Keep ``current_scope`` up to date; the headers are under ``headers_by_name``."""

    @seams.replace(seams.api.respond)
    async def _(original: Any, scope: Any, operation_id: Any, headers: Any, receive: Any) -> ApiResponse:
        scope["headers_by_name"] = headers
        current_scope.set(scope)
        response: ApiResponse = await original(scope, operation_id, headers, receive)
        return response


def track_documents(seams: Seams) -> dict[str, Any]:
    """Return a dict that holds, while a request is performed, its body as it was sent."""
    sent: dict[str, Any] = {}

    @seams.replace(seams.api.check_fields)
    def _(original: Any, operation_id: str, document: dict[str, Any]) -> Any:
        sent.clear()
        sent.update(document)
        return original(operation_id, document)

    return sent


def find_challenge(seams: Seams, challenge_id: str) -> ChallengeDetails | None:
    """Return a challenge of any user."""
    challenges = seams.store.challenges(at=0, limit=FOREVER)
    return next((item for item in challenges if item.challenge_id == challenge_id), None)


def find_grant(seams: Seams, grant: str) -> GrantDetails | None:
    """Return a grant of any user."""
    hashed = grant_hash(grant)
    return next((item for item in seams.store.grants(at=0) if item.grant_hash == hashed), None)


def issue_grant(seams: Seams, environment: str, user_id: str, terms: Terms, at: float) -> str:
    """Issue a grant for nothing."""
    grant = seams.random.grant()
    seams.store.add_grant(
        environment,
        user_id,
        grant_hash=grant_hash(grant),
        action_type=terms.action_type,
        one_time=terms.one_time,
        issued_at=at,
        expires_at=at + terms.valid_for_seconds,
    )
    return grant


def count_wrong_code(seams: Seams, environment: str, user_id: str) -> None:
    """Count a wrong code of a user, who did not send one."""
    if seams.store.user(environment, user_id) is not None:
        at = seams.clock.now()
        limit, lock_until = seams.policy.limits.max_wrong_codes, seams.policy.lock_end(at)
        seams.store.count_attempt(environment, user_id, at=at, limit=limit, lock_until=lock_until)
