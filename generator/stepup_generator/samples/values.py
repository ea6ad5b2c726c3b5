"""The values that samples are made of: the document's own examples, or values made up from its schemas.

A value that nobody knows is the name of its place in capitals. Wire names only.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from stepup_generator.arazzo.model import Criterion
from stepup_generator.openapi.constraints import MinItems
from stepup_generator.openapi.model import Api, Example, Json, Operation, Response, Schema, Value

__all__ = ["Inputs", "answers", "at", "chosen", "inputs", "made_up", "same", "success"]

_EMPTY: Mapping[str, Json] = {
    "null": None, "boolean": True, "integer": 1, "number": 1, "array": (), "map": {}, "object": {},
}  # fmt: skip
_FORMATS: Mapping[str, str] = {
    "uuid": "00000000-0000-4000-8000-000000000000", "date": "2026-01-31", "date-time": "2026-01-31T12:00:00Z",
    "email": "someone@example.test", "uri": "https://example.test/",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Inputs:
    """What one call sends: parameters by (location, name), and the body, None where there is none."""

    parameters: Mapping[tuple[str, str], Json]
    body: Value | None


def inputs(api: Api, operation: Operation) -> Inputs:
    """The first example of an operation: every required input, and every optional one that has an example.

    A body's own example wins over those of its properties.
    """
    parameters: dict[tuple[str, str], Json] = {
        (item.location, item.name): item.examples[0].value
        if item.examples
        else made_up(api, item.schema, item.name)
        for item in operation.parameters
        if item.required or item.examples
    }
    body = operation.request_body
    if body is None:
        return Inputs(parameters, None)
    value = body.examples[0].value if body.examples else made_up(api, body.schema, "body")
    schema = api.resolve(body.schema)
    if isinstance(value, Mapping) and schema.kind == "object":
        value = {**value, **dict(_optional(api, schema, value))}
    return Inputs(parameters, Value(value))


def _optional(api: Api, schema: Schema, value: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    """Optional properties that have an example of their own, where the example leaves them out."""
    for item in schema.properties:
        examples = (*item.schema.examples, *api.resolve(item.schema).examples)
        if item.name not in value and examples and not item.schema.read_only:
            yield item.name, examples[0]


def success(operation: Operation) -> Response | None:
    """The success that samples show: the first with a body, else the first."""
    with_body = (item for item in operation.successes if item.schema is not None)
    return next(with_body, next(iter(operation.successes), None))


def answers(api: Api, response: Response) -> tuple[Example, ...]:
    """The examples of an answer with a body; one made up where the document has none."""
    if response.schema is None:
        return ()
    return response.examples or (Example("", made_up(api, response.schema, "answer")),)


def chosen(examples: Iterable[Example], criteria: Iterable[Criterion]) -> Example | None:
    """The first example that all criteria about the body hold for."""
    about_body = [item for item in criteria if item.pointer is not None]
    fitting = (
        example
        for example in examples
        if all(same(at(example.value, item.pointer or ()), item.value) for item in about_body)
    )
    return next(fitting, None)


def at(value: Json, pointer: Iterable[str]) -> Json:
    """What the keys lead to, None where they lead nowhere."""
    for key in pointer:
        if isinstance(value, Mapping):
            value = value.get(key)
        elif isinstance(value, tuple) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


def same(found: Json, expected: Json) -> bool:
    """Equality of JSON: true is not 1."""
    return found == expected and isinstance(found, bool) == isinstance(expected, bool)


def made_up(api: Api, schema: Schema, name: str, inside: tuple[str, ...] = ()) -> Json:
    """A value that fits ``schema`` as far as it shows one; ``inside`` are the schemas it is a part of."""
    schema = api.variants(schema)[0]
    if schema.examples or schema.enum:
        return (*schema.examples, *schema.enum)[0]
    if schema.default is not None:
        return schema.default.value
    if schema.kind == "object" and schema.name not in inside:
        path = (*inside, schema.name) if schema.name else inside
        return {
            item.name: made_up(api, item.schema, item.name, path)
            for item in schema.properties
            if item.required
        }
    if schema.kind == "array" and schema.items is not None and _least_items(schema):
        return (made_up(api, schema.items, name, inside),)
    if schema.kind in ("integer", "number") and schema.lowest is not None:
        return schema.lowest
    return _EMPTY.get(schema.kind, _FORMATS.get(schema.format, name.upper()))


def _least_items(schema: Schema) -> int:
    return next((item.count for item in schema.constraints if isinstance(item, MinItems)), 0)
