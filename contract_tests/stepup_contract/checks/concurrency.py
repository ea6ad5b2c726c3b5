"""Group C: what must happen once happens once when many ask at the same moment.

Each round has a fresh user, and its requests end at one moment on connections of their own. These checks run
alone: a busy client would spread the moment.
"""

import asyncio
import uuid
from collections import Counter

from stepup_contract.checks import check
from stepup_contract.checks.failures import MOST_GUESSES
from stepup_contract.scenario.check_run import CheckRun
from stepup_contract.scenario.finding import MUST, SHOULD
from stepup_contract.scenario.judged import JudgedSession
from stepup_contract.server.connect import Need
from stepup_contract.server.operations import (
    ACTION,
    GRANT_NOT_FOUND,
    GRANT_TYPES,
    ONE_TIME_USE,
    TIME_BASED,
    VERIFY_GRANT,
    VERIFY_SMS,
    VERIFY_TOTP,
    grant_body,
    totp_body,
    verify_sms_body,
)
from stepup_contract.server.people import Grant
from stepup_contract.server.target import Exchange


def check_one(session: JudgedSession, exchanges: list[Exchange], what: str) -> list[Exchange]:
    """Check that of many requests at once just one succeeded, and the others were rejected; return the
    successes.
    """
    won = [exchange for exchange in exchanges if exchange.status == 200]
    statuses = ", ".join(
        f"{status}: {count}" for status, count in sorted(Counter(e.status for e in exchanges).items())
    )
    for exchange in exchanges:
        if exchange.status != 200:
            rejected = 400 <= exchange.status < 500
            session.expect(exchange, rejected, "4xx", f"{what} that came too late")
    example = (won or exchanges)[-1]
    session.expect(example, len(won) == 1, f"one success among {len(exchanges)} at once", what, got=statuses)
    return won


@check("C1", Need.SEED, Need.INBOX, alone=True)
async def one_code_one_grant(run: CheckRun, *, connections: int, rounds: int) -> None:
    """Send a right TOTP code, and a right SMS code, on many connections at once, several times: one grant
    each time.
    """
    for turn in range(rounds):
        async with run.session("a TOTP code") as session:
            user = await session.totp_user()
            code = session.code(user)
            # Different requests, so that nothing can be answered from a cache of equal ones.
            bodies = [
                totp_body(user.id, code, ACTION, GRANT_TYPES[n % 2], 60 + n) for n in range(connections)
            ]
            exchanges = await session.at_once([session.request(VERIFY_TOTP, body) for body in bodies])
            check_one(session, exchanges, "a right TOTP code")
            if turn == 0:
                await session.totp_grant()
        async with run.session("an SMS code") as session:
            challenge = await session.challenge()
            body = verify_sms_body(challenge.user.id, challenge.id, challenge.code)
            exchanges = await session.at_once([session.request(VERIFY_SMS, body)] * connections)
            check_one(session, exchanges, "a right SMS code")
            if turn == 0:
                await session.sms_grant(await session.challenge(challenge.user))


@check("C2", Need.SEED, Need.INBOX, alone=True)
async def one_grant_one_use(run: CheckRun, *, connections: int, rounds: int) -> None:
    """Verify a one-time grant on many connections at once, several times: one success each time; a
    time-based one: all.
    """
    for turn in range(rounds):
        async with run.session("a one-time grant") as session:
            grant = await (session.totp_grant() if turn % 2 else session.sms_grant())
            body = grant_body(grant.user_id, grant.value, grant.action)
            exchanges = await session.at_once([session.request(VERIFY_GRANT, body)] * connections)
            check_one(session, exchanges, "a one-time grant")
    async with run.session("a time-based grant") as session:
        grant = await session.totp_grant(grant_type=TIME_BASED)
        body = grant_body(grant.user_id, grant.value, grant.action)
        for exchange in await session.at_once([session.request(VERIFY_GRANT, body)] * connections):
            session.control(exchange, VERIFY_GRANT, "a time-based grant at once with others")


@check("C3", Need.SEED, Need.INBOX, Need.MAKE, alone=True)
async def many_guesses_at_once(run: CheckRun, *, guesses: int) -> None:
    """Send many wrong codes at once, of an app and for a challenge: no more are evaluated than the cap
    allows.
    """
    for kind in ("app", "phone") * 2:
        async with run.session(f"{guesses} wrong codes at once, a user with {kind}") as session:
            if kind == "app":
                user = await session.totp_user()
                user_id = user.id
                bodies = [
                    totp_body(user_id, session.wrong_code(user), ACTION, ONE_TIME_USE, 60)
                    for _ in range(guesses)
                ]
                operation = VERIFY_TOTP
            else:
                challenge = await session.challenge()
                user_id = challenge.user.id
                bodies = [
                    verify_sms_body(user_id, challenge.id, session.wrong_sms_code(challenge))
                    for _ in range(guesses)
                ]
                operation = VERIFY_SMS
            exchanges = await session.at_once([session.request(operation, body) for body in bodies])
            check_guesses(session, exchanges)
            if kind == "app":
                right = await session.verify_totp(user_id, session.code(user))
                session.expect(right, right.status == 429, "429", "the right code after them")
            await session.totp_grant()


def check_guesses(session: JudgedSession, exchanges: list[Exchange]) -> None:
    """Check how many of the wrong codes sent at once were evaluated: at most the policy's cap, the rest
    rejected.
    """
    cap = session.server.limit("max_wrong_codes", MOST_GUESSES)
    evaluated = [e for e in exchanges if "incorrect_mfa_code" in (e.error_code, e.field_error("code"))]
    statuses = ", ".join(
        f"{status}: {count}" for status, count in sorted(Counter(e.status for e in exchanges).items())
    )
    for exchange in exchanges:
        session.expect(exchange, 400 <= exchange.status < 500, "4xx", "a wrong code")
    last = (evaluated or exchanges)[-1]
    told = f"{len(evaluated)} evaluated ({statuses})"
    strength = MUST if "max_wrong_codes" in session.server.limits else SHOULD
    session.expect(
        last, len(evaluated) <= cap, f"at most {cap} wrong codes evaluated", "", strength, got=told
    )


@check("C4", Need.SEED, Need.INBOX, Need.MAKE, alone=True)
async def users_do_not_mix(run: CheckRun, *, users: int) -> None:
    """Let several users do all they can at the same time: no 5xx, each grant is its owner's, one message for
    one send.
    """
    async with asyncio.TaskGroup() as group:
        sessions = [run.session(f"user {turn} among others") for turn in range(users)]
        for session in sessions:
            await session.__aenter__()
        tasks = [group.create_task(all_flows(session, turn)) for turn, session in enumerate(sessions)]
    issued = [grant for task in tasks for grant in task.result()]
    try:
        for session in sessions:
            for exchange in session.sequence:
                if exchange.request.operation != "control":
                    fine = 0 < exchange.status < 500
                    session.expect(exchange, fine, "no 5xx", "under mixed load")
        values = [grant.value for grant in issued]
        different = len(set(values))
        expected = f"{len(values)} different grants"
        session.expect(session.sequence[-1], different == len(values), expected, got=str(different))
        await asyncio.gather(
            *(owned(sessions[0], grant, issued[turn - 5]) for turn, grant in enumerate(issued))
        )
    finally:
        for session in sessions:
            await session.__aexit__(None, None, None)


async def all_flows(session: JudgedSession, turn: int) -> list[Grant]:
    """Do all that two users can do, several times; return the grants that they got."""
    app, phone_user = await session.totp_user(), await session.phone_user()
    action = f"ACTION_OF_{turn}"
    grants: list[Grant] = []
    for shift in (-1, 0, 1):
        await session.lookup(app.id)
        exchange = await session.verify_totp(
            app.id, session.code(app, shift), action=action, grant_type=TIME_BASED
        )
        if exchange.status == 200:
            grants.append(Grant(str(exchange.member("step_up_grant")), app.id, action))
        await session.verify_totp(app.id, session.wrong_code(app))
        sent = await session.send_sms(
            phone_user.id, phone_user.phones[0].id, action=action, grant_type=TIME_BASED
        )
        for message in await session.messages(challenge_id=str(sent.member("challenge_id"))):
            exchange = await session.verify_sms(phone_user.id, message.challenge_id, message.code)
            grants.append(Grant(str(exchange.member("step_up_grant")), phone_user.id, action))
        await session.verify_grant(app.id, uuid.uuid4().hex)
    delivered = len(await session.messages(phone_number=phone_user.phones[0].number))
    sends = sum(e.status == 200 and e.request.operation == "sendSmsMfaCode" for e in session.sequence)
    last = session.sequence[-1]
    session.expect(
        last, delivered == sends, f"{sends} messages for {sends} responses with 200", got=str(delivered)
    )
    return grants


async def owned(session: JudgedSession, grant: Grant, other: Grant) -> None:
    """Check that a grant is valid for its own user and not for another one."""
    if other.user_id != grant.user_id:
        foreign = await session.verify_grant(other.user_id, grant.value, grant.action)
        session.rejected(foreign, GRANT_NOT_FOUND, "a grant for another of the users")
    own = await session.verify_grant(grant.user_id, grant.value, grant.action)
    session.expect(own, own.status == 200, "200", "a grant for its own user")
