"""Group V, continued: nobody can guess a grant, make one from another, or burn one, and none outlives its
factor.
"""

import asyncio
import base64
import binascii
import math
from collections import Counter
from itertools import pairwise

from stepup_contract.checks import check
from stepup_contract.scenario.check_run import CheckRun
from stepup_contract.scenario.finding import SHOULD
from stepup_contract.scenario.judged import JudgedSession
from stepup_contract.server.connect import Need
from stepup_contract.server.operations import (
    ACTION,
    CHALLENGE_NOT_FOUND,
    GRANT_NOT_FOUND,
    GRANT_TYPES,
    INCORRECT_CODE,
    LOOKUP,
    TIME_BASED,
    VERIFY_GRANT,
    VERIFY_TOTP,
)
from stepup_contract.server.people import Grant


@check("V6", Need.SEED, Need.INBOX)
async def mismatches_burn_nothing(run: CheckRun) -> None:
    """Verify a one-time grant for another action and another user, then as it should be: valid."""

    async def steps(session: JudgedSession, factor: str) -> None:
        grant = await (session.totp_grant() if factor == "app" else session.sms_grant())
        other = await session.totp_user()
        wrong = [
            ("another action", await session.verify_grant(grant.user_id, grant.value, "OTHER_ACTION")),
            ("another user", await session.verify_grant(other.id, grant.value)),
            ("another user and action", await session.verify_grant(other.id, grant.value, "OTHER_ACTION")),
            ("an invalid request", await session.verify_grant("no-uuid", grant.value)),
        ]
        right = await session.verify_grant(grant.user_id, grant.value)
        for label, exchange in wrong:
            session.expect(exchange, 400 <= exchange.status < 500, "4xx", label)
        session.succeeded(right, VERIFY_GRANT, "the grant as it was issued, after mismatches")

    await run.each(steps, [("a grant by TOTP", "app"), ("a grant by SMS", "phone")])


async def many_grants(session: JudgedSession, count: int) -> list[Grant]:
    """Return grants of many users, two of each, in the order in which they came; each is evidence."""
    grants: list[Grant] = []

    async def issue(turn: int) -> None:
        user = await session.totp_user()
        for shift in (0, 1):
            exchange = await session.verify_totp(
                user.id, session.code(user, shift), grant_type=GRANT_TYPES[turn % 2]
            )
            value = session.succeeded(exchange, VERIFY_TOTP, "a right code")
            grants.append(Grant(value, user.id, ACTION))

    await asyncio.gather(*(issue(turn) for turn in range(count // 2)))
    return grants


@check("V8", Need.SEED, Need.MAKE)
async def grants_cannot_be_guessed(run: CheckRun, *, grants: int, bits: int) -> None:
    """Compare many grants: all different, long and varied enough for the bits of the rule, nothing regular or
    readable in them.
    """
    async with run.session(f"{grants} grants") as session:
        check_grants(session, await many_grants(session, grants), bits)


def check_grants(session: JudgedSession, grants: list[Grant], bits: int) -> None:
    """Check that grants are different, long, varied, irregular and unreadable."""
    values = [grant.value for grant in grants]
    exchange = session.sequence[-1]
    different = len(set(values))
    session.expect(exchange, different == len(values), f"{len(values)} different grants", got=str(different))
    shortest = min(map(len, values))
    hexadecimal = all(set(value) <= set("0123456789abcdefABCDEF-") for value in values)
    needed = math.ceil(bits / (4 if hexadecimal else 6))
    session.expect(exchange, shortest >= needed, f"{needed} or more characters", got=str(shortest))
    varied = varied_bits(values)
    # A few hundred samples show a little less than there is.
    session.expect(
        exchange,
        varied >= bits * 7 / 8,
        f"{bits} bits that differ from grant to grant",
        got=f"about {varied:.0f}",
    )
    numbers = [int.from_bytes(value.encode()) for value in values]
    distance = Counter(after - before for before, after in pairwise(numbers)).most_common(1)[0][1]
    session.expect(
        exchange, distance <= 3, "no regular distance between grants", got=f"one occurs {distance} times"
    )
    for grant in grants:
        told = readable(grant)
        if not session.expect(exchange, not told, "nothing readable in a grant", got=told):
            break


def varied_bits(values: list[str]) -> float:
    """Estimate how many bits differ between values: for each place, as many as its different
    characters make.
    """
    shortest = min(map(len, values))
    return sum(math.log2(len({value[place] for value in values})) for place in range(shortest))


def readable(grant: Grant) -> str:
    """Return what is readable in a grant, plainly or in Base64; empty for nothing."""
    texts = [grant.value]
    for piece in grant.value.split("."):
        try:
            raw = base64.urlsafe_b64decode(piece + "=" * (-len(piece) % 4))
        except (binascii.Error, ValueError):
            continue
        texts.append(raw.decode("utf-8", "replace"))
    for text in texts:
        for name, part in (("its user", grant.user_id), ("its action", grant.action), ("JSON", '{"')):
            if part.lower() in text.lower():
                return name
    return ""


@check("V8", Need.SEED, Need.CLOCK, alone=True)
async def grants_owe_nothing_to_the_clock(run: CheckRun) -> None:
    """Issue grants for one user, action and frozen second, over and over: all different."""
    async with run.session("one user, one action, one second") as session:
        start = int(run.server.clock.now())
        await run.server.clock.freeze(start)
        user = await session.totp_user()
        grants: list[str] = []
        for _ in range(4):
            for shift in (0, 1):
                grants.append((await session.totp_grant(user, shift)).value)
            # A new secret opens the step again.
            user = await session.totp_user(user_id=user.id)
        exchange = session.sequence[-2]
        different = len(set(grants))
        session.expect(
            exchange, different == len(grants), f"{len(grants)} different grants", got=str(different)
        )
        alike = max(len(common_start(one, other)) for one, other in pairwise(grants))
        session.expect(exchange, alike <= 8, "no common beginning", got=f"{alike} equal characters")


def common_start(one: str, other: str) -> str:
    """Return the common prefix of two strings."""
    same = [left == right for left, right in zip(one, other, strict=False)]
    return one[: same.index(False)] if False in same else one[: len(same)]


def altered(value: str) -> dict[str, str]:
    """Return grants that are nearly ``value``."""

    def flip(place: int) -> str:
        other = "0" if value[place] != "0" else "1"
        return value[:place] + other + value[place + 1 :]

    changes = {
        "with its first character changed": flip(0),
        "with a middle character changed": flip(len(value) // 2),
        "with its last character changed": flip(len(value) - 1),
        "without its last character": value[:-1],
        "with one more character": f"{value}0",
        "its first half": value[: len(value) // 2],
        "in the other letter case": value.swapcase(),
        "with a trailing space": f"{value} ",
        "with a leading space": f" {value}",
        "with a trailing newline": f"{value}\n",
        "with a trailing NUL": f"{value}\u0000",
        "reversed": value[::-1],
        "as a wildcard": f"{value[:8]}%",
    }
    return {how: other for how, other in changes.items() if other != value}


@check("V8", Need.SEED)
async def altered_grants_are_none(run: CheckRun) -> None:
    """Verify a valid grant with one character changed, cut, padded or in the other letter case: rejected."""
    async with run.session("a valid grant") as session:
        for grant_type in GRANT_TYPES:
            grant = await session.totp_grant(grant_type=grant_type)
            for how, value in altered(grant.value).items():
                exchange = await session.verify_grant(grant.user_id, value)
                session.rejected(exchange, GRANT_NOT_FOUND, how)
            right = await session.verify_grant(grant.user_id, grant.value)
            session.control(right, VERIFY_GRANT, "the grant itself")


# What happens to a user while grants and challenges are valid.
CHANGES = (
    "MFA removed",
    "another app",
    "a phone instead",
    "deleted",
    "deleted and created again",
    "the same set up again",
)


@check("V9", Need.SEED, Need.MAKE)
async def changes_kill_grants(run: CheckRun) -> None:
    """Change or delete a user with valid grants of both types: invalid at once, and the new factor works."""

    async def steps(session: JudgedSession, change: str) -> None:
        user = await session.totp_user()
        grants = [
            await session.totp_grant(user, -1),
            await session.totp_grant(user, 0, grant_type=TIME_BASED),
        ]
        control = session.server.the_control()
        again = {"type": "Totp", "secret": user.secret}
        if change == "MFA removed":
            await session.plain_user(user.id)
        elif change == "a phone instead":
            await session.phone_user(user_id=user.id)
        elif change == "another app":
            await session.totp_user(user_id=user.id)
        elif change == "the same set up again":
            await session.put_user(user.id, again)
        else:
            await control.delete_user(user.id)
            if change == "deleted and created again":
                await session.put_user(user.id, again)
        for grant in grants:
            exchange = await session.verify_grant(user.id, grant.value)
            session.rejected(exchange, GRANT_NOT_FOUND, "a grant from before")
        if change == "another app":
            old = await session.verify_totp(user.id, session.code(user, 1))
            session.rejected(old, INCORRECT_CODE, "a code of the old secret")
        if change != "deleted":
            session.control(await session.lookup(user.id), LOOKUP, "the user as set up now")
        fresh = await session.totp_user(user_id=user.id)
        live = await session.totp_grant(fresh)
        session.control(await session.verify_grant(user.id, live.value), VERIFY_GRANT, "a grant from after")

    await run.each(steps, [(change, change) for change in CHANGES])


@check("V9", Need.SEED, Need.INBOX, Need.MAKE)
async def changes_kill_challenges(run: CheckRun) -> None:
    """Change or delete a user with an open challenge: invalid at once, its grants too, and the new
    phone works.
    """

    async def steps(session: JudgedSession, change: str) -> None:
        user = await session.phone_user(None, None)
        grant = await session.sms_grant(await session.challenge(user, user.phones[0], grant_type=TIME_BASED))
        challenge = await session.challenge(user, user.phones[1])
        listed = [{"mfa_phone_id": phone.id, "phone_number": phone.number} for phone in user.phones]
        if change == "MFA removed":
            await session.plain_user(user.id)
        elif change == "an app instead":
            await session.totp_user(user_id=user.id)
        elif change == "its phone removed":
            await session.put_user(user.id, {"type": "Phone", "phone_numbers": listed[:1]})
        elif change == "the phones set up again":
            await session.put_user(user.id, {"type": "Phone", "phone_numbers": listed})
        else:
            await session.server.the_control().delete_user(user.id)
            if change == "deleted and created again":
                await session.put_user(user.id, {"type": "Phone", "phone_numbers": listed})
        exchange = await session.verify_sms(user.id, challenge.id, challenge.code)
        session.rejected(exchange, CHALLENGE_NOT_FOUND, "a challenge from before")
        exchange = await session.verify_grant(user.id, grant.value)
        session.rejected(exchange, GRANT_NOT_FOUND, "a grant from before")
        fresh = await session.phone_user(user_id=user.id)
        live = await session.sms_grant(await session.challenge(fresh))
        session.control(await session.verify_grant(user.id, live.value), VERIFY_GRANT, "a grant from after")

    changes = (
        "MFA removed",
        "an app instead",
        "its phone removed",
        "the phones set up again",
        "deleted",
        "deleted and created again",
    )
    await run.each(steps, [(change, change) for change in changes])


@check("V9", Need.SEED, Need.MAKE)
async def setting_up_again_forgets_no_code(run: CheckRun) -> None:
    """Set up the same secret again after using a code: the code stays used."""
    async with run.session("the same secret set up again") as session:
        user = await session.totp_user()
        await session.totp_grant(user, 0)
        await session.put_user(user.id, {"type": "Totp", "secret": user.secret})
        again = await session.verify_totp(user.id, session.code(user))
        session.rejected(again, INCORRECT_CODE, "a code that was used before")
        session.control(
            await session.verify_totp(user.id, session.code(user, 1)), VERIFY_TOTP, "the next code", SHOULD
        )
