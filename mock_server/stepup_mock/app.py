"""The ASGI application: finds the world of a request and passes it to the product API or the control API.

The module speaks plain ASGI: routing and middleware would cost more than the work itself.
"""

import asyncio
import secrets
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from itertools import count
from typing import Any

from stepup_mock import responses
from stepup_mock.body_reader import BodyReader, ClientGone
from stepup_mock.client_faults import inject
from stepup_mock.connection import Scope, connection_of
from stepup_mock.hosts import Hosts
from stepup_mock.http_request import Headers, Receive, merge_headers, operation_of
from stepup_mock.product_api import JOURNAL_BODY
from stepup_mock.responses import ApiResponse
from stepup_mock.world import World
from stepup_mock.worlds import Worlds

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_CONTROL = b"/__control__"


class App:
    """The ASGI application of one server. ``world`` is the one that the server was started with."""

    def __init__(self, worlds: Worlds, hosts: Hosts | None = None, reader: BodyReader | None = None) -> None:
        self.worlds = worlds
        self.world = worlds.first
        self._hosts = hosts or Hosts()
        self._reader = reader or BodyReader()
        self._request_ids = map((secrets.token_hex(8).encode() + b"%08x").__mod__, count(1))
        self._control: Callable[[Scope, Receive, Send], Awaitable[None]] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await _other_protocol(scope, receive, send)
            return
        request_id = next(self._request_ids)
        try:
            headers = merge_headers(scope["headers"])
            if not self._hosts.allow(headers.get(b"host", b"")):
                await _send(responses.MISDIRECTED, request_id, send)
            elif scope["raw_path"].startswith(_CONTROL) and self.worlds.control_enabled:
                await self._control_app()(scope, receive, _with_headers(send, request_id))
            else:
                world = self.worlds.of_caller(headers.get(b"authorization", b""))
                await _exchange(world, scope, headers, receive, request_id=request_id, send=send)
        except (ClientGone, ConnectionAbortedError):
            return
        except Exception as error:  # the last resort: a response, and a log line without any value in it
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{place.filename}:{place.lineno}"
            print(f"stepup-mfa mock: {type(error).__name__} at {where}", file=sys.stderr)
            await _send(responses.INTERNAL, request_id, send)

    def _control_app(self) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
        if self._control is None:
            # Imported at the first call: Starlette takes longer to import than everything else here.
            from stepup_mock.control import control_app

            self._control = control_app(self.worlds, self._reader)
        return self._control


async def _exchange(
    world: World, scope: Scope, headers: Headers, receive: Receive, *, request_id: bytes, send: Send
) -> None:
    """Respond to one request to the product API and add it to the world's journal."""
    started = time.perf_counter()
    operation_id = operation_of(scope["method"], scope["raw_path"])
    faults = world.client_faults
    fault = faults.next_for(operation_id) if faults.waiting else None
    if fault is None:
        response = await world.api.respond(scope, operation_id, headers, receive)
        connection = connection_of(scope)
        if connection is None or not connection.write_response(scope, response, request_id):
            await _send(response, request_id, send)
    else:
        response = await inject(
            fault,
            lambda: world.api.respond(scope, operation_id, headers, receive),
            lambda response: _send(response, request_id, send),
            lambda: _hang_up(scope, receive),
        )
    seconds = time.perf_counter() - started
    world.journal.add(request_id, operation_id, scope, scope.get(JOURNAL_BODY), response, seconds=seconds)


async def _send(response: ApiResponse, request_id: bytes, send: Send) -> None:
    headers = [*response.headers, (b"x-request-id", request_id)]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    if response.spread_seconds:
        await _send_slowly(response, send)
    await send({"type": "http.response.body", "body": b"" if response.spread_seconds else response.body})


async def _send_slowly(response: ApiResponse, send: Send) -> None:
    size = len(response.body) // 10 + 1
    for start in range(0, len(response.body), size):
        await asyncio.sleep(response.spread_seconds / 10)
        piece = response.body[start : start + size]
        await send({"type": "http.response.body", "body": piece, "more_body": True})


async def _hang_up(scope: Scope, receive: Receive) -> None:
    """Close the connection without a response, and stop."""
    connection = connection_of(scope)
    if connection is not None:  # in process there is no connection to close
        connection.abort()
        while (await receive())["type"] != "http.disconnect":
            pass
    raise ConnectionAbortedError


def _with_headers(send: Send, request_id: bytes) -> Send:
    async def send_with_headers(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *responses.ALWAYS, (b"x-request-id", request_id)]
        await send(message)

    return send_with_headers


async def _other_protocol(scope: Scope, receive: Receive, send: Send) -> None:
    """Acknowledge a server's lifespan messages, and close a WebSocket."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close"})
        return
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
