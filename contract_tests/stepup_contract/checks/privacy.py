"""Group Q: no response gives a secret away, and every attempt leaves a trace that holds none."""

import asyncio
import json
import secrets
import uuid
from pathlib import Path
from typing import Any

from stepup_contract.checks import check
from stepup_contract.checks.failures import user_failures
from stepup_contract.scenario.check_run import CheckRun
from stepup_contract.scenario.finding import SHOULD
from stepup_contract.scenario.judged import JudgedSession
from stepup_contract.server.connect import Need
from stepup_contract.server.leaks import number_in, secret_in
from stepup_contract.server.operations import (
    OPERATIONS,
    POSTS,
    SEND_SMS,
    TIME_BASED,
    VERIFY_GRANT,
    VERIFY_SMS,
    VERIFY_TOTP,
)
from stepup_contract.server.target import Exchange


def check_silence(session: JudgedSession, exchange: Exchange, canaries: dict[str, str], what: str) -> None:
    """Check that a response holds none of the values, which are keyed by what they are."""
    everything = exchange.everything.lower()
    told = [name for name, value in canaries.items() if value.lower() in everything]
    session.expect(exchange, not told, "no secret in the response", what, got=", ".join(told))


@check("Q1")
async def responses_do_not_echo(run: CheckRun) -> None:
    """Put canaries into every secret field, key and header, valid and not: no response repeats one."""
    code, grant, key = (
        f"Q{secrets.token_hex(5)}",
        f"canary{secrets.token_hex(20)}",
        f"canary{secrets.token_hex(16)}",
    )
    canaries = {
        "the code": code,
        "the grant": grant,
        "the unknown key": key,
        "the API key": run.server.target.api_key,
    }

    async def steps(session: JudgedSession, secret: Any, wrong_type: bool) -> None:
        user, other = str(uuid.uuid4()), str(uuid.uuid4())

        def shaped(value: str) -> Any:
            return [value] if wrong_type else value

        # Long, as it is a table of requests.
        sent = [
            ("verify-totp", await session.verify_totp(user, shaped(code))),
            (
                "verify-totp, other fields invalid",
                await session.verify_totp("x", shaped(code), grant_type=code),
            ),
            ("phone/verify", await session.verify_sms(user, other, shaped(code))),
            ("phone/verify, challenge too long", await session.verify_sms(user, grant * 20, shaped(code))),
            ("verify-grant", await session.verify_grant(user, shaped(grant))),
            ("verify-grant, too long", await session.verify_grant(user, shaped(grant * 20))),
            ("verify-grant, no action", await session.send(VERIFY_GRANT, {"grant": shaped(grant)})),
            ("malformed", await session.send(VERIFY_TOTP, content=f'{{"code": "{code}", '.encode())),
            ("malformed", await session.send(VERIFY_GRANT, content=f'{{"grant": "{grant}" x'.encode())),
            (
                "another type",
                await session.send(VERIFY_TOTP, content=code.encode(), content_type="text/plain"),
            ),
            ("an unknown key", await session.verify_totp(user, code, key=key)),
            ("an unknown key", await session.lookup(user, key=key)),
            ("a Basic key", await session.lookup(user, authorization=f"Basic {key}")),
        ]
        for label, exchange in sent:
            check_silence(session, exchange, canaries, label)

    await run.each(steps, [("canaries", None, False), ("canaries in arrays", None, True)])


@check("Q1", Need.SEED, Need.INBOX)
async def flows_give_nothing_away(run: CheckRun) -> None:
    """Run both flows and their failures and search all responses for secrets, codes, numbers, keys and old
    grants.
    """
    async with run.session("both flows") as session:
        app = await session.totp_user()
        phone_user = await session.phone_user()
        number = phone_user.phones[0].number
        grants: set[str] = set()
        codes: set[str] = set()
        verified = await session.verify_totp(app.id, session.code(app), grant_type=TIME_BASED)
        grant = session.prepared(verified, "T1", "step_up_grant")
        challenge = await session.challenge(phone_user)
        await session.verify_sms(phone_user.id, challenge.id, session.wrong_sms_code(challenge))
        await session.sms_grant(challenge)
        for user_id, action in (
            (app.id, "SENSITIVE_ACTION"),
            (app.id, "OTHER"),
            (str(uuid.uuid4()), "OTHER"),
        ):
            await session.verify_grant(user_id, grant, action)
        await session.lookup(app.id)
        await session.lookup(phone_user.id)
        await user_failures(session)
        codes_sent = [challenge.code, session.code(app)]
        if Need.EVENTS in session.server.offers:
            await check_own_events(session, {app.id, phone_user.id}, [app.secret, number, grant, *codes_sent])
        for exchange in session.sequence:
            if exchange.request.operation not in {operation.id for operation in OPERATIONS}:
                continue
            check_response(session, exchange, (app.secret, number), grants, codes)


async def check_own_events(session: JudgedSession, users: set[str], canaries: list[str]) -> None:
    """Check that the audit events of some users hold none of the values."""
    events = [e for e in await session.server.the_control().events() if str(e.get("user_id")) in users]
    # Times and numbers of events are digits too, and may look like a code.
    text = json.dumps([{k: v for k, v in event.items() if k not in ("at", "sequence")} for event in events])
    leaked = any(canary in text for canary in canaries)
    expected = "no secret, code, grant or full number in an event"
    session.expect(session.sequence[-1], not leaked, expected, "the audit events", got="one of them")


@check("Q1", Need.SEED, Need.INBOX, Need.LOG)
async def logs_hold_no_secret(run: CheckRun) -> None:
    """Run both flows and their failures, and search what the server logged meanwhile."""
    log_file = run.server.target.log_file
    assert log_file is not None
    start = log_file.stat().st_size if log_file.exists() else 0
    async with run.session("the log") as session:
        app, challenge = await session.totp_user(), await session.challenge()
        canary = f"Q{secrets.token_hex(6)}"
        code = session.code(app)
        grant = await session.totp_grant(app, grant_type=TIME_BASED)
        await session.sms_grant(challenge)
        await session.verify_grant(grant.user_id, grant.value)
        await session.verify_grant(grant.user_id, grant.value, "OTHER")
        await session.verify_totp(app.id, canary)
        await session.verify_totp(app.id, [canary])
        await session.send(VERIFY_TOTP, content=f'{{"code": "{canary}"'.encode())
        await session.lookup(app.id, key=f"{canary}{canary}")
        # A log is written behind the responses.
        await run.sleep(0.5)
        logged = await asyncio.to_thread(_read_from, log_file, start)
        canaries = {
            "a submitted code": canary,
            "a right code": f'"{code}"',
            "an SMS code": f'"{challenge.code}"',
            "a grant": grant.value,
            "a TOTP secret": app.secret,
            "the API key": run.server.target.api_key,
        }
        told = [name for name, value in canaries.items() if value in logged]
        if number_in(logged, challenge.phone.number):
            told.append("a phone number")
        last = session.sequence[-1]
        session.expect(last, not told, "no secret in the log", "the log", got=", ".join(told))


def _read_from(path: Path, start: int) -> str:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(1 << 24).decode("utf-8", "replace")


def check_response(
    session: JudgedSession, exchange: Exchange, person: tuple[str, str], grants: set[str], codes: set[str]
) -> None:
    """Check one response, knowing the grants and codes of those before it, and add its own.

    ``person`` is a TOTP secret and a phone number that no response may hold.
    """
    secret, number = person
    sent = json.loads(exchange.request.content or b"{}")
    if isinstance(sent.get("code"), str) and len(sent["code"]) >= 6:
        codes.add(sent["code"])
    told = secret_in(exchange.everything, secret)
    session.expect(exchange, not told, "no TOTP secret in a response", got=told)
    session.expect(exchange, not number_in(exchange.everything, number), "no phone number in a response")
    leaked = any(grant in exchange.everything for grant in grants)
    session.expect(exchange, not leaked, "no grant outside the response that issued it")
    check_silence(session, exchange, {"the API key": session.server.target.api_key}, "")
    issued = exchange.member("step_up_grant")
    # A grant is long enough to hold the digits of a code by chance.
    rest = exchange.text.replace(str(issued), "").replace(str(exchange.member("challenge_id")), "")
    echoed = any(code in rest for code in codes)
    session.expect(exchange, not echoed, "no submitted code in a response")
    if isinstance(issued, str) and issued:
        grants.add(issued)


@check("Q3", Need.SEED, Need.INBOX, Need.EVENTS, alone=True)
async def attempts_leave_one_event(run: CheckRun) -> None:
    """Make attempts that succeed and that fail: one event for each POST, none for lookups and bad keys."""
    control = run.server.the_control()
    async with run.session("attempts") as session:
        app, phone_user = await session.totp_user(), await session.phone_user()
        made: list[tuple[str, str, str, Exchange]] = []

        def note(operation: str, user_id: str, action: str, exchange: Exchange) -> None:
            made.append((operation, user_id, action, exchange))

        wrong = session.wrong_code(app)
        note(VERIFY_TOTP.id, app.id, "FIRST", await session.verify_totp(app.id, wrong, action="FIRST"))
        right = await session.verify_totp(app.id, session.code(app), action="SECOND")
        note(VERIFY_TOTP.id, app.id, "SECOND", right)
        grant = session.prepared(right, "T1", "step_up_grant")
        note(VERIFY_GRANT.id, app.id, "OTHER", await session.verify_grant(app.id, grant, "OTHER"))
        note(VERIFY_GRANT.id, app.id, "SECOND", await session.verify_grant(app.id, grant, "SECOND"))
        note(VERIFY_TOTP.id, app.id, "THIRD", await session.verify_totp(app.id, "x" * 40, action="THIRD"))
        phone_id = phone_user.phones[0].id
        sent = await session.send_sms(phone_user.id, phone_id, action="FOURTH")
        note(SEND_SMS.id, phone_user.id, "FOURTH", sent)
        challenge_id = session.prepared(sent, "S1", "challenge_id")
        message = (await session.messages(challenge_id=challenge_id))[0]
        verified = await session.verify_sms(phone_user.id, challenge_id, message.code)
        note(VERIFY_SMS.id, phone_user.id, "", verified)
        note(VERIFY_TOTP.id, app.id, "", await session.send(VERIFY_TOTP, {"user_id": app.id}))
        locked = await session.verify_sms(phone_user.id, challenge_id, message.code)
        note(VERIFY_SMS.id, phone_user.id, "", locked)
        for user_id in (app.id, phone_user.id):
            await session.lookup(user_id)
            await session.verify_totp(user_id, wrong, key=uuid.uuid4().hex)
        events = await control.events()
        # A server may keep the latest events only: new ones are recognised by number, not by count.
        latest = events[-1].get("sequence") if events else None
        for operation in POSTS:
            await session.send(operation, content=b"{")
        check_anonymous(session, await control.events(since=latest))
        canaries = [app.secret, wrong, grant, message.code, phone_user.phones[0].number, "x" * 40]
        check_events(session, events, made, canaries)


def check_anonymous(session: JudgedSession, events: list[dict[str, Any]]) -> None:
    """Check that requests which name nobody leave an event each; nobody else calls meanwhile."""
    listed = [event.get("operation_id") for event in events]
    expected = [operation.id for operation in POSTS]
    told = f"{len(listed)} events"
    session.expect(session.sequence[-1], listed == expected, "an event for each malformed request", got=told)


def check_events(
    session: JudgedSession,
    events: list[dict[str, Any]],
    made: list[tuple[str, str, str, Exchange]],
    canaries: list[str],
) -> None:
    """Check that the events of these users are the attempts, in order, with what must be in them and no
    secret.
    """
    users = {user_id for _, user_id, _, _ in made}
    # Other attempts may have sent anything in place of an id.
    own = [event for event in events if str(event.get("user_id")) in users]
    last = made[-1][3]
    listed = [(event.get("operation_id"), event.get("user_id")) for event in own]
    expected = [(operation, user_id) for operation, user_id, _, _ in made]
    session.expect(
        last, listed == expected, f"{len(made)} events, one for each attempt", got=f"{len(listed)} events"
    )
    numbers = [event.get("sequence") for event in events]
    rising = all(isinstance(n, int) for n in numbers) and numbers == sorted(set(map(int, numbers)))  # type: ignore[arg-type]
    session.expect(last, rising, "sequence numbers that rise")
    for event, (operation, _, action, exchange) in zip(own, made, strict=False):
        if action:
            named = event.get("action_type") == action
            session.expect(exchange, named, f"an event with action_type {action}", operation)
        at = event.get("at")
        timed = isinstance(at, int | float) and abs(at - session.server.clock.now()) < 60
        session.expect(exchange, timed, "an event with the time in Unix seconds", operation)
        told = bool(event.get("outcome"))
        session.expect(exchange, told, "an event with an outcome", operation)
    outcomes = {exchange.status == 200: set[str]() for exchange in (e for _, _, _, e in made)}
    for event, (_, _, _, exchange) in zip(own, made, strict=False):
        outcomes[exchange.status == 200].add(str(event.get("outcome")))
    apart = not outcomes.get(True, set()) & outcomes.get(False, set())
    session.expect(last, apart, "outcomes that distinguish success from failure", "", SHOULD)
    # Times and numbers of events are digits too, and may look like a code.
    text = json.dumps([{k: v for k, v in event.items() if k not in ("at", "sequence")} for event in own])
    leaked = any(canary in text for canary in canaries) or session.server.target.api_key in text
    session.expect(last, not leaked, "no secret, code, grant, key or full number in an event")
