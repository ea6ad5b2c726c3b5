"""Sends the requests of a session, spares the named users, and keeps every exchange in order."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from stepup_contract.scenario.record import Record
from stepup_contract.scenario.volley import volley
from stepup_contract.server.named import MOST_SENDS, Pool
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
from stepup_contract.server.target import JSON, Exchange, Http, Request, parse


class Requests:
    """The requests of a session, in the order in which they were sent."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.server = record.server
        self.sequence: list[Exchange] = []
        self.time_steps: set[int] = set()
        self._sent: dict[str, tuple[str, str]] = {}

    @property
    def pool(self) -> Pool:
        """The named users. Raises NotExercised where there are none."""
        return self.record.pool

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
        """Return a request of an operation.

        ``key`` is the API key ("": the target's, None: none); ``authorization`` replaces the header as a
        whole. ``content`` is sent instead of ``body``.
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
        self.note_time_step()
        return exchanges

    async def send(
        self, operation: Operation, body: Any = None, *, fresh: bool = False, **how: Any
    ) -> Exchange:
        """Call an operation and return the exchange; ``how`` is as for ``request``.

        ``fresh`` uses a connection of its own.
        """
        request = self.request(operation, body, **how)
        self._guard([request])
        if fresh:
            target = self.server.target
            async with Http(target.url, target, self.server.redactor, connections=1) as http:
                exchange = await http.send(request)
        else:
            exchange = await self.server.http.send(request)
        if operation is VERIFY_TOTP:
            self.note_time_step()
        self._note([exchange])
        self.sequence.append(exchange)
        return exchange

    def note_time_step(self) -> int:
        """Record the time step, and a neighbour that is too close to exclude: a verdict must not straddle
        two.
        """
        now = self.server.clock.now()
        length = self.server.limit("totp_step_seconds", 30)
        margin = 0.0 if self.server.clock.frozen else self.server.clock.margin
        steps = self.record.time_steps if self.server.pool is None else self.time_steps
        steps |= {int((now - margin) // length), int((now + margin) // length)}
        return int(now // length)

    def _guard(self, requests: Sequence[Request]) -> None:
        """Raise NotExercised for what named users are to be spared."""
        if self.server.pool is not None:
            most = MOST_SENDS if "sms" in self.record.rule.safety else MOST_SENDS // 2
            self.pool.guard(requests, self.record.locking, self.server.clock.now(), most)

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
        """Call the lookup; ``user_id`` is put into the path unchanged."""
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
