"""How types are written in Rust, and which types a document reaches."""

import re
from collections.abc import Iterable, Iterator, Mapping

from stepup_generator.client.types import Field, Model, Object, Type, Union
from stepup_generator.languages.rust.names import RUST

__all__ = ["RUST", "annotation", "field_type", "is_enum", "is_id", "reached", "struct", "tags"]

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
    """By the names of objects, the constants that tell them apart in a union: no field holds those."""
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
