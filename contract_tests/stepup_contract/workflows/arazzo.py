"""Reads an Arazzo 1.0.1 document into steps that can be run, and evaluates its expressions and conditions.

It knows what ``spec/step-up.arazzo.yaml`` uses and rejects everything else by name and place: a keyword, an
operator or an expression that was ignored would be a promise that nobody checks.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from stepup_contract.rules import _LOADER
from stepup_contract.server.target import MISSING, Exchange


class Unsupported(ValueError):
    """The document holds something that this interpreter does not know; the message says what and where."""


class Unresolved(LookupError):
    """An expression names a value that is not there; the message is about the response, not the document."""


@dataclass(frozen=True, slots=True)
class FailureAction:
    """What to do after a failed step, ``retry`` or ``end``, where all ``criteria`` hold."""

    name: str
    kind: str
    retry_after: float
    retry_limit: int
    criteria: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One call of an operation. ``path`` are its path parameters, ``payload`` its body before evaluation."""

    id: str
    operation: str
    path: dict[str, Any]
    payload: Any
    criteria: tuple[str, ...]
    on_failure: tuple[FailureAction, ...]
    outputs: dict[str, str]


@dataclass(frozen=True, slots=True)
class Workflow:
    """``inputs`` maps each required input to the step after which it exists, "" for the start."""

    id: str
    inputs: dict[str, str]
    steps: tuple[Step, ...]
    outputs: dict[str, str]


@dataclass(slots=True)
class Context:
    """What expressions can name: inputs, the outputs of steps, and the last response."""

    inputs: dict[str, str] = field(default_factory=dict, repr=False)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False)
    response: Exchange | None = None


# The keywords of each object; what is required has no question mark.
_DOCUMENT = "arazzo info sourceDescriptions workflows components"
_WORKFLOW = "workflowId summary? description? inputs steps outputs?"
_STEP = "stepId description? operationId parameters? requestBody? successCriteria onFailure? outputs?"
_ACTION = "name type retryAfter? retryLimit? criteria"
_INPUT = "type description? format? minLength? maxLength? x-stepup-resolved-after? x-stepup-secret?"


def read(path: Path, operations: Mapping[str, str]) -> list[Workflow]:
    """Return the workflows of a document that calls ``operations``, a map of id to path.

    Raises Unsupported.
    """
    document = yaml.load(path.read_text("utf-8"), Loader=_LOADER)  # noqa: S506 - a safe loader
    return _Reader(document, operations).workflows()


class _Reader:
    def __init__(self, document: Any, operations: Mapping[str, str]) -> None:
        self._root = _object(document, _DOCUMENT, "#")
        self._components = _object(self._root["components"], "inputs failureActions", "#/components")
        self._operations = operations

    def workflows(self) -> list[Workflow]:
        if not re.fullmatch(r"1\.0\.\d+", str(self._root["arazzo"])):
            raise Unsupported(f"#/arazzo: version {self._root['arazzo']} is not supported (supported: 1.0.x)")
        sources = self._root["sourceDescriptions"]
        if [source.get("type") for source in sources] != ["openapi"]:
            raise Unsupported("#/sourceDescriptions: only one source, of type openapi, is supported")
        workflows = [
            self._workflow(node, f"#/workflows/{number}")
            for number, node in enumerate(self._root["workflows"])
        ]
        _unique([workflow.id for workflow in workflows], "#/workflows", "workflowId")
        return workflows

    def _workflow(self, node: Any, at: str) -> Workflow:
        node = _object(node, _WORKFLOW, at)
        steps = tuple(self._step(step, f"{at}/steps/{n}") for n, step in enumerate(node["steps"]))
        _unique([step.id for step in steps], f"{at}/steps", "stepId")
        workflow = Workflow(
            node["workflowId"],
            self._inputs(node["inputs"], f"{at}/inputs"),
            steps,
            dict(node.get("outputs", {})),
        )
        _check_names(workflow, at)
        return workflow

    def _inputs(self, node: Any, at: str) -> dict[str, str]:
        node = _object(node, "$ref", at)
        prefix, _, name = node["$ref"].rpartition("/")
        inputs = self._components["inputs"]
        if prefix != "#/components/inputs" or name not in inputs:
            raise Unsupported(f"{at}/$ref: {node['$ref']} is not one of #/components/inputs")
        at = f"#/components/inputs/{name}"
        schema = _object(inputs[name], "type required additionalProperties properties", at)
        properties = schema["properties"]
        if set(schema["required"]) != properties.keys():
            raise Unsupported(f"{at}/required: inputs that may be left out are not supported")
        return {
            key: _object(value, _INPUT, f"{at}/properties/{key}").get("x-stepup-resolved-after", "")
            for key, value in properties.items()
        }

    def _step(self, node: Any, at: str) -> Step:
        node = _object(node, _STEP, at)
        operation = node["operationId"]
        if operation not in self._operations:
            raise Unsupported(
                f"{at}/operationId: no operation {operation} (there are {_list(self._operations)})"
            )
        path = {}
        for number, parameter in enumerate(node.get("parameters", [])):
            here = f"{at}/parameters/{number}"
            _object(parameter, "name in value", here)
            if parameter["in"] != "path":
                raise Unsupported(f"{here}/in: {parameter['in']} is not supported (supported: path)")
            path[parameter["name"]] = parameter["value"]
        expected = set(re.findall(r"{(\w+)}", self._operations[operation]))
        if path.keys() != expected:
            raise Unsupported(f"{at}/parameters: found {_list(path)}, expected {_list(expected)}")
        actions = node.get("onFailure", [])
        return Step(
            id=node["stepId"],
            operation=operation,
            path=path,
            payload=_payload(node.get("requestBody"), f"{at}/requestBody"),
            criteria=_criteria(node["successCriteria"], f"{at}/successCriteria"),
            on_failure=tuple(self._action(action, f"{at}/onFailure/{n}") for n, action in enumerate(actions)),
            outputs=dict(node.get("outputs", {})),
        )

    def _action(self, node: Any, at: str) -> FailureAction:
        node = _object(node, "reference", at)
        prefix, _, name = node["reference"].rpartition(".")
        actions = self._components["failureActions"]
        if prefix != "$components.failureActions" or name not in actions:
            raise Unsupported(f"{at}/reference: {node['reference']} is not one of $components.failureActions")
        at = f"#/components/failureActions/{name}"
        action = _object(actions[name], _ACTION, at)
        if action["type"] not in ("retry", "end"):
            raise Unsupported(f"{at}/type: {action['type']} is not supported (supported: retry, end)")
        return FailureAction(
            name,
            action["type"],
            float(action.get("retryAfter", 0)),
            int(action.get("retryLimit", 1)),
            _criteria(action["criteria"], f"{at}/criteria"),
        )


def _object(node: Any, keywords: str, at: str) -> dict[str, Any]:
    """Return a mapping that has the required keywords, and no unknown one."""
    known = {word.removesuffix("?"): not word.endswith("?") for word in keywords.split()}
    if not isinstance(node, dict):
        raise Unsupported(f"{at}: found {type(node).__name__}, expected an object")
    for name in node:
        if name not in known:
            raise Unsupported(f"{at}: keyword {name!r} is not supported (supported: {_list(known)})")
    missing = [name for name, required in known.items() if required and name not in node]
    if missing:
        raise Unsupported(f"{at}: {_list(missing)} is missing")
    return node


def _payload(node: Any, at: str) -> Any:
    if node is None:
        return None
    body = _object(node, "contentType payload", at)
    if body["contentType"] != "application/json":
        raise Unsupported(f"{at}/contentType: {body['contentType']} is not supported")
    return body["payload"]


def _criteria(nodes: Any, at: str) -> tuple[str, ...]:
    if not nodes:
        raise Unsupported(f"{at}: no criterion; a step that cannot fail checks nothing")
    conditions = []
    for number, node in enumerate(nodes):
        condition = _object(node, "condition", f"{at}/{number}")["condition"]
        _parse(condition, f"{at}/{number}/condition")
        conditions.append(condition)
    return tuple(conditions)


def _check_names(workflow: Workflow, at: str) -> None:
    """Reject expressions that name neither an input nor an output of an earlier step."""
    ids = {step.id for step in workflow.steps}
    for name, after in workflow.inputs.items():
        if after and after not in ids:
            raise Unsupported(f"{at}: input {name} exists after step {after}, which does not exist")
    known = {f"$inputs.{name}" for name, after in workflow.inputs.items() if not after}
    for step in workflow.steps:
        for value in _leaves([step.path, step.payload]):
            _known(value, known, f"{at} step {step.id}")
        for value in step.outputs.values():
            _known(value, known, f"{at} step {step.id} outputs", of_response=True)
        known |= {f"$steps.{step.id}.outputs.{name}" for name in step.outputs}
        known |= {f"$inputs.{name}" for name, after in workflow.inputs.items() if after == step.id}
    for value in workflow.outputs.values():
        _known(value, known, f"{at}/outputs")


def _known(value: Any, known: set[str], at: str, *, of_response: bool = False) -> None:
    if not isinstance(value, str) or (not value.startswith("$") and "{$" not in value):
        return
    if value not in known and not (of_response and _is_of_response(value)):
        raise Unsupported(f"{at}: expression {value!r} is not supported here (known: {_list(sorted(known))})")


def _is_of_response(expression: str) -> bool:
    return expression == "$statusCode" or expression.startswith("$response.body#/")


def _leaves(node: Any) -> list[Any]:
    if isinstance(node, dict):
        node = list(node.values())
    return [leaf for item in node for leaf in _leaves(item)] if isinstance(node, list) else [node]


def _unique(names: Sequence[str], at: str, what: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Unsupported(f"{at}: {what} {_list(twice)} occurs twice")


def _list(names: Any) -> str:
    return ", ".join(names) or "none"


# Expressions and conditions -----------------------------------------------------------------------


def evaluate(value: Any, context: Context) -> Any:
    """Return ``value`` with every runtime expression in it replaced. Raises Unresolved."""
    if isinstance(value, dict):
        return {name: evaluate(item, context) for name, item in value.items()}
    if isinstance(value, list):
        return [evaluate(item, context) for item in value]
    if not isinstance(value, str) or not value.startswith("$"):
        return value
    if value.startswith("$inputs."):
        return context.inputs[value.removeprefix("$inputs.")]
    if value.startswith("$steps."):
        _, step, _, name = value.split(".")
        return context.outputs[step][name]
    assert context.response is not None
    if value == "$statusCode":
        return context.response.status
    return _pointed(context.response.document, value.removeprefix("$response.body#"), value)


def _pointed(document: Any, pointer: str, shown: str) -> Any:
    """Follow a JSON pointer. RFC 6901 sections 3 and 4."""
    for token in pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        if isinstance(document, dict) and name in document:
            document = document[name]
        elif isinstance(document, list) and re.fullmatch("0|[1-9][0-9]*", name) and int(name) < len(document):
            document = document[int(name)]
        else:
            raise Unresolved(f"no value at {shown}")
    if document is MISSING:
        raise Unresolved(f"no JSON for {shown}")
    return document


def holds(condition: str, context: Context) -> bool:
    """Return whether a condition is true; one that names a missing value is false."""
    return any(_compare(comparison, context) for comparison in _parse(condition, "condition"))


_Comparison = tuple[str, str, str]


def _parse(condition: str, at: str) -> list[_Comparison]:
    """Return the alternatives of a condition. Raises Unsupported for all but ``==``, ``>=`` and ``||``."""
    comparisons = []
    for part in str(condition).split("||"):
        match = re.fullmatch(r"\s*(\$\S+)\s*(==|>=)\s*(\d+|true|false|null|'[^'|]*')\s*", part)
        if match is None or not _is_of_response(match[1]):
            raise Unsupported(
                f"{at}: condition {condition!r} is not supported (supported: $statusCode or "
                "$response.body#/… compared by == or >= with a literal, joined by ||)"
            )
        if match[2] == ">=" and not match[3].isdigit():
            raise Unsupported(f"{at}: {condition!r}: >= is only supported with a number")
        comparisons.append((match[1], match[2], match[3]))
    return comparisons


_WORDS = {"true": True, "false": False, "null": None}


def _compare(comparison: _Comparison, context: Context) -> bool:
    expression, operator, literal = comparison
    try:
        found = evaluate(expression, context)
    except Unresolved:
        return False
    if literal in _WORDS:
        return found is _WORDS[literal]
    if literal.startswith("'"):
        # Arazzo 1.0.1, Criterion Object, Literals: strings are compared without regard to case.
        return isinstance(found, str) and found.casefold() == literal[1:-1].casefold()
    if isinstance(found, bool) or not isinstance(found, int | float):
        return False
    return found >= int(literal) if operator == ">=" else found == int(literal)
