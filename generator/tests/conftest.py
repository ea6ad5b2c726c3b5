"""What the generator's tests share: documents, a generated client, and a server that answers as told."""

import asyncio
import contextvars
import importlib
import importlib.util
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import stepup_spec
from stepup_generator.generate import render
from stepup_generator.openapi.model import Api
from stepup_generator.openapi.read import read
from stepup_generator.write import write

KEY = "canary-key-5f1d0c"


@pytest.fixture(scope="session")
def spec_path() -> Path:
    return stepup_spec.find(stepup_spec.OPENAPI)


@pytest.fixture(scope="session")
def api(spec_path: Path) -> Api:
    return read(spec_path)


@pytest.fixture(scope="session")
def surfaces(spec_path: Path) -> dict[str, dict[str, str]]:
    """The files of every client, by its folder."""
    return {name: dict(client.files) for name, client in render(spec_path).items()}


@pytest.fixture(scope="session")
def client_folder(surfaces: dict[str, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The freshly generated Python client."""
    out = tmp_path_factory.mktemp("generated")
    write(surfaces["python"], out / "python")
    return out / "python"


@pytest.fixture(scope="session")
def package(client_folder: Path) -> Iterator[ModuleType]:
    """The import package of the freshly generated client."""
    sys.path.insert(0, str(client_folder))
    try:
        yield importlib.import_module("stepup_mfa_client")
    finally:
        sys.path.remove(str(client_folder))


@dataclass
class Server:
    """Answers each request with the next of ``answers`` (the last one stays); None drops the connection.

    It reads one request a connection and counts them; ``requests`` holds them as they came.
    """

    url: str
    answers: list[bytes | None] = field(default_factory=list)
    requests: list[bytes] = field(default_factory=list)

    def script(self, *answers: bytes | None) -> None:
        self.answers[:] = answers
        self.requests.clear()

    def handle(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        received = b""
        while b"\r\n\r\n" not in received:
            chunk = connection.recv(65536)
            if not chunk:
                return
            received += chunk
        head, _, body = received.partition(b"\r\n\r\n")
        length = next(
            (
                int(line.split(b":")[1])
                for line in head.lower().split(b"\r\n")
                if line.startswith(b"content-length:")
            ),
            0,
        )
        while len(body) < length:
            body += connection.recv(65536)
        self.requests.append(head + b"\r\n\r\n" + body)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is not None:
            connection.sendall(answer)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    listener = socket.create_server(("127.0.0.1", 0))
    scripted = Server(f"http://127.0.0.1:{listener.getsockname()[1]}")

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                try:
                    scripted.handle(connection)
                except OSError:
                    continue

    thread = threading.Thread(target=serve)
    thread.start()
    yield scripted
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(timeout=5)


@pytest.fixture(scope="session")
def answer() -> Callable[..., bytes]:
    """Builds an HTTP answer from status, body and headers."""

    def build(
        status: int, body: bytes | str = b"", content_type: str = "application/json", **headers: str
    ) -> bytes:
        content = body.encode() if isinstance(body, str) else body
        lines = [f"HTTP/1.1 {status} x", "Connection: close", f"Content-Length: {len(content)}"]
        lines += [f"Content-Type: {content_type}"] if content_type else []
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        return "\r\n".join((*lines, "", "")).encode() + content

    return build


@pytest.fixture(scope="session", params=["sync", "async"])
def client(
    request: pytest.FixtureRequest, package: ModuleType, server: Server
) -> Iterator[Callable[..., Any]]:
    """Calls an operation by name, with the synchronous and with the asynchronous client."""
    if request.param == "sync":
        with package.StepUpMfa(server.url, KEY, timeout=5) as auth:
            yield lambda name, *args, **kwargs: getattr(auth, name)(*args, **kwargs)
        return
    with asyncio.Runner() as runner:
        auth = package.AsyncStepUpMfa(server.url, KEY, timeout=5)
        # In the caller's context, as a task that is started there.
        yield lambda name, *args, **kwargs: runner.run(
            getattr(auth, name)(*args, **kwargs), context=contextvars.copy_context()
        )
        runner.run(auth.aclose())


@pytest.fixture(scope="session")
def pyright() -> Callable[[Path], str]:
    """Runs pyright, with a folder's own settings; skips where it is not installed or has no Node."""
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable]
    found = importlib.util.find_spec("pyright") is not None
    if not found or subprocess.run([*command, "--version"], capture_output=True, check=False).returncode:
        message = "NOT CHECKED: pyright is not installed, or cannot start its Node program"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)

    def check(folder: Path) -> str:
        done = subprocess.run(
            [*command, "--project", str(folder)], capture_output=True, text=True, check=False
        )
        return done.stdout + done.stderr

    return check


@pytest.fixture
def make_spec(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a document."""

    def make(text: str) -> Path:
        path = tmp_path / "openapi.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return make


@pytest.fixture(scope="session")
def mypy_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for every run of mypy, so that the libraries are read once."""
    return tmp_path_factory.mktemp("mypy")
