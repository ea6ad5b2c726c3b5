"""Reads an OpenAPI 3.1 document into the model, or says everything that is wrong with it at once.

The list of keywords is closed: what is not on it is rejected by name (``fields.py``). Only the document
itself is read; nothing is fetched. Remote references and security that needs two schemes are rejected too.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, TypeVar

from stepup_generator.errors import SpecError
from stepup_generator.openapi.document import Node, load, pointer_to
from stepup_generator.openapi.fields import Fields, Problems, shown
from stepup_generator.openapi.model import (
    Api,
    Operation,
    Parameter,
    SecurityScheme,
    Server,
    ServerVariable,
    Tag,
)
from stepup_generator.openapi.read_constraints import check_sent
from stepup_generator.openapi.read_parts import HEADER_NAME, PartReader
from stepup_generator.openapi.read_schema import SchemaReader

__all__ = ["read", "read_node"]

_T = TypeVar("_T")
_SOURCE = "x-stepup-source"
_METHODS = ("get", "put", "post", "delete", "head", "patch", "options")
_COMPONENTS = (
    "schemas", "responses", "parameters", "examples", "requestBodies", "headers", "securitySchemes", "links",
)  # fmt: skip
_OPERATION = (
    "operationId", "tags", "summary", "description", "parameters", "requestBody", "responses", "security",
    "deprecated", "x-stepup-repeatable", _SOURCE,
)  # fmt: skip
# RFC 3986 section 3.3: what a path segment may hold, besides parameters in braces.
_PATH = re.compile(r"(/((%[0-9A-Fa-f]{2}|[A-Za-z0-9._~!$&'()*+,;=:@-])|\{[^{}/]+\})*)+\Z")
_NAME = re.compile(r"[A-Za-z0-9._-]+\Z")


def read(path: Path) -> Api:
    """Read a document. Raises SpecError with every problem found, each with its place in the file."""
    return read_node(load(path), path)


def read_node(root: Node, path: Path) -> Api:
    """As ``read``, from a document that was loaded already; ``path`` is for messages."""
    reader = _Reader(root)
    api = reader.api()
    if reader.problems:
        raise SpecError(path, reader.problems.sorted())
    return api


class _Reader:
    def __init__(self, root: Node) -> None:
        self.problems = Problems()
        self._root = Fields(
            self.problems, root, "#", "the document",
            ("openapi", "info", "servers", "tags", "paths", "components", "security"),
        )  # fmt: skip
        self._root.require("openapi", "info", "paths")
        components = self._root.child("components", "the components", _COMPONENTS)
        self._components: dict[str, dict[str, Node]] = {
            section: {name: node for name, node, _ in components.entries(section)} if components else {}
            for section in _COMPONENTS
        }
        self._schemas = SchemaReader(self.problems, self._components["schemas"])
        self._parts = PartReader(self.problems, self._components, self._schemas)
        self._schemes: tuple[SecurityScheme, ...] = ()

    def api(self) -> Api:
        version = self._root.text("openapi")
        if "openapi" in self._root and not version.startswith("3.1."):
            self._root.reject("openapi", f'found "{shown(version)}"; supported: 3.1.x')
        info = self._root.child(
            "info", "the info", ("title", "version", "summary", "description", "contact", "license")
        )
        if info is not None:
            info.require("title", "version")
        self._schemes = tuple(self._each("securitySchemes", self._security_scheme))
        schemas = self._schemas.all()
        self._read_unused()
        api = Api(
            title=info.text("title") if info else "",
            version=info.text("version") if info else "",
            summary=info.text("summary") if info else "",
            description=info.text("description").strip() if info else "",
            contact=self._contact(info),
            license=self._license(info),
            servers=tuple(self._server(node, pointer) for node, pointer in self._root.items("servers")),
            tags=tuple(self._tag(node, pointer) for node, pointer in self._root.items("tags")),
            operations=tuple(self._operations()),
            schemas=schemas,
            security_schemes=self._schemes,
        )
        check_sent(api, self._schemas.limited)
        self._parts.check_links(frozenset(operation.id for operation in api.operations))
        return api

    def _each(self, section: str, read_one: Callable[[str, Node, str], _T]) -> Iterator[_T]:
        for name, node in self._components[section].items():
            pointer = pointer_to("#", "components", section, name)
            if not _NAME.match(name):
                expected = "expected letters, digits and . - _"
                self.problems.add(node, pointer, f'found the name "{shown(name)}"; {expected}')
            yield read_one(name, node, pointer)

    def _read_unused(self) -> None:
        """Read what no operation may refer to, so that its problems are found too."""
        for name, node in self._components["schemas"].items():
            if not _NAME.match(name):
                pointer = pointer_to("#", "components", "schemas", name)
                expected = "expected letters, digits and . - _"
                self.problems.add(node, pointer, f'found the name "{shown(name)}"; {expected}')
        tuple(self._each("responses", lambda _, node, pointer: self._parts.response("200", node, pointer)))
        tuple(self._each("parameters", lambda _, node, pointer: self._parts.parameter(node, pointer)))
        tuple(self._each("examples", self._parts.example))
        tuple(self._each("requestBodies", lambda _, node, pointer: self._parts.request_body(node, pointer)))
        tuple(self._each("headers", self._parts.header))
        tuple(self._each("links", self._parts.link))

    def _contact(self, info: Fields | None) -> tuple[tuple[str, str], ...]:
        contact = info.child("contact", "a contact", ("name", "url", "email")) if info else None
        keys = ("name", "url", "email")
        return tuple((key, contact.text(key)) for key in keys if key in contact) if contact else ()

    def _license(self, info: Fields | None) -> str:
        given = info.child("license", "a license", ("name", "identifier", "url")) if info else None
        return (given.text("identifier") or given.text("name")) if given else ""

    def _server(self, node: Node, pointer: str) -> Server:
        fields = Fields(
            self.problems, node, pointer, "a server", ("url", "description", "variables", _SOURCE)
        )
        fields.require("url")
        variables = []
        for name, variable_node, variable_pointer in fields.entries("variables"):
            keywords = ("default", "enum", "description")
            variable = Fields(self.problems, variable_node, variable_pointer, "a server variable", keywords)
            variable.require("default")
            variables.append(
                ServerVariable(
                    name, variable.text("default"), variable.texts("enum"), variable.text("description")
                )
            )
        url = fields.text("url")
        for name in re.findall(r"\{([^{}]*)\}", url):
            if name not in [variable.name for variable in variables]:
                fields.reject("url", f'"{{{shown(name)}}}" is not among the variables')
        return Server(url, fields.text("description").strip(), tuple(variables))

    def _tag(self, node: Node, pointer: str) -> Tag:
        fields = Fields(self.problems, node, pointer, "a tag", ("name", "description"))
        fields.require("name")
        return Tag(fields.text("name"), fields.text("description").strip())

    def _security_scheme(self, name: str, node: Node, pointer: str) -> SecurityScheme:
        keywords = ("type", "scheme", "bearerFormat", "in", "name", "description", _SOURCE)
        fields = Fields(self.problems, node, pointer, "a security scheme", keywords)
        fields.require("type")
        kind: Literal["http", "apiKey"] = "http"
        if fields.one_of("type", ("http", "apiKey")) == "apiKey":
            kind = "apiKey"
            fields.require("in", "name")
            fields.one_of("in", ("header",))
            if not HEADER_NAME.match(fields.text("name", "x")):
                fields.reject("name", f'found "{shown(fields.text("name"))}"; expected the name of a header')
        else:
            fields.require("scheme")
            fields.one_of("scheme", ("bearer",))
        return SecurityScheme(
            name, kind, fields.text("scheme"), fields.text("bearerFormat"), fields.text("name"),
            fields.text("description").strip(), fields.texts(_SOURCE),
        )  # fmt: skip

    def _operations(self) -> Iterator[Operation]:
        ids: dict[str, str] = {}
        shapes: dict[str, str] = {}
        for path, node, pointer in self._root.entries("paths"):
            if not _PATH.match(path):
                expected = "expected /, segments of URL characters and {parameters}"
                message = f'found the path "{shown(path)}"; {expected}'
                self.problems.add(node, pointer, message)
            shape = re.sub(r"\{[^{}]*\}", "{}", path)
            if shape in shapes:
                self.problems.add(node, pointer, f"the same path as {shown(shapes[shape])}")
            shapes[shape] = path
            keywords = (*_METHODS, "parameters", "summary", "description")
            item = Fields(self.problems, node, pointer, "a path", keywords)
            shared = [self._parts.parameter(*found) for found in item.items("parameters")]
            for method in _METHODS:
                if (operation_node := item.get(method)) is None:
                    continue
                operation = self._operation(operation_node, item.at(method), (method, path), shared)
                if operation.id in ids:
                    message = f'operationId "{shown(operation.id)}" is taken by {ids[operation.id]}'
                    id_place = Fields(self.problems, operation_node, item.at(method), "an operation", None)
                    id_place.reject("operationId", message)
                ids.setdefault(operation.id, f"{method} {path}")
                yield operation

    def _operation(
        self, node: Node, pointer: str, place: tuple[str, str], shared: list[Parameter]
    ) -> Operation:
        method, path = place
        fields = Fields(self.problems, node, pointer, "an operation", _OPERATION)
        fields.require("operationId", "responses")
        if not re.search(r"[A-Za-z]", fields.text("operationId", "x")):
            fields.reject("operationId", "expected a name with at least one letter of a to z")
        body = fields.get("requestBody")
        if body is not None and method in ("get", "head"):
            fields.reject("requestBody", f"a {method} request has no body (RFC 9110 section 9.3.1)")
        own = [self._parts.parameter(*found) for found in fields.items("parameters")]
        taken = {(item.name, item.location) for item in own}
        parameters = (*(item for item in shared if (item.name, item.location) not in taken), *own)
        self._check_parameters(fields, path, parameters)
        return Operation(
            id=fields.text("operationId"),
            method=method,
            path=path,
            tags=fields.texts("tags"),
            summary=fields.text("summary"),
            description=fields.text("description").strip(),
            parameters=parameters,
            request_body=self._parts.request_body(body, fields.at("requestBody")) if body else None,
            responses=self._parts.responses(fields),
            security=self._security(fields if "security" in fields else self._root),
            repeatable=fields.boolean("x-stepup-repeatable", method in ("get", "head")),
            deprecated=fields.boolean("deprecated"),
            source=fields.texts(_SOURCE),
        )

    def _check_parameters(self, fields: Fields, path: str, parameters: tuple[Parameter, ...]) -> None:
        expected = re.findall(r"\{([^{}]*)\}", path)
        given = [item.name for item in parameters if item.location == "path"]
        for name in expected:
            if name not in given:
                fields.reject("parameters", f'the path parameter "{shown(name)}" is not described')
        for name in given:
            if name not in expected:
                fields.reject("parameters", f'"{shown(name)}" is not in the path {shown(path)}')
        keys = [(item.name, item.location) for item in parameters]
        if len(keys) != len(set(keys)) or len(expected) != len(set(expected)):
            fields.reject("parameters", "a parameter is described twice")

    def _security(self, fields: Fields) -> tuple[str, ...]:
        names = []
        known = [scheme.name for scheme in self._schemes]
        for node, pointer in fields.items("security"):
            requirement = Fields(self.problems, node, pointer, "a security requirement", None)
            keys = list(node.value) if isinstance(node.value, dict) else []
            if len(keys) != 1:
                self.problems.add(node, pointer, f"found {len(keys)} schemes; expected exactly one")
            for key in keys:
                if key not in known:
                    requirement.reject(key, f'security scheme "{shown(key)}" does not exist')
                if requirement.texts(key):
                    requirement.reject(key, "scopes are not supported; expected []")
            names.extend(keys)
        return tuple(names)
