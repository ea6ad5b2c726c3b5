"""Group S, continued: how often a challenge may be tried, and how often a phone may be written to."""

from typing import Any

from stepup_contract.checks import check
from stepup_contract.scenario.check_run import CheckRun
from stepup_contract.scenario.finding import MUST, SHOULD
from stepup_contract.scenario.judged import JudgedSession
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
async def challenges_end_after_wrong_codes(run: CheckRun) -> None:
    """Lift the user's lock out of the way and try wrong codes: just so many, then the right one is rejected
    too.
    """
    tries = run.server.limit("challenge_max_attempts", 5)
    await run.set_limits(max_wrong_codes=1000)
    async with run.session(f"{tries} wrong codes") as session:
        challenge = await session.challenge()
        for turn in range(tries):
            wrong = await session.verify_sms(
                challenge.user.id, challenge.id, session.wrong_sms_code(challenge)
            )
            other = 400 <= wrong.status < 500 and wrong.status != 401
            session.expect(wrong, other, "a 4xx other than 401", f"wrong code {turn + 1}")
            session.rejected(wrong, INCORRECT_SMS_CODE, f"wrong code {turn + 1}")
        right = await session.verify_sms(challenge.user.id, challenge.id, challenge.code)
        session.rejected(right, CHALLENGE_NOT_FOUND, "the right code", exactly=MUST)
        await session.sms_grant(await session.challenge(challenge.user))
    async with run.session(f"{tries - 1} wrong codes") as session:
        challenge = await session.challenge()
        for _ in range(tries - 1):
            await session.verify_sms(challenge.user.id, challenge.id, session.wrong_sms_code(challenge))
        right = await session.verify_sms(challenge.user.id, challenge.id, challenge.code)
        session.expect(right, right.status == 200, "200", "the right code", SHOULD)


@check("S7", Need.SEED, Need.INBOX)
async def wrong_codes_add_up_in_a_challenge(run: CheckRun) -> None:
    """Spread wrong codes for one challenge between successes of the user: it becomes invalid all the same,
    after ten at the latest.
    """
    async with run.session("wrong codes between successes") as session:
        pool = run.server.pool
        user = await session.phone_user(*[None] * (12 if pool is None else 2))
        challenge = await session.challenge(user, user.phones[0])
        most = run.server.limit("challenge_max_attempts", MOST_TRIES)
        sent = 0
        for phone in user.phones[1:] if pool is None else user.phones[1:2] * MOST_SENDS:
            for _ in range(min(run.wrong_codes, 2 if pool is None else 3)):
                if sent < most:
                    wrong = await session.verify_sms(user.id, challenge.id, session.wrong_sms_code(challenge))
                    other = 400 <= wrong.status < 500 and wrong.status != 401
                    session.expect(wrong, other, "a 4xx other than 401", f"wrong code {sent + 1}")
                    sent += 1
            if sent == most:
                break
            # A success clears the user's own count (R3), so that no lock hides what the challenge does.
            await session.sms_grant(await session.challenge(user, phone))
        right = await session.verify_sms(user.id, challenge.id, challenge.code)
        what = f"the right code after {sent} wrong ones"
        session.rejected(right, CHALLENGE_NOT_FOUND, what, exactly=MUST)
        await session.sms_grant(await session.challenge(user, user.phones[-1]))


@check("S8", Need.SEED, Need.INBOX, Need.MAKE)
async def challenges_give_no_new_guesses(run: CheckRun, *, wrong_codes: int) -> None:
    """Open a new challenge before the last becomes invalid: their wrong codes add up."""

    async def steps(session: JudgedSession, phones: int) -> None:
        cap = run.server.limit("max_wrong_codes", 100)
        per_challenge = max(1, min(wrong_codes, run.server.limit("challenge_max_attempts", 5) - 1))
        user = await session.phone_user(*[None] * phones)
        challenge: Challenge | None = None
        evaluated = 0
        while evaluated <= cap:
            if evaluated % per_challenge == 0:
                phone = user.phones[(evaluated // per_challenge) % phones]
                sent = await session.send_sms(user.id, phone.id)
                if sent.status == 429:
                    break
                messages = await session.messages(challenge_id=str(sent.member("challenge_id")))
                if not messages:
                    session.expect(sent, False, "a message for each 200", "a new challenge")
                    return
                challenge = Challenge(messages[0].challenge_id, user, phone, "", messages[0].code)
            assert challenge is not None
            exchange = await session.verify_sms(user.id, challenge.id, session.wrong_sms_code(challenge))
            if exchange.status == 429:
                break
            evaluated += 1
        last = session.sequence[-1]
        session.expect(
            last, last.status == 429, f"429 after {cap} wrong codes", f"{evaluated} wrong codes evaluated"
        )
        session.expect(last, evaluated <= cap, f"at most {cap} wrong codes evaluated", got=str(evaluated))
        if challenge is not None and last.request.operation == VERIFY_SMS.id:
            right = await session.verify_sms(user.id, challenge.id, challenge.code)
            session.rejected(right, RATE_LIMITED, "the right code of the newest challenge", exactly=MUST)
        other = await session.challenge()
        right = await session.verify_sms(other.user.id, other.id, other.code)
        session.control(right, VERIFY_SMS, "another user's challenge")

    await run.each(steps, [("challenges on one phone", 1), ("challenges on many phones", 10)])


@check("S9", Need.SEED, Need.INBOX)
async def sends_are_limited(run: CheckRun, *, sends: int, more: int) -> None:
    """Send to one phone until 429: the limit holds, what is rejected is not sent, other phones and users are
    served.
    """

    async def steps(session: JudgedSession, vary: bool) -> None:
        cap = run.server.limit("max_sends", sends)
        user = await session.phone_user(None, None)
        phone = user.phones[0]
        sent = 0
        for turn in range(cap + more):
            terms: dict[str, Any] = {"action": f"ACTION_{turn}", "valid_for": 60 + turn} if vary else {}
            user_id = user.id.upper() if vary and turn % 2 else user.id
            exchange = await session.send_sms(user_id, phone.id, **terms)
            sent += exchange.status == 200
            if turn >= cap:
                what = f"send {turn + 1}"
                session.expect(exchange, RATE_LIMITED.matches(exchange), str(RATE_LIMITED), what, SHOULD)
            else:
                session.expect(exchange, exchange.status == 200, "200", f"send {turn + 1} of {cap}", SHOULD)
        delivered = len(await session.messages(phone_number=phone.number))
        expected = f"{sent} messages for {sent} responses with 200"
        session.expect(session.sequence[-1], delivered == sent, expected, got=f"{delivered} messages")
        session.control(
            await session.send_sms(user.id, user.phones[1].id), SEND_SMS, "the other phone", SHOULD
        )
        other = await session.phone_user(phone.number)
        session.control(
            await session.send_sms(other.id, other.phones[0].id), SEND_SMS, "another user", SHOULD
        )

    await run.each(steps, [("the same request", False), ("other actions and spellings", True)])


@check("S9", Need.SEED, Need.INBOX, Need.CLOCK, alone=True)
async def sends_are_limited_for_a_while(run: CheckRun) -> None:
    """Use up the sends of a phone and move the clock: rejected until the window ends, then served again."""
    clock = run.server.clock
    cap, window = run.server.limit("max_sends", 5), run.server.limit("send_window_seconds", 600)
    async with run.session(f"a window of {window} s") as session:
        start = int(clock.now())
        await clock.freeze(start)
        user = await session.phone_user()
        phone = user.phones[0]
        for _ in range(cap):
            await session.challenge(user)
        await clock.freeze(start + window - 1)
        exchange = await session.send_sms(user.id, phone.id)
        session.rejected(exchange, RATE_LIMITED, "one second before the window ends")
        await clock.freeze(start + window + 1)
        exchange = await session.send_sms(user.id, phone.id)
        session.control(exchange, SEND_SMS, "after the window", SHOULD)
        sent = len(await session.messages(phone_number=phone.number))
        session.expect(exchange, sent == cap + 1, f"{cap + 1} messages in all", got=f"{sent} messages")
