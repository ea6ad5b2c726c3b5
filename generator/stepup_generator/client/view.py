"""The model as the templates of the rendered clients (TypeScript, Go, Rust) see it: every name chosen.

One view for all of them, so that they cannot differ in what they promise; how a type is written, and how it
is read from JSON, is each language's own. What a client does follows from these fields alone:

- ``Operation.successes`` is the closed list of what counts as success: status, media type, type. All else is
  an error (fail closed).
- ``Operation.repeatable`` says whether a request may be sent again after it may have reached the server.
- ``Field.secret`` marks values that must not be shown.
- A ``Union`` with a ``tag`` has ``unknown``, the type that keeps a variant of a newer API readable.
- ``ClientView.errors`` are the API errors by the value of ``code_wire``; another value is unknown.

Types that only error bodies reach are not made: errors read ``error_fields`` from the body.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from stepup_generator.client.error_bodies import ErrorBodies, error_bodies
from stepup_generator.client.names import Language, Names
from stepup_generator.client.types import Field, Model, Object, Type, Types
from stepup_generator.openapi import model
from stepup_generator.openapi.model import Api, Json, Schema

__all__ = ["ClientSettings", "ClientView", "ErrorField", "ErrorKind", "Operation", "Success", "view"]


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """What the document does not say. ``environment`` is the prefix of environment variables."""

    package: str
    client: str = "StepUpMfa"
    environment: str = "STEPUP_MFA"
    version: str = "0.1.0"
    sample_name: str = "auth"
    description: str = "Client for the Step-Up MFA API that fails closed"


@dataclass(frozen=True, slots=True)
class Success:
    """A documented success: a status such as ``200``, or a range such as ``2XX``; no ``type``, no body."""

    status: str
    media_type: str
    type: Type | None


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """An API error with a type of its own; ``variant`` is its name without the word Error."""

    name: str
    variant: str
    code: str
    doc: str


@dataclass(frozen=True, slots=True)
class ErrorField:
    """Something that error bodies hold, read from the first of ``wires`` that is there (and not empty).

    ``kind`` is "text", "texts" (an object of strings) or "any".
    """

    name: str
    kind: str
    wires: tuple[str, ...]
    doc: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. ``source`` is the model's.

    ``input`` is the record of all it takes (parameters, and the properties of its body, or ``body`` whole),
    None where it takes nothing; ``positional`` its one field, where that is a path parameter and all there
    is. ``path`` has the text between parameters, and the parameters. ``result`` is None where no success has
    a body; of several types it is a union without a tag. ``credentials`` are the header that carries the API
    key and what stands before the key, None where none is sent.
    """

    name: str
    source: model.Operation
    title: str
    path: tuple[str | Field, ...]
    input: Object | None
    positional: Field | None
    successes: tuple[Success, ...]
    result: Type | None
    errors: tuple[ErrorKind, ...]
    credentials: tuple[str, str] | None

    @property
    def method(self) -> str:
        return self.source.method.upper()

    @property
    def repeatable(self) -> bool:
        return self.source.repeatable

    @property
    def fields(self) -> tuple[Field, ...]:
        return self.input.fields if self.input else ()

    @property
    def path_fields(self) -> tuple[Field, ...]:
        return self._at("path")

    @property
    def query_fields(self) -> tuple[Field, ...]:
        return self._at("query")

    @property
    def header_fields(self) -> tuple[Field, ...]:
        return self._at("header")

    @property
    def body_fields(self) -> tuple[Field, ...]:
        """The properties of the body; empty where it is one field, or there is none."""
        return tuple(item for item in self._at("body") if item.wire)

    @property
    def body(self) -> Field | None:
        """The body as one field, where it is not a plain object."""
        return next((item for item in self._at("body") if not item.wire), None)

    @property
    def has_body(self) -> bool:
        return self.source.request_body is not None

    @property
    def example(self) -> tuple[tuple[Field, Json], ...]:
        """The inputs of the document's first example, in the order of the fields."""
        return tuple(self._example())

    def _at(self, location: str) -> tuple[Field, ...]:
        return tuple(item for item in self.fields if item.location == location)

    def _example(self) -> Iterator[tuple[Field, Json]]:
        parameters = {(item.location, item.name): item for item in self.source.parameters}
        body = self.source.request_body
        value = body.examples[0].value if body is not None and body.examples else None
        for field in self.fields:
            parameter = parameters.get((field.location, field.wire))  # type: ignore[arg-type]
            if parameter is not None and parameter.examples:
                yield field, parameter.examples[0].value
            elif field.location == "body" and not field.wire:
                yield field, value
            elif isinstance(value, Mapping) and field.location == "body" and field.wire in value:
                yield field, value[field.wire]


@dataclass(frozen=True, slots=True)
class ClientView:
    """Everything the templates of a rendered client read. ``models`` come after those they are made of."""

    api: Api
    settings: ClientSettings
    models: tuple[Model, ...]
    inputs: tuple[Object, ...]
    operations: tuple[Operation, ...]
    code_wire: str
    code_name: str
    errors: tuple[ErrorKind, ...]
    error_fields: tuple[ErrorField, ...]

    @property
    def repeatable(self) -> tuple[Operation, ...]:
        return tuple(item for item in self.operations if item.repeatable)

    @property
    def credential_headers(self) -> tuple[str, ...]:
        """Lower case; callers may not set these."""
        found = (item.credentials[0].lower() for item in self.operations if item.credentials)
        return tuple(dict.fromkeys(("authorization", *found)))

    @property
    def tags(self) -> tuple[tuple[str, tuple[Operation, ...]], ...]:
        """The operations by their first tag ("" without one), in the order of first use."""
        tags = dict.fromkeys((item.source.tags or ("",))[0] for item in self.operations)
        return tuple(
            (tag, tuple(item for item in self.operations if (item.source.tags or ("",))[0] == tag))
            for tag in tags
        )


def view(
    api: Api,
    language: Language,
    settings: ClientSettings,
    *,
    types: Iterable[str] = (),
    methods: Iterable[str] = (),
    attributes: Iterable[str] = (),
) -> ClientView:
    """Choose every name.

    ``types``, ``methods`` and ``attributes`` (of errors) are names that the templates use themselves.
    """
    scope = Names(types, joint=language.type_joint)
    bodies = error_bodies(api)
    errors = tuple(_errors(language, bodies, scope))
    made = Types(api, language, scope)
    names = Names(methods, joint=language.joint)
    operations = tuple(
        _operation(api, made, item, name=names.take(language.member(item.id)), errors=errors, bodies=bodies)
        for item in api.operations
    )
    fields = Names(attributes, joint=language.joint)
    code_name = fields.take(language.member(bodies.code_property)) if bodies.code_property else ""
    return ClientView(
        api=api,
        settings=settings,
        models=tuple(made.models),
        inputs=tuple(dict.fromkeys(item.input for item in operations if item.input)),
        operations=operations,
        code_wire=bodies.code_property,
        code_name=code_name,
        errors=errors,
        error_fields=tuple(_error_fields(api, language, bodies, fields)),
    )


def _errors(language: Language, bodies: ErrorBodies, scope: Names) -> Iterator[ErrorKind]:
    variants = Names(joint=language.joint)
    for body in bodies.bodies:
        wire = body.schema.name
        variant = variants.take(language.variant(re.sub(r"(?<=.)Error\Z", "", wire)))
        doc = body.schema.description or body.code
        yield ErrorKind(scope.take(language.type_name(wire)), variant, body.code, doc)


def _error_fields(api: Api, language: Language, bodies: ErrorBodies, names: Names) -> Iterator[ErrorField]:
    stand_ins: dict[str, list[str]] = {}
    for item in bodies.properties:
        if item.replaced_by:
            stand_ins.setdefault(item.replaced_by, []).append(item.name)
    for item in bodies.properties:
        if not item.replaced_by:
            wires = (item.name, *stand_ins.get(item.name, ()))
            name = names.take(language.member(item.name))
            yield ErrorField(name, _error_kind(api, item.schema), wires, item.description)


def _error_kind(api: Api, schema: Schema) -> str:
    def is_text(item: Schema | None) -> bool:
        return item is not None and api.resolve(item).kind == "string"

    found = api.resolve(schema)
    if found.kind == "map" and is_text(found.additional):
        return "texts"
    further = found.additional is None or is_text(found.additional)
    if found.kind == "object" and further and all(is_text(item.schema) for item in found.properties):
        return "texts"
    return "text" if is_text(found) else "any"


def _operation(
    api: Api,
    types: Types,
    operation: model.Operation,
    *,
    name: str,
    errors: tuple[ErrorKind, ...],
    bodies: ErrorBodies,
) -> Operation:
    taken = types.input(operation)
    fields = {item.wire: item for item in (taken.fields if taken else ()) if item.location == "path"}
    pieces = re.split(r"\{([^{}]*)\}", operation.path)
    path = tuple(fields[piece] if number % 2 else piece for number, piece in enumerate(pieces) if piece)
    codes = {item.code for item in bodies.of(api, operation)}
    successes, result = _successes(types, operation)
    return Operation(
        name=name,
        source=operation,
        title=operation.summary or operation.id,
        path=path,
        input=taken,
        positional=taken.fields[0] if taken and operation.only_path_parameter else None,
        successes=successes,
        result=result,
        errors=tuple(item for item in errors if item.code in codes),
        credentials=_credentials(api, operation),
    )


def _successes(types: Types, operation: model.Operation) -> tuple[tuple[Success, ...], Type | None]:
    successes = []
    for response in operation.successes:
        if response.schema is not None:
            types.suggest(response.schema, f"{operation.id} response")
        found = None if response.schema is None else types.type(response.schema)
        successes.append(Success(response.status, response.media_type, found))
    distinct = list(dict.fromkeys(item.type for item in successes if item.type is not None))
    if not distinct:
        return tuple(successes), None
    result = distinct[0] if len(distinct) == 1 else types.one_of(f"{operation.id} result", distinct)
    if any(item.type is None for item in successes):
        result = replace(result, nullable=True)
    return tuple(successes), result


def _credentials(api: Api, operation: model.Operation) -> tuple[str, str] | None:
    if not operation.security:
        return None
    scheme = next(item for item in api.security_schemes if item.name == operation.security[0])
    return (scheme.parameter, "") if scheme.kind == "apiKey" else ("Authorization", "Bearer ")
