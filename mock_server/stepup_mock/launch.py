"""Starts a mock as a process of its own and stops it at the end: for demos, benchmarks, chores and tests.

The port is chosen by the system, the keys are made up, and the mock counts as started when its ready file
says where it listens. As a command it runs another command beside a mock, with the mock's address and keys in
the variables that the toolkit reads:

    python -m stepup_mock.launch stepup-mfa contract
"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from stepup_mock.access import new_api_key, new_control_key

_RESTART = "--restart"
_STOP_WITHIN = 10.0
_POLL_SECONDS = 0.005


class MockNotStarted(RuntimeError):
    """The mock ended, or was not ready in time; the text ends with what it wrote on standard error."""


@dataclass(frozen=True, slots=True)
class MockProcess:
    """A running mock, with the keys that open it. ``process`` is the one that was started first.

    ``restart_command`` kills the mock and starts it again with the same options on the same port, as a
    contract run does with its ``--restart-command``.
    """

    base_url: str
    api_key: str = field(repr=False)
    control_key: str = field(repr=False)
    process: "subprocess.Popen[bytes]" = field(repr=False)
    restart_command: tuple[str, ...] = field(repr=False)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead the toolkit's commands and clients to this mock."""
        return {
            "STEPUP_MFA_AUTH_URL": self.base_url,
            "STEPUP_MFA_API_KEY": self.api_key,
            "STEPUP_MFA_CONTROL_URL": self.base_url,
            "STEPUP_MFA_CONTROL_KEY": self.control_key,
        }


@contextlib.contextmanager
def start_mock(
    *options: str | Path,
    api_key: str | None = None,
    control_key: str | None = None,
    log: Path | None = None,
    within: float = 20,
) -> Iterator[MockProcess]:
    """Run ``stepup-mfa mock`` with ``options`` for the length of a ``with`` block.

    Its output is appended to ``log``. Raises MockNotStarted when it is not ready ``within`` seconds.
    """
    api_key, control_key = api_key or new_api_key(), control_key or new_control_key()
    with tempfile.TemporaryDirectory(prefix="stepup-mock-") as name:
        folder = Path(name)
        ready, pid_file, output = folder / "ready", folder / "pid", log or folder / "log"
        # Others on this machine can see keys on a command line; these open nothing but this mock.
        words = ("--api-key", api_key, "--control-key", control_key, *map(str, options))
        process = _spawn(pid_file, output, "--port", "0", *words, "--ready-file", str(ready))
        try:
            url = _wait_until_ready(process, ready, output, within)
            restart = (sys.executable, "-m", "stepup_mock.launch", _RESTART, str(pid_file), str(output))
            again = (*restart, "--port", url.rpartition(":")[2], *words)
            yield MockProcess(url, api_key, control_key, process, again)
        finally:
            _stop(process)
            _kill_other(pid_file, process.pid)


def _spawn(pid_file: Path, log: Path, *options: str) -> "subprocess.Popen[bytes]":
    # The command that users type, by its module: this package imports nothing of the command.
    command = [sys.executable, "-m", "stepup_mfa", "mock", *options]
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
    pid_file.write_text(str(process.pid), encoding="utf-8")
    return process


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Ask a mock to stop, and kill it if it does not."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_STOP_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _kill_other(pid_file: Path, pid: int = 0) -> None:
    """Kill the mock whose process id is in the file, without time to tidy up, unless it is ``pid``."""
    other = int(pid_file.read_text(encoding="utf-8"))
    if other != pid:
        with contextlib.suppress(ProcessLookupError):
            os.kill(other, signal.SIGKILL)


def _wait_until_ready(process: "subprocess.Popen[bytes]", ready: Path, output: Path, within: float) -> str:
    """Return the URL that the mock wrote."""
    deadline = time.monotonic() + within
    while True:
        # The file exists, and is empty, while the mock checks whether it can write it.
        with contextlib.suppress(FileNotFoundError):
            if url := ready.read_text(encoding="utf-8").strip():
                return url
        if process.poll() is not None or time.monotonic() > deadline:
            reason = f"ended with {process.returncode}" if process.returncode is not None else "is not ready"
            text = output.read_text(encoding="utf-8", errors="replace")[-500:].strip()
            raise MockNotStarted(f"the mock did not start: it {reason}\n{text}".strip())
        time.sleep(_POLL_SECONDS)


def main(command: list[str]) -> int:
    """Run a command beside a mock and return its exit code; also the ``restart_command`` of a mock."""
    if command[:1] == [_RESTART]:
        _, pid_file, log, *options = command
        _kill_other(Path(pid_file))
        _spawn(Path(pid_file), Path(log), *options)
        return 0
    if not command:
        print("usage: python -m stepup_mock.launch COMMAND…", file=sys.stderr)
        return 2
    with start_mock() as mock:
        return subprocess.run(command, env=os.environ | mock.environment, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
