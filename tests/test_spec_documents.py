"""Rules, control API and workflows: each document by itself and against openapi.yaml.

It reads the documents as anybody could and asks no code of this project about them.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator

import stepup_spec

Json = dict[str, Any]

ROOT = Path(__file__).resolve().parent.parent
METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")


def load(name: str) -> Json:
    document: Json = yaml.safe_load(stepup_spec.find(name).read_text(encoding="utf-8"))
    return document


def operations(document: Json) -> dict[str, Json]:
    """Return the operations of an OpenAPI document by their operationId."""
    found = [item[method] for item in document["paths"].values() for method in METHODS if method in item]
    return {operation["operationId"]: operation for operation in found}


def resolve(document: Json, node: Json) -> Json:
    """Follow a local `$ref`."""
    while "$ref" in node:
        target: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def validator(document: Json, schema: Json) -> jsonschema_rs.Validator:
    """Compile a schema that may refer to the document's components."""
    return jsonschema_rs.Draft202012Validator(
        {**schema, "components": document["components"]}, validate_formats=True
    )


RULES = load(stepup_spec.RULES)
OPENAPI = load(stepup_spec.OPENAPI)
CONTROL = load(stepup_spec.CONTROL)
WORKFLOWS = load(stepup_spec.WORKFLOWS)
API_OPERATIONS = operations(OPENAPI)
RULE_LIST: list[Json] = [rule for group in RULES["groups"] for rule in group["rules"]]
STEPS: list[Any] = [
    pytest.param(step, id=f"{workflow['workflowId']}-{step['stepId']}")
    for workflow in WORKFLOWS["workflows"]
    for step in workflow["steps"]
]


# --- rules.yaml ---


def rules_schema() -> jsonschema_rs.Validator:
    schema = json.loads(stepup_spec.find(stepup_spec.RULES_SCHEMA).read_text(encoding="utf-8"))
    return jsonschema_rs.Draft202012Validator(schema)


def test_rules_follow_their_schema() -> None:
    """The catalogue is what its schema says."""
    errors = [f"{list(error.instance_path)}: {error.message}" for error in rules_schema().iter_errors(RULES)]
    assert errors == []


@pytest.mark.parametrize(
    "change",
    [
        {"class": "maybe"},
        {"id": "t1"},
        {"sentence": "A code works."},
        {"sentence": "A code MUST work"},
        {"operations": ["verifyTotp"]},
        {"operations": []},
        {"sources": []},
        {"sources": [{"kind": "rumour", "ref": "somebody"}]},
        {"needs": ["luck"]},
        {"live": {"safety": ["safe", "locks"]}},
        {"live": {"safety": []}},
        {"judged_by": "nobody"},
        {"owner": "somebody"},
        {"class": "ours", "floor": "It MUST work."},
    ],
    ids=json.dumps,
)
def test_rules_schema_refuses(change: Json) -> None:
    """The schema refuses a rule with one thing wrong and accepts it without."""
    rule = {key: value for key, value in RULE_LIST[0].items() if key != "floor"}
    group = {**RULES["groups"][0], "rules": [rule]}
    assert rules_schema().is_valid({"version": 1, "groups": [group]})
    assert not rules_schema().is_valid({"version": 1, "groups": [{**group, "rules": [{**rule, **change}]}]})


def test_rules_are_numbered_in_their_groups() -> None:
    """Every rule has the letter of its group, numbered from 1 without a gap."""
    for group in RULES["groups"]:
        numbers = range(1, len(group["rules"]) + 1)
        assert [rule["id"] for rule in group["rules"]] == [f"{group['id']}{number}" for number in numbers]


def test_a_group_may_have_more_than_nine_rules() -> None:
    """The id of a rule is a letter and a number, and the number may have two digits."""
    rule = {**RULE_LIST[0], "id": "T10"}
    rules = {"version": 1, "groups": [{**RULES["groups"][0], "rules": [rule]}]}
    assert rules_schema().is_valid(rules)


def test_no_count_of_rules_is_typed() -> None:
    """Texts and code say nothing of how many rules there are, so a further rule makes none of them wrong."""
    count = len(RULE_LIST)
    typed = re.compile(
        rf"\b({count}|sixty|sixty-[a-z]+)\s+((of|behaviour|behavioural|further)\s+)*rules\b", re.I
    )
    listed = subprocess.run(
        ["git", "ls-files", "-z", "*.md", "*.py", "*.jinja", "*.yaml", "*.yml", "*.toml", "*.json"],
        cwd=ROOT, capture_output=True, check=True,
    ).stdout  # fmt: skip
    texts = [ROOT / name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()]
    assert ROOT / "README.md" in texts
    # The history of changes says what was true at its time.
    texts.remove(ROOT / "CHANGELOG.md")
    assert typed.search(f"the {count} rules of behaviour")
    assert [path for path in texts if typed.search(" ".join(path.read_text("utf-8").split()))] == []


def test_the_numbers_of_a_method_are_its_figures() -> None:
    """A method names each of its figures in braces, and a figure without a method does not exist."""
    for rule in RULE_LIST:
        assert set(re.findall(r"\{(\w+)\}", rule["method"])) == set(rule.get("figures", {})), rule["id"]


def test_rules_name_operations_of_the_contract() -> None:
    """A rule speaks of operations that exist, and each operation has rules."""
    named = {operation for rule in RULE_LIST for operation in rule["operations"]}
    assert named == set(API_OPERATIONS)


def test_rules_say_who_judges_them() -> None:
    """Only D3 and Q2 are judged elsewhere than in a contract run."""
    elsewhere = {rule["id"]: rule["judged_by"] for rule in RULE_LIST if rule["judged_by"] != "suite"}
    assert elsewhere == {"Q2": "mock_tests", "D3": "client_tests"}


# --- control.openapi.yaml ---


def examples(document: Json) -> Iterator[tuple[str, Json, Any]]:
    """Yield place, schema and value of every example of bodies and parameters."""
    for operation_id, operation in operations(document).items():
        bodies = {"request": operation.get("requestBody", {})}
        bodies |= {status: resolve(document, body) for status, body in operation["responses"].items()}
        for where, body in bodies.items():
            for media in body.get("content", {}).values():
                for name, example in media["examples"].items():
                    value = resolve(document, example)["value"]
                    yield f"{operation_id} {where} {name}", media["schema"], value
        for parameter in (resolve(document, node) for node in operation.get("parameters", [])):
            yield f"{operation_id} {parameter['name']}", parameter["schema"], parameter["example"]


def test_control_api_is_openapi() -> None:
    """The control API is a valid OpenAPI 3.1 document."""
    assert [error.message for error in OpenAPIV31SpecValidator(CONTROL).iter_errors()] == []


@pytest.mark.parametrize("document", [CONTROL, OPENAPI], ids=["control", "openapi"])
def test_examples_follow_their_schemas(document: Json) -> None:
    """Every printed example is what its schema says, and every body has one."""
    found = list(examples(document))
    wrong = [place for place, schema, value in found if not validator(document, schema).is_valid(value)]
    assert found
    assert wrong == []


def test_control_api_has_its_operations() -> None:
    """The control API offers what a contract run needs, and marks the rest as extensions."""
    offered = operations(CONTROL)
    extensions = {name for name, operation in offered.items() if operation.get("x-stepup-extension")}
    assert set(offered) - extensions == {
        "resetServer",
        "putUser",
        "deleteUser",
        "listInbox",
        "getClock",
        "setClock",
        "createApiKey",
        "getLimits",
        "setLimits",
        "listEvents",
        "getFaults",
        "setFaults",
    }
    assert all(path.startswith("/__control__/") for path in CONTROL["paths"])


def test_control_api_wants_its_own_key() -> None:
    """Only the readiness check goes without the control key; all else answers 401, 403 and 404."""
    assert CONTROL["security"] == [{"ControlKey": []}]
    open_to_all = [name for name, operation in operations(CONTROL).items() if "security" in operation]
    assert open_to_all == ["getReady"]
    for name, operation in operations(CONTROL).items():
        if name != "getReady":
            assert {"401", "403", "404"} <= set(operation["responses"]), name


def test_control_bodies_are_closed() -> None:
    """A request body refuses a field that it does not know."""
    seen = 0
    for name, operation in operations(CONTROL).items():
        for media in operation.get("requestBody", {}).get("content", {}).values():
            judge = validator(CONTROL, media["schema"])
            for example in media["examples"].values():
                assert judge.is_valid(example["value"]), name
                assert not judge.is_valid({**example["value"], "no_such_field": 1}), name
                seen += 1
    assert seen > 10


@pytest.mark.parametrize(
    "command",
    [
        {},
        {"advance_seconds": 30, "resume": True},
        {"resume": False},
        {"freeze_at": -1},
        {"advance_seconds": "30"},
    ],
    ids=json.dumps,
)
def test_clock_takes_exactly_one_command(command: Json) -> None:
    """No command, two commands and a malformed one are refused."""
    judge = validator(CONTROL, {"$ref": "#/components/schemas/ClockCommand"})
    assert judge.is_valid({"advance_seconds": -30})
    assert not judge.is_valid(command)


def test_control_api_shares_the_product_operations() -> None:
    """Permissions, events and client faults speak of the operations of the product API."""
    assert CONTROL["components"]["schemas"]["OperationId"]["enum"] == list(API_OPERATIONS)


# --- step-up.arazzo.yaml ---


def expressions(node: Any) -> Iterator[str]:
    """Yield every runtime expression that stands as a whole value."""
    if isinstance(node, dict):
        for value in node.values():
            yield from expressions(value)
    elif isinstance(node, list):
        for value in node:
            yield from expressions(value)
    elif isinstance(node, str) and node.startswith("$"):
        yield node


def leads_somewhere(value: Any, parts: list[str]) -> bool:
    """Tell whether a JSON pointer's parts lead somewhere in a value."""
    for part in parts:
        if isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        elif isinstance(value, dict) and part in value:
            value = value[part]
        else:
            return False
    return True


def payload_schema(operation_id: str) -> Json:
    body = API_OPERATIONS[operation_id]["requestBody"]["content"]["application/json"]["schema"]
    return resolve(OPENAPI, body)


def test_workflows_are_the_four() -> None:
    """TOTP and SMS, each for one use and for a while, and each begins with the lookup."""
    assert [workflow["workflowId"] for workflow in WORKFLOWS["workflows"]] == [
        "totpOneTime",
        "totpTimeBased",
        "smsOneTime",
        "smsTimeBased",
    ]
    assert {w["steps"][0]["operationId"] for w in WORKFLOWS["workflows"]} == {"fetchUserMfaMethods"}
    assert WORKFLOWS["sourceDescriptions"] == [{"name": "stepUp", "url": "./openapi.yaml", "type": "openapi"}]


@pytest.mark.parametrize("step", STEPS)
def test_step_fits_its_operation(step: Json) -> None:
    """A step calls an operation that exists, with its fields and parameters, and tells success by status."""
    operation = API_OPERATIONS[step["operationId"]]
    wanted = {node["name"]: node["in"] for node in operation.get("parameters", [])}
    assert {node["name"]: node["in"] for node in step.get("parameters", [])} == wanted
    if "requestBody" in operation:
        schema, body = payload_schema(step["operationId"]), step["requestBody"]
        assert body["contentType"] == "application/json"
        assert set(schema["required"]) <= set(body["payload"]) <= set(schema["properties"])
        for name, value in body["payload"].items():
            if not str(value).startswith("$"):
                assert validator(OPENAPI, schema["properties"][name]).is_valid(value), name
    else:
        assert "requestBody" not in step
    status = step["successCriteria"][0]["condition"].removeprefix("$statusCode == ")
    assert status in operation["responses"]


@pytest.mark.parametrize("step", STEPS)
def test_step_outputs_are_fields_of_the_answer(step: Json) -> None:
    """What a step takes from an answer stands in the schema of the status that it expects."""
    status = step["successCriteria"][0]["condition"].removeprefix("$statusCode == ")
    response = resolve(OPENAPI, API_OPERATIONS[step["operationId"]]["responses"][status])
    values = [
        resolve(OPENAPI, e)["value"] for e in response["content"]["application/json"]["examples"].values()
    ]
    for expression in step.get("outputs", {}).values():
        pointer = expression.removeprefix("$response.body#/")
        assert any(leads_somewhere(value, pointer.split("/")) for value in values), expression


@pytest.mark.parametrize("workflow", WORKFLOWS["workflows"], ids=lambda workflow: workflow["workflowId"])
def test_workflow_uses_what_it_has(workflow: Json) -> None:
    """Each expression names an input or an output of an earlier step, and no input is idle."""
    inputs = resolve(WORKFLOWS, workflow["inputs"])["properties"]
    used: set[str] = set()
    known = {f"$inputs.{name}" for name in inputs}
    for step in workflow["steps"]:
        named = set(expressions([step.get("parameters", []), step.get("requestBody", {})]))
        assert named <= known, step["stepId"]
        used |= named
        known |= {f"$steps.{step['stepId']}.outputs.{name}" for name in step.get("outputs", {})}
    assert {f"$inputs.{name}" for name in inputs} <= used
    assert set(workflow["outputs"].values()) <= known


@pytest.mark.parametrize("workflow", WORKFLOWS["workflows"], ids=lambda workflow: workflow["workflowId"])
def test_workflow_asks_for_a_code_when_there_is_one(workflow: Json) -> None:
    """An input that is resolved after a step is used by later steps only."""
    inputs = resolve(WORKFLOWS, workflow["inputs"])["properties"]
    order = [step["stepId"] for step in workflow["steps"]]
    late = {
        name: schema["x-stepup-resolved-after"]
        for name, schema in inputs.items()
        if "x-stepup-resolved-after" in schema
    }
    assert list(late) == (["sms_code"] if workflow["workflowId"].startswith("sms") else [])
    for name, step_id in late.items():
        users = [s["stepId"] for s in workflow["steps"] if f"$inputs.{name}" in set(expressions(s))]
        assert users
        assert all(order.index(user) > order.index(step_id) for user in users)


@pytest.mark.parametrize("workflow", WORKFLOWS["workflows"], ids=lambda workflow: workflow["workflowId"])
def test_workflow_settles_the_grant_type_and_its_end(workflow: Json) -> None:
    """A one-time grant is refused the second time; a time-based one verifies again."""
    payloads = [step["requestBody"]["payload"] for step in workflow["steps"] if "requestBody" in step]
    grant_types = [payload["grant_type"] for payload in payloads if "grant_type" in payload]
    first, second = (s for s in workflow["steps"] if s["operationId"] == "verifyStepUpGrant")
    yes = [{"condition": "$statusCode == 200"}, {"condition": "$response.body#/success == true"}]
    assert first["successCriteria"] == yes
    if workflow["workflowId"].endswith("OneTime"):
        assert grant_types == ["ONE_TIME_USE"]
        assert second["successCriteria"] == [
            {"condition": "$statusCode == 400"},
            {"condition": "$response.body#/error_code == 'invalid_request_fields'"},
            {"condition": "$response.body#/field_errors/grant == 'grant_not_found'"},
        ]
    else:
        assert grant_types == ["TIME_BASED"]
        assert second["successCriteria"] == yes


@pytest.mark.parametrize("step", STEPS)
def test_only_repeatable_steps_are_retried(step: Json) -> None:
    """A step whose operation must not be repeated has no retry."""
    actions = WORKFLOWS["components"]["failureActions"]
    names = [
        action["reference"].removeprefix("$components.failureActions.")
        for action in step.get("onFailure", [])
    ]
    retried = any(actions[name]["type"] == "retry" for name in names)
    assert retried == API_OPERATIONS[step["operationId"]]["x-stepup-repeatable"]
