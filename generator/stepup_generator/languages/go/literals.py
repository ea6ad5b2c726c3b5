"""Examples of the document as values in Go. What does not fit its type becomes the type's zero value."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from stepup_generator.client.types import Enum, Field, Object, Type, Union
from stepup_generator.languages.go.types import GO, GoTypes, bare, field_type, is_uuid, item_type
from stepup_generator.openapi.model import Json

__all__ = ["field_literal", "struct_literal"]

_UUID = re.compile(r"[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}", re.ASCII)


def field_literal(types: GoTypes, value: Json, field: Field) -> str:
    """The value of a field or argument."""
    item = field_type(field)
    if not field.secret or value is None:
        return _literal(types, value, item)
    hidden = f"models.NewSecret({_sure(types, _literal(types, value, bare(item)), item)})"
    return f"models.Ptr({hidden})" if item.nullable else hidden


def struct_literal(types: GoTypes, name: str, values: tuple[tuple[Field, Json], ...]) -> str:
    """A struct, a field a line, names in one column: nothing formats the Go of a README."""
    fields = [(field.name, field_literal(types, value, field)) for field, value in values]
    width = max((len(name) for name, _ in fields), default=0) + 1
    lines = "".join(f"\t{f'{field}:':{width}} {value},\n" for field, value in fields)
    return f"models.{name}{{\n{lines}}}" if lines else f"models.{name}{{}}"


def _literal(types: GoTypes, value: Json, item: Type) -> str:
    if value is None:
        return "nil" if item.nullable or types.is_nilable(item) else _zero(types, item)
    if (item.nullable or item.recursive) and not types.is_nilable(item):
        inner = _literal(types, value, bare(item))
        is_struct = item.kind == "object" and inner.endswith("}")
        return f"&{inner}" if is_struct else f"models.Ptr({_sure(types, inner, item)})"
    model = types.models.get(item.name)
    if isinstance(model, Enum):
        known = types.constant(model.name, value)
        return f"models.{known}" if known else _zero(types, item)
    if isinstance(model, Union):
        return _union(types, value, model, item)
    if not _holds(value, item):
        return _zero(types, item)
    if isinstance(model, Object) and isinstance(value, Mapping):
        known_fields = ((field, value[field.wire]) for field in model.fields if field.wire in value)
        fields = (f"{field.name}: {field_literal(types, each, field)}" for field, each in known_fields)
        return f"models.{model.name}{{{', '.join(fields)}}}"
    if item.item is not None:
        return f"{types.annotation(bare(item))}{{{', '.join(_items(types, value, item_type(item.item)))}}}"
    if is_uuid(item):
        return f"uuid.MustParse({GO.text(str(value))})" if _UUID.fullmatch(str(value)) else "uuid.Nil"
    return _anything(value)


def _items(types: GoTypes, value: Json, item: Type) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield f"{GO.text(key)}: {_literal(types, each, item)}"
    elif isinstance(value, tuple):
        for each in value:
            yield _literal(types, each, item)


def _union(types: GoTypes, value: Json, model: Union, item: Type) -> str:
    for variant in model.variants:
        inner = bare(variant.type)
        if model.tag:
            if isinstance(value, Mapping) and value.get(model.tag) == variant.value:
                return _literal(types, value, inner)
        elif _holds(value, inner):
            literal = _literal(types, value, replace(inner, nullable=True))
            return f"models.{model.name}{{{variant.name}: {literal}}}"
    return _zero(types, item)


def _zero(types: GoTypes, item: Type) -> str:
    return f"*new({types.annotation(item)})"


def _sure(types: GoTypes, literal: str, item: Type) -> str:
    """A literal whose own type is that of the value: a bare 1 would be an int."""
    kind = types.annotation(bare(item))
    return f"{kind}({literal})" if kind in ("int64", "float64") else literal


def _anything(value: Json) -> str:
    if isinstance(value, Mapping):
        pairs = (f"{GO.text(key)}: {_anything(item)}" for key, item in value.items())
        return f"map[string]any{{{', '.join(pairs)}}}"
    if isinstance(value, tuple):
        return f"[]any{{{', '.join(map(_anything, value))}}}"
    return GO.literal(value)


def _holds(value: Json, item: Type) -> bool:
    """May a value be of a type, by its JSON type?"""
    if item.kind == "const":
        return item.const == value and type(item.const) is type(value)
    kinds: dict[type, tuple[str, ...]] = {
        str: ("string",), bool: ("boolean",), int: ("integer", "number"), float: ("number",),
        tuple: ("array",),
    }  # fmt: skip
    expected = ("object", "map", "union") if isinstance(value, Mapping) else kinds.get(type(value), ())
    return item.kind in ("any", *expected)
