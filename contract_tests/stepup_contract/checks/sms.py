"""Group S: one message for one send, and a challenge that only its own user and its own code verify, once."""

import re
import uuid
from collections import Counter
from itertools import pairwise

from stepup_contract.checks import check
from stepup_contract.scenario.check_run import CheckRun
from stepup_contract.scenario.finding import SHOULD
from stepup_contract.scenario.judged import JudgedSession
from stepup_contract.server.connect import Need
from stepup_contract.server.leaks import code_in, number_in
from stepup_contract.server.operations import (
    CHALLENGE_NOT_FOUND,
    GRANT_TYPES,
    INCORRECT_SMS_CODE,
    SEND_SMS,
    VERIFY_SMS,
)
from stepup_contract.server.people import Challenge, Phone, PhoneUser
from stepup_contract.server.target import Exchange

CODE_FORM = re.compile(r"[0-9A-Za-z]{6}", re.ASCII)


async def check_send(session: JudgedSession, user: PhoneUser, phone: Phone, exchange: Exchange) -> str:
    """Check one send: one message, to that phone, with a code of six characters, which the response does not
    contain.
    """
    challenge_id = session.succeeded(exchange, SEND_SMS, "the send")
    messages = await session.messages(challenge_id=challenge_id)
    one = len(messages) == 1
    if not session.expect(exchange, one, "one message for the challenge", got=f"{len(messages)} messages"):
        return ""
    message = messages[0]
    told = (message.user_id, message.mfa_phone_id, message.phone_number)
    session.expect(
        exchange, told == (user.id, phone.id, phone.number), "the message sent to the chosen phone"
    )
    six = CODE_FORM.fullmatch(message.code) is not None
    session.expect(exchange, six, "a code of six digits or letters", got=f"{len(message.code)} characters")
    session.expect(exchange, not code_in(exchange.everything, message.code), "no code in the response")
    session.expect(
        exchange, not number_in(exchange.everything, phone.number), "no phone number in the response"
    )
    exact = isinstance(exchange.document, dict) and set(exchange.document) == {"challenge_id"}
    session.expect(exchange, exact, "a response with `challenge_id` only", "", SHOULD)
    return message.code


@check("S1", Need.SEED, Need.INBOX, Need.MAKE)
async def one_message_to_the_chosen_phone(run: CheckRun) -> None:
    """Send a code to each phone of users with one and with three phones: one message there, none
    elsewhere.
    """

    async def steps(session: JudgedSession, count: int, chosen: int, grant_type: str) -> None:
        user = await session.phone_user(*[None] * count)
        exchange = await session.send_sms(user.id, user.phones[chosen].id, grant_type=grant_type)
        await check_send(session, user, user.phones[chosen], exchange)
        for index, phone in enumerate(user.phones):
            got = len(await session.messages(phone_number=phone.number))
            expected = 1 if index == chosen else 0
            session.expect(
                exchange, got == expected, f"{expected} messages to phone {index + 1}", got=str(got)
            )

    cases = [
        (f"phone {chosen + 1} of {count}, {grant_type}", count, chosen, grant_type)
        for count in (1, 3)
        for chosen in range(count)
        for grant_type in GRANT_TYPES
    ]
    await run.each(steps, cases)


@check("S1", Need.SEED, Need.INBOX, Need.MAKE)
async def every_send_is_a_new_challenge(run: CheckRun) -> None:
    """Send twice to the same phone: two messages, two challenges, and each code is valid for its own."""
    async with run.session("two sends to one phone") as session:
        user = await session.phone_user()
        phone = user.phones[0]
        ids: list[str] = []
        for count in (1, 2):
            exchange = await session.send_sms(user.id, phone.id)
            await check_send(session, user, phone, exchange)
            ids.append(str(exchange.member("challenge_id")))
            got = len(await session.messages(phone_number=phone.number))
            session.expect(exchange, got == count, f"{count} messages in all", got=str(got))
        session.expect(exchange, ids[0] != ids[1], "another challenge for another send")


@check("S1", Need.SEED, Need.INBOX, Need.MAKE)
async def codes_cannot_be_predicted(run: CheckRun, *, sends: int) -> None:
    """Send many codes and compare them: no id twice, at most one code twice, every place of a code varied."""
    per_phone = max(1, min(4, run.server.limit("max_sends", 5)))
    delivered: list[tuple[str, str]] = []
    last: list[tuple[JudgedSession, Exchange]] = []

    async def steps(session: JudgedSession) -> None:
        user = await session.phone_user(*[None] * 5)
        for phone in user.phones:
            for _ in range(per_phone):
                exchange = await session.send_sms(user.id, phone.id)
                challenge_id = session.succeeded(exchange, SEND_SMS, "the send")
                for message in await session.messages(challenge_id=challenge_id):
                    delivered.append((challenge_id, message.code))
                last[:] = [(session, exchange)]

    await run.each(steps, [(f"user {user + 1}",) for user in range(sends // (5 * per_phone))])
    if len(delivered) < sends // 2:
        run.reasons.append(f"only {len(delivered)} of {sends} codes were sent")
        return
    session, exchange = last[0]
    session.label = f"{len(delivered)} sends"
    ids, codes = Counter(sent for sent, _ in delivered), Counter(code for _, code in delivered)
    session.expect(exchange, len(ids) == len(delivered), "a different id for each challenge")
    repeated = len(delivered) - len(codes)
    session.expect(exchange, repeated <= 1, "at most one code twice", got=f"{repeated} codes repeated")
    places = [len({code[place : place + 1] for code in codes}) for place in range(6)]
    session.expect(
        exchange,
        min(places) >= 7,
        "seven or more different characters in each place of the codes",
        got=", ".join(map(str, places)),
    )
    numbers = [int(code, 36) for _, code in delivered]
    gaps = Counter(after - before for before, after in pairwise(numbers))
    common = gaps.most_common(1)[0][1]
    session.expect(
        exchange, common <= len(delivered) // 10, "no regular distance between codes", got=str(common)
    )


@check("S1", Need.SEED, Need.INBOX, Need.CLOCK, alone=True)
async def codes_owe_nothing_to_the_clock(run: CheckRun) -> None:
    """Send codes to several phones in one frozen moment: all different, ids too."""
    async with run.session("sends in one frozen moment") as session:
        await run.server.clock.freeze(int(run.server.clock.now()))
        user = await session.phone_user(*[None] * 6)
        challenges = [await session.challenge(user, phone) for phone in user.phones]
        exchange = session.sequence[-1]
        different = len({challenge.code for challenge in challenges})
        session.expect(
            exchange, different >= 5, "a new code for each send", got=f"{different} different codes"
        )
        ids = len({challenge.id for challenge in challenges})
        session.expect(exchange, ids == len(challenges), "a different id for each challenge", got=str(ids))


@check("S4", Need.SEED, Need.INBOX)
async def verified_once(run: CheckRun) -> None:
    """Verify a challenge, then again with the right code in every way: rejected, and a new
    challenge is valid.
    """

    async def steps(session: JudgedSession, grant_type: str, twist: str) -> None:
        user = await session.phone_user()
        challenge = await session.challenge(user, grant_type=grant_type)
        await session.sms_grant(challenge)
        how = {"fresh": True} if twist == "connection" else {}
        if twist == "send":
            await session.challenge(user)
        spelt = user.id.upper() if twist == "upper" else user.id
        for turn in ("second", "third"):
            again = await session.verify_sms(spelt, challenge.id, challenge.code, **how)
            session.rejected(again, CHALLENGE_NOT_FOUND, f"the {turn} use of a verified challenge")
        await session.sms_grant(await session.challenge(user))

    twists = {
        "": "",
        ", on a new connection": "connection",
        ", after another send": "send",
        ", with the user id in upper case": "upper",
    }
    cases = [
        (f"{grant_type}{label}", grant_type, twist)
        for grant_type in GRANT_TYPES
        for label, twist in twists.items()
    ]
    await run.each(steps, cases)


@check("S4", Need.SEED, Need.INBOX)
async def redeemed_once_whatever_becomes_of_the_grant(run: CheckRun) -> None:
    """Use the grant of a verified challenge, then verify the challenge again: rejected."""
    async with run.session("after its grant was used") as session:
        challenge = await session.challenge()
        grant = await session.sms_grant(challenge)
        await session.verify_grant(grant.user_id, grant.value)
        again = await session.verify_sms(challenge.user.id, challenge.id, challenge.code)
        session.rejected(again, CHALLENGE_NOT_FOUND, "a verified challenge")
        await session.sms_grant(await session.challenge(challenge.user))


@check("S4", Need.SEED, Need.INBOX)
async def verifying_leaves_others_alone(run: CheckRun) -> None:
    """Verify one of two challenges of a user: the other's code does not reopen it, and the other is still
    valid.
    """
    async with run.session("two challenges of one user") as session:
        user = await session.phone_user(None, None)
        first = await session.challenge(user, user.phones[0])
        second = await session.challenge(user, user.phones[1])
        await session.sms_grant(first)
        again = await session.verify_sms(user.id, first.id, second.code)
        session.rejected(again, CHALLENGE_NOT_FOUND, "a verified challenge with another's code")
        if first.code != second.code:
            spent = await session.verify_sms(user.id, second.id, first.code)
            session.rejected(spent, INCORRECT_SMS_CODE, "a used code for the other challenge")
        right = await session.verify_sms(user.id, second.id, second.code)
        session.control(right, VERIFY_SMS, "the other challenge")


async def two_challenges_of_two_users(session: JudgedSession) -> tuple[list[Challenge], list[Challenge]]:
    """Return two challenges of each of two users, with four different codes."""
    pairs: list[list[Challenge]] = []
    codes: set[str] = set()
    for _ in range(2):
        user = await session.phone_user(None, None)
        pair: list[Challenge] = []
        for phone in user.phones:
            challenge = await session.challenge(user, phone)
            if challenge.code in codes:
                challenge = await session.challenge(user, phone)
            codes.add(challenge.code)
            pair.append(challenge)
        pairs.append(pair)
    return pairs[0], pairs[1]


@check("S5", Need.SEED, Need.INBOX, Need.MAKE)
async def bound_to_user_and_code(run: CheckRun) -> None:
    """Send every wrong pairing of two users, their challenges and codes: rejected; then every right one."""

    async def steps(session: JudgedSession, pairing: str) -> None:
        ours, theirs = await two_challenges_of_two_users(session)
        a1, a2, b1 = ours[0], ours[1], theirs[0]
        user, other = a1.user.id, b1.user.id
        sent = {
            "other user, own challenge": (other, a1.id, a1.code, CHALLENGE_NOT_FOUND),
            "other user, own code": (other, a1.id, b1.code, CHALLENGE_NOT_FOUND),
            "foreign challenge and code": (user, b1.id, b1.code, CHALLENGE_NOT_FOUND),
            "foreign challenge, own code": (user, b1.id, a1.code, CHALLENGE_NOT_FOUND),
            "code of the user's other challenge": (user, a1.id, a2.code, INCORRECT_SMS_CODE),
            "code of another user's challenge": (user, a1.id, b1.code, INCORRECT_SMS_CODE),
            "unknown user": (str(uuid.uuid4()), a1.id, a1.code, CHALLENGE_NOT_FOUND),
            "unknown challenge": (user, str(uuid.uuid4()), a1.code, CHALLENGE_NOT_FOUND),
            "phone as the challenge": (user, a1.phone.id, a1.code, CHALLENGE_NOT_FOUND),
        }[pairing]
        user_id, challenge_id, code, rejection = sent
        exchange = await session.verify_sms(user_id, challenge_id, code)
        session.rejected(exchange, rejection, "a wrong pairing")
        for challenge in (*ours, *theirs):
            right = await session.verify_sms(challenge.user.id, challenge.id, challenge.code)
            session.control(right, VERIFY_SMS, "a right pairing after a wrong one", SHOULD)

    pairings = (
        "other user, own challenge",
        "other user, own code",
        "foreign challenge and code",
        "foreign challenge, own code",
        "code of the user's other challenge",
        "code of another user's challenge",
        "unknown user",
        "unknown challenge",
        "phone as the challenge",
    )
    await run.each(steps, [(pairing, pairing) for pairing in pairings])


@check("S5", Need.SEED, Need.INBOX)
async def app_codes_verify_no_challenge(run: CheckRun) -> None:
    """Send TOTP codes for a challenge: rejected. The user had an app before, and a neighbour has one now."""
    async with run.session("a TOTP code for a challenge") as session:
        apps = {"another user's app": await session.totp_user()}
        if run.server.pool is None:
            apps["the user's former app"] = await session.totp_user()
            user = await session.phone_user(user_id=apps["the user's former app"].id)
        else:
            user = await session.phone_user()
        challenge = await session.challenge(user)
        for whose, totp in apps.items():
            code = session.code(totp)
            if code == challenge.code:
                continue
            exchange = await session.verify_sms(user.id, challenge.id, code)
            session.rejected(exchange, INCORRECT_SMS_CODE, f"a code of {whose}")
        right = await session.verify_sms(user.id, challenge.id, challenge.code)
        session.control(right, VERIFY_SMS, "the challenge's own code", SHOULD)


@check("S5", Need.SEED, Need.INBOX)
async def foreign_tries_cost_the_owner_nothing(run: CheckRun) -> None:
    """Let another user try a challenge more often than the owner may: the owner still verifies it."""
    async with run.session("tries by another user") as session:
        challenge = await session.challenge()
        other = await session.phone_user()
        for _ in range(run.server.limit("challenge_max_attempts", 5) + 1 if run.server.pool is None else 2):
            if run.server.pool is None:
                other = await session.phone_user()
            exchange = await session.verify_sms(other.id, challenge.id, session.wrong_sms_code(challenge))
            session.rejected(exchange, CHALLENGE_NOT_FOUND, "a challenge of somebody else")
        right = await session.verify_sms(challenge.user.id, challenge.id, challenge.code)
        session.control(right, VERIFY_SMS, "its owner's code", SHOULD)
