"""The operations as a caller knows them, and the API errors that they promise: the suite's own reading of
the contract.
"""

from dataclasses import dataclass
from typing import Any

from stepup_contract.server.target import Exchange


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation by its id; ``success`` is the member that its 200 response must have."""

    id: str
    method: str
    path: str
    success: str


LOOKUP = Operation("fetchUserMfaMethods", "GET", "/api/backend/v1/user/{user_id}/mfa", "mfa_setup")
VERIFY_TOTP = Operation(
    "verifyStepUpTotpChallenge", "POST", "/api/backend/v1/mfa/step-up/verify-totp", "step_up_grant"
)
SEND_SMS = Operation("sendSmsMfaCode", "POST", "/api/backend/v1/mfa/step-up/phone/send", "challenge_id")
VERIFY_SMS = Operation(
    "verifySmsChallenge", "POST", "/api/backend/v1/mfa/step-up/phone/verify", "step_up_grant"
)
VERIFY_GRANT = Operation("verifyStepUpGrant", "POST", "/api/backend/v1/mfa/step-up/verify-grant", "success")
POSTS = (VERIFY_TOTP, SEND_SMS, VERIFY_SMS, VERIFY_GRANT)
OPERATIONS = (LOOKUP, *POSTS)

ONE_TIME_USE = "ONE_TIME_USE"
TIME_BASED = "TIME_BASED"
GRANT_TYPES = (ONE_TIME_USE, TIME_BASED)
ACTION = "SENSITIVE_ACTION"


@dataclass(frozen=True, slots=True)
class Rejection:
    """An API error of an operation: a status, an error code and, for a field, the code of the field error
    (None: any).
    """

    status: int
    error_code: str
    field: str | None = None
    field_code: str | None = None

    def matches(self, exchange: Exchange) -> bool:
        """Tell whether a response is this API error."""
        if exchange.status != self.status or exchange.error_code != self.error_code:
            return False
        if self.field is None:
            return True
        said: Any = exchange.field_error(self.field)
        return isinstance(said, str) and self.field_code in (None, said)

    def __str__(self) -> str:
        field = f" with field_errors.{self.field}" if self.field else ""
        return f"{self.status} {self.error_code}{field}{f' = {self.field_code}' if self.field_code else ''}"


def invalid(field: str, field_code: str | None = None) -> Rejection:
    """Return the API error about one field of a request."""
    return Rejection(400, "invalid_request_fields", field, field_code)


UNAUTHORIZED = Rejection(401, "unauthorized")
FORBIDDEN = Rejection(403, "forbidden")
FEATURE_GATED = Rejection(403, "feature_gated")
NO_SUCH_USER = Rejection(404, "user_not_found")  # of the lookup
USER_NOT_FOUND = Rejection(400, "user_not_found")
MFA_NOT_ENABLED = Rejection(400, "mfa_not_enabled")
INCORRECT_CODE = Rejection(400, "incorrect_mfa_code")  # of verify-totp
INCORRECT_SMS_CODE = invalid("code", "incorrect_mfa_code")
PHONE_NOT_FOUND = invalid("mfa_phone_id", "phone_not_found")
CHALLENGE_NOT_FOUND = invalid("challenge_id", "challenge_not_found")
GRANT_NOT_FOUND = invalid("grant", "grant_not_found")
INVALID_JSON = invalid("body", "invalid_json")
RATE_LIMITED = Rejection(429, "rate_limited")


def totp_body(user_id: str, code: Any, action: str, grant_type: str, valid_for: int) -> dict[str, Any]:
    """Return a request of verify-totp."""
    return {
        "action_type": action,
        "user_id": user_id,
        "code": code,
        "grant_type": grant_type,
        "valid_for_seconds": valid_for,
    }


def sms_body(user_id: str, phone_id: str, action: str, grant_type: str, valid_for: int) -> dict[str, Any]:
    """Return a request of phone/send."""
    return {
        "action_type": action,
        "user_id": user_id,
        "mfa_phone_id": phone_id,
        "grant_type": grant_type,
        "valid_for_seconds": valid_for,
    }


def verify_sms_body(user_id: str, challenge_id: str, code: Any) -> dict[str, Any]:
    """Return a request of phone/verify."""
    return {"challenge_id": challenge_id, "user_id": user_id, "code": code}


def grant_body(user_id: str, grant: Any, action: str) -> dict[str, Any]:
    """Return a request of verify-grant."""
    return {"action_type": action, "user_id": user_id, "grant": grant}
