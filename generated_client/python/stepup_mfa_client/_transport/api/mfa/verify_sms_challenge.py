from typing import Any

from ...models.verify_sms_challenge_request import VerifySmsChallengeRequest


def request(
    *,
    body: VerifySmsChallengeRequest,
) -> dict[str, Any]:
    """What httpx is to send."""
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/api/backend/v1/mfa/step-up/phone/verify",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs
