"""Reads request bodies: bounded in size and in time, whatever the caller does."""

import asyncio
from typing import Any

from stepup_mock import responses
from stepup_mock.connection import Scope, connection_of
from stepup_mock.http_request import Headers, Receive
from stepup_mock.responses import ApiResponse

MAX_BODY = 64 * 1024
# A body that is too large is read on and dropped this far, so that the caller gets to see the response.
MAX_DROPPED = 1024 * 1024
_TOO_LARGE_TO_DROP = responses.closing(responses.TOO_LARGE)


class ClientGone(Exception):
    """The caller hung up before its request was complete."""


class BodyRejected(Exception):
    """The body came too slowly or is too large."""

    def __init__(self, response: ApiResponse) -> None:
        super().__init__()
        self.response = response


class BodyReader:
    """Reads bodies for one server; one that takes longer than ``deadline`` seconds is rejected.

    One timer looks after all that have to be waited for: ``asyncio.timeout`` would cost more than the rest.
    """

    def __init__(self, deadline: float = 10) -> None:
        self._deadline = deadline
        self._since: dict[asyncio.Task[Any], float] = {}
        self._overdue: set[asyncio.Task[Any]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def read(self, scope: Scope, headers: Headers, receive: Receive) -> bytes:
        """Return the complete body; raise BodyRejected or ClientGone."""
        connection = connection_of(scope)
        body = None if connection is None else connection.complete_body(scope)
        if body is not None and len(body) <= MAX_BODY:
            return body
        declared = int(headers.get(b"content-length", b"0"))
        if declared > MAX_BODY:
            raise BodyRejected(
                responses.TOO_LARGE if declared <= MAX_DROPPED else responses.closing(responses.TOO_LARGE)
            )
        task = asyncio.current_task()
        assert task is not None, "ASGI applications run in tasks"
        loop = task.get_loop()
        self._since[task] = loop.time()
        if self._loop is not loop:  # the first request, or the first in another event loop
            self._loop, self._timer = loop, None
        if self._timer is None:
            self._timer = loop.call_later(self._deadline, self._check, loop)
        try:
            return await _read_all(receive)
        except asyncio.CancelledError:
            if task not in self._overdue:
                raise
            task.uncancel()
            raise BodyRejected(responses.TIMEOUT) from None
        finally:
            del self._since[task]
            self._overdue.discard(task)

    def _check(self, loop: asyncio.AbstractEventLoop) -> None:
        """Cancel the reads that are overdue, and check again when the next one can be."""
        self._timer = None
        oldest_allowed = loop.time() - self._deadline
        for task, since in self._since.items():
            if since <= oldest_allowed and task not in self._overdue:
                self._overdue.add(task)
                task.cancel()
        waiting = [since for task, since in self._since.items() if task not in self._overdue]
        if waiting:
            self._timer = loop.call_later(min(waiting) - oldest_allowed, self._check, loop)


async def _read_all(receive: Receive) -> bytes:
    body, size = b"", 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        size += len(message["body"])
        more = message.get("more_body", False)
        if size <= MAX_BODY:
            body += message["body"]
        elif not more or size > MAX_DROPPED:
            raise BodyRejected(_TOO_LARGE_TO_DROP if more else responses.TOO_LARGE)
        if not more:
            return body
