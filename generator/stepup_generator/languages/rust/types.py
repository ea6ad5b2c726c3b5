"""How types, shapes and values are written in Rust: source, or nodes to be laid out."""

import math
import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping

from stepup_generator.client.types import Enum, Field, Model, Object, Type, Union
from stepup_generator.languages.rust.layout import Array, Call, Node, Struct
from stepup_generator.languages.rust.names import RUST
from stepup_generator.openapi.model import Json

__all__ = ["RUST", "annotation", "field_type", "literal", "reached", "shape", "struct", "tags"]

_SCALARS = {
    "string": "String", "integer": "i64", "number": "f64", "boolean": "bool", "any": "Value", "null": "Value",
}  # fmt: skip


def is_id(item: Type) -> bool:
    return item.kind == "string" and item.format == "uuid" and not item.values


def is_enum(item: Type) -> bool:
    """Is it written as an enum? Choices of other values, and those written in place, are not."""
    return bool(item.name) and item.kind in ("string", "integer")


_PATHS = {"Uuid": "uuid::Uuid", "Value": "serde_json::Value", "BTreeMap": "std::collections::BTreeMap"}


def annotation(item: Type, qualified: bool = False) -> str:
    """The type of a value; ``qualified``, with paths that hold outside the module of models."""
    text = _bare(item)
    text = f"Option<{text}>" if item.nullable else text
    if not qualified:
        return text
    own = {"String", "Vec", "Option", "Box", "i64", "f64", "bool"}
    return re.sub(
        r"\w+", lambda name: name[0] if name[0] in own else _PATHS.get(name[0], f"models::{name[0]}"), text
    )


def _bare(item: Type, alone: bool = True) -> str:
    if item.kind in ("object", "union"):
        return f"Box<{item.name}>" if item.recursive and alone else item.name
    if item.kind in ("array", "map") and item.item is not None:
        inner = _bare(item.item, alone=False)
        inner = f"Option<{inner}>" if item.item.nullable else inner
        return f"Vec<{inner}>" if item.kind == "array" else f"BTreeMap<String, {inner}>"
    if is_enum(item):
        return item.name
    if is_id(item):
        return "Uuid"
    if item.kind == "const":
        kinds = {str: "String", bool: "bool", int: "i64", float: "f64"}
        return kinds.get(type(item.const), "Value")
    return _SCALARS[item.kind]


def field_type(field: Field) -> str:
    text = f"Secret<{_bare(field.type)}>" if field.secret else _bare(field.type)
    text = "Secret" if text == "Secret<String>" else text
    return f"Option<{text}>" if field.type.nullable or not field.required else text


def shape(field: Field) -> Node:
    """The shape of a field's value. Null and nothing are the same where a field may be left out."""
    inner = _shape(field.type)
    inner = Call("shapes::hidden", (inner,)) if field.secret else inner
    return Call("shapes::nullable", (inner,)) if field.type.nullable and field.required else inner


def shape_of(item: Type) -> Node:
    inner = _shape(item)
    return Call("shapes::nullable", (inner,)) if item.nullable else inner


def _shape(item: Type, alone: bool = True) -> Node:
    if item.kind in ("object", "union"):
        inner: Node = f"wire::{item.name}"
        return Call("shapes::boxed", (inner,)) if item.recursive and alone else inner
    if item.kind in ("array", "map") and item.item is not None:
        inner = _shape(item.item, alone=False)
        inner = Call("shapes::nullable", (inner,)) if item.item.nullable else inner
        limits = _range(item.min_items, item.max_items)
        return (
            Call("shapes::array", (limits, inner))
            if item.kind == "array"
            else Call("shapes::keyed", (inner,))
        )
    if item.kind == "const":
        return Call("shapes::constant", (constant(item.const),))
    if is_enum(item):
        return f"wire::{item.name}"
    if is_id(item):
        return "shapes::Id"
    return _scalar(item)


def _scalar(item: Type) -> Node:
    names = {"string": "text", "integer": "whole", "number": "decimal"}
    if item.values and item.kind in names:
        values = tuple(
            _number(value) if item.kind == "number" else RUST.literal(value) for value in item.values
        )
        return Call(f"shapes::{names[item.kind]}_of", (Array("&", values),))
    match item.kind:
        case "string":
            return Call("shapes::text", (_range(item.min_length, item.max_length),))
        case "integer":
            return Call(
                "shapes::whole", (_range(_i64(item.minimum, math.ceil), _i64(item.maximum, math.floor)),)
            )
        case "number":
            return Call("shapes::decimal", (_decimals(item),))
        case "boolean":
            return "shapes::Flag"
    return "shapes::Anything" if item.kind == "any" else Call("shapes::constant", (constant(None),))


def constant(value: Json) -> Node:
    """A constant as the value of a field has it."""
    if isinstance(value, str):
        return f"{RUST.text(value)}.to_owned()"
    return "serde_json::Value::Null" if value is None else RUST.literal(value)


def _number(value: Json) -> str:
    return repr(float(value)) if isinstance(value, int | float) else RUST.literal(value)


def _i64(bound: int | float | None, rounded: Callable[[float], int]) -> int | None:
    """A bound of an integer, None where every i64 keeps it."""
    if bound is None or not -(2**63) <= bound < 2**63:
        return None
    return bound if isinstance(bound, int) else rounded(bound)


def _range(low: int | None, high: int | None) -> str:
    return f"{'' if low is None else low}..{'' if high is None else f'={high}'}"


def _decimals(item: Type) -> str:
    def bound(kept: int | float | None, excluded: int | float | None) -> str:
        if excluded is not None:
            return f"std::ops::Bound::Excluded({_number(excluded)})"
        return "std::ops::Bound::Unbounded" if kept is None else f"std::ops::Bound::Included({_number(kept)})"

    if item.exclusive_minimum is None and item.exclusive_maximum is None:
        low = "" if item.minimum is None else _number(item.minimum)
        return low + ".." + ("" if item.maximum is None else f"={_number(item.maximum)}")
    return f"({bound(item.minimum, item.exclusive_minimum)}, {bound(item.maximum, item.exclusive_maximum)})"


def reached(types: Iterable[Type], models: Mapping[str, Model]) -> set[str]:
    """The names of the models that some types are made of."""
    found: set[str] = set()
    todo = list(types)
    while todo:
        item = todo.pop()
        todo += [item.item] if item.item is not None else []
        model = models.get(item.name)
        if model is None or item.name in found:
            continue
        found.add(item.name)
        if isinstance(model, Object):
            todo += [field.type for field in model.fields]
        elif isinstance(model, Union):
            todo += [variant.type for variant in model.variants]
    return found


def tags(models: Iterable[Model]) -> dict[str, set[str]]:
    """By the names of objects, the constants that tell them in a union: an enum says them, no field does."""
    found: dict[str, set[str]] = {}
    for model in models:
        if isinstance(model, Union) and model.tag:
            for variant in model.variants:
                found.setdefault(variant.type.name, set()).add(model.tag)
    return found


def struct(model: Object, tagged: Mapping[str, set[str]]) -> Iterator[Field]:
    """The fields of an object that its struct has."""
    for field in model.fields:
        if not (field.type.kind == "const" and field.wire in tagged.get(model.name, ())):
            yield field


class Unwritable(Exception):
    """An example that is no value of its type."""


def literal(value: Json, item: Type, models: Mapping[str, Model], tagged: Mapping[str, set[str]]) -> Node:
    """An example as a value of its type. Raises Unwritable."""
    if value is None and item.nullable:
        return "None"
    made = _literal(value, item, models, tagged)
    return Call("Some", (made,)) if item.nullable else made


def field_literal(
    value: Json, field: Field, models: Mapping[str, Model], tagged: Mapping[str, set[str]]
) -> Node:
    if value is None and (field.type.nullable or not field.required):
        return "None"
    made = _literal(value, field.type, models, tagged)
    if field.secret and made != RUST.literal(value) + ".into()":
        made = Call("Secret::new", (made,))
    return Call("Some", (made,)) if field.type.nullable or not field.required else made


def _literal(value: Json, item: Type, models: Mapping[str, Model], tagged: Mapping[str, set[str]]) -> Node:
    model = models.get(item.name)
    if isinstance(model, Object | Union):
        boxed = item.recursive
        made = (
            object_literal(value, model, models, tagged)
            if isinstance(model, Object)
            else _union_literal(value, model, models, tagged)
        )
        return Call("Box::new", (made,)) if boxed else made
    if isinstance(model, Enum) and is_enum(item):
        names = {each.value: each.name for each in model.values}
        if value not in names:
            raise Unwritable
        return f"{model.name}::{names[value]}"
    if item.kind == "array" and isinstance(value, tuple) and item.item is not None:
        return Array("vec!", tuple(_inner(each, item.item, models, tagged) for each in value))
    if item.kind == "map" and isinstance(value, Mapping) and item.item is not None:
        pairs = (
            Call("", (f"{RUST.text(key)}.into()", _inner(each, item.item, models, tagged)))
            for key, each in value.items()
        )
        return Call("BTreeMap::from", (Array("", tuple(pairs)),))
    return _scalar_literal(value, item)


def _tokens(value: Json) -> str:
    """JSON as the macro ``json!`` takes it."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{RUST.text(key)}: {_tokens(item)}" for key, item in value.items()) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_tokens, value)) + "]"
    return "null" if value is None else RUST.literal(value)


def _inner(value: Json, item: Type, models: Mapping[str, Model], tagged: Mapping[str, set[str]]) -> Node:
    made = literal(value, item, models, tagged)
    return (
        made.arguments[0] if item.recursive and isinstance(made, Call) and made.head == "Box::new" else made
    )


def _scalar_literal(value: Json, item: Type) -> Node:
    kind = item.kind
    if kind == "const":
        return f"{RUST.text(value)}.into()" if isinstance(value, str) else constant(value)
    if kind in ("any", "null"):
        return f"json!({_tokens(value)})"
    if is_id(item) and isinstance(value, str):
        try:
            uuid.UUID(value)
        except ValueError:
            raise Unwritable from None
        return f"uuid!({RUST.text(value)})"
    if kind == "string" and isinstance(value, str):
        return f"{RUST.text(value)}.into()"
    if kind == "boolean" and isinstance(value, bool):
        return RUST.literal(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        if kind == "number":
            return _number(value)
        if kind == "integer" and isinstance(value, int) and -(2**63) <= value < 2**63:
            return str(value)
    raise Unwritable


def object_literal(
    value: Json, model: Object, models: Mapping[str, Model], tagged: Mapping[str, set[str]]
) -> Node:
    if not isinstance(value, Mapping):
        raise Unwritable
    fields = []
    for field in struct(model, tagged):
        if field.wire not in value and field.required:
            raise Unwritable
        fields.append((field.name, field_literal(value.get(field.wire), field, models, tagged)))
    return Struct(model.name, tuple(fields))


def _union_literal(
    value: Json, model: Union, models: Mapping[str, Model], tagged: Mapping[str, set[str]]
) -> Node:
    for variant in model.variants:
        if model.tag and isinstance(value, Mapping) and value.get(model.tag) != variant.value:
            continue
        try:
            return Call(f"{model.name}::{variant.name}", (_literal(value, variant.type, models, tagged),))
        except Unwritable:
            continue
    raise Unwritable
