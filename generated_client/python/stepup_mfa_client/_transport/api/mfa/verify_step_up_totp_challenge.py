from typing import Any

from ...models.verify_totp_challenge_request import VerifyTotpChallengeRequest


def request(
    *,
    body: VerifyTotpChallengeRequest,
) -> dict[str, Any]:
    """What httpx is to send."""
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/api/backend/v1/mfa/step-up/verify-totp",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs
