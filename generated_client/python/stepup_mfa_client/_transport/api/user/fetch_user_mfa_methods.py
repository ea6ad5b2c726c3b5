from collections.abc import Mapping
from typing import Any
from urllib.parse import quote


def request(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What httpx is to send for checked arguments, which are known by their place and wire name."""
    user_id = arguments["path"]["user_id"]

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/backend/v1/user/{user_id}/mfa".format(
            user_id=quote(str(user_id), safe=""),
        ),
    }

    return _kwargs
