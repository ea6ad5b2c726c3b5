"""The answers that spec/openapi.yaml documents, and how an answer differs from them: headers, media type,
body.

A status that is not documented is not judged here: ``faults_of`` raises KeyError.
"""

import functools
import json
from typing import Any

import jsonschema_rs
import yaml

from stepup_contract.rules import _LOADER
from stepup_contract.server.redact import cut
from stepup_contract.server.target import Exchange
from stepup_spec import OPENAPI, find


def documented() -> list[tuple[str, int]]:
    """Return each operation with each of its documented statuses, in the order of the contract."""
    return [(operation, int(status)) for operation, responses in _responses().items() for status in responses]


def faults_of(exchange: Exchange) -> list[str]:
    """Return how an answer differs from what the contract documents for its operation and status."""
    response = _responses()[exchange.request.operation][str(exchange.status)]
    wrong = []
    for name, header in response.get("headers", {}).items():
        value = exchange.header(name)
        if value is None and header.get("required"):
            wrong.append(f"no header {name}")
        if value is not None and not _validator(json.dumps(header["schema"])).is_valid(_typed(value, header)):
            wrong.append(f"header {name}: {cut(value, 100)!r} is not as its schema says")
    media_type = (exchange.header("Content-Type") or "").partition(";")[0].strip().lower()
    if media_type not in response["content"]:
        return [*wrong, f"media type {media_type or 'none'} instead of {' or '.join(response['content'])}"]
    schema = response["content"][media_type]["schema"]
    if not isinstance(exchange.document, dict | list | str | int | float | None):
        return [*wrong, "the body is no JSON"]
    errors = _validator(json.dumps(schema)).iter_errors(exchange.document)
    return wrong + [f"/{'/'.join(map(str, one.instance_path))}: {cut(one.message, 200)}" for one in errors]


def _typed(value: str, header: dict[str, Any]) -> Any:
    is_number = header["schema"].get("type") == "integer" and value.isascii() and value.isdigit()
    return int(value) if is_number else value


@functools.cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = yaml.load(find(OPENAPI).read_text("utf-8"), Loader=_LOADER)  # noqa: S506
    return document


@functools.cache
def _responses() -> dict[str, dict[str, Any]]:
    """Return the responses of each operation by status, their references and those of headers resolved."""
    found = {}
    for methods in _document()["paths"].values():
        for operation in methods.values():
            if isinstance(operation, dict) and "operationId" in operation:
                found[operation["operationId"]] = {
                    status: _response(response) for status, response in operation["responses"].items()
                }
    return found


def _response(node: dict[str, Any]) -> dict[str, Any]:
    response = _resolved(node)
    headers = {name: _resolved(header) for name, header in response.get("headers", {}).items()}
    return {**response, "headers": headers}


def _resolved(node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        pointer, node = node["$ref"].removeprefix("#/").split("/"), _document()
        for part in pointer:
            node = node[part]
    return node


@functools.cache
def _validator(schema: str) -> Any:
    return jsonschema_rs.Draft202012Validator({**json.loads(schema), "components": _document()["components"]})
