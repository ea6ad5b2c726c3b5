"""The report for a person at a terminal: progress while it runs, then a verdict for each group and every
finding.
"""

import sys
from itertools import groupby
from typing import TextIO

from stepup_contract.report import Report
from stepup_contract.rules import natural
from stepup_contract.run import FAILED, NOT_EXERCISED, OBSERVED, PASSED, CheckResult, RuleResult
from stepup_contract.scenario.finding import Finding

_WORDS = {PASSED: "passed", FAILED: "FAILED", OBSERVED: "observed", NOT_EXERCISED: "not exercised"}
# The first findings of a rule are enough here; all of them are in the JSON report.
_SHOWN = 3


class Progress:
    """One line that is written over and over, and only where somebody looks at it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._on = stream.isatty()

    def check(self, result: CheckResult, done: int, planned: int) -> None:
        """Show that a check is done."""
        self._show(f"checks {done}/{planned}  {result.check.rule} {result.check.name}")

    def phase(self, phase: str, requests: int) -> None:
        """Show how far the conformance phases are."""
        self._show(f"conformance: {phase}, {requests} requests")

    def clear(self) -> None:
        """Remove the line."""
        self._show("")

    def _show(self, text: str) -> None:
        if self._on:
            self._stream.write(f"\r\x1b[K{text[:100]}")
            self._stream.flush()


def as_text(report: Report) -> str:
    """Return the report as text for a terminal."""
    lines = [f"{report.url}  (seed {report.seed})", ""]
    for title, results in groupby(
        report.results.rules, key=lambda result: f"{result.rule.group}  {result.rule.title}"
    ):
        lines += _group(title, list(results))
    lines += _state_machine(report)
    lines += _workflows(report)
    lines += _conformance(report)
    lines += _findings([finding for finding in report.findings if finding.fails], "Findings")
    lines += _findings([finding for finding in report.findings if not finding.fails], "Observed")
    lines += _not_exercised(report)
    lines += [f"Error: {error}" for error in report.errors]
    counts = ", ".join(f"{report.count(outcome)} {word.lower()}" for outcome, word in _WORDS.items())
    failing = sum(finding.fails for finding in report.findings)
    lines.append(
        f"{len(report.results.rules)} rules: {counts}. {failing} findings. "
        f"{report.requests} requests in {report.seconds:.1f} s."
    )
    return "\n".join(lines) + "\n"


def _group(title: str, results: list[RuleResult]) -> list[str]:
    worst = next(
        (outcome for outcome in (FAILED, OBSERVED, PASSED) if any(r.outcome == outcome for r in results)),
        NOT_EXERCISED,
    )
    told = "  ".join(
        f"{word.lower()}: {' '.join(ids)}"
        for outcome, word in _WORDS.items()
        if (ids := [result.rule.id for result in results if result.outcome == outcome])
    )
    requests = sum(result.requests for result in results)
    return [f"{_WORDS[worst]:<14}{title}", f"{'':14}{told}  ({requests} responses as evidence)"]


def _state_machine(report: Report) -> list[str]:
    result = report.state_machine
    if not result.ran:
        return []
    return [
        "",
        "Random interleavings against a reference model",
        f"{_WORDS[result.outcome]:<14}{result.steps} steps in {result.examples} sequences"
        + (f"; {result.reason}" if result.reason else ""),
    ]


def _workflows(report: Report) -> list[str]:
    lines = ["", "Workflows"] if report.workflows else []
    for workflow in report.workflows:
        done = sum(step.outcome == PASSED for step in workflow.steps)
        lines.append(f"{_WORDS[workflow.outcome]:<14}{workflow.id}: {done} of {len(workflow.steps)} steps")
    return lines


def _conformance(report: Report) -> list[str]:
    if report.conformance is None:
        return [""]
    lines = ["", "Conformance to the schema (schemathesis)"]
    for result in report.conformance.operations:
        statuses = "  ".join(f"{status}: {count}" for status, count in result.statuses.items())
        lines.append(f"{_WORDS[result.outcome]:<14}{result.operation:<26}{statuses}")
    return [*lines, ""]


def _findings(findings: list[Finding], heading: str) -> list[str]:
    lines: list[str] = []
    for rule, found in groupby(sorted(findings, key=lambda f: natural(f.rule)), lambda f: f.rule):
        of_rule = list(found)
        for finding in of_rule[:_SHOWN]:
            lines.append(f"  {rule}  {finding.operation}: {finding.message}")
            if finding.curl:
                lines.append(f"      {finding.curl}")
        if len(of_rule) > _SHOWN:
            lines.append(f"  {rule}  and {len(of_rule) - _SHOWN} more; --report-json FILE has them all")
    return [heading, *lines, ""] if lines else []


def _not_exercised(report: Report) -> list[str]:
    reasons: dict[str, list[str]] = {}
    for result in report.results.rules:
        if result.outcome == NOT_EXERCISED:
            reasons.setdefault(result.reason, []).append(result.rule.id)
    lines = [f"  {' '.join(ids)}: {reason}" for reason, ids in reasons.items()]
    if not report.state_machine.ran:
        lines.append(f"  random interleavings: {report.state_machine.reason}")
    lines += [
        f"  {workflow.id}: {workflow.reason}"
        for workflow in report.workflows
        if workflow.outcome == NOT_EXERCISED
    ]
    if report.conformance is not None:
        lines += [
            f"  {result.operation}: {result.reason}"
            for result in report.conformance.operations
            if result.outcome == NOT_EXERCISED
        ]
        lines += [
            f"  {missed.operation} {missed.status}: {missed.reason}"
            for missed in report.conformance.unreached
        ]
    return ["Not exercised", *lines, ""] if lines else []


def progress() -> Progress:
    """Return progress on standard error."""
    return Progress(sys.stderr)
