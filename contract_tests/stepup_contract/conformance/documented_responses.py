"""The responses that spec/openapi.yaml documents, and how a response differs from them.

Schemathesis validates them. It is imported at the first one: a run without conformance does not wait for it.
"""

import asyncio
import functools
import re
from typing import TYPE_CHECKING, Any

import yaml

from stepup_contract.rules import _LOADER
from stepup_contract.server.operations import OPERATIONS
from stepup_contract.server.redact import cut
from stepup_contract.server.target import Exchange
from stepup_spec import OPENAPI, find

if TYPE_CHECKING:
    from schemathesis import BaseSchema

# What schemathesis validates of a response that it did not send the request for.
_CHECKS = (
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
# Schemathesis would cut long values in the middle of a word; `cut` leaves no piece of a secret behind.
OUTPUT = {"truncation": {"enabled": False}}
_PATHS = {operation.id: operation.path for operation in OPERATIONS}


@functools.cache
def documented() -> list[tuple[str, int]]:
    """Return each operation with each of its documented statuses, in the order of the contract."""
    document = yaml.load(find(OPENAPI).read_text("utf-8"), Loader=_LOADER)  # noqa: S506 - a safe loader
    return [
        (operation["operationId"], int(status))
        for methods in document["paths"].values()
        for operation in methods.values()
        if isinstance(operation, dict) and "operationId" in operation
        for status in operation["responses"]
    ]


def differences(exchange: Exchange) -> list[str]:
    """Return how status, media type, headers and body of a response differ from the documented ones."""
    import requests
    import schemathesis

    headers: dict[str, list[str]] = {}
    for name, value in exchange.headers:
        headers.setdefault(name.lower(), []).append(value)
    request = exchange.request
    response = schemathesis.Response(
        status_code=exchange.status,
        headers=headers,
        content=exchange.content,
        # Without headers and body: schemathesis would print them beside a failure.
        request=requests.Request(request.method, exchange.url).prepare(),
        elapsed=exchange.seconds,
        verify=True,
    )
    path = _PATHS[request.operation]
    # Schemathesis fills in the path when it prints a request.
    parameters = dict.fromkeys(re.findall(r"{(\w+)}", path), "x")
    case = _schema()[path][request.method].Case(path_parameters=parameters)
    try:
        case.validate_response(response)
    except BaseExceptionGroup as failures:
        return sorted(described(failure) for failure in failures.exceptions)
    return []


def described(failure: Any) -> str:
    """Return a failure of schemathesis in one line of bounded length."""
    return cut(" ".join(f"{failure.title}: {failure.message}".split()), 400)


async def load() -> None:
    """Import schemathesis and read the document, while no request waits for its response."""
    await asyncio.to_thread(_schema)


@functools.cache
def _schema() -> "BaseSchema":
    import schemathesis

    checks = {"enabled": False} | {name: {"enabled": True} for name in _CHECKS}
    config = schemathesis.Config.from_dict({"checks": checks, "output": OUTPUT, "cache": {"enabled": False}})
    return schemathesis.openapi.from_path(find(OPENAPI), config=config)
