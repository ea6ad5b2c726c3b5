from typing import Any

from ...models.send_sms_mfa_code_request import SendSmsMfaCodeRequest


def request(
    *,
    body: SendSmsMfaCodeRequest,
) -> dict[str, Any]:
    """What httpx is to send."""
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/api/backend/v1/mfa/step-up/phone/send",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs
