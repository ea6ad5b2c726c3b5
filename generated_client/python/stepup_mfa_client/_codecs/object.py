"""Objects with known fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from . import Codec, Mismatch, is_object

__all__ = ["Field", "Object"]

T = TypeVar("T")


class Field:
    """A field of an object: its name in Python, its name on the wire, what it holds."""

    def __init__(self, name: str, wire: str, codec: Codec[Any], required: bool = False) -> None:
        self.name = name
        self.wire = wire
        self.codec = codec
        self.required = required


class Object(Codec[T]):
    """An object with known fields; others are ignored when reading."""

    def __init__(self, type: Callable[..., T], *fields: Field) -> None:
        self.type = type
        self.fields = fields

    def read(self, value: Any, at: str) -> T:
        if not is_object(value):
            raise Mismatch(at, "expected an object")
        found: dict[str, Any] = {}
        for field in self.fields:
            item = value.get(field.wire)
            if item is None and not field.required:
                continue
            if field.wire not in value:
                raise Mismatch(f"{at}/{field.wire}", "is missing")
            found[field.name] = field.codec.read(item, f"{at}/{field.wire}")
        return self.type(**found)

    def write(self, value: Any, at: str) -> Any:
        if not isinstance(self.type, type) or not isinstance(value, self.type):
            raise Mismatch(at, f"expected a {getattr(self.type, '__name__', 'object')}")
        written: dict[str, Any] = {}
        for field in self.fields:
            item = getattr(value, field.name)
            if item is not None or field.required:
                written[field.wire] = field.codec.write(item, f"{at}/{field.wire}")
        return written
