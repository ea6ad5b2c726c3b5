"""Group D: what is dead stays dead when the clock is set back and when the server is started anew."""

import asyncio
from email.utils import formatdate

from stepup_contract.checks import check
from stepup_contract.checks.failures import guess_until_locked
from stepup_contract.scenario.finding import MUST
from stepup_contract.scenario.trial import Trial
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
async def clocks_set_back_revive_nothing(trial: Trial) -> None:
    """See grants, a challenge and a code die, set the clock back to when they lived: still dead."""
    clock = trial.server.clock
    life = trial.server.limit("challenge_ttl_seconds", 600)
    length = trial.server.limit("totp_step_seconds", 30)
    async with trial.scene("a clock set back") as scene:
        start = (int(clock.now()) // length) * length + 5
        await clock.freeze(start)
        grants = [await scene.totp_grant(grant_type=grant_type, valid_for=60) for grant_type in GRANT_TYPES]
        challenge = await scene.challenge()
        app = await scene.totp_user()
        spent = scene.code(app)
        scene.prepared(await scene.verify_totp(app.id, spent), "T1", "step_up_grant")
        await clock.freeze(start + max(120, life + 1))
        for when in ("after their end", "with the clock set back"):
            for grant in grants:
                exchange = await scene.verify_grant(grant.user_id, grant.value)
                scene.refused(exchange, GRANT_NOT_FOUND, f"expired grants, {when}", exactly=MUST)
            exchange = await scene.verify_sms(challenge.user.id, challenge.id, challenge.code)
            scene.refused(exchange, CHALLENGE_NOT_FOUND, f"an expired challenge, {when}", exactly=MUST)
            await clock.freeze(start)
        again = await scene.verify_totp(app.id, spent)
        scene.refused(again, INCORRECT_CODE, "a spent code with the clock set back", exactly=MUST)
        await clock.freeze(start - length)
        again = await scene.verify_totp(app.id, spent)
        scene.refused(again, INCORRECT_CODE, "a spent code one step before its own", exactly=MUST)
        older = await scene.verify_totp(app.id, scene.code(app))
        scene.refused(older, INCORRECT_CODE, "an unused code before the spent one", exactly=MUST)
        await clock.freeze(start + 2 * length)
        scene.control(await scene.verify_totp(app.id, scene.code(app)), VERIFY_TOTP, "a newer code")


@check("D2", Need.SEED)
async def callers_do_not_set_the_clock(trial: Trial) -> None:
    """Send Date headers of other times with codes and grants: they change nothing."""
    async with trial.scene("a Date header") as scene:
        user = await scene.totp_user()
        length = trial.server.limit("totp_step_seconds", 30)
        for shift in (-10, 10):
            date = formatdate(trial.server.clock.now() + shift * length, usegmt=True)
            headers = [("Date", date), ("X-Date", date), ("X-Timestamp", date)]
            exchange = await scene.verify_totp(user.id, scene.code(user, shift), headers=headers)
            scene.refused(exchange, INCORRECT_CODE, "a code for the time in the Date header", exactly=MUST)
        old = formatdate(0, usegmt=True)
        right = await scene.verify_totp(
            user.id, scene.code(user), grant_type=TIME_BASED, valid_for=1, headers=[("Date", old)]
        )
        grant = scene.control(right, VERIFY_TOTP, "the current code with an old Date header")
        await trial.sleep(1.3)
        late = await scene.verify_grant(user.id, grant, headers=[("Date", old)])
        scene.refused(late, GRANT_NOT_FOUND, "an expired grant with an old Date header", exactly=MUST)
        fresh = await scene.totp_grant()
        live = await scene.verify_grant(fresh.user_id, fresh.value, headers=[("Date", formatdate(2**33))])
        scene.control(live, VERIFY_GRANT, "a live grant with a Date header far ahead")


@check("D1", Need.SEED, Need.INBOX, Need.RESTART, alone=True)
async def restarts_revive_nothing(trial: Trial) -> None:
    """Spend a code, a grant and a challenge, lock a user, restart the server: dead and locked as before."""
    server = trial.server
    async with trial.scene("a restart") as scene:
        app, locked, fresh = [await scene.totp_user() for _ in range(3)]
        used = await scene.totp_grant(app)
        spent = scene.code(app)
        await scene.verify_grant(used.user_id, used.value)
        live = await scene.totp_grant(grant_type=TIME_BASED, valid_for=120)
        redeemed = await scene.challenge()
        await scene.sms_grant(redeemed)
        opened = await scene.challenge()
        await guess_until_locked(trial, lambda: scene.verify_totp(locked.id, scene.wrong_code(locked)))
        await server.restart()
        if (await scene.lookup(app.id)).status == 404:
            raise NotExercised("the server keeps no state: its users are gone after the restart")
        again = await scene.verify_totp(app.id, spent)
        scene.refused(again, INCORRECT_CODE, "a spent code after a restart", exactly=MUST)
        again = await scene.verify_grant(used.user_id, used.value)
        scene.refused(again, GRANT_NOT_FOUND, "a spent grant after a restart", exactly=MUST)
        again = await scene.verify_sms(redeemed.user.id, redeemed.id, redeemed.code)
        scene.refused(again, CHALLENGE_NOT_FOUND, "a redeemed challenge after a restart", exactly=MUST)
        right = await scene.verify_totp(locked.id, scene.code(locked))
        scene.refused(right, RATE_LIMITED, "a locked user's right code after a restart", exactly=MUST)
        alive = await scene.verify_grant(live.user_id, live.value)
        scene.control(alive, VERIFY_GRANT, "a live grant after a restart")
        exchange = await scene.verify_sms(opened.user.id, opened.id, opened.code)
        scene.control(exchange, VERIFY_SMS, "an open challenge after a restart")
        scene.control(await scene.verify_totp(fresh.id, scene.code(fresh)), VERIFY_TOTP, "a fresh code")


@check("D1", Need.SEED, Need.RESTART, Need.CLOCK, alone=True)
async def restarts_lengthen_no_life(trial: Trial) -> None:
    """Restart the server in the middle of a grant's life: the grant dies when it would have died."""
    async with trial.scene("a restart within a life") as scene:
        grants = [await scene.totp_grant(grant_type=kind, valid_for=60) for kind in GRANT_TYPES]
        issued = trial.server.clock.now()
        await trial.server.restart()
        if (await scene.lookup(grants[0].user_id)).status == 404:
            raise NotExercised("the server keeps no state: its users are gone after the restart")
        await trial.server.clock.freeze(issued + 50)
        alive = await scene.verify_grant(grants[1].user_id, grants[1].value)
        scene.control(alive, VERIFY_GRANT, "a grant within its life after a restart")
        await trial.server.clock.freeze(issued + 61)
        for grant in grants:
            exchange = await scene.verify_grant(grant.user_id, grant.value)
            scene.refused(exchange, GRANT_NOT_FOUND, "a grant after its life and a restart", exactly=MUST)


@check("D1", Need.SEED, Need.RESTART, alone=True)
async def no_two_successes_around_a_restart(trial: Trial) -> None:
    """Verify one-time grants while the server is restarted, and after it: never two successes of
    one grant.
    """
    for delay in (0.0, 0.05, 0.2):
        async with trial.scene("one-time grants around a restart") as scene:
            grants = [await scene.totp_grant() for _ in range(8)]
            requests = [
                scene.request(VERIFY_GRANT, grant_body(grant.user_id, grant.value, grant.action))
                for grant in grants
            ]
            restart = asyncio.create_task(trial.server.restart())
            await trial.sleep(delay)
            try:
                first = await scene.at_once(requests)
            except Unreachable:
                first = []
            await restart
            if (await scene.lookup(grants[0].user_id)).status == 404:
                raise NotExercised("the server keeps no state: its users are gone after the restart")
            after = await scene.at_once(requests)
            for before, exchange in zip(first, after, strict=False):
                both = before.status == exchange.status == 200
                scene.expect(exchange, not both, "one success at most", "a one-time grant around a restart")
            if not first:
                again = await scene.at_once(requests)
                for exchange in again:
                    scene.refused(exchange, GRANT_NOT_FOUND, "a one-time grant again", exactly=MUST)
