"""The try-it form of an operation: an input for whatever its request takes, filled with the examples.

Plain data for `try.html.jinja` and `try.js`. What the form sends, and where the values of the next call come
from, is all from the document; values that only a test server knows come from the hints beside it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from stepup_generator.client.bounds import spans
from stepup_generator.openapi.model import Api, Json, Operation, Parameter, Property, Schema, plain
from stepup_generator.site.addresses import Addresses
from stepup_generator.site.hints import Hint

__all__ = ["Form", "Input", "form"]


@dataclass(frozen=True, slots=True)
class Input:
    """One input. ``kind`` is text, number, choice or json; ``value`` is what it starts with.

    ``location`` is path, query, header, body (a field of it) or whole (all of the body, as JSON).
    """

    id: str
    name: str
    location: str
    kind: str
    type: str
    about: str
    required: bool
    secret: bool
    value: str
    choices: tuple[str, ...] = ()
    minimum: str = ""
    maximum: str = ""
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """``call`` is what the script needs beside the inputs, ready for JSON."""

    operation: Operation
    inputs: tuple[Input, ...]
    examples: tuple[str, ...]
    call: Mapping[str, object]


def form(api: Api, operation: Operation, addresses: Addresses, hints: Iterable[Hint] = ()) -> Form:
    """Make the form of ``operation``."""
    inputs = tuple(_inputs(api, operation))
    examples = operation.request_body.examples if operation.request_body else ()
    call: dict[str, object] = {
        "id": operation.id,
        "method": operation.method.upper(),
        "path": operation.path,
        "media": operation.request_body.media_type if operation.request_body else "",
        "key": _key(api, operation),
        "examples": [_start(inputs, example.value) for example in examples] if len(examples) > 1 else [],
        "links": list(_links(api, operation, addresses)),
        "live": {
            hint.field: {"path": hint.path, "inputs": hint.inputs, "pointer": hint.pointer}
            for hint in hints
            if hint.operation_id == operation.id
        },
    }
    names = tuple(example.summary or example.name for example in examples)
    return Form(operation, inputs, names if len(names) > 1 else (), call)


def _inputs(api: Api, operation: Operation) -> Iterator[Input]:
    number = 0
    for item in operation.parameters:
        number += 1
        example = item.examples[0].value if item.examples else None
        yield _input(api, item, number, item.location, example)
    body = operation.request_body
    if body is None:
        return
    example = body.examples[0].value if body.examples else None
    fields = api.flat_body(operation)
    if fields is None:
        value = "" if example is None else _pretty(example)
        about = body.description or api.resolve(body.schema).description
        yield Input(f"~try.{number + 1}", "body", "whole", "json", "JSON", about, body.required, False, value)
        return
    values = example if isinstance(example, Mapping) else {}
    for field in fields:
        number += 1
        yield _input(api, field, number, "body", values.get(field.name))


def _input(api: Api, item: Parameter | Property, number: int, location: str, example: Json) -> Input:
    schema = api.resolve(item.schema)
    kind = _kind(schema)
    if example is None:
        example = next(iter((*schema.examples, *schema.enum)), None)
    if example is None and schema.default is not None:
        example = schema.default.value
    low, high = schema.lowest, schema.highest
    return Input(
        id=f"~try.{number}",
        name=item.name,
        location=location,
        kind=kind,
        type=schema.format or schema.kind,
        about=_bounds(schema),
        required=item.required,
        secret=item.secret or schema.secret,
        value="" if example is None else _text(kind, example),
        choices=_choices(schema) if kind == "choice" else (),
        minimum="" if kind != "number" or low is None else str(low),
        maximum="" if kind != "number" or high is None else str(high),
        pattern=schema.pattern if kind == "text" else "",
    )


def _kind(schema: Schema) -> str:
    if schema.kind == "boolean" or (schema.enum and all(isinstance(item, str) for item in schema.enum)):
        return "choice"
    if schema.kind in ("integer", "number"):
        return "number"
    return "text" if schema.kind == "string" else "json"


def _choices(schema: Schema) -> tuple[str, ...]:
    return ("true", "false") if schema.kind == "boolean" else tuple(map(str, schema.enum))


def _text(kind: str, value: Json) -> str:
    if kind == "json":
        return _pretty(value)
    return value if isinstance(value, str) else json.dumps(plain(value), ensure_ascii=False)


def _pretty(value: Json) -> str:
    return json.dumps(plain(value), indent=2, ensure_ascii=False)


def _bounds(schema: Schema) -> str:
    """The limits of a value in a few words."""
    words = (f"{span[0].lower()}{span[1:]} {unit}".strip() for unit, span in spans(schema))
    return ", ".join(words)


def _start(inputs: tuple[Input, ...], value: Json) -> dict[str, str]:
    """The texts that an example of the body puts into the inputs."""
    if inputs and inputs[-1].location == "whole":
        return {"body": _pretty(value)}
    if not isinstance(value, Mapping):
        return {}
    kinds = {item.name: item.kind for item in inputs if item.location == "body"}
    return {name: _text(kinds[name], item) for name, item in value.items() if name in kinds}


def _key(api: Api, operation: Operation) -> dict[str, str] | None:
    """The header that carries the key, and what stands before it; None where no key is asked for."""
    for scheme in api.security_schemes:
        if scheme.name in operation.security[:1]:  # alternatives: the first will do
            if scheme.kind == "http":
                return {"header": "Authorization", "before": "Bearer "}
            return {"header": scheme.parameter, "before": ""}
    return None


def _links(api: Api, operation: Operation, addresses: Addresses) -> Iterator[dict[str, object]]:
    """The calls that an answer may feed, each with the address of its page, seen from any operation's."""
    for answer in operation.responses:
        for link in answer.links:
            inputs = dict(link.parameters)
            if link.request_body is not None and isinstance(link.request_body.value, Mapping):
                inputs |= link.request_body.value
            target = api.operation(link.operation_id)
            yield {
                "status": answer.status,
                "title": target.summary or target.id,
                "page": f"../../{addresses.operation(target.id)}",
                "inputs": {name: plain(value) for name, value in inputs.items()},
            }
