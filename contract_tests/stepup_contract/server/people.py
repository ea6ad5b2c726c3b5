"""The users of a run, and what they hold: apps, phones, challenges, grants.

A run makes its users itself, or somebody made them and names them to it.
"""

import base64
from dataclasses import dataclass, field

import pyotp

from stepup_contract.server.redact import PHONE, SECRET, Redactor


@dataclass(frozen=True, slots=True)
class TotpUser:
    """A user with an authenticator app."""

    id: str
    secret: str = field(repr=False)
    step_seconds: int = 30

    def code(self, step: int) -> str:
        """Return the code of a time step. RFC 6238 section 4.2."""
        return pyotp.TOTP(self.secret, interval=self.step_seconds).generate_otp(step)


@dataclass(frozen=True, slots=True)
class Phone:
    id: str
    number: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PhoneUser:
    """A user with phones."""

    id: str
    phones: tuple[Phone, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """The users of a server without the control API, those among them that may be locked (ids in lower case),
    and the command that prints the code of a text message when given the ids of its challenge and its phone.
    """

    totp: tuple[TotpUser, ...] = ()
    phone: tuple[PhoneUser, ...] = ()
    plain: tuple[str, ...] = ()
    lockout: frozenset[str] = frozenset()
    inbox_command: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.totp or self.phone or self.plain)

    def teach(self, redactor: Redactor) -> None:
        """Let a redactor know the secrets of these users."""
        for user in self.totp:
            redactor.learn(user.secret, SECRET)
        for phone in (phone for user in self.phone for phone in user.phones):
            redactor.learn(phone.number, PHONE)
            redactor.learn(phone.number.lstrip("+"), PHONE)


@dataclass(frozen=True, slots=True)
class Challenge:
    """A challenge with the code that was sent for it."""

    id: str
    user: PhoneUser
    phone: Phone
    action: str
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Grant:
    """A grant with the user and the action it was issued for."""

    value: str = field(repr=False)
    user_id: str
    action: str


def encode_secret(secret: bytes) -> str:
    """Return a TOTP secret in Base32, as authenticator apps accept it."""
    return base64.b32encode(secret).decode().rstrip("=")
