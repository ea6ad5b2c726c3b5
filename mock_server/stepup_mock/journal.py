"""The latest requests of a world. No entry holds a key, a code or a grant: secrets are replaced before."""

import re
from collections import deque
from collections.abc import MutableMapping
from typing import Any, NamedTuple

import orjson

from stepup_mock.clock import Clock
from stepup_mock.feed import Feed
from stepup_mock.responses import ApiResponse
from stepup_mock.validation import BodySchema

KEPT_REQUESTS = 500
MARK = "[redacted]"
_LONGEST = 256
_LONG_SEGMENT = re.compile(r"(?<=/)[^/]{16,}(?=/|$)")
_UUID_SEGMENT = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Entry(NamedTuple):
    """One request to the product API and its response. ``duration`` is in seconds."""

    sequence: int
    at: float
    request_id: bytes
    operation_id: str | None
    method: str
    path: bytes
    request_body: dict[str, Any] | None
    status: int
    response_body: bytes
    duration: float

    def document(self) -> dict[str, Any]:
        """Return the entry as the control API shows it."""
        document = self._asdict()
        document["request_id"] = self.request_id.decode()
        document["path"] = _redacted_path(self.path.decode("latin-1"))
        document["response_body"] = _parsed(self.response_body)
        document["duration_ms"] = round(document.pop("duration") * 1000, 3)
        return document


class Journal:
    """The latest requests, oldest first."""

    def __init__(self, clock: Clock, feed: Feed) -> None:
        self._clock = clock
        self.entries: deque[Entry] = deque(maxlen=KEPT_REQUESTS)
        self._feed = feed
        self._sequence = 0

    def add(
        self,
        request_id: bytes,
        operation_id: str | None,
        scope: MutableMapping[str, Any],
        body: dict[str, Any] | None,
        response: ApiResponse,
        *,
        seconds: float,
    ) -> None:
        """Keep one exchange; ``body`` is redacted already."""
        self._sequence += 1
        entry = Entry(
            self._sequence,
            self._clock.now(),
            request_id,
            operation_id,
            scope["method"],
            scope["raw_path"],
            body,
            response.status,
            response.journal_body,
            seconds,
        )
        self.entries.append(entry)
        if self._feed.watched:
            self._feed.publish("request", entry.document())


def redact(document: dict[str, Any], body: BodySchema) -> dict[str, Any]:
    """Return a request body without secrets and without fields that the operation does not know."""
    shown = frozenset(body.names) - body.secrets
    return {
        name if name in body.names else MARK: _short(value) if name in shown else MARK
        for name, value in document.items()
    }


def _short(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= _LONGEST else value[:_LONGEST] + "…"
    return value if value is None or isinstance(value, int | float) else MARK


def _redacted_path(path: str) -> str:
    """Return a path in which only UUIDs are long: anything else may be a secret in the wrong place."""
    return _LONG_SEGMENT.sub(lambda match: match[0] if _UUID_SEGMENT.fullmatch(match[0]) else MARK, path)


def _parsed(body: bytes) -> dict[str, Any] | None:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, dict) else None
