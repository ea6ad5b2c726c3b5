"""The five operations over ASGI: judge the request, call the domain, map what it says. Nothing is decided
here.

A request is judged in the order of the contract: key, permission and plan, media type and size, JSON and
fields, and then the domain. The module speaks plain ASGI: routing and middleware would cost more than the
work itself.
"""

import re
import secrets
import sys
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from functools import lru_cache
from itertools import count
from typing import Any
from urllib.parse import unquote_to_bytes

from stepup_mock import answers
from stepup_mock.access import Access, NoBearerToken
from stepup_mock.answers import Answer
from stepup_mock.hosts import Hosts
from stepup_mock.mock import Mock
from stepup_mock.reading import BodyReader, BodyRefused, ClientGone, Headers, Receive
from stepup_mock.step_up import (
    IncorrectCode,
    InvalidField,
    Locked,
    MfaNotEnabled,
    Phone,
    StepUp,
    StepUpError,
    Terms,
    UserNotFound,
)
from stepup_mock.validation import InvalidFields, parse

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
# The user and the action that a request names.
Named = tuple[str | None, str | None]

_BASE = b"/api/backend/v1/"
_STEP_UP = _BASE + b"mfa/step-up/"
_POSTS = {
    _STEP_UP + b"verify-totp": "verifyStepUpTotpChallenge",
    _STEP_UP + b"phone/send": "sendSmsMfaCode",
    _STEP_UP + b"phone/verify": "verifySmsChallenge",
    _STEP_UP + b"verify-grant": "verifyStepUpGrant",
}
_LOOKUP = re.compile(rb"/api/backend/v1/user/([^/]+)/mfa")
_UUID = re.compile(r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}")
_CONTROL = b"/__control__"
MAX_ACTION = 256
# A repeated one of these has no meaning that two readers would agree on.
_SINGLE = (b"authorization", b"content-type", b"content-encoding", b"host")


class App:
    """The ASGI application of one mock. ``body_deadline`` is in seconds."""

    def __init__(self, mock: Mock, hosts: Hosts | None = None, *, body_deadline: float = 10) -> None:
        self.mock = mock
        self._hosts = hosts or Hosts()
        self._reader = BodyReader(body_deadline)
        self._request_ids = map((secrets.token_hex(8).encode() + b"%08x").__mod__, count(1))
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
        at = self.mock.clock.now()
        named: Named = (None, None)
        if answer is None:
            try:
                document = parse(await self._reader.read(headers, receive))
                named = self._named(operation_id, access, document)
                fields = self.mock.bodies[operation_id].check(document)
                at = self.mock.clock.now()
                answer = self._perform(operation_id, access, fields, at)
            except InvalidFields as error:
                answer = answers.invalid_fields(error.fields)
            except BodyRefused as error:
                answer = error.answer
        self.mock.record(at, operation_id, *named, answer.outcome)
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
        refusal = _gate(access, "fetchUserMfaMethods")
        if refusal is not None:
            return refusal
        user_id = _user_of(match[1])
        if user_id is None:
            return answers.NO_SUCH_USER
        try:
            factor = self.mock.step_up.fetch_user_mfa_methods(access.environment, user_id)
        except UserNotFound:
            return answers.NO_SUCH_USER
        if isinstance(factor, tuple):
            return answers.success({"mfa_setup": _phones(factor)})
        return answers.TOTP if factor else answers.NO_FACTOR

    def _access(self, headers: Headers) -> Access | Answer:
        """Return what the API key opens, or the 401."""
        try:
            return self.mock.api_keys.find(headers.get(b"authorization", b"")) or answers.INVALID_TOKEN
        except NoBearerToken:
            return answers.UNAUTHORIZED

    def _perform(self, operation_id: str, access: Access, fields: dict[str, Any], at: float) -> Answer:
        try:
            return _OPERATIONS[operation_id](self.mock.step_up, access.environment, at, **fields)
        except StepUpError as error:
            return _refusal(error)

    def _named(self, operation_id: str, access: Access, document: dict[str, Any]) -> Named:
        """Return the user and the action that a body names, as far as they can be what they claim to be."""
        user_id, action_type = document.get("user_id"), document.get("action_type")
        user_id = uuid_of(user_id) if isinstance(user_id, str) else None
        if operation_id == "verifySmsChallenge":
            challenge_id = document.get("challenge_id")
            if user_id is None or not isinstance(challenge_id, str):
                return user_id, None
            return user_id, self.mock.step_up.action_of(access.environment, user_id, challenge_id)
        known = isinstance(action_type, str) and len(action_type) <= MAX_ACTION
        return user_id, action_type if known else None

    async def _send(self, answer: Answer, send: Send) -> None:
        headers = [*answer.headers, (b"x-request-id", next(self._request_ids))]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    def _with_headers(self, send: Send) -> Send:
        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                usual = (*answers.ALWAYS, (b"x-request-id", next(self._request_ids)))
                message["headers"] = [*message["headers"], *usual]
            await send(message)

        return send_with_headers

    def _control_app(self) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
        if self._control is None:
            # Not before it is asked for: Starlette takes longer to import than everything else here.
            from stepup_mock.control import control_app

            assert self.mock.control_key is not None
            self._control = control_app(self.mock, self.mock.control_key, self._reader)
        return self._control


# Judging


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
def _user_of(segment: bytes) -> str | None:
    # Decoded once: what is encoded twice is no id, and a decoded slash leads nowhere.
    return uuid_of(unquote_to_bytes(segment).decode("latin-1"))


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


# The operations


def _verify_totp(
    step_up: StepUp,
    environment: str,
    at: float,
    *,
    user_id: str,
    code: str,
    action_type: str,
    grant_type: str,
    valid_for_seconds: int,
) -> Answer:
    terms = Terms(action_type, grant_type, valid_for_seconds)
    return answers.success({"step_up_grant": step_up.verify_totp(environment, user_id, code, terms, at=at)})


def _send_sms(
    step_up: StepUp,
    environment: str,
    at: float,
    *,
    user_id: str,
    mfa_phone_id: str,
    action_type: str,
    grant_type: str,
    valid_for_seconds: int,
) -> Answer:
    terms = Terms(action_type, grant_type, valid_for_seconds)
    return answers.success(
        {"challenge_id": step_up.send_sms(environment, user_id, mfa_phone_id, terms, at=at)}
    )


def _verify_sms(
    step_up: StepUp, environment: str, at: float, *, user_id: str, challenge_id: str, code: str
) -> Answer:
    return answers.success(
        {"step_up_grant": step_up.verify_sms(environment, user_id, challenge_id, code, at=at)}
    )


def _verify_grant(
    step_up: StepUp, environment: str, at: float, *, user_id: str, action_type: str, grant: str
) -> Answer:
    step_up.verify_grant(environment, user_id, action_type, grant, at=at)
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


def _phones(phones: tuple[Phone, ...]) -> dict[str, Any]:
    listed = [
        {"mfa_phone_number_suffix": phone.suffix, "mfa_phone_id": phone.mfa_phone_id} for phone in phones
    ]
    return {"type": "Phone", "phone_numbers": listed}


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
