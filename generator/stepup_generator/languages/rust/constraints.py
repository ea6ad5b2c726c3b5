"""How constraints are written in Rust: what a request has to meet, and the little that a response has to."""

import math
from collections.abc import Iterator
from typing import assert_never

from stepup_generator.client.types import Type
from stepup_generator.languages.rust.types import RUST, is_enum, is_id
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
from stepup_generator.openapi.model import Json

__all__ = ["received", "sent"]


def sent(item: Type) -> str:
    """All that the API asks of a value that is sent, as a slice of constraints."""
    return _slice(_sent(item))


def received(item: Type) -> str:
    """What a caller relies on: constants, and that nothing is empty that must not be."""
    return _slice(_received(item))


def _slice(items: Iterator[str]) -> str:
    return f"&[{', '.join(f'&constraint::{item}' for item in items)}]"


def _sent(item: Type) -> Iterator[str]:
    # An enum checks itself.
    for constraint in () if is_enum(item) else item.constraints:
        for text in _written(constraint, item):
            yield f"Written(constraint::{text})" if is_id(item) else text
    if item.item is not None:
        yield from _inside(item, _sent(item.item))


def _received(item: Type) -> Iterator[str]:
    for constraint in () if is_enum(item) or is_id(item) else item.constraints:
        match constraint:
            case MinLength(least) | MinItems(least) if least > 0:
                yield "NotEmpty"
            case Const(value):
                yield f"Const({_number(value)})"
    if item.item is not None:
        yield from _inside(item, _received(item.item))


def _inside(item: Type, texts: Iterator[str]) -> Iterator[str]:
    kind = "Items" if item.kind == "array" else "Values"
    return (f"{kind}(constraint::{text})" for text in texts)


def _written(constraint: Constraint, item: Type) -> Iterator[str]:
    match constraint:
        case MinLength(number) | MaxLength(number) | MinItems(number) | MaxItems(number):
            yield f"{type(constraint).__name__}({number})"
        case MinProperties(number) | MaxProperties(number):
            yield f"{type(constraint).__name__}({number})"
        case Pattern(regex):
            yield f"Pattern({RUST.text(regex)})"
        case Format(name):
            yield from _format(name)
        case Minimum(value) | Maximum(value) if item.kind == "integer":
            yield from _bound(constraint)
        case Minimum(value) | Maximum(value):
            yield f"{type(constraint).__name__}({_number(float(value))})"
        case ExclusiveMinimum(value) | ExclusiveMaximum(value):
            yield f"{type(constraint).__name__}({_number(float(value))})"
        case MultipleOf(factor):
            # Zero is the only multiple of what no i64 can be.
            yield f"MultipleOf({factor})" if factor < 2**63 else "OneOf(&[0_i64])"
        case UniqueItems():
            yield "UniqueItems"
        case Enum(values):
            yield f"OneOf(&[{', '.join(map(_number, values))}])"
        case Const(value):
            yield f"Const({_number(value)})"
        case _:
            assert_never(constraint)


def _format(name: FormatName) -> Iterator[str]:
    match name:
        case "date":
            yield "Date"
        case "date-time":
            yield "DateTime"
        case "int32":
            yield from (f"Minimum({-(2**31)}_i64)", f"Maximum({2**31 - 1}_i64)")
        case "uuid" | "int64":
            pass  # The type says it.
        case _:
            assert_never(name)


def _bound(constraint: Minimum | Maximum) -> Iterator[str]:
    """The bound of an integer; none where every i64 is within it."""
    least = isinstance(constraint, Minimum)
    value = math.ceil(constraint.value) if least else math.floor(constraint.value)
    if -(2**63) <= value < 2**63:
        yield f"{type(constraint).__name__}({value}_i64)"
    elif least == (value > 0):
        yield "OneOf::<i64>(&[])"


def _number(value: Json) -> str:
    """A scalar whose type does not depend on its place."""
    if value is None:
        return "()"
    if isinstance(value, float):
        return f"{value!r}_f64"
    return f"{value}_i64" if isinstance(value, int) and not isinstance(value, bool) else RUST.literal(value)
