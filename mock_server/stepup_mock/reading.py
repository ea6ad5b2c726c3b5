"""Reads request bodies: bounded in size and in time, whatever the caller does."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from stepup_mock import answers
from stepup_mock.answers import Answer
from stepup_mock.wire import Scope, wire_of

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Headers = dict[bytes, bytes]

MAX_BODY = 64 * 1024
# A body that is too large is read on and dropped this far, so that the caller gets to see the answer.
MAX_DROPPED = 1024 * 1024
_TOO_LARGE_TO_DROP = answers.closing(answers.TOO_LARGE)


class ClientGone(Exception):
    """The caller hung up before its request was complete."""


class BodyRefused(Exception):
    """The body came too slowly or is too large."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


class BodyReader:
    """Reads bodies for one server; one that takes longer than ``deadline`` seconds is refused.

    One timer looks after all that have to be waited for: ``asyncio.timeout`` would cost more than the rest.
    """

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._since: dict[asyncio.Task[Any], float] = {}
        self._late: set[asyncio.Task[Any]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def read(self, scope: Scope, headers: Headers, receive: Receive) -> bytes:
        """Return the whole body; raise BodyRefused or ClientGone."""
        wire = wire_of(scope)
        body = None if wire is None else wire.whole_body(scope)
        if body is not None and len(body) <= MAX_BODY:
            return body
        declared = int(headers.get(b"content-length", b"0"))
        if declared > MAX_BODY:
            raise BodyRefused(
                answers.TOO_LARGE if declared <= MAX_DROPPED else answers.closing(answers.TOO_LARGE)
            )
        task = asyncio.current_task()
        assert task is not None, "ASGI applications run in tasks"
        loop = task.get_loop()
        self._since[task] = loop.time()
        if self._loop is not loop:  # the first request, or the first in another event loop
            self._loop, self._timer = loop, None
        if self._timer is None:
            self._timer = loop.call_later(self._deadline, self._look, loop)
        try:
            return await _whole(receive)
        except asyncio.CancelledError:
            if task not in self._late:
                raise
            task.uncancel()
            raise BodyRefused(answers.TIMEOUT) from None
        finally:
            del self._since[task]
            self._late.discard(task)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Cancel the reading that is late, and look again when the next one can be."""
        self._timer = None
        oldest_allowed = loop.time() - self._deadline
        for task, since in self._since.items():
            if since <= oldest_allowed and task not in self._late:
                self._late.add(task)
                task.cancel()
        waiting = [since for task, since in self._since.items() if task not in self._late]
        if waiting:
            self._timer = loop.call_later(min(waiting) - oldest_allowed, self._look, loop)


async def _whole(receive: Receive) -> bytes:
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
            raise BodyRefused(_TOO_LARGE_TO_DROP if more else answers.TOO_LARGE)
        if not more:
            return body
