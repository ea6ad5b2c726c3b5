"""The test control API: arranges users, clock, limits and keys, and reads inbox and events.

Opened only by the control key; a web page of another origin is refused even with it. Bodies are judged by
spec/control.openapi.yaml, where an unknown field is an error: it is a slip in a test.
"""

import hmac
import re
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

import stepup_spec
from stepup_mock import answers, console, observe, totp
from stepup_mock.access import DEFAULT_ENVIRONMENT, Access
from stepup_mock.answers import Answer
from stepup_mock.app import judge_media_type, uuid_of
from stepup_mock.client_faults import ClientFault
from stepup_mock.clock import LAST_SECOND, Clock
from stepup_mock.faults import UnknownFault
from stepup_mock.reading import BodyReader, BodyRefused
from stepup_mock.step_up import Factor, MfaNotEnabled, Phone, Totp, UserNotFound
from stepup_mock.validation import Contract, InvalidFields, parse

if TYPE_CHECKING:
    from stepup_mock.app import App

BASE = "/__control__"
_PHONE_NUMBER = re.compile(r"\+[1-9][0-9]{4,14}")

_PUBLIC = console.PATHS | {BASE + "/ready"}

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def control_app(app: "App", control_key: str, reader: BodyReader) -> ASGIApp:
    """Return the ASGI application of everything below ``/__control__``."""
    control = _Control(app, reader)
    by_path: dict[str, dict[str, Handler]] = {path: {"GET": console.serve} for path in sorted(console.PATHS)}
    for method, path, handler in control.operations():
        by_path.setdefault(BASE + path, {})[method] = handler
    return Starlette(
        routes=[Route(path, _Methods(handlers)) for path, handlers in by_path.items()],
        middleware=[Middleware(_Gate, control_key=control_key)],
        exception_handlers={404: _not_found, InvalidFields: _invalid_fields, BodyRefused: _body_refused},
    )


class _Gate:
    """Lets in who has the control key and does not come from another origin.

    The readiness check and the console's files take no key: they tell nothing.
    """

    def __init__(self, app: ASGIApp, control_key: str) -> None:
        self._app = app
        self._control_key = control_key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self._refusal(Request(scope)) or self._app)(scope, receive, send)

    def _refusal(self, request: Request) -> Response | None:
        origin = request.headers.get("origin")
        if (
            origin is not None
            and origin.lower() != f"{request.url.scheme}://{request.headers['host'].lower()}"
        ):
            return _respond(
                answers.error(403, "forbidden", sentence="Requests from other sites are refused.")
            )
        if request.scope["path"] in _PUBLIC:
            return None
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return _respond(answers.UNAUTHORIZED)
        if not hmac.compare_digest(key.strip().encode(), self._control_key):
            return _respond(answers.INVALID_TOKEN)
        return None


class _Methods:
    """The handlers of one path by method. Starlette's own 405 has no JSON body."""

    def __init__(self, handlers: dict[str, Handler]) -> None:
        self._handlers = handlers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        handler = self._handlers.get(scope["method"])
        if handler is None:
            response = _respond(answers.method_not_allowed(*(method.encode() for method in self._handlers)))
        else:
            response = await handler(Request(scope, receive))
        await response(scope, receive, send)


class _Control:
    """One method for each call, each thin: read, arrange, answer."""

    def __init__(self, app: "App", reader: BodyReader) -> None:
        self._app = app
        self._mock = app.mock
        self._reader = reader
        self._bodies = Contract(stepup_spec.find(stepup_spec.CONTROL)).bodies()

    def operations(self) -> list[tuple[str, str, Handler]]:
        """Return method, path and handler of every operation."""
        return [
            ("GET", "/ready", self.ready),
            ("POST", "/reset", self.reset),
            ("GET", "/users", self.list_users),
            ("PUT", "/users/{user_id}", self.put_user),
            ("DELETE", "/users/{user_id}", self.delete_user),
            ("GET", "/users/{user_id}/totp-code", self.totp_code),
            ("GET", "/inbox", self.inbox),
            ("GET", "/clock", self.read_clock),
            ("POST", "/clock", self.move_clock),
            ("POST", "/api-keys", self.mint_api_key),
            ("GET", "/limits", self.read_limits),
            ("PUT", "/limits", self.change_limits),
            ("GET", "/events", self.events),
            ("GET", "/faults", self.read_faults),
            ("PUT", "/faults", self.switch_faults),
            ("GET", "/client-faults", self.read_client_faults),
            ("PUT", "/client-faults", self.set_client_faults),
            ("GET", "/challenges", self.challenges),
            ("GET", "/grants", self.grants),
            ("GET", "/requests", self.requests),
            ("GET", "/stream", self.stream),
        ]

    async def _document(self, request: Request, operation_id: str) -> dict[str, Any]:
        """Return the body of a request, checked against the control contract."""
        headers = dict(request.headers.raw)
        refusal = judge_media_type(headers)
        if refusal is not None:
            raise BodyRefused(refusal)
        body = await self._reader.read(request.scope, headers, request.receive)
        return self._bodies[operation_id].check(parse(body))

    async def ready(self, _request: Request) -> Response:
        return _json({"status": "ready"})

    async def reset(self, _request: Request) -> Response:
        self._app.faults.enable(())
        self._mock.reset()
        return _no_content()

    async def list_users(self, _request: Request) -> Response:
        return _json({"users": observe.users(self._mock)})

    async def put_user(self, request: Request) -> Response:
        user_id = _user_id(request)
        document = await self._document(request, "putUser")
        self._mock.step_up.put_user(
            document.get("environment", DEFAULT_ENVIRONMENT),
            user_id,
            _factor(document["mfa"]),
            enabled=document.get("enabled", True),
        )
        self._mock.feed.changed("users")
        return _no_content()

    async def delete_user(self, request: Request) -> Response:
        self._mock.step_up.delete_user(_user_id(request))
        self._mock.feed.changed("users")
        return _no_content()

    async def totp_code(self, request: Request) -> Response:
        try:
            current = self._mock.step_up.current_totp(_user_id(request), at=self._mock.clock.now())
        except UserNotFound:
            return _respond(answers.NO_SUCH_USER)
        except MfaNotEnabled:
            return _respond(answers.MFA_NOT_ENABLED)
        return _json(asdict(current))

    async def inbox(self, request: Request) -> Response:
        number, challenge_id = (request.query_params.get(name) for name in ("phone_number", "challenge_id"))
        problems = {}
        if number is not None and not _PHONE_NUMBER.fullmatch(number):
            problems["phone_number"] = "invalid_value"
        if challenge_id is not None and not 1 <= len(challenge_id) <= 256:
            problems["challenge_id"] = "invalid_value"
        if problems:
            raise InvalidFields(problems)
        messages = [
            asdict(message)
            for message in self._mock.inbox
            if number in (None, message.phone_number) and challenge_id in (None, message.challenge_id)
        ]
        return _json({"messages": messages})

    async def read_clock(self, _request: Request) -> Response:
        return _json({"now": self._mock.clock.now(), "frozen": self._mock.clock.frozen})

    async def move_clock(self, request: Request) -> Response:
        match await self._document(request, "setClock"):
            case {"advance_seconds": seconds}:
                if not 0 <= self._mock.clock.now() + seconds <= LAST_SECOND:
                    raise InvalidFields({"advance_seconds": "invalid_value"})
                self._mock.move_clock(lambda clock: clock.advance(seconds))
            case {"freeze_at": at}:
                self._mock.move_clock(lambda clock: clock.freeze_at(at))
            case _:
                self._mock.move_clock(Clock.resume)
        return await self.read_clock(request)

    async def mint_api_key(self, request: Request) -> Response:
        document = await self._document(request, "createApiKey")
        permissions = document.get("permissions")
        access = Access(
            document.get("environment", DEFAULT_ENVIRONMENT),
            None if permissions is None else frozenset(permissions),
            document.get("feature_gated", False),
        )
        return _json({"api_key": self._mock.api_keys.mint(access)}, 201)

    async def read_limits(self, _request: Request) -> Response:
        return _json(asdict(self._mock.step_up.limits))

    async def change_limits(self, request: Request) -> Response:
        self._mock.change_limits(await self._document(request, "setLimits"))
        return await self.read_limits(request)

    async def events(self, request: Request) -> Response:
        since = _since(request)
        return _json({"events": [event._asdict() for event in self._mock.events if event.sequence > since]})

    async def read_faults(self, _request: Request) -> Response:
        return _json(self._app.faults.document())

    async def switch_faults(self, request: Request) -> Response:
        document = await self._document(request, "setFaults")
        try:
            self._app.faults.enable(document["enabled"])
        except UnknownFault:
            raise InvalidFields({"enabled": "fault_not_found"}) from None
        self._mock.feed.changed("faults")
        return await self.read_faults(request)

    async def read_client_faults(self, _request: Request) -> Response:
        return _json({"client_faults": [fault.document() for fault in self._mock.client_faults.waiting]})

    async def set_client_faults(self, request: Request) -> Response:
        document = await self._document(request, "setClientFaults")
        self._mock.client_faults.waiting = [ClientFault.of(fault) for fault in document["client_faults"]]
        self._mock.feed.changed("client_faults")
        return await self.read_client_faults(request)

    async def challenges(self, _request: Request) -> Response:
        return _json({"challenges": observe.challenges(self._mock)})

    async def grants(self, _request: Request) -> Response:
        return _json({"grants": observe.grants(self._mock)})

    async def requests(self, request: Request) -> Response:
        since = _since(request)
        entries = [entry.document() for entry in self._mock.journal.entries if entry.sequence > since]
        return _json({"requests": entries})

    async def stream(self, _request: Request) -> Response:
        return StreamingResponse(self._mock.feed.watch(), media_type="text/event-stream")


# Reading requests


def _user_id(request: Request) -> str:
    user_id = uuid_of(request.path_params["user_id"])
    if user_id is None:
        raise InvalidFields({"user_id": "invalid_value"})
    return user_id


def _since(request: Request) -> int:
    since = request.query_params.get("since", "0")
    if not re.fullmatch(r"[0-9]{1,18}", since):
        raise InvalidFields({"since": "invalid_value"})
    return int(since)


def _factor(mfa: dict[str, Any] | None) -> Factor:
    if mfa is None:
        return None
    if mfa["type"] == "Totp":
        try:
            return Totp(totp.decode_secret(mfa["secret"]))
        except ValueError:
            raise InvalidFields({"mfa": "invalid_value"}) from None
    return tuple(
        Phone(phone["mfa_phone_id"].lower(), phone["phone_number"]) for phone in mfa["phone_numbers"]
    )


# Writing responses


def _respond(answer: Answer) -> Response:
    headers = {name.decode(): value.decode() for name, value in answer.extra}
    return Response(answer.body, answer.status, headers, media_type="application/json")


def _json(document: object, status: int = 200) -> Response:
    return _respond(answers.success(document, status))


def _no_content() -> Response:
    return Response(status_code=204)


async def _not_found(_request: Request, _error: Exception) -> Response:
    return _respond(answers.NOT_FOUND)


async def _invalid_fields(_request: Request, error: Exception) -> Response:
    assert isinstance(error, InvalidFields)
    return _respond(answers.invalid_fields(error.fields))


async def _body_refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, BodyRefused)
    return _respond(error.answer)
