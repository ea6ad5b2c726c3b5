"""Reading workflows: what the document says, and what is refused, with its place."""

from pathlib import Path

import pytest

import stepup_spec
from stepup_generator.arazzo.model import InputReference, OutputReference, reference
from stepup_generator.arazzo.read import read
from stepup_generator.errors import SpecError
from stepup_generator.openapi.model import Api, plain


@pytest.fixture(scope="module")
def document() -> str:
    return stepup_spec.find(stepup_spec.WORKFLOWS).read_text(encoding="utf-8")


def test_the_workflows_are_read_as_they_stand(api: Api) -> None:
    """Steps, what they send, what they want and what they hand on come in the order of the document."""
    flow = next(
        flow for flow in read(stepup_spec.find(stepup_spec.WORKFLOWS), api) if flow.id == "smsOneTime"
    )
    assert [step.id for step in flow.steps] == [
        "lookUpFactor", "sendCode", "verifyCode", "verifyGrant", "verifySpentGrant",
    ]  # fmt: skip
    assert flow.steps[1].operation_id == "sendSmsMfaCode"
    assert [item.name for item in flow.inputs] == ["user_id", "action_type", "sms_code"]
    assert (flow.inputs[2].resolved_after, flow.inputs[2].secret) == ("sendCode", True)
    look_up, send, *_, refused = flow.steps
    assert look_up.outputs[0].pointer == ("mfa_setup", "phone_numbers", "0", "mfa_phone_id")
    assert (look_up.failure_actions[0].kind, look_up.failure_actions[0].retry_limit) == ("retry", 2)
    assert send.body is not None
    assert plain(send.body.value) == {
        "action_type": "$inputs.action_type",
        "user_id": "$inputs.user_id",
        "mfa_phone_id": "$steps.lookUpFactor.outputs.mfa_phone_id",
        "grant_type": "ONE_TIME_USE",
        "valid_for_seconds": 60,
    }
    assert reference("$steps.lookUpFactor.outputs.mfa_phone_id") == OutputReference(
        "lookUpFactor", "mfa_phone_id"
    )
    assert reference("$inputs.user_id") == InputReference("user_id")
    assert reference("ONE_TIME_USE") is None
    assert (refused.status, refused.is_refusal) == (400, True)
    assert refused.success_criteria[2].pointer == ("field_errors", "grant")
    assert refused.success_criteria[2].value == "grant_not_found"
    assert flow.outputs[1] == ("refusal", OutputReference("verifySpentGrant", "refusal"))


@pytest.mark.parametrize(
    "edit",
    [
        ("operationId: sendSmsMfaCode", "operationId: sendFax", 'no operation "sendFax" in the API'),
        ("value: $inputs.user_id", "value: $inputs.person", "which is not there"),
        ("grant: $steps.verifyCode", "grant: $steps.verifyLater", "which is not there"),
        ("code: $inputs.code", "code: $response.body#/code", "which is not there"),
        ("stepId: verifyGrant\n", "stepId: lookUpFactor\n", '"lookUpFactor" is taken'),
        ("$statusCode == 200\n", "$statusCode < 300\n", "expected $statusCode or $response.body#/pointer"),
        ("- name: user_id\n            in: path", "- name: who\n            in: path", "has no parameter"),
        ("x-stepup-resolved-after: sendCode", "x-stepup-resolved-after: sent", "which is none"),
        ("x-stepup-resolved-after: sendCode", "x-stepup-resolved-after: verifyCode", "is not there before"),
        ("inputs/totp", "inputs/token", "which is not a component"),
        ("failureActions.repeatLookup", "failureActions.repeat", "which is not a component"),
        ("onFailure:", "onSuccess:", 'keyword "onSuccess" is not supported in a step'),
        ("arazzo: 1.0.1", "arazzo: 2.0.0", "supported: 1.0.x"),
        ("grant: $response.body#/step_up_grant", "grant: $response.header.Grant", "#/pointer"),
        ("refusal: $steps.verifySpentGrant.outputs", "refusal: $steps.none.outputs", "of this workflow"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    api: Api, document: str, tmp_path: Path, edit: tuple[str, str, str]
) -> None:
    """A dead reference, an unknown keyword and a condition of another kind are refused by file and line."""
    found, instead, message = edit
    assert found in document
    path = tmp_path / "flows.yaml"
    path.write_text(document.replace(found, instead), encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        read(path, api)
    lines = caught.value.lines()
    assert any(message in line for line in lines), lines
    assert all(line.startswith(f"{path}:") for line in lines)
    problem = caught.value.problems[0]
    assert problem.line > 1
