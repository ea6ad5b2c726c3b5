"""What a schema asks of a value, in sentences for the documentation of a client."""

from collections.abc import Callable, Iterator
from typing import assert_never

from stepup_generator.openapi.constraints import (
    Const,
    Constraint,
    Enum,
    ExclusiveMaximum,
    ExclusiveMinimum,
    Format,
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
from stepup_generator.openapi.model import Api, Json, Schema

__all__ = ["bounds", "spans"]


def bounds(
    api: Api, schema: Schema, literal: Callable[[Json], str], text: Callable[[str], str] = str
) -> Iterator[str]:
    """Yield a sentence for each bound; ``literal`` and ``text`` write values and words in the language."""
    item = api.resolve(schema)
    for unit, span in spans(item):
        yield f"{span} {unit}." if unit else f"{span}."
    for constraint in item.constraints:
        sentence = _sentence(constraint, literal, text)
        implied = isinstance(constraint, Pattern) and item.format == "uuid"
        if sentence and not implied:
            yield sentence


def spans(schema: Schema) -> Iterator[tuple[str, str]]:
    """The counts and ranges of a schema: what is counted, "" for the value itself, and the span."""
    lows: dict[str, int | float] = {}
    highs: dict[str, int | float] = {}
    for item in schema.constraints:
        match item:
            case MinLength(length):
                lows["characters"] = length
            case MaxLength(length):
                highs["characters"] = length
            case MinItems(count):
                lows["items"] = count
            case MaxItems(count):
                highs["items"] = count
            case MinProperties(count):
                lows["entries"] = count
            case MaxProperties(count):
                highs["entries"] = count
    if schema.lowest is not None:
        lows[""] = schema.lowest
    if schema.highest is not None:
        highs[""] = schema.highest
    for unit in dict.fromkeys((*lows, *highs)):
        yield unit, _span(lows.get(unit), highs.get(unit))


def _sentence(item: Constraint, literal: Callable[[Json], str], text: Callable[[str], str]) -> str:
    """The sentence for a constraint that is not a count or range; "" for those."""
    match item:
        case Enum(values):
            return "One of " + ", ".join(map(literal, values)) + "."
        case Format(name):
            return f"Format {text(name)}."
        case Pattern(regex):
            return f"Matches {text(regex)}."
        case ExclusiveMinimum(value):
            return f"More than {value}."
        case ExclusiveMaximum(value):
            return f"Less than {value}."
        case MultipleOf(factor):
            return f"A multiple of {factor}."
        case UniqueItems():
            return "No item twice."
        case Const() | MinLength() | MaxLength() | MinItems() | MaxItems():
            return ""
        case MinProperties() | MaxProperties() | Minimum() | Maximum():
            return ""
        case _:
            assert_never(item)


def _span(low: object, high: object) -> str:
    if low is None:
        return f"At most {high}"
    if low == high:
        return f"{low}"
    return f"{low} to {high}" if high is not None else f"At least {low}"
