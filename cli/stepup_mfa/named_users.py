"""Reads who the users of a server without the control API are, from options and profile.

TOTP secrets and phone numbers come from the environment alone: whatever stands where the name of a variable
is due is refused, and not shown.
"""

import argparse
import base64
import binascii
import os
import re
import shlex
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from stepup_mfa.errors import CommandError

if TYPE_CHECKING:
    from stepup_contract.server.people import Named

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")


def read_named(args: argparse.Namespace, profile: dict[str, Any]) -> "Named":
    """Return the users that options name, or the profile where they name none. Raises CommandError."""
    from stepup_contract.server.people import Named, Phone, PhoneUser, TotpUser

    totp = _given(args.totp_user, profile.get("totp_users", {}))
    phones: dict[str, list[Phone]] = {}
    for word in _given(args.phone_user, profile.get("phone_users", {})):
        user_id, phone_id, variable = _parts("--phone-user", word, "ID:PHONE_ID:VARIABLE", 3)
        phone = Phone(_uuid("--phone-user", phone_id), _number(variable))
        phones.setdefault(_uuid("--phone-user", user_id), []).append(phone)
    apps = []
    for word in totp:
        user_id, variable = _parts("--totp-user", word, "ID:VARIABLE", 2)
        apps.append(TotpUser(_uuid("--totp-user", user_id), _secret(variable)))
    plain = args.plain_user or profile.get("plain_users", ())
    named = Named(
        totp=tuple(apps),
        phone=tuple(PhoneUser(user_id, tuple(own)) for user_id, own in phones.items()),
        plain=tuple(_uuid("--plain-user", user_id) for user_id in plain),
        lockout=frozenset(_uuid("--allow-lockout", user) for user in args.allow_lockout or () if user),
        inbox_command=tuple(shlex.split(args.inbox_command or "")),
    )
    _agree(named)
    return named


def _agree(named: "Named") -> None:
    """Raise CommandError where users are named twice, or one may be locked that has nothing to be guessed."""
    guessable = [user.id for user in named.totp] + [user.id for user in named.phone]
    ids = [*guessable, *named.plain]
    twice = sorted({user_id for user_id in ids if ids.count(user_id) > 1})
    if twice:
        raise CommandError(f"{twice[0]} is named twice", "Name a user once, with the one factor it has.")
    strange = sorted(named.lockout - set(guessable))
    if strange:
        raise CommandError(
            f"--allow-lockout: {strange[0]} is no user with an app or a phone",
            "Name it with --totp-user or --phone-user too.",
        )
    if named.inbox_command and not named.phone:
        raise CommandError("--inbox-command without a user with a phone", "Name one with --phone-user.")


def _given(words: Sequence[str] | None, table: dict[str, str]) -> list[str]:
    return list(words) if words else [f"{name}:{variable}" for name, variable in table.items()]


def _parts(option: str, word: str, form: str, count: int) -> list[str]:
    parts = word.split(":")
    if len(parts) != count or not _VARIABLE.fullmatch(parts[-1]):
        raise CommandError(
            f"{option}: a value is not {form}", "Name a variable of the environment at its end."
        )
    return parts


def _uuid(option: str, text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise CommandError(f"{option}: an id is no UUID", "Give the id of the user or phone.") from None


def _value(variable: str, what: str) -> str:
    value = os.environ.get(variable, "")
    if not value:
        raise CommandError(f"the environment has no {variable}", f"Put the {what} there.")
    return value


def _secret(variable: str) -> str:
    secret = _value(variable, "base32 secret").replace(" ", "").rstrip("=").upper()
    try:
        size = len(base64.b32decode(secret + "=" * (-len(secret) % 8)))
    except binascii.Error:
        size = 0
    # RFC 4226 section 4, R6: 128 bits at least.
    if size < 16:
        raise CommandError(f"{variable} holds no base32 secret of 128 bits or more", "Put the secret there.")
    return secret


def _number(variable: str) -> str:
    number = _value(variable, "phone number")
    if not _NUMBER.fullmatch(number):
        raise CommandError(f"{variable} holds no phone number such as +15555550123", "Put the number there.")
    return number
