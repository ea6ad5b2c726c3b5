"""Reads an Arazzo 1.0 document into workflows: how the operations of one API belong together.

As with the API itself the list of keywords is closed, every problem is named at once, and what a step
refers to has to be there: the operation and its parameters, the input, the output of an earlier step. Of
runtime expressions only these are known: ``$inputs.name``, ``$steps.id.outputs.name``,
``$response.body#/pointer`` and, in conditions, ``$statusCode``; a condition of success compares one of the
last two with a literal by ``==``.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from stepup_generator.arazzo.model import (
    Action,
    Criterion,
    Input,
    InputReference,
    Output,
    OutputReference,
    Reference,
    Step,
    StepParameter,
    Workflow,
    reference,
)
from stepup_generator.errors import SpecError
from stepup_generator.openapi.document import Node, load, pointer_to
from stepup_generator.openapi.fields import Fields, Problems, frozen, shown
from stepup_generator.openapi.model import Api, Json, Operation, Value

__all__ = [
    "Action",
    "Criterion",
    "Input",
    "InputReference",
    "Output",
    "OutputReference",
    "Reference",
    "Step",
    "StepParameter",
    "Workflow",
    "read",
    "reference",
]

_NAME = r"[A-Za-z0-9_-]+"
_BODY = re.compile(r"\$response\.body#((?:/[^\s]*)?)\Z")
_CONDITION = re.compile(r"(\$statusCode|\$response\.body#(?:/\S*)?)\s*==\s*(.+)\Z", re.DOTALL)
_REMEDY = "known are $inputs.name and $steps.id.outputs.name of an earlier step"


def read(path: Path, api: Api) -> tuple[Workflow, ...]:
    """Read the workflows over ``api``. Raises SpecError with every problem found, each with its place."""
    reader = _Reader(load(path), api)
    workflows = tuple(reader.workflows())
    if reader.problems:
        raise SpecError(path, reader.problems.sorted())
    return workflows


class _Reader:
    def __init__(self, root: Node, api: Api) -> None:
        self.problems = Problems()
        self._operations = {item.id: item for item in api.operations}
        self._root = Fields(
            self.problems, root, "#", "the document",
            ("arazzo", "info", "sourceDescriptions", "workflows", "components"),
        )  # fmt: skip
        self._root.require("arazzo", "info", "sourceDescriptions", "workflows")
        version = self._root.text("arazzo")
        if "arazzo" in self._root and not version.startswith("1.0."):
            self._root.reject("arazzo", f'found "{shown(version)}"; supported: 1.0.x')
        self._root.child("info", "the info", ("title", "version", "summary", "description"))
        components = self._root.child("components", "the components", ("inputs", "failureActions"))
        self._components: dict[str, dict[str, tuple[Node, str]]] = {
            section: {name: (node, at) for name, node, at in components.entries(section)}
            if components
            else {}
            for section in ("inputs", "failureActions")
        }

    def workflows(self) -> Iterator[Workflow]:
        taken: set[str] = set()
        for node, pointer in self._root.items("workflows"):
            keywords = ("workflowId", "summary", "description", "inputs", "steps", "outputs")
            fields = Fields(self.problems, node, pointer, "a workflow", keywords)
            fields.require("workflowId", "steps")
            self._check_id(fields, "workflowId", taken)
            inputs = tuple(self._inputs(fields))
            steps = tuple(self._steps(fields, {item.name: item for item in inputs}))
            for item in inputs:
                if item.resolved_after and item.resolved_after not in [step.id for step in steps]:
                    message = (
                        f'"{item.name}" waits for the step "{shown(item.resolved_after)}", which is none'
                    )
                    fields.reject("inputs", message)
            yield Workflow(
                id=fields.text("workflowId"),
                steps=steps,
                summary=fields.text("summary"),
                description=fields.text("description").strip(),
                inputs=inputs,
                outputs=tuple(self._outputs(fields, steps)),
            )

    def _check_id(self, fields: Fields, key: str, taken: set[str]) -> None:
        name = fields.text(key)
        if key in fields and not re.fullmatch(_NAME, name):
            fields.reject(key, f'found "{shown(name)}"; expected letters, digits, _ and -')
        if name in taken:
            fields.reject(key, f'"{shown(name)}" is taken')
        taken.add(name)

    def _component(
        self, node: Node, pointer: str, section: str, reference: tuple[str, str]
    ) -> tuple[Node, str] | None:
        """The component that a node refers to by (key, prefix of the name); itself where it does not."""
        key, prefix = reference
        if not isinstance(node.value, dict) or key not in node.value:
            return node, pointer
        text = Fields(self.problems, node, pointer, "a reference", (key,)).text(key)
        found = self._components[section].get(text.removeprefix(prefix))
        if found is None or not text.startswith(prefix):
            self.problems.add(
                node, pointer, f'found "{shown(text)}", which is not a component; expected {prefix}…'
            )
            return None
        return found

    def _inputs(self, workflow: Fields) -> Iterator[Input]:
        node = workflow.get("inputs")
        if node is None:
            return
        found = self._component(node, workflow.at("inputs"), "inputs", ("$ref", "#/components/inputs/"))
        if found is None:
            return
        known = ("type", "required", "additionalProperties", "properties")
        inputs = Fields(self.problems, *found, "inputs", known)
        for name, item, at in inputs.entries("properties"):
            keywords = ("type", "format", "description", "minLength", "maxLength",
                        "x-stepup-resolved-after", "x-stepup-secret")  # fmt: skip
            fields = Fields(self.problems, item, at, "an input", keywords)
            yield Input(
                name,
                fields.text("description").strip(),
                fields.text("format"),
                fields.boolean("x-stepup-secret"),
                fields.text("x-stepup-resolved-after"),
            )

    def _steps(self, workflow: Fields, inputs: dict[str, Input]) -> Iterator[Step]:
        taken: set[str] = set()
        outputs: dict[str, tuple[str, ...]] = {}
        for node, pointer in workflow.items("steps"):
            keywords = ("stepId", "description", "operationId", "parameters", "requestBody",
                        "successCriteria", "onFailure", "outputs")  # fmt: skip
            fields = Fields(self.problems, node, pointer, "a step", keywords)
            fields.require("stepId", "operationId")
            self._check_id(fields, "stepId", taken)
            operation = self._operations.get(fields.text("operationId"))
            if "operationId" in fields and operation is None:
                fields.reject("operationId", f'no operation "{shown(fields.text("operationId"))}" in the API')
            self._ready = inputs, outputs
            step = Step(
                id=fields.text("stepId"),
                operation_id=fields.text("operationId"),
                description=fields.text("description").strip(),
                parameters=tuple(self._parameters(fields, operation)),
                body=self._body(fields, operation),
                success_criteria=tuple(self._criteria(fields)),
                failure_actions=tuple(self._actions(fields)),
                outputs=tuple(self._step_outputs(fields)),
            )
            outputs[step.id] = tuple(item.name for item in step.outputs)
            yield step

    def _parameters(self, step: Fields, operation: Operation | None) -> Iterator[StepParameter]:
        known = [(item.name, item.location) for item in operation.parameters] if operation else []
        for node, pointer in step.items("parameters"):
            fields = Fields(self.problems, node, pointer, "a parameter", ("name", "in", "value"))
            fields.require("name", "in", "value")
            name, location, value = fields.text("name"), fields.text("in"), fields.get("value")
            if operation is not None and (name, location) not in known:
                fields.reject("name", f'{operation.id} has no parameter "{shown(name)}" in {shown(location)}')
            yield StepParameter(name, location, self._value(value, fields.at("value")) if value else None)

    def _body(self, step: Fields, operation: Operation | None) -> Value | None:
        fields = step.child("requestBody", "a request body", ("contentType", "payload"))
        if fields is None:
            return None
        fields.require("payload")
        if operation is not None and operation.request_body is None:
            step.reject("requestBody", f"{operation.id} has no request body")
        payload = fields.get("payload")
        return Value(self._value(payload, fields.at("payload"))) if payload else None

    def _value(self, node: Node, pointer: str) -> Json:
        """A literal, or what refers to something that is there by then."""
        if isinstance(node.value, dict):
            for key, item in node.value.items():
                self._value(item, pointer_to(pointer, key))
        elif isinstance(node.value, list):
            for number, item in enumerate(node.value):
                self._value(item, pointer_to(pointer, number))
        elif isinstance(node.value, str) and node.value.startswith("$"):
            self._check_reference(node, pointer, node.value)
        return frozen(node)

    def _check_reference(self, node: Node, pointer: str, text: str) -> None:
        inputs, outputs = self._ready
        found = reference(text)
        if isinstance(found, InputReference) and found.name in inputs:
            after = inputs[found.name].resolved_after
            if after and after not in outputs:
                self.problems.add(node, pointer, f'the input "{found.name}" is not there before "{after}"')
        elif not isinstance(found, OutputReference) or found.name not in outputs.get(found.step, ()):
            self.problems.add(node, pointer, f'found "{shown(text)}", which is not there; {_REMEDY}')

    def _criteria(self, step: Fields) -> Iterator[Criterion]:
        for node, pointer in step.items("successCriteria"):
            text = Fields(self.problems, node, pointer, "a criterion", ("condition",)).text("condition")
            found = _CONDITION.match(text)
            literal = _literal(found[2]) if found else None
            if found is None or literal is None:
                expected = "expected $statusCode or $response.body#/pointer, ==, and a literal"
                self.problems.add(node, pointer, f'found the condition "{shown(text)}"; {expected}')
                continue
            body = _BODY.match(found[1])
            yield Criterion(text, _keys(body[1]) if body else None, literal.value)

    def _actions(self, step: Fields) -> Iterator[Action]:
        prefix = "$components.failureActions."
        for node, pointer in step.items("onFailure"):
            found = self._component(node, pointer, "failureActions", ("reference", prefix))
            if found is None:
                continue
            keywords = ("name", "type", "retryAfter", "retryLimit", "criteria")
            fields = Fields(self.problems, *found, "a failure action", keywords)
            fields.require("name", "type")
            criteria = tuple(
                Fields(self.problems, item, at, "a criterion", ("condition",)).text("condition")
                for item, at in fields.items("criteria")
            )
            kind = fields.one_of("type", ("retry", "end"))
            yield Action(
                fields.text("name"), kind, criteria, fields.number("retryAfter"), fields.count("retryLimit")
            )

    def _step_outputs(self, step: Fields) -> Iterator[Output]:
        for name, node, pointer in step.entries("outputs"):
            found = _BODY.match(node.value) if isinstance(node.value, str) else None
            if found is None:
                self.problems.add(node, pointer, f"found {node.type_name}; expected $response.body#/pointer")
                continue
            yield Output(name, _keys(found[1]))

    def _outputs(self, workflow: Fields, steps: tuple[Step, ...]) -> Iterator[tuple[str, OutputReference]]:
        known = {(step.id, item.name) for step in steps for item in step.outputs}
        for name, node, pointer in workflow.entries("outputs"):
            found = reference(frozen(node))
            if not isinstance(found, OutputReference) or (found.step, found.name) not in known:
                self.problems.add(node, pointer, "expected $steps.id.outputs.name of a step of this workflow")
                continue
            yield name, found


def _keys(pointer: str) -> tuple[str, ...]:
    """The keys of a JSON pointer (RFC 6901 section 4)."""
    return tuple(key.replace("~1", "/").replace("~0", "~") for key in pointer.split("/")[1:])


def _literal(text: str) -> Value | None:
    """A literal of Arazzo: a number, true, false, null, or a string in single quotes, doubled inside."""
    if re.fullmatch(r"'(?:[^']|'')*'", text):
        return Value(text[1:-1].replace("''", "'"))
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return Value(value) if value is None or isinstance(value, bool | int | float) else None
