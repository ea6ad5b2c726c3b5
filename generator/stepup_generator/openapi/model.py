"""The model between the document and the templates: what the API promises, in wire names only.

Everything is frozen and in the order of the document. Nothing here knows YAML, HTTP or a target
language: identifiers are made by a ``Language``, and a condition too long for a template is a property
of these classes. Every reference has been followed except references to named schemas, which stay names
(``Schema.reference``) so that a schema may contain itself; ``Api.resolve`` follows those.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from stepup_generator.openapi.constraints import (
    Const,
    Constraint,
    Enum,
    ExclusiveMaximum,
    ExclusiveMinimum,
    Format,
    Maximum,
    Minimum,
    Pattern,
)
from stepup_generator.openapi.json_value import Json, plain

__all__ = [
    "Api",
    "Discriminator",
    "Example",
    "Header",
    "Json",
    "Kind",
    "Link",
    "Location",
    "Operation",
    "Parameter",
    "Property",
    "RequestBody",
    "Response",
    "Schema",
    "SecurityScheme",
    "Server",
    "ServerVariable",
    "Tag",
    "Value",
    "plain",
]

Kind = Literal[
    "any", "null", "boolean", "integer", "number", "string", "array", "map", "object", "union", "reference"
]

Location = Literal["path", "query", "header"]


@dataclass(frozen=True, slots=True)
class Value:
    """A JSON value that is there; ``None`` in its place means there is none, which a null could not say."""

    value: Json


@dataclass(frozen=True, slots=True)
class Example:
    """A named example of a media type, parameter or header; ``name`` is "" where the document gives none."""

    name: str
    value: Json
    summary: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Discriminator:
    """The property that distinguishes the variants of a union, and the schema for each of its values."""

    property: str
    mapping: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Schema:
    """A JSON schema, read down to what clients and readers need.

    ``name`` is that of the component, "" for a schema written in place. ``kind`` says which other fields
    mean something: ``reference`` (the name of a schema), ``items`` (of an array), ``additional`` (the values
    of a map, or the further properties of an object), ``properties`` and ``closed`` (an object; closed
    forbids further properties), ``variants`` and ``discriminator`` (a union). A null alternative is not a
    variant: it is ``nullable``.
    """

    kind: Kind
    name: str = ""
    title: str = ""
    description: str = ""
    nullable: bool = False
    constraints: tuple[Constraint, ...] = ()
    default: Value | None = None
    examples: tuple[Json, ...] = ()
    reference: str = ""
    items: "Schema | None" = None
    properties: tuple["Property", ...] = ()
    additional: "Schema | None" = None
    closed: bool = False
    variants: tuple["Schema", ...] = ()
    discriminator: Discriminator | None = None
    deprecated: bool = False
    read_only: bool = False
    write_only: bool = False
    # x-stepup-secret: the value must not be printed, logged or reported.
    secret: bool = False
    source: tuple[str, ...] = ()

    @property
    def enum(self) -> tuple[Json, ...]:
        """The values of ``enum``, or the one value of ``const``; empty where any is allowed."""
        for item in self.constraints:
            match item:
                case Enum(values):
                    return values
                case Const(value):
                    return (value,)
        return ()

    @property
    def is_const(self) -> bool:
        """Is exactly one value allowed, ``const``?"""
        return any(isinstance(item, Const) for item in self.constraints)

    @property
    def const(self) -> Json:
        """The one value allowed; only where ``is_const``."""
        return self.enum[0]

    @property
    def is_enum(self) -> bool:
        """Is it a choice of more than the one value of a const?"""
        return bool(self.enum) and not self.is_const

    @property
    def format(self) -> str:
        """The name of the format, "" without one."""
        return next((item.name for item in self.constraints if isinstance(item, Format)), "")

    @property
    def pattern(self) -> str:
        """The regular expression, "" without one."""
        return next((item.regex for item in self.constraints if isinstance(item, Pattern)), "")

    @property
    def lowest(self) -> int | float | None:
        """The least value allowed; for an integer also where the document excludes its bound."""
        for item in self.constraints:
            match item:
                case Minimum(value):
                    return value
                case ExclusiveMinimum(value) if self.kind == "integer":
                    return math.floor(value) + 1
        return None

    @property
    def highest(self) -> int | float | None:
        """The greatest value allowed, as ``lowest``."""
        for item in self.constraints:
            match item:
                case Maximum(value):
                    return value
                case ExclusiveMaximum(value) if self.kind == "integer":
                    return math.ceil(value) - 1
        return None


@dataclass(frozen=True, slots=True)
class Property:
    """A property of an object schema.

    ``description``, ``secret`` and ``deprecated`` are those of the property or, where it has none, of the
    schema it refers to. ``replaced_by`` (x-stepup-replaced-by) names the sibling that a deprecated property
    repeats.
    """

    name: str
    schema: Schema
    required: bool
    description: str = ""
    secret: bool = False
    deprecated: bool = False
    replaced_by: str = ""
    source: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an operation, sent in the path, the query or a header."""

    name: str
    location: Location
    schema: Schema
    required: bool
    description: str = ""
    deprecated: bool = False
    secret: bool = False
    examples: tuple[Example, ...] = ()
    source: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RequestBody:
    """The one body of a request; ``media_type`` is always a JSON one."""

    media_type: str
    schema: Schema
    required: bool
    description: str = ""
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True)
class Header:
    """A header of a response."""

    name: str
    schema: Schema
    required: bool
    description: str = ""
    deprecated: bool = False
    examples: tuple[Example, ...] = ()
    source: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """How the response of one operation feeds another: runtime expressions of OpenAPI, or constants."""

    name: str
    operation_id: str
    parameters: tuple[tuple[str, Json], ...] = ()
    request_body: Value | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """A response by status: ``"200"``, ``"4XX"`` or ``"default"``.

    Without a body ``media_type`` is "" and ``schema`` None.
    """

    status: str
    description: str
    media_type: str = ""
    schema: Schema | None = None
    examples: tuple[Example, ...] = ()
    headers: tuple[Header, ...] = ()
    links: tuple[Link, ...] = ()
    source: tuple[str, ...] = ()

    @property
    def is_success(self) -> bool:
        return self.status.startswith("2")


@dataclass(frozen=True, slots=True)
class SecurityScheme:
    """A way to prove who calls: ``http`` with scheme ``bearer``, or ``apiKey`` in header ``parameter``."""

    name: str
    kind: Literal["http", "apiKey"]
    scheme: str = ""
    bearer_format: str = ""
    parameter: str = ""
    description: str = ""
    source: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServerVariable:
    name: str
    default: str
    enum: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True)
class Server:
    url: str
    description: str = ""
    variables: tuple[ServerVariable, ...] = ()


@dataclass(frozen=True, slots=True)
class Tag:
    name: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation.

    ``repeatable`` says whether it may be sent again after it may have reached the server
    (x-stepup-repeatable; without it only GET and HEAD may).
    """

    id: str
    method: str  # lower case
    path: str
    tags: tuple[str, ...]
    responses: tuple[Response, ...]
    parameters: tuple[Parameter, ...] = ()
    request_body: RequestBody | None = None
    # Alternatives by scheme name, the document's own or its default; empty means no key is asked for.
    security: tuple[str, ...] = ()
    repeatable: bool = False
    deprecated: bool = False
    summary: str = ""
    description: str = ""
    source: tuple[str, ...] = ()

    @property
    def path_parameters(self) -> tuple[Parameter, ...]:
        return tuple(item for item in self.parameters if item.location == "path")

    @property
    def query_parameters(self) -> tuple[Parameter, ...]:
        return tuple(item for item in self.parameters if item.location == "query")

    @property
    def header_parameters(self) -> tuple[Parameter, ...]:
        return tuple(item for item in self.parameters if item.location == "header")

    @property
    def only_path_parameter(self) -> Parameter | None:
        """The parameter of an operation whose only input it is: such an operation takes it by position."""
        if self.request_body is None and len(self.parameters) == 1 and self.path_parameters:
            return self.parameters[0]
        return None

    @property
    def successes(self) -> tuple[Response, ...]:
        return tuple(item for item in self.responses if item.is_success)

    @property
    def errors(self) -> tuple[Response, ...]:
        """Every response that is not a success, ``default`` included."""
        return tuple(item for item in self.responses if not item.is_success)


@dataclass(frozen=True)  # no slots: the two indexes are made once, when first asked for
class Api:
    """The document."""

    title: str
    version: str
    operations: tuple[Operation, ...]
    schemas: tuple[Schema, ...] = ()
    security_schemes: tuple[SecurityScheme, ...] = ()
    servers: tuple[Server, ...] = ()
    tags: tuple[Tag, ...] = ()
    summary: str = ""
    description: str = ""
    contact: tuple[tuple[str, str], ...] = ()  # name, url, email as given
    license: str = ""

    @cached_property
    def _schemas(self) -> Mapping[str, Schema]:
        return {schema.name: schema for schema in self.schemas}

    @cached_property
    def _operations(self) -> Mapping[str, Operation]:
        return {operation.id: operation for operation in self.operations}

    def schema(self, name: str) -> Schema:
        """The named schema; KeyError for a name that ``read`` would have rejected."""
        return self._schemas[name]

    def operation(self, operation_id: str) -> Operation:
        """The operation of that operationId; KeyError where there is none."""
        return self._operations[operation_id]

    def resolve(self, schema: Schema) -> Schema:
        """Follow a reference to the schema it names; any other schema is returned as it is.

        What the reference says beside ``$ref`` (description, nullable, secret) stays on the reference.
        """
        return self._schemas[schema.reference] if schema.kind == "reference" else schema

    def variants(self, schema: Schema) -> tuple[Schema, ...]:
        """The alternatives of a union, resolved; a schema that is not a union is its own only alternative."""
        resolved = self.resolve(schema)
        if resolved.kind != "union":
            return (resolved,)
        return tuple(leaf for item in resolved.variants for leaf in self.variants(item))

    def flat_body(self, operation: Operation) -> tuple[Property, ...] | None:
        """The properties of a body that become inputs of their own; None where it is one input, or none."""
        body = operation.request_body
        if body is None or not body.required:
            return None
        schema = self.resolve(body.schema)
        flat = schema.kind == "object" and not schema.nullable and not body.schema.nullable
        return tuple(item for item in schema.properties if not item.schema.read_only) if flat else None

    def tagged(self, tag: str) -> tuple[Operation, ...]:
        """The operations whose first tag is ``tag``, in the document's order."""
        return tuple(operation for operation in self.operations if operation.tags[:1] == (tag,))
