"""Broken responses, for the tests of clients: they break no rule of the server, only what reaches the caller.

A fault waits for the next requests of its operation. Some are still carried out and some are not: a lost
response and a rejected request are different things to a client.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from stepup_mock import responses
from stepup_mock.responses import ApiResponse

_HTML = ApiResponse(
    200,
    b"<!doctype html><title>Please wait</title><p>You are being redirected to the login page.",
    "injected",
    media_type=b"text/html; charset=utf-8",
)
_NOT_SUCCESS = responses.success({"success": False})


@dataclass(slots=True)
class ClientFault:
    """One waiting fault. ``operation_id`` None fits every operation, ``count`` None never ends."""

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
        """Return the fault as the control API shows it."""
        return {"kind": self.kind, **self.options, "operation_id": self.operation_id, "count": self.count}


class ClientFaults:
    """The waiting faults, in the order in which they are tried."""

    def __init__(self) -> None:
        self.waiting: list[ClientFault] = []

    def next_for(self, operation_id: str | None) -> ClientFault | None:
        """Return the first fault that fits an operation, and count it down."""
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


async def inject(
    fault: ClientFault,
    carry_out: Callable[[], Awaitable[ApiResponse]],
    send: Callable[[ApiResponse], Awaitable[None]],
    hang_up: Callable[[], Awaitable[None]],
) -> ApiResponse:
    """Send the response that the fault asks for and return it. ``hang_up`` does not return."""
    options = fault.options
    match fault.kind:
        case "latency":
            response = await carry_out()
            await asyncio.sleep(options["seconds"])
        case "drop":
            response = await carry_out() if options["after_effect"] else _NOT_SUCCESS
            await hang_up()
        case "slow_body":
            done = await carry_out()
            response = ApiResponse(
                done.status, done.body, done.outcome, done.extra_headers, journal_body=done.journal_body
            )
            response.spread_seconds = options["seconds"]
        case "status":
            response = _with_status(options["status"])
        case "rate_limit":
            response = responses.rate_limited(options["retry_after_seconds"])
        case "html":
            response = _HTML
        case _:
            response = _NOT_SUCCESS
    await send(response)
    return response


def _with_status(status: int) -> ApiResponse:
    if status >= 400:
        return responses.error(status, "injected", sentence="This error was injected to test a client.")
    return ApiResponse(status, b"", "injected")
