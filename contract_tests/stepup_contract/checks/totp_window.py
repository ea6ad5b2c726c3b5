"""Group T, continued: which codes are accepted around the current time, and what the rejections of the
others reveal.
"""

import re
import uuid

from stepup_contract.checks import check
from stepup_contract.scenario.check_run import CheckRun
from stepup_contract.scenario.finding import MUST, SHOULD
from stepup_contract.scenario.judged import JudgedSession
from stepup_contract.server.connect import Need
from stepup_contract.server.operations import (
    INCORRECT_CODE,
    MFA_NOT_ENABLED,
    USER_NOT_FOUND,
    VERIFY_SMS,
    VERIFY_TOTP,
    invalid,
    totp_body,
)
from stepup_contract.server.people import TotpUser
from stepup_contract.server.target import Exchange

# Words that would reveal why a code was rejected.
_HINTS = re.compile(
    r"\b(already|used|reused?|replay\w*|expired?|stale|old|late|early|near|drift|window|spent)\b", re.I
)


async def check_window(run: CheckRun, shifts: list[int], moment: str = "") -> None:
    """Send codes that many steps from the current one, each of another user, and check which are accepted."""
    drift = run.server.limit("totp_drift_steps", 1)
    taken: list[int] = []

    async def steps(session: JudgedSession, shift: int) -> None:
        user = await session.totp_user()
        exchange = await session.verify_totp(user.id, session.code(user, shift))
        what = f"a code {shift:+} steps from the clock{moment}"
        if exchange.status == 200:
            taken.append(shift)
        if abs(shift) <= drift:
            strength = MUST if shift == 0 else SHOULD
            session.expect(exchange, exchange.status == 200, "200", what, strength)
        else:
            strength = MUST if abs(shift) >= 3 else SHOULD
            session.expect(exchange, INCORRECT_CODE.matches(exchange), str(INCORRECT_CODE), what, strength)
            session.control(
                await session.verify_totp(user.id, session.code(user)), VERIFY_TOTP, "the current code"
            )

    await run.each(steps, [("", shift) for shift in shifts])
    run.remark(f"accepted steps{moment}: {', '.join(f'{shift:+}' for shift in sorted(taken))}")


@check("T2", Need.SEED, Need.CLOCK, alone=True)
async def window_to_the_edge(run: CheckRun, *, distance: int) -> None:
    """Freeze the clock at the start, the middle and the end of a step, and send codes of steps around it."""
    length = run.server.limit("totp_step_seconds", 30)
    step = int(run.server.clock.now() // length) + 2
    for offset, moment in ((0, ", at its start"), (length - 1, ", at its end"), (length // 2, "")):
        await run.server.clock.freeze(step * length + offset)
        around = range(-distance, distance + 1)
        near = [*around, -60, 60] if not moment else list(range(-3, 4))
        await check_window(run, near, moment)


@check("T2", Need.SEED, unless=Need.CLOCK)
async def window_in_real_time(run: CheckRun, *, distance: int) -> None:
    """Send codes of the steps around the current one."""
    await check_window(run, list(range(-distance, distance + 1)))


@check("T4", Need.SEED)
async def older_codes_end_with_newer_ones(run: CheckRun) -> None:
    """Use the current code, then the unused one before it: rejected; then the one after: accepted."""
    async with run.session("after the current code") as session:
        user = await session.totp_user()
        session.prepared(await session.verify_totp(user.id, session.code(user)), "T1", "step_up_grant")
        for turn in (1, 2):
            older = await session.verify_totp(user.id, session.code(user, -1))
            session.rejected(older, INCORRECT_CODE, f"the unused code before it, try {turn}")
        newer = await session.verify_totp(user.id, session.code(user, 1))
        session.control(newer, VERIFY_TOTP, "the code after it", SHOULD)


@check("T4", Need.SEED, Need.CLOCK, alone=True)
async def older_codes_stay_invalid(run: CheckRun) -> None:
    """Use the newest code that the server accepts, then all unused ones before it, also one step later:
    rejected.
    """
    length = run.server.limit("totp_step_seconds", 30)
    drift = run.server.limit("totp_drift_steps", 1)
    async with run.session("after the newest accepted code") as session:
        await run.server.clock.freeze((int(run.server.clock.now()) // length) * length + 5)
        user = await session.totp_user()
        session.prepared(await session.verify_totp(user.id, session.code(user, drift)), "T1", "step_up_grant")
        for shift in range(-drift, drift):
            older = await session.verify_totp(user.id, session.code(user, shift))
            session.rejected(older, INCORRECT_CODE, f"the unused code of step {shift:+}")
        await run.server.clock.advance(length)
        older = await session.verify_totp(user.id, session.code(user, -1))
        session.rejected(older, INCORRECT_CODE, "an unused older code one step later")
        await run.server.clock.advance(drift * length)
        session.control(await session.verify_totp(user.id, session.code(user)), VERIFY_TOTP, "a newer code")


_REJECTED = (
    "a wrong code",
    "a replayed code",
    "an outdated code",
    "a long outdated code",
    "a future code",
    "a code one digit off",
    "letters",
)


@check("T5", Need.SEED)
async def rejections_look_the_same(run: CheckRun) -> None:
    """Send wrong, replayed, outdated, future and nearly right codes: one response for all, without a hint."""
    rejections: list[tuple[str, Exchange]] = []

    async def steps(session: JudgedSession, kind: str) -> None:
        user = await session.totp_user()
        current = session.code(user)
        replayed = session.code(user, -1)
        if kind == "a replayed code":
            session.prepared(await session.verify_totp(user.id, replayed), "T1", "step_up_grant")
        code = {
            "a replayed code": replayed,
            "an outdated code": session.code(user, -4),
            "a long outdated code": session.code(user, -100),
            "a future code": session.code(user, 4),
            "a code one digit off": current[:-1] + str((int(current[-1]) + 5) % 10),
            "letters": "abcdef",
        }.get(kind) or session.wrong_code(user)
        for turn in range(2):
            exchange = await session.verify_totp(user.id, code)
            label = f"{kind}{', again' if turn else ''}"
            session.rejected(exchange, INCORRECT_CODE, label, exactly=MUST)
            hint = _HINTS.search(exchange.text)
            session.expect(
                exchange, hint is None, "no hint", label, got=f"the word {hint.group()}" if hint else ""
            )
            rejections.append((label, exchange))
        session.control(await session.verify_totp(user.id, current), VERIFY_TOTP, "the current code")

    await run.each(steps, [("", kind) for kind in _REJECTED])
    async with run.session() as session:
        if rejections:
            session.same(rejections, "no hint about why a code is rejected", MUST)


def spellings(code: str) -> dict[str, str]:
    """Return what a lenient reader would take for ``code``."""
    return {
        "with a leading space": f" {code}",
        "with a trailing space": f"{code} ",
        "with a trailing newline": f"{code}\n",
        "with tabs around": f"\t{code}\t",
        "with an inner space": f"{code[:3]} {code[3:]}",
        "with a hyphen": f"{code[:3]}-{code[3:]}",
        "with a no-break space": f"{code}\u00a0",
        "with a zero-width space": f"{code}\u200b",
        "with a trailing NUL": f"{code}\u0000",
        "with a plus": f"+{code}",
        "with a zero before": f"0{code}",
        "with a zero after": f"{code}0",
        "as a decimal": f"{code}.0",
        "as hexadecimal": f"{int(code):#x}" if code.isdigit() else f"0x{code}",
        "without its last digit": code[:-1],
        "without its first digit": code[1:],
        "in full-width digits": "".join(_moved(letter, 0xFF10) for letter in code),
        "in Arabic digits": "".join(_moved(letter, 0x0660) for letter in code),
        "twice": f"{code},{code}",
        "in quotes": f'"{code}"',
    }


def _moved(letter: str, zero: int) -> str:
    return chr(zero + int(letter)) if letter.isdigit() else letter


@check("T6", Need.SEED, Need.MAKE)
async def spellings_make_no_second_code(run: CheckRun) -> None:
    """Spell codes in other ways, before and after the code itself: one success for one code, however it is
    spelt.
    """

    async def steps(session: JudgedSession, how: str) -> None:
        user = await session.totp_user()
        code = session.code(user, -1)
        spelt = spellings(code)[how]
        before = await session.verify_totp(user.id, spelt)
        plain = await session.verify_totp(user.id, code)
        check_one_success(session, before, plain)
        after = await session.verify_totp(user.id, spelt)
        rejected = 400 <= after.status < 500 and after.status != 429
        session.expect(after, rejected, "4xx for a used code", "once the code is used")
        session.control(await session.verify_totp(user.id, session.code(user)), VERIFY_TOTP, "the next code")

    await run.each(steps, [(f"a code {how}", how) for how in spellings("123456")])


def check_one_success(session: JudgedSession, before: Exchange, plain: Exchange) -> None:
    """Check a code spelt in another way, and then plainly: just one of the two succeeds."""
    known = before.status == 200 or (400 <= before.status < 500 and before.status != 429)
    session.expect(before, known, "200 or 4xx", "before the code itself")
    if before.status == 200:
        session.expect(plain, 400 <= plain.status < 500, "4xx", "the code after its other spelling succeeded")
    else:
        session.expect(plain, plain.status == 200, "200", "the code after its other spelling was rejected")


@check("T6", Need.SEED, Need.INBOX)
async def spellings_of_sms_codes(run: CheckRun) -> None:
    """Spell SMS codes in other ways: one success for one challenge."""

    async def steps(session: JudgedSession, how: str) -> None:
        challenge = await session.challenge()
        spelt = spellings(challenge.code)[how]
        before = await session.verify_sms(challenge.user.id, challenge.id, spelt)
        plain = await session.verify_sms(challenge.user.id, challenge.id, challenge.code)
        check_one_success(session, before, plain)
        after = await session.verify_sms(challenge.user.id, challenge.id, spelt)
        session.expect(after, 400 <= after.status < 500, "4xx", "once the challenge is verified")
        fresh = await session.challenge(challenge.user)
        right = await session.verify_sms(fresh.user.id, fresh.id, fresh.code)
        session.control(right, VERIFY_SMS, "a new challenge")

    await run.each(steps, [(f"an SMS code {how}", how) for how in spellings("123456")])


@check("T8", Need.SEED)
async def users_without_an_app(run: CheckRun) -> None:
    """Verify codes for unknown and deleted users and for users without an app; a user with one is served."""

    async def steps(session: JudgedSession, kind: str) -> None:
        neighbour = await session.totp_user()
        user_id = str(uuid.uuid4())
        if kind == "deleted":
            user_id = (await session.totp_user()).id
            await session.delete_user(user_id)
        elif kind == "plain":
            user_id = await session.plain_user()
        elif kind == "phone":
            user_id = (await session.phone_user()).id
        rejection = USER_NOT_FOUND if kind in ("unknown", "deleted") else MFA_NOT_ENABLED
        for label, code in (("a code", "123456"), ("another user's right code", session.code(neighbour))):
            exchange = await session.verify_totp(user_id, code)
            named = exchange.error_code == rejection.error_code
            strength = SHOULD if kind == "phone" else MUST
            session.expect(exchange, named, f"error_code {rejection.error_code}", label, strength)
            rejected = 400 <= exchange.status < 500 and exchange.status != 401
            session.expect(exchange, rejected, "4xx, but not 401", label)
            session.expect(exchange, exchange.status == rejection.status, str(rejection), label, SHOULD)
        right = await session.verify_totp(neighbour.id, session.code(neighbour))
        session.control(right, VERIFY_TOTP, "a user with an app")

    kinds = {
        "an unknown user": "unknown",
        "a deleted user": "deleted",
        "a user without MFA": "plain",
        "a user with a phone": "phone",
    }
    await run.each(steps, list(kinds.items()))


# Invalid values of one field, None for a field that is left out.
_FAULTS: dict[str, tuple[str, object]] = {
    "an unknown grant type": ("grant_type", "FOREVER"),
    "no grant type": ("grant_type", None),
    "a lifetime of 0 s": ("valid_for_seconds", 0),
    "a negative lifetime": ("valid_for_seconds", -1),
    "a lifetime in words": ("valid_for_seconds", "60"),
    "no lifetime": ("valid_for_seconds", None),
    "no action": ("action_type", None),
    "an empty action": ("action_type", ""),
    "an action that is too long": ("action_type", "x" * 10_000),
}


@check("T9", Need.SEED)
async def invalid_requests_spend_nothing(run: CheckRun) -> None:
    """Send a right code with one invalid field, more often than a lock needs, then as it should
    be: accepted.
    """

    async def steps(session: JudgedSession, field: str, value: object) -> None:
        user = await session.totp_user()
        code = session.code(user)
        for turn in range(2):
            body = spoilt(user, code, field, value)
            rejected = await session.send(VERIFY_TOTP, body)
            session.rejected(rejected, invalid(field), f"the right code, try {turn + 1}")
        right = await session.verify_totp(user.id, code)
        session.control(right, VERIFY_TOTP, "the same code without the fault", SHOULD)

    await run.each(steps, [(how, field, value) for how, (field, value) in _FAULTS.items()])


def spoilt(user: TotpUser, code: str, field: str, value: object) -> dict[str, object]:
    """Return a request with one field replaced, or left out where the value is None."""
    body = totp_body(user.id, code, "SENSITIVE_ACTION", "ONE_TIME_USE", 60) | {field: value}
    return {name: given for name, given in body.items() if given is not None}


@check("T9", Need.SEED)
async def invalid_requests_count_for_nothing(run: CheckRun) -> None:
    """Send wrong codes with an invalid field, more than a lock needs: the budget of wrong codes
    is unchanged.
    """
    async with run.session("wrong codes in invalid requests") as session:
        user = await session.totp_user()
        for _ in range(run.wrong_codes + 3):
            body = spoilt(user, session.wrong_code(user), "grant_type", "FOREVER")
            session.rejected(await session.send(VERIFY_TOTP, body), invalid("grant_type"), "a wrong code")
        for _ in range(run.wrong_codes):
            await session.verify_totp(user.id, session.wrong_code(user))
        right = await session.verify_totp(user.id, session.code(user))
        session.control(right, VERIFY_TOTP, "the right code", SHOULD)
