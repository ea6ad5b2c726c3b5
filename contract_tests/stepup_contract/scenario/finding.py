"""A broken promise, how binding it is, and the difference between two responses."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from stepup_contract.server.redact import cut
from stepup_contract.server.target import MISSING, Exchange


class Strength(StrEnum):
    """How binding a promise is on a server that this run does not control."""

    MUST = "must"
    SHOULD = "should"


MUST, SHOULD = Strength.MUST, Strength.SHOULD


@dataclass(frozen=True, slots=True)
class Finding:
    """A broken promise. ``fails`` is False where it binds this server only as an observation."""

    rule: str
    operation: str
    message: str
    curl: str
    expected: str
    got: str
    check: str
    fails: bool
    sequence: tuple[tuple[str, int], ...] = ()


# Headers and members that may differ between two responses that mean the same.
_INCIDENTAL_HEADERS = {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}
_INCIDENTAL_MEMBERS = {"request_id", "trace_id", "timestamp"}


def fingerprint(exchange: Exchange) -> dict[str, Any]:
    """Return what a caller could distinguish two responses by: status, header names and body, except request
    ids.
    """
    names = sorted({name.lower() for name, _ in exchange.headers} - _INCIDENTAL_HEADERS)
    body = exchange.document
    if isinstance(body, dict):
        body = {name: value for name, value in body.items() if name not in _INCIDENTAL_MEMBERS}
    return {
        "status": exchange.status,
        "headers": names,
        "body": exchange.text if body is MISSING else body,
        "WWW-Authenticate": exchange.header("WWW-Authenticate"),
    }


def difference(one: dict[str, Any], other: dict[str, Any]) -> str:
    parts = [
        f"{name} {cut(json.dumps(other[name]), 120)} instead of {cut(json.dumps(one[name]), 120)}"
        for name in one
        if one[name] != other[name]
    ]
    return "; ".join(parts)
