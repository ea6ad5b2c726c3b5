"""The five operations over ASGI: judge the request, call the domain, map what it says. Nothing is decided
here.

A request is judged in the order of the contract: key, permission and plan, media type and size, JSON and
fields, and then the domain. The module speaks plain ASGI: routing and middleware would cost more than the
work itself.
"""

import asyncio
import re
import secrets
import sys
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from itertools import count
from typing import Any
from urllib.parse import unquote_to_bytes

from stepup_mock import answers
from stepup_mock.access import Access
from stepup_mock.answers import Answer
from stepup_mock.hosts import Hosts
from stepup_mock.mock import Mock
from stepup_mock.step_up import (
    IncorrectCode,
    InvalidField,
    Locked,
    MfaNotEnabled,
    StepUpError,
    Terms,
    UserNotFound,
)
from stepup_mock.validation import InvalidFields, parse

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = dict[bytes, bytes]

MAX_BODY = 64 * 1024
# A body that is too large is read on and dropped this far, so that the caller gets to see the answer.
MAX_DROPPED = 1024 * 1024

_BASE = b"/api/backend/v1/"
_STEP_UP = _BASE + b"mfa/step-up/"
_POSTS = {
    _STEP_UP + b"verify-totp": "verifyStepUpTotpChallenge",
    _STEP_UP + b"phone/send": "sendSmsMfaCode",
    _STEP_UP + b"phone/verify": "verifySmsChallenge",
    _STEP_UP + b"verify-grant": "verifyStepUpGrant",
}
_LOOKUP = re.compile(rb"/api/backend/v1/user/([^/]+)/mfa")
UUID = re.compile(r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}")
_CONTROL = b"/__control__"
MAX_ACTION = 256
# A repeated one of these has no meaning that two readers would agree on.
_SINGLE = (b"authorization", b"content-type", b"content-encoding", b"host")


class ClientGone(Exception):
    """The caller hung up before its request was complete."""


class App:
    """The ASGI application of one mock. ``body_deadline`` is in seconds."""

    def __init__(self, mock: Mock, hosts: Hosts | None = None, *, body_deadline: float = 10) -> None:
        self.mock = mock
        self._hosts = hosts or Hosts()
        self._body_deadline = body_deadline
        self._request_ids = map((secrets.token_hex(8) + "%08x").__mod__, count(1))
        self._control: Callable[[Scope, Receive, Send], Awaitable[None]] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await _other_protocol(scope, receive, send)
            return
        try:
            headers = _headers(scope["headers"])
            path: bytes = scope["raw_path"]
            if not self._hosts.allow(headers.get(b"host", b"")):
                answer = answers.MISDIRECTED
            elif path.startswith(_CONTROL) and self.mock.control_key is not None:
                await self._control_app()(scope, receive, self._with_headers(send))
                return
            else:
                answer = await self._answer(scope["method"], path, headers, receive)
        except ClientGone:
            return
        except Exception as error:  # the last line of defence: an answer, and a line without any value in it
            place = traceback.extract_tb(error.__traceback__)[-1]
            print(
                f"stepup-mfa mock: {type(error).__name__} at {place.filename}:{place.lineno}", file=sys.stderr
            )
            answer = answers.INTERNAL
        await self._send(answer, send)

    async def _answer(self, method: str, path: bytes, headers: Headers, receive: Receive) -> Answer:
        operation_id = _POSTS.get(path)
        if operation_id is None:
            return self._lookup(method, path, headers)
        if method != "POST":
            return answers.method_not_allowed(b"POST")
        access = self._access(headers)
        if isinstance(access, Answer):
            return access
        answer = _gate(access, operation_id) or judge_media_type(headers)
        named: tuple[str | None, str | None] = (None, None)
        if answer is None:
            try:
                document = parse(await read_body(headers, receive, self._body_deadline))
                named = self._named(operation_id, access, document)
                answer = self._perform(operation_id, access, document)
            except InvalidFields as error:
                answer = answers.invalid_fields(error.fields)
            except BodyRefused as error:
                answer = error.answer
        self.mock.record(operation_id, *named, answer.outcome)
        return answer

    def _lookup(self, method: str, path: bytes, headers: Headers) -> Answer:
        match = _LOOKUP.fullmatch(path)
        if match is None:
            return answers.NOT_FOUND
        if method != "GET":
            return answers.method_not_allowed(b"GET")
        access = self._access(headers)
        if isinstance(access, Answer):
            return access
        # Decoded once: what is encoded twice is no id, and a decoded slash leads nowhere.
        user_id = unquote_to_bytes(match[1]).decode("latin-1")
        refusal = _gate(access, "fetchUserMfaMethods")
        if refusal is not None:
            return refusal
        if not UUID.fullmatch(user_id):
            return answers.NO_SUCH_USER
        try:
            factor = self.mock.step_up.fetch_user_mfa_methods(access.environment, user_id.lower())
        except UserNotFound:
            return answers.NO_SUCH_USER
        return answers.success({"mfa_setup": _mfa_setup(factor)})

    def _access(self, headers: Headers) -> Access | Answer:
        """Return what the API key opens, or the 401."""
        scheme, _, key = headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() != b"bearer":
            return answers.UNAUTHORIZED
        return self.mock.api_keys.find(key.strip()) or answers.INVALID_TOKEN

    def _perform(self, operation_id: str, access: Access, document: dict[str, Any]) -> Answer:
        fields = self.mock.bodies[operation_id].check(document)
        try:
            return _OPERATIONS[operation_id](self.mock, access.environment, **fields)
        except StepUpError as error:
            return _refusal(error)

    def _named(
        self, operation_id: str, access: Access, document: dict[str, Any]
    ) -> tuple[str | None, str | None]:
        """Return the user and the action that a body names, as far as they can be what they claim to be."""
        user_id, action_type = document.get("user_id"), document.get("action_type")
        user_id = user_id.lower() if isinstance(user_id, str) and UUID.fullmatch(user_id) else None
        if operation_id == "verifySmsChallenge":
            challenge_id = document.get("challenge_id")
            if user_id is None or not isinstance(challenge_id, str):
                return user_id, None
            return user_id, self.mock.step_up.action_of(access.environment, user_id, challenge_id)
        known = isinstance(action_type, str) and len(action_type) <= MAX_ACTION
        return user_id, action_type if known else None

    async def _send(self, answer: Answer, send: Send) -> None:
        headers = [
            answers.JSON,
            (b"content-length", answer.length),
            *self._usual_headers(),
            *answer.headers,
        ]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    def _usual_headers(self) -> tuple[tuple[bytes, bytes], ...]:
        return (b"x-request-id", next(self._request_ids).encode()), *answers.ALWAYS

    def _with_headers(self, send: Send) -> Send:
        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._usual_headers()]
            await send(message)

        return send_with_headers

    def _control_app(self) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
        if self._control is None:
            # Not before it is asked for: Starlette takes longer to import than everything else here.
            from stepup_mock.control import control_app

            assert self.mock.control_key is not None
            self._control = control_app(self.mock, self.mock.control_key, body_deadline=self._body_deadline)
        return self._control


# Judging


def _headers(pairs: list[tuple[bytes, bytes]]) -> Headers:
    headers = dict(pairs)
    if len(headers) != len(pairs):
        names = [name for name, _ in pairs]
        headers.update((name, b"") for name in _SINGLE if names.count(name) > 1)
    return headers


def _gate(access: Access, operation_id: str) -> Answer | None:
    if access.permissions is not None and operation_id not in access.permissions:
        return answers.FORBIDDEN
    return answers.FEATURE_GATED if access.feature_gated else None


def judge_media_type(headers: Headers) -> Answer | None:
    media_type = headers.get(b"content-type", b"")
    if media_type != b"application/json":
        name, _, parameters = media_type.lower().partition(b";")
        charset = parameters.strip().removeprefix(b"charset=").strip(b'"')
        if name.strip() != b"application/json" or charset not in (b"", b"utf-8", b"utf8"):
            return answers.UNSUPPORTED
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        return answers.UNSUPPORTED
    return None


class BodyRefused(Exception):
    """The body came too slowly or is too large."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


async def read_body(headers: Headers, receive: Receive, deadline: float) -> bytes:
    """Return the whole body; raise BodyRefused or ClientGone."""
    declared = int(headers.get(b"content-length", b"0"))
    if declared > MAX_BODY:
        raise BodyRefused(
            answers.TOO_LARGE if declared <= MAX_DROPPED else answers.closing(answers.TOO_LARGE)
        )
    body, size = b"", 0
    try:
        async with asyncio.timeout(deadline):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientGone
                size += len(message["body"])
                more = message.get("more_body", False)
                if size <= MAX_BODY:
                    body += message["body"]
                elif not more or size > MAX_DROPPED:
                    raise BodyRefused(answers.closing(answers.TOO_LARGE) if more else answers.TOO_LARGE)
                if not more:
                    return body
    except TimeoutError:
        raise BodyRefused(answers.TIMEOUT) from None


# The operations


def _verify_totp(
    mock: Mock,
    environment: str,
    *,
    user_id: str,
    code: str,
    action_type: str,
    grant_type: str,
    valid_for_seconds: int,
) -> Answer:
    terms = Terms(action_type, grant_type, valid_for_seconds)
    grant = mock.step_up.verify_totp(environment, user_id, code, terms, at=mock.clock.now())
    return answers.success({"step_up_grant": grant})


def _send_sms(
    mock: Mock,
    environment: str,
    *,
    user_id: str,
    mfa_phone_id: str,
    action_type: str,
    grant_type: str,
    valid_for_seconds: int,
) -> Answer:
    terms = Terms(action_type, grant_type, valid_for_seconds)
    challenge_id = mock.step_up.send_sms(environment, user_id, mfa_phone_id, terms, at=mock.clock.now())
    return answers.success({"challenge_id": challenge_id})


def _verify_sms(mock: Mock, environment: str, *, user_id: str, challenge_id: str, code: str) -> Answer:
    grant = mock.step_up.verify_sms(environment, user_id, challenge_id, code, at=mock.clock.now())
    return answers.success({"step_up_grant": grant})


def _verify_grant(mock: Mock, environment: str, *, user_id: str, action_type: str, grant: str) -> Answer:
    mock.step_up.verify_grant(environment, user_id, action_type, grant, at=mock.clock.now())
    return answers.VERIFIED


_OPERATIONS: dict[str, Callable[..., Answer]] = {
    "verifyStepUpTotpChallenge": _verify_totp,
    "sendSmsMfaCode": _send_sms,
    "verifySmsChallenge": _verify_sms,
    "verifyStepUpGrant": _verify_grant,
}


def _refusal(error: StepUpError) -> Answer:
    match error:
        case Locked(retry_after=retry_after):
            return answers.locked(retry_after)
        case InvalidField(field=field, code=code):
            return answers.invalid_fields({field: code})
        case UserNotFound():
            return answers.USER_NOT_FOUND
        case MfaNotEnabled():
            return answers.MFA_NOT_ENABLED
        case IncorrectCode():
            return answers.INCORRECT_CODE
        case _:
            raise error


def _mfa_setup(factor: Any) -> dict[str, Any] | None:
    if factor is None:
        return None
    if factor == "Totp":
        return {"type": "Totp"}
    phones = [
        {"mfa_phone_number_suffix": phone.suffix, "mfa_phone_id": phone.mfa_phone_id} for phone in factor
    ]
    return {"type": "Phone", "phone_numbers": phones}


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
