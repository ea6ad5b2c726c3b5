"""Group H: status, media type, headers and methods, the same on every operation."""

import re
import uuid

from stepup_contract.checks import check
from stepup_contract.checks.failures import Failures, general_failures, user_failures
from stepup_contract.scenario.check_run import CheckRun
from stepup_contract.scenario.finding import SHOULD
from stepup_contract.scenario.judged import JudgedSession
from stepup_contract.server.budget import NotAllowed
from stepup_contract.server.connect import Need
from stepup_contract.server.named import NotExercised
from stepup_contract.server.operations import (
    LOOKUP,
    OPERATIONS,
    SEND_SMS,
    TIME_BASED,
    VERIFY_GRANT,
    VERIFY_SMS,
    VERIFY_TOTP,
    Operation,
)
from stepup_contract.server.target import JSON, MISSING, Exchange

_SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def media_type(exchange: Exchange) -> str:
    """Return the media type of a response, without parameters."""
    return (exchange.header("Content-Type") or "").split(";")[0].strip().lower()


async def successes(session: JudgedSession) -> list[tuple[Operation, Exchange]]:
    """Bring about a success of every operation, and every kind of lookup, as far as there are users."""
    if session.server.pool is not None:
        return [*await app_successes(session), *await phone_successes(session)]
    app, phone_user, plain = (
        await session.totp_user(),
        await session.phone_user(None, None),
        await session.plain_user(),
    )
    exchanges = [(LOOKUP, await session.lookup(user_id)) for user_id in (app.id, phone_user.id, plain)]
    by_app = await session.verify_totp(app.id, session.code(app), grant_type=TIME_BASED)
    sent = await session.send_sms(phone_user.id, phone_user.phones[0].id)
    exchanges += [(VERIFY_TOTP, by_app), (SEND_SMS, sent)]
    for message in await session.messages(challenge_id=str(sent.member("challenge_id"))):
        by_phone = await session.verify_sms(phone_user.id, message.challenge_id, message.code)
        exchanges.append((VERIFY_SMS, by_phone))
    grant = by_app.member("step_up_grant")
    if isinstance(grant, str):
        exchanges.append((VERIFY_GRANT, await session.verify_grant(app.id, grant)))
    return exchanges


async def app_successes(session: JudgedSession) -> list[tuple[Operation, Exchange]]:
    """Bring about the successes that need no more than a named user with an app."""
    app = await session.totp_user()
    ids = [app.id, *([await session.plain_user()] if session.has_plain_user else [])]
    exchanges = [(LOOKUP, await session.lookup(user_id)) for user_id in ids]
    verified = await session.verify_totp(app.id, session.code(app), grant_type=TIME_BASED)
    grant = verified.member("step_up_grant")
    exchanges.append((VERIFY_TOTP, verified))
    if isinstance(grant, str):
        exchanges.append((VERIFY_GRANT, await session.verify_grant(app.id, grant)))
    return exchanges


async def phone_successes(session: JudgedSession) -> list[tuple[Operation, Exchange]]:
    """Bring about the successes of a named user with a phone, as far as a message may be sent."""
    if not session.can_text:
        return []
    exchanges: list[tuple[Operation, Exchange]] = []
    try:
        user = await session.phone_user()
        exchanges.append((LOOKUP, await session.lookup(user.id)))
        challenge = await session.challenge(user)
        exchanges.append((SEND_SMS, session.sequence[-1]))
        verified = await session.verify_sms(user.id, challenge.id, challenge.code)
        exchanges.append((VERIFY_SMS, verified))
    except (NotExercised, NotAllowed) as error:
        session.record.reasons.append(str(error))
    return exchanges


@check("H1", Need.SEED, Need.INBOX)
async def successes_are_200_in_json(run: CheckRun) -> None:
    """Succeed with every operation: exactly 200, `application/json`, the documented member, names in
    snake_case.
    """
    async with run.session() as session:
        exchanges = await successes(session)
        for operation, exchange in exchanges:
            session.expect(exchange, exchange.status == 200, "exactly 200", operation.id)
            typed = media_type(exchange) == JSON
            got = exchange.header("Content-Type") or "no Content-Type"
            session.expect(exchange, typed, f"Content-Type: {JSON}", operation.id, got=got)
            there = exchange.member(operation.success) is not MISSING
            session.expect(exchange, there, f"`{operation.success}`", operation.id)
            odd = [name for name in names(exchange.document) if not _SNAKE.fullmatch(name)]
            session.expect(exchange, not odd, "names in snake_case", operation.id, got=", ".join(odd))
        ids = [exchange.header("X-Request-Id") for _, exchange in exchanges]
        fresh = None not in ids and len(set(ids)) == len(ids)
        session.expect(
            exchanges[-1][1], fresh, "a fresh X-Request-Id on every response", "", SHOULD, got=str(ids)[:80]
        )
        missing = {operation.id for operation in OPERATIONS} - {operation.id for operation, _ in exchanges}
        if missing:
            run.reasons.append(f"no success of {', '.join(sorted(missing))}; see T1 and S1")


def names(document: object) -> list[str]:
    """Return the names of all members of a document."""
    if isinstance(document, dict):
        return [str(name) for name in document] + [n for value in document.values() for n in names(value)]
    return [n for item in document for n in names(item)] if isinstance(document, list) else []


@check("H1")
async def failures_have_request_ids(run: CheckRun) -> None:
    """Read X-Request-Id on failures: there, and another one each time."""
    async with run.session() as session:
        failures = await general_failures(session)
        failures.append(("an unknown key", await session.lookup(str(uuid.uuid4()), key=uuid.uuid4().hex)))
        seen: set[str] = set()
        for label, exchange in failures:
            request_id = exchange.header("X-Request-Id") or ""
            fresh = bool(request_id) and request_id not in seen
            seen.add(request_id)
            session.expect(exchange, fresh, "a fresh X-Request-Id", label, SHOULD, got=request_id or "none")


@check("H2", Need.SEED, Need.INBOX)
async def secrets_are_not_stored(run: CheckRun) -> None:
    """Read Cache-Control on responses that hold a grant, a challenge or an enrolment: no-store."""
    async with run.session() as session:
        for operation, exchange in await successes(session):
            directives = {
                word.strip().lower() for word in (exchange.header("Cache-Control") or "").split(",")
            }
            if exchange.status == 200 and operation is not VERIFY_GRANT:
                got = exchange.header("Cache-Control") or "no Cache-Control"
                stored = "no-store" in directives
                session.expect(exchange, stored, "Cache-Control: no-store", operation.id, SHOULD, got=got)


@check("H3")
async def other_methods(run: CheckRun) -> None:
    """Call every path with other methods: 405 with Allow, or 404."""

    async def steps(session: JudgedSession, operation: Operation) -> None:
        path = operation.path.replace("{user_id}", str(uuid.uuid4()))
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            if method == operation.method:
                continue
            content = None if method in ("GET", "DELETE") else b"{}"
            exchange = await session.send(operation, path=path, method=method, content=content)
            session.expect(exchange, exchange.status in (404, 405), "405 or 404", method)
            if exchange.status == 405:
                allowed = {word.strip() for word in (exchange.header("Allow") or "").split(",")}
                named = operation.method in allowed and method not in allowed
                got = exchange.header("Allow") or "no Allow"
                session.expect(exchange, named, f"Allow with {operation.method}", method, got=got)
            exact = exchange.status == 405 and exchange.error_code == "method_not_allowed"
            session.expect(exchange, exact, "405 method_not_allowed", method, SHOULD)
        right = await session.send(
            operation, path=path, content=b"{}" if operation.method == "POST" else None
        )
        if right.status not in (400, 404):
            session.expect(right, False, "400 or 404 for the right method (positive control)")

    await run.each(steps, [(operation.id, operation) for operation in OPERATIONS])


@check("H3")
async def other_paths(run: CheckRun) -> None:
    """Call paths that do not exist and paths with a slash too many: 404, and no redirect that would leak the
    key.
    """
    async with run.session() as session:
        for path in (
            "/",
            "/api/backend/v1/",
            "/api/backend/v1/mfa/step-up/verify-nothing",
            f"{VERIFY_TOTP.path}/",
            f"{VERIFY_GRANT.path}/x",
            LOOKUP.path.format(user_id=uuid.uuid4()) + "/",
        ):
            exchange = await session.send(LOOKUP, path=path)
            session.expect(exchange, not 300 <= exchange.status < 400, "no redirect", path)
            if path != "/":
                gone = exchange.status in (404, 405)
                session.expect(exchange, gone, "404", path)
        slashed = await session.send(VERIFY_TOTP, path=f"{VERIFY_TOTP.path}/", content=b"{}")
        session.expect(
            slashed, slashed.status in (404, 405), "404 and no redirect", "a POST with a slash too many"
        )


@check("H3")
async def no_foreign_origins(run: CheckRun) -> None:
    """Call operations from a web page's origin, and ask beforehand with OPTIONS: nothing allows it."""

    async def steps(session: JudgedSession, operation: Operation) -> None:
        path = operation.path.replace("{user_id}", str(uuid.uuid4()))
        for origin in ("https://evil.test", "null", session.server.target.url):
            content = b"{}" if operation.method == "POST" else None
            called = await session.send(operation, path=path, content=content, headers=[("Origin", origin)])
            asked = await session.send(
                operation,
                path=path,
                method="OPTIONS",
                key=None,
                headers=[
                    ("Origin", origin),
                    ("Access-Control-Request-Method", operation.method),
                    ("Access-Control-Request-Headers", "authorization,content-type"),
                ],
            )
            for label, exchange in (("a call", called), ("a preflight", asked)):
                allowed = exchange.header("Access-Control-Allow-Origin")
                expected = "no Access-Control-Allow-Origin"
                session.expect(
                    exchange, allowed is None, expected, f"{label} from {origin}", got=str(allowed)
                )

    await run.each(steps, [(operation.id, operation) for operation in OPERATIONS])


def check_envelopes(session: JudgedSession, failures: Failures) -> None:
    """Check that each failure has the error envelope of the contract."""
    for label, exchange in failures:
        if not 400 <= exchange.status < 500:
            continue
        problem = media_type(exchange) == "application/problem+json"
        session.expect(exchange, not problem, "no application/problem+json", label)
        told = media_type(exchange) == JSON and isinstance(exchange.error_code, str)
        session.expect(exchange, told, "a JSON object with `error_code`", label, SHOULD)
        sentence = isinstance(exchange.member("user_facing_error"), str)
        session.expect(exchange, sentence, "`user_facing_error`, a string", label, SHOULD)
        if exchange.error_code == "invalid_request_fields":
            for member in ("field_errors", "user_facing_errors", "field_to_errors"):
                value = exchange.member(member)
                mapped = (
                    isinstance(value, dict)
                    and bool(value)
                    and all(isinstance(v, str) for v in value.values())
                )
                session.expect(exchange, mapped, f"`{member}`, strings by field", label, SHOULD)
            same = exchange.member("field_to_errors") == exchange.member("field_errors")
            session.expect(exchange, same, "`field_to_errors` = `field_errors`", label, SHOULD)


@check("H4")
async def failures_have_one_envelope(run: CheckRun) -> None:
    """Provoke every failure that needs no user, also for clients that prefer HTML or problem details: one
    envelope.
    """
    async with run.session() as session:
        failures = await general_failures(session)
        for accept in ("text/html", "*/*", "application/xml"):
            headers = [("Accept", accept)]
            unknown = await session.lookup(str(uuid.uuid4()), headers=headers)
            failures.append((f"an unknown user, Accept: {accept}", unknown))
            empty = await session.send(VERIFY_GRANT, content=b"{}", headers=headers)
            failures.append((f"no fields, Accept: {accept}", empty))
        check_envelopes(session, failures)


@check("H4", Need.SEED, Need.INBOX)
async def failures_of_users_have_one_envelope(run: CheckRun) -> None:
    """Provoke wrong codes, invalid grants and challenges and a lock: one envelope."""
    async with run.session() as session:
        check_envelopes(session, await user_failures(session))
