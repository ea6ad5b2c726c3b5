"""Types of the rendered clients for the schemas that inputs and results reach, named in one language.

Nothing here is written in a language: ``Type`` says what a value is, and each language writes it its own way.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from stepup_generator.client.bounds import bounds
from stepup_generator.client.names import Language, Names, words
from stepup_generator.openapi.constraints import (
    Const,
    Constraint,
    ExclusiveMaximum,
    ExclusiveMinimum,
    Format,
    Maximum,
    Minimum,
    Pattern,
)
from stepup_generator.openapi.constraints import Enum as Enum_
from stepup_generator.openapi.model import Api, Json, Operation, Parameter, Property, Schema

__all__ = [
    "Enum",
    "EnumValue",
    "Field",
    "Model",
    "Object",
    "Type",
    "TypeKind",
    "Types",
    "Union",
    "Variant",
]

TypeKind = Literal[
    "any", "null", "boolean", "integer", "number", "string", "array", "map", "object", "union", "const"
]


@dataclass(frozen=True, slots=True)
class Type:
    """What one value is.

    ``name`` is that of an object, a union or, for a scalar with ``values``, of an enum (without it the enum
    was written in place). ``item`` is what an array or map holds. A const is exactly ``const``, of exactly
    its JSON type. An integer has inclusive bounds only. ``recursive`` marks a use of a type inside itself.
    """

    kind: TypeKind
    name: str = ""
    nullable: bool = False
    constraints: tuple[Constraint, ...] = ()
    item: "Type | None" = None
    recursive: bool = False

    @property
    def values(self) -> tuple[Json, ...]:
        """The values of an enum, or the one value of a const."""
        for item in self.constraints:
            match item:
                case Enum_(values):
                    return values
                case Const(value):
                    return (value,)
        return ()

    @property
    def const(self) -> Json:
        """The one value of a const."""
        return self.values[0]

    @property
    def format(self) -> str:
        """The name of the format, "" without one."""
        return next((item.name for item in self.constraints if isinstance(item, Format)), "")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an object or input. ``location`` says where an input is sent; "" in a model.

    The field of an input that is the whole body has no ``wire`` name. A field that is not ``required`` may be
    left out; one that is ``type.nullable`` may be null. ``doc`` holds the bounds too.
    """

    name: str
    argument: str
    wire: str
    type: Type
    required: bool
    secret: bool
    deprecated: bool
    doc: str
    location: Literal["path", "query", "header", "body", ""] = ""


@dataclass(frozen=True, slots=True)
class Object:
    """Fields in the order of the document; unknown ones are let through when reading."""

    name: str
    doc: str
    fields: tuple[Field, ...]
    kind: Literal["object"] = "object"

    @property
    def secrets(self) -> tuple[Field, ...]:
        return tuple(item for item in self.fields if item.secret)


@dataclass(frozen=True, slots=True)
class Variant:
    """``value`` of the tag stands for ``type``; ``name`` is that of the variant within its union."""

    name: str
    value: str
    type: Type


@dataclass(frozen=True, slots=True)
class Union:
    """One of several types.

    With ``tag`` (a wire name) the variants are objects that it distinguishes, and ``unknown`` names the type
    for a value of it that this version does not know: that type keeps the tag's value, called ``tag_name``,
    and the raw object.
    Without, a value is of the first variant that fits.
    """

    name: str
    doc: str
    variants: tuple[Variant, ...]
    tag: str = ""
    tag_name: str = ""
    unknown: str = ""
    kind: Literal["union"] = "union"


@dataclass(frozen=True, slots=True)
class EnumValue:
    name: str
    value: Json


@dataclass(frozen=True, slots=True)
class Enum:
    """Values to send; a result may hold others, of a newer API. ``base`` is their JSON type."""

    name: str
    doc: str
    base: TypeKind
    values: tuple[EnumValue, ...]
    kind: Literal["enum"] = "enum"


Model: TypeAlias = Object | Union | Enum


class Types:
    """Collects in ``models``, as types are asked for, the named ones: each after those it is made of."""

    def __init__(self, api: Api, language: Language, scope: Names) -> None:
        self._api = api
        self._language = language
        self._scope = scope
        self._made: dict[str, Type] = {}
        self._unfinished: set[str] = set()
        self._inputs: dict[str, Object] = {}
        # Names for schemas written in place, by identity: the model lives as long as this does.
        self._suggested: dict[int, str] = {}
        self.models: list[Model] = []

    def suggest(self, schema: Schema, name: str) -> None:
        """Say what a schema that is written in place may be called, should it need a name."""
        self._suggested[id(schema)] = name
        for inner in (schema.items, schema.additional):
            if inner is not None:
                self.suggest(inner, f"{name} item")
        for number, variant in enumerate(schema.variants, start=1):
            self.suggest(variant, f"{name} {number}")

    def type(self, schema: Schema) -> Type:
        """What values of a schema are."""
        item = self._api.resolve(schema)
        nullable = (schema.nullable or item.nullable) and item.kind != "any"
        if item.is_const:
            return Type("const", nullable=nullable, constraints=item.constraints)
        if item.kind in ("object", "union"):
            return self._named(item, nullable)
        inner = item.items if item.kind == "array" else item.additional
        return Type(
            item.kind,  # type: ignore[arg-type]  # no reference: that was followed
            name=self._enum(item) if item.enum and item.name else "",
            nullable=nullable,
            constraints=_normal(item),
            item=self.type(inner or Schema("any")) if item.kind in ("array", "map") else None,
        )

    def one_of(self, wire: str, types: Iterable[Type]) -> Type:
        """A union without a tag of types that are there already."""
        name = self._scope.take(self._language.type_name(wire))
        self.models.append(Union(name, "One of several results.", tuple(self._variants(types))))
        return Type("union", name=name)

    def input(self, operation: Operation) -> Object | None:
        """The record of all an operation takes; operations with the same body alone share one."""
        body, properties = operation.request_body, self._api.flat_body(operation)
        schema = self._api.resolve(body.schema).name if body and properties is not None else ""
        shared = schema if schema and not operation.parameters else ""
        if shared in self._inputs:
            return self._inputs[shared]
        fields = tuple(self._input_fields(operation, properties))
        if not fields:
            return None
        suffix, base = self._language.input_suffix, shared or operation.id
        base = self._language.type_name(base).removesuffix("Request").removesuffix(suffix)
        doc = self._api.resolve(body.schema).description if body and shared else ""
        made = Object(
            self._scope.take(base + suffix), doc or f"What {operation.summary or operation.id} takes.", fields
        )
        if shared:
            self._inputs[shared] = made
        return made

    def _input_fields(self, operation: Operation, properties: tuple[Property, ...] | None) -> Iterator[Field]:
        names = Names(joint=self._language.joint)
        for item in operation.parameters:
            self.suggest(item.schema, f"{operation.id} {item.name}")
            yield self._field(names, item.name, item.schema, item, location=item.location)
        for member in properties or ():
            self.suggest(member.schema, f"{operation.id} {member.name}")
            yield self._field(names, member.name, member.schema, member, location="body")
        body = operation.request_body
        if body is not None and properties is None:
            self.suggest(body.schema, f"{operation.id} body")
            whole = Property("body", body.schema, body.required, body.description, body.schema.secret)
            yield self._field(names, "", body.schema, whole, location="body")

    def _field(
        self,
        names: Names,
        wire: str,
        schema: Schema,
        source: Property | Parameter,
        location: Literal["path", "query", "header", "body", ""] = "",
    ) -> Field:
        doc = " ".join((source.description, *bounds(self._api, schema, "`{}`".format))).strip()
        name = names.take(self._language.member(wire or source.name))
        argument = self._language.argument(wire or source.name)
        return Field(
            name,
            argument,
            wire,
            self.type(schema),
            source.required,
            source.secret,
            source.deprecated,
            doc,
            location,
        )

    def _named(self, item: Schema, nullable: bool) -> Type:
        """The type of an object or union, made when it is first asked for."""
        key = item.name or f"in place {id(item)}"
        if key not in self._made:
            wire = item.name or self._suggested.get(id(item)) or item.title
            name = self._scope.take(self._language.type_name(wire))
            kind: TypeKind = "object" if item.kind == "object" else "union"
            self._made[key] = Type(kind, name=name)
            self._unfinished.add(key)
            made = self._object(item, name) if item.kind == "object" else self._union(item, name)
            self._unfinished.discard(key)
            self.models.append(made)
        found = self._made[key]
        return Type(found.kind, name=found.name, nullable=nullable, recursive=key in self._unfinished)

    def _object(self, item: Schema, name: str) -> Object:
        names = Names(joint=self._language.joint)
        fields = []
        for member in item.properties:
            self.suggest(member.schema, f"{name} {member.name}")
            fields.append(self._field(names, member.name, member.schema, member))
        return Object(name, item.description or "An object.", tuple(fields))

    def _union(self, item: Schema, name: str) -> Union:
        doc = item.description or "One of several."
        if item.discriminator is None:
            return Union(name, doc, tuple(self._variants(map(self.type, item.variants))))
        types = {variant.reference: self.type(variant) for variant in item.variants}
        names = Names(("Unknown",), joint=self._language.joint)
        variants = tuple(
            Variant(names.take(self._language.variant(value)), value, types[reference])
            for value, reference in item.discriminator.mapping
        )
        tag = item.discriminator.property
        tag_name = Names(("raw", "Raw"), joint=self._language.joint).take(self._language.member(tag))
        unknown = self._unknown(name, [made.name for made in types.values()])
        return Union(name, doc, variants, tag, tag_name, unknown)

    def _variants(self, types: Iterable[Type]) -> Iterator[Variant]:
        names = Names(joint=self._language.joint)
        for item in types:
            yield Variant(names.take(item.name or self._language.variant(item.kind)), "", item)

    def _unknown(self, name: str, variants: list[str]) -> str:
        """``Unknown`` and the words that all variants end in, or else the name of the union."""
        common: list[str] = []
        for column in zip(*(reversed(words(variant)) for variant in variants), strict=False):
            if len(set(column)) > 1:
                break
            common.insert(0, column[0])
        return self._scope.take("Unknown" + ("".join(common) or name))

    def _enum(self, item: Schema) -> str:
        if item.name not in self._made:
            name = self._scope.take(self._language.type_name(item.name))
            names = Names(joint=self._language.joint)
            values = tuple(
                EnumValue(names.take(self._language.variant(str(value))), value) for value in item.enum
            )
            self._made[item.name] = Type("string", name=name)
            self.models.append(Enum(name, item.description, item.kind, values))  # type: ignore[arg-type]
        return self._made[item.name].name


def _normal(schema: Schema) -> tuple[Constraint, ...]:
    """The constraints, an integer's bounds as inclusive ones, a UUID without the pattern of every UUID."""
    implied = Pattern if schema.format == "uuid" else ()
    return tuple(_inclusive(schema, item) for item in schema.constraints if not isinstance(item, implied))


def _inclusive(schema: Schema, item: Constraint) -> Constraint:
    if schema.kind == "integer" and isinstance(item, ExclusiveMinimum):
        return Minimum(math.floor(item.value) + 1)
    if schema.kind == "integer" and isinstance(item, ExclusiveMaximum):
        return Maximum(math.ceil(item.value) - 1)
    return item
