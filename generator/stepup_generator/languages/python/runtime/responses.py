"""Responses as they came, before they are interpreted.

``raw_responses`` collects them for callers who want a status, a header or a body that results and errors
leave out. No ``repr`` here shows a body or a header: they may hold secrets.
"""

from __future__ import annotations

import contextlib
import contextvars
import email.utils
import json
import time
from collections.abc import Generator
from typing import Any

import httpx

__all__ = ["Failure", "RawResponse", "failure", "raw_responses", "record", "too_much"]

# Responses of this API are small; whatever is larger is not one of them.
_MAX_BYTES = 1024 * 1024

_collected: contextvars.ContextVar[list[RawResponse] | None] = contextvars.ContextVar(
    "raw_responses", default=None
)


@contextlib.contextmanager
def raw_responses() -> Generator[list[RawResponse], None, None]:
    """Collect every response to the calls in this block, oldest first, those of failed tries included.

    It sees the calls of its own thread or task, of tasks started inside, and of any client.

    Example:
        with raw_responses() as responses:
            ...
        print(responses[-1].status, responses[-1].headers)
    """
    responses: list[RawResponse] = []
    token = _collected.set(responses)
    try:
        yield responses
    finally:
        _collected.reset(token)


def record(response: RawResponse) -> RawResponse:
    """Pass a response to the innermost block that collects."""
    responses = _collected.get()
    if responses is not None:
        responses.append(response)
    return response


class RawResponse:
    """A response, read to its end: ``status``, ``headers``, and the bytes of the body as ``content``."""

    __slots__ = ("content", "headers", "status")

    def __init__(self, status: int, headers: httpx.Headers, content: bytes) -> None:
        self.status = status
        self.headers = headers
        self.content = content

    def __repr__(self) -> str:
        return f"<response {self.status}>"

    @property
    def request_id(self) -> str | None:
        value: str | None = self.headers.get("X-Request-Id")
        return value

    def summary(self) -> str:
        """One line for a log; the request id is the server's own text."""
        return f"status {self.status}" + (f" [request {self.request_id}]" if self.request_id else "")

    def retry_after(self) -> float | None:
        """RFC 9110 section 10.2.3: seconds, or a date."""
        value = self.headers.get("Retry-After", "").strip()
        if value.isascii() and value.isdigit():
            return float(value[:9])
        try:
            return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
        except (TypeError, ValueError, OverflowError):
            return None

    def document(self, expected: str = "") -> tuple[Any, str]:
        """The JSON document of the body, and why there is none ("" where there is one).

        ``expected`` is the one media type it may have; by default any that is JSON.
        """
        media_type = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if media_type != (expected or "application/json") and (expected or not media_type.endswith("+json")):
            return None, f"the response is {media_type or 'of no media type'}, not {expected or 'JSON'}"
        try:
            return _DECODER.decode(self.content.decode("utf-8")), ""
        except (ValueError, RecursionError):
            return None, "the response is not valid JSON"


class Failure:
    """No response came. ``sent`` says whether the request may have reached the server."""

    __slots__ = ("reason", "sent", "timed_out")

    def __init__(self, reason: str, *, sent: bool, timed_out: bool) -> None:
        self.reason = reason
        self.sent = sent
        self.timed_out = timed_out

    def summary(self) -> str:
        """One line for a log."""
        return f"no response ({self.reason})"


def failure(error: Exception) -> Failure:
    """What an exception of httpx means for the call."""
    # Nothing was sent without a connection. After any other failure, the request may have arrived.
    sent = not isinstance(
        error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
    )
    timed_out = isinstance(error, httpx.TimeoutException)
    # Other messages may quote what was sent.
    reason = str(error) if isinstance(error, (httpx.ConnectError, httpx.UnsupportedProtocol)) else ""
    return Failure(f"{type(error).__name__}: {reason}".rstrip(": "), sent=sent, timed_out=timed_out)


def too_much(content: bytearray, end: float) -> Failure | None:
    """Why a response is not read further, None where it is; ``end`` is on the monotonic clock."""
    if len(content) > _MAX_BYTES:
        return Failure("the response is too large", sent=True, timed_out=False)
    if time.monotonic() > end:
        return Failure("the response took too long", sent=True, timed_out=True)
    return None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate key")
    return found


def _reject(constant: str) -> Any:
    raise ValueError(constant)


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_reject)
