"""Request bodies, validated against the contract itself.

The validators are compiled from the schemas of spec/openapi.yaml when the server starts: what is required,
of which type and within which bounds is stated there and nowhere else. This module only names the errors. It
never coerces: a number is not a string, and a string that would mean the same is another string.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import yaml

# Deeper bodies are malformed: no field is deeper than 1.
MAX_DEPTH = 32
# Different limits mean different schemas; so many sets of them are kept.
_KEPT_SCHEMAS = 32


class InvalidFields(Exception):
    """Every field that is not acceptable, as field -> required, invalid_type or invalid_value; ``body`` for
    all of it.
    """

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(fields)
        self.fields = fields


_MALFORMED = {"body": "invalid_json"}


def parse(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a body; raise InvalidFields for anything else.

    Rejected besides bad syntax: other roots, duplicate keys at any depth, NaN and infinities, lone
    surrogates, a byte order mark, text after the object, invalid UTF-8, and nesting deeper than MAX_DEPTH.
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise InvalidFields(_MALFORMED) from None
    if not isinstance(document, dict) or not _names_each_key_once(body, document):
        raise InvalidFields(_MALFORMED)
    return document


def _names_each_key_once(body: bytes, document: dict[str, Any]) -> bool:
    # orjson keeps the last of two equal keys. In a flat object without escapes every string takes two
    # quotes, so a dropped key shows as quotes too many; anything else is read again, slowly.
    # Reading each body again costs a POST a fifth more CPU time (107 instead of 87 microseconds, side by
    # side), more than the target of bench/mock_server.py allows.
    if b"\\" not in body and body.count(b"{") == 1 and b"[" not in body:
        strings = len(document) + list(map(type, document.values())).count(str)
        return body.count(b'"') == 2 * strings
    if _depth(document) > MAX_DEPTH:
        return False
    try:
        json.loads(body, object_pairs_hook=_unique)
    except ValueError:
        return False
    return True


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("duplicate key")
    return result


def _depth(document: Any) -> int:
    # Level by level, since recursion is what deep documents attack.
    level, depth = [document], 0
    while level:
        depth += 1
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                below.extend(value.values())
            elif isinstance(value, list):
                below.extend(value)
        level = [value for value in below if isinstance(value, dict | list)]
    return depth


@dataclass(frozen=True, slots=True)
class BodySchema:
    """The compiled schema of one operation's body.

    ``names`` are its properties in spec order, ``secrets`` those that are never shown.
    """

    validator: Any
    names: tuple[str, ...]
    required: frozenset[str]
    uuids: tuple[str, ...]
    integers: tuple[str, ...]
    secrets: frozenset[str]
    strict: bool

    def check(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return the fields, UUIDs in lower case; raise InvalidFields naming every field that fails.

        Fields that the schema does not know are dropped, or, where it is closed, rejected.
        """
        fields = document
        if not self.strict:
            fields = {name: document[name] for name in self.names if name in document}
        if not self.validator.is_valid(fields):
            raise InvalidFields(self._errors(fields))
        for name in self.uuids:
            if name in fields:
                fields[name] = fields[name].lower()
        for name in self.integers:
            if name in fields:
                # To JSON Schema 60.0 is an integer.
                fields[name] = int(fields[name])
        return fields

    def _errors(self, fields: dict[str, Any]) -> dict[str, str]:
        codes: dict[str, str] = {}
        for error in self.validator.iter_errors(fields):
            kind = type(error.kind).__name__
            if kind == "Required":
                codes[error.kind.property] = "required"
            elif kind == "AdditionalProperties":
                codes |= dict.fromkeys(error.kind.unexpected, "unknown_field")
            elif error.instance_path:
                name = str(error.instance_path[0])
                below = len(error.instance_path) > 1
                codes.setdefault(name, "invalid_value" if below else self._code(name, fields[name], kind))
            else:
                codes |= dict.fromkeys(fields or ["body"], "invalid_value")
        # In the order of the contract, whatever the order of the errors.
        return {name: codes[name] for name in dict.fromkeys((*self.names, *codes)) if name in codes}

    def _code(self, name: str, value: Any, kind: str) -> str:
        if name in self.required and (value is None or value == ""):
            return "required"
        wrong_type = kind == "Type" or (kind == "Enum" and not isinstance(value, str))
        wrong_type |= kind == "AnyOf" and not isinstance(value, dict)
        return "invalid_type" if wrong_type else "invalid_value"


class Contract:
    """The part of an OpenAPI document that the server acts upon."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            # The C loader, where it was built; both are safe.
            document = yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
        self._components = document["components"]
        self._compiled: dict[str, dict[str, BodySchema]] = {}
        operations = [
            operation
            for item in document["paths"].values()
            for method, operation in item.items()
            if method in ("get", "put", "post", "delete")
        ]
        self.operations = frozenset(operation["operationId"] for operation in operations)
        self._bodies = {
            operation["operationId"]: operation["requestBody"]["content"]["application/json"]["schema"]
            for operation in operations
            if "requestBody" in operation
        }

    def bodies(self, **bounds: dict[str, int]) -> dict[str, BodySchema]:
        """Compile each operation's body, operationId -> BodySchema.

        ``bounds`` tightens properties by name, such as ``valid_for_seconds={"maximum": 60}``.
        """
        # Worlds share what they agree on.
        key = repr(sorted(bounds.items()))
        if key not in self._compiled:
            if len(self._compiled) >= _KEPT_SCHEMAS:
                self._compiled.clear()
            self._compiled[key] = {
                operation_id: self._compile(self._resolve(schema), bounds)
                for operation_id, schema in self._bodies.items()
            }
        return self._compiled[key]

    def _compile(self, schema: dict[str, Any], bounds: dict[str, dict[str, int]]) -> BodySchema:
        properties = {
            name: self._resolve(value) | bounds.get(name, {})
            for name, value in schema.get("properties", {}).items()
        }
        root = {**schema, "properties": properties, "components": self._components}
        return BodySchema(
            validator=jsonschema_rs.Draft202012Validator(root),
            names=tuple(properties),
            required=frozenset(schema.get("required", ())),
            uuids=tuple(name for name, value in properties.items() if value.get("format") == "uuid"),
            integers=tuple(name for name, value in properties.items() if value.get("type") == "integer"),
            secrets=frozenset(name for name, value in properties.items() if value.get("x-stepup-secret")),
            strict="oneOf" in schema or schema.get("additionalProperties") is False,
        )

    def _resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            schema = self._components["schemas"][schema["$ref"].rpartition("/")[2]]
        return schema
