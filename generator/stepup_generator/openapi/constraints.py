"""What a schema may ask of a value beyond its type: a closed union.

Whoever enforces, prints or rejects constraints matches on ``Constraint`` with ``assert_never``, so that a new
member fails to type-check wherever it is missing. Source: JSON Schema 2020-12, validation vocabulary.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from stepup_generator.openapi.json_value import Json

__all__ = [
    "FORMATS",
    "Const",
    "Constraint",
    "Enum",
    "ExclusiveMaximum",
    "ExclusiveMinimum",
    "Format",
    "FormatName",
    "MaxItems",
    "MaxLength",
    "MaxProperties",
    "Maximum",
    "MinItems",
    "MinLength",
    "MinProperties",
    "Minimum",
    "MultipleOf",
    "Pattern",
    "UniqueItems",
]

FormatName: TypeAlias = Literal["uuid", "date-time", "date", "int32", "int64"]
# The formats of each type that every client enforces; RFC 9562 for UUIDs, RFC 3339 for dates.
FORMATS: dict[str, tuple[FormatName, ...]] = {
    "string": ("uuid", "date-time", "date"),
    "integer": ("int32", "int64"),
}


@dataclass(frozen=True, slots=True)
class MinLength:
    """At least ``length`` Unicode code points."""

    length: int


@dataclass(frozen=True, slots=True)
class MaxLength:
    """At most ``length`` Unicode code points."""

    length: int


@dataclass(frozen=True, slots=True)
class Pattern:
    """Some part of the string matches ``regex``, in the portable subset of ``openapi/patterns.py``."""

    regex: str


@dataclass(frozen=True, slots=True)
class Format:
    """A string or integer of a named form."""

    name: FormatName


@dataclass(frozen=True, slots=True)
class Minimum:
    """At least ``value``."""

    value: int | float


@dataclass(frozen=True, slots=True)
class Maximum:
    """At most ``value``."""

    value: int | float


@dataclass(frozen=True, slots=True)
class ExclusiveMinimum:
    """More than ``value``."""

    value: int | float


@dataclass(frozen=True, slots=True)
class ExclusiveMaximum:
    """Less than ``value``."""

    value: int | float


@dataclass(frozen=True, slots=True)
class MultipleOf:
    """An integer that ``factor``, a positive integer, divides."""

    factor: int


@dataclass(frozen=True, slots=True)
class MinItems:
    """At least ``count`` items."""

    count: int


@dataclass(frozen=True, slots=True)
class MaxItems:
    """At most ``count`` items."""

    count: int


@dataclass(frozen=True, slots=True)
class UniqueItems:
    """No two items are equal; the items are strings, integers or booleans."""


@dataclass(frozen=True, slots=True)
class MinProperties:
    """At least ``count`` entries of a map."""

    count: int


@dataclass(frozen=True, slots=True)
class MaxProperties:
    """At most ``count`` entries of a map."""

    count: int


@dataclass(frozen=True, slots=True)
class Enum:
    """One of ``values``, all of them strings or all integers; a newer API may return others."""

    values: tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class Const:
    """Exactly ``value``, of exactly its JSON type."""

    value: Json


Constraint: TypeAlias = (
    MinLength
    | MaxLength
    | Pattern
    | Format
    | Minimum
    | Maximum
    | ExclusiveMinimum
    | ExclusiveMaximum
    | MultipleOf
    | MinItems
    | MaxItems
    | UniqueItems
    | MinProperties
    | MaxProperties
    | Enum
    | Const
)
