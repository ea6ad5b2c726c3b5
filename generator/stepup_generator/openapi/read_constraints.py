"""Reads the constraints of a schema, and rejects those that the clients could not enforce the same way."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from stepup_generator.openapi.constraints import (
    FORMATS,
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
from stepup_generator.openapi.fields import Fields, shown
from stepup_generator.openapi.json_value import Json
from stepup_generator.openapi.model import Api, Kind, Schema
from stepup_generator.openapi.patterns import portable

__all__ = ["BOUNDS", "check_items", "check_sent", "read_constraints"]

# The keywords that mean something for one type only.
BOUNDS: Mapping[str, Kind] = {
    "pattern": "string", "minLength": "string", "maxLength": "string",
    "minimum": "number", "maximum": "number", "exclusiveMinimum": "number", "exclusiveMaximum": "number",
    "multipleOf": "number", "items": "array", "minItems": "array", "maxItems": "array",
    "uniqueItems": "array",
    "properties": "object", "required": "object", "additionalProperties": "object",
    "minProperties": "object", "maxProperties": "object",
}  # fmt: skip
_COUNTS: Mapping[str, Callable[[int], Constraint]] = {
    "minLength": MinLength, "maxLength": MaxLength, "minItems": MinItems, "maxItems": MaxItems,
    "minProperties": MinProperties, "maxProperties": MaxProperties,
}  # fmt: skip
_NUMBERS: Mapping[str, Callable[[int | float], Constraint]] = {
    "minimum": Minimum, "maximum": Maximum,
    "exclusiveMinimum": ExclusiveMinimum, "exclusiveMaximum": ExclusiveMaximum,
}  # fmt: skip
_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,),
}  # fmt: skip
# The one pattern beside `format: uuid`: it says nothing new.
_UUID = "^[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$"


def read_constraints(fields: Fields, kind: Kind, values: tuple[Json, ...]) -> tuple[Constraint, ...]:
    """The constraints of a schema of type ``kind``; ``values`` are those of ``enum`` or ``const``.

    What is wrong is reported to ``fields``.
    """
    _check_values(fields, kind, values)
    for key, needed in BOUNDS.items():
        fits = kind == needed or (needed == "number" and kind == "integer")
        if key in fields and not fits:
            message = f'keyword "{key}" has no meaning for type {kind}'
            fields.problems.add(fields.node.keys[key], fields.pointer, message)
    found = (*_values(fields, kind, values), *_text(fields, kind), *_counts_and_numbers(fields, kind))
    _check_order(fields)
    return found


def _values(fields: Fields, kind: Kind, values: tuple[Json, ...]) -> Iterator[Constraint]:
    if "const" in fields:
        yield Const(values[0])
    elif chosen := tuple(value for value in values if value is not None or kind == "null"):
        yield Enum(chosen)


def _text(fields: Fields, kind: Kind) -> Iterator[Constraint]:
    name, regex = fields.text("format"), fields.text("pattern")
    known = FORMATS.get(kind, ())
    if name and name not in known:
        supported = f"supported: {', '.join(known)}" if known else "none is supported"
        fields.reject("format", f'found "{shown(name)}"; for type {kind} {supported}')
    yield from (Format(each) for each in known if each == name)
    if not regex:
        return
    if name == "uuid" and regex != _UUID:
        fields.reject("pattern", f'found beside "format: uuid"; leave it out, or write {_UUID}')
    elif not portable(regex):
        fields.reject(
            "pattern",
            f'found "{shown(regex)}"; expected only literals, classes in brackets, groups, |, quantifiers, '
            "^ and $, which mean the same in every language",
        )
    else:
        yield Pattern(regex)


def _counts_and_numbers(fields: Fields, kind: Kind) -> Iterator[Constraint]:
    for key, counted in _COUNTS.items():
        count = fields.count(key)
        if count is not None:
            yield counted(count)
    for key, bounded in _NUMBERS.items():
        number = fields.number(key)
        if number is not None:
            yield bounded(number)
    for low, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if low in fields and exclusive in fields:
            fields.reject(exclusive, f'found beside "{low}"; expected one of the two')
    factor = fields.number("multipleOf")
    if factor is not None and kind == "integer" and isinstance(factor, int) and factor > 0:
        yield MultipleOf(factor)
    elif factor is not None:
        fields.reject("multipleOf", f"found {factor}; expected a positive integer, for type integer only")
    if fields.boolean("uniqueItems"):
        yield UniqueItems()


def check_items(fields: Fields, items: Schema | None) -> None:
    """Items that are to be unique have to be scalars, whose equality every language agrees on."""
    if fields.boolean("uniqueItems") and (
        items is None or items.nullable or items.kind not in ("string", "integer", "boolean")
    ):
        fields.reject(
            "uniqueItems", "expected items that are strings, integers or booleans, written in place"
        )


def check_sent(api: Api, limited: Iterable[tuple[Schema, Fields]]) -> None:
    """Reject limits on the number of properties of an object that requests hold.

    Clients enforce those of maps. ``limited`` are the objects with named properties that have such limits.
    """
    sent = set(map(id, _sent(api)))
    for schema, fields in limited:
        if id(schema) in sent:
            key = next(key for key in ("minProperties", "maxProperties") if key in fields)
            fields.reject(key, 'found for an object with named properties; expected a map (see "required")')


def _sent(api: Api) -> Iterator[Schema]:
    """Every schema that a request may hold values of."""
    waiting = [item.schema for operation in api.operations for item in operation.parameters]
    waiting += [item.request_body.schema for item in api.operations if item.request_body]
    seen: set[int] = set()
    while waiting:
        item = api.resolve(waiting.pop())
        if id(item) in seen:
            continue
        seen.add(id(item))
        yield item
        waiting += [*item.variants, *(member.schema for member in item.properties)]
        waiting += [inner for inner in (item.items, item.additional) if inner is not None]


def _check_values(fields: Fields, kind: Kind, values: tuple[Json, ...]) -> None:
    """The values of an enum or const are of the schema's type, and each is there once."""
    key = "const" if "const" in fields else "enum"
    if "const" in fields and "enum" in fields:
        fields.reject("enum", 'found beside "const"; expected one of the two')
    if "enum" in fields and not values:
        fields.reject("enum", "found no value; expected at least one")
    if "enum" in fields and kind in ("number", "boolean"):
        fields.reject("enum", f"found for type {kind}; expected strings or integers")
    for index, value in enumerate(values):
        if value in values[:index]:
            fields.reject(key, f"found {shown(str(value))} twice")
        if value is not None and type(value) not in _JSON_TYPES.get(kind, ()):
            fields.reject(key, f"found {shown(repr(value))}; expected a value of type {kind}")


def _check_order(fields: Fields) -> None:
    """No lower bound is above its upper one."""
    pairs = (
        ("minLength", "maxLength"), ("minimum", "maximum"), ("minItems", "maxItems"),
        ("minProperties", "maxProperties"),
    )  # fmt: skip
    for low_key, high_key in pairs:
        low, high = (_number(fields, key) for key in (low_key, high_key))
        if low is not None and high is not None and low > high:
            fields.reject(low_key, f"found {low}, above the upper bound {high}: no value fits")


def _number(fields: Fields, key: str) -> int | float | None:
    node = fields.get(key)
    value = node.value if node else None
    return value if isinstance(value, int | float) else None
