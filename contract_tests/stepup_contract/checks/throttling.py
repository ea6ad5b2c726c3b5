"""Group R: wrong codes are capped for a user, whatever changes around them, and the lock ends
when it says.
"""

import secrets
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from stepup_contract.checks import check
from stepup_contract.checks.failures import MOST_GUESSES, guess_until_locked
from stepup_contract.scenario.check_run import CheckRun
from stepup_contract.scenario.finding import MUST, SHOULD
from stepup_contract.scenario.judged import JudgedSession
from stepup_contract.server.connect import Need
from stepup_contract.server.named import NotExercised
from stepup_contract.server.operations import (
    CHALLENGE_NOT_FOUND,
    RATE_LIMITED,
    VERIFY_SMS,
    VERIFY_TOTP,
)
from stepup_contract.server.people import TotpUser
from stepup_contract.server.target import Exchange


def check_cap(session: JudgedSession, evaluated: int, locked: Exchange | None) -> None:
    """Check how many wrong codes were evaluated before the 429: no more than the policy says, and at most a
    hundred.
    """
    run = session.record
    last = locked or session.sequence[-1]
    if evaluated == 0 and run.server.pool is not None:
        raise NotExercised("the user is locked already: a lock of an earlier run, or of all users")
    run.remark(f"{session.label}: {evaluated} wrong codes evaluated")
    held = locked is not None and evaluated <= MOST_GUESSES
    session.expect(last, held, f"429 within {MOST_GUESSES} wrong codes", got=f"{evaluated} evaluated")
    cap = run.server.limit("max_wrong_codes", 10)
    session.expect(
        last, evaluated <= cap, f"at most {cap} wrong codes evaluated", "", SHOULD, got=str(evaluated)
    )
    if "max_wrong_codes" in run.server.limits:
        session.expect(
            last, evaluated >= cap, f"no lock before {cap} wrong codes", "", SHOULD, got=str(evaluated)
        )


@check("R1", Need.SEED, Need.INBOX)
async def wrong_codes_are_capped(run: CheckRun) -> None:
    """Send wrong codes, different ones and the same one, until 429: capped, and the right code is rejected
    too.
    """

    async def steps(session: JudgedSession, kind: str) -> None:
        if kind == "sms":
            needed = 2 if run.server.pool is None else 1
            challenge = await session.challenge(await session.phone_user(*[None] * needed))
            user, phones = challenge.user, challenge.user.phones
            evaluated, locked = await guess_until_locked(
                lambda: session.verify_sms(user.id, challenge.id, session.wrong_sms_code(challenge)),
                run.server.limit("challenge_max_attempts", 10),
            )
            if locked is None:
                # The challenge became invalid at its last wrong code; the lock shows at the next send.
                locked = await session.send_sms(user.id, phones[-1].id)
                locked = locked if locked.status == 429 else None
            if locked is None and run.server.pool is not None:
                run.remark(f"no lock within {evaluated} wrong SMS codes; see S8")
                return
            check_cap(session, evaluated, locked)
        else:
            app = await session.totp_user()
            wrong = session.wrong_code(app)
            evaluated, locked = await guess_until_locked(
                lambda: session.verify_totp(app.id, wrong if kind == "same" else session.wrong_code(app))
            )
            check_cap(session, evaluated, locked)
            if run.server.pool is not None and locked is not None:
                run.server.pool.caps["app"] = evaluated
            right = await session.verify_totp(app.id, session.code(app))
            session.rejected(right, RATE_LIMITED, "the right code after the cap", exactly=MUST)
        await session.totp_grant()

    cases = [("different TOTP codes", "different"), ("the same TOTP code", "same"), ("SMS codes", "sms")]
    await run.each(steps, cases)


@check("R1", Need.SEED, Need.CLOCK, alone=True)
async def a_lock_lasts(run: CheckRun) -> None:
    """Lock a user and move the clock to just before and just after the end of the policy's lock."""
    clock = run.server.clock
    lock = run.server.limit("lock_seconds", 900)
    async with run.session(f"a lock of {lock} s") as session:
        start = int(clock.now())
        await clock.freeze(start)
        app = await session.totp_user()
        evaluated, locked = await guess_until_locked(
            lambda: session.verify_totp(app.id, session.wrong_code(app))
        )
        check_cap(session, evaluated, locked)
        for moment in (lock // 10, lock - 1):
            await clock.freeze(start + moment)
            right = await session.verify_totp(app.id, session.code(app))
            session.rejected(right, RATE_LIMITED, f"the right code {lock - moment} s before the end")
        await clock.freeze(start + lock + 1)
        session.control(
            await session.verify_totp(app.id, session.code(app)), VERIFY_TOTP, "after the lock", SHOULD
        )


Guess = Callable[[JudgedSession, TotpUser, int], Awaitable[Exchange]]


def _guess(**vary: Callable[[int], Any]) -> Guess:
    """Return a guess whose arguments vary with its turn."""

    async def guess(session: JudgedSession, user: TotpUser, turn: int) -> Exchange:
        arguments = {name: value(turn) for name, value in vary.items()}
        user_id = arguments.pop("user_id", None)
        spelt = user.id.upper() if user_id == "upper" else user.id
        return await session.verify_totp(spelt, session.wrong_code(user), **arguments)

    return guess


@check("R2", Need.SEED, Need.KEYS)
async def the_cap_holds_whatever_changes(run: CheckRun) -> None:
    """Spread wrong codes over connections, keys, actions, grant types, addresses and spellings of the user
    id.
    """
    keys = [run.server.target.api_key, *[await run.server.the_control().mint_key() for _ in range(3)]]
    guesses: dict[str, Guess] = {
        "new connections": _guess(fresh=lambda turn: True),
        "keys of the environment": _guess(key=lambda turn: keys[turn % len(keys)]),
        "actions": _guess(action=lambda turn: f"ACTION_{turn}"),
        "grant types": _guess(grant_type=lambda turn: ("ONE_TIME_USE", "TIME_BASED")[turn % 2]),
        "lives": _guess(valid_for=lambda turn: 60 + turn),
        "addresses": _guess(
            headers=lambda turn: [
                ("X-Forwarded-For", f"203.0.113.{turn}"),
                ("X-Real-IP", f"203.0.113.{turn}"),
                ("Forwarded", f"for=203.0.113.{turn}"),
                ("User-Agent", f"agent {turn}"),
            ]
        ),
        "spellings of the user id": _guess(user_id=lambda turn: ("lower", "upper")[turn % 2]),
        "all of these": _guess(
            fresh=lambda turn: turn % 3 == 0,
            key=lambda turn: keys[turn % len(keys)],
            action=lambda turn: f"ACTION_{turn}",
            user_id=lambda turn: ("lower", "upper")[turn % 2],
        ),
    }

    async def steps(session: JudgedSession, guess: Guess) -> None:
        user = await session.totp_user()
        turn = iter(range(1000))
        # 404 is a server's right response to an upper-case id that it does not know.
        evaluated, locked = await guess_until_locked(lambda: guess(session, user, next(turn)))
        check_cap(session, evaluated, locked)
        right = await session.verify_totp(user.id, session.code(user))
        session.rejected(right, RATE_LIMITED, "the right code after the cap", exactly=MUST)
        await session.totp_grant()

    await run.each(steps, [(f"wrong codes over {label}", guess) for label, guess in guesses.items()])


@check("R2", Need.SEED, Need.INBOX, Need.MAKE)
async def the_cap_holds_across_factors(run: CheckRun) -> None:
    """Send some wrong TOTP codes, give the user a phone instead, send wrong SMS codes: they add up."""
    async with run.session("wrong codes over two factors") as session:
        cap = run.server.limit("max_wrong_codes", 10)
        user = await session.totp_user()
        for _ in range(cap - 2):
            await session.verify_totp(user.id, session.wrong_code(user))
        phone_user = await session.phone_user(user_id=user.id)
        challenge = await session.challenge(phone_user)
        evaluated, locked = await guess_until_locked(
            lambda: session.verify_sms(user.id, challenge.id, session.wrong_sms_code(challenge)),
            3,
        )
        last = locked or session.sequence[-1]
        expected = f"429 after {cap} wrong codes in all"
        held = locked is not None and cap - 2 + evaluated <= cap
        session.expect(last, held, expected, got=f"{cap - 2} and {evaluated} evaluated")
        right = await session.verify_sms(user.id, challenge.id, challenge.code)
        session.rejected(right, RATE_LIMITED, "the right code after the cap", exactly=MUST)
        await session.totp_grant()


@check("R3", Need.SEED, Need.INBOX, Need.MAKE)
async def a_lock_is_one_users(run: CheckRun) -> None:
    """Lock a user: right codes, sends and SMS codes get 429, lookups and grants are served, others are
    untouched.
    """

    async def steps(session: JudgedSession, factor: str) -> None:
        if factor == "app":
            app = await session.totp_user()
            grant = await session.totp_grant(app, -1)
            _, locked = await guess_until_locked(lambda: session.verify_totp(app.id, session.wrong_code(app)))
            right = await session.verify_totp(app.id, session.code(app))
        else:
            user = await session.phone_user(None, None, None)
            grant = await session.sms_grant(await session.challenge(user, user.phones[0]))
            open_one = await session.challenge(user, user.phones[1])
            tried = await session.challenge(user, user.phones[2])
            for _ in range(run.server.limit("max_wrong_codes", 10)):
                await session.verify_sms(user.id, tried.id, session.wrong_sms_code(tried))
            right = await session.verify_sms(user.id, open_one.id, open_one.code)
            locked = right
            before = len(await session.messages(phone_number=user.phones[0].number))
            send = await session.send_sms(user.id, user.phones[0].id)
            session.rejected(send, RATE_LIMITED, "a send for a locked user")
            sent = len(await session.messages(phone_number=user.phones[0].number)) - before
            session.expect(send, sent == 0, "no message for a locked user", got=f"{sent} messages")
        session.rejected(right, RATE_LIMITED, "the right code of a locked user", exactly=MUST)
        if locked is not None and factor == "app":
            session.same(
                [("a wrong code", locked), ("the right code", right)], "no details under a lock", MUST
            )
        live = await session.verify_grant(grant.user_id, grant.value)
        session.expect(live, live.status == 200, "200", "a valid grant of a locked user", SHOULD)
        seen = await session.lookup(grant.user_id)
        session.expect(seen, seen.status == 200, "200", "the lookup of a locked user", SHOULD)
        await session.totp_grant()
        await session.sms_grant()

    await run.each(steps, [("a user with an app", "app"), ("a user with phones", "phone")])


@check("R3", Need.SEED, Need.INBOX)
async def a_success_clears_the_count(run: CheckRun) -> None:
    """Send wrong codes to just below the cap, a right one, and wrong ones again: no lock."""
    async with run.session("a right code between wrong ones") as session:
        user = await session.totp_user()
        for shift in (-1, 0):
            for _ in range(run.wrong_codes):
                await session.verify_totp(user.id, session.wrong_code(user))
            exchange = await session.verify_totp(user.id, session.code(user, shift))
            session.expect(exchange, exchange.status == 200, "200", "a right code below the cap", SHOULD)
    async with run.session("a right SMS code between wrong ones") as session:
        phone_user = await session.phone_user(None, None)
        for phone in phone_user.phones:
            challenge = await session.challenge(phone_user, phone)
            for _ in range(min(run.wrong_codes, run.server.limit("challenge_max_attempts", 5) - 1)):
                await session.verify_sms(phone_user.id, challenge.id, session.wrong_sms_code(challenge))
            exchange = await session.verify_sms(phone_user.id, challenge.id, challenge.code)
            session.expect(exchange, exchange.status == 200, "200", "a right code below the cap", SHOULD)


@check("R3", Need.SEED, Need.INBOX, Need.CLOCK, Need.LIMITS, alone=True)
async def a_lock_uses_nothing_up(run: CheckRun) -> None:
    """Make locks short, lock users, send the right codes under the lock and after it: still unused."""
    clock = run.server.clock
    await run.set_limits(lock_seconds=10)
    length = run.server.limit("totp_step_seconds", 30)
    async with run.session("a lock of 10 s") as session:
        await clock.freeze((int(clock.now()) // length) * length + 2)
        app = await session.totp_user()
        code = session.code(app)
        await guess_until_locked(lambda: session.verify_totp(app.id, session.wrong_code(app)))
        under = await session.verify_totp(app.id, code)
        session.rejected(under, RATE_LIMITED, "the right code under the lock", exactly=MUST)
        user = await session.phone_user(None, None)
        kept = await session.challenge(user, user.phones[0])
        tried = await session.challenge(user, user.phones[1])
        for _ in range(run.server.limit("max_wrong_codes", 5)):
            await session.verify_sms(user.id, tried.id, session.wrong_sms_code(tried))
        locked = await session.verify_sms(user.id, kept.id, kept.code)
        session.rejected(locked, RATE_LIMITED, "the right SMS code under the lock", exactly=MUST)
        await clock.advance(11)
        session.control(await session.verify_totp(app.id, code), VERIFY_TOTP, "the same code after the lock")
        after = await session.verify_sms(user.id, kept.id, kept.code)
        session.control(after, VERIFY_SMS, "the same challenge after the lock")


@check("R4", Need.SEED, Need.INBOX, Need.MAKE)
async def a_lock_says_how_long(run: CheckRun) -> None:
    """Read every kind of 429: a JSON body with an error code, and an integer number of seconds to wait, no
    more than the policy's.
    """
    async with run.session() as session:
        longest = run.server.limit("lock_seconds", 86400)
        app, phone_user = await session.totp_user(), await session.phone_user()
        _, locked = await guess_until_locked(lambda: session.verify_totp(app.id, session.wrong_code(app)))
        again = await session.verify_totp(app.id, session.code(app))
        for _ in range(run.server.limit("max_sends", 30) + 1):
            limited = await session.send_sms(phone_user.id, phone_user.phones[0].id)
        window = run.server.limit("send_window_seconds", 86400)
        for label, exchange, most in (
            ("a lock", locked, longest),
            ("a lock, the right code", again, longest),
            ("too many sends", limited, window),
        ):
            if exchange is not None and exchange.status == 429:
                check_429(session, exchange, label, most)


def check_429(session: JudgedSession, exchange: Exchange, what: str, most: int) -> None:
    """Check one 429: JSON with an error code, and Retry-After as an integer number of seconds."""
    coded = isinstance(exchange.error_code, str)
    session.expect(exchange, coded, "a JSON object with `error_code`", what)
    session.expect(exchange, RATE_LIMITED.matches(exchange), str(RATE_LIMITED), what, SHOULD)
    wait = exchange.header("Retry-After") or ""
    whole = wait.isascii() and wait.isdigit() and 1 <= int(wait) <= most
    expected = f"Retry-After with 1 to {most} seconds, an integer"
    session.expect(exchange, whole, expected, what, SHOULD, got=wait or "no Retry-After")


@check("R4", Need.SEED, Need.INBOX, Need.CLOCK, alone=True)
async def a_lock_ends_when_it_says(run: CheckRun) -> None:
    """Wait as long as Retry-After says, trying early now and then: locked to the end, and served after it."""
    clock = run.server.clock
    lock = run.server.limit("lock_seconds", 900)
    async with run.session(f"a lock of {lock} s") as session:
        start = int(clock.now())
        await clock.freeze(start)
        app = await session.totp_user()
        _, locked = await guess_until_locked(lambda: session.verify_totp(app.id, session.wrong_code(app)))
        if locked is None:
            run.reasons.append("no 429 came; see R1")
            return
        check_429(session, locked, "the lock", lock)
        for moment in (lock // 2, lock - 2):
            await clock.freeze(start + moment)
            for _ in range(6):
                early = await session.verify_totp(app.id, session.wrong_code(app))
                session.rejected(early, RATE_LIMITED, f"a try {lock - moment} s before the end", exactly=MUST)
            wait = early.header("Retry-After") or "0"
            close = wait.isdigit() and abs(int(wait) - (lock - moment)) <= 1
            session.expect(early, close, f"Retry-After: {lock - moment}", "within the lock", SHOULD, got=wait)
        await clock.freeze(start + lock + 1)
        session.control(await session.verify_totp(app.id, session.code(app)), VERIFY_TOTP, "after the lock")
        for _ in range(run.wrong_codes):
            again = await session.verify_totp(app.id, session.wrong_code(app))
            session.expect(
                again, again.status != 429, "the full budget again", "a wrong code after the lock", SHOULD
            )


@check("R5", Need.SEED, Need.INBOX)
async def only_evaluated_codes_count(run: CheckRun, *, requests: int) -> None:
    """Send many requests of each kind in which no code is checked, then wrong codes to just below the cap: no
    lock.
    """

    async def steps(
        session: JudgedSession, noise: Callable[[JudgedSession, str], Awaitable[Exchange]]
    ) -> None:
        user = await session.totp_user()
        for _ in range(max(requests, run.wrong_codes + 2)):
            made = await noise(session, user.id)
        for _ in range(run.wrong_codes):
            await session.verify_totp(user.id, session.wrong_code(user))
        right = await session.verify_totp(user.id, session.code(user))
        session.expect(made, made.status < 500, "no 5xx")
        session.expect(right, right.status == 200, "200", "the right code after them", SHOULD)

    body = '{"user_id": "%s", "code": '
    noises: dict[str, Callable[[JudgedSession, str], Awaitable[Exchange]]] = {
        "invalid fields": lambda session, user: session.verify_totp(user, "123456", grant_type="FOREVER"),
        "codes that are too long": lambda session, user: session.verify_totp(user, "1" * 40),
        "codes as numbers": lambda session, user: session.verify_totp(user, 123456),
        "malformed JSON": lambda session, user: session.send(VERIFY_TOTP, content=(body % user).encode()),
        "another media type": lambda session, user: session.send(
            VERIFY_TOTP, content=b"{}", content_type="text/plain"
        ),
        "unknown keys": lambda session, user: session.verify_totp(user, "123456", key=uuid.uuid4().hex),
        "lookups": lambda session, user: session.lookup(user),
        "sends without a phone": lambda session, user: session.send_sms(user, str(uuid.uuid4())),
        "unknown challenges": lambda session, user: session.verify_sms(user, str(uuid.uuid4()), "123456"),
        "invalid grants": lambda session, user: session.verify_grant(user, secrets.token_hex(32)),
    }
    await run.each(steps, list(noises.items()))


@check("R5", Need.SEED, Need.INBOX)
async def unknown_challenges_count_for_nothing(run: CheckRun, *, requests: int) -> None:
    """Send codes for unknown challenges and sends for unknown phones, many times: a phone user is
    not locked.
    """
    async with run.session("unknown challenges and phones") as session:
        challenge = await session.challenge()
        user = challenge.user
        for _ in range(max(requests, run.wrong_codes + 2)):
            exchange = await session.verify_sms(user.id, str(uuid.uuid4()), challenge.code)
            session.rejected(exchange, CHALLENGE_NOT_FOUND, "an unknown challenge")
            await session.send_sms(user.id, str(uuid.uuid4()))
        right = await session.verify_sms(user.id, challenge.id, challenge.code)
        session.expect(right, right.status == 200, "200", "the right code after them", SHOULD)
