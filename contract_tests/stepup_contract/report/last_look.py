"""A last look at a report before it is told: what was recorded early is redacted once more, with all secrets
that the run has met by its end.

A server may leak a code before the run reads it in the inbox; at that time nobody could know what it was.
"""

from collections.abc import Sequence
from dataclasses import replace

from stepup_contract.finding import Finding
from stepup_contract.redact import Redactor
from stepup_contract.report import Report
from stepup_contract.run import CheckResult, RuleResult
from stepup_contract.workflows import WorkflowResult


def last_look(report: Report, redactor: Redactor) -> Report:
    """Return the report with every text of a server redacted by all that is known now."""
    look = _Look(redactor.among("\n".join(_texts(report))))
    results = replace(
        report.results,
        findings=look.findings(report.results.findings),
        rules=[look.rule(result) for result in report.results.rules],
        errors=look.all(report.results.errors),
        stopped=look.text(report.results.stopped),
    )
    return replace(report, results=results, workflows=[look.workflow(result) for result in report.workflows])


def _texts(report: Report) -> list[str]:
    """Return every text of the report that a server had a part in."""
    texts = [report.results.stopped, *report.results.errors]
    for finding in report.findings:
        texts += [finding.message, finding.curl, finding.got, *(curl for curl, _ in finding.sequence)]
    for rule in report.results.rules:
        texts.append(rule.reason)
        for check in rule.checks:
            texts += [check.reason, *check.remarks]
    return texts + [workflow.reason for workflow in report.workflows]


class _Look:
    """Redacts the parts of a report, with the few secrets that occur in it."""

    def __init__(self, redactor: Redactor) -> None:
        self.text = redactor.text

    def all(self, texts: Sequence[str]) -> list[str]:
        return [self.text(text) for text in texts]

    def findings(self, findings: Sequence[Finding]) -> list[Finding]:
        return [
            replace(
                finding,
                message=self.text(finding.message),
                curl=self.text(finding.curl),
                got=self.text(finding.got),
                sequence=tuple((self.text(curl), status) for curl, status in finding.sequence),
            )
            for finding in findings
        ]

    def check(self, result: CheckResult) -> CheckResult:
        return replace(
            result,
            findings=tuple(self.findings(result.findings)),
            remarks=tuple(self.all(result.remarks)),
            reason=self.text(result.reason),
        )

    def rule(self, result: RuleResult) -> RuleResult:
        checks = tuple(self.check(check) for check in result.checks)
        return replace(result, checks=checks, reason=self.text(result.reason))

    def workflow(self, result: WorkflowResult) -> WorkflowResult:
        return replace(
            result, findings=tuple(self.findings(result.findings)), reason=self.text(result.reason)
        )
