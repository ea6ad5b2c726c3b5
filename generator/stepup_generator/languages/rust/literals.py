"""How the values of examples are written in Rust: plain source, for rustfmt to lay out."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from stepup_generator.client.types import Enum, Field, Model, Object, Type, Union
from stepup_generator.languages.rust.types import RUST, is_enum, is_id, struct
from stepup_generator.openapi.model import Json

__all__ = ["Literals", "Unwritable"]


class Unwritable(Exception):
    """An example that is not a value of its type."""


@dataclass(frozen=True, slots=True)
class Literals:
    """Writes examples as values of their types; ``tagged`` as from ``tags``. Everything raises Unwritable."""

    models: Mapping[str, Model]
    tagged: Mapping[str, set[str]]

    def field(self, value: Json, field: Field) -> str:
        optional = field.type.nullable or not field.required
        if value is None and optional:
            return "None"
        text = self._bare(value, field.type)
        if field.secret and text != RUST.literal(value) + ".into()":
            text = f"Secret::new({text})"
        return f"Some({text})" if optional else text

    def _value(self, value: Json, item: Type) -> str:
        """A value inside an array or map."""
        if value is None and item.nullable:
            return "None"
        text = self._bare(value, item, alone=False)
        return f"Some({text})" if item.nullable else text

    def _bare(self, value: Json, item: Type, alone: bool = True) -> str:
        model = self.models.get(item.name)
        if isinstance(model, Object | Union):
            text = self._object(value, model) if isinstance(model, Object) else self._union(value, model)
            return f"Box::new({text})" if item.recursive and alone else text
        if isinstance(model, Enum) and is_enum(item):
            names = {each.value: each.name for each in model.values}
            if value not in names:
                raise Unwritable
            return f"{model.name}::{names[value]}"
        if item.kind == "array" and isinstance(value, tuple) and item.item is not None:
            inner = item.item
            return f"vec![{', '.join(self._value(each, inner) for each in value)}]"
        if item.kind == "map" and isinstance(value, Mapping) and item.item is not None:
            inner = item.item
            pairs = (f"({RUST.text(key)}.into(), {self._value(each, inner)})" for key, each in value.items())
            return f"BTreeMap::from([{', '.join(pairs)}])"
        return _scalar(value, item)

    def _object(self, value: Json, model: Object) -> str:
        if not isinstance(value, Mapping):
            raise Unwritable
        fields = []
        for field in struct(model, self.tagged):
            if field.wire not in value and field.required:
                raise Unwritable
            fields.append(f"{field.name}: {self.field(value.get(field.wire), field)}")
        return f"{model.name} {{ {', '.join(fields)} }}"

    def _union(self, value: Json, model: Union) -> str:
        for variant in model.variants:
            if model.tag and isinstance(value, Mapping) and value.get(model.tag) != variant.value:
                continue
            try:
                return f"{model.name}::{variant.name}({self._bare(value, variant.type)})"
            except Unwritable:
                continue
        raise Unwritable


def _scalar(value: Json, item: Type) -> str:
    kind = item.kind
    if kind == "const":
        if isinstance(value, str):
            return f"{RUST.text(value)}.into()"
        return "serde_json::Value::Null" if value is None else RUST.literal(value)
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
            return repr(float(value))
        if kind == "integer" and isinstance(value, int) and -(2**63) <= value < 2**63:
            return str(value)
    raise Unwritable


def _tokens(value: Json) -> str:
    """JSON as the macro ``json!`` takes it."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{RUST.text(key)}: {_tokens(item)}" for key, item in value.items()) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_tokens, value)) + "]"
    return "null" if value is None else RUST.literal(value)
