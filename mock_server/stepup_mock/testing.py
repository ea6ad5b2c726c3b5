"""The mock inside a test suite: a real server on a free port, and helpers that arrange it without HTTP.

With pytest use the fixture ``stepup_mock``; without it:

>>> with running_mock() as mock:
...     user = mock.add_totp_user()
...     code = mock.totp_code(user)
"""

import contextlib
import secrets
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from stepup_mock import totp
from stepup_mock.clock import Clock
from stepup_mock.server import RunningMock, running
from stepup_mock.step_up import Factor, Phone, Totp
from stepup_mock.world import World

__all__ = ["MockForTests", "NoMessage", "User", "running_mock"]

_ENVIRONMENT = "test"


class NoMessage(LookupError):
    """No code was sent to this phone."""


@dataclass(frozen=True, slots=True)
class User:
    """A user of the mock. ``secret`` is the TOTP secret in base32, None for a user without one."""

    id: str
    phones: tuple[Phone, ...] = ()
    secret: str | None = field(default=None, repr=False)


class MockForTests:
    """A running mock and helpers for tests. Pass ``base_url`` and ``api_key`` to the code under test."""

    def __init__(self, server: RunningMock) -> None:
        self._server = server
        self.base_url = server.base_url
        self.api_key = server.api_key
        self.control_key = server.control_key

    def __repr__(self) -> str:
        return f"MockForTests({self.base_url})"

    def add_user(self, user_id: str | None = None) -> User:
        """Add a user without a second factor; a fresh UUID unless ``user_id`` is given."""
        return self._add(User(user_id or str(uuid.uuid4())), None)

    def add_totp_user(self, user_id: str | None = None, *, secret: str | None = None) -> User:
        """Add a user with an authenticator app; the base32 ``secret``, at least 80 bits, defaults to new."""
        raw = totp.decode_secret(secret) if secret else secrets.token_bytes(20)
        user = User(user_id or str(uuid.uuid4()), secret=secret or totp.encode_secret(raw))
        return self._add(user, Totp(raw))

    def add_phone_user(self, user_id: str | None = None, *phone_numbers: str) -> User:
        """Add a user with phones, such as ``"+15555550123"``; one made-up number unless some are given."""
        numbers = phone_numbers or (f"+1555555{secrets.randbelow(10_000):04}",)
        phones = tuple(Phone(str(uuid.uuid4()), number) for number in numbers)
        return self._add(User(user_id or str(uuid.uuid4()), phones=phones), phones)

    def totp_code(self, user: User | str) -> str:
        """Return the code that the user's app shows now, by the mock's clock."""
        user_id = user if isinstance(user, str) else user.id
        code: str = self._server.call(
            lambda world: world.step_up.current_totp(user_id.lower(), at=world.clock.now()).code
        )
        return code

    def last_sms(self, phone: Phone | str) -> str:
        """Return the code of the newest message to a phone, or to a full number. Raises NoMessage."""
        number = phone if isinstance(phone, str) else phone.phone_number
        messages = self._server.call(
            lambda world: [item for item in world.inbox.messages if item.phone_number == number]
        )
        if not messages:
            raise NoMessage(f"no code was sent to the phone that ends in {number[-4:]}; send one first")
        code: str = messages[-1].code
        return code

    def advance(self, seconds: float) -> None:
        """Move the mock's clock forward: codes, challenges, grants and locks expire by it."""

        def move(clock: Clock) -> None:
            clock.advance(seconds)

        self._server.call(lambda world: world.move_clock(move))

    def reset(self) -> None:
        """Forget users, challenges, grants, locks and messages; real time again."""
        self._server.call(World.reset)

    def _add(self, user: User, factor: Factor) -> User:
        self._server.call(lambda world: world.step_up.put_user(_ENVIRONMENT, user.id.lower(), factor))
        return user


@contextlib.contextmanager
def running_mock(**options: Any) -> Iterator[MockForTests]:
    """Run a mock without users for the length of a ``with`` block; options as for ``server.running``."""
    with running(demo_users=False, **options) as server:
        yield MockForTests(server)
