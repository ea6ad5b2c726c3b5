"""curl lines for the examples of an operation, safe to paste into a POSIX shell.

Whatever comes from the document is quoted; only the two variables of ours are left to the shell. Where the
document has no example, a value is made from the schema; a name in capitals stands for what nobody knows.
"""

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from stepup_generator.model import Api, Example, Json, Operation, Parameter, Schema, plain

__all__ = ["Request", "requests"]

_AUTH_URL = '"$STEPUP_MFA_AUTH_URL"'
_API_KEY = "$STEPUP_MFA_API_KEY"


@dataclass(frozen=True, slots=True)
class Request:
    """One request as a pasteable command; ``summary`` says which example it is, "" if there is but one."""

    summary: str
    curl: str


def requests(api: Api, operation: Operation) -> Iterator[Request]:
    """A command for each example of the request body; one where there is no body."""
    body = operation.request_body
    if body is None:
        yield Request("", _curl(api, operation, None))
        return
    for example in body.examples or (Example("", _sample(api, body.schema, "body")),):
        yield Request(example.summary or example.name, _curl(api, operation, example))


def _curl(api: Api, operation: Operation, example: Example | None) -> str:
    usual = "get" if example is None else "post"  # what curl sends unasked
    method = "" if operation.method == usual else f"-X {operation.method.upper()} "
    words = [f"curl {method}{_AUTH_URL}{shlex.quote(_path(api, operation))}", *_headers(api, operation)]
    if example is not None and operation.request_body is not None:
        words.append(f"-H {shlex.quote(f'Content-Type: {operation.request_body.media_type}')}")
        text = json.dumps(plain(example.value), indent=2, ensure_ascii=False)
        words.append(f"--data-raw {shlex.quote(text)}")
    return " \\\n  ".join(words)


def _headers(api: Api, operation: Operation) -> Iterator[str]:
    for scheme in api.security_schemes:
        if scheme.name in operation.security[:1]:  # alternatives: the first will do
            if scheme.kind == "http":
                yield f'-H "Authorization: Bearer {_API_KEY}"'
            else:
                yield f'-H {shlex.quote(f"{scheme.parameter}: ")}"{_API_KEY}"'
    for item in operation.header_parameters:
        if item.required:
            yield f"-H {shlex.quote(f'{item.name}: {_text(_value(api, item))}')}"


def _path(api: Api, operation: Operation) -> str:
    path = quote(operation.path, safe="/{}:@!$&'()*+,;=~")  # unquoted, curl would expand [1-9]
    for item in operation.path_parameters:
        path = path.replace(f"{{{quote(item.name)}}}", quote(_text(_value(api, item)), safe=""))
    query = [(item.name, _text(_value(api, item))) for item in operation.query_parameters if item.required]
    return f"{path}?{urlencode(query)}" if query else path


def _value(api: Api, item: Parameter) -> Json:
    return item.examples[0].value if item.examples else _sample(api, item.schema, item.name)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(plain(value), ensure_ascii=False)


def _sample(api: Api, schema: Schema, name: str, open_: tuple[str, ...] = ()) -> Json:
    """A value that fits ``schema`` as far as the schema shows one."""
    schema = api.variants(schema)[0]
    if schema.examples or schema.enum:
        return (*schema.examples, *schema.enum)[0]
    if schema.default is not None:
        return schema.default.value
    if schema.kind == "object" and schema.name not in open_:
        inside = (*open_, schema.name) if schema.name else open_
        return {
            item.name: _sample(api, item.schema, item.name, inside)
            for item in schema.properties
            if item.required
        }
    if schema.kind == "array" and schema.items is not None and schema.min_items:
        return (_sample(api, schema.items, name, open_),)
    empty: Mapping[str, Json] = {
        "null": None, "boolean": True, "integer": 1, "number": 1, "array": (), "map": {}, "object": {},
    }  # fmt: skip
    return empty.get(schema.kind, name.upper())
