"""Runs samples against a server that returns the document's examples, and captures what they print.

The server knows nothing of the API: it returns the responses of a run in their order, whatever is asked.
"""

import difflib
import json
import os
import subprocess
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from sample_server import PATIENCE
from sample_toolchains import Toolchain

from stepup_generator.languages import Target
from stepup_generator.openapi.model import plain
from stepup_generator.samples import Exchange, Program
from stepup_generator.samples.goldens import Golden, capture, laid_out

__all__ = ["ExampleServer", "captured", "differences", "running_examples"]


_HINT = "if it is as it should be: nox -s samples -- --update"


class ExampleServer(ThreadingHTTPServer):
    """Returns scripted responses one after the other; to a request too many, 500."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script: list[Exchange] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def running_examples() -> Iterator[ExampleServer]:
    """An example server at a free port, for as long as the block lasts."""
    with ExampleServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ExampleServer

    def _respond(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        script = self.server.script
        item = script.pop(0) if script else Exchange(500, "", None)
        # Laid out, since curl prints what it receives.
        text = json.dumps(plain(item.body.value), indent=2, ensure_ascii=False) if item.body else ""
        self.send_response(item.status)
        if item.media_type:
            self.send_header("Content-Type", item.media_type)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    do_DELETE = do_GET = do_PATCH = do_POST = do_PUT = _respond

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the output of the runner is its own."""


def captured(
    target: Target, toolchain: Toolchain, programs: Mapping[str, Program], server: ExampleServer
) -> Iterator[tuple[str, Golden]]:
    """Format, build and run the programs of one language. Raises BuildError, ToolError, LookupError."""
    sources = laid_out(target.formatter, programs)
    commands = toolchain.build({f"{name}.{target.language.id}": text for name, text in sources.items()})
    for name, program in programs.items():
        command = commands[f"{name}.{target.language.id}"]
        printed = [_printed(name, command, run, server) for run in program.runs]
        yield name, capture(program, sources[name], printed)


def differences(stored: Mapping[str, Golden], found: Mapping[str, Golden]) -> dict[str, str]:
    """How the goldens of a language differ from what its samples print, by the names of samples."""
    problems = {name: "a golden of a sample that does not exist" for name in stored if name not in found}
    for name, golden in found.items():
        if name not in stored:
            problems[name] = f"it has no golden; {_HINT}"
        elif stored[name] != golden:
            problems[name] = f"{_difference(stored[name], golden)}\n{_HINT}"
    return problems


def _difference(stored: Golden, found: Golden) -> str:
    if stored.digest != found.digest:
        return "its golden is of another program or of other examples"
    if stored.program != found.program:
        return "its golden is formatted differently"
    pairs = zip(stored.output, found.output, strict=True)
    shown, printed = next(pair for pair in pairs if pair[0] != pair[1])
    lines = difflib.unified_diff(shown.split("\n"), printed.split("\n"), "golden", "printed", lineterm="")
    return "\n".join(lines)


def _printed(name: str, command: list[str], run: Iterable[Exchange], server: ExampleServer) -> str:
    exchanges = list(run)
    server.script = list(exchanges)
    typed = "".join(f"{text}\n" for item in exchanges for _, text in item.typed)
    environment = {"STEPUP_MFA_AUTH_URL": server.url, "STEPUP_MFA_API_KEY": "key", "NO_COLOR": "1"}
    done = subprocess.run(
        command, input=typed, env={**os.environ, **environment}, capture_output=True, encoding="utf-8",
        timeout=PATIENCE, check=False,
    )  # fmt: skip
    if done.returncode != 0 or server.script:
        left = f", {len(server.script)} requests were not made" if server.script else ""
        raise LookupError(f"{name} ended with exit code {done.returncode}{left}\n{done.stderr.strip()}")
    return done.stdout
