"""The workflows of the contract, run as they are written; and documents that the interpreter rejects."""

import asyncio
import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from stepup_contract.report import Report
from stepup_contract.report.as_json import as_json
from stepup_contract.report.as_junit import as_junit
from stepup_contract.report.terminal import as_text
from stepup_contract.server.connect import connect
from stepup_contract.server.operations import OPERATIONS
from stepup_contract.server.target import Exchange, Request, Target
from stepup_contract.suite import Options, judge
from stepup_contract.workflows.arazzo import Context, Unsupported, holds, read
from stepup_contract.workflows.run import WorkflowResult, run_workflows
from stepup_spec import REPORT_SCHEMA, WORKFLOWS, find

IDS = ["totpOneTime", "totpTimeBased", "smsOneTime", "smsTimeBased"]
PATHS = {operation.id: operation.path for operation in OPERATIONS}
DOCUMENT = yaml.safe_load(find(WORKFLOWS).read_text("utf-8"))
SCHEMA = jsonschema_rs.validator_for(json.loads(find(REPORT_SCHEMA).read_text("utf-8")))


@pytest.fixture
def judged_with_workflows() -> Callable[[Target], Report]:
    """Check a target by one quick rule and by the workflows."""

    def run(target: Target) -> Report:
        return asyncio.run(judge(target, Options(rules=("E3",), phases=(), workflows=True, seed=1)))

    return run


def outcomes(report: Report) -> dict[str, str]:
    """Return the outcome of each workflow, and see that the JSON report has the form of its schema."""
    document = json.loads(as_json(report))
    SCHEMA.validate(document)
    return {workflow["id"]: workflow["outcome"] for workflow in document["workflows"]}


def test_every_workflow_leads_where_it_says(
    mock_server: Target, other_make: Callable[..., Target], judged_with_workflows: Callable[[Target], Report]
) -> None:
    """On the mock and on a server of another make every step of all four workflows passes."""
    for target in (mock_server, other_make()):
        report = judged_with_workflows(target)
        assert outcomes(report) == dict.fromkeys(IDS, "passed"), as_text(report)
        assert report.exit_code == 0
        assert all(step.outcome == "passed" for workflow in report.workflows for step in workflow.steps)
        assert "totpOneTime: 4 of 4 steps" in as_text(report)


def test_a_broken_workflow_names_step_criterion_and_response(
    other_make: Callable[..., Target], judged_with_workflows: Callable[[Target], Report]
) -> None:
    """A one-time grant that verifies twice fails the last step of both one-time workflows alone."""
    report = judged_with_workflows(other_make("one-time-reusable"))
    assert outcomes(report) == dict(zip(IDS, ["failed", "passed", "failed", "passed"], strict=True))
    assert report.exit_code == 1
    finding = next(found for found in report.findings if found.rule == "workflow.smsOneTime")
    assert (finding.operation, finding.check) == ("verifyStepUpGrant", "verifySpentGrant")
    assert "step verifySpentGrant: expected $statusCode == 400, got 200" in finding.message
    assert '"${GRANT}"' in finding.curl
    assert "other-key" not in as_json(report) + as_text(report) + as_junit(report)
    assert [status for _, status in finding.sequence][-2:] == [200, 200]
    assert len(finding.sequence) == 6  # the user, and five steps


def test_without_control_the_workflows_are_not_exercised(
    other_make: Callable[..., Target], judged_with_workflows: Callable[[Target], Report]
) -> None:
    """No users can be created, so nothing is sent and each workflow says what it needs."""
    report = judged_with_workflows(other_make(control=False))
    assert outcomes(report) == dict.fromkeys(IDS, "not_exercised")
    assert all("--control-url" in workflow.reason for workflow in report.workflows)
    assert "totpOneTime: needs users with known secrets" in as_text(report)


def test_left_out_workflows_leave_no_trace(
    other_make: Callable[..., Target], judged: Callable[..., Report]
) -> None:
    """A run without workflows reports none."""
    assert outcomes(judged(other_make(), "E3")) == {}


def set_at(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """Return a change of the document at a place such as ``workflows/0/steps/1/onFailure``."""

    def change(document: Any) -> None:
        *way, last = path.split("/")
        for name in way:
            document = document[int(name) if name.isdigit() else name]
        document[int(last) if last.isdigit() else last] = value

    return change


STEP = "workflows/0/steps/1"


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("arazzo", "1.1.0", "version 1.1.0"),
        ("workflows/0/dependsOn", ["x"], "'dependsOn'"),
        (f"{STEP}/onSuccess", [], "'onSuccess'"),
        (f"{STEP}/operationId", "elsewhere", "no operation elsewhere"),
        (f"{STEP}/successCriteria/0/type", "regex", "'type'"),
        (f"{STEP}/successCriteria", [], "no criterion"),
        (f"{STEP}/successCriteria/0/condition", "$statusCode != 200", "$statusCode != 200"),
        (f"{STEP}/successCriteria/0/condition", "$statusCode == 200 && 1 == 1", "&& 1 == 1"),
        (f"{STEP}/successCriteria/0/condition", "$response.header.x == 'y'", "$response.header.x"),
        (f"{STEP}/onFailure/0", {"name": "a", "type": "end"}, "'name'"),
        ("components/failureActions/stopWhenLocked/type", "goto", "goto"),
        (f"{STEP}/requestBody/contentType", "text/plain", "text/plain"),
        (f"{STEP}/requestBody/payload/code", "$inputs.pin", "'$inputs.pin'"),
        (f"{STEP}/requestBody/payload/code", "code {$inputs.code}", "{$inputs.code}"),
        (f"{STEP}/requestBody/payload/code", "$steps.verifyGrant.outputs.success", "verifyGrant"),
        ("workflows/0/steps/0/parameters/0/in", "query", "query"),
        ("workflows/0/steps/0/parameters/0/name", "id", "found id, expected user_id"),
        ("workflows/0/inputs", {"$ref": "#/components/inputs/fax"}, "inputs/fax"),
        ("components/inputs/sms/properties/sms_code/x-stepup-resolved-after", "never", "never"),
        ("components/inputs/totp/required", ["user_id"], "may be left out"),
        ("workflows/1/workflowId", "totpOneTime", "totpOneTime occurs twice"),
    ],
)
def test_what_the_interpreter_does_not_know_is_rejected_by_name(
    tmp_path: Path, path: str, value: Any, named: str
) -> None:
    """Each unknown keyword, operator, expression or reference is named, and nothing is run."""
    document = copy.deepcopy(DOCUMENT)
    set_at(path, value)(document)
    file = tmp_path / "changed.yaml"
    file.write_text(json.dumps(document), "utf-8")
    with pytest.raises(Unsupported) as raised:
        read(file, PATHS)
    assert named in str(raised.value)
    assert str(raised.value).startswith("#/")


def test_an_input_exists_only_after_its_step(tmp_path: Path) -> None:
    """The SMS code cannot be named before the message was sent."""
    document = copy.deepcopy(DOCUMENT)
    set_at("workflows/2/steps/1/requestBody/payload/action_type", "$inputs.sms_code")(document)
    file = tmp_path / "changed.yaml"
    file.write_text(json.dumps(document), "utf-8")
    with pytest.raises(Unsupported, match=r"sendCode: expression '\$inputs.sms_code'"):
        read(file, PATHS)


@pytest.mark.parametrize(
    ("condition", "true"),
    [
        ("$statusCode == 200", True),
        ("$statusCode == 20", False),
        ("$statusCode == 429 || $statusCode >= 200", True),
        ("$statusCode == 429 || $statusCode >= 201", False),
        ("$response.body#/a/0/b == 'Totp'", True),
        ("$response.body#/a/0/b == 'totp'", True),
        ("$response.body#/a/0/b == 'x'", False),
        ("$response.body#/a/1 == 1", False),
        ("$response.body#/yes == true", True),
        ("$response.body#/yes == 1", False),
        ("$response.body#/one == true", False),
        ("$response.body#/nothing == null", True),
        ("$response.body#/absent == null", False),
        ("$response.body#/x~1y == 7", True),
    ],
)
def test_conditions_compare_as_json_does(condition: str, true: bool) -> None:
    """Numbers are not booleans, what is absent equals nothing, and strings are compared ignoring case."""
    body = {"a": [{"b": "Totp"}], "yes": True, "one": 1, "nothing": None, "x/y": 7}
    response = Exchange(Request("o", "GET", "/"), "http://h/", 200, document=body)
    assert holds(condition, Context(response=response)) is true


@pytest.mark.parametrize(("failures", "outcome", "responses"), [(2, "passed", 3), (3, "failed", 3)])
def test_only_the_lookup_is_repeated_and_only_as_often_as_written(
    mock_server: Target, tmp_path: Path, failures: int, outcome: str, responses: int
) -> None:
    """Two 503 are retried as the document says; a third fails the step and ends the workflow."""
    document = copy.deepcopy(DOCUMENT)
    document["workflows"] = document["workflows"][:1]
    document["components"]["failureActions"]["repeatLookup"]["retryAfter"] = 0
    file = tmp_path / "quick.yaml"
    file.write_text(json.dumps(document), "utf-8")
    fault = {"kind": "status", "status": 503, "operation_id": "fetchUserMfaMethods", "count": failures}

    async def run() -> tuple[WorkflowResult, int]:
        async with connect(mock_server) as server:
            control = server.the_control()
            put = await control.call("PUT", "/client-faults", {"client_faults": [fault]})
            assert put.status == 200, put.text
            before = server.http.sent
            try:
                (result,) = await run_workflows(server, 1, file)
            finally:
                await control.call("PUT", "/client-faults", {"client_faults": []})
            return result, server.http.sent - before

    result, sent = asyncio.run(run())
    assert (result.outcome, result.steps[0].outcome) == (outcome, outcome)
    assert sent == responses + (3 if outcome == "passed" else 0)
    if outcome == "failed":
        assert "step lookUpFactor: expected $statusCode == 200, got 503" in result.findings[0].message
        assert [step.outcome for step in result.steps[1:]] == ["not_exercised"] * 3
