"""What a run may spend on a server that others use: requests, text messages, wrong codes, grants.

A cost is set aside before a request leaves and settled by the response, so no budget is overdrawn. A server
is live unless it listens on loopback and nobody calls it live; a live one receives nothing without
permission.
"""

import ipaddress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

KINDS: tuple[str, ...] = ("requests", "sms", "failures", "grants")


class NotPermitted(Exception):
    """Nothing may be sent to this server; ``remedy`` says what would permit it."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


class BudgetSpent(Exception):
    """Nothing more may be sent in this run."""


class NotAllowed(Exception):
    """A kind of request that was not allowed from the start."""


@dataclass(slots=True)
class Budget:
    """How many requests, text messages, wrong codes and grants a run may cost; what it did cost is in
    ``spent``.
    """

    requests: int = 1000
    sms: int = 0
    failures: int = 20
    grants: int = 100
    spent: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))

    def set_aside(self, kinds: tuple[str, ...]) -> None:
        """Set one of each kind aside. Raises BudgetSpent or NotAllowed, with nothing set aside."""
        for kind in kinds:
            limit = getattr(self, kind)
            if limit == 0:
                raise NotAllowed(f"this run may cost no {NAMES[kind]}")
            if self.spent[kind] >= limit:
                raise BudgetSpent(f"the budget of {limit} {NAMES[kind]} is spent")
        for kind in kinds:
            self.spent[kind] += 1

    def settle(self, kinds: tuple[str, ...], costs: tuple[str, ...]) -> None:
        """Give back what was set aside and not used up, and count what was used up unexpectedly."""
        for kind in KINDS[1:]:
            self.spent[kind] += (kind in costs) - (kind in kinds)

    def told_spent(self) -> str:
        """Return what was spent in one line."""
        return ", ".join(f"{self.spent[kind]} {NAMES[kind]}" for kind in KINDS)

    def told(self) -> str:
        """Return the budget in one line."""
        return ", ".join(f"{getattr(self, kind)} {NAMES[kind]}" for kind in KINDS)


NAMES = {"requests": "requests", "sms": "text messages", "failures": "wrong codes", "grants": "grants"}

_SEND, _VERIFY = "sendSmsMfaCode", ("verifyStepUpTotpChallenge", "verifySmsChallenge")


def may_cost(operation: str, document: Any, authorised: bool) -> tuple[str, ...]:
    """Return what a request may cost at most, where the server rejects what has no key."""
    fields = document.keys() if isinstance(document, dict) and authorised else set()
    if operation == _SEND and {"user_id", "mfa_phone_id"} <= fields:
        return ("requests", "sms")
    if operation in _VERIFY and "code" in fields:
        return ("requests", "failures", "grants")
    return ("requests",)


def did_cost(operation: str, status: int, document: Any) -> tuple[str, ...]:
    """Return the cost of a request besides the request itself; unknown without a response: then anything."""
    if operation == _SEND:
        return ("sms",) if status in (0, 200) else ()
    if operation in _VERIFY:
        return {0: ("failures", "grants"), 200: ("grants",)}.get(status, _failure(status, document))
    return ()


def _failure(status: int, document: Any) -> tuple[str, ...]:
    wrong = "incorrect_mfa_code"
    if status != 400 or not isinstance(document, dict):
        return ()
    errors = document.get("field_errors")
    told = document.get("error_code") == wrong or (isinstance(errors, dict) and errors.get("code") == wrong)
    return ("failures",) if told else ()


def is_loopback(url: str) -> bool:
    """Tell whether a URL names this machine itself, without asking a name server."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
