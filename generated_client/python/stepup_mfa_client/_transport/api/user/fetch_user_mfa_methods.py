from typing import Any
from urllib.parse import quote


def request(
    user_id: str,
) -> dict[str, Any]:
    """What httpx is to send."""

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/backend/v1/user/{user_id}/mfa".format(
            user_id=quote(str(user_id), safe=""),
        ),
    }

    return _kwargs
