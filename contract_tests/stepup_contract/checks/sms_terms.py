"""Group S, continued: whose phones are written to, what a challenge's grant is for, and how long a challenge
lifetimes.
"""

import uuid

from stepup_contract.checks import check
from stepup_contract.scenario.check_run import CheckRun
from stepup_contract.scenario.finding import MUST, SHOULD
from stepup_contract.scenario.judged import JudgedSession
from stepup_contract.server.connect import Need
from stepup_contract.server.operations import (
    CHALLENGE_NOT_FOUND,
    GRANT_NOT_FOUND,
    GRANT_TYPES,
    MFA_NOT_ENABLED,
    ONE_TIME_USE,
    PHONE_NOT_FOUND,
    SEND_SMS,
    TIME_BASED,
    USER_NOT_FOUND,
    VERIFY_GRANT,
    VERIFY_SMS,
    verify_sms_body,
)


@check("S2", Need.SEED, Need.INBOX)
async def only_the_users_phones(run: CheckRun) -> None:
    """Send to phones that are unknown, another user's or removed: rejected, nothing sent; then to the user's
    own.
    """
    async with run.session() as session:
        user, other = await session.phone_user(), await session.phone_user()
        removed = user.phones[0]
        user = await session.phone_user(user_id=user.id)
        gone = await session.phone_user()
        await session.delete_user(gone.id)
        rejected = []
        phones = {
            "an unknown phone": str(uuid.uuid4()),
            "another user's phone": other.phones[0].id,
            "a removed phone": removed.id,
            "a deleted user's phone": gone.phones[0].id,
            "the user's id as the phone": user.id,
        }
        for label, phone_id in phones.items():
            exchange = await session.send_sms(user.id, phone_id)
            session.rejected(exchange, PHONE_NOT_FOUND, label)
            rejected.append((label, exchange))
        session.same(rejected, "no hint about whose a phone is", SHOULD)
        for label, phone in (("the other user", other.phones[0]), ("the removed phone", removed)):
            sent = len(await session.messages(phone_number=phone.number))
            session.expect(rejected[-1][1], sent == 0, f"no message to {label}", got=f"{sent} messages")
        own = user.phones[0]
        sent = len(await session.messages(phone_number=own.number))
        session.expect(rejected[-1][1], sent == 0, "no message to the user", got=f"{sent} messages")
        for one in (user, other):
            right = await session.send_sms(one.id, one.phones[0].id)
            session.control(right, SEND_SMS, "a user's own phone")


@check("S2", Need.SEED, Need.INBOX)
async def only_users_with_phones(run: CheckRun) -> None:
    """Ask to send for users with an app, without MFA, unknown and deleted, naming a real phone: nothing is
    sent.
    """
    async with run.session() as session:
        owner, gone = await session.phone_user(), await session.phone_user()
        await session.delete_user(gone.id)
        phone = owner.phones[0]
        cases = {
            "a user with an app": ((await session.totp_user()).id, MFA_NOT_ENABLED),
            "a user without MFA": (await session.plain_user(), MFA_NOT_ENABLED),
            "an unknown user": (str(uuid.uuid4()), USER_NOT_FOUND),
            "a deleted user": (gone.id, USER_NOT_FOUND),
        }
        for label, (user_id, rejection) in cases.items():
            exchange = await session.send_sms(user_id, phone.id)
            session.rejected(exchange, rejection, label)
            sent = len(await session.messages(phone_number=phone.number))
            session.expect(
                exchange, sent == 0, "no message to the phone's owner", label, got=f"{sent} messages"
            )
        session.control(await session.send_sms(owner.id, phone.id), SEND_SMS, "the phone's owner")


@check("S3", Need.SEED, Need.INBOX)
async def terms_are_those_of_the_send(run: CheckRun) -> None:
    """Send for one action, type and lifetime, name others when verifying: the grant is as it was sent for."""

    async def steps(session: JudgedSession, grant_type: str, extra: dict[str, object]) -> None:
        challenge = await session.challenge(action="SENT_FOR", grant_type=grant_type)
        body = verify_sms_body(challenge.user.id, challenge.id, challenge.code) | extra
        exchange = await session.send(VERIFY_SMS, body)
        grant = session.succeeded(exchange, VERIFY_SMS, "the right code")
        user_id = challenge.user.id
        other = await session.verify_grant(user_id, grant, "NAMED_LATER")
        session.rejected(other, GRANT_NOT_FOUND, "the action named when verifying")
        first = await session.verify_grant(user_id, grant, "SENT_FOR")
        session.succeeded(first, VERIFY_GRANT, "the action of the send")
        again = await session.verify_grant(user_id, grant, "SENT_FOR")
        if grant_type == TIME_BASED:
            session.succeeded(again, VERIFY_GRANT, "a second use of a time-based grant")
        else:
            session.rejected(again, GRANT_NOT_FOUND, "a second use of a one-time grant")

    def named(grant_type: str) -> dict[str, object]:
        other = ONE_TIME_USE if grant_type == TIME_BASED else TIME_BASED
        return {"action_type": "NAMED_LATER", "grant_type": other, "valid_for_seconds": 1}

    cases = [(f"{grant_type}, with other terms", grant_type, named(grant_type)) for grant_type in GRANT_TYPES]
    cases += [(f"{grant_type}, with no terms", grant_type, {}) for grant_type in GRANT_TYPES]
    await run.each(steps, cases)


@check("S3", Need.SEED, Need.INBOX)
async def terms_are_each_challenges_own(run: CheckRun) -> None:
    """Open three challenges of a user on different terms and verify them in another order: each keeps its
    own.
    """
    async with run.session("three challenges of one user") as session:
        user = await session.phone_user(None, None, None)
        challenges = [
            await session.challenge(user, phone, action=action, grant_type=grant_type)
            for phone, action, grant_type in zip(
                user.phones, ("FIRST", "SECOND", "THIRD"), (TIME_BASED, ONE_TIME_USE, TIME_BASED), strict=True
            )
        ]
        actions = [challenge.action for challenge in challenges]
        for index in (1, 2, 0):
            grant = await session.sms_grant(challenges[index])
            for action in actions:
                exchange = await session.verify_grant(user.id, grant.value, action)
                if action == grant.action:
                    session.succeeded(exchange, VERIFY_GRANT, f"a grant for {action}")
                else:
                    what = f"a grant for {grant.action} with {action}"
                    session.rejected(exchange, GRANT_NOT_FOUND, what)
            again = await session.verify_grant(user.id, grant.value, grant.action)
            if index == 1:
                session.rejected(again, GRANT_NOT_FOUND, "the one-time grant again")
            elif index == 2:
                session.succeeded(again, VERIFY_GRANT, "the time-based grant again")


@check("S3", Need.SEED, Need.INBOX, Need.CLOCK, alone=True)
async def lifetime_starts_at_verification(run: CheckRun) -> None:
    """Verify challenges a minute after sending: the lifetime of the grant starts then, and ends on time."""
    clock = run.server.clock
    async with run.session("verified 50 s after the send, a lifetime of 60 s") as session:
        await clock.freeze(int(clock.now()))
        challenges = [
            await session.challenge(grant_type=grant_type, valid_for=60) for grant_type in GRANT_TYPES * 2
        ]
        await clock.advance(50)
        grants = [await session.sms_grant(challenge) for challenge in challenges]
        await clock.advance(59)
        for grant in grants[:2]:
            exchange = await session.verify_grant(grant.user_id, grant.value)
            session.expect(exchange, exchange.status == 200, "200", "59 s after verifying", SHOULD)
        await clock.advance(1)
        for grant in grants[2:]:
            exchange = await session.verify_grant(grant.user_id, grant.value)
            session.rejected(exchange, GRANT_NOT_FOUND, "60 s after verifying", exactly=SHOULD)


@check("S6", Need.SEED, Need.INBOX, Need.CLOCK, alone=True)
async def challenges_expire(run: CheckRun) -> None:
    """Verify challenges one second before their end, at it, and after ten minutes, with other
    sends between.
    """
    clock = run.server.clock
    lifetime = run.server.limit("challenge_ttl_seconds", 600)
    async with run.session(f"a challenge's lifetime of {lifetime} s") as session:
        start = int(clock.now())
        await clock.freeze(start)
        early, late, tried, ancient = [await session.challenge() for _ in range(4)]
        resent = await session.challenge()
        for moment in sorted({lifetime // 2, lifetime - 1, lifetime, lifetime + 1, max(lifetime + 2, 601)}):
            await clock.freeze(start + moment)
            if moment == lifetime // 2:
                younger = await session.challenge(resent.user)
                await session.verify_sms(tried.user.id, tried.id, session.wrong_sms_code(tried))
            if moment == lifetime - 1:
                exchange = await session.verify_sms(early.user.id, early.id, early.code)
                session.succeeded(exchange, VERIFY_SMS, "one second before its end")
            if moment == lifetime:
                for challenge, what in (
                    (late, ""),
                    (tried, " after a wrong try"),
                    (resent, " after another send"),
                ):
                    exchange = await session.verify_sms(challenge.user.id, challenge.id, challenge.code)
                    session.rejected(exchange, CHALLENGE_NOT_FOUND, f"at its end{what}")
                exchange = await session.verify_sms(younger.user.id, younger.id, younger.code)
                session.control(exchange, VERIFY_SMS, "a younger challenge of the user")
        exchange = await session.verify_sms(ancient.user.id, ancient.id, ancient.code)
        session.rejected(exchange, CHALLENGE_NOT_FOUND, "more than ten minutes after sending", exactly=MUST)
        await session.sms_grant()
