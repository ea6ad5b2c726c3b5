"""The command: exit codes, misuse and remedies, as a user of a shell meets them."""

import json
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from stepup_contract.server.target import Target

Contract = Callable[..., subprocess.CompletedProcess[str]]


def test_a_good_server_exits_with_0_and_writes_both_reports(
    contract: Contract, other_make: Callable[..., Target], tmp_path: Path
) -> None:
    """No finding: exit 0, and the reports are where they were asked for."""
    json_file, junit_file = tmp_path / "report.json", tmp_path / "report.xml"
    reports = ["--report-json", str(json_file), "--report-junit", str(junit_file)]
    ran = contract(other_make(), "--rules", "E", "--no-conformance", "--seed", "3", *reports)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "passed: E1 E2 E3 E4" in ran.stdout
    assert json.loads(json_file.read_text())["seed"] == 3
    assert "<testsuites" in junit_file.read_text()


def test_a_broken_server_exits_with_1_and_names_the_rule(
    contract: Contract, other_make: Callable[..., Target]
) -> None:
    """A finding: exit 1, the rule by name, and its request as a curl line without the key."""
    ran = contract(other_make("one-time-reusable"), "--rules", "V2", "--no-conformance")
    assert ran.returncode == 1
    assert "FAILED" in ran.stdout
    assert "V2  verifyStepUpGrant" in ran.stdout
    assert "${STEPUP_MFA_API_KEY}" in ran.stdout
    assert "other-key" not in ran.stdout


def test_the_environment_names_the_target(contract: Contract, other_make: Callable[..., Target]) -> None:
    """URL and keys come from the environment where options are absent; the report is JSON where asked for."""
    target = other_make()
    ran = contract(
        "--rules", "E3", "--no-conformance", "--format", "json",
        STEPUP_MFA_AUTH_URL=target.url, STEPUP_MFA_API_KEY=target.api_key,
        STEPUP_MFA_CONTROL_URL=str(target.control_url), STEPUP_MFA_CONTROL_KEY=str(target.control_key),
    )  # fmt: skip
    assert ran.returncode == 0
    assert [rule["outcome"] for rule in json.loads(ran.stdout)["rules"]] == ["passed"]


def closed_port() -> str:
    """Return a URL where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def test_misuse_is_told_in_two_lines(
    contract: Contract, other_make: Callable[..., Target], tmp_path: Path
) -> None:
    """What cannot be run exits with 2, says what is wrong in one line and what to do in the next."""
    target = other_make()
    good = [
        *("--url", target.url, "--api-key", target.api_key),
        *("--control-url", str(target.control_url), "--control-key", str(target.control_key)),
    ]
    away = ["--control-url", closed_port(), "--control-key", "k"]
    cases = {
        "no connection to": ["--url", closed_port(), "--api-key", "k"],
        "rejected the API key": ["--url", target.url, "--api-key", "wrong"],
        "rejected the control key": [*good, "--control-key", "wrong"],
        "no connection to the control API": [*good[:4], *away],
        "a control URL without a control key": [*good[:4], "--control-url", target.url],
        "a control key without a control URL": [*good[:4], "--control-key", "k"],
        "no server to check": ["--api-key", "k"],
        "no API key": ["--url", target.url],
        "not a plain http or https URL": ["--url", "ftp://x", "--api-key", "k"],
        "no rule or group Z9": [*good, "--rules", "Z9"],
        "no phase nonsense": [*good, "--phases", "nonsense"],
        "its folder does not exist": [*good, "--report-json", str(tmp_path / "none" / "r.json")],
    }
    for problem, words in cases.items():
        ran = contract(*words)
        assert ran.returncode == 2, problem
        assert problem in ran.stderr.splitlines()[0]
        assert len(ran.stderr.splitlines()) <= 2
        assert ran.stdout == ""


def test_other_peoples_users_are_asked_for(contract: Contract, other_make: Callable[..., Target]) -> None:
    """A run that would move the clock of a server with foreign users does nothing until it is told that it
    may.
    """
    target = other_make("lists-a-user")
    ran = contract(target, "--rules", "V4", "--no-conformance")
    assert ran.returncode == 2
    assert "--exclusive" in ran.stderr
    assert contract(target, "--rules", "V4", "--no-conformance", "--exclusive").returncode == 0
    # A rule whose checks leave clock and limits alone needs no permission.
    assert contract(target, "--rules", "E1", "--no-conformance").returncode == 0


def test_a_server_that_dies_is_reported_as_far_as_it_came(
    contract: Contract, other_make: Callable[..., Target], tmp_path: Path
) -> None:
    """A server that ends halfway stops the run with exit 2, and what was learnt until then is in
    the report.
    """
    path = tmp_path / "report.json"
    ran = contract(other_make("dies-after-300"), "--no-conformance", "--report-json", str(path))
    assert ran.returncode == 2
    assert "no longer responds" in ran.stdout
    document = json.loads(path.read_text())
    assert document["summary"]["exit_code"] == 2
    assert {rule["outcome"] for rule in document["rules"]} >= {"not_exercised"}


@pytest.mark.parametrize("option", ["--help"])
def test_help_needs_no_extra(contract: Contract, option: str) -> None:
    """The options are told without loading what only a run needs."""
    ran = contract(option)
    assert ran.returncode == 0
    assert "--control-url" in ran.stdout
