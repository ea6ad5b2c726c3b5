"""Runs a mock on a real socket, and shuts it down cleanly.

uvicorn speaks HTTP; this module bounds what uvicorn leaves open: connections that send nothing or very
slowly, endless headers, too many connections, and callers that close their sending half early.
"""

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from stepup_mock.access import DEFAULT_API_KEY, new_control_key
from stepup_mock.app import App
from stepup_mock.body_reader import MAX_DROPPED, BodyReader
from stepup_mock.connection import CONNECTION, Scope
from stepup_mock.demo import add_users
from stepup_mock.hosts import Hosts, is_loopback
from stepup_mock.responses import ApiResponse
from stepup_mock.sqlite_store import sqlite_stores
from stepup_mock.world import World
from stepup_mock.worlds import Worlds

HEADER_DEADLINE = 10.0
MAX_HEADERS = 64 * 1024
MAX_CONNECTIONS = 2000
SWEEP_EVERY = 5.0


def create_app(
    *,
    host: str = "127.0.0.1",
    api_key: str = DEFAULT_API_KEY,
    control_key: str | None = None,
    state: Path | None = None,
    allow_hosts: Iterable[str] = (),
    demo_users: bool = True,
    faults: Iterable[str] = (),
    sms_webhook: str | None = None,
    webhook_secret: str | None = None,
    body_deadline: float = 10,
) -> App:
    """Return the ASGI application, also for ``httpx.ASGITransport``; ``app.world`` is its first world.

    ``host`` is what the server is bound to; it, ``allow_hosts`` and the loopback names are accepted as Host.
    ``state`` is the SQLite file, None for memory. Demo users, faults and the webhook belong to the first
    world. Raises UnknownFault, BadWebhook and BadState.
    """
    reader = BodyReader(body_deadline)
    worlds = Worlds(api_key=api_key, control_key=control_key, open_store=sqlite_stores(state), reader=reader)
    if demo_users:
        add_users(worlds.first)
    worlds.first.faults.enable(faults)
    if sms_webhook is not None:
        from stepup_mock.sms_webhook import SmsWebhook  # imported only where it is used, since it is slow

        webhook = SmsWebhook(worlds.first, sms_webhook, webhook_secret or "")
        worlds.first.inbox.couriers.append(webhook.deliver)
    return App(worlds, Hosts((host, *allow_hosts), any_address=not is_loopback(host)), reader)


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 is any free one. Raises OSError, or ValueError for no such port."""
    if not 0 <= port <= 65535:  # getaddrinfo would take the port modulo 65536
        raise ValueError("ports end at 65535")
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    return socket.create_server(address[:2], family=family, backlog=1024)


def url_of(listener: socket.socket, host: str) -> str:
    """Return the URL that reaches a bound socket from this machine."""
    port = listener.getsockname()[1]
    if host in ("0.0.0.0", "::"):  # noqa: S104 - reads what the caller asked for
        host = "127.0.0.1" if host == "0.0.0.0" else "::1"  # noqa: S104
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(app: App, listener: socket.socket, on_ready: Callable[[], None] = lambda: None) -> None:
    """Serve until SIGINT or SIGTERM, then finish the responses in progress. ``on_ready`` is called once."""
    server = Server(app, on_ready)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, server.stop)
        await server.serve(sockets=[listener])

    server.run_coroutine(main())


@dataclass(frozen=True, slots=True)
class RunningMock:
    """A running server. Its worlds may be read from outside, and changed through ``call`` only."""

    base_url: str
    api_key: str = field(repr=False)
    control_key: str = field(repr=False)
    app: App = field(repr=False)
    server: "Server" = field(repr=False)

    def call(self, function: Callable[[World], Any]) -> Any:
        """Run ``function(first world)`` between two requests and return its result."""

        async def run() -> Any:
            return function(self.app.world)

        return asyncio.run_coroutine_threadsafe(run(), self.server.loop).result(timeout=10)


@contextlib.contextmanager
def running(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    api_key: str = DEFAULT_API_KEY,
    control_key: str | None = None,
    **options: Any,
) -> Iterator[RunningMock]:
    """Run a server in a thread for the length of a ``with`` block; ``options`` as for ``create_app``.

    >>> with running() as mock:
    ...     httpx.get(f"{mock.base_url}/…", headers={"Authorization": f"Bearer {mock.api_key}"})
    """
    control_key = control_key or new_control_key()
    app = create_app(host=host, api_key=api_key, control_key=control_key, **options)
    listener = bind(host, port)
    ready = threading.Event()
    server = Server(app, ready.set)
    thread = threading.Thread(
        target=lambda: server.run_coroutine(server.serve(sockets=[listener])), name="stepup-mock", daemon=True
    )
    url = url_of(listener, host)
    thread.start()
    try:
        if not ready.wait(timeout=10):
            raise RuntimeError("the mock server did not start within 10 s")
        yield RunningMock(url, api_key, control_key, app, server)
    finally:
        server.stop()
        thread.join(timeout=10)
        app.worlds.close()


class Server(uvicorn.Server):
    """uvicorn's server, stopped by ``stop`` instead of by its own signal handlers."""

    loop: asyncio.AbstractEventLoop

    def __init__(self, app: App, on_ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                interface="asgi3",
                http=_Protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="critical",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=30,
            )
        )
        self.worlds = app.worlds
        self._on_ready = on_ready

    def run_coroutine(self, coroutine: Any) -> None:
        """Run a coroutine in uvicorn's event loop until it ends."""
        with asyncio.Runner(loop_factory=self.config.get_loop_factory()) as runner:
            runner.run(coroutine)

    def stop(self) -> None:
        """Ask the server to stop; from any thread."""
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.loop = asyncio.get_running_loop()
        self._on_ready()

    async def main_loop(self) -> None:
        tasks = [asyncio.create_task(self._watch()), asyncio.create_task(self._sweep())]
        try:
            ticks = 0
            while not await self.on_tick(ticks):
                await asyncio.sleep(0.02)
                ticks = (ticks + 1) % 10  # uvicorn renews its Date header at every tenth
        finally:
            for task in tasks:
                task.cancel()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for listening in self.servers:
            listening.close()
        self.worlds.close_feeds()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=2)
        for task in self.server_state.tasks:
            task.cancel()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(1)
            overdue = self.loop.time() - HEADER_DEADLINE
            for connection in list(self.server_state.connections):
                if isinstance(connection, _Protocol) and connection.waiting_since < overdue:
                    connection.transport.abort()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_EVERY)
            self.worlds.sweep()


_NOT_WAITING = float("inf")


class _Protocol(HttpToolsProtocol):
    """One connection. ``waiting_since`` is since when the rest of a request is missing."""

    waiting_since = _NOT_WAITING
    _pending = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.waiting_since = self.loop.time()
        self.app_state = {CONNECTION: self}
        if len(self.connections) > MAX_CONNECTIONS:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        before = self.cycle
        HttpToolsProtocol.data_received(self, data)
        if self.cycle is not before:
            self.waiting_since = _NOT_WAITING
            self._pending = 0
        elif before is None or before.response_complete:
            # Headers that are not complete yet, or a body that nobody reads anymore.
            if not self._pending:
                self.waiting_since = self.loop.time()
            self._pending += len(data)
            dropping = before is not None and before.scope is self.scope
            if self._pending > (MAX_DROPPED if dropping else MAX_HEADERS):
                self.transport.abort()

    def abort(self) -> None:
        self.transport.abort()

    def complete_body(self, scope: Scope) -> bytes | None:
        cycle = self.cycle
        return None if cycle.scope is not scope or cycle.more_body else bytes(cycle.body)

    def write_response(self, scope: Scope, response: ApiResponse, request_id: bytes) -> bool:
        cycle = self.cycle
        if (
            cycle.scope is not scope  # a later request of the connection was already read
            or cycle.response_started
            or not cycle.keep_alive
            or cycle.disconnected
            or self.flow.write_paused
            or response.spread_seconds
            or response.closes
            or scope["method"] == "HEAD"
        ):
            return False
        date = b"".join(b"%s: %s\r\n" % header for header in self.server_state.default_headers)
        parts = (response.head, date, b"x-request-id: ", request_id, b"\r\n\r\n", response.body)
        self.transport.write(b"".join(parts))
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        cycle.message_event.set()
        cycle.on_response()
        return True

    def eof_received(self) -> bool:  # type: ignore[override]
        """Keep a half-closed connection open for the response that is due, then close it."""
        if self.cycle is None or self.cycle.response_complete or self.cycle.more_body:
            return False
        self.cycle.keep_alive = False
        return True
