from collections.abc import Mapping
from typing import Any


def request(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What httpx is to send for checked arguments, which are known by their place and wire name."""
    body = arguments.get("body", {})
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/api/backend/v1/mfa/step-up/verify-grant",
    }

    _kwargs["json"] = body

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs
