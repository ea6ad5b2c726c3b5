"""A connection to the server under test, with all that a check may use: keys, control, clock, policy,
redactor.

``connect`` looks before anything is judged. It raises TargetError, with what to do, where nothing listens,
where a key is rejected, or where something other than a step-up server responds. A *faulty* step-up server
is accepted: judging it is the purpose of the checks.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from enum import StrEnum

from stepup_contract.server.budget import Budget, BudgetSpent, NotPermitted
from stepup_contract.server.control import Control, ControlError, ServerClock
from stepup_contract.server.named import NotExercised, Pool
from stepup_contract.server.operations import LOOKUP, OPERATIONS, POSTS
from stepup_contract.server.redact import Redactor
from stepup_contract.server.target import JSON, Exchange, Http, Request, Target, Unreachable


class Need(StrEnum):
    """What a check needs beyond HTTP and the API key; the value says how to provide it."""

    SEED = (
        "users with known secrets, from the control API (--control-url, --control-key) or named "
        "(--totp-user, --phone-user, --plain-user)"
    )
    MAKE = "users created as needed, many and changeable, from the control API (--control-url, --control-key)"
    INBOX = (
        "the codes of text messages, from the control API (--control-url, --control-key) or with "
        "--inbox-command and --phone-user"
    )
    CLOCK = "a movable clock, from the control API (--control-url, --control-key)"
    LIMITS = "the limits, from the control API (--control-url, --control-key)"
    KEYS = "API keys of other environments, from the control API (--control-url, --control-key)"
    EVENTS = "the audit events, from the control API's `events`, which this server does not offer"
    RESTART = "a command that restarts the server and leaves it running (--restart-command)"
    LOG = "what the server logs (--log-file)"


class TargetError(Exception):
    """The target cannot be checked; ``remedy`` says what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


@dataclass(slots=True)
class Server:
    """The server under test. ``limits`` is its policy where it can be read, else empty; ``far`` means slow to
    response.
    """

    target: Target
    redactor: Redactor
    http: Http
    control: Control | None
    clock: ServerClock
    limits: dict[str, int]
    offers: frozenset[Need]
    far: bool = False
    other_users: list[str] | None = None
    pool: Pool | None = None

    @property
    def controlled(self) -> bool:
        return self.control is not None

    def limit(self, name: str, default: int) -> int:
        """Return one number of the server's policy, or what the contract expects of it."""
        return self.limits.get(name, default)

    def the_control(self) -> Control:
        """Return the control API. Raises NotExercised where there is none."""
        if self.control is None:
            raise NotExercised("this server is not under control")
        return self.control

    async def restart(self) -> None:
        """Run the command that restarts the server, and wait until it responds. Raises ControlError."""
        command = self.target.restart_command
        quiet = asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(*command, stdin=quiet, stdout=quiet, stderr=quiet)
        try:
            status = await asyncio.wait_for(process.wait(), _RESTART_SECONDS)
        except TimeoutError:
            process.kill()
            raise ControlError(f"the restart command did not end within {_RESTART_SECONDS} s") from None
        if status != 0:
            raise ControlError(f"the restart command ended with {status}")
        for http in (self.http, *((self.control.http,) if self.control is not None else ())):
            await http.forget()
        for _ in range(10 * _RESTART_SECONDS):
            if await self.alive():
                await self.clock.read()
                return
            await asyncio.sleep(0.1)
        raise ControlError(f"the server did not respond within {_RESTART_SECONDS} s of its restart")

    async def alive(self) -> bool:
        """Tell whether the server still responds at all."""
        try:
            return (await self.http.send(_lookup(self.target))).status != 0
        except Unreachable:
            return False
        except BudgetSpent:
            return True


_RESTART_SECONDS = 30
# The response time in seconds from which more requests are sent at a time.
_FAR = 0.02


@asynccontextmanager
async def connect(target: Target, *, connections: int = 16) -> AsyncIterator[Server]:
    """Open the target and see what it offers; moves nothing. Raises TargetError."""
    redactor = target.redactor()
    try:
        target.permit()
    except NotPermitted as error:
        raise TargetError(str(error), error.remedy) from None
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(Http(target.url, target, redactor, connections=connections))
        if target.live:
            http.spend_from(target.budget or Budget())
        far = await _recognise(http, target, redactor) > _FAR
        control = None
        if target.control_url is not None and target.control_key is not None:
            # Inbox and events are as long as the server has been running.
            generous = replace(target, response_bytes=64 * target.response_bytes)
            own = await stack.enter_async_context(
                Http(target.control_url, generous, redactor, connections=connections)
            )
            control = Control(own, target.control_key, redactor)
        server = Server(target, redactor, http, control, ServerClock(control), {}, frozenset(), far)
        if far:
            http.widen(3 * connections)
        if control is not None:
            await _survey(server, control)
        elif target.named:
            server.pool = Pool(target.named, server.clock.now())
            for user in target.named.totp:
                server.limits["totp_step_seconds"] = user.step_seconds
        server.offers |= _given(target)
        if far and control is not None:
            control.http.widen(3 * connections)
        yield server


def promised(target: Target) -> frozenset[Need]:
    """Return what a target offers according to its settings, before anything is sent."""
    controlled = set(Need) - {Need.RESTART, Need.LOG} if target.control_url is not None else set()
    return frozenset(controlled) | _given(target)


def _given(target: Target) -> frozenset[Need]:
    """Return what the caller offers beside the control API.

    With named users a check is made as far as those there are go: a session that needs another kind says so.
    """
    named = target.control_url is None and bool(target.named)
    given = {
        Need.RESTART: bool(target.restart_command),
        Need.LOG: target.log_file is not None,
        Need.SEED: named,
        Need.INBOX: named,
    }
    return frozenset(need for need, there in given.items() if there)


def _lookup(target: Target) -> Request:
    path = LOOKUP.path.format(user_id=uuid.uuid4())
    return Request(LOOKUP.id, "GET", path, (("Authorization", f"Bearer {target.api_key}"),))


async def _recognise(http: Http, target: Target, redactor: Redactor) -> float:
    """Return how many seconds a response takes.

    Raises TargetError unless the responses look like those of a step-up server that accepts the key.
    """
    headers = (("Authorization", f"Bearer {target.api_key}"), ("Content-Type", JSON))
    requests = [_lookup(target), *(Request(post.id, "POST", post.path, headers, b"{}") for post in POSTS)]
    responses: list[Exchange] = []
    for request in requests:
        try:
            responses.append(await http.send(request))
            if not responses[0].status:
                # A server that keeps one request waiting would keep all of them waiting.
                responses += await asyncio.gather(*(http.send(other) for other in requests[1:]))
                break
        except BudgetSpent as error:
            raise TargetError(str(error), "Allow more requests.") from None
        except Unreachable as error:
            raise TargetError(
                f"no connection to {target.url}: {error}",
                "Start the server, or correct --url (STEPUP_MFA_AUTH_URL).",
            ) from None
    shown = responses[0].seen(redactor)
    if all(response.status == 401 for response in responses):
        raise TargetError(
            f"{target.url} rejected the API key: {shown}",
            "Give a key of this environment with --api-key (STEPUP_MFA_API_KEY).",
        )
    if not any(_like_a_step_up_server(response) for response in responses):
        if 300 <= responses[0].status < 400:
            raise TargetError(
                f"{target.url} redirects to {redactor.text(responses[0].header('location') or 'nowhere')}",
                "The key is sent to no other address: give the final URL with --url.",
            )
        raise TargetError(
            f"{target.url} does not respond like a step-up server: {shown}",
            "Give the root of the server with --url, without a path of its operations.",
        )
    return min(response.seconds for response in responses)


def _like_a_step_up_server(response: Exchange) -> bool:
    """Tell whether a response shows a member of the API, or at least a JSON object about a request to a known
    path.
    """
    members = {operation.success for operation in OPERATIONS} | {"error_code"}
    if not isinstance(response.document, dict):
        return False
    known = response.request.method == "POST" and response.status not in (404, 405, 501)
    return known or bool(members & response.document.keys())


async def _survey(server: Server, control: Control) -> None:
    """Learn what the control API offers. Raises TargetError where it cannot be used."""
    where = f"the control API at {server.target.control_url}"
    try:
        await server.clock.read()
        server.limits.update(await control.limits())
        server.other_users = await control.other_users()
    except Unreachable as error:
        raise TargetError(f"no connection to {where}: {error}", "Correct --control-url.") from None
    except ControlError as error:
        if error.status in (401, 403):
            remedy = "Give the key that the server printed at its start with --control-key."
            raise TargetError(f"{where} rejected the control key", remedy) from None
        if error.status == 404:
            remedy = "Start the server with its control API on, or leave out --control-url and --control-key."
            raise TargetError(f"{where} is not there (404)", remedy) from None
        raise TargetError(str(error), "See spec/control.openapi.yaml for what it must return.") from None
    offers = set(Need) - {Need.EVENTS, Need.RESTART, Need.LOG}
    if (await control.call("GET", f"/events?since={1 << 31}")).status == 200:
        offers.add(Need.EVENTS)
    server.offers = frozenset(offers)
