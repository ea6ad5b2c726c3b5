"""The reports: in the form that spec/ says, whole or not at all, and without a secret."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema_rs
import pytest

from stepup_contract.conformance.run import Conformance, Unreached
from stepup_contract.report import Report, write
from stepup_contract.report.as_html import as_html
from stepup_contract.report.as_json import as_json
from stepup_contract.report.as_junit import as_junit
from stepup_contract.report.as_sarif import as_sarif
from stepup_contract.report.last_look import last_look
from stepup_contract.report.terminal import as_text
from stepup_contract.rules import _LOADER
from stepup_contract.run import Results
from stepup_contract.server.operations import OPERATIONS
from stepup_contract.server.redact import Redactor
from stepup_contract.server.target import Target
from stepup_contract.stateful.run import StateMachineResult
from stepup_contract.workflows.run import StepResult, WorkflowResult
from stepup_spec import OPENAPI, REPORT_SCHEMA, find

SCHEMA = jsonschema_rs.validator_for(json.loads(find(REPORT_SCHEMA).read_text("utf-8")))
BUGS = ("code-in-answer", "secret-in-lookup", "suffix-of-seven", "replay", "one-time-reusable", "key-prefix")


@pytest.fixture
def report(other_make: Callable[..., Target], judged: Callable[..., Report]) -> Report:
    """A run on a server with many bugs, conformance included."""
    return judged(other_make(*BUGS), "A1", "E1", "E2", "T3", "S1", "V2", "D3", phases=("examples",))


def test_the_json_report_has_the_form_of_its_schema(report: Report) -> None:
    """A report with every kind of outcome validates, and names the broken rules and their curl lines."""
    document = json.loads(as_json(report))
    SCHEMA.validate(document)
    verdicts = {rule["id"]: rule["outcome"] for rule in document["rules"]}
    assert verdicts == {
        **dict.fromkeys(("A1", "E1", "E2", "T3", "S1", "V2"), "failed"),
        "D3": "not_exercised",
    }
    assert document["summary"]["exit_code"] == 1
    assert all("STEPUP_MFA_API_KEY" in f["curl"] for f in document["findings"] if f["rule"] == "T3")


def test_rules_of_two_digits_are_reported(report: Report) -> None:
    """T10 is a rule as T9 is, in every report, and comes after T2."""
    finding = next(one for one in report.findings if one.rule == "T3")
    report.results.findings[:] = [replace(finding, rule="T10"), replace(finding, rule="T2")]
    document = json.loads(as_json(report))
    SCHEMA.validate(document)
    assert [one["rule"] for one in document["findings"][:2]] == ["T10", "T2"]
    text = as_text(report)
    assert 0 < text.index("  T2  ") < text.index("  T10  ")
    rules = json.loads(as_sarif(report))["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules][:2] == ["T10", "T2"]


def test_no_secret_is_in_any_report(report: Report) -> None:
    """Keys, and what the server leaked of secrets and codes, stand as variables in all forms."""
    for form in (as_json, as_junit, as_text):
        text = form(report)
        assert "other-control" not in text
        # The key in every wrong place that A1 tries: never in the clear.
        assert "Bearer other-key" not in text
        assert "other-ke " not in text
        assert '"debug": "$CODE"' in text.replace("\\", "").replace("&quot;", '"')


def test_the_junit_report_counts_what_the_json_report_counts(report: Report) -> None:
    """A case for each rule, and a failure for each that failed."""
    root = ET.fromstring(as_junit(report))
    cases = [case for case in root.iter("testcase") if case.get("classname", "").startswith("rules.")]
    assert len(cases) == len(report.results.rules)
    assert sum(case.find("failure") is not None for case in cases) == report.count("failed")
    assert sum(case.find("skipped") is not None for case in cases) == report.count("not_exercised")


def test_what_makes_a_run_fail_is_red_in_junit(
    other_make: Callable[..., Target], judged: Callable[..., Report]
) -> None:
    """Every failing finding and every error is told in a failure or an error, and each part of the run has
    its cases: interleavings, workflows, operations, phases and documented statuses.
    """
    # Long, as it lists everything that makes a run fail.
    report = judged(other_make("replay", "wrong-code-401"), "T5", phases=("examples",))
    [problem] = [finding for finding in report.results.findings if finding.rule == "T5"][:1]
    machine = StateMachineResult(True, 1, 2, "", (replace(problem, message="interleaved"),))
    step = StepResult("verifyGrant", "failed", 200)
    workflow = WorkflowResult("w", "failed", (step,), "a reason", (replace(problem, message="a step"),))
    status = replace(
        problem, rule="schema.documented_status", operation="verifyStepUpGrant", expected="429 as documented"
    )
    assert report.conformance is not None
    conformance = replace(
        report.conformance,
        findings=[status, *report.conformance.findings],
        operations=[replace(one, outcome="failed") for one in report.conformance.operations],
        phases={"examples": {"requests": 9, "checks": 90, "failures": 1}},
        unreached=[Unreached("sendSmsMfaCode", 408, "why not")],
    )
    results = replace(report.results, errors=["an error"])
    report = replace(
        report, state_machine=machine, workflows=[workflow], conformance=conformance, results=results
    )
    root = ET.fromstring(as_junit(report))
    red = {
        (case.get("classname"), case.get("name")): f"{child.get('message')} {child.text}"
        for case in root.iter("testcase")
        for child in case
        if child.tag in ("failure", "error")
    }
    shown = "\n".join(red.values())
    assert all(finding.message in shown for finding in [*report.findings, *machine.findings])
    assert {kind for kind, _ in red} == {
        "rules.T", "state_machine", "workflows", "conformance", "phases", "statuses", "run",
    }  # fmt: skip
    assert ("statuses", "verifyStepUpGrant 429") in red
    skipped = {case.get("name"): case.find("skipped") for case in root.iter("testcase")}
    missed = skipped["sendSmsMfaCode 408"]
    assert missed is not None
    assert missed.get("message") == "not exercised: why not"
    for suite in root:
        counted = [int(suite.get(name, "-1")) for name in ("tests", "failures", "errors", "skipped")]
        found = [len(suite.findall(f"testcase{tag}")) for tag in ("", "/failure", "/error", "/skipped")]
        assert counted == found


def test_the_last_look_reaches_every_text(report: Report) -> None:
    """A secret that becomes known at the end is in no form of the report, wherever it was recorded, and ids
    stay as they are.
    """
    late = "late-secret-of-a-server"
    [problem] = report.results.findings[:1]
    leak = replace(problem, message=late, curl=late, got=late, expected=late, sequence=((late, 200),))
    assert report.conformance is not None
    operations = [replace(one, reason=late) for one in report.conformance.operations]
    rules = [replace(one, reason=late) for one in report.results.rules]
    leaking = replace(
        report,
        state_machine=StateMachineResult(True, 1, 2, late, (leak,), (late,)),
        workflows=[WorkflowResult("w", "failed", (StepResult("s", "failed", 200),), late, (leak,))],
        conformance=Conformance(
            {"examples": dict.fromkeys(("requests", "checks", "failures"), 1)},
            operations, [leak], [late], [Unreached("sendSmsMfaCode", 408, late)],
        ),
        results=Results(rules, [leak, *report.results.findings], late, [late]),
        no_conformance=late,
    )  # fmt: skip
    redactor = Redactor()
    redactor.learn(late, "LATE")
    looked = last_look(leaking, redactor)
    for form in (as_json, as_junit, as_text, as_html, as_sarif):
        assert late in form(leaking), form.__name__
        assert late not in form(looked), form.__name__
    assert [one.rule.id for one in looked.results.rules] == [one.rule.id for one in report.results.rules]
    assert looked.responses == report.responses


def test_a_report_is_replaced_whole(tmp_path: Path) -> None:
    """A new report takes the place of the old one and leaves nothing beside it."""
    path = tmp_path / "report.json"
    write(path, "old")
    write(path, "new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_report_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    """Where writing fails, the old report stays and no piece of the new one is left."""
    path = tmp_path / "report.json"
    write(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write(path, "half\ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_operations_are_those_of_the_contract() -> None:
    """The suite's own reading of methods and paths agrees with spec/openapi.yaml."""
    import yaml

    document = yaml.load(find(OPENAPI).read_text("utf-8"), Loader=_LOADER)
    written = {
        (operation["operationId"], method.upper(), path)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in ("get", "post", "put", "delete", "patch")
    }
    assert {(operation.id, operation.method, operation.path) for operation in OPERATIONS} == written
