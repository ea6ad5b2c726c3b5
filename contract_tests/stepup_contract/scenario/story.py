"""What a check can do on a server: make users, read codes and messages, send requests; no judgement of any of
it.

Whatever a story makes it removes at its end; users that it was lent it gives back as they were.
"""

import asyncio
import json
import random
import secrets
import uuid
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from stepup_contract.scenario.volley import volley
from stepup_contract.server.budget import NotAllowed
from stepup_contract.server.connect import Need
from stepup_contract.server.control import ControlError, Message
from stepup_contract.server.named import MOST_SENDS, NotExercised, Pool
from stepup_contract.server.operations import (
    ACTION,
    LOOKUP,
    ONE_TIME_USE,
    SEND_SMS,
    VERIFY_GRANT,
    VERIFY_SMS,
    VERIFY_TOTP,
    Operation,
    grant_body,
    sms_body,
    totp_body,
    verify_sms_body,
)
from stepup_contract.server.people import Challenge, Phone, PhoneUser, TotpUser, encode_secret
from stepup_contract.server.redact import CODE, PHONE, SECRET
from stepup_contract.server.target import JSON, Exchange, Http, Request, parse

if TYPE_CHECKING:
    from stepup_contract.scenario.trial import Trial


class Abandon(Exception):
    """A scene cannot go on; the reason is already recorded."""


class Story:
    """A sequence of requests with users of its own."""

    def __init__(self, trial: "Trial", label: str, environment: str) -> None:
        self.trial = trial
        self.server = trial.server
        self.label = label
        self.environment = environment
        self.sequence: list[Exchange] = []
        self._users: set[str] = set()
        self._apps: list[TotpUser] = []
        self._sent: dict[str, tuple[str, str]] = {}
        self.lent: set[str] = set()
        self.steps: set[int] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        try:
            await asyncio.gather(*(self.server.the_control().delete_user(user) for user in self._users))
        except ControlError as failure:
            self.trial.gave_up(failure)
        for user_id in self.lent:
            self.pool.give_back(user_id)
        if len(self.steps) > 1 and self.trial.findings:
            # A verdict over codes of two steps is worth nothing: the check is made once more.
            self.trial.steps |= self.steps
        if isinstance(error, NotExercised | NotAllowed | ControlError):
            self.trial.gave_up(error)
            return True
        return isinstance(error, Abandon)

    # Users ----------------------------------------------------------------------------------------

    @property
    def pool(self) -> Pool:
        """The named users. Raises NotExercised where there are none."""
        return self.trial.pool

    @property
    def has_plain(self) -> bool:
        """Whether there can be a user without MFA."""
        return self.server.pool is None or bool(self.server.pool.named.plain)

    @property
    def may_text(self) -> bool:
        """Whether text messages can be sent and read."""
        return self.server.pool is None or bool(
            self.server.pool.named.phone and self.server.pool.named.inbox_command
        )

    async def any_user(self) -> str:
        """Return the id of a user, with phones if there is one, of whom nothing more is asked."""
        pool = self.server.pool
        if pool is None or pool.named.phone:
            return (await self.phone_user()).id
        return (await self.totp_user(codes=False)).id if pool.named.totp else await self.plain_user()

    async def plain_user(self, user_id: str | None = None) -> str:
        """Create a user without MFA, or take one that was named, and return its id."""
        if self.server.pool is not None and user_id is None:
            return self.pool.plain_user()
        return await self.put_user(user_id, None)

    async def totp_user(
        self, secret: bytes | None = None, user_id: str | None = None, *, codes: bool = True
    ) -> TotpUser:
        """Create a user with an authenticator app, or take a named one that this story does not have yet.

        Without need of ``codes`` nothing is waited for.

        RFC 4226 section 4, R6, recommends secrets of 160 bits.
        """
        if self.server.pool is not None and secret is None and user_id is None:
            return await self._borrow_app(self.trial.locking, codes)
        encoded = encode_secret(secret or secrets.token_bytes(20))
        self.server.redactor.learn(encoded, SECRET)
        user_id = await self.put_user(user_id, {"type": "Totp", "secret": encoded})
        return TotpUser(user_id, encoded, self.server.limit("totp_step_seconds", 30))

    async def _borrow_app(self, locking: bool, codes: bool = True) -> TotpUser:
        """Take a named user with an app, wrong codes forgiven and codes fresh."""
        await self.pool.unlocked(self.pool.named.totp, locking)
        user = self.pool.totp_user(locking)
        self.lent.add(user.id)
        self._apps.append(user)
        if not codes:
            return user
        if self.pool.wrong(user):
            await self.fresh(user)
            await self.verify_totp(user.id, self.code(user))
        await self.fresh(user, spare=1)
        return user

    async def own_app(self) -> TotpUser:
        """Return a named user with an app that may not be locked, one that this story has if it can be."""
        mine = [user for user in self._apps if not self.pool.lockable(user.id)]
        return mine[0] if mine else await self._borrow_app(False)

    async def fresh(self, user: TotpUser, spare: int = 0) -> None:
        """Wait until a named user's current code is unspent, and as many before it as ``spare``."""
        await self.pool.fresh(user, self.server.clock.now, spare)
        self.steps.clear()

    async def phone_user(self, *numbers: str | None, user_id: str | None = None) -> PhoneUser:
        """Create a user with one phone for each number; None stands for a random one.

        An inbox remembers the messages of earlier runs, so random numbers are as long as ITU-T E.164 allows.
        Where users cannot be created, a named one with as many phones or more is taken.
        """
        if self.server.pool is not None and user_id is None and not any(numbers):
            await self.pool.unlocked(self.pool.named.phone, self.trial.locking)
            user = self.pool.phone_user(len(numbers or (None,)), self.trial.locking)
            self.lent.add(user.id)
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
        """Create a user, or replace one of this scene, and return its id."""
        if self.server.pool is not None:
            raise NotExercised(f"needs {Need.MAKE.value}")
        user_id = user_id or str(uuid.uuid4())
        self._users.add(user_id)
        self.sequence.append(await self.server.the_control().put_user(user_id, mfa, self.environment))
        return user_id

    async def delete_user(self, user_id: str) -> None:
        """Remove a user of this scene before its end."""
        if self.server.pool is not None:
            raise NotExercised(f"needs {Need.MAKE.value}")
        await self.server.the_control().delete_user(user_id)

    # Codes ----------------------------------------------------------------------------------------

    def step(self) -> int:
        """Return the server's current TOTP time step."""
        return self.note_step()

    def code(self, user: TotpUser, shift: int = 0) -> str:
        """Return the user's code, ``shift`` time steps from the current one."""
        code = user.code(self.step() + shift)
        self.server.redactor.learn(code, CODE)
        return code

    def note_step(self) -> int:
        """Record the time step, and a neighbour that is too near to tell: a verdict must not straddle two."""
        now = self.server.clock.now()
        length = self.server.limit("totp_step_seconds", 30)
        margin = 0.0 if self.server.clock.frozen else self.server.clock.margin
        steps = self.trial.steps if self.server.pool is None else self.steps
        steps |= {int((now - margin) // length), int((now + margin) // length)}
        return int(now // length)

    def wrong_code(self, user: TotpUser) -> str:
        """Return six digits that are no code of the user for some steps around."""
        step = self.step()
        near = {user.code(step + shift) for shift in range(-5, 6)}
        return next(code for code in _endless_codes(self.trial.random) if code not in near)

    def wrong_sms_code(self, challenge: Challenge) -> str:
        """Return a code of the right form that is not the challenge's."""
        return next(code for code in _endless_codes(self.trial.random) if code != challenge.code)

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

    # Requests -------------------------------------------------------------------------------------

    def request(
        self,
        operation: Operation,
        body: Any = None,
        *,
        key: str | None = "",
        authorization: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
        content: bytes | None = None,
        content_type: str | None = JSON,
        path: str | None = None,
        method: str | None = None,
    ) -> Request:
        """Return a request as ``send`` sends it."""
        sent = list(headers)
        if authorization is None and key is not None:
            authorization = f"Bearer {key or self.server.target.api_key}"
        if authorization is not None:
            sent.append(("Authorization", authorization))
        if content is None and body is not None:
            content = json.dumps(body).encode()
        if content is not None and content_type is not None:
            sent.append(("Content-Type", content_type))
        return Request(operation.id, method or operation.method, path or operation.path, tuple(sent), content)

    async def at_once(self, requests: Sequence[Request]) -> list[Exchange]:
        """Send requests at one moment, each on a connection of its own."""
        self._guard(requests)
        kinds = [self.server.http.set_aside(request) for request in requests]
        exchanges = await volley(self.server.target, requests)
        self.server.http.note(exchanges, kinds)
        for exchange in exchanges:
            self.server.redactor.learn_fields(exchange.document)
        self._note(exchanges)
        self.sequence += exchanges
        self.note_step()
        return exchanges

    async def send(
        self,
        operation: Operation,
        body: Any = None,
        *,
        key: str | None = "",
        authorization: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
        content: bytes | None = None,
        content_type: str | None = JSON,
        path: str | None = None,
        method: str | None = None,
        fresh: bool = False,
    ) -> Exchange:
        """Call an operation and return what came.

        ``key`` is the API key ("": the target's, None: none); ``authorization`` replaces the header as a
        whole. ``content`` is sent instead of ``body``. ``fresh`` uses a connection of its own.
        """
        request = self.request(
            operation,
            body,
            key=key,
            authorization=authorization,
            headers=headers,
            content=content,
            content_type=content_type,
            path=path,
            method=method,
        )
        self._guard([request])
        if fresh:
            target = self.server.target
            async with Http(target.url, target, self.server.redactor, connections=1) as http:
                exchange = await http.send(request)
        else:
            exchange = await self.server.http.send(request)
        if operation is VERIFY_TOTP:
            self.note_step()
        self._note([exchange])
        self.sequence.append(exchange)
        return exchange

    def _guard(self, requests: Sequence[Request]) -> None:
        """Raise NotExercised for what named users are to be spared."""
        if self.server.pool is not None:
            most = MOST_SENDS if "sms" in self.trial.rule.safety else MOST_SENDS // 2
            self.pool.guard(requests, self.trial.locking, self.server.clock.now(), most)

    def _note(self, exchanges: Sequence[Exchange]) -> None:
        if self.server.pool is None:
            return
        for exchange in exchanges:
            self.pool.note(exchange, self.server.clock.now())
            challenge_id = exchange.member("challenge_id")
            if exchange.request.operation == SEND_SMS.id and isinstance(challenge_id, str):
                body = parse(exchange.request.content or b"")
                self._sent[challenge_id] = (str(body["user_id"]), str(body["mfa_phone_id"]))

    async def lookup(self, user_id: str, **how: Any) -> Exchange:
        """Call the lookup; ``user_id`` is put into the path as it stands."""
        return await self.send(LOOKUP, path=LOOKUP.path.format(user_id=user_id), **how)

    async def verify_totp(
        self,
        user_id: str,
        code: Any,
        *,
        action: str = ACTION,
        grant_type: str = ONE_TIME_USE,
        valid_for: int = 60,
        **how: Any,
    ) -> Exchange:
        return await self.send(VERIFY_TOTP, totp_body(user_id, code, action, grant_type, valid_for), **how)

    async def send_sms(
        self,
        user_id: str,
        phone_id: str,
        *,
        action: str = ACTION,
        grant_type: str = ONE_TIME_USE,
        valid_for: int = 60,
        **how: Any,
    ) -> Exchange:
        return await self.send(SEND_SMS, sms_body(user_id, phone_id, action, grant_type, valid_for), **how)

    async def verify_sms(self, user_id: str, challenge_id: str, code: Any, **how: Any) -> Exchange:
        return await self.send(VERIFY_SMS, verify_sms_body(user_id, challenge_id, code), **how)

    async def verify_grant(self, user_id: str, grant: Any, action: str = ACTION, **how: Any) -> Exchange:
        return await self.send(VERIFY_GRANT, grant_body(user_id, grant, action), **how)


def _endless_codes(rng: random.Random) -> Iterable[str]:
    while True:
        yield f"{rng.randrange(10**6):06}"
