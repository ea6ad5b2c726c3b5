"""Group T: codes of authenticator apps, once each, for the user with the secret.

Codes come from pyotp, so a misreading of RFC 6238 in a server cannot agree with one here. A user has few
codes per time step: sessions create users of their own, and use the previous, the current and the next code
in this order.
"""

import asyncio
import secrets
import uuid
from collections.abc import Awaitable, Callable

from stepup_contract.checks import check
from stepup_contract.scenario.check_run import CheckRun
from stepup_contract.scenario.finding import MUST
from stepup_contract.scenario.judged import JudgedSession
from stepup_contract.server.connect import Need
from stepup_contract.server.named import MOST_WRONG
from stepup_contract.server.operations import (
    GRANT_TYPES,
    INCORRECT_CODE,
    MFA_NOT_ENABLED,
    ONE_TIME_USE,
    TIME_BASED,
    VERIFY_TOTP,
)
from stepup_contract.server.people import TotpUser, encode_secret
from stepup_contract.server.target import Exchange

# RFC 6238 appendix B: Unix time, and the last six of the eight digits for SHA-1.
VECTORS = {
    59: "287082",
    1111111109: "081804",
    1111111111: "050471",
    1234567890: "005924",
    2000000000: "279037",
    20000000000: "353130",
}
RFC_SECRET = b"12345678901234567890"


@check("T1", Need.SEED, Need.MAKE)
async def current_code_is_accepted(run: CheckRun) -> None:
    """Send the current code of users with secrets of several sizes, for both types of grant."""

    async def steps(session: JudgedSession, size: int, grant_type: str) -> None:
        user = await session.totp_user(secrets.token_bytes(size))
        exchange = await session.verify_totp(user.id, session.code(user), grant_type=grant_type)
        session.succeeded(exchange, VERIFY_TOTP, "the current code")

    await run.each(
        steps,
        [
            (f"{grant_type}, a secret of {size * 8} bits", size, grant_type)
            for size in (20, 32, 35)
            for grant_type in GRANT_TYPES
        ],
    )


@check("T1", Need.SEED, Need.MAKE)
async def leading_zeros_count(run: CheckRun) -> None:
    """Send current codes that begin with one and with two zeros: accepted as strings, zeros and all."""

    async def steps(session: JudgedSession, zeros: str) -> None:
        step = session.time_step()
        while True:
            secret = secrets.token_bytes(20)
            if TotpUser("", encode_secret(secret)).code(step).startswith(zeros):
                break
        user = await session.totp_user(secret)
        stripped = await session.verify_totp(user.id, user.code(step).lstrip("0"))
        session.rejected(stripped, INCORRECT_CODE, "the code without its zeros")
        exchange = await session.verify_totp(user.id, user.code(step))
        session.succeeded(exchange, VERIFY_TOTP, "the code with its zeros")

    await run.each(steps, [("a code that begins with 0", "0"), ("a code that begins with 00", "00")])


@check("T1", Need.SEED, Need.MAKE)
async def same_secret_two_users(run: CheckRun) -> None:
    """Give two users the same secret: each may use the current code, as a code is used for its user only."""
    async with run.session("two users with the same secret") as session:
        secret = secrets.token_bytes(20)
        one, other = await session.totp_user(secret), await session.totp_user(secret)
        code = session.code(one)
        for user, which in ((one, "the first user"), (other, "the second user")):
            session.succeeded(await session.verify_totp(user.id, code), VERIFY_TOTP, which)


@check("T1", Need.SEED)
async def a_mistake_before_is_forgiven(run: CheckRun) -> None:
    """Send a wrong code, then the current one: accepted."""
    async with run.session("after a wrong code") as session:
        user = await session.totp_user()
        await session.verify_totp(user.id, session.wrong_code(user))
        session.succeeded(
            await session.verify_totp(user.id, session.code(user)), VERIFY_TOTP, "the current code"
        )


@check("T1", Need.SEED, Need.CLOCK, alone=True)
async def published_vectors(run: CheckRun) -> None:
    """Freeze the clock at the times of RFC 6238 appendix B and send the published codes, and those at a
    step's edges.
    """
    async with run.session("RFC 6238 appendix B") as session:
        if run.server.limit("totp_step_seconds", 30) != 30:
            run.reasons.append("the published codes are for steps of 30 s")
            return
        for time, code in VECTORS.items():
            await run.server.clock.freeze(time)
            user = await session.totp_user(RFC_SECRET)
            exchange = await session.verify_totp(user.id, code)
            session.succeeded(exchange, VERIFY_TOTP, f"the code of Unix time {time}")
        for time in (1111111110, 1111111139):
            await run.server.clock.freeze(time)
            user = await session.totp_user()
            exchange = await session.verify_totp(user.id, session.code(user))
            session.succeeded(exchange, VERIFY_TOTP, f"the code of Unix time {time}")


Second = Callable[[JudgedSession, TotpUser, str], Awaitable[Exchange]]

# Everything that may differ between the two uses of a code.
SECOND_USES: dict[str, Second] = {
    "in the same request": lambda session, user, code: session.verify_totp(user.id, code),
    "for another action": lambda session, user, code: session.verify_totp(user.id, code, action="OTHER"),
    "for the other type of grant": lambda session, user, code: session.verify_totp(
        user.id, code, grant_type=TIME_BASED
    ),
    "for another lifetime": lambda session, user, code: session.verify_totp(user.id, code, valid_for=61),
    "for another action, type and lifetime": lambda session, user, code: session.verify_totp(
        user.id, code, action="ANOTHER", grant_type=TIME_BASED, valid_for=600
    ),
    "on a new connection": lambda session, user, code: session.verify_totp(user.id, code, fresh=True),
    "from another address": lambda session, user, code: session.verify_totp(
        user.id, code, headers=[("X-Forwarded-For", "203.0.113.7"), ("User-Agent", "another")]
    ),
    "with the user id in upper case": lambda session, user, code: session.verify_totp(user.id.upper(), code),
}


async def check_second_use(session: JudgedSession, *seconds: Second) -> None:
    """Use a code, use it again in each of these ways, and see that the next code is still valid."""
    user = await session.totp_user()
    # The very code that was accepted is sent again: asked for again, it might be the next step's.
    shift, used = -1, session.code(user, -1)
    first = await session.verify_totp(user.id, used)
    if first.status != 200:
        # A server need not allow for delay (T2): then the current code is the first.
        shift, used = 0, session.code(user)
        first = await session.verify_totp(user.id, used)
    session.prepared(first, "T1", "step_up_grant")
    for second in seconds:
        again = await second(session, user, used)
        if again.status != 404:
            session.rejected(again, INCORRECT_CODE, "a code that was accepted before")
    after = await session.verify_totp(user.id, session.code(user, shift + 1))
    if shift == -1 or after.status == 200:
        session.control(after, VERIFY_TOTP, "the next code")
    else:
        await session.totp_grant()


@check("T3", Need.SEED)
async def accepted_once(run: CheckRun) -> None:
    """Send an accepted code again, changing everything that may differ between two requests."""
    uses = list(SECOND_USES.items())
    size = 1 if run.server.pool is None else MOST_WRONG
    groups = [uses[at : at + size] for at in range(0, len(uses), size)]
    await run.each(
        check_second_use,
        [("; ".join(label for label, _ in group), *(use for _, use in group)) for group in groups],
    )


@check("T3", Need.SEED, Need.KEYS)
async def accepted_once_for_all_keys(run: CheckRun) -> None:
    """Send an accepted code again with another API key of the same environment."""
    key = await run.server.the_control().mint_key()
    async with run.session("with another key") as session:
        await check_second_use(
            session, lambda session, user, code: session.verify_totp(user.id, code, key=key)
        )


@check("T3", Need.SEED, Need.MAKE)
async def accepted_once_among_others(run: CheckRun, *, other_codes: int) -> None:
    """Send an accepted code again after the user used a newer one, failed, or was looked up, and after other
    users' codes.
    """
    async with run.session() as session:
        user = await session.totp_user()
        used = session.code(user)
        session.prepared(await session.verify_totp(user.id, used), "T1", "step_up_grant")
        await session.verify_totp(user.id, session.wrong_code(user))
        again = await session.verify_totp(user.id, used)
        session.rejected(again, INCORRECT_CODE, "an accepted code again after a wrong one")
        await session.lookup(user.id)

        async def another() -> None:
            other = await session.totp_user()
            for shift in (0, 1):
                await session.totp_grant(other, shift)

        await asyncio.gather(*(another() for _ in range(other_codes // 2)))
        again = await session.verify_totp(user.id, used)
        session.rejected(again, INCORRECT_CODE, "an accepted code again after codes of other users")
        newer = await session.verify_totp(user.id, session.code(user, 1))
        if newer.status == 200:
            again = await session.verify_totp(user.id, used)
            session.rejected(again, INCORRECT_CODE, "an accepted code again after a newer one")
        await session.totp_grant()


@check("T3", Need.SEED)
async def accepted_once_whatever_becomes_of_the_grant(run: CheckRun) -> None:
    """Send an accepted code again after its one-time grant was used and after it expired."""

    async def steps(session: JudgedSession, expire: bool) -> None:
        user = await session.totp_user()
        used = session.code(user)
        exchange = await session.verify_totp(user.id, used, valid_for=1 if expire else 60)
        grant = session.prepared(exchange, "T1", "step_up_grant")
        if expire:
            await run.sleep(1.2)
        await session.verify_grant(user.id, grant)
        again = await session.verify_totp(user.id, used)
        session.rejected(again, INCORRECT_CODE, "its code again")
        await session.totp_grant()

    await run.each(steps, [("after a grant was used", False), ("after a grant expired", True)])


@check("T3", Need.SEED, Need.CLOCK, alone=True)
async def accepted_once_while_it_could_be_valid(run: CheckRun) -> None:
    """Use each code that the server accepts, then send it again in every step in which its time is still
    accepted.
    """
    length = run.server.limit("totp_step_seconds", 30)
    drift = run.server.limit("totp_drift_steps", 1)

    async def steps(session: JudgedSession, shift: int) -> None:
        await run.server.clock.freeze(start)
        user = await session.totp_user()
        used = session.code(user, shift)
        session.prepared(await session.verify_totp(user.id, used), "T1", "step_up_grant")
        for later in range(shift + drift + 1):
            if later:
                await run.server.clock.advance(length)
            again = await session.verify_totp(user.id, used)
            session.rejected(again, INCORRECT_CODE, f"an accepted code {later} steps later")
        await run.server.clock.advance(length)
        session.control(await session.verify_totp(user.id, session.code(user)), VERIFY_TOTP, "a new code")

    start = (int(run.server.clock.now()) // length) * length + length // 2
    for shift in range(-drift, drift + 1):
        async with run.session(f"a code {shift:+} steps from the clock") as session:
            await steps(session, shift)


@check("T3", Need.SEED, Need.CLOCK, Need.LIMITS, alone=True)
async def accepted_once_whatever_locks_come(run: CheckRun) -> None:
    """Use a code, lock the user for a few seconds, and send it again after the lock within its
    step: rejected.
    """
    clock = run.server.clock
    await run.set_limits(lock_seconds=5)
    length = run.server.limit("totp_step_seconds", 30)
    async with run.session("after a lock") as session:
        await clock.freeze((int(clock.now()) // length) * length + 2)
        user = await session.totp_user()
        used = session.code(user)
        session.prepared(await session.verify_totp(user.id, used), "T1", "step_up_grant")
        for _ in range(run.wrong_codes + 1):
            await session.verify_totp(user.id, session.wrong_code(user))
        await clock.advance(6)
        session.rejected(await session.verify_totp(user.id, used), INCORRECT_CODE, "an accepted code again")
        session.control(
            await session.verify_totp(user.id, session.code(user, 1)), VERIFY_TOTP, "the next code"
        )


@check("T7", Need.SEED)
async def a_code_is_its_users(run: CheckRun) -> None:
    """Send a user's right code for other users: rejected, and still valid for the user it belongs to."""

    async def steps(session: JudgedSession, kind: str, grant_type: str) -> None:
        owner = await session.totp_user()
        other = await session.totp_user() if kind == "app" else owner
        code = session.code(owner)
        if kind == "app":
            while other.code(session.time_step()) == code:
                other = await session.totp_user()
            other_id, rejection = other.id, INCORRECT_CODE
        elif kind == "phone":
            other_id, rejection = (await session.phone_user()).id, MFA_NOT_ENABLED
        else:
            other_id, rejection = await session.plain_user(), MFA_NOT_ENABLED
        exchange = await session.verify_totp(other_id, code, grant_type=grant_type)
        session.rejected(exchange, rejection, "another user's code", exactly=MUST)
        right = await session.verify_totp(owner.id, code, grant_type=grant_type)
        session.control(right, VERIFY_TOTP, "the code for its own user")
        if kind == "app":
            spent = await session.verify_totp(other_id, code, grant_type=grant_type)
            session.rejected(spent, rejection, "another user's code that its owner used", exactly=MUST)
            own = await session.verify_totp(other_id, session.code(other))
            session.control(own, VERIFY_TOTP, "the other user's own code")

    cases = [
        (f"{label}, {grant_type}", kind, grant_type)
        for label, kind in (("a user with an app", "app"), ("a phone user", "phone"), ("a plain user", ""))
        for grant_type in GRANT_TYPES
    ]
    await run.each(steps, cases)


@check("T7", Need.SEED)
async def a_code_names_one_user(run: CheckRun) -> None:
    """Send a user's code for another user and name its owner in extra fields and headers: the user id
    decides.
    """
    async with run.session() as session:
        owner, other = await session.totp_user(), await session.totp_user()
        code = session.code(owner)
        if session.code(other) == code:
            other = await session.totp_user()
        body = {
            "action_type": "SENSITIVE_ACTION",
            "user_id": other.id,
            "userId": owner.id,
            "user": owner.id,
            "code": code,
            "grant_type": ONE_TIME_USE,
            "valid_for_seconds": 60,
        }
        exchange = await session.send(VERIFY_TOTP, body, headers=[("X-User-Id", owner.id)])
        session.rejected(
            exchange, INCORRECT_CODE, "another user's code with its owner named elsewhere", exactly=MUST
        )
        unknown = await session.verify_totp(str(uuid.uuid4()), code)
        session.expect(unknown, 400 <= unknown.status < 500, "4xx", "a right code for an unknown user")
        session.control(await session.verify_totp(owner.id, code), VERIFY_TOTP, "the code for its own user")
