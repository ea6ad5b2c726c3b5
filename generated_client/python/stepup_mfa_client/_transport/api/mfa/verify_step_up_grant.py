from typing import Any

from ...models.verify_step_up_grant_request import VerifyStepUpGrantRequest


def request(
    *,
    body: VerifyStepUpGrantRequest,
) -> dict[str, Any]:
    """What httpx is to send."""
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/api/backend/v1/mfa/step-up/verify-grant",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs
