"""What ``{:?}`` of Rust shows of the answers of the Rust client."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace

from stepup_generator.client.types import Enum, Field, Type
from stepup_generator.languages.rust import types as rs
from stepup_generator.languages.rust.view import RustView
from stepup_generator.openapi.model import Json, Operation, Response
from stepup_generator.samples.typed import ANY, Typed

__all__ = ["RustPrinted", "debug"]


class RustPrinted:
    """Foretells the output of programs."""

    def __init__(self, view: RustView, typed: Typed) -> None:
        self._view = view
        self._typed = typed

    def answer(self, operation: Operation, response: Response, value: Json) -> str:
        made = self._typed.operation(operation.id)
        result = made.result
        if response.schema is None or result is None:
            return ""
        item = self._typed.answered(made, response.status)
        union = self._typed.union(result)
        shown = self._shown(value, item)
        if union is not None and result.name != item.name:
            variant = next(each for each in union.variants if each.type == item)
            shown = f"{variant.name}({shown})"
        return f"Some({shown})" if result.nullable and not item.nullable else shown

    def _shown(self, value: Json, item: Type) -> str:
        """What ``{:?}`` makes of a value."""
        if item.nullable:
            return "None" if value is None else f"Some({self._shown(value, replace(item, nullable=False))})"
        union, found = self._typed.union(item), self._typed.object(item)
        if union is not None:
            variant = self._typed.variant(union, value)
            if variant is None:
                tag = value.get(union.tag) if isinstance(value, Mapping) else None
                return f"Unknown(UnknownVariant {{ tag: {debug(tag)}, .. }})"
            return f"{variant.name}({self._shown(value, variant.type)})"
        if found is not None and isinstance(value, Mapping):
            members = [self._member(field, value) for field in rs.struct(found, self._view.tagged)]
            return f"{item.name} {{ {', '.join(members)} }}" if members else item.name
        if isinstance(value, Mapping) and item.kind == "map":
            inner = item.item or ANY
            pairs = (f"{debug(key)}: {self._shown(value[key], inner)}" for key in sorted(value))
            return f"{{{', '.join(pairs)}}}"
        if isinstance(value, tuple) and item.kind == "array":
            return f"[{', '.join(self._shown(each, item.item or ANY) for each in value)}]"
        return self._scalar(value, item)

    def _member(self, field: Field, value: Mapping[str, Json]) -> str:
        given, item = value.get(field.wire), field.type
        optional = item.nullable or not field.required
        if optional and given is None:
            return f"{field.name}: None"
        shown = "***" if field.secret else self._shown(given, replace(item, nullable=False))
        return f"{field.name}: {f'Some({shown})' if optional else shown}"

    def _scalar(self, value: Json, item: Type) -> str:
        model = self._view.by_name.get(item.name)
        if isinstance(model, Enum) and rs.is_enum(item):
            names = {each.value: each.name for each in model.values}
            return names.get(value, f"Unknown({debug(value)})")
        if rs.is_id(item):
            return str(value).lower()
        if item.kind in ("any", "null") or (item.kind == "const" and value is None):
            return _value(value)
        if item.kind == "number" and isinstance(value, int | float):
            return debug(float(value))
        return debug(value)


def debug(value: Json) -> str:
    """What ``{:?}`` makes of a text, number or truth value."""
    if isinstance(value, float):
        return re.sub(r"e\+?(-?)0*", r"e\1", repr(value))
    if not isinstance(value, str):
        return json.dumps(value)
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}
    shown = (escapes.get(char, char if char.isprintable() else f"\\u{{{ord(char):x}}}") for char in value)
    return f'"{"".join(shown)}"'


def _value(value: Json) -> str:
    """What ``{:?}`` makes of JSON whose type nobody knows."""
    if isinstance(value, Mapping):
        pairs = (f"{debug(key)}: {_value(value[key])}" for key in sorted(value))
        return f"Object {{{', '.join(pairs)}}}"
    if isinstance(value, tuple):
        return f"Array [{', '.join(map(_value, value))}]"
    if value is None:
        return "Null"
    name = "String" if isinstance(value, str) else "Bool" if isinstance(value, bool) else "Number"
    return f"{name}({debug(value)})"
