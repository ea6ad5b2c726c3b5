"""Servers to judge: one of another make with any of its bugs, and the mock server as its users start it."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stepup_contract.report import Report
from stepup_contract.server.target import Target
from stepup_contract.suite import Options, judge

HERE = Path(__file__).parent
Serve = Callable[..., Target]
Contract = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def other_make() -> Iterator[Serve]:
    """Start servers of another make, each with the bugs it is asked for."""
    with _others() as serve:
        yield serve


@pytest.fixture(scope="module")
def other_makes() -> Iterator[Serve]:
    """The same, for servers that the tests of a module share."""
    with _others() as serve:
        yield serve


@contextlib.contextmanager
def _others() -> Iterator[Serve]:
    processes: list[subprocess.Popen[str]] = []

    def serve(*bugs: str, control: bool = True) -> Target:
        command = [
            sys.executable,
            str(HERE / "other_make.py"),
            *(word for bug in bugs for word in ("--bug", bug)),
        ]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        processes.append(process)
        assert process.stdout is not None
        url = f"http://127.0.0.1:{int(process.stdout.readline())}"
        return Target(url, "other-key", url, "other-control") if control else Target(url, "other-key")

    yield serve
    for process in processes:
        # The server ends with its standard input.
        process.communicate(timeout=10)


@pytest.fixture(scope="session")
def mock_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """The mock server, started by its command."""
    ready = tmp_path_factory.mktemp("mock") / "url"
    keys = ["--api-key", "api-key-of-the-tests", "--control-key", "control-key-of-the-tests"]
    command = [sys.executable, "-c", "from stepup_mfa.main import main; raise SystemExit(main())", "mock"]
    process = subprocess.Popen(
        [*command, "--port", "0", "--ready-file", str(ready), *keys],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(400):
            if ready.is_file() and (url := ready.read_text(encoding="utf-8").strip()):
                break
            assert process.poll() is None, "the mock server ended at its start"
            time.sleep(0.05)
        else:
            pytest.fail("the mock server did not start within 20 s")
        yield Target(url, keys[1], url, keys[3])
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def judged() -> Callable[..., Report]:
    """Check a target by some rules, without conformance phases unless some are named."""

    def run(target: Target, *rules: str, phases: tuple[str, ...] = (), seed: int = 1) -> Report:
        return asyncio.run(judge(target, Options(rules=rules, phases=phases, seed=seed, max_examples=10)))

    return run


@pytest.fixture
def contract() -> Contract:
    """Run ``stepup-mfa contract`` with no setting but those given: a target, words, variables."""

    def run(*words: str | Target, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "stepup_mfa", "contract"]
        for word in words:
            command += [word] if isinstance(word, str) else options(word)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("STEPUP_MFA_")}
        return subprocess.run(
            command,
            env={**inherited, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def options(target: Target) -> list[str]:
    """Return the options that name a target."""
    words = ["--url", target.url, "--api-key", target.api_key]
    if target.control_url is not None:
        words += ["--control-url", target.control_url, "--control-key", str(target.control_key)]
    return words


@pytest.fixture
def raw_server() -> Iterator[Callable[[Callable[[socket.socket], None]], str]]:
    """Start servers that do with each connection whatever a function does, and return their URL."""
    listeners: list[socket.socket] = []

    def serve(handle: Callable[[socket.socket], None]) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def talk(connection: socket.socket) -> None:
            with connection, contextlib.suppress(OSError):
                handle(connection)

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=talk, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield serve
    for listener in listeners:
        # Closing alone does not wake a thread that waits in accept.
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
