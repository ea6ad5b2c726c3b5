"""Group S, continued: how often a challenge may be tried, and how often a phone may be written to."""

from typing import Any

from stepup_contract.checks import check
from stepup_contract.scenario.finding import MUST, SHOULD
from stepup_contract.scenario.scene import Scene
from stepup_contract.scenario.trial import Trial
from stepup_contract.server.connect import Need
from stepup_contract.server.named import MOST_SENDS
from stepup_contract.server.operations import (
    CHALLENGE_NOT_FOUND,
    INCORRECT_SMS_CODE,
    RATE_LIMITED,
    SEND_SMS,
    VERIFY_SMS,
)
from stepup_contract.server.people import Challenge

# The floor of S7: no challenge takes more wrong codes than this.
MOST_TRIES = 10


@check("S7", Need.SEED, Need.INBOX, Need.LIMITS, alone=True)
async def challenges_die_of_wrong_codes(trial: Trial) -> None:
    """Lift the user's lock out of the way and try wrong codes: just so many, then the right one is refused
    too.
    """
    tries = trial.server.limit("challenge_max_attempts", 5)
    await trial.set_limits(max_wrong_codes=1000)
    async with trial.scene(f"{tries} wrong codes") as scene:
        challenge = await scene.challenge()
        for turn in range(tries):
            wrong = await scene.verify_sms(challenge.user.id, challenge.id, scene.wrong_sms_code(challenge))
            other = 400 <= wrong.status < 500 and wrong.status != 401
            scene.expect(wrong, other, "a 4xx other than 401", f"wrong code {turn + 1}")
            scene.refused(wrong, INCORRECT_SMS_CODE, f"wrong code {turn + 1}")
        right = await scene.verify_sms(challenge.user.id, challenge.id, challenge.code)
        scene.refused(right, CHALLENGE_NOT_FOUND, "the right code", exactly=MUST)
        await scene.sms_grant(await scene.challenge(challenge.user))
    async with trial.scene(f"{tries - 1} wrong codes") as scene:
        challenge = await scene.challenge()
        for _ in range(tries - 1):
            await scene.verify_sms(challenge.user.id, challenge.id, scene.wrong_sms_code(challenge))
        right = await scene.verify_sms(challenge.user.id, challenge.id, challenge.code)
        scene.expect(right, right.status == 200, "200", "the right code", SHOULD)


@check("S7", Need.SEED, Need.INBOX)
async def wrong_codes_add_up_in_a_challenge(trial: Trial) -> None:
    """Spread wrong codes for one challenge between successes of the user: it dies all the same, by ten at the
    latest.
    """
    async with trial.scene("wrong codes between successes") as scene:
        pool = trial.server.pool
        user = await scene.phone_user(*[None] * (12 if pool is None else 2))
        challenge = await scene.challenge(user, user.phones[0])
        most = trial.server.limit("challenge_max_attempts", MOST_TRIES)
        sent = 0
        for phone in user.phones[1:] if pool is None else user.phones[1:2] * MOST_SENDS:
            for _ in range(min(trial.wrong_codes, 2 if pool is None else 3)):
                if sent < most:
                    wrong = await scene.verify_sms(user.id, challenge.id, scene.wrong_sms_code(challenge))
                    other = 400 <= wrong.status < 500 and wrong.status != 401
                    scene.expect(wrong, other, "a 4xx other than 401", f"wrong code {sent + 1}")
                    sent += 1
            if sent == most:
                break
            # A success clears the user's own count (R3), so that no lock answers for the challenge.
            await scene.sms_grant(await scene.challenge(user, phone))
        right = await scene.verify_sms(user.id, challenge.id, challenge.code)
        what = f"the right code after {sent} wrong ones"
        scene.refused(right, CHALLENGE_NOT_FOUND, what, exactly=MUST)
        await scene.sms_grant(await scene.challenge(user, user.phones[-1]))


@check("S8", Need.SEED, Need.INBOX, Need.MAKE)
async def challenges_give_no_new_guesses(trial: Trial) -> None:
    """Open a new challenge before each one dies: the user's wrong codes add up over all of them."""

    async def story(scene: Scene, phones: int) -> None:
        cap = trial.server.limit("max_wrong_codes", 100)
        per_challenge = max(1, min(4, trial.server.limit("challenge_max_attempts", 5) - 1))
        user = await scene.phone_user(*[None] * phones)
        challenge: Challenge | None = None
        judged = 0
        while judged <= cap:
            if judged % per_challenge == 0:
                phone = user.phones[(judged // per_challenge) % phones]
                sent = await scene.send_sms(user.id, phone.id)
                if sent.status == 429:
                    break
                messages = await scene.messages(challenge_id=str(sent.member("challenge_id")))
                if not messages:
                    scene.expect(sent, False, "a message for each 200", "a new challenge")
                    return
                challenge = Challenge(messages[0].challenge_id, user, phone, "", messages[0].code)
            assert challenge is not None
            exchange = await scene.verify_sms(user.id, challenge.id, scene.wrong_sms_code(challenge))
            if exchange.status == 429:
                break
            judged += 1
        last = scene.sequence[-1]
        scene.expect(last, last.status == 429, f"429 after {cap} wrong codes", f"{judged} wrong codes judged")
        scene.expect(last, judged <= cap, f"at most {cap} wrong codes judged", got=str(judged))
        if challenge is not None and last.request.operation == VERIFY_SMS.id:
            right = await scene.verify_sms(user.id, challenge.id, challenge.code)
            scene.refused(right, RATE_LIMITED, "the right code of the newest challenge", exactly=MUST)
        other = await scene.challenge()
        right = await scene.verify_sms(other.user.id, other.id, other.code)
        scene.control(right, VERIFY_SMS, "another user's challenge")

    await trial.each(story, [("challenges on one phone", 1), ("challenges on many phones", 10)])


@check("S9", Need.SEED, Need.INBOX)
async def sends_are_limited(trial: Trial) -> None:
    """Send to one phone until 429: the limit holds, what is refused is not sent, other phones and users are
    served.
    """

    async def story(scene: Scene, vary: bool) -> None:
        cap = trial.server.limit("max_sends", 30)
        user = await scene.phone_user(None, None)
        phone = user.phones[0]
        sent = 0
        for turn in range(cap + 3):
            terms: dict[str, Any] = {"action": f"ACTION_{turn}", "valid_for": 60 + turn} if vary else {}
            user_id = user.id.upper() if vary and turn % 2 else user.id
            exchange = await scene.send_sms(user_id, phone.id, **terms)
            sent += exchange.status == 200
            if turn >= cap:
                what = f"send {turn + 1}"
                scene.expect(exchange, RATE_LIMITED.matches(exchange), str(RATE_LIMITED), what, SHOULD)
            else:
                scene.expect(exchange, exchange.status == 200, "200", f"send {turn + 1} of {cap}", SHOULD)
        delivered = len(await scene.messages(phone_number=phone.number))
        wanted = f"{sent} messages for {sent} answers 200"
        scene.expect(scene.sequence[-1], delivered == sent, wanted, got=f"{delivered} messages")
        scene.control(await scene.send_sms(user.id, user.phones[1].id), SEND_SMS, "the other phone", SHOULD)
        other = await scene.phone_user(phone.number)
        scene.control(await scene.send_sms(other.id, other.phones[0].id), SEND_SMS, "another user", SHOULD)

    await trial.each(story, [("the same request", False), ("other actions and spellings", True)])


@check("S9", Need.SEED, Need.INBOX, Need.CLOCK, alone=True)
async def sends_are_limited_for_a_while(trial: Trial) -> None:
    """Use up the sends of a phone and move the clock: refused to the end of the window, then served again."""
    clock = trial.server.clock
    cap, window = trial.server.limit("max_sends", 5), trial.server.limit("send_window_seconds", 600)
    async with trial.scene(f"a window of {window} s") as scene:
        start = int(clock.now())
        await clock.freeze(start)
        user = await scene.phone_user()
        phone = user.phones[0]
        for _ in range(cap):
            await scene.challenge(user)
        await clock.freeze(start + window - 1)
        exchange = await scene.send_sms(user.id, phone.id)
        scene.refused(exchange, RATE_LIMITED, "one second before the window ends")
        await clock.freeze(start + window + 1)
        exchange = await scene.send_sms(user.id, phone.id)
        scene.control(exchange, SEND_SMS, "after the window", SHOULD)
        sent = len(await scene.messages(phone_number=phone.number))
        scene.expect(exchange, sent == cap + 1, f"{cap + 1} messages in all", got=f"{sent} messages")
