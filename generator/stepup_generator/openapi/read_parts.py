"""Reads the parts of operations: parameters, bodies, responses, headers, links and examples.

Each may be written in place or be a reference to a component. Refused: cookies, parameters written in a
``style`` of their own, several media types for one body, and media types that are not JSON.
"""

import re

from stepup_generator.openapi.document import Node
from stepup_generator.openapi.fields import Fields, Problems, frozen, shown
from stepup_generator.openapi.model import (
    Example,
    Header,
    Link,
    Location,
    Parameter,
    RequestBody,
    Response,
    Schema,
)
from stepup_generator.openapi.read_schema import SchemaReader

__all__ = ["PartReader"]

_SOURCE = "x-stepup-source"
_PARAMETER = (
    "name", "in", "required", "description", "deprecated", "schema", "example", "examples", "style",
    "explode", "x-stepup-secret", _SOURCE,
)  # fmt: skip
_LOCATIONS: tuple[Location, ...] = ("path", "query", "header")
_STYLES = {"path": "simple", "query": "form", "header": "simple"}
_STATUS = re.compile(r"([1-5][0-9][0-9]|[1-5]XX|default)\Z")
_JSON = re.compile(r"application/(json|[A-Za-z0-9.-]+\+json)\Z")
# RFC 9110 section 5.1: a field name is a token.
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+\Z")
_RESERVED_HEADERS = ("accept", "content-type", "authorization", "host", "content-length", "transfer-encoding")


class PartReader:
    """Reads parts in place or by reference; links are checked once every operation is known."""

    def __init__(
        self, problems: Problems, components: dict[str, dict[str, Node]], schemas: SchemaReader
    ) -> None:
        self.problems = problems
        self._components = components
        self._schemas = schemas
        self._links: list[tuple[Fields, str]] = []

    def check_links(self, operation_ids: frozenset[str]) -> None:
        """Report every link read so far that leads to no operation."""
        for fields, operation_id in self._links:
            if operation_id not in operation_ids:
                fields.reject("operationId", f'operation "{shown(operation_id)}" does not exist')

    def _resolve(self, section: str, node: Node, pointer: str) -> tuple[Node, str]:
        """Follow ``$ref`` to a component of the section, as far as it leads."""
        seen = []
        while isinstance(node.value, dict) and "$ref" in node.value:
            fields = Fields(self.problems, node, pointer, "a reference", ("$ref",))
            prefix, reference = f"#/components/{section}/", fields.text("$ref")
            name = reference.removeprefix(prefix)
            if not reference.startswith("#"):
                fields.reject("$ref", f'found "{shown(reference)}"; only this document is read ({prefix}…)')
            elif not reference.startswith(prefix) or name not in self._components[section]:
                fields.reject("$ref", f'"{shown(reference)}" does not exist; expected {prefix}<name>')
            elif name in seen:
                fields.reject("$ref", f"cyclic $ref: {shown(name)} leads back to itself")
            else:
                seen.append(name)
                node, pointer = self._components[section][name], prefix + name
                continue
            return Node({}, node.line, node.column, {}), pointer
        return node, pointer

    def parameter(self, node: Node, pointer: str) -> Parameter:
        node, pointer = self._resolve("parameters", node, pointer)
        fields = Fields(self.problems, node, pointer, "a parameter", _PARAMETER)
        fields.require("name", "in", "schema")
        found, name = fields.one_of("in", _LOCATIONS), fields.text("name")
        location: Location = next((item for item in _LOCATIONS if item == found), "query")
        if location == "path" and not fields.boolean("required"):
            fields.reject("required", "a path parameter is always required: true")
        if location == "header" and (not HEADER_NAME.match(name or "x") or name.lower() in _RESERVED_HEADERS):
            fields.reject("name", f'"{shown(name)}" is not for a parameter to set')
        fields.one_of("style", (_STYLES[location],))
        if fields.boolean("explode", location == "query") != (location == "query"):
            fields.reject("explode", f"supported: {str(location == 'query').lower()}")
        schema = self._schema(fields)
        self._check_parameter_schema(fields, location, schema)
        return Parameter(
            name=name,
            location=location,
            schema=schema,
            required=fields.boolean("required"),
            description=fields.text("description").strip() or schema.description,
            deprecated=fields.boolean("deprecated"),
            secret=fields.boolean("x-stepup-secret") or schema.secret,
            examples=self._examples(fields),
            source=fields.texts(_SOURCE),
        )

    def _check_parameter_schema(self, fields: Fields, location: str, schema: Schema) -> None:
        target = self._schemas.named(schema.reference) if schema.reference else schema
        if location == "query" and target.kind == "array" and target.items is not None:
            item = target.items
            target = self._schemas.named(item.reference) if item.reference else item
        if target.kind not in ("any", "string", "integer", "number", "boolean"):
            fields.reject(
                "schema",
                f"found {target.kind}; a {location} parameter is a scalar (or, in a query, an array)",
            )

    def _schema(self, fields: Fields) -> Schema:
        node = fields.get("schema")
        return self._schemas.read(node, fields.at("schema")) if node else Schema("any")

    def _examples(self, fields: Fields) -> tuple[Example, ...]:
        if (single := fields.json("example")) is not None:
            return (Example("", single.value),)
        return tuple(self.example(*found) for found in fields.entries("examples"))

    def example(self, name: str, node: Node, pointer: str) -> Example:
        node, pointer = self._resolve("examples", node, pointer)
        fields = Fields(self.problems, node, pointer, "an example", ("summary", "description", "value"))
        fields.require("value")
        value = fields.get("value")
        return Example(
            name, frozen(value) if value else None, fields.text("summary"), fields.text("description").strip()
        )

    def _media_type(self, fields: Fields, what: str) -> tuple[str, Schema, tuple[Example, ...]] | None:
        """The one JSON media type of a body."""
        contents = list(fields.entries("content"))
        if not contents:
            return None
        if len(contents) > 1:
            fields.reject("content", f"found {len(contents)} media types; supported: one ({what})")
        name, node, pointer = contents[0]
        if not _JSON.match(name):
            fields.reject("content", f'found "{shown(name)}"; supported: application/json')
        media = Fields(self.problems, node, pointer, "a media type", ("schema", "example", "examples"))
        media.require("schema")
        return name, self._schema(media), self._examples(media)

    def request_body(self, node: Node, pointer: str) -> RequestBody:
        node, pointer = self._resolve("requestBodies", node, pointer)
        fields = Fields(
            self.problems, node, pointer, "a request body", ("description", "required", "content")
        )
        fields.require("content")
        name, schema, examples = self._media_type(fields, "a request body") or ("", Schema("any"), ())
        description = fields.text("description").strip()
        return RequestBody(name, schema, fields.boolean("required"), description, examples)

    def responses(self, fields: Fields) -> tuple[Response, ...]:
        responses = []
        for status, node, pointer in fields.entries("responses"):
            if not _STATUS.match(status):
                self.problems.add(node, pointer, f'found "{shown(status)}"; expected 200, 4XX or default')
            responses.append(self.response(status, node, pointer))
        if responses and not any(item.is_success for item in responses):
            fields.reject("responses", "found no success; expected at least one response of 2xx")
        return tuple(responses)

    def response(self, status: str, node: Node, pointer: str) -> Response:
        node, pointer = self._resolve("responses", node, pointer)
        keywords = ("description", "headers", "content", "links", _SOURCE)
        fields = Fields(self.problems, node, pointer, "a response", keywords)
        fields.require("description")
        media_type, schema, examples = self._media_type(fields, "a response") or ("", None, ())
        return Response(
            status=status,
            description=fields.text("description").strip(),
            media_type=media_type,
            schema=schema,
            examples=examples,
            headers=tuple(self.header(*found) for found in fields.entries("headers")),
            links=tuple(self.link(*found) for found in fields.entries("links")),
            source=fields.texts(_SOURCE),
        )

    def header(self, name: str, node: Node, pointer: str) -> Header:
        node, pointer = self._resolve("headers", node, pointer)
        keywords = ("description", "required", "deprecated", "schema", "example", "examples", _SOURCE)
        fields = Fields(self.problems, node, pointer, "a header", keywords)
        fields.require("schema")
        return Header(
            name=name,
            schema=self._schema(fields),
            required=fields.boolean("required"),
            description=fields.text("description").strip(),
            deprecated=fields.boolean("deprecated"),
            examples=self._examples(fields),
            source=fields.texts(_SOURCE),
        )

    def link(self, name: str, node: Node, pointer: str) -> Link:
        node, pointer = self._resolve("links", node, pointer)
        keywords = ("operationId", "parameters", "requestBody", "description")
        fields = Fields(self.problems, node, pointer, "a link", keywords)
        fields.require("operationId")
        self._links.append((fields, fields.text("operationId")))
        parameters = tuple((key, frozen(value)) for key, value, _ in fields.entries("parameters"))
        body, description = fields.json("requestBody"), fields.text("description").strip()
        return Link(name, fields.text("operationId"), parameters, body, description)
