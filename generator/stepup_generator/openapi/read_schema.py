"""Reads the schemas of a document.

Nullable is one notion however it is written; a null alternative never reaches the model. ``allOf`` of
objects becomes one object. Refused: remote references, references that lead round in a circle, several types
at once, and every keyword outside the lists below.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import get_args

from stepup_generator.openapi.circles import circles
from stepup_generator.openapi.constraints import MaxProperties, MinProperties
from stepup_generator.openapi.discriminators import SCHEMAS, Discriminators, keyword_of
from stepup_generator.openapi.document import Node, pointer_to
from stepup_generator.openapi.fields import Fields, Problems, frozen, shown
from stepup_generator.openapi.model import Json, Kind, Property, Schema
from stepup_generator.openapi.read_constraints import BOUNDS, check_items, read_constraints

__all__ = ["SCHEMAS", "SchemaReader"]

_NOTES = (
    "title", "description", "default", "example", "examples", "deprecated", "readOnly", "writeOnly",
    "$comment", "x-stepup-secret", "x-stepup-source", "x-stepup-replaced-by",
)  # fmt: skip
_KEYWORDS = (
    "$ref", "type", "format", "enum", "const", *BOUNDS, "allOf", "oneOf", "anyOf", "discriminator", *_NOTES,
)  # fmt: skip
_TYPES = ("string", "integer", "number", "boolean", "object", "array", "null")
_MAX_ALL_OF = 20


class SchemaReader:
    """Reads schemas in place and by name; a named one is read once."""

    def __init__(self, problems: Problems, components: dict[str, Node]) -> None:
        self._problems = problems
        self._nodes = components
        self._discriminators = Discriminators(problems, components)
        self._named: dict[str, Schema] = {}
        self._reading: list[str] = []
        # The objects with named properties whose number is limited, which requests may not hold.
        self.limited: list[tuple[Schema, Fields]] = []

    def all(self) -> tuple[Schema, ...]:
        """Every named schema, in the order of the document, after a look for circles among them."""
        schemas = tuple(self.named(name) for name in self._nodes)
        for name in circles(schemas):
            node, pointer = self._nodes[name], pointer_to("#", "components", "schemas", name)
            self._problems.add(node, pointer, f"cyclic $ref: {shown(name)} leads back to itself")
        return schemas

    def named(self, name: str) -> Schema:
        if name not in self._named:
            self._reading.append(name)
            self._named[name] = self.read(
                self._nodes[name], pointer_to("#", "components", "schemas", name), name
            )
            self._reading.pop()
        return self._named[name]

    def read(self, node: Node, pointer: str, name: str = "") -> Schema:
        """Read one schema; what cannot be read is reported and stands in the model as ``any``."""
        if node.value is True:
            return Schema("any", name)
        fields = Fields(self._problems, node, pointer, "a schema", _KEYWORDS)
        notes = self._notes(fields, name)
        if "$ref" in fields:
            return self._reference(fields, notes)
        if "allOf" in fields:
            return self._all_of(fields, notes)
        if "oneOf" in fields or "anyOf" in fields:
            return self._union(fields, notes)
        return self._typed(fields, notes)

    def _notes(self, fields: Fields, name: str) -> Schema:
        """What may stand beside any schema."""
        examples = tuple(frozen(node) for node, _ in fields.items("examples"))
        example = fields.json("example")
        return Schema(
            kind="any",
            name=name,
            title=fields.text("title"),
            description=fields.text("description").strip(),
            default=fields.json("default"),
            examples=(example.value,) if example else examples,
            deprecated=fields.boolean("deprecated"),
            read_only=fields.boolean("readOnly"),
            write_only=fields.boolean("writeOnly"),
            secret=fields.boolean("x-stepup-secret"),
            source=fields.texts("x-stepup-source"),
        )

    def _reference(self, fields: Fields, notes: Schema) -> Schema:
        self._reject_beside(fields, "$ref", _NOTES)
        name = self.target(fields)
        return notes if name is None else replace(notes, kind="reference", reference=name)

    def target(self, fields: Fields) -> str | None:
        """The schema that ``$ref`` names, or None after reporting why it names none."""
        reference = fields.text("$ref")
        name = reference.removeprefix(SCHEMAS).replace("~1", "/").replace("~0", "~")
        if not reference.startswith("#"):
            fields.reject("$ref", f'found "{shown(reference)}"; only this document is read ({SCHEMAS}…)')
        elif not reference.startswith(SCHEMAS) or name not in self._nodes:
            fields.reject("$ref", f'"{shown(reference)}" does not exist; expected {SCHEMAS}<name>')
        else:
            return name
        return None

    def _reject_beside(self, fields: Fields, what: str, allowed: Iterable[str]) -> None:
        for key in _KEYWORDS:
            if key in fields and key not in (what, *allowed):
                place = fields.node.keys[key]
                message = f'keyword "{key}" beside "{what}" is not supported; write an allOf of the two'
                self._problems.add(place, fields.pointer, message)

    def _union(self, fields: Fields, notes: Schema) -> Schema:
        key = "oneOf" if "oneOf" in fields else "anyOf"
        self._reject_beside(fields, key, (*_NOTES, "discriminator", "type"))
        read = [self.read(node, pointer) for node, pointer in fields.items(key)]
        variants = tuple(replace(item, nullable=False) for item in read if item.kind != "null")
        nullable = any(item.kind == "null" or item.nullable for item in read)
        if not variants:
            fields.reject(key, "found no variant that is not null; expected at least one")
            return notes
        if len(variants) == 1 and "discriminator" not in fields:
            return _beside(variants[0], notes, nullable)
        discriminator = self._discriminators.read(fields, variants)
        return replace(notes, kind="union", variants=variants, nullable=nullable, discriminator=discriminator)

    def _all_of(self, fields: Fields, notes: Schema) -> Schema:
        self._reject_beside(fields, "allOf", (*_NOTES, "type", "properties", "required"))
        parts = [self.read(node, pointer) for node, pointer in fields.items("allOf")]
        if len(parts) == 1 and parts[0].kind == "reference" and "properties" not in fields:
            return _beside(parts[0], notes, False)
        if len(self._reading) > _MAX_ALL_OF:
            fields.reject("allOf", f"nested deeper than {_MAX_ALL_OF} schemas")
            return notes
        objects = []
        for part in parts:
            if part.reference in self._reading:
                fields.reject("allOf", f"cyclic: {part.reference} contains itself through allOf")
                return notes
            objects.append(self.named(part.reference) if part.reference else part)
        own = self._properties(fields, ())
        properties: dict[str, Property] = {}
        for item in objects:
            if item.kind != "object":
                fields.reject("allOf", f"found {item.kind}; only objects can be put together")
                return notes
            for member in (*item.properties, *own):
                self._merge(fields, properties, member)
        required = set(fields.texts("required"))
        merged = tuple(replace(p, required=p.required or p.name in required) for p in properties.values())
        closed = any(item.closed for item in objects)
        return replace(notes, kind="object", properties=merged, closed=closed)

    def _merge(self, fields: Fields, properties: dict[str, Property], member: Property) -> None:
        known = properties.get(member.name)
        if known is not None and (known.schema.kind, known.schema.reference) != (
            member.schema.kind, member.schema.reference,
        ):  # fmt: skip
            fields.reject("allOf", f'property "{shown(member.name)}" has two types')
        properties[member.name] = member

    def _typed(self, fields: Fields, notes: Schema) -> Schema:
        kind, nullable = self._type(fields)
        values = self._raw_values(fields)
        constraints = read_constraints(fields, kind, values)
        nullable = (nullable or None in values) and kind != "null"
        schema = replace(notes, kind=kind, nullable=nullable, constraints=constraints)
        if kind == "object":
            return self._object(fields, schema)
        node = fields.get("items")
        items = self.read(node, fields.at("items")) if node else None
        check_items(fields, items)
        return replace(schema, items=items)

    def _type(self, fields: Fields) -> tuple[Kind, bool]:
        """The one type, and whether null is allowed beside it; a missing one follows from other keywords."""
        node = fields.get("type")
        if node is None:
            return self._implied_type(fields), False
        names = fields.texts("type") if isinstance(node.value, list) else (fields.text("type"),)
        for name in names:
            if name not in _TYPES and isinstance(node.value, str | list):
                fields.reject("type", f'found "{shown(name)}"; supported: {", ".join(_TYPES)}')
                return "any", False
        others = tuple(name for name in names if name != "null")
        if len(others) > 1:
            fields.reject(
                "type", f'found {" and ".join(others)}; expected one type, or one and "null" (else use oneOf)'
            )
        chosen = others[0] if others else "null"
        return next((kind for kind in get_args(Kind) if kind == chosen), "any"), "null" in names

    def _implied_type(self, fields: Fields) -> Kind:
        implied: dict[str, Kind] = {
            "string": "string",
            "number": "number",
            "array": "array",
            "object": "object",
        }
        for key, kind in BOUNDS.items():
            if key in fields:
                return implied[kind]
        for value in self._raw_values(fields):
            kinds: dict[type, Kind] = {str: "string", bool: "boolean", int: "integer", float: "number"}
            if type(value) in kinds:
                return kinds[type(value)]
        return "any"

    def _raw_values(self, fields: Fields) -> tuple[Json, ...]:
        const = fields.json("const")
        return (const.value,) if const else tuple(frozen(node) for node, _ in fields.items("enum"))

    def _object(self, fields: Fields, schema: Schema) -> Schema:
        node, additional, closed = fields.get("additionalProperties"), None, False
        if node is not None:
            closed = node.value is False
            if not isinstance(node.value, bool):
                additional = self.read(node, fields.at("additionalProperties"))
        properties = self._properties(fields, fields.texts("required"))
        if not properties and not closed:
            return replace(schema, kind="map", additional=additional or Schema("any"))
        made = replace(schema, properties=properties, additional=additional, closed=closed)
        if any(isinstance(item, MinProperties | MaxProperties) for item in made.constraints):
            self.limited.append((made, fields))
        return made

    def _properties(self, fields: Fields, required: tuple[str, ...]) -> tuple[Property, ...]:
        properties = tuple(
            self._property(name, node, pointer, name in required)
            for name, node, pointer in fields.entries("properties")
        )
        names = {item.name for item in properties}
        for name in required:
            if name not in names:
                fields.reject("required", f'"{shown(name)}" is not among the properties')
        for item in properties:
            if item.replaced_by and item.replaced_by not in names:
                pointer = pointer_to(fields.at("properties"), item.name)
                node = self._member(fields, item.name)
                message = f'"{shown(item.replaced_by)}", which replaces it, is not among the properties'
                self._problems.add(node, pointer, message)
        return properties

    def _member(self, fields: Fields, name: str) -> Node:
        return next(node for key, node, _ in fields.entries("properties") if key == name)

    def _property(self, name: str, node: Node, pointer: str, required: bool) -> Property:
        schema = self.read(node, pointer)
        fields = Fields(self._problems, node, pointer, "a schema", None)
        return Property(
            name=name,
            schema=schema,
            required=required,
            description=schema.description or str(self._inherited(schema, "description") or "").strip(),
            secret=schema.secret or self._inherited(schema, "x-stepup-secret") is True,
            deprecated=schema.deprecated or self._inherited(schema, "deprecated") is True,
            replaced_by=fields.text("x-stepup-replaced-by"),
            source=schema.source,
        )

    def _inherited(self, schema: Schema, key: str) -> object:
        return keyword_of(self._nodes[schema.reference], key) if schema.reference else None


def _beside(schema: Schema, notes: Schema, nullable: bool) -> Schema:
    """``schema`` with the notes that were written around it."""
    changed = {
        "name": notes.name,
        "nullable": schema.nullable or nullable,
        "description": notes.description or schema.description,
        "title": notes.title or schema.title,
        "default": notes.default or schema.default,
        "examples": notes.examples or schema.examples,
        "deprecated": notes.deprecated or schema.deprecated,
        "read_only": notes.read_only or schema.read_only,
        "write_only": notes.write_only or schema.write_only,
        "secret": notes.secret or schema.secret,
        "source": notes.source or schema.source,
    }
    return replace(schema, **changed)  # type: ignore[arg-type]
