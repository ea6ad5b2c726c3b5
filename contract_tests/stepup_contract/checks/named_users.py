"""Rules whose other checks create users for the purpose, checked with users that somebody created and named
to the run.

Each replaces checks that find more, and runs only where users cannot be created.
"""

import uuid

from stepup_contract.checks import check
from stepup_contract.checks.enrolment import check_phones, check_totp_lookup
from stepup_contract.checks.sms import CODE_FORM
from stepup_contract.checks.totp_window import spellings
from stepup_contract.scenario.check_run import CheckRun
from stepup_contract.scenario.finding import SHOULD
from stepup_contract.scenario.judged import JudgedSession
from stepup_contract.server.connect import Need
from stepup_contract.server.leaks import code_in, number_in
from stepup_contract.server.named import MOST_WRONG
from stepup_contract.server.operations import (
    CHALLENGE_NOT_FOUND,
    GRANT_TYPES,
    INCORRECT_CODE,
    INCORRECT_SMS_CODE,
    SEND_SMS,
    VERIFY_SMS,
    VERIFY_TOTP,
)


@check("T1", Need.SEED, unless=Need.MAKE)
async def a_named_users_code_is_accepted(run: CheckRun) -> None:
    """Send the current code of a named user for each type of grant, and one with a zero too few where it
    begins with one.
    """

    async def steps(session: JudgedSession, grant_type: str) -> None:
        user = await session.totp_user()
        code = session.code(user)
        if code.startswith("0"):
            stripped = await session.verify_totp(user.id, code.lstrip("0"))
            session.rejected(stripped, INCORRECT_CODE, "the code without its zeros")
        exchange = await session.verify_totp(user.id, code, grant_type=grant_type)
        session.succeeded(exchange, VERIFY_TOTP, "the current code")

    await run.each(steps, [(grant_type, grant_type) for grant_type in GRANT_TYPES])


@check("E1", Need.SEED, unless=Need.MAKE)
async def a_named_totp_user_is_told(run: CheckRun) -> None:
    """Look up a named user with an app and search all of the response for the secret and the codes."""
    async with run.session("a user with an app") as session:
        user = await session.totp_user(codes=False)
        await check_totp_lookup(session, user)


@check("E2", Need.SEED, unless=Need.MAKE)
async def a_named_users_phones_are_listed(run: CheckRun) -> None:
    """Look up a named user with phones twice: just these phones, without their full numbers."""
    async with run.session("a user with phones") as session:
        user = await session.phone_user()
        exchange = await session.lookup(user.id)
        check_phones(session, exchange, user)
        again = await session.lookup(user.id)
        session.expect(again, again.document == exchange.document, "the same response", "the second lookup")


@check("E3", Need.SEED, unless=Need.MAKE)
async def a_named_user_without_mfa_is_told(run: CheckRun) -> None:
    """Look up a named user without MFA."""
    async with run.session("a user without MFA") as session:
        exchange = await session.lookup(await session.plain_user())
        null = exchange.status == 200 and exchange.member("mfa_setup") is None
        session.expect(exchange, null, '200 {"mfa_setup": null}')
        exact = exchange.document == {"mfa_setup": None}
        session.expect(exchange, exact or not null, 'just {"mfa_setup": null}', "", SHOULD)


@check("S1", Need.SEED, Need.INBOX, unless=Need.MAKE)
async def a_send_tells_nothing_but_its_challenge(run: CheckRun) -> None:
    """Send twice to a named user: each message has a code of six characters that verifies its own challenge,
    and the response has neither code nor number.
    """
    async with run.session("two sends") as session:
        user = await session.phone_user()
        phone = user.phones[0]
        for which in ("the first send", "the second send"):
            exchange = await session.send_sms(user.id, phone.id)
            challenge_id = session.succeeded(exchange, SEND_SMS, which)
            exact = isinstance(exchange.document, dict) and set(exchange.document) == {"challenge_id"}
            session.expect(exchange, exact, "a response with `challenge_id` only", which, SHOULD)
            leaked = number_in(exchange.everything, phone.number)
            session.expect(exchange, not leaked, "no phone number in the response", which)
            messages = await session.messages(challenge_id=challenge_id)
            if not session.expect(exchange, bool(messages), "a message for the challenge", which, got="none"):
                return
            code = messages[0].code
            six = CODE_FORM.fullmatch(code) is not None
            expected = "a code of six digits or letters"
            session.expect(exchange, six, expected, which, got=f"{len(code)} characters")
            session.expect(exchange, not code_in(exchange.everything, code), "no code in the response", which)
            right = await session.verify_sms(user.id, challenge_id, code)
            session.control(right, VERIFY_SMS, f"the code of {which}")
        run.reasons.append("how many messages were sent, and where, shows only in the control API's inbox")


@check("T6", Need.SEED, unless=Need.MAKE)
async def spellings_of_a_named_users_code(run: CheckRun) -> None:
    """Use codes, and send each again in a few other spellings: rejected, and the next code is valid."""
    names = list(spellings("123456"))
    for at in range(0, len(names), MOST_WRONG):
        group = names[at : at + MOST_WRONG]
        async with run.session(f"a code {', '.join(group)}") as session:
            user = await session.totp_user()
            code = session.code(user)
            session.prepared(await session.verify_totp(user.id, code), "T1", "step_up_grant")
            for how in group:
                again = await session.verify_totp(user.id, spellings(code)[how])
                rejected = 400 <= again.status < 500 and again.status != 429
                session.expect(again, rejected, "4xx for a used code", how)
            await session.totp_grant(user)


@check("S5", Need.SEED, Need.INBOX, unless=Need.MAKE)
async def named_users_challenges_are_their_own(run: CheckRun) -> None:
    """Open two challenges each for two named users and send every wrong pairing: rejected; then the right
    ones.
    """
    async with run.session("two users with two challenges each") as session:
        user, other = await session.phone_user(), await session.phone_user()
        first, second = [
            await session.challenge(user, user.phones[turn % len(user.phones)]) for turn in (0, 1)
        ]
        theirs = await session.challenge(other)
        if len({first.code, second.code, theirs.code}) < 3:
            run.reasons.append("two challenges have the same code")
            return
        pairings = {
            "another user's challenge and code": (other.id, first.id, first.code, CHALLENGE_NOT_FOUND),
            "another user's challenge, an own code": (other.id, first.id, theirs.code, CHALLENGE_NOT_FOUND),
            "the code of the user's other challenge": (user.id, first.id, second.code, INCORRECT_SMS_CODE),
            "the code of another user's challenge": (user.id, first.id, theirs.code, INCORRECT_SMS_CODE),
            "an unknown user": (str(uuid.uuid4()), first.id, first.code, CHALLENGE_NOT_FOUND),
            "an unknown challenge": (user.id, str(uuid.uuid4()), first.code, CHALLENGE_NOT_FOUND),
            "the phone as the challenge": (user.id, first.phone.id, first.code, CHALLENGE_NOT_FOUND),
        }
        for what, (user_id, challenge_id, code, rejection) in pairings.items():
            exchange = await session.verify_sms(user_id, challenge_id, code)
            session.rejected(exchange, rejection, what)
            if exchange.status == 200:
                return
        for challenge in (first, second, theirs):
            right = await session.verify_sms(challenge.user.id, challenge.id, challenge.code)
            session.control(right, VERIFY_SMS, "a right pairing after wrong ones", SHOULD)
