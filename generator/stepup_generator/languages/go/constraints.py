"""Constraints as calls of what enforces them, in Go: ``runtime/constraint_*.go``."""

import math
from collections.abc import Callable, Iterator
from typing import assert_never

from stepup_generator.client.types import Type
from stepup_generator.languages.go.names import GO
from stepup_generator.openapi.constraints import (
    Const,
    Constraint,
    Enum,
    ExclusiveMaximum,
    ExclusiveMinimum,
    Format,
    FormatName,
    Maximum,
    MaxItems,
    MaxLength,
    MaxProperties,
    Minimum,
    MinItems,
    MinLength,
    MinProperties,
    MultipleOf,
    Pattern,
    UniqueItems,
)

__all__ = ["constraints", "decoded_minimum"]

_LEAST, _MOST = -(2**63), 2**63 - 1


def constraints(item: Type) -> list[str]:
    """What is passed to the function that encodes a value of a type."""
    return [source for each in item.constraints for source in _constraint(item, each)]


def decoded_minimum(item: Type) -> int:
    """The minimum length or number of items, which a response is checked for."""
    for each in item.constraints:
        match each:
            case MinLength(count) | MinItems(count):
                return count
    return 0


def _constraint(item: Type, constraint: Constraint) -> Iterator[str]:
    number = "int64" if item.kind == "integer" else "float64"
    match constraint:
        case MinLength(count):
            yield f"minLength({count})"
        case MaxLength(count):
            yield f"maxLength({count})"
        case Pattern(regex):
            yield f"pattern({GO.text(regex)})"
        case Format(name):
            yield from _format(name)
        case Minimum(value):
            yield f"minimum[{number}]({_bound(item, value, math.ceil)})"
        case Maximum(value):
            yield f"maximum[{number}]({_bound(item, value, math.floor)})"
        case ExclusiveMinimum(value):
            yield f"exclusiveMinimum[{number}]({value!r})"
        case ExclusiveMaximum(value):
            yield f"exclusiveMaximum[{number}]({value!r})"
        case MultipleOf(factor):
            yield f"multipleOf({min(factor, _MOST)})"
        case MinItems(count):
            yield f"minItems({count})"
        case MaxItems(count):
            yield f"maxItems({count})"
        case UniqueItems():
            yield "uniqueItems"
        case MinProperties(count):
            yield f"minProperties({count})"
        case MaxProperties(count):
            yield f"maxProperties({count})"
        case Enum(values):
            kind = "string" if item.kind == "string" else number
            yield f"enum[{kind}]({', '.join(map(GO.literal, values))})"
        case Const():
            # The type of a constant is its own: jsonConstant checks it.
            return
        case _:
            assert_never(constraint)


def _format(name: FormatName) -> Iterator[str]:
    match name:
        case "date":
            yield "date"
        case "date-time":
            yield "dateTime"
        case "int32":
            yield f"minimum[int64]({-(2**31)})"
            yield f"maximum[int64]({2**31 - 1})"
        case "uuid" | "int64":
            # The type is enough.
            return
        case _:
            assert_never(name)


def _bound(item: Type, value: int | float, rounded: Callable[[float], int]) -> str:
    return str(min(max(rounded(value), _LEAST), _MOST)) if item.kind == "integer" else repr(value)
