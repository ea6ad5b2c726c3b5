"""The checks: a server that keeps the rules passes them all, and each way of breaking one is caught by its
own rule.
"""

from collections.abc import Callable

import pytest

from stepup_contract.checks import all_checks
from stepup_contract.report import Report
from stepup_contract.rules import read_rules
from stepup_contract.server.target import Target

# Restarts need a command: test_restart.py.
CHECKED = [rule for rule in dict.fromkeys(check.rule for check in all_checks()) if rule != "D1"]

# A bug of the other make, and the rule that it breaks.
BUGS = {
    "any-scheme": "A1",
    "key-in-query": "A1",
    "key-prefix": "A1",
    "lookup-before-key": "A1",
    "body-before-key": "A1",
    "acts-before-key": "A1",
    "secret-in-lookup": "E1",
    "suffix-as-number": "E2",
    "suffix-of-seven": "E2",
    "first-phone-only": "E2",
    "no-mfa-404": "E3",
    "no-mfa-empty": "E3",
    "unknown-user-null": "E4",
    "lenient-uuid": "E4",
    "malformed-id-500": "E4",
    "codes-as-numbers": "T1",
    "spent-for-all": "T1",
    "replay": "T3",
    "replay-for-another-action": "T3",
    "replay-in-upper-case": "T3",
    "replay-after-a-while": "T3",
    "only-last-code-spent": "T3",
    "code-of-anyone": "T7",
    "message-to-all-phones": "S1",
    "message-twice": "S1",
    "code-in-answer": "S1",
    "codes-in-sequence": "S1",
    "codes-of-four": "S1",
    "challenge-reusable": "S4",
    "challenge-of-anyone": "S5",
    "any-code-of-the-user": "S5",
    "mismatch-burns-challenge": "S5",
    "success-false": "V1",
    "one-time-reusable": "V2",
    "one-time-twice": "V2",
    "ten-uses": "V3",
    "life-slides": "V3",
    "never-expires": "V4",
    "end-inclusive": "V4",
    "life-at-least-a-minute": "V4",
    "life-at-most-an-hour": "V4",
    "action-folded": "V5",
    "action-stripped": "V5",
    "action-prefix": "V5",
    "action-cut": "V5",
    "grant-of-anyone": "V5",
    "tells-expired": "V7",
    "tells-unknown-user": "V7",
    "no-www-authenticate": "A2",
    "scheme-in-one-case": "A2",
    "wrong-code-401": "A3",
    "permissions-ignored": "A3",
    "environments-mixed": "A4",
    "lookup-counts": "E5",
    "lookup-clears-count": "E5",
    "wide-window": "T2",
    "no-drift": "T2",
    "older-codes-live": "T4",
    "tells-replay": "T5",
    "codes-stripped-after-spending": "T6",
    "no-app-no-user": "T8",
    "acts-before-validation": "T9",
    "phone-of-anyone": "S2",
    "unknown-phone-to-first": "S2",
    "terms-at-verify": "S3",
    "terms-of-the-latest": "S3",
    "life-from-the-send": "S3",
    "long-challenges": "S6",
    "challenges-never-die": "S7",
    "send-clears-count": "S8",
    "no-send-limit": "S9",
    "refused-send-delivers": "S9",
    "mismatch-burns-grant": "V6",
    "short-grants": "V8",
    "grants-in-sequence": "V8",
    "grants-tell": "V8",
    "grants-from-time": "V8",
    "grants-in-any-case": "V8",
    "grants-by-beginning": "V8",
    "mfa-change-keeps-grants": "V9",
    "deleting-keeps-grants": "V9",
    "no-lock": "R1",
    "lock-by-spelling": "R2",
    "lock-by-action": "R2",
    "lock-for-all": "R3",
    "right-code-unlocks": "R3",
    "locked-code-spent": "R3",
    "success-clears-nothing": "R3",
    "no-retry-after": "R4",
    "lock-extends": "R4",
    "invalid-requests-count": "R5",
    "unknown-challenge-counts": "R5",
    "null-action": "I1",
    "one-error-at-a-time": "I1",
    "codes-coerced": "I2",
    "codes-from-arrays": "I2",
    "lives-coerced": "I3",
    "true-is-one": "I3",
    "grant-types-in-any-case": "I3",
    "actions-cut": "I4",
    "actions-in-ascii": "I4",
    "keys-twice": "I5",
    "any-media-type": "I5",
    "trace-in-answer": "I5",
    "created": "H1",
    "camel-case": "H1",
    "same-request-id": "H1",
    "storable": "H2",
    "cors": "H3",
    "redirects-slash": "H3",
    "any-method": "H3",
    "plain-errors": "H4",
    "echoes-code": "Q1",
    "only-successes-noted": "Q3",
    "codes-noted": "Q3",
    "clock-back-revives": "D2",
}
CASES = [*BUGS.items(), *(("races", rule) for rule in ("C1", "C2", "C3"))]


def outcomes(report: Report) -> dict[str, str]:
    """Return the outcome of each rule, with the first finding where there is one."""
    first = {finding.rule: finding.message for finding in reversed(report.findings)}
    return {
        result.rule.id: f"{result.outcome} {first.get(result.rule.id, '')}".strip()
        for result in report.results.rules
    }


def test_a_server_of_another_make_that_keeps_the_rules_passes(
    other_make: Callable[..., Target], judged: Callable[..., Report]
) -> None:
    """Every rule with a check is passed, with evidence, and the server is left without users of the run."""
    report = judged(other_make(), *CHECKED)
    assert outcomes(report) == dict.fromkeys(CHECKED, "passed")
    assert report.errors == []
    assert report.exit_code == 0


def test_the_mock_server_passes(mock_server: Target, judged: Callable[..., Report]) -> None:
    """Every rule with a check is passed by the mock server."""
    report = judged(mock_server, *CHECKED)
    assert outcomes(report) == dict.fromkeys(CHECKED, "passed")
    assert report.exit_code == 0


@pytest.mark.parametrize(("bug", "rule"), CASES)
def test_a_broken_rule_is_named(
    bug: str, rule: str, other_make: Callable[..., Target], judged: Callable[..., Report]
) -> None:
    """A server with one bug fails the rule that the bug breaks, with a request to paste."""
    report = judged(other_make(bug), rule)
    assert outcomes(report)[rule].startswith("failed")
    assert report.exit_code == 1
    findings = [finding for finding in report.findings if finding.rule == rule]
    assert all(finding.curl.startswith("curl ") for finding in findings)


def test_without_control_nothing_is_passed_for_want_of_evidence(
    other_make: Callable[..., Target], judged: Callable[..., Report]
) -> None:
    """Without the control API a rule is passed by evidence or not exercised, with what would enable it."""
    report = judged(other_make(control=False), *CHECKED)
    assert report.exit_code == 0
    for result in report.results.rules:
        if result.requests == 0:
            assert result.outcome == "not_exercised"
            assert "control API" in result.reason
    assert {"A1", "E4", "V7"} <= {r.rule.id for r in report.results.rules if r.outcome == "passed"}


def test_every_check_names_a_rule_of_the_catalogue() -> None:
    """A check judges a rule that exists and says what it tries."""
    assert set(CHECKED) <= set(read_rules())
    assert all(check.summary.endswith((".", "?")) for check in all_checks())


def test_a_rule_that_only_prepares_the_ground_is_named_too(
    other_make: Callable[..., Target], judged: Callable[..., Report]
) -> None:
    """Where grants cannot be had because sends fail, the rule of the send is failed, though it was not asked
    for.
    """
    report = judged(other_make("message-twice"), "V1")
    assert outcomes(report)["S1"].startswith("failed")
