"""A connection to the server under test, with all that a check may use: keys, control, clock, policy,
redactor.

``connect`` looks before anything is judged. It raises TargetError, with what to do, where nothing listens,
where a key is refused, or where something other than a step-up server answers. A *faulty* step-up server is
let through: judging it is what the checks are for.
"""

import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum

from stepup_contract.control import Control, ControlError, ServerClock
from stepup_contract.operations import LOOKUP, OPERATIONS, POSTS
from stepup_contract.redact import Redactor
from stepup_contract.target import JSON, Exchange, Http, Request, Target, Unreachable


class Need(StrEnum):
    """What a check needs beyond HTTP and the API key; the value says how to provide it."""

    SEED = "users with known secrets, from the control API (--control-url, --control-key)"
    INBOX = "the SMS inbox, from the control API (--control-url, --control-key)"
    CLOCK = "a movable clock, from the control API (--control-url, --control-key)"
    LIMITS = "the limits, from the control API (--control-url, --control-key)"
    KEYS = "API keys of other environments, from the control API (--control-url, --control-key)"
    EVENTS = "the audit events, from the control API's `events`, which this server does not offer"


class TargetError(Exception):
    """The target cannot be judged; ``remedy`` says what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


@dataclass(slots=True)
class Server:
    """The server under test. ``limits`` is its policy where it can be read, else empty; ``far`` means slow to
    answer.
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

    @property
    def controlled(self) -> bool:
        return self.control is not None

    def limit(self, name: str, default: int) -> int:
        """Return one number of the server's policy, or what the contract expects of it."""
        return self.limits.get(name, default)

    def the_control(self) -> Control:
        """Return the control API. Raises ControlError where there is none."""
        if self.control is None:
            raise ControlError("this server is not under control")
        return self.control

    async def alive(self) -> bool:
        """Tell whether the server still answers at all."""
        try:
            return (await self.http.send(_lookup(self.target))).status != 0
        except Unreachable:
            return False


# Seconds that an answer takes from a server that is worth more requests at a time.
_FAR = 0.02


@asynccontextmanager
async def connect(target: Target, *, connections: int = 16) -> AsyncIterator[Server]:
    """Open the target and see what it offers; moves nothing. Raises TargetError."""
    redactor = target.redactor()
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(Http(target.url, target, redactor, connections=connections))
        far = await _recognise(http, target, redactor) > _FAR
        control = None
        if target.control_url is not None and target.control_key is not None:
            own = await stack.enter_async_context(
                Http(target.control_url, target, redactor, connections=connections)
            )
            control = Control(own, target.control_key, redactor)
        server = Server(target, redactor, http, control, ServerClock(control), {}, frozenset(), far)
        if far:
            http.widen(3 * connections)
        if control is not None:
            await _survey(server, control)
            if far:
                own.widen(3 * connections)
        yield server


def _lookup(target: Target) -> Request:
    path = LOOKUP.path.format(user_id=uuid.uuid4())
    return Request(LOOKUP.id, "GET", path, (("Authorization", f"Bearer {target.api_key}"),))


async def _recognise(http: Http, target: Target, redactor: Redactor) -> float:
    """Return how many seconds an answer takes.

    Raises TargetError unless the answers look like those of a step-up server that takes the key.
    """
    headers = (("Authorization", f"Bearer {target.api_key}"), ("Content-Type", JSON))
    requests = [_lookup(target), *(Request(post.id, "POST", post.path, headers, b"{}") for post in POSTS)]
    answers: list[Exchange] = []
    for request in requests:
        try:
            answers.append(await http.send(request))
        except Unreachable as error:
            raise TargetError(
                f"no connection to {target.url}: {error}",
                "Start the server, or correct --url (STEPUP_MFA_AUTH_URL).",
            ) from None
    shown = answers[0].seen(redactor)
    if all(answer.status == 401 for answer in answers):
        raise TargetError(
            f"{target.url} refused the API key: {shown}",
            "Give a key of this environment with --api-key (STEPUP_MFA_API_KEY).",
        )
    if all(300 <= answer.status < 400 for answer in answers):
        raise TargetError(
            f"{target.url} redirects to {redactor.text(answers[0].header('location') or 'nowhere')}",
            "The key is sent to no other address: give the final URL with --url.",
        )
    members = {operation.success for operation in OPERATIONS} | {"error_code"}
    if not any(isinstance(answer.document, dict) and members & answer.document.keys() for answer in answers):
        raise TargetError(
            f"{target.url} does not answer like a step-up server: {shown}",
            "Give the root of the server with --url, without a path of its operations.",
        )
    return min(answer.seconds for answer in answers)


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
            raise TargetError(f"{where} refused the control key", remedy) from None
        if error.status == 404:
            remedy = "Start the server with its control API on, or leave out --control-url and --control-key."
            raise TargetError(f"{where} is not there (404)", remedy) from None
        raise TargetError(str(error), "See spec/control.openapi.yaml for what it must answer.") from None
    offers = set(Need) - {Need.EVENTS}
    if (await control.call("GET", "/events")).status == 200:
        offers.add(Need.EVENTS)
    server.offers = frozenset(offers)
