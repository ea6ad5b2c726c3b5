"""Makes calls with the Python client: a line of JSON in, a line of JSON out (../../README.md)."""

import json
import re
import sys
import traceback
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

sys.path.insert(0, sys.argv[1])

import stepup_mfa_client as client


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def plain(value: Any) -> Any:
    """A result in wire names; a variant that the client does not know as its tag and its raw object."""
    if isinstance(value, client.UnknownMfa):
        return {"unknown": value.type, "raw": value.raw}
    if is_dataclass(value):
        return {item.name: plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def failure(error: client.StepUpMfaError) -> dict[str, Any]:
    kinds = {
        client.InvalidArgumentError: "invalid_argument",
        client.NotSentError: "not_sent",
        client.NoAnswerError: "no_answer",
        client.UnexpectedAnswerError: "unexpected_answer",
        client.ApiError: "refused",
    }
    kind = next(name for type_, name in kinds.items() if isinstance(error, type_))
    name = type(error).__name__
    return {
        "kind": kind,
        "type": "" if name == "ApiError" else name,
        "status": error.status,
        "error_code": error.error_code,
        "user_facing_error": error.user_facing_error,
        "field_errors": dict(error.field_errors),
        "user_facing_errors": dict(error.user_facing_errors),
        "retry_after": error.retry_after,
        "request_id": error.request_id,
        "timed_out": getattr(error, "timed_out", False),
        "problems": list(getattr(error, "problems", ())),
    }


@cache
def made(url: str, key: str, timeout: float, headers: tuple[tuple[str, str], ...]) -> client.StepUpMfa:
    return client.StepUpMfa(url, key, timeout=timeout, headers=dict(headers))


def call(line: str) -> dict[str, Any]:
    asked = json.loads(line)
    headers = tuple(asked["headers"].items())
    auth = made(asked["auth_url"], asked["api_key"], asked["timeout_seconds"], headers)
    method, arguments = getattr(auth, snake(asked["operation"])), asked["arguments"]
    try:
        result = method(*arguments.values()) if len(arguments) == 1 else method(**arguments)
    except client.StepUpMfaError as error:
        shown = f"{auth!r} {error!r} {error} " + "".join(traceback.format_exception(error))
        return {"error": failure(error), "shown": shown}
    return {"result": plain(result), "shown": f"{auth!r} {result!r} {result}"}


for line in sys.stdin:
    print(json.dumps(call(line)), flush=True)
