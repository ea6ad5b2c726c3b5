"""Group D: what is dead stays dead when the clock is set back."""

from email.utils import formatdate

from stepup_contract.checks import check
from stepup_contract.finding import MUST
from stepup_contract.operations import (
    CHALLENGE_NOT_FOUND,
    GRANT_NOT_FOUND,
    GRANT_TYPES,
    INCORRECT_CODE,
    TIME_BASED,
    VERIFY_GRANT,
    VERIFY_TOTP,
)
from stepup_contract.server import Need
from stepup_contract.trial import Trial


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
