"""Locks of users who were named for them, on servers without the control API.

The policy of such a server is not known: what one user's lock took is the measure for the next one. A lock
that lasts longer than a minute is not waited out, and what would show after it is told as not exercised.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

from stepup_contract.checks import check
from stepup_contract.checks.failures import MOST_GUESSES, guess_until_locked
from stepup_contract.checks.throttling import check_429, check_cap
from stepup_contract.scenario.check_run import CheckRun
from stepup_contract.scenario.finding import MUST, SHOULD
from stepup_contract.scenario.judged import JudgedSession
from stepup_contract.server.connect import Need
from stepup_contract.server.named import MOST_SENDS, PATIENCE, NotExercised
from stepup_contract.server.operations import (
    ACTION,
    ONE_TIME_USE,
    RATE_LIMITED,
    TIME_BASED,
    VERIFY_TOTP,
    totp_body,
)
from stepup_contract.server.people import Challenge, PhoneUser, TotpUser
from stepup_contract.server.target import Exchange


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock with the 429 that reported it; ``wait`` is None where it is not waited out, ``sure`` the time
    of this machine's event loop until which it holds for certain.
    """

    told: Exchange
    wait: int | None
    began: float
    sure: float

    @classmethod
    def of(cls, told: Exchange) -> "Lock":
        """Return the lock of a 429 that came just now. Its seconds are rounded up."""
        now = asyncio.get_running_loop().time()
        asked = told.header("Retry-After") or ""
        seconds = int(asked) if asked.isascii() and asked.isdigit() else None
        wait = seconds if seconds is not None and seconds <= PATIENCE else None
        return cls(told, wait, now, now + (seconds - 1 if wait is not None and seconds else PATIENCE))

    def rejects(self, session: JudgedSession, exchange: Exchange, what: str) -> None:
        """Check a response under the lock. Raises NotExercised where it came too late to be conclusive."""
        if asyncio.get_running_loop().time() > self.sure and exchange.status != 429:
            raise NotExercised("the lock is shorter than the check needs; a few seconds would do")
        session.rejected(exchange, RATE_LIMITED, what, exactly=MUST)


async def lock(session: JudgedSession, user: TotpUser) -> Lock:
    """Send wrong codes until the user is locked. Raises NotExercised where no lock comes."""
    known = session.pool.caps.get("app", MOST_GUESSES)
    evaluated, locked = await guess_until_locked(
        lambda: session.verify_totp(user.id, session.wrong_code(user)), known + 1
    )
    if locked is None or evaluated == 0:
        raise NotExercised("the user is locked already" if locked else "no lock came; see R1")
    session.pool.caps["app"] = evaluated
    return Lock.of(locked)


@check("R2", Need.SEED, unless=Need.MAKE)
async def a_named_users_cap_holds_whatever_changes(run: CheckRun) -> None:
    """Send wrong codes that differ in action, lifetime, type, connection and address until 429; then change
    each of these and the spelling of the id under the lock: all rejected.
    """
    async with run.session("wrong codes over actions, lifetimes, connections and addresses") as session:
        user = await session.totp_user()
        turns = iter(range(MOST_GUESSES + 1))
        most = run.pool.caps.get("app", MOST_GUESSES)

        async def guess() -> Exchange:
            turn = next(turns)
            address = f"203.0.113.{turn}"
            headers = [("X-Forwarded-For", address), ("X-Real-IP", address), ("User-Agent", f"agent {turn}")]
            return await session.verify_totp(
                user.id, session.wrong_code(user), action=f"ACTION_{turn}", valid_for=60 + turn,
                grant_type=(ONE_TIME_USE, TIME_BASED)[turn % 2], fresh=True, headers=headers,
            )  # fmt: skip

        evaluated, locked = await guess_until_locked(guess, most + 1)
        check_cap(session, evaluated, locked)
        held, last = locked is not None and evaluated <= most, locked or session.sequence[-1]
        session.expect(last, held, f"429 after {most} wrong codes", got=f"{evaluated} evaluated")
        if locked is None:
            return
        held_by = Lock.of(locked)
        changes: dict[str, dict[str, Any]] = {
            "another action": {"action": "ANOTHER"},
            "another type of grant and lifetime": {"grant_type": TIME_BASED, "valid_for": 599},
            "a new connection": {"fresh": True},
            "another address": {"headers": [("X-Forwarded-For", "198.51.100.7"), ("User-Agent", "another")]},
        }
        # Long, as the changes are tried before the lock and again under it.
        for what, change in changes.items():
            wrong = await session.verify_totp(user.id, session.wrong_code(user), **change)
            held_by.rejects(session, wrong, f"a wrong code under the lock, {what}")
        upper = await session.verify_totp(user.id.upper(), session.wrong_code(user))
        if upper.error_code != "user_not_found":
            held_by.rejects(session, upper, "a wrong code under the lock, the id in upper case")
        right = await session.verify_totp(user.id, session.code(user))
        held_by.rejects(session, right, "the right code under the lock")
        await others_are_served(session)
        run.reasons.append("other API keys and other factors are tried under control only")


async def others_are_served(session: JudgedSession) -> None:
    """Check that a user who is not locked still steps up."""
    other = await session.own_app()
    await session.fresh(other)
    exchange = await session.verify_totp(other.id, session.code(other))
    session.expect(exchange, exchange.status == 200, "200", "another user's right code under the lock")


@check("R3", Need.SEED, unless=Need.MAKE)
async def a_named_users_lock_is_their_own(run: CheckRun) -> None:
    """Lock a named user: the right code is rejected like a wrong one, a valid grant and other users work;
    after a short lock the same code is still unused.
    """
    async with run.session("a locked user") as session:
        other = await session.own_app()
        user = await session.totp_user()
        issued = await session.verify_totp(user.id, session.code(user, -1), valid_for=600)
        code = session.code(user)
        locked = await lock(session, user)
        right = await session.verify_totp(user.id, code)
        locked.rejects(session, right, "the right code")
        pair = [("a wrong code", locked.told), ("the right code", right)]
        session.same(pair, "no details under a lock", MUST)
        theirs = await session.verify_totp(other.id, session.code(other))
        served = theirs.status == 200
        session.expect(theirs, served, "200", "another user's right code")
        if issued.status == 200:
            live = await session.verify_grant(user.id, issued.member("step_up_grant"))
            session.expect(live, live.status == 200, "200", "a valid grant of the locked user", SHOULD)
        seen = await session.lookup(user.id)
        session.expect(seen, seen.status == 200, "200", "the lookup of the locked user", SHOULD)
        if locked.wait is None or locked.wait > user.step_seconds:
            run.reasons.append("needs a lock shorter than a time step, to see that it uses up no code")
            return
        await run.sleep(locked.began + locked.wait + 0.1 - asyncio.get_running_loop().time())
        if code not in (session.code(user), session.code(user, -1)):
            run.reasons.append("the lock outlasted the code, so that nothing shows whether it was used")
            return
        session.control(await session.verify_totp(user.id, code), VERIFY_TOTP, "the same code after the lock")


@check("R4", Need.SEED, unless=Need.MAKE)
async def a_named_users_lock_ends_when_it_says(run: CheckRun) -> None:
    """Read the 429 of a lock, try early, and return when Retry-After says: served again."""
    async with run.session("a lock") as session:
        user = await session.totp_user()
        loop = asyncio.get_running_loop()
        locked = await lock(session, user)
        check_429(session, locked.told, "a lock", 86400)
        check_429(
            session, await session.verify_totp(user.id, session.code(user)), "a lock, the right code", 86400
        )
        if locked.wait is None:
            told = locked.told.header("Retry-After") or "none"
            run.reasons.append(
                f"needs a lock of {PATIENCE:g} s or less, to see its end (Retry-After here: {told})"
            )
            return
        # As late as is certain to be early: a lock that each try restarts then lasts well beyond its end.
        await run.sleep(locked.sure - 0.2 - loop.time())
        for _ in range(3):
            early = await session.verify_totp(user.id, session.wrong_code(user))
            if loop.time() < locked.sure:
                session.rejected(early, RATE_LIMITED, "a try before the end", exactly=MUST)
        await run.sleep(locked.began + locked.wait + 0.1 - loop.time())
        await session.fresh(user)
        after = await session.verify_totp(user.id, session.code(user))
        session.expect(
            after, after.status == 200, "200", f"the right code after Retry-After ({locked.wait} s)"
        )


@check("C3", Need.SEED, unless=Need.MAKE, alone=True)
async def a_named_user_is_guessed_at_once(run: CheckRun, *, guesses: int) -> None:
    """Count the wrong codes that lock a user one after the other, then send many at once for another user:
    no more are evaluated.
    """
    async with run.session("wrong codes one after the other") as session:
        if "app" not in session.pool.caps:
            await lock(session, await session.totp_user())
    cap = run.pool.caps.get("app")
    if cap is None:
        return
    async with run.session(f"{guesses} wrong codes at once") as session:
        user = await session.totp_user()
        bodies = [
            totp_body(user.id, session.wrong_code(user), ACTION, ONE_TIME_USE, 60) for _ in range(guesses)
        ]
        exchanges = await session.at_once([session.request(VERIFY_TOTP, body) for body in bodies])
        for exchange in exchanges:
            session.expect(exchange, 400 <= exchange.status < 500, "4xx", "a wrong code")
        evaluated = [e for e in exchanges if e.error_code == "incorrect_mfa_code"]
        if not evaluated:
            raise NotExercised("the user is locked already: a lock of an earlier run, or of all users")
        got = f"{len(evaluated)} evaluated"
        session.expect(
            evaluated[-1], len(evaluated) <= cap, f"at most {cap} evaluated, as one after the other", got=got
        )
        rejected = [e for e in exchanges if e.status == 429]
        right = await session.verify_totp(user.id, session.code(user))
        Lock.of(rejected[0] if rejected else right).rejects(session, right, "the right code after them")
        await others_are_served(session)


@check("S8", Need.SEED, Need.INBOX, unless=Need.MAKE)
async def challenges_give_a_named_user_no_new_guesses(run: CheckRun, *, wrong_codes: int) -> None:
    """Open challenges beforehand and guess through them until 429; then open each one only when it is
    needed: no more wrong codes are evaluated.
    """
    async with run.session("all challenges opened beforehand") as session:
        user = await session.phone_user()
        opened = [await session.challenge(user) for _ in range(MOST_SENDS)]
        cap = await _guesses(session, user, opened, wrong_codes)
        most = MOST_SENDS * wrong_codes
        locked = f"429 within {most} wrong SMS codes"
        session.expect(session.sequence[-1], cap is not None, locked, "", SHOULD, got=f"{most} evaluated")
    if cap is None:
        return
    async with run.session("challenges opened between the guesses") as session:
        user = await session.phone_user()
        evaluated = await _guesses(session, user, [None] * MOST_SENDS, wrong_codes)
        last = session.sequence[-1]
        held = evaluated is not None and evaluated <= cap
        got = f"{MOST_SENDS * wrong_codes if evaluated is None else evaluated} evaluated"
        session.expect(last, held, f"429 after {cap} wrong codes, as for challenges opened before", got=got)
    async with run.session("another user") as session:
        await others_are_served(session)


async def _guesses(
    session: JudgedSession, user: PhoneUser, challenges: list[Any], wrong_codes: int
) -> int | None:
    """Send ``wrong_codes`` for each challenge, opened now where it is None; return how many were sent before
    a 429, None where none came.
    """
    sent = 0
    for known in challenges:
        challenge: Challenge = known
        if known is None:
            opened = await session.send_sms(user.id, user.phones[0].id)
            if opened.status == 429:
                return sent
            challenge = Challenge(str(opened.member("challenge_id")), user, user.phones[0], ACTION, "")
        for _ in range(wrong_codes):
            exchange = await session.verify_sms(user.id, challenge.id, session.wrong_sms_code(challenge))
            if exchange.status == 429:
                return sent
            sent += 1
    return None
