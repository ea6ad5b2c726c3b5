"""What several faults need: answers made over, the request in hand, and looks into the store."""

import hashlib
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import orjson

from stepup_mock.answers import Answer, Header
from stepup_mock.faults import Patient
from stepup_mock.statements import Statement

# The scope of the request that the current task answers, while a fault asks for it.
request: ContextVar[dict[str, Any]] = ContextVar("request")

_GRANT = Statement(
    "SELECT environment, user_id, action_type, one_time, issued_at, expires_at FROM grants"
    " WHERE grant_hash = :grant_hash"
)
_DROP_GRANT = Statement("DELETE FROM grants WHERE grant_hash = :grant_hash")


def remade(
    answer: Answer,
    change: Callable[[dict[str, Any]], Any] = lambda document: document,
    *,
    status: int | None = None,
    media_type: bytes = b"application/json",
    extra: tuple[Header, ...] = (),
) -> Answer:
    """Return an answer with another status, body, type or further headers."""
    body = orjson.dumps(change(orjson.loads(answer.body)))
    return Answer(
        status or answer.status, body, answer.outcome, (*answer.extra, *extra), media_type=media_type,
        shown=answer.shown,
    )  # fmt: skip


def without(answer: Answer, name: bytes) -> Answer:
    """Return an answer that lacks one header."""
    made = Answer(answer.status, answer.body, answer.outcome, answer.extra, shown=answer.shown)
    made.headers = [header for header in made.headers if header[0] != name]
    return made


def know_requests(patient: Patient) -> None:
    """Let ``request`` tell the scope while a request is answered; its headers stand under ``by_name``."""

    @patient.instead_of(patient.app, "_answer")
    async def _(original: Any, scope: Any, operation_id: Any, headers: Any, receive: Any) -> Answer:
        scope["by_name"] = headers
        request.set(scope)
        answer: Answer = await original(scope, operation_id, headers, receive)
        return answer


def know_documents(patient: Patient) -> dict[str, Any]:
    """Return a dict that holds, while a body is performed, the document as it was sent."""
    sent: dict[str, Any] = {}

    @patient.instead_of(patient.app, "_check")
    def _(original: Any, operation_id: str, document: dict[str, Any]) -> Any:
        sent.clear()
        sent.update(document)
        return original(operation_id, document)

    return sent


def stored_grant(patient: Patient, grant: str) -> dict[str, Any] | None:
    """Return a grant as it is kept."""
    rows = patient.store._dicts(_GRANT, grant_hash=hashlib.sha256(grant.encode()).digest())
    return rows[0] if rows else None


def drop_grant(patient: Patient, grant: str) -> None:
    patient.store._row(_DROP_GRANT, grant_hash=hashlib.sha256(grant.encode()).digest())
