"""Rules that need more than HTTP: a server that is restarted, and what it logs."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from stepup_contract.report import Report
from stepup_contract.server.target import Target

# Kills the mock server that it started before, if any, and starts it on the same state.
RESTART = """
import os, pathlib, signal, subprocess, sys
pid = pathlib.Path("pid")
if pid.exists():
    os.kill(int(pid.read_text()), signal.SIGKILL)
log = open("log", "ab")
command = [sys.executable, "-c", "from stepup_mfa.main import main; raise SystemExit(main())", "mock"]
process = subprocess.Popen([*command, *sys.argv[1:]], stdout=log, stderr=log, start_new_session=True)
pid.write_text(str(process.pid))
"""
Restartable = Callable[..., Target]


@pytest.fixture
def restartable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Restartable]:
    """Start a mock server with state in a file, and a target that can restart it and read its log."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "restart.py").write_text(RESTART)

    def serve(*options: str) -> Target:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = str(probe.getsockname()[1])
        keys = ("--api-key", "api-key-of-the-tests", "--control-key", "control-key-of-the-tests")
        command = (sys.executable, str(tmp_path / "restart.py"), "--port", port, *keys, *options)
        subprocess.run(command, check=True)
        url = f"http://127.0.0.1:{port}"
        for _ in range(200):
            try:
                httpx.get(url, timeout=1)
                break
            except httpx.TransportError:
                time.sleep(0.05)
        return Target(url, keys[1], url, keys[3], restart_command=command, log_file=tmp_path / "log")

    yield serve
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


def outcome(report: Report, rule: str) -> str:
    """Return the outcome of one rule."""
    return next(result.outcome for result in report.results.rules if result.rule.id == rule)


def test_state_that_survives_passes(restartable: Restartable, judged: Callable[..., Report]) -> None:
    """A server that keeps its state over a kill, and logs no secret, passes."""
    report = judged(restartable("--state", "state.db"), "D1", "Q1")
    assert (outcome(report, "D1"), outcome(report, "Q1")) == ("passed", "passed")


@pytest.mark.parametrize(
    "fault", ["d1-spent-steps-in-memory", "d1-used-grants-in-memory", "d1-locks-in-memory"]
)
def test_what_a_restart_revives_is_found(
    fault: str, restartable: Restartable, judged: Callable[..., Report]
) -> None:
    """A server that forgets at a restart what was used or locked fails D1."""
    assert outcome(judged(restartable("--state", "state.db", "--fault", fault), "D1"), "D1") == "failed"


def test_a_secret_in_the_log_is_found(restartable: Restartable, judged: Callable[..., Report]) -> None:
    """A server that logs request bodies fails Q1."""
    assert outcome(judged(restartable("--fault", "q1-body-in-log"), "Q1"), "Q1") == "failed"


def test_a_server_without_state_is_not_judged_by_restarts(
    restartable: Restartable, judged: Callable[..., Report]
) -> None:
    """Where a restart forgets the users too, the rule is not exercised, and the reason says so."""
    report = judged(restartable(), "D1")
    result = report.results.rules[0]
    assert result.outcome == "not_exercised"
    assert "keeps no state" in result.reason
