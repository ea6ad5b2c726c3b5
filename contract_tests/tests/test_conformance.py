"""Conformance: a correct server passes with 200 from every operation, and what is wrong with a message is
named.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from stepup_contract.conformance import PHASES
from stepup_contract.report import Report
from stepup_contract.server.target import Target


def test_a_correct_server_passes_and_returns_200_everywhere(
    mock_server: Target, judged: Callable[..., Report], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All phases run on the mock server without a finding, reach 200 on all operations, and leave no file
    behind.
    """
    monkeypatch.chdir(tmp_path)
    report = judged(mock_server, "E3", phases=PHASES)
    assert report.conformance is not None
    assert [finding.message for finding in report.findings] == []
    assert report.errors == []
    assert all(result.statuses.get("200") for result in report.conformance.operations)
    assert set(report.conformance.phases) == set(PHASES)
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_message_is_a_finding(
    other_make: Callable[..., Target], judged: Callable[..., Report]
) -> None:
    """A response that the schema does not allow is a finding of the schema, with a request to paste."""
    report = judged(other_make("suffix-of-seven", "success-false"), "E3", phases=("examples",))
    found = {(finding.rule, finding.operation): finding for finding in report.findings}
    finding = found["schema.response_schema_conformance", "fetchUserMfaMethods"]
    assert "${STEPUP_MFA_API_KEY}" in finding.curl
    assert ("schema.response_schema_conformance", "verifyStepUpGrant") in found
    assert report.exit_code == 1


def test_without_control_an_operation_without_200_is_not_exercised(
    other_make: Callable[..., Target], judged: Callable[..., Report]
) -> None:
    """Where no user can be created, an operation that never succeeds is not exercised, with the reason."""
    report = judged(other_make(control=False), "E4", phases=("examples",))
    assert report.conformance is not None
    outcomes = {result.operation: result.outcome for result in report.conformance.operations}
    assert set(outcomes.values()) == {"not_exercised"}
    assert all("--control-url" in result.reason for result in report.conformance.operations)


def test_an_operation_that_never_succeeds_is_a_finding(
    other_make: Callable[..., Target], judged: Callable[..., Report]
) -> None:
    """Where users can be created, an operation that never returns 200 is a finding."""
    report = judged(other_make("sends-never"), "E3", phases=("examples",))
    assert ("schema.success_reached", "sendSmsMfaCode") in {(f.rule, f.operation) for f in report.findings}
