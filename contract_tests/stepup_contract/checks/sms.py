"""Group S: one message for one send, and a challenge that only its own user and its own code redeem, once."""

import re
import uuid
from collections import Counter
from itertools import pairwise

from stepup_contract.checks import check
from stepup_contract.scenario.finding import SHOULD
from stepup_contract.scenario.scene import Scene
from stepup_contract.scenario.trial import Trial
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


async def judge_send(scene: Scene, user: PhoneUser, phone: Phone, exchange: Exchange) -> str:
    """Judge one send: one message, to that phone, with a code of six characters, of which the answer tells
    nothing.
    """
    challenge_id = scene.succeeded(exchange, SEND_SMS, "the send")
    messages = await scene.messages(challenge_id=challenge_id)
    one = len(messages) == 1
    if not scene.expect(exchange, one, "one message for the challenge", got=f"{len(messages)} messages"):
        return ""
    message = messages[0]
    told = (message.user_id, message.mfa_phone_id, message.phone_number)
    scene.expect(exchange, told == (user.id, phone.id, phone.number), "the message sent to the chosen phone")
    six = CODE_FORM.fullmatch(message.code) is not None
    scene.expect(exchange, six, "a code of six digits or letters", got=f"{len(message.code)} characters")
    scene.expect(exchange, not code_in(exchange.everything, message.code), "no code in the answer")
    scene.expect(exchange, not number_in(exchange.everything, phone.number), "no phone number in the answer")
    exact = isinstance(exchange.document, dict) and set(exchange.document) == {"challenge_id"}
    scene.expect(exchange, exact, "an answer with `challenge_id` only", "", SHOULD)
    return message.code


@check("S1", Need.SEED, Need.INBOX, Need.MAKE)
async def one_message_to_the_chosen_phone(trial: Trial) -> None:
    """Send a code to each phone of users with one and with three phones: one message there, none
    elsewhere.
    """

    async def story(scene: Scene, count: int, chosen: int, grant_type: str) -> None:
        user = await scene.phone_user(*[None] * count)
        exchange = await scene.send_sms(user.id, user.phones[chosen].id, grant_type=grant_type)
        await judge_send(scene, user, user.phones[chosen], exchange)
        for index, phone in enumerate(user.phones):
            got = len(await scene.messages(phone_number=phone.number))
            wanted = 1 if index == chosen else 0
            scene.expect(exchange, got == wanted, f"{wanted} messages to phone {index + 1}", got=str(got))

    cases = [
        (f"phone {chosen + 1} of {count}, {grant_type}", count, chosen, grant_type)
        for count in (1, 3)
        for chosen in range(count)
        for grant_type in GRANT_TYPES
    ]
    await trial.each(story, cases)


@check("S1", Need.SEED, Need.INBOX, Need.MAKE)
async def every_send_is_a_new_challenge(trial: Trial) -> None:
    """Send twice to the same phone: two messages, two challenges, and each code is good for its own."""
    async with trial.scene("two sends to one phone") as scene:
        user = await scene.phone_user()
        phone = user.phones[0]
        ids: list[str] = []
        for count in (1, 2):
            exchange = await scene.send_sms(user.id, phone.id)
            await judge_send(scene, user, phone, exchange)
            ids.append(str(exchange.member("challenge_id")))
            got = len(await scene.messages(phone_number=phone.number))
            scene.expect(exchange, got == count, f"{count} messages in all", got=str(got))
        scene.expect(exchange, ids[0] != ids[1], "another challenge for another send")


@check("S1", Need.SEED, Need.INBOX, Need.MAKE)
async def codes_cannot_be_foretold(trial: Trial) -> None:
    """Send 200 codes and compare them: no id twice, at most one code twice, every place of a code varied."""
    per_phone = max(1, min(4, trial.server.limit("max_sends", 5)))
    sends: list[tuple[str, str]] = []
    last: list[tuple[Scene, Exchange]] = []

    async def story(scene: Scene) -> None:
        user = await scene.phone_user(*[None] * 5)
        for phone in user.phones:
            for _ in range(per_phone):
                exchange = await scene.send_sms(user.id, phone.id)
                challenge_id = scene.succeeded(exchange, SEND_SMS, "the send")
                for message in await scene.messages(challenge_id=challenge_id):
                    sends.append((challenge_id, message.code))
                last[:] = [(scene, exchange)]

    await trial.each(story, [(f"user {user + 1}",) for user in range(200 // (5 * per_phone))])
    if len(sends) < 100:
        trial.reasons.append(f"only {len(sends)} of 200 codes were sent")
        return
    scene, exchange = last[0]
    scene.label = f"{len(sends)} sends"
    ids, codes = Counter(sent for sent, _ in sends), Counter(code for _, code in sends)
    scene.expect(exchange, len(ids) == len(sends), "an id of its own for each challenge")
    repeated = len(sends) - len(codes)
    scene.expect(exchange, repeated <= 1, "at most one code twice", got=f"{repeated} codes repeated")
    places = [len({code[place : place + 1] for code in codes}) for place in range(6)]
    scene.expect(
        exchange,
        min(places) >= 7,
        "seven or more different characters in each place of the codes",
        got=", ".join(map(str, places)),
    )
    numbers = [int(code, 36) for _, code in sends]
    steps = Counter(after - before for before, after in pairwise(numbers))
    common = steps.most_common(1)[0][1]
    scene.expect(exchange, common <= len(sends) // 10, "no regular distance between codes", got=str(common))


@check("S1", Need.SEED, Need.INBOX, Need.CLOCK, alone=True)
async def codes_owe_nothing_to_the_clock(trial: Trial) -> None:
    """Send codes to several phones in one frozen moment: all different, ids too."""
    async with trial.scene("sends in one frozen moment") as scene:
        await trial.server.clock.freeze(int(trial.server.clock.now()))
        user = await scene.phone_user(*[None] * 6)
        challenges = [await scene.challenge(user, phone) for phone in user.phones]
        exchange = scene.sequence[-1]
        different = len({challenge.code for challenge in challenges})
        scene.expect(exchange, different >= 5, "a new code for each send", got=f"{different} different codes")
        ids = len({challenge.id for challenge in challenges})
        scene.expect(exchange, ids == len(challenges), "an id of its own for each challenge", got=str(ids))


@check("S4", Need.SEED, Need.INBOX)
async def redeemed_once(trial: Trial) -> None:
    """Redeem a challenge, then again with the right code in every way: refused, and a new
    challenge is good.
    """

    async def story(scene: Scene, grant_type: str, twist: str) -> None:
        user = await scene.phone_user()
        challenge = await scene.challenge(user, grant_type=grant_type)
        await scene.sms_grant(challenge)
        how = {"fresh": True} if twist == "connection" else {}
        if twist == "send":
            await scene.challenge(user)
        spelt = user.id.upper() if twist == "upper" else user.id
        for turn in ("second", "third"):
            again = await scene.verify_sms(spelt, challenge.id, challenge.code, **how)
            scene.refused(again, CHALLENGE_NOT_FOUND, f"the {turn} use of a redeemed challenge")
        await scene.sms_grant(await scene.challenge(user))

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
    await trial.each(story, cases)


@check("S4", Need.SEED, Need.INBOX)
async def redeemed_once_whatever_becomes_of_the_grant(trial: Trial) -> None:
    """Spend the grant of a redeemed challenge, then redeem the challenge again: refused."""
    async with trial.scene("after its grant was spent") as scene:
        challenge = await scene.challenge()
        grant = await scene.sms_grant(challenge)
        await scene.verify_grant(grant.user_id, grant.value)
        again = await scene.verify_sms(challenge.user.id, challenge.id, challenge.code)
        scene.refused(again, CHALLENGE_NOT_FOUND, "a redeemed challenge")
        await scene.sms_grant(await scene.challenge(challenge.user))


@check("S4", Need.SEED, Need.INBOX)
async def redeeming_leaves_others_alone(trial: Trial) -> None:
    """Redeem one of two challenges of a user: the other's code does not reopen it, and the other is still
    good.
    """
    async with trial.scene("two challenges of one user") as scene:
        user = await scene.phone_user(None, None)
        first = await scene.challenge(user, user.phones[0])
        second = await scene.challenge(user, user.phones[1])
        await scene.sms_grant(first)
        again = await scene.verify_sms(user.id, first.id, second.code)
        scene.refused(again, CHALLENGE_NOT_FOUND, "a redeemed challenge with another's code")
        if first.code != second.code:
            spent = await scene.verify_sms(user.id, second.id, first.code)
            scene.refused(spent, INCORRECT_SMS_CODE, "a spent code for the other challenge")
        right = await scene.verify_sms(user.id, second.id, second.code)
        scene.control(right, VERIFY_SMS, "the other challenge")


async def two_by_two(scene: Scene) -> tuple[list[Challenge], list[Challenge]]:
    """Return two challenges of each of two users, with four different codes."""
    pairs: list[list[Challenge]] = []
    codes: set[str] = set()
    for _ in range(2):
        user = await scene.phone_user(None, None)
        pair: list[Challenge] = []
        for phone in user.phones:
            challenge = await scene.challenge(user, phone)
            if challenge.code in codes:
                challenge = await scene.challenge(user, phone)
            codes.add(challenge.code)
            pair.append(challenge)
        pairs.append(pair)
    return pairs[0], pairs[1]


@check("S5", Need.SEED, Need.INBOX, Need.MAKE)
async def bound_to_user_and_code(trial: Trial) -> None:
    """Send every wrong pairing of two users, their challenges and codes: refused; then every right one."""

    async def story(scene: Scene, pairing: str) -> None:
        ours, theirs = await two_by_two(scene)
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
        user_id, challenge_id, code, refusal = sent
        exchange = await scene.verify_sms(user_id, challenge_id, code)
        scene.refused(exchange, refusal, "a wrong pairing")
        for challenge in (*ours, *theirs):
            right = await scene.verify_sms(challenge.user.id, challenge.id, challenge.code)
            scene.control(right, VERIFY_SMS, "a right pairing after a wrong one", SHOULD)

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
    await trial.each(story, [(pairing, pairing) for pairing in pairings])


@check("S5", Need.SEED, Need.INBOX)
async def app_codes_redeem_nothing(trial: Trial) -> None:
    """Send TOTP codes for a challenge: refused. The user had an app before, and a neighbour has one now."""
    async with trial.scene("a TOTP code for a challenge") as scene:
        apps = {"another user's app": await scene.totp_user()}
        if trial.server.pool is None:
            apps["the user's former app"] = await scene.totp_user()
            user = await scene.phone_user(user_id=apps["the user's former app"].id)
        else:
            user = await scene.phone_user()
        challenge = await scene.challenge(user)
        for whose, totp in apps.items():
            code = scene.code(totp)
            if code == challenge.code:
                continue
            exchange = await scene.verify_sms(user.id, challenge.id, code)
            scene.refused(exchange, INCORRECT_SMS_CODE, f"a code of {whose}")
        right = await scene.verify_sms(user.id, challenge.id, challenge.code)
        scene.control(right, VERIFY_SMS, "the challenge's own code", SHOULD)


@check("S5", Need.SEED, Need.INBOX)
async def foreign_tries_cost_the_owner_nothing(trial: Trial) -> None:
    """Let another user try a challenge more often than the owner may: the owner still redeems it."""
    async with trial.scene("tries by another user") as scene:
        challenge = await scene.challenge()
        other = await scene.phone_user()
        for _ in range(
            trial.server.limit("challenge_max_attempts", 5) + 1 if trial.server.pool is None else 2
        ):
            if trial.server.pool is None:
                other = await scene.phone_user()
            exchange = await scene.verify_sms(other.id, challenge.id, scene.wrong_sms_code(challenge))
            scene.refused(exchange, CHALLENGE_NOT_FOUND, "a challenge of somebody else")
        right = await scene.verify_sms(challenge.user.id, challenge.id, challenge.code)
        scene.control(right, VERIFY_SMS, "its owner's code", SHOULD)
