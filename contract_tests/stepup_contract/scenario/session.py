"""The users of a session and their codes: creates them, or borrows named ones; nothing is judged here.

At its end a session removes every user that it created and returns every user that it borrowed, unchanged.
"""

import asyncio
import random
import secrets
import uuid
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

from stepup_contract.scenario.record import Record
from stepup_contract.scenario.requests import Requests
from stepup_contract.server.budget import NotAllowed
from stepup_contract.server.connect import Need
from stepup_contract.server.control import ControlError, Message
from stepup_contract.server.named import NotExercised
from stepup_contract.server.people import Challenge, Phone, PhoneUser, TotpUser, encode_secret
from stepup_contract.server.redact import CODE, PHONE, SECRET


class Abandon(Exception):
    """A session cannot go on; the reason is already recorded."""


class Session(Requests):
    """A sequence of requests with users of its own."""

    def __init__(self, record: Record, label: str, environment: str) -> None:
        super().__init__(record)
        self.label = label
        self.environment = environment
        self.borrowed: set[str] = set()
        self._users: set[str] = set()
        self._apps: list[TotpUser] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        try:
            await asyncio.gather(*(self.server.the_control().delete_user(user) for user in self._users))
        except ControlError as failure:
            self.record.ended_early(failure)
        for user_id in self.borrowed:
            self.pool.give_back(user_id)
        if len(self.time_steps) > 1 and self.record.findings:
            # A finding about codes of two time steps proves nothing: the check runs once more.
            self.record.time_steps |= self.time_steps
        if isinstance(error, NotExercised | NotAllowed | ControlError):
            self.record.ended_early(error)
            return True
        return isinstance(error, Abandon)

    # Users ----------------------------------------------------------------------------------------

    @property
    def has_plain_user(self) -> bool:
        """Whether there can be a user without MFA."""
        return self.server.pool is None or bool(self.server.pool.named.plain)

    @property
    def can_text(self) -> bool:
        """Whether text messages can be sent and read."""
        return self.server.pool is None or bool(
            self.server.pool.named.phone and self.server.pool.named.inbox_command
        )

    async def any_user(self) -> str:
        """Return the id of some user, with phones where that is possible."""
        pool = self.server.pool
        if pool is None or pool.named.phone:
            return (await self.phone_user()).id
        return (await self.totp_user(codes=False)).id if pool.named.totp else await self.plain_user()

    async def plain_user(self, user_id: str | None = None) -> str:
        """Create a user without MFA, or pick a named one, and return its id."""
        if self.server.pool is not None and user_id is None:
            return self.pool.plain_user()
        return await self.put_user(user_id, None)

    async def totp_user(
        self, secret: bytes | None = None, user_id: str | None = None, *, codes: bool = True
    ) -> TotpUser:
        """Create a user with an authenticator app, or borrow a named one that this session does not have yet.

        Without ``codes`` it does not wait for an unused code. RFC 4226 section 4, R6, recommends secrets of
        160 bits.
        """
        if self.server.pool is not None and secret is None and user_id is None:
            return await self._borrow_app(self.record.locking, codes)
        encoded = encode_secret(secret or secrets.token_bytes(20))
        self.server.redactor.learn(encoded, SECRET)
        user_id = await self.put_user(user_id, {"type": "Totp", "secret": encoded})
        return TotpUser(user_id, encoded, self.server.limit("totp_step_seconds", 30))

    async def _borrow_app(self, locking: bool, codes: bool = True) -> TotpUser:
        """Borrow a named user with an app, with no wrong codes counted and with unused codes."""
        await self.pool.unlocked(self.pool.named.totp, locking)
        user = self.pool.totp_user(locking)
        self.borrowed.add(user.id)
        self._apps.append(user)
        if not codes:
            return user
        if self.pool.wrong(user):
            await self.fresh(user)
            await self.verify_totp(user.id, self.code(user))
        await self.fresh(user, spare=1)
        return user

    async def own_app(self) -> TotpUser:
        """Return a named user with an app that must not be locked, preferably one that this session has."""
        own = [user for user in self._apps if not self.pool.lockable(user.id)]
        return own[0] if own else await self._borrow_app(False)

    async def fresh(self, user: TotpUser, spare: int = 0) -> None:
        """Wait until a named user's current code is unused, and as many before it as ``spare``."""
        await self.pool.fresh(user, self.server.clock.now, spare)
        self.time_steps.clear()

    async def phone_user(self, *numbers: str | None, user_id: str | None = None) -> PhoneUser:
        """Create a user with one phone for each number; None stands for a random one.

        An inbox keeps the messages of earlier runs, so random numbers are as long as ITU-T E.164 allows.
        Where users cannot be created, borrow a named one with at least as many phones.
        """
        if self.server.pool is not None and user_id is None and not any(numbers):
            await self.pool.unlocked(self.pool.named.phone, self.record.locking)
            user = self.pool.phone_user(len(numbers or (None,)), self.record.locking)
            self.borrowed.add(user.id)
            return user
        phones = tuple(
            Phone(str(uuid.uuid4()), number or f"+1555{secrets.randbelow(10**11):011}")
            for number in numbers or (None,)
        )
        for phone in phones:
            self.server.redactor.learn(phone.number, PHONE)
            self.server.redactor.learn(phone.number[1:], PHONE)
        listed = [{"mfa_phone_id": phone.id, "phone_number": phone.number} for phone in phones]
        return PhoneUser(await self.put_user(user_id, {"type": "Phone", "phone_numbers": listed}), phones)

    async def put_user(self, user_id: str | None, mfa: dict[str, Any] | None) -> str:
        """Create a user, or replace one of this session, and return its id."""
        if self.server.pool is not None:
            raise NotExercised(f"needs {Need.MAKE.value}")
        user_id = user_id or str(uuid.uuid4())
        self._users.add(user_id)
        self.sequence.append(await self.server.the_control().put_user(user_id, mfa, self.environment))
        return user_id

    async def delete_user(self, user_id: str) -> None:
        """Remove a user of this session before its end."""
        if self.server.pool is not None:
            raise NotExercised(f"needs {Need.MAKE.value}")
        await self.server.the_control().delete_user(user_id)

    # Codes ----------------------------------------------------------------------------------------

    def time_step(self) -> int:
        """Return the server's current TOTP time step."""
        return self.note_time_step()

    def code(self, user: TotpUser, shift: int = 0) -> str:
        """Return the user's code, ``shift`` time steps from the current one."""
        code = user.code(self.time_step() + shift)
        self.server.redactor.learn(code, CODE)
        return code

    def wrong_code(self, user: TotpUser) -> str:
        """Return six digits that are not a code of the user in the time steps around now."""
        step = self.time_step()
        near = {user.code(step + shift) for shift in range(-5, 6)}
        return next(code for code in _endless_codes(self.record.random) if code not in near)

    def wrong_sms_code(self, challenge: Challenge) -> str:
        """Return a well-formed code that is not the code of the challenge."""
        return next(code for code in _endless_codes(self.record.random) if code != challenge.code)

    async def messages(self, **query: str) -> list[Message]:
        """Return the messages of the inbox, by ``phone_number`` or ``challenge_id``."""
        if self.server.pool is None:
            messages = await self.server.the_control().inbox(**query)
        elif query.get("challenge_id") in self._sent:
            challenge_id = query["challenge_id"]
            messages = await self.pool.message(*self._sent[challenge_id], challenge_id)
        else:
            raise NotExercised("needs messages that can be counted, from the control API (--control-url)")
        for message in messages:
            self.server.redactor.learn(message.code, CODE)
        return messages


def _endless_codes(rng: random.Random) -> Iterable[str]:
    while True:
        yield f"{rng.randrange(10**6):06}"
