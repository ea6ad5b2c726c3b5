"""Workflows as programs are written from them: one call after the other, in no language yet.

Worked out here, since no document says it: what the known inputs are, when to ask for those that a user types
in, what each call is answered with, and which refusals a reader has to reckon with.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from stepup_generator.arazzo.model import (
    Input,
    InputReference,
    Output,
    OutputReference,
    Reference,
    Step,
    Workflow,
    reference,
)
from stepup_generator.client.error_bodies import ErrorBodies, error_bodies
from stepup_generator.client.names import words
from stepup_generator.openapi.constraints import FORMATS, Format
from stepup_generator.openapi.model import Api, Example, Json, Operation, Response, Schema
from stepup_generator.samples.values import Inputs, answers, at, chosen, inputs, made_up, success

__all__ = ["Call", "Code", "Flow", "Narrowing", "Refusal", "bound", "plan", "prompt"]

_STATUS = re.compile(r"\$statusCode == ([0-9]{3})\Z")
_RETRY_AFTER = "retry-after"


class Code(str):
    """Source of some language in the place of a text: the name of a variable, say."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal to reckon with.

    ``code`` is the constant of its body; ``about`` the wire name of the property that says which field is at
    fault, "" where the code says it all; ``waits``, whether it says how long to wait.
    """

    code: str
    text: str
    about: str
    waits: bool
    body: Json


@dataclass(frozen=True, slots=True)
class Narrowing:
    """The union at ``pointer`` in an answer has to be the variant that ``value`` of its tag stands for."""

    pointer: tuple[str, ...]
    tag: str
    value: str


@dataclass(frozen=True, slots=True)
class Call:
    """One step. The leaves of ``inputs`` may be references; ``asked`` has to be asked for before it.

    ``answer`` is the example that ``response`` shows, None where that has no body; ``refused`` is set where
    the step expects an error.
    """

    step: Step
    operation: Operation
    inputs: Inputs
    asked: tuple[Input, ...]
    response: Response | None
    answer: Example | None
    refused: Refusal | None
    narrowings: tuple[Narrowing, ...]
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class Flow:
    """A workflow with values for the inputs that are known beforehand."""

    workflow: Workflow
    known: tuple[tuple[Input, Json], ...]
    calls: tuple[Call, ...]

    def call(self, step_id: str) -> Call:
        return next(item for item in self.calls if item.step.id == step_id)

    @property
    def references(self) -> frozenset[Reference]:
        """Everything that some call refers to."""
        bodies = (item.inputs.body.value for item in self.calls if item.inputs.body is not None)
        values = (value for item in self.calls for value in item.inputs.parameters.values())
        return frozenset(found for value in (*values, *bodies) for found in _references(value))

    def taken_from(self, call: Call) -> tuple[Output, ...]:
        """The outputs of a call that others take."""
        step = call.step
        return tuple(item for item in step.outputs if OutputReference(step.id, item.name) in self.references)

    def example(self, found: Reference) -> Json:
        """What a reference stands for in the examples; a text for what a user types in."""
        if isinstance(found, InputReference):
            return next((value for item, value in self.known if item.name == found.name), "")
        answer = self.call(found.step).answer
        return at(answer.value, self.pointer(found)) if answer is not None else None

    def pointer(self, found: OutputReference) -> tuple[str, ...]:
        """The keys that lead to an output in the answer of its step."""
        outputs = self.call(found.step).step.outputs
        return next(item.pointer for item in outputs if item.name == found.name)


def bound(value: Json, write: Callable[[Reference], str]) -> Json:
    """A value with source in the place of every reference."""
    if isinstance(value, Mapping):
        return {key: bound(item, write) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(bound(item, write) for item in value)
    found = reference(value)
    return Code(write(found)) if found else value


def _references(value: Json) -> Iterator[Reference]:
    if isinstance(value, Mapping | tuple):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _references(item)
    elif (found := reference(value)) is not None:
        yield found


def prompt(item: Input) -> str:
    """What to ask a user for: the first sentence of an input's description."""
    sentence = re.split(r"(?<=[^.])\.(?:\s|\Z)", item.description or item.name, maxsplit=1)[0]
    return " ".join(sentence.split()) + ": "


def plan(api: Api, workflow: Workflow) -> Flow:
    """Work out a workflow of ``api``."""
    known = tuple((item, _known(api, workflow, item)) for item in workflow.inputs if not item.secret)
    return Flow(workflow, known, tuple(_calls(api, workflow)))


def _calls(api: Api, workflow: Workflow) -> Iterator[Call]:
    bodies = error_bodies(api)
    there = {item.name for item in workflow.inputs if not item.secret}
    for step in workflow.steps:
        operation = api.operation(step.operation_id)
        asked = [item for item in workflow.inputs if item.name in _taken(step) and item.name not in there]
        there |= {item.name for item in asked}
        response = _response(operation, step)
        answer = None
        if response is not None and response.schema is not None:
            found = answers(api, response)
            answer = chosen(found, step.success_criteria) or found[0]
        refused = None
        if step.is_refusal and response is not None and answer is not None:
            refused = _refusal(api, bodies, response, answer)
        yield Call(
            step=step,
            operation=operation,
            inputs=_inputs(api, operation, step),
            asked=tuple(asked),
            response=response,
            answer=answer,
            refused=refused,
            narrowings=() if refused else tuple(_narrowings(api, response, step)),
            refusals=() if refused else tuple(_refusals(api, bodies, operation, step, asked)),
        )


def _inputs(api: Api, operation: Operation, step: Step) -> Inputs:
    """What the step says, with the operation's own example for a required parameter that it leaves out."""
    own = inputs(api, operation)
    given = {(item.location, item.name): item.value for item in step.parameters}
    required = {(item.location, item.name) for item in operation.parameters if item.required}
    parameters = {key: given.get(key, own.parameters.get(key)) for key in (*required, *given)}
    keys = ((item.location, item.name) for item in operation.parameters)
    ordered: dict[tuple[str, str], Json] = {key: parameters[key] for key in keys if key in parameters}
    return Inputs(ordered, step.body or (own.body if _needs_body(operation) else None))


def _needs_body(operation: Operation) -> bool:
    return operation.request_body is not None and operation.request_body.required


def _taken(step: Step) -> dict[str, str]:
    """The inputs of the workflow that a step takes, with the wire names they go by there."""
    pairs = [(item.name, item.value) for item in step.parameters]
    if step.body is not None and isinstance(step.body.value, Mapping):
        pairs += step.body.value.items()
    found = ((name, reference(value)) for name, value in pairs)
    return {item.name: name for name, item in found if isinstance(item, InputReference)}


def _known(api: Api, workflow: Workflow, item: Input) -> Json:
    """An example of an input.

    Inputs belong together (this user has that code), so the step that takes what a user types is asked first.
    """
    secret = {other.name for other in workflow.inputs if other.secret}
    for step in sorted(workflow.steps, key=lambda step: not secret & set(_taken(step))):
        wire = _taken(step).get(item.name)
        if wire is not None:
            own = inputs(api, api.operation(step.operation_id))
            for (_, name), value in own.parameters.items():
                if name == wire:
                    return value
            if own.body is not None and isinstance(own.body.value, Mapping) and wire in own.body.value:
                return own.body.value[wire]
    return made_up(api, Schema("string", constraints=_format(item)), item.name)


def _response(operation: Operation, step: Step) -> Response | None:
    if step.status is None:
        return success(operation)
    return next((item for item in operation.responses if item.status == str(step.status)), None)


def _narrowings(api: Api, response: Response | None, step: Step) -> Iterator[Narrowing]:
    if response is None or response.schema is None:
        return
    for item in step.success_criteria:
        if not item.pointer or not isinstance(item.value, str):
            continue
        *inside, tag = item.pointer
        schema = _schema_at(api, response.schema, inside)
        if schema is not None and schema.discriminator is not None and schema.discriminator.property == tag:
            yield Narrowing(tuple(inside), tag, item.value)


def _schema_at(api: Api, schema: Schema, keys: list[str]) -> Schema | None:
    found = api.resolve(schema)
    for key in keys:
        members = {item.name: item.schema for item in found.properties}
        inner = members.get(key) or found.additional or found.items
        if inner is None:
            return None
        found = api.resolve(inner)
    return found


def _refusals(
    api: Api, bodies: ErrorBodies, operation: Operation, step: Step, asked: list[Input]
) -> Iterator[Refusal]:
    """A wrong answer of the user, and what the step's own failure actions stop at."""
    wires = [wire for name, wire in _taken(step).items() if name in {item.name for item in asked}]
    for response in operation.errors:
        for example in response.examples:
            if any(_is_about(bodies, example, wire) for wire in wires):
                yield _refusal(api, bodies, response, example, wires)
    stops = [item for item in step.failure_actions if item.kind == "end"]
    statuses = [found[1] for item in stops for text in item.criteria if (found := _STATUS.match(text))]
    for response in operation.errors:
        if response.status in statuses and response.examples:
            yield _refusal(api, bodies, response, response.examples[0])


def _is_about(bodies: ErrorBodies, example: Example, wire: str) -> bool:
    """Does a refusal name a field, as a key of a map or as a word of its code?"""
    if _about(bodies, example, [wire]):
        return True
    code = at(example.value, (bodies.code_property,))
    return isinstance(code, str) and set(words(wire)) <= set(words(code)) and not _maps(bodies, example)


def _maps(bodies: ErrorBodies, example: Example) -> list[str]:
    """The properties of a refusal that say something of single fields."""
    current = (item.name for item in bodies.properties if not item.deprecated)
    return [name for name in current if isinstance(at(example.value, (name,)), Mapping)]


def _about(bodies: ErrorBodies, example: Example, wires: list[str]) -> str:
    found = (name for name in _maps(bodies, example) for wire in wires if at(example.value, (name, wire)))
    return next(found, "")


def _refusal(
    api: Api, bodies: ErrorBodies, response: Response, example: Example, wires: list[str] | None = None
) -> Refusal:
    maps = _maps(bodies, example)
    return Refusal(
        code=str(at(example.value, (bodies.code_property,))),
        text=" ".join((example.summary or example.name or response.description).split()).rstrip("."),
        about=(_about(bodies, example, wires) if wires else next(iter(maps), "")),
        waits=any(item.name.lower() == _RETRY_AFTER for item in response.headers),
        body=example.value,
    )


def _format(item: Input) -> tuple[Format, ...]:
    return tuple(Format(name) for name in FORMATS["string"] if name == item.format)
