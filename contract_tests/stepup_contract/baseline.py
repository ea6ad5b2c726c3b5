"""Known findings, each with a reason and a last day: until then they do not fail a run. One that no longer
occurs is reported.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TypeVar

from stepup_contract.conformance.run import OperationResult
from stepup_contract.report import Report
from stepup_contract.run import FAILED, NOT_EXERCISED, OBSERVED, RuleResult
from stepup_contract.scenario.finding import Finding
from stepup_contract.workflows.run import WorkflowResult


class BaselineError(ValueError):
    """The file is not a baseline; the message names the place."""


@dataclass(frozen=True, slots=True)
class Known:
    """One known finding; an empty ``operation`` means any."""

    rule: str
    reason: str
    expires: date
    operation: str = ""

    def covers(self, finding: Finding) -> bool:
        return finding.rule == self.rule and self.operation in ("", finding.operation)


def read_baseline(path: Path) -> list[Known]:
    """Return the ``[[known]]`` tables of a TOML file. Raises BaselineError or OSError."""
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BaselineError(f"{path}: no TOML: {error}") from None
    entries = document.get("known", [])
    if document.keys() - {"known"} or not isinstance(entries, list):
        raise BaselineError(f"{path}: only [[known]] tables are allowed here")
    return [_known(f"{path}: known {number}", entry) for number, entry in enumerate(entries, 1)]


def _known(place: str, entry: object) -> Known:
    fields = {"rule": str, "reason": str, "expires": date, "operation": str}
    if not isinstance(entry, dict) or entry.keys() - fields.keys():
        raise BaselineError(f"{place}: the keys are {', '.join(fields)}")
    for key, kind in fields.items():
        if (key in entry or key != "operation") and (type(entry.get(key)) is not kind or not entry[key]):
            raise BaselineError(
                f"{place}: {key} must be {'a date such as 2030-12-31' if kind is date else 'a string'}"
            )
    return Known(**entry)


def apply(report: Report, known: Sequence[Known], today: date) -> tuple[Report, list[str]]:
    """Return the report in which known findings do not fail, and remarks about the baseline."""
    live = [one for one in known if one.expires >= today]
    notes = [
        f"known finding of {one.rule} expired on {one.expires}: {one.reason}"
        for one in known
        if one not in live
    ]
    failing = [finding for finding in report.findings if finding.fails]
    notes += [
        f"known finding of {one.rule} no longer occurs: remove it from the baseline"
        for one in live
        if _was_judged(one.rule, report) and not any(one.covers(finding) for finding in failing)
    ]
    return _eased(report, live), notes


def _was_judged(rule: str, report: Report) -> bool:
    """Tell whether a run could have seen a finding of a rule, a workflow or the schema."""
    judged = {result.rule.id for result in report.results.rules if result.requests}
    judged |= {f"workflow.{one.id}" for one in report.workflows if one.outcome != NOT_EXERCISED}
    return rule in judged or (rule.startswith("schema.") and report.conformance is not None)


def _eased(report: Report, live: Sequence[Known]) -> Report:
    """Return the report in which the findings that ``live`` covers fail no part of it."""

    def ease(findings: Sequence[Finding]) -> list[Finding]:
        return [
            replace(finding, fails=finding.fails and not any(one.covers(finding) for one in live))
            for finding in findings
        ]

    findings = ease(report.results.findings)
    still = {finding.rule for finding in findings if finding.fails}
    rules = [_judged(result, result.rule.id in still) for result in report.results.rules]
    workflows = [replace(one, findings=tuple(ease(one.findings))) for one in report.workflows]
    conformance = report.conformance
    if conformance is not None:
        found = ease(conformance.findings)
        bad = {finding.operation for finding in found if finding.fails}
        operations = [_judged(one, one.operation in bad) for one in conformance.operations]
        conformance = replace(conformance, findings=found, operations=operations)
    machine = report.state_machine
    return replace(
        report,
        results=replace(report.results, findings=findings, rules=rules),
        state_machine=replace(machine, findings=tuple(ease(machine.findings))),
        workflows=[_judged(one, any(finding.fails for finding in one.findings)) for one in workflows],
        conformance=conformance,
    )


Judged = TypeVar("Judged", RuleResult, WorkflowResult, OperationResult)


def _judged(result: Judged, failing: bool) -> Judged:
    known_only = result.outcome == FAILED and not failing
    return replace(result, outcome=OBSERVED, reason="known finding") if known_only else result
