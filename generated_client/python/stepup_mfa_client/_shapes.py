"""How values look on the wire, and what is checked of them in either direction.

Reading fails closed on what a caller relies on (types, constants, required fields, emptiness) and lets
everything newer through: unknown fields, enum values and variants. Writing checks what the API bounds, before
anything is sent. Patterns and formats are left to the server. No message here holds a value: it may be a secret.
"""

from __future__ import annotations

import datetime as _datetime
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeGuard, TypeVar
from uuid import UUID

T = TypeVar("T")


class Mismatch(Exception):
    """A value is not as the API describes it. ``at`` says where, in the notation of JSON pointers."""

    def __init__(self, at: str, wanted: str) -> None:
        super().__init__(f"{at.lstrip('/') or 'value'}: {wanted}")


class Shape(Generic[T]):
    """What one kind of value is; ``read`` takes parsed JSON, ``write`` gives it. Both raise Mismatch."""

    def read(self, value: Any, at: str) -> T:
        raise NotImplementedError

    def write(self, value: Any, at: str) -> Any:
        raise NotImplementedError


class Anything(Shape[Any]):
    def read(self, value: Any, at: str) -> Any:
        return value

    def write(self, value: Any, at: str) -> Any:
        return value


class Text(Shape[str]):
    """A string; ``values`` are those of an enum. A UUID may be given as one. Lengths are in characters."""

    def __init__(
        self, min_length: int = 0, max_length: int | None = None, values: Sequence[str] = ()
    ) -> None:
        self.min_length = min_length
        self.max_length = max_length
        self.values = values

    def read(self, value: Any, at: str) -> str:
        if not isinstance(value, str):
            raise Mismatch(at, "wanted a string")
        if not value and self.min_length:
            raise Mismatch(at, "wanted a string that is not empty")
        return value

    def write(self, value: Any, at: str) -> str:
        if isinstance(value, UUID):
            value = str(value)
        if not isinstance(value, str):
            raise Mismatch(at, "wanted a string")
        if self.values and value not in self.values:
            raise Mismatch(at, f"wanted one of {', '.join(self.values)}")
        if len(value) < self.min_length or (self.max_length is not None and len(value) > self.max_length):
            upper = "" if self.max_length is None else f" and at most {self.max_length}"
            raise Mismatch(at, f"wanted at least {self.min_length}{upper} characters")
        if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
            raise Mismatch(at, "wanted text that can be written as UTF-8")
        return value


class Whole(Shape[int]):
    """An integer. JSON Schema counts 60.0 as one."""

    def __init__(
        self, minimum: float | None = None, maximum: float | None = None, values: Sequence[int] = ()
    ) -> None:
        self.minimum = minimum
        self.maximum = maximum
        self.values = values

    def read(self, value: Any, at: str) -> int:
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise Mismatch(at, "wanted an integer")
        return value

    def write(self, value: Any, at: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise Mismatch(at, "wanted an integer")
        if self.values and value not in self.values:
            raise Mismatch(at, f"wanted one of {', '.join(map(str, self.values))}")
        _check_range(value, self.minimum, self.maximum, at)
        return value


class Number(Shape[float]):
    def __init__(self, minimum: float | None = None, maximum: float | None = None) -> None:
        self.minimum = minimum
        self.maximum = maximum

    def read(self, value: Any, at: str) -> float:
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
            raise Mismatch(at, "wanted a number")
        return value

    def write(self, value: Any, at: str) -> float:
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
            raise Mismatch(at, "wanted a finite number")
        _check_range(value, self.minimum, self.maximum, at)
        return value


def _check_range(value: float, minimum: float | None, maximum: float | None, at: str) -> None:
    if minimum is not None and value < minimum:
        raise Mismatch(at, f"wanted at least {minimum}")
    if maximum is not None and value > maximum:
        raise Mismatch(at, f"wanted at most {maximum}")


class Flag(Shape[bool]):
    def read(self, value: Any, at: str) -> bool:
        if not isinstance(value, bool):
            raise Mismatch(at, "wanted true or false")
        return value

    write = read


class Constant(Shape[T]):
    """Exactly one value, of exactly its type: 1 and "true" are not true."""

    def __init__(self, value: T) -> None:
        self.value = value

    def read(self, value: Any, at: str) -> T:
        if type(value) is not type(self.value) or value != self.value:
            raise Mismatch(at, f"wanted {self.value!r}")
        return self.value

    write = read


class Moment(Shape[_datetime.datetime]):
    """A date-time of RFC 3339."""

    def read(self, value: Any, at: str) -> _datetime.datetime:
        try:
            return _datetime.datetime.fromisoformat(value)
        except (TypeError, ValueError):
            pass
        raise Mismatch(at, "wanted a date and time")

    def write(self, value: Any, at: str) -> str:
        # RFC 3339 section 5.6: the offset is not optional.
        if not isinstance(value, _datetime.datetime) or value.tzinfo is None:
            raise Mismatch(at, "wanted a datetime with a time zone")
        return value.isoformat()


class Day(Shape[_datetime.date]):
    """A full-date of RFC 3339."""

    def read(self, value: Any, at: str) -> _datetime.date:
        try:
            return _datetime.date.fromisoformat(value)
        except (TypeError, ValueError):
            pass
        raise Mismatch(at, "wanted a date")

    def write(self, value: Any, at: str) -> str:
        if not isinstance(value, _datetime.date) or isinstance(value, _datetime.datetime):
            raise Mismatch(at, "wanted a date")
        return value.isoformat()


class Nullable(Shape[T | None]):
    def __init__(self, shape: Shape[T]) -> None:
        self.shape = shape

    def read(self, value: Any, at: str) -> T | None:
        return None if value is None else self.shape.read(value, at)

    def write(self, value: Any, at: str) -> Any:
        return None if value is None else self.shape.write(value, at)


class Array(Shape[list[T]]):
    def __init__(self, item: Shape[T], minimum: int = 0, maximum: int | None = None) -> None:
        self.item = item
        self.minimum = minimum
        self.maximum = maximum

    def read(self, value: Any, at: str) -> list[T]:
        if not _is_array(value):
            raise Mismatch(at, "wanted an array")
        if len(value) < min(self.minimum, 1):
            raise Mismatch(at, "wanted an array that is not empty")
        return [self.item.read(item, f"{at}/{index}") for index, item in enumerate(value)]

    def write(self, value: Any, at: str) -> Any:
        if not _is_sequence(value):
            raise Mismatch(at, "wanted a list")
        if len(value) < self.minimum or (self.maximum is not None and len(value) > self.maximum):
            upper = "" if self.maximum is None else f" and at most {self.maximum}"
            raise Mismatch(at, f"wanted at least {self.minimum}{upper} items")
        return [self.item.write(item, f"{at}/{index}") for index, item in enumerate(value)]


class Map(Shape[dict[str, T]]):
    """An object whose keys are not known beforehand."""

    def __init__(self, item: Shape[T]) -> None:
        self.item = item

    def read(self, value: Any, at: str) -> dict[str, T]:
        if not is_object(value):
            raise Mismatch(at, "wanted an object")
        return {key: self.item.read(item, f"{at}/*") for key, item in value.items()}

    def write(self, value: Any, at: str) -> Any:
        if not _is_mapping(value) or not all(isinstance(key, str) for key in value):
            raise Mismatch(at, "wanted a mapping with string keys")
        return {key: self.item.write(item, f"{at}/*") for key, item in value.items()}


class Field:
    """A field of an object: its name in Python, its name on the wire, what it holds."""

    def __init__(self, name: str, wire: str, shape: Shape[Any], required: bool = False) -> None:
        self.name = name
        self.wire = wire
        self.shape = shape
        self.required = required


class Object(Shape[T]):
    """An object with known fields; others are let through when reading, and not kept."""

    def __init__(self, type: Callable[..., T], *fields: Field) -> None:
        self.type = type
        self.fields = fields

    def read(self, value: Any, at: str) -> T:
        if not is_object(value):
            raise Mismatch(at, "wanted an object")
        found: dict[str, Any] = {}
        for field in self.fields:
            item = value.get(field.wire)
            if item is None and not field.required:
                continue
            if field.wire not in value:
                raise Mismatch(f"{at}/{field.wire}", "is missing")
            found[field.name] = field.shape.read(item, f"{at}/{field.wire}")
        return self.type(**found)

    def write(self, value: Any, at: str) -> Any:
        if not isinstance(self.type, type) or not isinstance(value, self.type):
            raise Mismatch(at, f"wanted a {getattr(self.type, '__name__', 'object')}")
        written: dict[str, Any] = {}
        for field in self.fields:
            item = getattr(value, field.name)
            if item is not None or field.required:
                written[field.wire] = field.shape.write(item, f"{at}/{field.wire}")
        return written


class Tagged(Shape[Any]):
    """One of several objects, told apart by one of their fields; one of a newer API becomes ``unknown``."""

    def __init__(
        self, tag: str, unknown: Callable[[str, dict[str, Any]], Any], variants: dict[str, Shape[Any]]
    ) -> None:
        self.tag = tag
        self.unknown = unknown
        self.variants = variants

    def read(self, value: Any, at: str) -> Any:
        if not is_object(value):
            raise Mismatch(at, "wanted an object")
        tag = value.get(self.tag)
        if not isinstance(tag, str):
            raise Mismatch(f"{at}/{self.tag}", "wanted a string")
        if tag not in self.variants:
            return self.unknown(tag, value)
        return self.variants[tag].read(value, at)

    def write(self, value: Any, at: str) -> Any:
        return _first(self.variants.values(), value, at)


class OneOf(Shape[Any]):
    """The first of several shapes that fits."""

    def __init__(self, *variants: Shape[Any]) -> None:
        self.variants = variants

    def read(self, value: Any, at: str) -> Any:
        for variant in self.variants:
            try:
                return variant.read(value, at)
            except Mismatch:
                continue
        raise Mismatch(at, "fits none of the forms it may have")

    def write(self, value: Any, at: str) -> Any:
        return _first(self.variants, value, at)


class Late(Shape[T]):
    """A shape that is defined further down, as in objects that contain themselves."""

    def __init__(self, shape: Callable[[], Shape[T]]) -> None:
        self.shape = shape

    def read(self, value: Any, at: str) -> T:
        return self.shape().read(value, at)

    def write(self, value: Any, at: str) -> Any:
        return self.shape().write(value, at)


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    """Is it an object, as the JSON parser gives them?"""
    return isinstance(value, dict)


def _is_array(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _is_sequence(value: Any) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _is_mapping(value: Any) -> TypeGuard[Mapping[Any, Any]]:
    return isinstance(value, Mapping)


def _first(variants: Iterable[Shape[Any]], value: Any, at: str) -> Any:
    for variant in variants:
        try:
            return variant.write(value, at)
        except Mismatch:
            continue
    raise Mismatch(at, "fits none of the forms it may have")
