"""What a world holds, as documents for the control API: users, challenges and grants."""

from typing import Any

from stepup_mock import totp
from stepup_mock.step_up import ONE_TIME_USE, TIME_BASED
from stepup_mock.store import UserDetails
from stepup_mock.world import World


def users(world: World) -> list[dict[str, Any]]:
    """Return all users, secrets included, in the order of creation."""
    at = world.clock.now()
    return [_user(user, at) for user in world.store.users()]


def _user(user: UserDetails, at: float) -> dict[str, Any]:
    lock_ended = user.locked_until is not None and user.locked_until <= at
    return {
        "user_id": user.user_id,
        "environment": user.environment,
        "enabled": user.enabled,
        "mfa": _mfa(user),
        "wrong_codes": 0 if lock_ended else user.wrong_codes,
        "locked_until": None if lock_ended else user.locked_until,
    }


def _mfa(user: UserDetails) -> dict[str, Any] | None:
    if user.secret is not None:
        return {"type": "Totp", "secret": totp.encode_secret(user.secret)}
    if user.factor == "Phone":
        phones = [{"mfa_phone_id": phone_id, "phone_number": number} for phone_id, number in user.phones]
        return {"type": "Phone", "phone_numbers": phones}
    return None


def challenges(world: World) -> list[dict[str, Any]]:
    """Return the challenges that can still be verified, oldest first."""
    at, limit = world.clock.now(), world.policy.limits.challenge_max_attempts
    return [
        {
            "challenge_id": challenge.challenge_id,
            "user_id": challenge.user_id,
            "mfa_phone_id": challenge.phone_id,
            "action_type": challenge.terms.action_type,
            "grant_type": ONE_TIME_USE if challenge.terms.one_time else TIME_BASED,
            "valid_for_seconds": challenge.terms.valid_for_seconds,
            "wrong_codes": challenge.tries,
            "expires_at": challenge.expires_at,
            "seconds_remaining": challenge.expires_at - at,
        }
        for challenge in world.store.challenges(at=at, limit=limit)
    ]


def grants(world: World) -> list[dict[str, Any]]:
    """Return the valid grants, oldest first, each by the beginning of its hash."""
    at = world.clock.now()
    return [
        {
            "grant_hash": grant.grant_hash.hex()[:16],
            "user_id": grant.user_id,
            "action_type": grant.action_type,
            "grant_type": ONE_TIME_USE if grant.one_time else TIME_BASED,
            "issued_at": grant.issued_at,
            "expires_at": grant.expires_at,
            "seconds_remaining": grant.expires_at - at,
        }
        for grant in world.store.grants(at=at)
    ]
