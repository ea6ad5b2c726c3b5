"""The test control API: arranges one world's users, clock, limits and keys, and reads its inbox and events.

Every call needs a control key, which selects the world; a web page of another origin is rejected even with
one. Bodies are validated against spec/control.openapi.yaml, where an unknown field is an error: it is a slip
in a test.
"""

import re
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

import stepup_spec
from stepup_mock import console, observe, responses, totp
from stepup_mock.access import DEFAULT_ENVIRONMENT, Access
from stepup_mock.body_reader import BodyReader, BodyRejected
from stepup_mock.client_faults import ClientFault
from stepup_mock.clock import LAST_SECOND, Clock
from stepup_mock.faults import UnknownFault
from stepup_mock.http_request import check_media_type, parse_uuid
from stepup_mock.responses import ApiResponse
from stepup_mock.step_up import Factor, MfaNotEnabled, Phone, Totp, UserNotFound
from stepup_mock.validation import Contract, InvalidFields, parse
from stepup_mock.world import World
from stepup_mock.worlds import TooManyWorlds, Worlds

BASE = "/__control__"
# The key of the selected world in a scope.
_WORLD = "stepup.world"
_PHONE_NUMBER = re.compile(r"\+[1-9][0-9]{4,14}")

_PUBLIC = console.PATHS | {BASE + "/ready"}

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
WorldHandler = Callable[[World, Request], Coroutine[Any, Any, Response]]


def control_app(worlds: Worlds, reader: BodyReader) -> ASGIApp:
    """Return the ASGI application of everything below ``/__control__``."""
    by_path: dict[str, dict[str, Handler]] = {path: {"GET": console.serve} for path in sorted(console.PATHS)}
    by_path[BASE + "/ready"] = {"GET": _ready}
    for method, path, handler in _Control(worlds, reader).operations():
        by_path.setdefault(BASE + path, {})[method] = _in_its_world(handler)
    return Starlette(
        routes=[Route(path, _Methods(handlers)) for path, handlers in by_path.items()],
        middleware=[Middleware(_Gate, worlds=worlds)],
        exception_handlers={
            404: _not_found,
            InvalidFields: _invalid_fields,
            BodyRejected: _body_rejected,
            TooManyWorlds: _too_many_worlds,
        },
    )


class _Gate:
    """Admits callers that have a control key and do not come from another origin, and selects their world.

    The readiness check and the console's files take no key: they reveal nothing.
    """

    def __init__(self, app: ASGIApp, worlds: Worlds) -> None:
        self._app = app
        self._worlds = worlds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self._rejection(Request(scope)) or self._app)(scope, receive, send)

    def _rejection(self, request: Request) -> Response | None:
        origin = request.headers.get("origin")
        own = f"{request.url.scheme}://{request.headers['host'].lower()}"
        if origin is not None and origin.lower() != own:
            sentence = "Requests from other sites are rejected."
            return _respond(responses.error(403, "forbidden", sentence=sentence))
        if request.scope["path"] in _PUBLIC:
            return None
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return _respond(responses.UNAUTHORIZED)
        world = self._worlds.of_control_key(key.strip())
        if world is None:
            return _respond(responses.INVALID_TOKEN)
        request.scope[_WORLD] = world
        return None


class _Methods:
    """The handlers of one path by method. Starlette's own 405 has no JSON body."""

    def __init__(self, handlers: dict[str, Handler]) -> None:
        self._handlers = handlers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        handler = self._handlers.get(scope["method"])
        if handler is None:
            response = _respond(responses.method_not_allowed(*(method.encode() for method in self._handlers)))
        else:
            response = await handler(Request(scope, receive))
        await response(scope, receive, send)


def _in_its_world(handler: WorldHandler) -> Handler:
    async def handle(request: Request) -> Response:
        return await handler(request.scope[_WORLD], request)

    return handle


async def _ready(_request: Request) -> Response:
    return _json({"status": "ready"})


class _Control:
    """One method for each call, each thin: read, arrange, respond."""

    def __init__(self, worlds: Worlds, reader: BodyReader) -> None:
        self._worlds = worlds
        self._reader = reader
        self._bodies = Contract(stepup_spec.find(stepup_spec.CONTROL)).bodies()

    def operations(self) -> list[tuple[str, str, WorldHandler]]:
        """Return method, path and handler of every operation."""
        return [
            ("POST", "/worlds", self.create_world),
            ("POST", "/reset", self.reset),
            ("GET", "/users", self.list_users),
            ("PUT", "/users/{user_id}", self.put_user),
            ("DELETE", "/users/{user_id}", self.delete_user),
            ("GET", "/users/{user_id}/totp-code", self.totp_code),
            ("GET", "/inbox", self.inbox),
            ("GET", "/clock", self.read_clock),
            ("POST", "/clock", self.move_clock),
            ("POST", "/api-keys", self.create_api_key),
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
        rejection = check_media_type(headers)
        if rejection is not None:
            raise BodyRejected(rejection)
        body = await self._reader.read(request.scope, headers, request.receive)
        return self._bodies[operation_id].check(parse(body))

    async def create_world(self, _world: World, _request: Request) -> Response:
        return _json(self._worlds.create()._asdict(), 201)

    async def reset(self, world: World, _request: Request) -> Response:
        world.reset()
        return _no_content()

    async def list_users(self, world: World, _request: Request) -> Response:
        return _json({"users": observe.users(world)})

    async def put_user(self, world: World, request: Request) -> Response:
        user_id = _user_id(request)
        document = await self._document(request, "putUser")
        world.step_up.put_user(
            document.get("environment", DEFAULT_ENVIRONMENT),
            user_id,
            _factor(document["mfa"]),
            enabled=document.get("enabled", True),
        )
        world.feed.changed("users")
        return _no_content()

    async def delete_user(self, world: World, request: Request) -> Response:
        world.step_up.delete_user(_user_id(request))
        world.feed.changed("users")
        return _no_content()

    async def totp_code(self, world: World, request: Request) -> Response:
        try:
            current = world.step_up.current_totp(_user_id(request), at=world.clock.now())
        except UserNotFound:
            return _respond(responses.NO_SUCH_USER)
        except MfaNotEnabled:
            return _respond(responses.MFA_NOT_ENABLED)
        return _json(asdict(current))

    async def inbox(self, world: World, request: Request) -> Response:
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
            for message in world.inbox.messages
            if number in (None, message.phone_number) and challenge_id in (None, message.challenge_id)
        ]
        return _json({"messages": messages})

    async def read_clock(self, world: World, _request: Request) -> Response:
        return _json({"now": world.clock.now(), "frozen": world.clock.frozen})

    async def move_clock(self, world: World, request: Request) -> Response:
        match await self._document(request, "setClock"):
            case {"advance_seconds": seconds}:
                if not 0 <= world.clock.now() + seconds <= LAST_SECOND:
                    raise InvalidFields({"advance_seconds": "invalid_value"})
                world.move_clock(lambda clock: clock.advance(seconds))
            case {"freeze_at": at}:
                world.move_clock(lambda clock: clock.freeze_at(at))
            case _:
                world.move_clock(Clock.resume)
        return await self.read_clock(world, request)

    async def create_api_key(self, world: World, request: Request) -> Response:
        document = await self._document(request, "createApiKey")
        permissions = document.get("permissions")
        access = Access(
            document.get("environment", DEFAULT_ENVIRONMENT),
            None if permissions is None else frozenset(permissions),
            document.get("feature_gated", False),
        )
        return _json({"api_key": world.api_keys.create(access)}, 201)

    async def read_limits(self, world: World, _request: Request) -> Response:
        return _json(asdict(world.policy.limits))

    async def change_limits(self, world: World, request: Request) -> Response:
        world.change_limits(await self._document(request, "setLimits"))
        return await self.read_limits(world, request)

    async def events(self, world: World, request: Request) -> Response:
        since = _since(request)
        return _json({"events": [event._asdict() for event in world.audit.events if event.sequence > since]})

    async def read_faults(self, world: World, _request: Request) -> Response:
        return _json(world.faults.document())

    async def switch_faults(self, world: World, request: Request) -> Response:
        document = await self._document(request, "setFaults")
        try:
            world.faults.enable(document["enabled"])
        except UnknownFault:
            raise InvalidFields({"enabled": "fault_not_found"}) from None
        world.feed.changed("faults")
        return await self.read_faults(world, request)

    async def read_client_faults(self, world: World, _request: Request) -> Response:
        return _json({"client_faults": [fault.document() for fault in world.client_faults.waiting]})

    async def set_client_faults(self, world: World, request: Request) -> Response:
        document = await self._document(request, "setClientFaults")
        world.client_faults.waiting = [ClientFault.of(fault) for fault in document["client_faults"]]
        world.feed.changed("client_faults")
        return await self.read_client_faults(world, request)

    async def challenges(self, world: World, _request: Request) -> Response:
        return _json({"challenges": observe.challenges(world)})

    async def grants(self, world: World, _request: Request) -> Response:
        return _json({"grants": observe.grants(world)})

    async def requests(self, world: World, request: Request) -> Response:
        since = _since(request)
        entries = [entry.document() for entry in world.journal.entries if entry.sequence > since]
        return _json({"requests": entries})

    async def stream(self, world: World, _request: Request) -> Response:
        return StreamingResponse(world.feed.watch(), media_type="text/event-stream")


# Reading requests


def _user_id(request: Request) -> str:
    user_id = parse_uuid(request.path_params["user_id"])
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


def _respond(response: ApiResponse) -> Response:
    headers = {name.decode(): value.decode() for name, value in response.extra_headers}
    return Response(response.body, response.status, headers, media_type="application/json")


def _json(document: object, status: int = 200) -> Response:
    return _respond(responses.success(document, status))


def _no_content() -> Response:
    return Response(status_code=204)


async def _not_found(_request: Request, _error: Exception) -> Response:
    return _respond(responses.NOT_FOUND)


async def _invalid_fields(_request: Request, error: Exception) -> Response:
    assert isinstance(error, InvalidFields)
    return _respond(responses.invalid_fields(error.fields))


async def _too_many_worlds(_request: Request, _error: Exception) -> Response:
    return _respond(responses.TOO_MANY_WORLDS)


async def _body_rejected(_request: Request, error: Exception) -> Response:
    assert isinstance(error, BodyRejected)
    return _respond(error.response)
