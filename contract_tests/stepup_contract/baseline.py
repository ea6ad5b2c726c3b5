"""Known findings, each with a reason and a last day: until then they do not fail a run. One that is gone
is told.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from stepup_contract.finding import Finding
from stepup_contract.report import Report
from stepup_contract.run import FAILED, OBSERVED, RuleResult


class BaselineError(ValueError):
    """The file is no baseline; the message names the place."""


@dataclass(frozen=True, slots=True)
class Known:
    """One known finding; no ``operation`` stands for any."""

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
        raise BaselineError(f"{path}: only [[known]] tables may stand there")
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
    """Return the report in which known findings do not fail, and what there is to say about the baseline."""
    live = [one for one in known if one.expires >= today]
    notes = [
        f"known finding of {one.rule} expired on {one.expires}: {one.reason}"
        for one in known
        if one not in live
    ]
    failing = [finding for finding in report.findings if finding.fails]
    notes += [
        f"known finding of {one.rule} was not seen any more: take it out of the baseline"
        for one in live
        if not any(one.covers(finding) for finding in failing)
    ]

    def eased(findings: Sequence[Finding]) -> list[Finding]:
        return [
            replace(finding, fails=finding.fails and not any(one.covers(finding) for one in live))
            for finding in findings
        ]

    findings = eased(report.results.findings)
    still = {finding.rule for finding in findings if finding.fails}

    def judged(result: RuleResult) -> RuleResult:
        known_only = result.outcome == FAILED and result.rule.id not in still
        return replace(result, outcome=OBSERVED, reason="known finding") if known_only else result

    results = replace(
        report.results, findings=findings, rules=[judged(result) for result in report.results.rules]
    )
    workflows = [replace(one, findings=tuple(eased(one.findings))) for one in report.workflows]
    conformance = report.conformance
    if conformance is not None:
        conformance = replace(conformance, findings=eased(conformance.findings))
    return replace(report, results=results, workflows=workflows, conformance=conformance), notes
