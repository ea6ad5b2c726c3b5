"""The model as the Python templates see it: every name chosen, every annotation and shape written out.

A property of a body that is an object becomes a keyword argument; an operation whose only input is a path
parameter takes it by position. Types are made for what results and nested inputs reach, errors for every kind
of refusal.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from stepup_generator.client.error_bodies import ErrorBodies, error_bodies
from stepup_generator.client.names import Names
from stepup_generator.languages.python import docs as python_docs
from stepup_generator.languages.python.names import PYTHON
from stepup_generator.languages.python.parts import (
    ClientNames,
    PyAnswer,
    PyArgument,
    PyError,
    PyErrorField,
    PyOperation,
    PythonSettings,
    TransportOperation,
)
from stepup_generator.languages.python.types import Types
from stepup_generator.openapi.model import Api, Json, Operation, Schema

__all__ = ["PYTHON", "PythonView", "method_names", "view"]

_FIXED_ERRORS = ("ApiError", "InvalidArgumentError", "NoAnswerError", "NotSentError", "UnexpectedAnswerError")
_RESPONSES = ("RawResponse", "raw_responses")
_ERROR_ATTRIBUTES = (
    "args", "body", "status", "request_id", "retry_after", "timed_out", "problems", "add_note",
    "with_traceback",
)  # fmt: skip
_EXAMPLE_WIDTH = 80
_CLIENT_ATTRIBUTES = ("close", "aclose")


@dataclass(frozen=True, slots=True)
class PythonView:
    """Everything the templates of the Python client read."""

    api: Api
    settings: PythonSettings
    names: ClientNames
    types: Types
    bodies: ErrorBodies
    code_attribute: str
    error_classes: tuple[PyError, ...]
    error_fields: tuple[PyErrorField, ...]
    operations: tuple[PyOperation, ...]
    credential_headers: tuple[str, ...]

    @property
    def error_names(self) -> tuple[str, ...]:
        return tuple(sorted((self.names.root, *_FIXED_ERRORS, *(item.name for item in self.error_classes))))

    @property
    def model_names(self) -> tuple[str, ...]:
        return tuple(sorted(self.types.names))

    @property
    def public_names(self) -> tuple[str, ...]:
        fixed = (self.names.client, self.names.async_client, *_RESPONSES, "__version__")
        return tuple(sorted((*fixed, *self.error_names, *self.model_names)))

    @property
    def has_optional(self) -> bool:
        return any(item.transport.has_optional for item in self.operations)

    @property
    def repeatable_note(self) -> str:
        names = [f"`{item.name}`" for item in self.operations if item.repeatable]
        if not names:
            return "No operation is repeated once its request may have arrived."
        return (
            f"Once a request may have arrived, only {', '.join(names)} is tried again, with growing pauses."
        )


def view(api: Api, settings: PythonSettings, transport: Mapping[str, TransportOperation]) -> PythonView:
    """Choose names and write out annotations, shapes and documentation for the Python client."""
    names = ClientNames(settings.client, f"Async{settings.client}", f"{settings.client}Error")
    fixed = (names.client, names.async_client, names.root, "Any", "Literal", "Mapping", "TypeAlias")
    scope = Names((*PYTHON.reserved_types, *fixed, *_FIXED_ERRORS, *_RESPONSES), joint="")
    bodies = error_bodies(api)
    error_classes = tuple(
        PyError(
            scope.take(PYTHON.type_name(item.schema.name)), item.schema.description or item.code, item.code
        )
        for item in bodies.bodies
    )
    types = Types(api, scope)
    attributes = Names((*PYTHON.reserved, *_ERROR_ATTRIBUTES))
    code_attribute = attributes.take(PYTHON.member(bodies.code_property)) if bodies.code_property else ""
    methods = method_names(api)
    by_code = {item.code: item for item in error_classes}
    operations = tuple(
        _operation(
            api,
            types,
            item,
            name=methods[item.id],
            transport=transport[item.id],
            errors=tuple(by_code[body.code] for body in bodies.of(api, item)),
            root=names.root,
        )
        for item in api.operations
    )
    headers = (
        "authorization",
        *(scheme.parameter.lower() for scheme in api.security_schemes if scheme.parameter),
    )
    return PythonView(
        api=api,
        settings=settings,
        names=names,
        types=types,
        bodies=bodies,
        code_attribute=code_attribute,
        error_classes=error_classes,
        error_fields=tuple(_error_fields(api, bodies, attributes)),
        operations=operations,
        credential_headers=headers,
    )


def method_names(api: Api) -> dict[str, str]:
    """What each operation is called in Python, by operationId."""
    scope = Names((*PYTHON.reserved, *_CLIENT_ATTRIBUTES))
    return {item.id: scope.take(PYTHON.member(item.id)) for item in api.operations}


def _error_fields(api: Api, bodies: ErrorBodies, attributes: Names) -> Iterator[PyErrorField]:
    stand_ins: dict[str, list[str]] = {}
    for item in bodies.properties:
        if item.replaced_by:
            stand_ins.setdefault(item.replaced_by, []).append(item.name)
    for item in bodies.properties:
        if item.replaced_by:
            continue
        text_map, text = _is_text_map(api, item.schema), _is_text(api, item.schema)
        yield PyErrorField(
            name=attributes.take(PYTHON.member(item.name)),
            annotation="Mapping[str, str]" if text_map else "str" if text else "Any",
            reader="texts_of" if text_map else "text_of" if text else "value_of",
            wires=(item.name, *stand_ins.get(item.name, ())),
            is_text_map=text_map,
            in_summary=text_map and item.required,
        )


def _is_text(api: Api, schema: Schema) -> bool:
    return api.resolve(schema).kind == "string"


def _is_text_map(api: Api, schema: Schema) -> bool:
    """Is it an object of strings, whether their names are known or not?"""
    resolved = api.resolve(schema)
    if resolved.kind == "map":
        return resolved.additional is not None and _is_text(api, resolved.additional)
    further = resolved.additional is None or _is_text(api, resolved.additional)
    return resolved.kind == "object" and further and all(_is_text(api, p.schema) for p in resolved.properties)


def _operation(
    api: Api,
    types: Types,
    operation: Operation,
    *,
    name: str,
    transport: TransportOperation,
    errors: tuple[PyError, ...],
    root: str,
) -> PyOperation:
    arguments = tuple(_arguments(api, types, operation))
    answers, returns = _answers(types, operation)
    title = operation.summary or operation.id
    shown = _example(operation, arguments)
    call = f"{name}({', '.join(shown)})"
    if len(call) > _EXAMPLE_WIDTH:
        lines = "".join(f"    {argument},\n" for argument in shown)
        call = f"{name}(\n{lines})"
    return PyOperation(
        name=name,
        constant=name.upper(),
        title=title,
        doc=python_docs.operation(title, operation, arguments, errors, root),
        arguments=arguments,
        keyword_only=operation.only_path_parameter is None and bool(arguments),
        answers=answers,
        returns=returns,
        credentials=_credentials(api, operation),
        repeatable=operation.repeatable,
        example=call,
        transport=transport,
    )


class _Input(NamedTuple):
    """A parameter, a property of the body, or (``wire`` "") the body as a whole."""

    place: str
    wire: str
    schema: Schema
    required: bool
    secret: bool
    description: str


def _inputs(api: Api, operation: Operation) -> Iterator[_Input]:
    for item in operation.parameters:
        yield _Input(item.location, item.name, item.schema, item.required, item.secret, item.description)
    body, properties = operation.request_body, api.flat_body(operation)
    if properties is not None:
        for member in properties:
            required, secret = member.required, member.secret
            yield _Input("body", member.name, member.schema, required, secret, member.description)
    elif body is not None:
        yield _Input("body", "", body.schema, body.required, body.schema.secret, body.description)


def _arguments(api: Api, types: Types, operation: Operation) -> Iterator[PyArgument]:
    inputs, names = tuple(_inputs(api, operation)), Names(PYTHON.reserved)
    for item in inputs:
        types.suggest(item.schema, f"{operation.id} {item.wire or 'body'}")
    # Arguments with a default come last, as Python wants it.
    for item in sorted(inputs, key=lambda item: not item.required):
        optional = not item.required
        yield PyArgument(
            name=names.take(PYTHON.member(item.wire or "body")),
            wire=item.wire,
            place=item.place,
            annotation=types.annotation(item.schema, prefix="models.", taken=True, optional=optional),
            default=" = None" if optional else "",
            shape=types.shape(item.schema, prefix="_wire."),
            required=item.required,
            secret=item.secret,
            doc=" ".join((item.description, *types.bounds(item.schema))).strip() or "No description.",
        )


def _answers(types: Types, operation: Operation) -> tuple[tuple[PyAnswer, ...], str]:
    answers: list[PyAnswer] = []
    returns: dict[str, None] = {}
    for response in operation.successes:
        if response.schema is None:
            answers.append(PyAnswer(response.status, "None"))
            returns["None"] = None
        else:
            types.suggest(response.schema, f"{operation.id} response")
            shape = types.shape(response.schema, prefix="_wire.")
            answers.append(PyAnswer(response.status, f"Body({PYTHON.text(response.media_type)}, {shape})"))
            returns[types.annotation(response.schema, prefix="models.")] = None
    return tuple(answers), " | ".join(returns)


def _credentials(api: Api, operation: Operation) -> str:
    """The header that carries the key and what stands before it, as the source of a tuple."""
    schemes = {scheme.name: scheme for scheme in api.security_schemes}
    if not operation.security:
        return "None"
    scheme = schemes[operation.security[0]]
    if scheme.kind == "apiKey":
        return f"({PYTHON.text(scheme.parameter)}, {PYTHON.text('')})"
    return f"({PYTHON.text('Authorization')}, {PYTHON.text('Bearer ')})"


def _example(operation: Operation, arguments: tuple[PyArgument, ...]) -> list[str]:
    """The arguments of a call, from the examples of the document."""
    values: dict[tuple[str, str], Json] = {}
    for parameter in operation.parameters:
        for example in parameter.examples[:1]:
            values[parameter.location, parameter.name] = example.value
    body = operation.request_body
    if body is not None and body.examples:
        value = body.examples[0].value
        values["body", ""] = value
        if isinstance(value, Mapping):
            values |= {("body", key): item for key, item in value.items()}
    shown = []
    for argument in arguments:
        key = (argument.place, argument.wire)
        if key not in values and not argument.required:
            continue
        value = values.get(key)
        scalar = value is not None and isinstance(value, str | int | float)
        text = PYTHON.literal(value) if scalar else "..."
        shown.append(text if operation.only_path_parameter else f"{argument.name}={text}")
    return shown
