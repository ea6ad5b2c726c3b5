"""What the server holds, as documents for the control API: users, challenges and grants."""

from typing import Any

import orjson

from stepup_mock import totp
from stepup_mock.mock import Mock
from stepup_mock.step_up import ONE_TIME_USE, TIME_BASED


def users(mock: Mock) -> list[dict[str, Any]]:
    """Return all users, secrets included, in the order of creation."""
    at = mock.clock.now()
    return [_user(row, at) for row in mock.store.users()]


def _user(row: dict[str, Any], at: float) -> dict[str, Any]:
    ended = row["locked_until"] is not None and row["locked_until"] <= at
    return {
        "user_id": row["user_id"],
        "environment": row["environment"],
        "enabled": bool(row["enabled"]),
        "mfa": _mfa(row),
        "wrong_codes": 0 if ended else row["wrong"] or 0,
        "locked_until": None if ended else row["locked_until"],
    }


def _mfa(row: dict[str, Any]) -> dict[str, Any] | None:
    if row["factor"] == "Totp":
        return {"type": "Totp", "secret": totp.encode_secret(row["secret"])}
    if row["factor"] == "Phone":
        phones = orjson.loads(row["phones"])
        listed = [{"mfa_phone_id": phone_id, "phone_number": number} for phone_id, number in phones]
        return {"type": "Phone", "phone_numbers": listed}
    return None


def challenges(mock: Mock) -> list[dict[str, Any]]:
    """Return the challenges that can still be verified, oldest first."""
    at, limit = mock.clock.now(), mock.step_up.limits.challenge_max_attempts
    return [
        {
            "challenge_id": row["challenge_id"],
            "user_id": row["user_id"],
            "mfa_phone_id": row["phone_id"],
            "action_type": row["action_type"].decode(),
            "grant_type": ONE_TIME_USE if row["one_time"] else TIME_BASED,
            "valid_for_seconds": row["valid_for"],
            "wrong_codes": row["tries"],
            "expires_at": row["expires_at"],
            "seconds_remaining": row["expires_at"] - at,
        }
        for row in mock.store.challenges(at=at, limit=limit)
    ]


def grants(mock: Mock) -> list[dict[str, Any]]:
    """Return the live grants, oldest first, each by the beginning of its hash."""
    at = mock.clock.now()
    return [
        {
            "grant_hash": row["grant_hash"].hex()[:16],
            "user_id": row["user_id"],
            "action_type": row["action_type"].decode(),
            "grant_type": ONE_TIME_USE if row["one_time"] else TIME_BASED,
            "issued_at": row["issued_at"],
            "expires_at": row["expires_at"],
            "seconds_remaining": row["expires_at"] - at,
        }
        for row in mock.store.grants(at=at)
    ]
