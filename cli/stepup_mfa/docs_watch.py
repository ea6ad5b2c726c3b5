"""Runs the site and the mock, and keeps them in step with their source files.

Times and sizes of files are polled twice a second: no library is needed, and it costs next to nothing. A
build that fails changes nothing but the message on the pages.
"""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import stepup_spec
from stepup_generator.errors import SiteError, SpecError
from stepup_generator.site.inputs import SiteInputs
from stepup_mfa.docs_app import DocsApp
from stepup_mock.app import App
from stepup_mock.server import Server

POLL_SECONDS = 0.5
# The document that the mock implements, whatever the site is built from.
OWN = stepup_spec.find(stepup_spec.OPENAPI)
Files = Mapping[str, str | bytes]


class DocsServer(Server):
    """The mock's server with the site in front of it; rebuilds what changes."""

    def __init__(
        self, app: DocsApp, inputs: SiteInputs, new_mock: Callable[[], App], on_ready: Callable[[], None]
    ) -> None:
        super().__init__(app.mock, on_ready)
        self.config.app = app
        self._app = app
        self._inputs = inputs
        self._new_mock = new_mock

    def run_until_stopped(self, listener: socket.socket) -> None:
        """Serve until SIGINT or SIGTERM."""
        self.run_coroutine(self._main(listener))

    async def _main(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stop)
        watcher = asyncio.create_task(self._follow())
        await self.serve(sockets=[listener])
        watcher.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watcher

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.site.close()
        await super().shutdown(sockets)

    async def _follow(self) -> None:
        """Watch for changes while the server runs."""
        seen = _times(self._inputs)
        while True:
            await asyncio.sleep(POLL_SECONDS)
            now = _times(self._inputs)
            changed = {path for path in seen.keys() | now.keys() if seen.get(path) != now.get(path)}
            if changed:
                seen = now
                await self._rebuild(changed)

    async def _rebuild(self, changed: set[Path]) -> None:
        site = self._app.site
        print(f"{', '.join(sorted(path.name for path in changed))} changed.", flush=True)
        try:
            files = await asyncio.to_thread(build, self._inputs)
            if self._inputs.document == OWN and changed & {OWN, OWN.with_name(stepup_spec.CONTROL)}:
                self._restart_mock()
        except Exception as error:  # a template or a guide may raise anything: the old site stays
            problems = reason(error)
            print(
                f"The site could not be built; the old one is kept.\n{problems}", file=sys.stderr, flush=True
            )
            site.report(problems)
        else:
            site.replace(files)
            print("The site is rebuilt.", flush=True)

    def _restart_mock(self) -> None:
        """Replace the mock by one that has read the documents again; it starts with fresh demo users."""
        old, new = self._app.mock, self._new_mock()
        self._app.mock, self.worlds = new, new.worlds
        old.worlds.close()
        print("The mock restarted: users, codes and grants are fresh.", flush=True)


def build(inputs: SiteInputs) -> Files:
    """Read everything and render the site."""
    from stepup_generator.site import render
    from stepup_generator.site.shell import environment

    environment.cache_clear()  # a template may be what changed
    return render(inputs.read())


def reason(error: Exception) -> str:
    """Return what is wrong, with the place of each problem where the error has it."""
    if isinstance(error, SpecError | SiteError):
        return "\n".join(error.lines())
    name, line = getattr(error, "filename", None), getattr(error, "lineno", None)
    place = f"{name}:{line}: " if name and line else ""
    return f"{place}{type(error).__name__}: {error}"


def _times(inputs: SiteInputs) -> dict[Path, tuple[int, int]]:
    """Return when each file was last written, and its size."""
    times = {}
    for path in inputs.files():
        with contextlib.suppress(OSError):
            status = path.stat()
            times[path] = (status.st_mtime_ns, status.st_size)
    return times
