"""The report as JUnit XML: a suite for each group of rules with a case for each rule, and suites for all
else that a run checks. Whatever makes a run fail is a failure or an error here.
"""

import re
from collections.abc import Iterable
from itertools import groupby
from xml.etree import ElementTree as ET

from stepup_contract.conformance.documented_responses import documented
from stepup_contract.conformance.documented_statuses import DOCUMENTED_STATUS
from stepup_contract.conformance.run import Conformance
from stepup_contract.report import Report
from stepup_contract.run import FAILED, NOT_EXERCISED, PASSED, RuleResult
from stepup_contract.scenario.finding import Finding

# XML 1.0 section 2.2: what no document may hold, not even escaped.
_UNREPRESENTABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_junit(report: Report) -> str:
    """Return the report as XML text."""
    root = ET.Element("testsuites", name="stepup-mfa contract", time=f"{report.seconds:.2f}")
    for title, results in groupby(
        report.results.rules, key=lambda result: f"{result.rule.group} {result.rule.title}"
    ):
        suite = _suite(root, title)
        for result in results:
            _rule(suite, result, [f for f in report.findings if f.rule == result.rule.id])
    machine = report.state_machine
    case = _case(_suite(root, "Random interleavings"), "state_machine", "sequences against a reference model")
    _verdict(case, machine.outcome, machine.reason, machine.findings)
    if report.workflows:
        suite = _suite(root, "Workflows")
        for workflow in report.workflows:
            case = _case(suite, "workflows", workflow.id)
            _verdict(case, workflow.outcome, workflow.reason, workflow.findings)
    if report.conformance is not None:
        _conformance(root, report, report.conformance)
    if report.errors:
        suite = _suite(root, "Run")
        for error in report.errors:
            ET.SubElement(_case(suite, "run", "error"), "error", message=_text(error))
    for suite in root:
        suite.set("tests", str(len(suite)))
        for tag in ("failure", "skipped", "error"):
            suite.set(f"{tag}s" if tag != "skipped" else tag, str(len(suite.findall(f"testcase/{tag}"))))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(root: ET.Element, name: str) -> ET.Element:
    return ET.SubElement(root, "testsuite", name=_text(name))


def _case(suite: ET.Element, kind: str, name: str) -> ET.Element:
    return ET.SubElement(suite, "testcase", classname=kind, name=_text(name))


def _conformance(root: ET.Element, report: Report, conformance: Conformance) -> None:
    """Add a case for each operation, for each phase and for each documented status."""
    suite = _suite(root, "Conformance")
    for operation in conformance.operations:
        found = [f for f in conformance.findings if f.operation == operation.operation]
        case = _case(suite, "conformance", operation.operation)
        _verdict(case, operation.outcome, operation.reason, found)
    for phase, numbers in conformance.phases.items():
        failed = numbers["failures"] if any(finding.fails for finding in conformance.findings) else 0
        outcome = FAILED if failed else PASSED if numbers["requests"] else NOT_EXERCISED
        told = f"{failed} of {numbers['checks']} checks failed: see the operations"
        _verdict(_case(suite, "phases", phase), outcome, told if failed else "nothing was sent", ())
    suite = _suite(root, "Documented statuses")
    reasons = {(missed.operation, missed.status): missed.reason for missed in conformance.unreached}
    for operation_id, status in documented():
        found = [
            finding
            for finding in conformance.findings
            if (finding.rule, finding.operation) == (DOCUMENTED_STATUS, operation_id)
            and finding.expected.startswith(f"{status} ")
        ]
        came = report.responses.get((operation_id, status), 0)
        reason = reasons.get((operation_id, status), "was not provoked")
        failed = any(finding.fails for finding in found)
        outcome = FAILED if failed else PASSED if came else NOT_EXERCISED
        _verdict(_case(suite, "statuses", f"{operation_id} {status}"), outcome, reason, found)


def _rule(suite: ET.Element, result: RuleResult, findings: list[Finding]) -> None:
    rule = result.rule
    seconds = sum(check.seconds for check in result.checks)
    case = ET.SubElement(
        suite, "testcase", classname=f"rules.{rule.group}", name=f"{rule.id} {_text(rule.sentence)}"
    )
    case.set("time", f"{seconds:.3f}")
    _verdict(case, result.outcome, result.reason, findings)


def _verdict(case: ET.Element, outcome: str, reason: str, findings: Iterable[Finding]) -> None:
    if outcome == NOT_EXERCISED:
        ET.SubElement(case, "skipped", message=_text(f"not exercised: {reason}"))
    told = [f"{finding.message}\n{finding.curl}".strip() for finding in findings]
    if outcome == FAILED:
        failure = ET.SubElement(case, "failure", message=_text(told[0].split("\n")[0] if told else reason))
        failure.text = _text("\n\n".join(told))
    elif told:
        ET.SubElement(case, "system-out").text = _text("\n\n".join(told))


def _text(text: str) -> str:
    return _UNREPRESENTABLE.sub("\ufffd", text)
