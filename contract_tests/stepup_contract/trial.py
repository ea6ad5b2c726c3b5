"""One check at work on the server: scenes with users of their own, the requests they send, and what is held against them.

A scene is a short story that starts from fresh users and removes them at its end, so scenes overlap without meeting.
Its judgements count the answers that are evidence and record a finding for each promise that was not kept. A step that
only prepares the ground and fails is a finding of the rule that promises *that* step, and ends the scene.
"""

import asyncio
import base64
import json
import random
import secrets
import uuid
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Any, Self

import pyotp

from stepup_contract.control import ControlError, Message
from stepup_contract.operations import (
    LOOKUP,
    ONE_TIME_USE,
    SEND_SMS,
    VERIFY_GRANT,
    VERIFY_SMS,
    VERIFY_TOTP,
    Operation,
    Refusal,
)
from stepup_contract.redact import CODE, PHONE, SECRET
from stepup_contract.rules import Rule
from stepup_contract.server import Server
from stepup_contract.target import JSON, MISSING, Exchange, Http, Request

ACTION = "SENSITIVE_ACTION"


class Strength(StrEnum):
    """How binding a promise is on a server that this run does not control."""

    MUST = "must"
    SHOULD = "should"


MUST, SHOULD = Strength.MUST, Strength.SHOULD


class NotExercised(Exception):
    """What a check is about cannot be brought about here; the message says why."""


class Abandon(Exception):
    """A scene cannot go on; the reason is already recorded."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A promise that was not kept. ``fails`` is False where it binds this server only as an observation."""

    rule: str
    operation: str
    message: str
    curl: str
    wanted: str
    got: str
    check: str
    fails: bool
    sequence: tuple[tuple[str, int], ...] = ()


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


class Trial:
    """One check of one rule: its random choices, its evidence, and what it found."""

    def __init__(self, server: Server, rule: Rule, check: str, seed: str) -> None:
        self.server = server
        self.rule = rule
        self.check = check
        self.random = random.Random(seed)  # noqa: S311 - choices of a test, no secrets
        self.findings: list[Finding] = []
        self.evidence: set[Exchange] = set()
        self.remarks: list[str] = []
        self.reasons: list[str] = []
        self.steps: set[int] = set()

    def scene(self, label: str = "", environment: str = "test") -> "Scene":
        """Return a new scene, to be used as an async context manager."""
        return Scene(self, label, environment)

    async def each(self, story: Callable[..., Awaitable[None]], cases: Iterable[tuple[Any, ...]]) -> None:
        """Tell one story in a scene for each case, all at the same time; a case starts with its label."""

        async def tell(label: str, *case: Any) -> None:
            async with self.scene(label) as scene:
                await story(scene, *case)

        await asyncio.gather(*(tell(*case) for case in cases))

    async def sleep(self, seconds: float) -> None:
        """Wait in real time."""
        await asyncio.sleep(seconds)

    def remark(self, text: str) -> None:
        """Note what was seen, for the report."""
        self.remarks.append(self.server.redactor.text(text))

    @property
    def wrong_codes(self) -> int:
        """How many wrong codes in a row a user may send without being locked."""
        return max(1, self.server.limit("max_wrong_codes", 5) - 1)


class Scene:
    """A story on the server with users of its own."""

    def __init__(self, trial: Trial, label: str, environment: str) -> None:
        self.trial = trial
        self.server = trial.server
        self.label = label
        self.environment = environment
        self.sequence: list[Exchange] = []
        self._users: set[str] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        try:
            await asyncio.gather(*(self.server.the_control().delete_user(user) for user in self._users))
        except ControlError as failure:
            self.trial.reasons.append(str(failure))
        if isinstance(error, NotExercised | ControlError):
            self.trial.reasons.append(str(error))
            return True
        return isinstance(error, Abandon)

    # Users -----------------------------------------------------------------------------------------------------

    async def plain_user(self, user_id: str | None = None) -> str:
        """Create a user without MFA and return its id."""
        return await self.put_user(user_id, None)

    async def totp_user(self, secret: bytes | None = None, user_id: str | None = None) -> TotpUser:
        """Create a user with an authenticator app. RFC 4226 section 4, R6, recommends secrets of 160 bits."""
        encoded = encode_secret(secret or secrets.token_bytes(20))
        self.server.redactor.learn(encoded, SECRET)
        user_id = await self.put_user(user_id, {"type": "Totp", "secret": encoded})
        return TotpUser(user_id, encoded, self.server.limit("totp_step_seconds", 30))

    async def phone_user(self, *numbers: str | None, user_id: str | None = None) -> PhoneUser:
        """Create a user with one phone for each number; None stands for a random one."""
        phones = tuple(
            Phone(str(uuid.uuid4()), number or f"+1555{secrets.randbelow(10**7):07}")
            for number in numbers or (None,)
        )
        for phone in phones:
            self.server.redactor.learn(phone.number, PHONE)
            self.server.redactor.learn(phone.number[1:], PHONE)
        listed = [{"mfa_phone_id": phone.id, "phone_number": phone.number} for phone in phones]
        return PhoneUser(await self.put_user(user_id, {"type": "Phone", "phone_numbers": listed}), phones)

    async def put_user(self, user_id: str | None, mfa: dict[str, Any] | None) -> str:
        """Create a user, or replace one of this scene, and return its id."""
        user_id = user_id or str(uuid.uuid4())
        self._users.add(user_id)
        self.sequence.append(await self.server.the_control().put_user(user_id, mfa, self.environment))
        return user_id

    async def delete_user(self, user_id: str) -> None:
        """Remove a user of this scene before its end."""
        await self.server.the_control().delete_user(user_id)

    # Codes -----------------------------------------------------------------------------------------------------

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
        margin = 0.0 if self.server.clock.frozen else 0.25
        self.trial.steps |= {int((now - margin) // length), int((now + margin) // length)}
        return int(now // length)

    def wrong_code(self, user: TotpUser) -> str:
        """Return six digits that are no code of the user for many steps around."""
        step = self.step()
        near = {user.code(step + shift) for shift in range(-30, 31)}
        return next(code for code in _endless_codes(self.trial.random) if code not in near)

    def wrong_sms_code(self, challenge: Challenge) -> str:
        """Return a code of the right form that is not the challenge's."""
        return next(code for code in _endless_codes(self.trial.random) if code != challenge.code)

    async def messages(self, **query: str) -> list[Message]:
        """Return the messages of the inbox, by ``phone_number`` or ``challenge_id``."""
        messages = await self.server.the_control().inbox(**query)
        for message in messages:
            self.server.redactor.learn(message.code, CODE)
        return messages

    # Requests --------------------------------------------------------------------------------------------------

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

        ``key`` is the API key ("": the target's, None: none); ``authorization`` replaces the header as a whole.
        ``content`` is sent instead of ``body``. ``fresh`` uses a connection of its own.
        """
        sent = list(headers)
        if authorization is None and key is not None:
            authorization = f"Bearer {key or self.server.target.api_key}"
        if authorization is not None:
            sent.append(("Authorization", authorization))
        if content is None and body is not None:
            content = json.dumps(body).encode()
        if content is not None and content_type is not None:
            sent.append(("Content-Type", content_type))
        request = Request(
            operation.id, method or operation.method, path or operation.path, tuple(sent), content
        )
        if fresh:
            target = self.server.target
            async with Http(target.url, target, self.server.redactor, connections=1) as http:
                exchange = await http.send(request)
        else:
            exchange = await self.server.http.send(request)
        if operation is VERIFY_TOTP:
            self.note_step()
        self.sequence.append(exchange)
        return exchange

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

    # Steps that prepare the ground -----------------------------------------------------------------------------

    def prepared(self, exchange: Exchange, rule: str, member: str) -> Any:
        """Return a member of an answer that the story needs; else record a finding of the rule that promises it."""
        value = exchange.member(member)
        if exchange.status == 200 and isinstance(value, str) and value:
            return value
        throttled = exchange.status == 429 and not self.server.controlled
        if throttled:
            raise NotExercised(f"the server throttles {exchange.request.operation} (429)")
        self.trial.reasons.append(f"the story needs a step that was refused; see {rule}")
        self._find(exchange, f"200 with a non-empty `{member}`", "to prepare the check", MUST, rule)
        raise Abandon

    async def totp_grant(self, user: TotpUser | None = None, shift: int = 0, **terms: Any) -> Grant:
        """Return a grant for a right code, of a new user unless one is given."""
        user = user or await self.totp_user()
        exchange = await self.verify_totp(user.id, self.code(user, shift), **terms)
        return Grant(self.prepared(exchange, "T1", "step_up_grant"), user.id, terms.get("action", ACTION))

    async def challenge(
        self, user: PhoneUser | None = None, phone: Phone | None = None, **terms: Any
    ) -> Challenge:
        """Send a code to a phone and read it in the inbox."""
        user = user or await self.phone_user()
        phone = phone or user.phones[0]
        exchange = await self.send_sms(user.id, phone.id, **terms)
        challenge_id = self.prepared(exchange, "S1", "challenge_id")
        messages = await self.messages(challenge_id=challenge_id)
        if len(messages) != 1:
            self.trial.reasons.append("the story needs a message that was not sent; see S1")
            self._find(
                exchange,
                "one message in the inbox for the challenge",
                "to prepare the check",
                MUST,
                "S1",
                got=str(len(messages)),
            )
            raise Abandon
        return Challenge(challenge_id, user, phone, terms.get("action", ACTION), messages[0].code)

    async def sms_grant(self, challenge: Challenge | None = None, **terms: Any) -> Grant:
        """Return a grant for the right code of a challenge, of a new user unless one is given."""
        challenge = challenge or await self.challenge(**terms)
        exchange = await self.verify_sms(challenge.user.id, challenge.id, challenge.code)
        value = self.prepared(exchange, "S3", "step_up_grant")
        return Grant(value, challenge.user.id, challenge.action)

    async def grant(self, factor: Operation, **terms: Any) -> Grant:
        """Return a new user's grant by ``VERIFY_TOTP`` or by ``VERIFY_SMS``."""
        return await (self.totp_grant(**terms) if factor is VERIFY_TOTP else self.sms_grant(**terms))

    # Judgements ------------------------------------------------------------------------------------------------

    def expect(
        self,
        exchange: Exchange,
        held: bool,
        wanted: str,
        what: str = "",
        strength: Strength = MUST,
        got: str | None = None,
    ) -> bool:
        """Count an answer as evidence, and record a finding where the promise was not held."""
        self.trial.evidence.add(exchange)
        if not held:
            self._find(exchange, wanted, what, strength, got=got)
        return held

    def refused(self, exchange: Exchange, how: Refusal, what: str, *, exactly: Strength = SHOULD) -> None:
        """Judge a refusal: 4xx on any server, and just the one that is promised as far as ``exactly`` binds."""
        if exchange.status == 429 and how.status != 429 and not self.server.controlled:
            raise NotExercised(f"the server throttles {exchange.request.operation} (429)")
        refused = 400 <= exchange.status < 500
        strength = exactly if refused else MUST
        self.expect(exchange, how.matches(exchange), str(how), what, strength)

    def succeeded(self, exchange: Exchange, operation: Operation, what: str) -> Any:
        """Judge a success and return what it is about; a finding ends the scene."""
        value = exchange.member(operation.success)
        held = exchange.status == 200 and value is not MISSING and _whole(operation, value)
        if not self.expect(exchange, held, f"200 with `{operation.success}`", what):
            raise Abandon
        return value

    def control(self, exchange: Exchange, operation: Operation, what: str, strength: Strength = MUST) -> Any:
        """Judge the positive control of a refusal: no evidence itself, but without it the refusal proves nothing."""
        value = exchange.member(operation.success)
        if exchange.status == 200 and value is not MISSING and _whole(operation, value):
            return value
        wanted = f"200 with `{operation.success}` (positive control)"
        self._find(exchange, wanted, what, strength)
        raise Abandon

    def same(self, exchanges: Iterable[tuple[str, Exchange]], wanted: str, strength: Strength) -> None:
        """Judge that answers cannot be told apart by status, header names or body."""
        (first, reference), *others = exchanges
        expected = fingerprint(reference)
        for label, exchange in others:
            difference = _difference(expected, fingerprint(exchange))
            self.expect(
                exchange,
                not difference,
                f"{wanted}: the same answer as for {first}",
                label,
                strength,
                got=difference,
            )

    def _find(
        self,
        exchange: Exchange,
        wanted: str,
        what: str,
        strength: Strength,
        rule: str | None = None,
        got: str | None = None,
    ) -> None:
        redactor = self.server.redactor
        got = exchange.seen(redactor) if got is None else got
        told = ", ".join(part for part in (self.label, what) if part) or exchange.request.operation
        self.trial.findings.append(
            Finding(
                rule=rule or self.trial.rule.id,
                operation=exchange.request.operation,
                message=redactor.text(f"{told}: wanted {wanted}, got {got}"),
                curl=exchange.curl(redactor),
                wanted=redactor.text(wanted),
                got=redactor.text(got),
                check=self.trial.check,
                fails=self._fails(strength),
                sequence=tuple(
                    (step.curl(redactor), step.status) for step in self._until(exchange)[-_LONGEST:]
                ),
            )
        )

    def _fails(self, strength: Strength) -> bool:
        """Tell whether a broken promise fails this server or is only observed (see the top of rules.yaml)."""
        return self.server.controlled or (strength is MUST and self.trial.rule.kind != "ours")

    def _until(self, exchange: Exchange) -> list[Exchange]:
        if exchange not in self.sequence:
            return [exchange]
        return self.sequence[: self.sequence.index(exchange) + 1]


# A longer sequence helps nobody; its end is what matters.
_LONGEST = 12


def _whole(operation: Operation, value: Any) -> bool:
    """Tell whether the member of a success is what it must be. V1: `success` is true, and nothing else."""
    if operation is VERIFY_GRANT:
        return value is True
    if operation is LOOKUP:
        return value is None or isinstance(value, dict)
    return isinstance(value, str) and value != ""


def _endless_codes(rng: random.Random) -> Iterable[str]:
    while True:
        yield f"{rng.randrange(10**6):06}"


def encode_secret(secret: bytes) -> str:
    """Return a TOTP secret in Base32, as authenticator apps take it."""
    return base64.b32encode(secret).decode().rstrip("=")


def totp_body(user_id: str, code: Any, action: str, grant_type: str, valid_for: int) -> dict[str, Any]:
    """Return a request of verify-totp."""
    return {
        "action_type": action,
        "user_id": user_id,
        "code": code,
        "grant_type": grant_type,
        "valid_for_seconds": valid_for,
    }


def sms_body(user_id: str, phone_id: str, action: str, grant_type: str, valid_for: int) -> dict[str, Any]:
    """Return a request of phone/send."""
    return {
        "action_type": action,
        "user_id": user_id,
        "mfa_phone_id": phone_id,
        "grant_type": grant_type,
        "valid_for_seconds": valid_for,
    }


def verify_sms_body(user_id: str, challenge_id: str, code: Any) -> dict[str, Any]:
    """Return a request of phone/verify."""
    return {"challenge_id": challenge_id, "user_id": user_id, "code": code}


def grant_body(user_id: str, grant: Any, action: str) -> dict[str, Any]:
    """Return a request of verify-grant."""
    return {"action_type": action, "user_id": user_id, "grant": grant}


# Headers and members that may differ between two answers that say the same.
_INCIDENTAL_HEADERS = {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}
_INCIDENTAL_MEMBERS = {"request_id", "trace_id", "timestamp"}


def fingerprint(exchange: Exchange) -> dict[str, Any]:
    """Return what a caller could tell two answers apart by: status, header names and body, request ids aside."""
    names = sorted({name.lower() for name, _ in exchange.headers} - _INCIDENTAL_HEADERS)
    body = exchange.document
    if isinstance(body, dict):
        body = {name: value for name, value in body.items() if name not in _INCIDENTAL_MEMBERS}
    return {
        "status": exchange.status,
        "headers": names,
        "body": exchange.text if body is MISSING else body,
        "WWW-Authenticate": exchange.header("WWW-Authenticate"),
    }


def _difference(one: dict[str, Any], other: dict[str, Any]) -> str:
    parts = [
        f"{name} {json.dumps(other[name])[:120]} instead of {json.dumps(one[name])[:120]}"
        for name in one
        if one[name] != other[name]
    ]
    return "; ".join(parts)
