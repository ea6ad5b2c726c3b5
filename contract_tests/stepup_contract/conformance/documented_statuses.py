"""Provokes every status that spec/openapi.yaml documents for every operation, and validates the responses.

Keys of other permissions lead to 403, locked users to 429, delayed bodies to 408. No rule makes lookup and
verify-grant return 429: there a fault is injected where the control API can do that. What was not reached is
listed with the reason and never counts as validated.
"""

import asyncio
import contextlib
import json
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from stepup_contract.conformance.documented_responses import differences, documented, load
from stepup_contract.conformance.run import Conformance, Unreached
from stepup_contract.rules import Rule
from stepup_contract.run import FAILED, NOT_EXERCISED, PASSED
from stepup_contract.scenario.check_run import CheckRun
from stepup_contract.scenario.finding import Finding
from stepup_contract.scenario.judged import JudgedSession
from stepup_contract.scenario.session import Abandon
from stepup_contract.server.connect import Need, Server
from stepup_contract.server.control import ControlError
from stepup_contract.server.named import NotExercised
from stepup_contract.server.operations import (
    LOOKUP,
    OPERATIONS,
    POSTS,
    SEND_SMS,
    VERIFY_GRANT,
    VERIFY_SMS,
    VERIFY_TOTP,
    Operation,
)
from stepup_contract.server.target import Exchange, Request, Unreachable, parse, tls

_RULE = Rule("schema", "known", "Every documented status is as documented.", "schema", "", "suite", (), ())
_CHECK = "documented_status"
# The rule that findings of this pass are reported under.
DOCUMENTED_STATUS = f"schema.{_CHECK}"
# So many wrong codes in a row lock a user, or this pass gives up.
_WRONG_CODES = 12
_TOO_LARGE = json.dumps({"action_type": "a" * (70 * 1024)}).encode()
# A server that waits longer than so many response timeouts for the rest of a body is not waited for.
_DELAY = 1.5
_NO_FAULTS = "needs an injected fault, which the control API of this server does not offer"


@dataclass(slots=True)
class Reached:
    """The results of the pass: responses by operation and status, findings, reasons for what is missing."""

    responses: Counter[tuple[str, int]] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    reasons: dict[tuple[str, int], str] = field(default_factory=dict)


async def provoke(server: Server, number: int) -> Reached:
    """Provoke all documented statuses but 408, and validate the responses."""
    await load()
    reached = Reached()
    check_run = CheckRun(server, _RULE, _CHECK, str(number))
    async with check_run.session(_CHECK) as session:
        pairs = [(_operation(name), status) for name, status in documented() if status != 408]
        injected = [pair for pair in pairs if _attempt(*pair) is _injected]
        await asyncio.gather(*(_provoke(reached, session, *pair) for pair in pairs if pair not in injected))
        # An injected fault hits the next caller, whoever that is.
        for pair in injected:
            await _provoke(reached, session, *pair)
    reached.responses.update(
        (step.request.operation, step.status)
        for step in session.sequence
        if step.request.operation != "control"
    )
    return reached


async def provoke_timeouts(server: Server, reached: Reached, seconds: float | None = None) -> None:
    """Send requests without the rest of their bodies, and validate the 408 that comes within ``seconds``."""
    seconds = _DELAY * server.target.response_seconds if seconds is None else seconds
    documenting = [operation for operation, status in documented() if status == 408]
    posts = [post for post in POSTS if post.id in documenting]
    exchanges = await asyncio.gather(*(_half(server, post, seconds) for post in posts))
    for exchange in exchanges:
        reached.responses[exchange.request.operation, exchange.status] += 1
        _note(server, reached, exchange, 408)


def merge(conformance: Conformance, reached: Reached) -> Conformance:
    """Return the conformance with the responses and findings of this pass added."""
    operations = []
    for result in conformance.operations:
        statuses = Counter(result.statuses)
        for (operation, status), count in sorted(reached.responses.items()):
            if operation == result.operation:
                statuses[str(status)] += count
        failed = any(finding.operation == result.operation for finding in reached.findings)
        outcome, reason = (FAILED, "") if failed else (result.outcome, result.reason)
        if outcome == NOT_EXERCISED and reached.responses[result.operation, 200]:
            outcome, reason = PASSED, ""
        operations.append(
            replace(result, statuses=dict(sorted(statuses.items())), outcome=outcome, reason=reason)
        )
    return replace(conformance, operations=operations, findings=[*conformance.findings, *reached.findings])


def unreached(responses: Counter[tuple[str, int]], reached: Reached) -> list[Unreached]:
    """Return the documented statuses that no response of the whole run had."""
    return [
        Unreached(*expected, reached.reasons.get(expected, "no request led to it"))
        for expected in documented()
        if not responses[expected]
    ]


# Provoking ----------------------------------------------------------------------------------------

Attempt = Callable[[JudgedSession, Operation], Awaitable[Sequence[Exchange]]]


def _operation(name: str) -> Operation:
    return next(operation for operation in OPERATIONS if operation.id == name)


def _attempt(operation: Operation, status: int) -> Attempt:
    return _ATTEMPTS.get((operation, status)) or _ATTEMPTS.get(status, _unknown)


async def _provoke(reached: Reached, session: JudgedSession, operation: Operation, status: int) -> None:
    try:
        for exchange in await _attempt(operation, status)(session, operation):
            _note(session.server, reached, exchange, status)
    except (NotExercised, ControlError, Unreachable) as error:
        reached.reasons[operation.id, status] = session.server.redactor.text(str(error))
    except Abandon:
        reached.reasons[operation.id, status] = "a step that it needs was rejected; see the rules"


async def _unknown(session: JudgedSession, operation: Operation) -> Sequence[Exchange]:
    raise NotExercised("this version does not know how to provoke it")


async def _call(session: JudgedSession, operation: Operation, body: Any = None, **how: Any) -> Exchange:
    """Call an operation about an unknown user; it is rejected for something else first."""
    if operation is LOOKUP:
        return await session.lookup(str(uuid.uuid4()), **how)
    return await session.send(operation, {} if body is None else body, **how)


async def _success(session: JudgedSession, operation: Operation) -> Sequence[Exchange]:
    _need(session, Need.SEED)
    if operation is LOOKUP:
        ids = [
            await session.plain_user(),
            (await session.totp_user()).id,
            (await session.phone_user(None, None)).id,
        ]
        return [await session.lookup(user_id) for user_id in ids]
    if operation is VERIFY_TOTP:
        app = await session.totp_user()
        return [await session.verify_totp(app.id, session.code(app))]
    if operation is VERIFY_GRANT:
        grant = await session.totp_grant()
        return [await session.verify_grant(grant.user_id, grant.value)]
    if operation is SEND_SMS:
        user = await session.phone_user()
        return [await session.send_sms(user.id, user.phones[0].id)]
    challenge = await session.challenge()
    return [await session.verify_sms(challenge.user.id, challenge.id, challenge.code)]


async def _rejected(session: JudgedSession, operation: Operation) -> Sequence[Exchange]:
    return [await _call(session, operation)]


async def _no_key(session: JudgedSession, operation: Operation) -> Sequence[Exchange]:
    return [await _call(session, operation, key=None), await _call(session, operation, key="no-such-key")]


async def _forbidden(session: JudgedSession, operation: Operation) -> Sequence[Exchange]:
    _need(session, Need.KEYS)
    control = session.server.the_control()
    keys = [await control.mint_key(permissions=[]), await control.mint_key(feature_gated=True)]
    return [await _call(session, operation, key=key) for key in keys]


async def _too_large(session: JudgedSession, operation: Operation) -> Sequence[Exchange]:
    return [await _call(session, operation, content=_TOO_LARGE)]


async def _not_json(session: JudgedSession, operation: Operation) -> Sequence[Exchange]:
    return [await _call(session, operation, content_type="text/plain")]


async def _locked_app(session: JudgedSession, operation: Operation) -> Sequence[Exchange]:
    _need(session, Need.SEED)
    app = await session.totp_user()
    return [await _until_429(lambda: session.verify_totp(app.id, session.wrong_code(app)))]


async def _locked_phone(session: JudgedSession, operation: Operation) -> Sequence[Exchange]:
    _need(session, Need.INBOX)
    challenge = await session.challenge()
    user, wrong = challenge.user, session.wrong_sms_code(challenge)
    locked = await _until_429(lambda: session.verify_sms(user.id, challenge.id, wrong))
    if operation is VERIFY_SMS:
        return [locked]
    return [await session.send_sms(user.id, user.phones[0].id)]


async def _until_429(attempt: Callable[[], Awaitable[Exchange]]) -> Exchange:
    for _ in range(_WRONG_CODES):
        exchange = await attempt()
        if exchange.status == 429:
            return exchange
    raise NotExercised(f"{_WRONG_CODES} wrong codes in a row did not lock the user")


async def _injected(session: JudgedSession, operation: Operation) -> Sequence[Exchange]:
    async with _client_fault(session.server, operation):
        return [await _call(session, operation)]


@contextlib.asynccontextmanager
async def _client_fault(server: Server, operation: Operation) -> AsyncIterator[None]:
    """Make the next call of an operation return 429, and restore the faults afterwards."""
    if server.control is None:
        raise NotExercised("needs an injected fault, from the control API (--control-url, --control-key)")
    before = await server.control.call("GET", "/client-faults")
    kept = before.member("client_faults")
    if before.status != 200 or not isinstance(kept, list):
        raise NotExercised(_NO_FAULTS)
    fault = {"kind": "rate_limit", "retry_after_seconds": 3, "operation_id": operation.id, "count": 1}
    put = await server.control.call("PUT", "/client-faults", {"client_faults": [fault, *kept]})
    if put.status != 200:
        raise NotExercised(_NO_FAULTS)
    try:
        yield
    finally:
        await server.control.call("PUT", "/client-faults", {"client_faults": kept})


# By status, or by operation and status where operations differ.
_ATTEMPTS: dict[Any, Attempt] = {
    200: _success,
    400: _rejected,
    401: _no_key,
    403: _forbidden,
    404: _rejected,
    413: _too_large,
    415: _not_json,
    (VERIFY_TOTP, 429): _locked_app,
    (SEND_SMS, 429): _locked_phone,
    (VERIFY_SMS, 429): _locked_phone,
    429: _injected,
}


def _need(session: JudgedSession, need: Need) -> None:
    if need not in session.server.offers:
        raise NotExercised(f"needs {need.value}")


async def _half(server: Server, operation: Operation, seconds: float) -> Exchange:
    """Send the head of a request and one byte of its body, and return what comes within ``seconds``."""
    target = server.target
    parts = urlsplit(target.url)
    secure = parts.scheme == "https"
    url = f"{target.url.rstrip('/')}{operation.path}"
    headers = (("Authorization", f"Bearer {target.api_key}"), ("Content-Type", "application/json"))
    request = Request(operation.id, "POST", operation.path, headers, b"{")
    lines = [("Host", parts.netloc), *headers, ("Content-Length", "64")]
    head = "".join(f"{name}: {value}\r\n" for name, value in lines)
    try:
        reader, writer = await asyncio.open_connection(
            parts.hostname, parts.port or (443 if secure else 80), ssl=tls() if secure else None
        )
    except OSError as error:
        return Exchange(request, url, 0, problem=type(error).__name__)
    try:
        writer.write(f"POST {parts.path.rstrip('/')}{operation.path} HTTP/1.1\r\n{head}\r\n{{".encode())
        return await asyncio.wait_for(_read(reader, request, url), seconds)
    except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        # A TimeoutError is an OSError too.
        late = isinstance(error, TimeoutError)
        problem = f"no response within {seconds:g} s" if late else type(error).__name__
        return Exchange(request, url, 0, problem=problem)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _read(reader: asyncio.StreamReader, request: Request, url: str) -> Exchange:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    pairs = (line.split(":", 1) for line in head[1:] if ":" in line)
    headers = tuple((name, value.strip()) for name, value in pairs)
    exchange = Exchange(request, url, int(head[0].split()[1]), headers)
    content = await reader.readexactly(min(int(exchange.header("Content-Length") or 0), 1 << 20))
    return replace(exchange, content=content, document=parse(content))


# Validation ------------------------------------------------------------------------------------------


def _note(server: Server, reached: Reached, exchange: Exchange, expected: int) -> None:
    """Validate a response, if it has the expected status."""
    operation = exchange.request.operation
    seen = exchange.seen(server.redactor)
    if exchange.status != expected:
        reached.reasons[operation, expected] = f"the request for it led to another response: {seen}"
        return
    for difference in differences(exchange):
        text = server.redactor.text(difference)
        reached.findings.append(
            Finding(
                rule=DOCUMENTED_STATUS,
                operation=operation,
                message=f"{expected} is not as documented: {text}; got {seen}",
                curl=exchange.curl(server.redactor),
                expected=f"{expected} as documented",
                got=text,
                check="conformance",
                fails=True,
            )
        )
