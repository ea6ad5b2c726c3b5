"""Random interleavings: servers that keep the rules pass, and a broken rule is found in few requests."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from stepup_contract.report.as_json import as_json
from stepup_contract.report.terminal import as_text
from stepup_contract.server.connect import connect
from stepup_contract.server.target import Target
from stepup_contract.stateful.run import EXAMPLES, StateMachineResult, play
from stepup_contract.suite import Options, judge


@pytest.fixture
def played() -> Callable[..., StateMachineResult]:
    """Play interleavings on a target."""

    def run(target: Target, seed: int = 1, examples: int = EXAMPLES) -> StateMachineResult:
        async def work() -> StateMachineResult:
            async with connect(target) as server:
                before = await server.the_control().limits() if server.control else {}
                result = await play(server, seed, examples=examples)
                if server.control:
                    assert await server.the_control().limits() == before
                    assert abs(await server.the_control().clock() - time.time()) < 5
                return result

        return asyncio.run(work())

    return run


@pytest.fixture
def quiet_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Path]:
    """Work in an empty folder, and see at the end that nothing was printed."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    assert capsys.readouterr() == ("", "")


@contextmanager
def switched_on(target: Target, *faults: str) -> Iterator[None]:
    """Switch on faults of the mock server, and off again."""
    url = f"{target.control_url}/__control__/faults"
    headers = {"Authorization": f"Bearer {target.control_key}"}
    assert httpx.put(url, json={"enabled": faults}, headers=headers).status_code == 200
    try:
        yield
    finally:
        httpx.put(url, json={"enabled": []}, headers=headers)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_mock_server_passes(
    seed: int, mock_server: Target, played: Callable[..., StateMachineResult], quiet_folder: Path
) -> None:
    """No sequence diverges, clock and limits are restored, no file is left behind and nothing is printed."""
    result = played(mock_server, seed)
    assert (result.findings, result.reason, result.errors) == ((), "", ())
    assert result.ran
    assert result.examples >= 80
    assert result.steps > 500
    assert list(quiet_folder.iterdir()) == []


def test_a_server_of_another_make_passes(
    other_make: Callable[..., Target], played: Callable[..., StateMachineResult]
) -> None:
    """The model agrees with a server that shares no code with the mock."""
    result = played(other_make())
    assert (result.findings, result.reason, result.errors) == ((), "", ())


@pytest.mark.parametrize(
    ("fault", "rule", "requests"),
    [
        # As few requests as possible, and two more: shrinking has little time on a busy machine.
        ("v2-reusable-grant", "V2", 6),
        ("t3-replay", "T3", 5),
        ("s4-challenge-reusable", "S4", 6),
        ("v5-any-action", "V5", 5),
        ("r1-no-lock", "R1", 7),
    ],
)
def test_a_broken_rule_is_named(
    fault: str, rule: str, requests: int, mock_server: Target, played: Callable[..., StateMachineResult]
) -> None:
    """A fault is found, attributed to its rule, and reported with few requests that can be pasted."""
    with switched_on(mock_server, fault):
        result = played(mock_server, 2)
    (finding,) = result.findings
    assert finding.rule == rule
    assert len(finding.sequence) <= requests
    assert finding.sequence[-1][0] == finding.curl
    assert all(curl.startswith("curl ") for curl, _ in finding.sequence)
    assert "api-key-of-the-tests" not in repr(finding)
    assert "control-key-of-the-tests" not in repr(finding)


def test_the_same_seed_plays_the_same_sequences(
    mock_server: Target, played: Callable[..., StateMachineResult]
) -> None:
    """A seed decides examples and steps."""
    assert played(mock_server, 7, 25) == played(mock_server, 7, 25)


def test_without_control_nothing_is_played(
    other_make: Callable[..., Target], played: Callable[..., StateMachineResult]
) -> None:
    """Where the clock cannot be moved the reason says what would allow it."""
    result = played(other_make(control=False))
    assert not result.ran
    assert "--control-url" in result.reason


def test_the_report_has_the_divergence(other_make: Callable[..., Target]) -> None:
    """A divergence fails its rule in the report, though the rule was not selected."""
    options = Options(rules=("E3",), phases=(), seed=2, state_machine=True)
    report = asyncio.run(judge(other_make("one-time-reusable"), options))
    document = json.loads(as_json(report))
    assert document["state_machine"]["ran"] is True
    assert {rule["id"]: rule["outcome"] for rule in document["rules"]} == {"E3": "passed", "V2": "failed"}
    assert [finding["check"] for finding in document["findings"]] == ["state_machine"]
    assert "Random interleavings" in as_text(report)
    assert report.exit_code == 1


def test_the_command_can_leave_it_out(other_make: Callable[..., Target]) -> None:
    """With ``--no-state-machine`` the report says that it was left out."""
    target = other_make()
    command = [sys.executable, "-c", "from stepup_mfa.main import main; raise SystemExit(main())", "contract"]
    words = ["--url", target.url, "--api-key", target.api_key, "--format", "json", "--rules", "E3"]
    ran = subprocess.run(
        [*command, *words, "--no-conformance", "--no-state-machine", "--no-workflows"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert json.loads(ran.stdout)["state_machine"]["reason"] == "skipped by request"
