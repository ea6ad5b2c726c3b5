"""The product API over ASGI: find the operation, judge the request, perform, answer.

A request is judged in the order of the contract: key, permission and plan, media type and size, JSON and
fields, and then the domain. The module speaks plain ASGI: routing and middleware would cost more than the
work itself.
"""

import asyncio
import re
import secrets
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from functools import lru_cache
from itertools import count
from typing import Any
from urllib.parse import unquote_to_bytes

from stepup_mock import answers, operations
from stepup_mock.access import Access, NoBearerToken
from stepup_mock.answers import Answer
from stepup_mock.client_faults import spoil
from stepup_mock.faults import Faults
from stepup_mock.hosts import Hosts
from stepup_mock.journal import MARK, redact
from stepup_mock.mock import Mock
from stepup_mock.operations import LOOKUP
from stepup_mock.reading import BodyReader, BodyRefused, ClientGone, Headers, Receive
from stepup_mock.step_up import StepUpError
from stepup_mock.validation import InvalidFields, parse
from stepup_mock.wire import Scope, wire_of

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
# The user and the action that a request names.
Named = tuple[str | None, str | None]

_STEP_UP = b"/api/backend/v1/mfa/step-up/"
_POSTS = {
    _STEP_UP + b"verify-totp": "verifyStepUpTotpChallenge",
    _STEP_UP + b"phone/send": "sendSmsMfaCode",
    _STEP_UP + b"phone/verify": "verifySmsChallenge",
    _STEP_UP + b"verify-grant": "verifyStepUpGrant",
}
_LOOKUP_PATH = re.compile(rb"/api/backend/v1/user/([^/]+)/mfa")
_UUID = re.compile(r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}")
_CONTROL = b"/__control__"
_MAX_ACTION = 256
# A repeated one of these has no meaning that two readers would agree on.
_SINGLE = (b"authorization", b"content-type", b"content-encoding", b"host")
# Where the scope of a request holds its body, redacted.
_SHOWN = "stepup.shown"


class App:
    """The ASGI application of one mock. ``body_deadline`` is in seconds."""

    def __init__(self, mock: Mock, hosts: Hosts | None = None, *, body_deadline: float = 10) -> None:
        self.mock = mock
        self._hosts = hosts or Hosts()
        self._reader = BodyReader(body_deadline)
        self._request_ids = map((secrets.token_hex(8).encode() + b"%08x").__mod__, count(1))
        self._marks = {name: dict.fromkeys(body.secrets, MARK) for name, body in mock.bodies.items()}
        self.faults = Faults(self)
        self._control: Callable[[Scope, Receive, Send], Awaitable[None]] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await _other_protocol(scope, receive, send)
            return
        request_id = next(self._request_ids)
        try:
            headers = _headers(scope["headers"])
            if not self._hosts.allow(headers.get(b"host", b"")):
                await self._send(answers.MISDIRECTED, request_id, send)
            elif scope["raw_path"].startswith(_CONTROL) and self.mock.control_key is not None:
                await self._control_app()(scope, receive, _with_headers(send, request_id))
            else:
                await self._exchange(scope, headers, receive, request_id, send)
        except (ClientGone, ConnectionAbortedError):
            return
        except Exception as error:  # the last line of defence: an answer, and a line without any value in it
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{place.filename}:{place.lineno}"
            print(f"stepup-mfa mock: {type(error).__name__} at {where}", file=sys.stderr)
            await self._send(answers.INTERNAL, request_id, send)

    async def _exchange(
        self, scope: Scope, headers: Headers, receive: Receive, request_id: bytes, send: Send
    ) -> None:
        """Answer one request to the product API and write it into the journal."""
        started = time.perf_counter()
        operation_id = operation_of(scope["method"], scope["raw_path"])
        faults = self.mock.client_faults
        fault = faults.meet(operation_id) if faults.waiting else None
        if fault is None:
            answer = await self._answer(scope, operation_id, headers, receive)
            wire = wire_of(scope)
            if wire is None or not wire.answer(scope, answer, request_id):
                await self._send(answer, request_id, send)
        else:
            answer = await spoil(
                fault,
                lambda: self._answer(scope, operation_id, headers, receive),
                lambda answer: self._send(answer, request_id, send),
                lambda: _hang_up(scope, receive),
            )
        seconds = time.perf_counter() - started
        self.mock.journal.add(request_id, operation_id, scope, scope.get(_SHOWN), answer, seconds=seconds)

    async def _answer(
        self, scope: Scope, operation_id: str | None, headers: Headers, receive: Receive
    ) -> Answer:
        if operation_id is None:
            return _no_operation(scope["raw_path"])
        access = self._access(headers)
        if isinstance(access, Answer):
            return access
        refusal = self._gate(access, operation_id)
        if operation_id == LOOKUP:
            return refusal or self._lookup(scope["raw_path"], access)
        now = self.mock.clock.now
        named: Named = (None, None)
        document: dict[str, Any] = {}
        answer = refusal or self._judge_media_type(headers)
        at = now()
        if answer is None:
            try:
                document = self._parse(await self._reader.read(scope, headers, receive))
                fields = self._check(operation_id, document)
                named = self._named(operation_id, access, fields)
                scope[_SHOWN] = fields | self._marks[operation_id]
                at = now()
                answer = self._perform(operation_id, access, fields, at)
            except InvalidFields as error:
                named = self._claimed(operation_id, access, document)
                scope[_SHOWN] = redact(document, self.mock.bodies[operation_id])
                answer = answers.invalid_fields(error.fields)
            except BodyRefused as error:
                answer = error.answer
        self.mock.record(at, operation_id, *named, answer.outcome)
        return answer

    # Each step is a method, so that a fault can break just that one.

    def _lookup(self, path: bytes, access: Access) -> Answer:
        user_id = _user_of(path)
        if user_id is None:
            return answers.NO_SUCH_USER
        return operations.look_up(self.mock.step_up, access.environment, user_id)

    def _access(self, headers: Headers) -> Access | Answer:
        """Return what the API key opens, or the 401."""
        try:
            return self.mock.api_keys.find(headers.get(b"authorization", b"")) or answers.INVALID_TOKEN
        except NoBearerToken:
            return answers.UNAUTHORIZED

    def _gate(self, access: Access, operation_id: str) -> Answer | None:
        """Return the 403 for a key without permission or plan."""
        if access.permissions is not None and operation_id not in access.permissions:
            return answers.FORBIDDEN
        return answers.FEATURE_GATED if access.feature_gated else None

    def _judge_media_type(self, headers: Headers) -> Answer | None:
        return judge_media_type(headers)

    def _parse(self, body: bytes) -> dict[str, Any]:
        return parse(body)

    def _check(self, operation_id: str, document: dict[str, Any]) -> dict[str, Any]:
        return self.mock.bodies[operation_id].check(document)

    def _perform(self, operation_id: str, access: Access, fields: dict[str, Any], at: float) -> Answer:
        try:
            return operations.POSTS[operation_id](self.mock.step_up, access.environment, at, **fields)
        except StepUpError as error:
            return self._refusal(error)

    def _refusal(self, error: StepUpError) -> Answer:
        return operations.refusal(error)

    def _named(self, operation_id: str, access: Access, fields: dict[str, Any]) -> Named:
        """Return the user and the action that a request names; a challenge has the action of its send."""
        if operation_id != "verifySmsChallenge":
            return fields["user_id"], fields["action_type"]
        action = self.mock.step_up.action_of(access.environment, fields["user_id"], fields["challenge_id"])
        return fields["user_id"], action

    def _claimed(self, operation_id: str, access: Access, document: dict[str, Any]) -> Named:
        """Return user and action of a refused body, as far as they can be what they claim to be."""
        user_id, action_type = document.get("user_id"), document.get("action_type")
        user_id = uuid_of(user_id) if isinstance(user_id, str) else None
        if operation_id == "verifySmsChallenge":
            challenge_id = document.get("challenge_id")
            if user_id is None or not isinstance(challenge_id, str):
                return user_id, None
            return user_id, self.mock.step_up.action_of(access.environment, user_id, challenge_id)
        known = isinstance(action_type, str) and len(action_type) <= _MAX_ACTION
        return user_id, action_type if known else None

    async def _send(self, answer: Answer, request_id: bytes, send: Send) -> None:
        headers = [*answer.headers, (b"x-request-id", request_id)]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        if answer.drip:
            await _drip(answer, send)
        await send({"type": "http.response.body", "body": b"" if answer.drip else answer.body})

    def _control_app(self) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
        if self._control is None:
            # Not before it is asked for: Starlette takes longer to import than everything else here.
            from stepup_mock.control import control_app

            assert self.mock.control_key is not None
            self._control = control_app(self, self.mock.control_key, self._reader)
        return self._control


# Judging


def operation_of(method: str, path: bytes) -> str | None:
    """Return the operationId of a request, None for a path or a method that has none."""
    if method == "POST":
        return _POSTS.get(path)
    return LOOKUP if method == "GET" and _LOOKUP_PATH.fullmatch(path) else None


def _no_operation(path: bytes) -> Answer:
    if path in _POSTS:
        return answers.method_not_allowed(b"POST")
    return answers.method_not_allowed(b"GET") if _LOOKUP_PATH.fullmatch(path) else answers.NOT_FOUND


def _headers(pairs: list[tuple[bytes, bytes]]) -> Headers:
    headers = dict(pairs)
    if len(headers) != len(pairs):
        names = [name for name, _ in pairs]
        headers.update((name, b"") for name in _SINGLE if names.count(name) > 1)
    return headers


@lru_cache(maxsize=1024)
def uuid_of(text: str) -> str | None:
    """Return a UUID in lower case, None for any other text."""
    return text.lower() if _UUID.fullmatch(text) else None


@lru_cache(maxsize=1024)
def _user_of(path: bytes) -> str | None:
    """Return the user that the path of a lookup names."""
    match = _LOOKUP_PATH.fullmatch(path)
    # Decoded once: what is encoded twice is no id, and a decoded slash leads nowhere.
    return None if match is None else uuid_of(unquote_to_bytes(match[1]).decode("latin-1"))


def judge_media_type(headers: Headers) -> Answer | None:
    """Return the 415 for anything but plain JSON in UTF-8."""
    media_type = headers.get(b"content-type", b"")
    if media_type != b"application/json":
        name, _, parameters = media_type.lower().partition(b";")
        charset = parameters.strip().removeprefix(b"charset=").strip(b'"')
        if name.strip() != b"application/json" or charset not in (b"", b"utf-8", b"utf8"):
            return answers.UNSUPPORTED
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        return answers.UNSUPPORTED
    return None


# The wire


async def _drip(answer: Answer, send: Send) -> None:
    size = len(answer.body) // 10 + 1
    for start in range(0, len(answer.body), size):
        await asyncio.sleep(answer.drip / 10)
        piece = answer.body[start : start + size]
        await send({"type": "http.response.body", "body": piece, "more_body": True})


async def _hang_up(scope: Scope, receive: Receive) -> None:
    """Close the connection without an answer, and stop."""
    wire = wire_of(scope)
    if wire is not None:  # in process there is no connection to close
        wire.abort()
        while (await receive())["type"] != "http.disconnect":
            pass
    raise ConnectionAbortedError


def _with_headers(send: Send, request_id: bytes) -> Send:
    async def send_with_headers(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *answers.ALWAYS, (b"x-request-id", request_id)]
        await send(message)

    return send_with_headers


async def _other_protocol(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a server's lifespan messages, and close a WebSocket."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close"})
        return
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
