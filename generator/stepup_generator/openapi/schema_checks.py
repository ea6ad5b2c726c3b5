"""What is checked of a schema once its keywords are read: values, bounds, circles of references."""

from collections.abc import Iterator

from stepup_generator.openapi.fields import Fields, shown
from stepup_generator.openapi.model import Json, Kind, Schema

__all__ = ["BOUNDS", "check_bounds", "check_values", "circles"]

# The keywords that mean something for one type only.
BOUNDS = {
    "pattern": "string", "minLength": "string", "maxLength": "string",
    "minimum": "number", "maximum": "number", "exclusiveMinimum": "number", "exclusiveMaximum": "number",
    "multipleOf": "number", "items": "array", "minItems": "array", "maxItems": "array",
    "uniqueItems": "array",
    "properties": "object", "required": "object", "additionalProperties": "object",
    "minProperties": "object", "maxProperties": "object",
}  # fmt: skip
_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,),
}  # fmt: skip


def check_values(fields: Fields, kind: Kind, values: tuple[Json, ...]) -> None:
    """The values of an enum or const are of the schema's type, and each stands there once."""
    key = "const" if "const" in fields else "enum"
    if "const" in fields and "enum" in fields:
        fields.refuse("enum", 'found beside "const"; wanted one of the two')
    if "enum" in fields and not values:
        fields.refuse("enum", "found no value; wanted at least one")
    for index, value in enumerate(values):
        if value in values[:index]:
            fields.refuse(key, f"found {shown(str(value))} twice")
        if value is not None and type(value) not in _JSON_TYPES.get(kind, ()):
            fields.refuse(key, f"found {shown(repr(value))}; wanted a value of type {kind}")


def check_bounds(fields: Fields, schema: Schema) -> None:
    """Every bound means something for the schema's type, and no lower one is above its upper one."""
    for key, wanted in BOUNDS.items():
        fits = schema.kind == wanted or (wanted == "number" and schema.kind == "integer")
        if key in fields and not fits:
            message = f'keyword "{key}" has no meaning for type {schema.kind}'
            fields.problems.add(fields.node.keys[key], fields.pointer, message)
    pairs = (
        ("minLength", schema.min_length, schema.max_length),
        ("minimum", schema.minimum, schema.maximum),
        ("minItems", schema.min_items, schema.max_items),
        ("minProperties", schema.min_properties, schema.max_properties),
    )
    for key, low, high in pairs:
        if low is not None and high is not None and low > high:
            fields.refuse(key, f"found {low}, above the upper bound {high}: no value fits")


def circles(schemas: tuple[Schema, ...]) -> Iterator[str]:
    """The names of schemas that are references to themselves in the end.

    A reference may lead back to its schema only through a property, an item or a map's value.
    """
    following = {item.name: [item.reference, *(v.reference for v in item.variants)] for item in schemas}
    settled: set[str] = set()
    for start in following:
        open_names, todo = set[str](), [(start, False)]
        while todo:
            name, leave = todo.pop()
            if leave:
                open_names.discard(name)
                settled.add(name)
            elif name in open_names:
                yield name
            elif name and name not in settled:
                open_names.add(name)
                todo.append((name, True))
                todo.extend((other, False) for other in following[name])
