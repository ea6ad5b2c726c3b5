"""Group D: what is invalid stays invalid when the clock is set back and when the server is started again."""

import asyncio
from email.utils import formatdate

from stepup_contract.checks import check
from stepup_contract.checks.failures import guess_until_locked
from stepup_contract.scenario.check_run import CheckRun
from stepup_contract.scenario.finding import MUST
from stepup_contract.server.connect import Need
from stepup_contract.server.named import NotExercised
from stepup_contract.server.operations import (
    CHALLENGE_NOT_FOUND,
    GRANT_NOT_FOUND,
    GRANT_TYPES,
    INCORRECT_CODE,
    RATE_LIMITED,
    TIME_BASED,
    VERIFY_GRANT,
    VERIFY_SMS,
    VERIFY_TOTP,
    grant_body,
)
from stepup_contract.server.target import Unreachable


@check("D2", Need.SEED, Need.INBOX, Need.CLOCK, alone=True)
async def clocks_set_back_revive_nothing(run: CheckRun, *, seconds: int) -> None:
    """Let grants, a challenge and a code expire, then set the clock back to when they were valid: still
    invalid.
    """
    clock = run.server.clock
    lifetime = run.server.limit("challenge_ttl_seconds", 600)
    length = run.server.limit("totp_step_seconds", 30)
    async with run.session("a clock set back") as session:
        start = (int(clock.now()) // length) * length + 5
        await clock.freeze(start)
        grants = [await session.totp_grant(grant_type=grant_type, valid_for=60) for grant_type in GRANT_TYPES]
        challenge = await session.challenge()
        app = await session.totp_user()
        spent = session.code(app)
        session.prepared(await session.verify_totp(app.id, spent), "T1", "step_up_grant")
        await clock.freeze(start + max(seconds, lifetime + 1))
        for when in ("after their end", "with the clock set back"):
            for grant in grants:
                exchange = await session.verify_grant(grant.user_id, grant.value)
                session.rejected(exchange, GRANT_NOT_FOUND, f"expired grants, {when}", exactly=MUST)
            exchange = await session.verify_sms(challenge.user.id, challenge.id, challenge.code)
            session.rejected(exchange, CHALLENGE_NOT_FOUND, f"an expired challenge, {when}", exactly=MUST)
            await clock.freeze(start)
        again = await session.verify_totp(app.id, spent)
        session.rejected(again, INCORRECT_CODE, "a used code with the clock set back", exactly=MUST)
        await clock.freeze(start - length)
        again = await session.verify_totp(app.id, spent)
        session.rejected(again, INCORRECT_CODE, "a used code one step before its own", exactly=MUST)
        older = await session.verify_totp(app.id, session.code(app))
        session.rejected(older, INCORRECT_CODE, "an unused code before the used one", exactly=MUST)
        await clock.freeze(start + 2 * length)
        session.control(await session.verify_totp(app.id, session.code(app)), VERIFY_TOTP, "a newer code")


@check("D2", Need.SEED)
async def callers_do_not_set_the_clock(run: CheckRun) -> None:
    """Send Date headers of other times with codes and grants: they change nothing."""
    async with run.session("a Date header") as session:
        user = await session.totp_user()
        length = run.server.limit("totp_step_seconds", 30)
        for shift in (-10, 10):
            date = formatdate(run.server.clock.now() + shift * length, usegmt=True)
            headers = [("Date", date), ("X-Date", date), ("X-Timestamp", date)]
            exchange = await session.verify_totp(user.id, session.code(user, shift), headers=headers)
            session.rejected(exchange, INCORRECT_CODE, "a code for the time in the Date header", exactly=MUST)
        old = formatdate(0, usegmt=True)
        right = await session.verify_totp(
            user.id, session.code(user), grant_type=TIME_BASED, valid_for=1, headers=[("Date", old)]
        )
        grant = session.control(right, VERIFY_TOTP, "the current code with an old Date header")
        await run.sleep(1.3)
        late = await session.verify_grant(user.id, grant, headers=[("Date", old)])
        session.rejected(late, GRANT_NOT_FOUND, "an expired grant with an old Date header", exactly=MUST)
        fresh = await session.totp_grant()
        live = await session.verify_grant(fresh.user_id, fresh.value, headers=[("Date", formatdate(2**33))])
        session.control(live, VERIFY_GRANT, "a valid grant with a Date header far ahead")


@check("D1", Need.SEED, Need.INBOX, Need.RESTART, alone=True)
async def restarts_revive_nothing(run: CheckRun) -> None:
    """Use a code, a grant and a challenge, lock a user, restart the server: invalid and locked as before."""
    server = run.server
    async with run.session("a restart") as session:
        app, locked, fresh = [await session.totp_user() for _ in range(3)]
        used = await session.totp_grant(app)
        spent = session.code(app)
        await session.verify_grant(used.user_id, used.value)
        live = await session.totp_grant(grant_type=TIME_BASED, valid_for=120)
        verified = await session.challenge()
        await session.sms_grant(verified)
        opened = await session.challenge()
        await guess_until_locked(lambda: session.verify_totp(locked.id, session.wrong_code(locked)))
        await server.restart()
        if (await session.lookup(app.id)).status == 404:
            raise NotExercised("the server keeps no state: its users are gone after the restart")
        again = await session.verify_totp(app.id, spent)
        session.rejected(again, INCORRECT_CODE, "a used code after a restart", exactly=MUST)
        again = await session.verify_grant(used.user_id, used.value)
        session.rejected(again, GRANT_NOT_FOUND, "a used grant after a restart", exactly=MUST)
        again = await session.verify_sms(verified.user.id, verified.id, verified.code)
        session.rejected(again, CHALLENGE_NOT_FOUND, "a verified challenge after a restart", exactly=MUST)
        right = await session.verify_totp(locked.id, session.code(locked))
        session.rejected(right, RATE_LIMITED, "a locked user's right code after a restart", exactly=MUST)
        alive = await session.verify_grant(live.user_id, live.value)
        session.control(alive, VERIFY_GRANT, "a valid grant after a restart")
        exchange = await session.verify_sms(opened.user.id, opened.id, opened.code)
        session.control(exchange, VERIFY_SMS, "an open challenge after a restart")
        session.control(await session.verify_totp(fresh.id, session.code(fresh)), VERIFY_TOTP, "a fresh code")


@check("D1", Need.SEED, Need.RESTART, Need.CLOCK, alone=True)
async def restarts_extend_no_lifetime(run: CheckRun) -> None:
    """Restart the server in the middle of a grant's lifetime: the grant expires when it would have without
    the restart.
    """
    async with run.session("a restart within a lifetime") as session:
        grants = [await session.totp_grant(grant_type=kind, valid_for=60) for kind in GRANT_TYPES]
        issued = run.server.clock.now()
        await run.server.restart()
        if (await session.lookup(grants[0].user_id)).status == 404:
            raise NotExercised("the server keeps no state: its users are gone after the restart")
        await run.server.clock.freeze(issued + 50)
        alive = await session.verify_grant(grants[1].user_id, grants[1].value)
        session.control(alive, VERIFY_GRANT, "a grant within its lifetime after a restart")
        await run.server.clock.freeze(issued + 61)
        for grant in grants:
            exchange = await session.verify_grant(grant.user_id, grant.value)
            session.rejected(
                exchange, GRANT_NOT_FOUND, "a grant after its lifetime and a restart", exactly=MUST
            )


@check("D1", Need.SEED, Need.RESTART, alone=True)
async def no_two_successes_around_a_restart(run: CheckRun) -> None:
    """Verify one-time grants while the server is restarted, and after it: never two successes of
    one grant.
    """
    for delay in (0.0, 0.05, 0.2):
        async with run.session("one-time grants around a restart") as session:
            grants = [await session.totp_grant() for _ in range(8)]
            requests = [
                session.request(VERIFY_GRANT, grant_body(grant.user_id, grant.value, grant.action))
                for grant in grants
            ]
            restart = asyncio.create_task(run.server.restart())
            await run.sleep(delay)
            try:
                first = await session.at_once(requests)
            except Unreachable:
                first = []
            await restart
            if (await session.lookup(grants[0].user_id)).status == 404:
                raise NotExercised("the server keeps no state: its users are gone after the restart")
            after = await session.at_once(requests)
            for before, exchange in zip(first, after, strict=False):
                both = before.status == exchange.status == 200
                session.expect(exchange, not both, "one success at most", "a one-time grant around a restart")
            if not first:
                again = await session.at_once(requests)
                for exchange in again:
                    session.rejected(exchange, GRANT_NOT_FOUND, "a one-time grant again", exactly=MUST)
