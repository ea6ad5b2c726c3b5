"""Reads the users of a server without the control API, from settled options.

TOTP secrets and phone numbers come from the environment alone: anything that is not the name of a variable is
rejected, and not shown.
"""

import argparse
import base64
import binascii
import os
import re
import shlex
import uuid
from typing import TYPE_CHECKING

from stepup_mfa.contract_options import BY_NAME
from stepup_mfa.errors import CommandError

if TYPE_CHECKING:
    from stepup_contract.server.people import Named

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")


def read_named(args: argparse.Namespace) -> "Named":
    """Return the users that the settled options name. Raises CommandError."""
    from stepup_contract.server.people import Named, Phone, PhoneUser, TotpUser

    apps = []
    for text in args.totp_user or ():
        user_id, variable = _parts("totp-user", text)
        apps.append(TotpUser(_uuid("totp-user", user_id), _secret(variable)))
    phones: dict[str, list[Phone]] = {}
    for text in args.phone_user or ():
        user_id, phone_id, variable = _parts("phone-user", text)
        phone = Phone(_uuid("phone-user", phone_id), _number(variable))
        phones.setdefault(_uuid("phone-user", user_id), []).append(phone)
    named = Named(
        totp=tuple(apps),
        phone=tuple(PhoneUser(user_id, tuple(own)) for user_id, own in phones.items()),
        plain=tuple(_uuid("plain-user", user_id) for user_id in args.plain_user or ()),
        lockout=frozenset(_uuid("allow-lockout", user) for user in args.allow_lockout or () if user),
        inbox_command=tuple(shlex.split(args.inbox_command or "")),
    )
    _check(named)
    return named


def _check(named: "Named") -> None:
    """Raise CommandError where users are named twice, or one may be locked that has no code to guess."""
    guessable = [user.id for user in named.totp] + [user.id for user in named.phone]
    ids = [*guessable, *named.plain]
    twice = sorted({user_id for user_id in ids if ids.count(user_id) > 1})
    if twice:
        raise CommandError(f"{twice[0]} is named twice", "Name a user once, with the one factor it has.")
    unknown = sorted(named.lockout - set(guessable))
    if unknown:
        raise CommandError(
            f"--allow-lockout: {unknown[0]} is not a user with an app or a phone",
            "Name it with --totp-user or --phone-user too.",
        )
    if named.inbox_command and not named.phone:
        raise CommandError("--inbox-command without a user with a phone", "Name one with --phone-user.")


def _parts(name: str, text: str) -> list[str]:
    form = BY_NAME[name].metavar
    parts = text.split(":")
    if len(parts) != form.count(":") + 1 or not _VARIABLE.fullmatch(parts[-1]):
        raise CommandError(
            f"--{name}: a value is not {form}", "Name a variable of the environment at its end."
        )
    return parts


def _uuid(name: str, text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise CommandError(f"--{name}: an id is not a UUID", "Give the id of the user or phone.") from None


def _value(variable: str, content: str) -> str:
    value = os.environ.get(variable, "")
    if not value:
        raise CommandError(f"the environment has no {variable}", f"Put the {content} there.")
    return value


def _secret(variable: str) -> str:
    secret = _value(variable, "base32 secret").replace(" ", "").rstrip("=").upper()
    try:
        size = len(base64.b32decode(secret + "=" * (-len(secret) % 8)))
    except binascii.Error:
        size = 0
    # RFC 4226 section 4, R6: 128 bits at least.
    if size < 16:
        raise CommandError(
            f"{variable} does not hold a base32 secret of 128 bits or more", "Put the secret there."
        )
    return secret


def _number(variable: str) -> str:
    number = _value(variable, "phone number")
    if not _NUMBER.fullmatch(number):
        raise CommandError(
            f"{variable} does not hold a phone number such as +15555550123", "Put the number there."
        )
    return number
