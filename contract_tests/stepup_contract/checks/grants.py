"""Group V: a grant is valid for its user, its action and its lifetime, as often as its type says, and no
more.
"""

import asyncio
import secrets
import unicodedata
import uuid
from typing import Any

from stepup_contract.checks import check
from stepup_contract.scenario.check_run import CheckRun
from stepup_contract.scenario.finding import MUST, SHOULD
from stepup_contract.scenario.judged import JudgedSession
from stepup_contract.server.connect import Need
from stepup_contract.server.operations import (
    ACTION,
    GRANT_NOT_FOUND,
    GRANT_TYPES,
    TIME_BASED,
    VERIFY_GRANT,
    VERIFY_SMS,
    VERIFY_TOTP,
    Operation,
)
from stepup_contract.server.people import Grant
from stepup_contract.server.target import Exchange

FACTORS = (("by TOTP", VERIFY_TOTP), ("by SMS", VERIFY_SMS))
BOTH = [
    (f"{grant_type} {label}", factor, grant_type) for label, factor in FACTORS for grant_type in GRANT_TYPES
]


async def invalid_grants(session: JudgedSession, factor: Operation) -> list[tuple[str, Exchange]]:
    """Send every kind of invalid grant, each with a valid one as its positive control, and return the
    responses.
    """
    live = await session.grant(factor, grant_type=TIME_BASED)
    other = await session.others_grant(factor, grant_type=TIME_BASED)
    used = await session.grant(factor)
    await session.verify_grant(used.user_id, used.value)
    flipped = live.value[:-1] + ("0" if live.value[-1] != "0" else "1")
    sent = [
        ("an unknown grant", (live.user_id, secrets.token_hex(32), ACTION)),
        ("a grant that is one letter", (live.user_id, "x", ACTION)),
        ("a grant of 256 characters", (live.user_id, "f" * 256, ACTION)),
        ("a valid grant with its last character changed", (live.user_id, flipped, ACTION)),
        ("a used grant", (used.user_id, used.value, ACTION)),
        ("another user's grant", (live.user_id, other.value, ACTION)),
        ("a grant for another action", (live.user_id, live.value, "OTHER_ACTION")),
        ("a grant of an unknown user", (str(uuid.uuid4()), live.value, ACTION)),
    ]
    if session.has_plain_user:
        plain = await session.plain_user()
        sent.append(("a grant of a user without MFA", (plain, live.value, ACTION)))
    responses = [(label, await session.verify_grant(*arguments)) for label, arguments in sent]
    for grant in (live, other):
        session.control(await session.verify_grant(grant.user_id, grant.value), VERIFY_GRANT, "a valid grant")
    return responses


@check("V1", Need.SEED, Need.INBOX)
async def valid_grants_verify(run: CheckRun) -> None:
    """Verify a valid grant of each type and factor: 200 with success true and no more."""

    async def steps(session: JudgedSession, factor: Operation, grant_type: str) -> None:
        grant = await session.grant(factor, grant_type=grant_type)
        exchange = await session.verify_grant(grant.user_id, grant.value)
        session.succeeded(exchange, VERIFY_GRANT, "a valid grant")
        exact = exchange.text.strip() and exchange.document == {"success": True}
        session.expect(exchange, bool(exact), 'just {"success": true}', "a valid grant")

    await run.each(steps, BOTH)


@check("V1", Need.SEED, Need.INBOX)
async def grants_are_valid_side_by_side(run: CheckRun) -> None:
    """Give a user two grants for one action: both verify, in either order."""

    async def steps(session: JudgedSession, factor: Operation, grant_type: str) -> None:
        terms = {"action": ACTION, "grant_type": grant_type}
        first, second = await two_grants(session, factor, **terms)
        for grant, which in ((second, "the younger"), (first, "the older")):
            exchange = await session.verify_grant(grant.user_id, grant.value)
            session.succeeded(exchange, VERIFY_GRANT, f"{which} of two grants for one action")

    await run.each(steps, BOTH)


@check("V1", Need.SEED, Need.INBOX)
async def invalid_grants_do_not(run: CheckRun) -> None:
    """Send every kind of invalid grant: no response below 400, and never `success`."""

    async def steps(session: JudgedSession, factor: Operation) -> None:
        for label, exchange in await invalid_grants(session, factor):
            session.expect(exchange, exchange.status >= 400, "400 or above", label)
            session.expect(exchange, exchange.member("success") is not True, "no success", label)

    await run.each(steps, list(FACTORS))


@check("V1")
async def unknown_grants_do_not(run: CheckRun) -> None:
    """Send grants that nobody issued for users that do not exist: no response below 400."""
    async with run.session("a grant that nobody issued") as session:
        for grant in (secrets.token_hex(32), str(uuid.uuid4()), "0", "*"):
            exchange = await session.verify_grant(str(uuid.uuid4()), grant)
            session.expect(exchange, exchange.status >= 400, "400 or above")


@check("V2", Need.SEED, Need.INBOX)
async def one_time_means_once(run: CheckRun) -> None:
    """Verify a one-time grant, then again in every way: rejected, and another grant of the user still
    verifies.
    """

    async def steps(session: JudgedSession, factor: Operation, twist: str) -> None:
        user, other = await two_grants(session, factor)
        first = await session.verify_grant(user.user_id, user.value, user.action)
        session.succeeded(first, VERIFY_GRANT, "the first use")
        how = {"fresh": True} if twist == "connection" else {}
        spelt = user.user_id.upper() if twist == "upper" else user.user_id
        if twist == "mismatch":
            await session.verify_grant(user.user_id, user.value, "OTHER_ACTION")
        for turn in ("second", "third"):
            again = await session.verify_grant(spelt, user.value, user.action, **how)
            session.rejected(again, GRANT_NOT_FOUND, f"the {turn} use")
        right = await session.verify_grant(other.user_id, other.value, other.action)
        session.control(right, VERIFY_GRANT, "the user's other grant")

    twists = {
        "": "",
        ", on a new connection": "connection",
        ", after a mismatch": "mismatch",
        ", with the user id in upper case": "upper",
    }
    cases = [(f"{name}{label}", factor, twist) for name, factor in FACTORS for label, twist in twists.items()]
    await run.each(steps, cases)


async def two_grants(session: JudgedSession, factor: Operation, **terms: Any) -> tuple[Grant, Grant]:
    """Return two valid grants of one user, for two actions unless ``terms`` names one."""
    one, other = {"action": "FIRST"} | terms, {"action": "SECOND"} | terms
    if factor is VERIFY_SMS:
        user = await session.phone_user(None, None)
        return (
            await session.sms_grant(await session.challenge(user, user.phones[0], **one)),
            await session.sms_grant(await session.challenge(user, user.phones[1], **other)),
        )
    app = await session.totp_user()
    first = await session.totp_grant(app, **one)
    return first, await session.totp_grant(app, shift=1, **other)


@check("V2", Need.SEED, Need.KEYS)
async def once_for_all_keys(run: CheckRun) -> None:
    """Verify a one-time grant with one key and again with another key of the environment: rejected."""
    key = await run.server.the_control().mint_key()
    async with run.session("two keys of one environment") as session:
        grant, fresh = await session.totp_grant(), await session.totp_grant()
        first = await session.verify_grant(grant.user_id, grant.value, key=key)
        session.succeeded(first, VERIFY_GRANT, "the first use")
        again = await session.verify_grant(grant.user_id, grant.value)
        session.rejected(again, GRANT_NOT_FOUND, "the second use with another key")
        right = await session.verify_grant(fresh.user_id, fresh.value)
        session.control(right, VERIFY_GRANT, "a fresh grant")


@check("V2", Need.SEED)
async def one_time_whatever_its_life(run: CheckRun) -> None:
    """Use one-time grants of short and long lifetimes: once each."""

    async def steps(session: JudgedSession, lifetime: int) -> None:
        grant = await session.totp_grant(valid_for=lifetime)
        first = await session.verify_grant(grant.user_id, grant.value)
        session.succeeded(first, VERIFY_GRANT, "the first use")
        again = await session.verify_grant(grant.user_id, grant.value)
        session.rejected(again, GRANT_NOT_FOUND, "the second use")
        await session.totp_grant()

    longest = run.server.limit("max_valid_for_seconds", 86400)
    await run.each(steps, [(f"a lifetime of {lifetime} s", lifetime) for lifetime in (5, 3600, longest)])


@check("V3", Need.SEED, Need.INBOX)
async def time_based_means_many_times(run: CheckRun, *, uses: int) -> None:
    """Verify time-based grants many times, on several connections."""

    async def steps(session: JudgedSession, factor: Operation) -> None:
        grant = await session.grant(factor, grant_type=TIME_BASED, valid_for=600)
        for turn in range(uses):
            exchange = await session.verify_grant(grant.user_id, grant.value, fresh=turn == 5)
            session.succeeded(exchange, VERIFY_GRANT, f"use {turn + 1}")

    await run.each(steps, list(FACTORS))


@check("V3", Need.SEED, Need.INBOX, Need.CLOCK, alone=True)
async def verifying_does_not_extend(run: CheckRun, *, lifetime: int) -> None:
    """Verify time-based grants to the last second of their lifetime: they expire on time all the same."""
    clock = run.server.clock
    start = int(clock.now())
    async with run.session("used throughout its lifetime") as session:
        await clock.freeze(start)
        grants = [
            await session.grant(factor, grant_type=TIME_BASED, valid_for=lifetime) for _, factor in FACTORS
        ]
        for moment in (0, 1, lifetime // 6, lifetime // 2, lifetime - 1):
            await clock.freeze(start + moment)
            for grant in grants:
                exchange = await session.verify_grant(grant.user_id, grant.value)
                session.succeeded(exchange, VERIFY_GRANT, f"a grant of {lifetime} s within its lifetime")
        await clock.freeze(start + lifetime)
        for grant in grants:
            exchange = await session.verify_grant(grant.user_id, grant.value)
            session.rejected(exchange, GRANT_NOT_FOUND, f"a grant of {lifetime} s after {lifetime} s")
        fresh = await session.totp_grant()
        session.control(await session.verify_grant(fresh.user_id, fresh.value), VERIFY_GRANT, "a fresh grant")


@check("V3", Need.SEED, unless=Need.CLOCK)
async def verifying_does_not_extend_in_real_time(run: CheckRun, *, real_seconds: int) -> None:
    """Verify a time-based grant throughout a short lifetime in real time: it is invalid soon after it."""
    async with run.session("used throughout its lifetime") as session:
        grant = await session.totp_grant(grant_type=TIME_BASED, valid_for=real_seconds)
        for _ in range(2):
            exchange = await session.verify_grant(grant.user_id, grant.value)
            session.succeeded(exchange, VERIFY_GRANT, f"a grant of {real_seconds} s within its lifetime")
            await run.sleep(0.3 * real_seconds)
        await session.verify_grant(grant.user_id, grant.value)
        await run.sleep(real_seconds + 0.2)
        exchange = await session.verify_grant(grant.user_id, grant.value)
        session.rejected(
            exchange, GRANT_NOT_FOUND, f"a grant of {real_seconds} s that was used, after its end"
        )
        fresh = await session.totp_grant()
        session.control(await session.verify_grant(fresh.user_id, fresh.value), VERIFY_GRANT, "a fresh grant")


@check("V4", Need.SEED, Need.INBOX, Need.CLOCK, alone=True)
async def expired_on_the_second(run: CheckRun) -> None:
    """Issue grants of many lifetimes under a frozen clock: valid one second before their end, and invalid at
    it.
    """
    clock = run.server.clock
    longest = run.server.limit("max_valid_for_seconds", 86400)
    lifetimes = sorted(
        {lifetime for lifetime in (1, 2, 60, 61, 600, 3600, 43200, longest) if lifetime <= longest}
    )
    async with run.session("") as session:
        start = int(clock.now())
        await clock.freeze(start)
        cases = [(lifetime, *case) for lifetime in lifetimes for case in BOTH]

        async def issue(lifetime: int, factor: Operation, grant_type: str) -> Grant:
            return await session.grant(factor, grant_type=grant_type, valid_for=lifetime)

        early, late = [
            await asyncio.gather(
                *(issue(lifetime, factor, grant_type) for lifetime, _, factor, grant_type in cases)
            )
            for _ in range(2)
        ]

        async def judge(index: int, moment: int) -> None:
            lifetime, label, *_ = cases[index]
            grant = early[index] if moment < lifetime else late[index]
            exchange = await session.verify_grant(grant.user_id, grant.value)
            if moment < lifetime:
                session.succeeded(exchange, VERIFY_GRANT, f"{label}, {lifetime} s, one second before its end")
            else:
                what = f"{label}, {lifetime} s, {moment - lifetime} s after its end"
                session.rejected(exchange, GRANT_NOT_FOUND, what)

        for moment in sorted({at for lifetime in lifetimes for at in (lifetime - 1, lifetime, lifetime + 1)}):
            await clock.freeze(start + moment)
            due = [index for index, (lifetime, *_) in enumerate(cases) if abs(moment - lifetime) <= 1]
            await asyncio.gather(*(judge(index, moment) for index in due))
        fresh = await session.totp_grant()
        session.control(await session.verify_grant(fresh.user_id, fresh.value), VERIFY_GRANT, "a fresh grant")


@check("V4", Need.SEED, unless=Need.CLOCK)
async def expired_in_real_time(run: CheckRun, *, margin: int) -> None:
    """Verify short grants in real time, one before the end of its lifetime and another after it."""
    lifetime = 2 * margin

    async def steps(session: JudgedSession, grant_type: str) -> None:
        early = await session.totp_grant(grant_type=grant_type, valid_for=lifetime)
        await run.sleep(margin)
        exchange = await session.verify_grant(early.user_id, early.value)
        session.succeeded(exchange, VERIFY_GRANT, f"a grant of {lifetime} s after {margin} s")
        late = await session.totp_grant(grant_type=grant_type, valid_for=lifetime)
        await run.sleep(lifetime + margin)
        exchange = await session.verify_grant(late.user_id, late.value)
        session.rejected(exchange, GRANT_NOT_FOUND, f"a grant of {lifetime} s after {lifetime + margin} s")
        fresh = await session.totp_grant()
        session.control(await session.verify_grant(fresh.user_id, fresh.value), VERIFY_GRANT, "a fresh grant")

    await run.each(steps, [(grant_type, grant_type) for grant_type in GRANT_TYPES])


# An action, and strings that a careless comparison treats as equal.
_CAFE = unicodedata.normalize("NFC", "Café ACTION")
NEAR_ACTIONS: dict[str, tuple[str, str]] = {
    "in lower case": (ACTION, ACTION.lower()),
    "in upper case": ("sensitive_action", ACTION),
    "with a trailing space": (ACTION, f"{ACTION} "),
    "with a leading space": (ACTION, f" {ACTION}"),
    "with a trailing newline": (ACTION, f"{ACTION}\n"),
    "with a tab around": (ACTION, f"\t{ACTION}\t"),
    "without its trailing space": (f"{ACTION} ", ACTION),
    "decomposed (NFD)": (_CAFE, unicodedata.normalize("NFD", _CAFE)),
    "composed (NFC)": (unicodedata.normalize("NFD", _CAFE), _CAFE),
    "in full-width letters": ("PAY", "\uff30\uff21\uff39"),
    "with sharp s for ss": ("stra\u00dfe", "strasse"),
    "without accents": (_CAFE, "Cafe ACTION"),
    "as a prefix": (ACTION, "SENSITIVE"),
    "as a longer string": ("SENSITIVE", ACTION),
    "as one letter": (ACTION, "S"),
    "as a wildcard": (ACTION, "%"),
    "as an asterisk": (ACTION, "*"),
    "as a pattern": (ACTION, ".*"),
    "with one letter wild": (ACTION, "SENSITIVE-ACTION"),
    "cut at a NUL": (ACTION, f"{ACTION}\u0000X"),
    "with a zero-width space": (ACTION, f"{ACTION}\u200b"),
    "with inner space doubled": ("SENSITIVE ACTION", "SENSITIVE  ACTION"),
    "escaped": ("A/B", "A%2FB"),
    "as a number": ("1", "01"),
    "that differs after 64 characters": ("x" * 64 + "a", "x" * 64 + "b"),
    "that differs after 255 characters": ("x" * 255 + "a", "x" * 255 + "b"),
    "as null in words": (ACTION, "null"),
}


@check("V5", Need.SEED, Need.INBOX)
async def bound_to_its_action(run: CheckRun) -> None:
    """Verify grants for strings that are nearly their action: rejected; then for the action itself: valid."""
    longest = run.server.limit("max_action_type_length", 256)

    async def steps(
        session: JudgedSession, action: str, near: str, factor: Operation, grant_type: str
    ) -> None:
        grant = await session.grant(factor, action=action, grant_type=grant_type)
        exchange = await session.verify_grant(grant.user_id, grant.value, near)
        session.rejected(exchange, GRANT_NOT_FOUND, "another action")
        right = await session.verify_grant(grant.user_id, grant.value, action)
        session.control(right, VERIFY_GRANT, "the grant's own action", SHOULD)

    turns = [BOTH[turn % len(BOTH)] for turn in range(len(NEAR_ACTIONS))]
    cases = [
        (f"{label}, an action {how}", action, near, factor, grant_type)
        for (how, (action, near)), (label, factor, grant_type) in zip(
            NEAR_ACTIONS.items(), turns, strict=True
        )
        if max(len(action), len(near)) <= longest
    ]
    await run.each(steps, cases)


@check("V5", Need.SEED, Need.INBOX)
async def bound_to_its_user(run: CheckRun) -> None:
    """Verify grants for other users, who hold valid grants of their own for the action: rejected."""

    async def steps(session: JudgedSession, factor: Operation, grant_type: str) -> None:
        grant = await session.grant(factor, grant_type=grant_type)
        theirs = await session.others_grant(factor, grant_type=grant_type)
        others = {
            "another user": theirs.user_id,
            **({"a user without MFA": await session.plain_user()} if session.has_plain_user else {}),
            "an unknown user": str(uuid.uuid4()),
            "a user one digit away": f"{grant.user_id[:-1]}{int(grant.user_id[-1], 16) ^ 1:x}",
        }
        for label, user_id in others.items():
            exchange = await session.verify_grant(user_id, grant.value)
            session.rejected(exchange, GRANT_NOT_FOUND, f"the grant for {label}")
        for one, label in ((grant, "the grant for its own user"), (theirs, "the other user's own grant")):
            session.control(await session.verify_grant(one.user_id, one.value), VERIFY_GRANT, label, SHOULD)

    await run.each(steps, BOTH)


@check("V5", Need.SEED, Need.INBOX)
async def bound_to_one_of_two_actions(run: CheckRun) -> None:
    """Give one user grants for two actions: neither is valid for the other's."""

    async def steps(session: JudgedSession, factor: Operation, grant_type: str) -> None:
        first, second = await two_grants(session, factor, grant_type=grant_type)
        for grant, other in ((first, second), (second, first)):
            exchange = await session.verify_grant(grant.user_id, grant.value, other.action)
            session.rejected(exchange, GRANT_NOT_FOUND, f"the grant for {grant.action} with {other.action}")
        for grant in (first, second):
            right = await session.verify_grant(grant.user_id, grant.value, grant.action)
            session.control(right, VERIFY_GRANT, "the grant's own action", SHOULD)

    await run.each(steps, BOTH)


@check("V7", Need.SEED, Need.INBOX)
async def invalid_grants_look_the_same(run: CheckRun) -> None:
    """Send every kind of invalid grant, an expired one too: `grant_not_found`, and no telling them apart."""

    async def steps(session: JudgedSession, factor: Operation) -> None:
        short = await session.grant(factor, grant_type=TIME_BASED, valid_for=1)
        once = await session.grant(factor, valid_for=1)
        await run.sleep(1.5)
        responses = await invalid_grants(session, factor)
        for label, grant in (("an expired grant", short), ("an expired one-time grant", once)):
            responses.append((label, await session.verify_grant(grant.user_id, grant.value)))
        for label, exchange in responses:
            session.rejected(exchange, GRANT_NOT_FOUND, label, exactly=MUST)
            old = exchange.member("field_to_errors")
            both = isinstance(old, dict) and old.get("grant") == "grant_not_found"
            session.expect(exchange, both, "the same in `field_to_errors`", label, SHOULD)
        session.same(responses, "no hint about why a grant is invalid", SHOULD)

    await run.each(steps, list(FACTORS))


@check("V7")
async def unknown_grants_are_not_found(run: CheckRun) -> None:
    """Send grants that nobody issued for users that do not exist: `grant_not_found`, not a word
    of the user.
    """
    async with run.session("a grant that nobody issued") as session:
        responses: list[tuple[str, Exchange]] = []
        for label, grant in (("in hexadecimal", secrets.token_hex(32)), ("as a UUID", str(uuid.uuid4()))):
            exchange = await session.verify_grant(str(uuid.uuid4()), grant)
            session.rejected(exchange, GRANT_NOT_FOUND, label, exactly=MUST)
            responses.append((label, exchange))
        session.same(responses, "no hint about why a grant is invalid", SHOULD)
