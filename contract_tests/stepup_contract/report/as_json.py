"""The report as JSON, in the form of spec/report.schema.json."""

import json
from typing import Any

from stepup_contract.report import OUTCOMES, Report
from stepup_contract.run import CheckResult, RuleResult
from stepup_contract.scenario.finding import Finding
from stepup_contract.workflows.run import WorkflowResult


def as_json(report: Report) -> str:
    """Return the report as a JSON text."""
    return json.dumps(document(report), indent=2, ensure_ascii=False) + "\n"


def document(report: Report) -> dict[str, Any]:
    """Return the report as a JSON document."""
    return {
        "version": 2,
        "target": {"url": report.url, "controlled": report.controlled},
        "seed": report.seed,
        "rules": [_rule(rule) for rule in report.results.rules],
        "findings": [_finding(finding) for finding in report.findings],
        "state_machine": _state_machine(report),
        "workflows": [_workflow(workflow) for workflow in report.workflows],
        "conformance": _conformance(report),
        "summary": {
            **{outcome: report.count(outcome) for outcome in OUTCOMES},
            "findings": sum(finding.fails for finding in report.findings),
            "observations": sum(not finding.fails for finding in report.findings),
            "requests": report.requests,
            "seconds": round(report.seconds, 2),
            "errors": report.errors,
            "exit_code": report.exit_code,
        },
    }


def _rule(result: RuleResult) -> dict[str, Any]:
    rule = result.rule
    return {
        "id": rule.id,
        "outcome": result.outcome,
        "requests": result.requests,
        **({"reason": result.reason} if result.reason else {}),
        "class": rule.kind,
        "group": rule.group,
        "sentence": rule.sentence,
        "sources": list(rule.sources),
        "checks": [_check(check) for check in result.checks],
    }


def _check(result: CheckResult) -> dict[str, Any]:
    return {
        "name": result.check.name,
        "summary": result.check.summary,
        "outcome": result.outcome,
        "requests": result.requests,
        "seconds": round(result.seconds, 3),
        **({"reason": result.reason} if result.reason else {}),
        **({"remarks": list(result.remarks)} if result.remarks else {}),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "operation": finding.operation,
        "message": finding.message,
        "curl": finding.curl,
        "expected": finding.expected,
        "got": finding.got,
        "check": finding.check,
        "severity": "failed" if finding.fails else "observed",
        "sequence": [{"curl": curl, "status": status} for curl, status in finding.sequence],
    }


def _state_machine(report: Report) -> dict[str, Any]:
    result = report.state_machine
    return {
        "ran": result.ran,
        "examples": result.examples,
        "steps": result.steps,
        **({"reason": result.reason} if result.reason else {}),
    }


def _workflow(result: WorkflowResult) -> dict[str, Any]:
    return {
        "id": result.id,
        "outcome": result.outcome,
        "steps": [{"id": step.id, "outcome": step.outcome, "status": step.status} for step in result.steps],
        **({"reason": result.reason} if result.reason else {}),
    }


def _conformance(report: Report) -> dict[str, Any]:
    conformance = report.conformance
    if conformance is None:
        return {
            "ran": False,
            "reason": report.no_conformance,
            "phases": {},
            "operations": [],
            "unreached": [],
            "requests": 0,
        }
    return {
        "ran": True,
        "phases": conformance.phases,
        "operations": [
            {
                "operation": result.operation,
                "outcome": result.outcome,
                "requests": result.requests,
                "statuses": result.statuses,
                **({"reason": result.reason} if result.reason else {}),
            }
            for result in conformance.operations
        ],
        "unreached": [
            {"operation": missed.operation, "status": missed.status, "reason": missed.reason}
            for missed in conformance.unreached
        ],
        "requests": conformance.requests,
    }
