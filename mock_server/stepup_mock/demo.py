"""The users that a mock starts with, and the instructions that it prints."""

import secrets

from stepup_mock.step_up import Phone, Totp
from stepup_mock.world import World

TOTP_USER = "31c41c16-c281-44ae-9602-8a047e3bf33d"
PHONE_USER = "6200a53c-c2d1-4f0e-9b5e-3f1a7c8d2e64"
PLAIN_USER = "9b2f6c1e-7a44-4d0b-8f35-c0e1d2a3b4f5"
PHONES = (
    Phone("cc83af74-cd5b-4a3e-8f21-6b0d9e4c7a10", "+15555551234"),
    Phone("4d01e8ac-2c7f-4b19-a6d3-58e2f09b1c47", "+15555555678"),
)


def add_users(world: World) -> None:
    """Add the demo users that are missing: one with an app and a fresh secret, one with two phones, one with
    neither.
    """
    factors = ((TOTP_USER, Totp(secrets.token_bytes(20))), (PHONE_USER, PHONES), (PLAIN_USER, None))
    for user_id, factor in factors:
        if world.store.user("test", user_id) is None:
            world.step_up.put_user("test", user_id, factor)


def instructions(
    url: str,
    *,
    api_key: str | None,
    control_key: str | None,
    control: bool,
    webhook_secret: str | None = None,
    faults: tuple[str, ...] = (),
) -> str:
    """Return what the command prints when the server is up. A key that is None is not shown."""
    lines = [
        f"Step-up MFA mock, for tests only. It listens on {url}; Ctrl+C stops it.",
        "",
        "  Users, environment test:",
        f"    {TOTP_USER}  authenticator app",
        f"    {PHONE_USER}  two phones",
        f"    {PLAIN_USER}  no factor",
    ]
    if control:
        fragment = f"#key={control_key}" if control_key else "#key=…"
        lines += ["", f"  Console: {url}/__control__/console{fragment}"]
    if webhook_secret:
        lines += ["", f"  SMS codes are posted to your webhook, signed with {webhook_secret}"]
    if faults:
        lines += ["", f"  It is broken on purpose: {', '.join(faults)}"]
    lines += ["", "  Paste these into another terminal:", "", f"URL={url}"]
    lines.append(f"KEY={api_key}" if api_key else "KEY=…   # the --api-key you gave")
    if not control:
        return "\n".join([*lines, "", "  The control API is off; --control-key turns it on."])
    lines.append(
        f"CONTROL_KEY={control_key}" if control_key else "CONTROL_KEY=…   # the --control-key you gave"
    )
    return "\n".join(lines) + _FLOWS


_JSON = '-H "Content-Type: application/json"'
_CALL = f'curl -s -H "Authorization: Bearer $KEY" {_JSON} "$URL/api/backend/v1'
_CONTROL = 'curl -s -H "Authorization: Bearer $CONTROL_KEY" "$URL/__control__'
_FLOWS = f"""

# An authenticator app: look up the factor, read the current code, verify it, verify the grant.
{_CALL}/user/{TOTP_USER}/mfa"; echo
CODE=$({_CONTROL}/users/{TOTP_USER}/totp-code" | sed 's/.*"code":"\\([0-9]*\\)".*/\\1/')
GRANT=$({_CALL}/mfa/step-up/verify-totp" -d '{{"action_type": "PAYOUT", "user_id": "{TOTP_USER}", \
"code": "'$CODE'", "grant_type": "ONE_TIME_USE", "valid_for_seconds": 60}}' \
| sed 's/.*"step_up_grant":"\\([^"]*\\)".*/\\1/')
{_CALL}/mfa/step-up/verify-grant" -d '{{"action_type": "PAYOUT", "user_id": "{TOTP_USER}", \
"grant": "'$GRANT'"}}'; echo

# A phone: send a code, read it in the inbox, verify it.
CHALLENGE=$({_CALL}/mfa/step-up/phone/send" -d '{{"action_type": "PAYOUT", "user_id": "{PHONE_USER}", \
"mfa_phone_id": "{PHONES[0].mfa_phone_id}", "grant_type": "TIME_BASED", "valid_for_seconds": 60}}' \
| sed 's/.*"challenge_id":"\\([^"]*\\)".*/\\1/')
CODE=$({_CONTROL}/inbox?challenge_id=$CHALLENGE" | sed 's/.*"code":"\\([^"]*\\)".*/\\1/')
{_CALL}/mfa/step-up/phone/verify" -d '{{"challenge_id": "'$CHALLENGE'", "user_id": "{PHONE_USER}", \
"code": "'$CODE'"}}'; echo"""
