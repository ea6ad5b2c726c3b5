"""The report as SARIF 2.1.0, for code scanning services: a rule for each that was broken, a result for each
finding.

What a black-box run found has no line of source; a result points at the operation in the contract instead.
"""

import hashlib
import json
from typing import Any

from stepup_contract.report import Report
from stepup_contract.scenario.finding import Finding

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_DOCUMENT = "spec/openapi.yaml"


def as_sarif(report: Report) -> str:
    """Return the report as a SARIF log with one run."""
    sentences = {result.rule.id: result.rule.sentence for result in report.results.rules}
    broken = list(dict.fromkeys(finding.rule for finding in report.findings))
    run = {
        "tool": {
            "driver": {
                "name": "stepup-mfa contract",
                "rules": [_rule(rule, sentences.get(rule)) for rule in broken],
            }
        },
        "results": [_result(finding, broken.index(finding.rule)) for finding in report.findings],
        "invocations": [
            {
                # SARIF 2.1.0 section 3.20.14: false where the tool could not do its work, findings or none.
                "executionSuccessful": not report.errors and report.exit_code != 2,
                "exitCode": report.exit_code,
                "toolExecutionNotifications": [
                    {"level": "error", "message": {"text": error}} for error in report.errors
                ],
            }
        ],
        "properties": {
            "target": report.url,
            "seed": report.seed,
            "notExercised": {
                result.rule.id: result.reason
                for result in report.results.rules
                if result.outcome == "not_exercised"
            },
        },
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _rule(rule: str, sentence: str | None) -> dict[str, Any]:
    told = sentence or f"The messages keep the contract: {rule.partition('.')[2].replace('_', ' ') or rule}."
    return {"id": rule, "shortDescription": {"text": told}}


def _result(finding: Finding, index: int) -> dict[str, Any]:
    # The same promise, broken at the same place in the same way, is the same result in the next run.
    identity = "\n".join((finding.rule, finding.operation, finding.check, finding.expected))
    return {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": "error" if finding.fails else "note",
        "message": {"text": finding.message},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": _DOCUMENT}},
                "logicalLocations": [{"name": finding.operation, "kind": "function"}],
            }
        ],
        "partialFingerprints": {"promise/v1": hashlib.sha256(identity.encode()).hexdigest()},
        "properties": {
            "check": finding.check,
            "expected": finding.expected,
            "got": finding.got,
            "curl": finding.curl,
            "sequence": [{"curl": curl, "status": status} for curl, status in finding.sequence],
        },
    }
