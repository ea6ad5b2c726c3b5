"""How types are written in Go. Each method returns source."""

import re
from collections.abc import Iterable
from dataclasses import replace

from stepup_generator.client.docs import sections
from stepup_generator.client.names import Names
from stepup_generator.client.types import Enum, Field, Model, Object, Type, Union
from stepup_generator.languages.go.names import GO, doc
from stepup_generator.openapi.model import Json

__all__ = ["GO", "GoTypes", "bare", "field_type", "is_uuid", "item_type"]

_SCALARS = {
    "string": "string", "integer": "int64", "number": "float64", "boolean": "bool",
    "any": "any", "null": "any",
}  # fmt: skip


class GoTypes:
    """The types of one document; ``fixed`` are the names that the package of models has already.

    ``prefix`` is what stands before a name of that package: "" within it.
    """

    def __init__(self, models: Iterable[Model], inputs: Iterable[Object], fixed: Iterable[str]) -> None:
        self.models: dict[str, Model] = {item.name: item for item in models}
        scope = Names((*fixed, *self.models, *(item.name for item in inputs)), joint="")
        self._constants = {
            (item.name, value.value): scope.take(item.name + value.name)
            for item in self.models.values()
            if isinstance(item, Enum)
            for value in item.values
        }

    def annotation(self, item: Type, prefix: str = "models.") -> str:
        """The type of a value, a pointer where it may be null and has no nil of its own."""
        plain_type = self._plain(item, prefix)
        pointed = (item.nullable or item.recursive) and not self.is_nilable(item)
        return f"*{plain_type}" if pointed else plain_type

    def is_nilable(self, item: Type) -> bool:
        model = self.models.get(item.name)
        if item.kind == "union":
            return isinstance(model, Union) and bool(model.tag)
        return item.kind in ("array", "map") or self._plain(item, "") == "any"

    def field(self, field: Field, prefix: str = "models.") -> str:
        """The type of a field: a secret where it is one, a pointer where it may be left out."""
        item = field_type(field)
        if not field.secret:
            return self.annotation(item, prefix)
        star = "*" if item.nullable else ""
        return f"{star}{prefix}Secret[{self.annotation(bare(item), prefix)}]"

    def enum_base(self, name: str) -> str:
        """The type of the values of an enum."""
        item = self.models[name]
        assert isinstance(item, Enum)
        return _SCALARS[item.base]

    def constants(self, item: Enum) -> list[tuple[str, str]]:
        return [(self._constants[item.name, value.value], GO.literal(value.value)) for value in item.values]

    def constant(self, name: str, value: Json) -> str:
        """The name of one value of an enum, "" for a value that it does not have."""
        return self._constants.get((name, value), "")

    def struct(self, item: Object) -> str:
        """The definition of an object; a line between fields keeps each out of the columns of the next."""
        fields = "\n\n".join(self._member(field) for field in item.fields)
        return f"type {item.name} struct {{\n{fields}\n}}"

    def _member(self, field: Field) -> str:
        text = sections(field.doc, "Deprecated: the API marks it as such." if field.deprecated else "")
        # What encoding/json would not accept as a name gets none.
        name = field.wire if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", field.wire, re.ASCII) else ""
        omit = ",omitempty" if not field.required else ""
        tag = f' `json:"{name}{omit}"`' if name else ""
        comment = f"{doc(text)}\n" if text else ""
        return f"{comment}{field.name} {self.field(field, '')}{tag}"

    def _plain(self, item: Type, prefix: str) -> str:
        if item.kind in ("object", "union") or self.is_enum(item):
            return prefix + item.name
        if item.kind == "const":
            kinds = {str: "string", bool: "bool", int: "int64", float: "float64"}
            return kinds.get(type(item.const), "any")
        if item.item is not None:
            inner = self.annotation(item_type(item.item), prefix)
            return f"map[string]{inner}" if item.kind == "map" else f"[]{inner}"
        return "uuid.UUID" if is_uuid(item) else _SCALARS[item.kind]

    def is_enum(self, item: Type) -> bool:
        return isinstance(self.models.get(item.name), Enum)


def field_type(field: Field) -> Type:
    """The type of a field; one that may be left out is nullable."""
    return field.type if field.required else replace(field.type, nullable=True)


def bare(item: Type) -> Type:
    return replace(item, nullable=False, recursive=False)


def item_type(item: Type) -> Type:
    """What an array or map holds; a type may hold itself that way."""
    return replace(item, recursive=False)


def is_uuid(item: Type) -> bool:
    return item.kind == "string" and item.format == "uuid" and not item.values
