"""Broken answers, for the tests of clients: they break no rule of the server, only what reaches the caller.

A fault waits for the next requests of its operation. Some are carried out all the same and some are not: a
lost answer and a refused request are different things to a client.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from stepup_mock import answers
from stepup_mock.answers import Answer

_HTML = Answer(
    200,
    b"<!doctype html><title>Please wait</title><p>You are being redirected to the login page.",
    "injected",
    media_type=b"text/html; charset=utf-8",
)
_NOT_SUCCESS = answers.success({"success": False})


@dataclass(slots=True)
class ClientFault:
    """One fault in wait. ``operation_id`` None fits every operation, ``count`` None never ends."""

    kind: str
    operation_id: str | None
    count: int | None
    options: dict[str, Any]

    @classmethod
    def of(cls, document: dict[str, Any]) -> "ClientFault":
        """Return the fault that a document of the control API describes."""
        options = dict(document)
        return cls(options.pop("kind"), options.pop("operation_id"), options.pop("count"), options)

    def document(self) -> dict[str, Any]:
        return {"kind": self.kind, **self.options, "operation_id": self.operation_id, "count": self.count}


class ClientFaults:
    """The faults in wait, in the order in which they are tried."""

    def __init__(self) -> None:
        self.waiting: list[ClientFault] = []

    def meet(self, operation_id: str | None) -> ClientFault | None:
        """Return the first fault that fits an operation, one meeting fewer left of it."""
        if operation_id is None:
            return None
        for fault in self.waiting:
            if fault.operation_id in (None, operation_id):
                if fault.count is not None:
                    fault.count -= 1
                    if fault.count == 0:
                        self.waiting.remove(fault)
                return fault
        return None


async def spoil(
    fault: ClientFault,
    carry_out: Callable[[], Awaitable[Answer]],
    send: Callable[[Answer], Awaitable[None]],
    hang_up: Callable[[], Awaitable[None]],
) -> Answer:
    """Answer a request as the fault wants, and return what was answered. ``hang_up`` does not return."""
    options = fault.options
    match fault.kind:
        case "latency":
            answer = await carry_out()
            await asyncio.sleep(options["seconds"])
        case "drop":
            answer = await carry_out() if options["after_effect"] else _NOT_SUCCESS
            await hang_up()
        case "slow_body":
            done = await carry_out()
            answer = Answer(done.status, done.body, done.outcome, done.extra, shown=done.shown)
            answer.drip = options["seconds"]
        case "status":
            answer = _with_status(options["status"])
        case "rate_limit":
            answer = answers.locked(options["retry_after_seconds"])
        case "html":
            answer = _HTML
        case _:
            answer = _NOT_SUCCESS
    await send(answer)
    return answer


def _with_status(status: int) -> Answer:
    if status >= 400:
        return answers.error(status, "injected", sentence="This answer was made up to test a client.")
    return Answer(status, b"", "injected")
