"""The users that a run makes, and what they hold: apps, phones, challenges, grants."""

import base64
from dataclasses import dataclass, field

import pyotp


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
    """Return a TOTP secret in Base32, as authenticator apps take it."""
    return base64.b32encode(secret).decode().rstrip("=")
