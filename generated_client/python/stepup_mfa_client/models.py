"""What the operations take and return. Fields that hold a secret show as ``***`` in ``repr``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as _field
from typing import Any, Literal, TypeAlias

__all__ = [
    "FetchUserMfaMethodsResponse",
    "GrantType",
    "MfaPhone",
    "MfaSetup",
    "PhoneMfa",
    "SendSmsMfaCodeResponse",
    "TotpMfa",
    "UnknownMfa",
    "VerifySmsChallengeResponse",
    "VerifyStepUpGrantResponse",
    "VerifyTotpChallengeResponse",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class TotpMfa:
    """The user has an authenticator app."""

    type: Literal["Totp"]
    """Always `Totp`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MfaPhone:
    """A phone that can receive a code."""

    mfa_phone_number_suffix: str
    """The last digits of the number, at most four, to show to the user. Matches ^[0-9]{1,4}$."""

    mfa_phone_id: str
    """The ID to send a code to. Format uuid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneMfa:
    """The user receives codes by SMS."""

    type: Literal["Phone"]
    """Always `Phone`."""

    phone_numbers: list[MfaPhone]
    """The phones that can receive a code, at least one. At least 1 items."""


@dataclass(frozen=True, slots=True)
class UnknownMfa:
    """A variant of MfaSetup that this version does not know.

    ``raw`` is the whole object as it came; it stays out of ``repr``.
    """

    type: str
    raw: Mapping[str, Any] = _field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchUserMfaMethodsResponse:
    """The second factor that a user has set up."""

    mfa_setup: MfaSetup | None
    """The factor, told apart by `type`. Null when the user has none."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class VerifyTotpChallengeResponse:
    """The grant for a right code."""

    step_up_grant: str
    """The grant. Keep it on your side until the action; treat it like a password. 1 to 256 characters."""

    def __repr__(self) -> str:
        return "VerifyTotpChallengeResponse(step_up_grant=***)"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendSmsMfaCodeResponse:
    """The challenge that the sent code answers."""

    challenge_id: str
    """The ID of the challenge. Verify it together with the code. 1 to 256 characters."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class VerifySmsChallengeResponse:
    """The grant for a right code."""

    step_up_grant: str
    """The grant. Keep it on your side until the action; treat it like a password. 1 to 256 characters."""

    def __repr__(self) -> str:
        return "VerifySmsChallengeResponse(step_up_grant=***)"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyStepUpGrantResponse:
    """The grant is alive. There is no answer with `success` false; a dead grant is an error."""

    success: Literal[True]
    """Always true."""


GrantType: TypeAlias = Literal["ONE_TIME_USE", "TIME_BASED"]
"""`ONE_TIME_USE`: good for one verification. `TIME_BASED`: good for any number until its lifetime ends."""
MfaSetup: TypeAlias = TotpMfa | PhoneMfa | UnknownMfa
"""An authenticator app or a list of phones. Treat a type you do not know as a factor you cannot use."""
