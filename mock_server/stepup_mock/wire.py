"""The short way between the application and its own server, past two ASGI calls that cost more than the work.

ASGI hands a body over in pieces and takes an answer in parts, each an awaited call. Where the server is
ours, it puts a Wire into the state of each request: a body that is there already is taken at once, and an
answer is one write. Everywhere else the application speaks plain ASGI.
"""

from collections.abc import MutableMapping
from typing import Any, Protocol

from stepup_mock.answers import Answer

# Where the state of a scope holds it.
WIRE = "stepup.wire"
Scope = MutableMapping[str, Any]


class Wire(Protocol):
    """What the server's connection offers."""

    def whole_body(self, scope: Scope) -> bytes | None:
        """Return the body of a request when all of it is there, else None."""

    def answer(self, scope: Scope, answer: Answer, request_id: bytes) -> bool:
        """Write a whole answer; False, and nothing written, where it must go the long way."""

    def abort(self) -> None:
        """Cut the connection."""


def wire_of(scope: Scope) -> Wire | None:
    """Return the wire of a request, None where the server is not ours."""
    state = scope.get("state")
    wire: Wire | None = state.get(WIRE) if state else None
    return wire
