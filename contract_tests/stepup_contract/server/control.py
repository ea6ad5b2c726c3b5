"""The test control API as seen over HTTP: users with known secrets, the inbox, the clock, keys and limits of
a server.

Every call either does what it says or raises ControlError; nothing is guessed from a response that looks
different.
"""

import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from stepup_contract.server.redact import API_KEY, Redactor
from stepup_contract.server.target import JSON, Exchange, Http, Request

BASE = "/__control__"
# The users that a mock server starts with, for people to play with.
DEMO_USERS = frozenset(
    {
        "31c41c16-c281-44ae-9602-8a047e3bf33d",
        "6200a53c-c2d1-4f0e-9b5e-3f1a7c8d2e64",
        "9b2f6c1e-7a44-4d0b-8f35-c0e1d2a3b4f5",
    }
)


_IDEMPOTENT = ("GET", "PUT", "DELETE")
# The end of the year 9999 in Unix seconds; NaN is not less.
_END_OF_TIME = 253_402_300_800


class ControlError(Exception):
    """The control API did not do what it was asked; ``status`` is its response, 0 for none."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Message:
    """One text message of the inbox."""

    challenge_id: str
    user_id: str
    mfa_phone_id: str
    phone_number: str
    code: str


class Control:
    """A client of the control API of one server."""

    def __init__(self, http: Http, key: str, redactor: Redactor) -> None:
        self.http = http
        self._key = key
        self._redactor = redactor

    async def call(self, method: str, path: str, body: Any = None) -> Exchange:
        """Send one call and return its response, whatever it is; ``path`` is relative to the base path."""
        headers = [("Authorization", f"Bearer {self._key}")]
        content = None if body is None else json.dumps(body).encode()
        if content is not None:
            headers.append(("Content-Type", JSON))
        return await self.http.send(Request("control", method, BASE + path, tuple(headers), content))

    async def _expect(self, status: int, method: str, path: str, body: Any = None) -> Exchange:
        exchange = await self.call(method, path, body)
        if exchange.status == 0 and method in _IDEMPOTENT:
            # A kept connection may end just as it is used again (RFC 9112, section 9.3.1).
            exchange = await self.call(method, path, body)
        if exchange.status != status:
            raise ControlError(
                f"control API: {method} {BASE}{self._redactor.text(path)}: "
                f"expected {status}, got {exchange.seen(self._redactor)}",
                exchange.status,
            )
        return exchange

    async def put_user(self, user_id: str, mfa: dict[str, Any] | None, environment: str = "test") -> Exchange:
        """Create or replace a user."""
        return await self._expect(204, "PUT", f"/users/{user_id}", {"environment": environment, "mfa": mfa})

    async def delete_user(self, user_id: str) -> None:
        await self._expect(204, "DELETE", f"/users/{user_id}")

    async def other_users(self) -> list[str] | None:
        """Return the ids of all but the demo users; None where the server does not list its users."""
        exchange = await self.call("GET", "/users")
        users = exchange.member("users")
        if exchange.status != 200 or not isinstance(users, list):
            return None
        ids = [str(user.get("user_id")).lower() for user in users if isinstance(user, dict)]
        return [user_id for user_id in ids if user_id not in DEMO_USERS]

    async def inbox(self, **query: str) -> list[Message]:
        """Return the messages sent to ``phone_number`` or for ``challenge_id``, oldest first."""
        path = f"/inbox?{urlencode(query)}" if query else "/inbox"
        messages = (await self._expect(200, "GET", path)).member("messages")
        names = Message.__slots__
        try:
            return [Message(**{name: message[name] for name in names}) for message in messages]
        except (TypeError, KeyError):
            raise ControlError(
                f"control API: GET {BASE}/inbox: messages lack one of {', '.join(names)}"
            ) from None

    async def clock(self, change: dict[str, Any] | None = None) -> float:
        """Read the clock, or change it first, and return the server's time in Unix seconds."""
        method = "GET" if change is None else "POST"
        now = (await self._expect(200, method, "/clock", change)).member("now")
        if isinstance(now, bool) or not isinstance(now, int | float):
            raise ControlError(f"control API: {method} {BASE}/clock: `now` is not a number")
        if not 0 <= now < _END_OF_TIME:
            raise ControlError(f"control API: {method} {BASE}/clock: `now` is not a Unix time")
        return float(now)

    async def mint_key(
        self,
        environment: str = "test",
        permissions: list[str] | None = None,
        *,
        feature_gated: bool = False,
    ) -> str:
        """Return a new API key of an environment."""
        body = {"environment": environment, "permissions": permissions, "feature_gated": feature_gated}
        key = (await self._expect(201, "POST", "/api-keys", body)).member("api_key")
        if not isinstance(key, str):
            raise ControlError(f"control API: POST {BASE}/api-keys: `api_key` is not a string")
        self._redactor.learn(key, API_KEY)
        return key

    async def limits(self, change: dict[str, int] | None = None) -> dict[str, int]:
        """Return the server's policy, after changing some of it where asked."""
        method = "GET" if change is None else "PUT"
        document = (await self._expect(200, method, "/limits", change)).document
        if not isinstance(document, dict):
            raise ControlError(f"control API: {method} {BASE}/limits: no object")
        return document

    async def events(self, since: int | None = None) -> list[dict[str, Any]]:
        """Return the audit events after a sequence number, oldest first."""
        path = "/events" if since is None else f"/events?since={since}"
        events = (await self._expect(200, "GET", path)).member("events")
        if not isinstance(events, list):
            raise ControlError(f"control API: GET {BASE}/events: `events` is not an array")
        return events


_MARGIN, _READINGS = 0.25, 3


class ServerClock:
    """The server's time, read once and carried on by this machine's own clock, or held where it
    was frozen.
    """

    def __init__(self, control: Control | None) -> None:
        self._control = control
        self._offset = 0.0
        self._frozen: float | None = None
        # Seconds by which the server's time may differ from ``now``.
        self.margin = _MARGIN

    def now(self) -> float:
        """Return the server's time in Unix seconds, as far as it is known here."""
        return self._frozen if self._frozen is not None else time.time() + self._offset

    @property
    def frozen(self) -> bool:
        return self._frozen is not None

    def _require(self) -> Control:
        if self._control is None:
            raise ControlError("the clock cannot be moved without the control API")
        return self._control

    async def read(self) -> None:
        """Learn the server's time; without the control API it is assumed to be this machine's."""
        if self._control is None:
            return
        least = float("inf")
        for _ in range(_READINGS):
            before = time.time()
            now = await self._control.clock()
            taken = time.time() - before
            if taken < least:
                least, self._offset = taken, now - (before + taken / 2)
            if least < _MARGIN:
                break
        # When during a slow response the server read its clock is unknown.
        self.margin = max(_MARGIN, least / 2)

    async def freeze(self, at: float) -> None:
        """Stop the server's clock at a Unix time."""
        await self._require().clock({"freeze_at": at})
        self._frozen = at

    async def advance(self, seconds: float) -> None:
        """Move the server's clock, also while it stands still."""
        now = await self._require().clock({"advance_seconds": seconds})
        if self._frozen is None:
            self._offset = now - time.time()
        else:
            self._frozen = now

    async def restore(self, offset: float) -> None:
        """Let the clock run on, ``offset`` seconds ahead of this machine's as it once did."""
        control = self._require()
        now = await control.clock({"resume": True})
        self._frozen = None
        await control.clock({"advance_seconds": time.time() + offset - now})
        await self.read()

    @property
    def offset(self) -> float:
        return self._offset
