"""Locks of users who were named for them, on servers that cannot be arranged.

The policy of such a server is not known: what one user's lock took is the measure for the next one. A lock
that lasts longer than a minute is not waited out, and what would show after it is told as not exercised.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

from stepup_contract.checks import check
from stepup_contract.checks.failures import MOST_GUESSES, guess_until_locked
from stepup_contract.checks.throttling import judge_429, judge_cap
from stepup_contract.scenario.finding import MUST, SHOULD
from stepup_contract.scenario.scene import Scene
from stepup_contract.scenario.trial import Trial
from stepup_contract.server.connect import Need
from stepup_contract.server.named import MOST_SENDS, MOST_WRONG, PATIENCE, NotExercised
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

# More wrong codes than this at once would only be noise in somebody's log.
_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock with the 429 that told of it; ``wait`` is None where it is not waited out, ``sure`` the time of
    this machine's event loop until which it holds for certain.
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

    def refuses(self, scene: Scene, exchange: Exchange, what: str) -> None:
        """Judge an answer under the lock. Raises NotExercised where it came too late to tell."""
        if asyncio.get_running_loop().time() > self.sure and exchange.status != 429:
            raise NotExercised("the lock is shorter than the check needs; a few seconds would do")
        scene.refused(exchange, RATE_LIMITED, what, exactly=MUST)


async def lock(scene: Scene, user: TotpUser) -> Lock:
    """Send wrong codes until the user is locked. Raises NotExercised where no lock comes."""
    known = scene.pool.caps.get("app", MOST_GUESSES)
    judged, locked = await guess_until_locked(
        scene.trial, lambda: scene.verify_totp(user.id, scene.wrong_code(user)), known + 1
    )
    if locked is None or judged == 0:
        raise NotExercised("the user is locked already" if locked else "no lock came; see R1")
    scene.pool.caps["app"] = judged
    return Lock.of(locked)


@check("R2", Need.SEED, unless=Need.MAKE)
async def a_named_users_cap_holds_whatever_changes(trial: Trial) -> None:
    """Send wrong codes that differ in action, life, type, connection and address until 429; then change each
    of these and the spelling of the id under the lock: refused alike.
    """
    async with trial.scene("wrong codes over actions, lives, connections and addresses") as scene:
        user = await scene.totp_user()
        turns = iter(range(MOST_GUESSES + 1))
        most = trial.pool.caps.get("app", MOST_GUESSES)

        async def guess() -> Exchange:
            turn = next(turns)
            address = f"203.0.113.{turn}"
            headers = [("X-Forwarded-For", address), ("X-Real-IP", address), ("User-Agent", f"agent {turn}")]
            return await scene.verify_totp(
                user.id, scene.wrong_code(user), action=f"ACTION_{turn}", valid_for=60 + turn,
                grant_type=(ONE_TIME_USE, TIME_BASED)[turn % 2], fresh=True, headers=headers,
            )  # fmt: skip

        judged, locked = await guess_until_locked(trial, guess, most + 1)
        judge_cap(scene, judged, locked)
        held = locked is not None and judged <= most
        scene.expect(
            locked or scene.sequence[-1], held, f"429 after {most} wrong codes", got=f"{judged} judged"
        )
        if locked is None:
            return
        held_by = Lock.of(locked)
        changes: dict[str, dict[str, Any]] = {
            "another action": {"action": "ANOTHER"},
            "another type of grant and life": {"grant_type": TIME_BASED, "valid_for": 599},
            "a new connection": {"fresh": True},
            "another address": {"headers": [("X-Forwarded-For", "198.51.100.7"), ("User-Agent", "another")]},
        }
        for what, change in changes.items():
            wrong = await scene.verify_totp(user.id, scene.wrong_code(user), **change)
            held_by.refuses(scene, wrong, f"a wrong code under the lock, {what}")
        upper = await scene.verify_totp(user.id.upper(), scene.wrong_code(user))
        if upper.error_code != "user_not_found":
            held_by.refuses(scene, upper, "a wrong code under the lock, the id in upper case")
        right = await scene.verify_totp(user.id, scene.code(user))
        held_by.refuses(scene, right, "the right code under the lock")
        await others_are_served(scene)
        trial.reasons.append("other API keys and other factors are tried under control only")


async def others_are_served(scene: Scene) -> None:
    """Judge that a user who is not locked still steps up."""
    other = await scene.own_app()
    await scene.fresh(other)
    exchange = await scene.verify_totp(other.id, scene.code(other))
    scene.expect(exchange, exchange.status == 200, "200", "another user's right code under the lock")


@check("R3", Need.SEED, unless=Need.MAKE)
async def a_named_users_lock_is_their_own(trial: Trial) -> None:
    """Lock a named user: the right code is refused like a wrong one, a live grant and other users are served;
    after a short lock the same code is still unspent.
    """
    async with trial.scene("a locked user") as scene:
        other = await scene.own_app()
        user = await scene.totp_user()
        issued = await scene.verify_totp(user.id, scene.code(user, -1), valid_for=600)
        code = scene.code(user)
        locked = await lock(scene, user)
        right = await scene.verify_totp(user.id, code)
        locked.refuses(scene, right, "the right code")
        pair = [("a wrong code", locked.told), ("the right code", right)]
        scene.same(pair, "nothing told under a lock", MUST)
        theirs = await scene.verify_totp(other.id, scene.code(other))
        served = theirs.status == 200
        scene.expect(theirs, served, "200", "another user's right code")
        if issued.status == 200:
            live = await scene.verify_grant(user.id, issued.member("step_up_grant"))
            scene.expect(live, live.status == 200, "200", "a live grant of the locked user", SHOULD)
        seen = await scene.lookup(user.id)
        scene.expect(seen, seen.status == 200, "200", "the lookup of the locked user", SHOULD)
        if locked.wait is None or locked.wait > user.step_seconds:
            trial.reasons.append("needs a lock shorter than a time step, to see that it spends no code")
            return
        await trial.sleep(locked.began + locked.wait + 0.1 - asyncio.get_running_loop().time())
        if code not in (scene.code(user), scene.code(user, -1)):
            trial.reasons.append("the lock outlasted the code, so that nothing shows whether it was spent")
            return
        scene.control(await scene.verify_totp(user.id, code), VERIFY_TOTP, "the same code after the lock")


@check("R4", Need.SEED, unless=Need.MAKE)
async def a_named_users_lock_ends_when_it_says(trial: Trial) -> None:
    """Read the 429 of a lock, try early, and come back when it said: served again."""
    async with trial.scene("a lock") as scene:
        user = await scene.totp_user()
        loop = asyncio.get_running_loop()
        locked = await lock(scene, user)
        judge_429(scene, locked.told, "a lock", 86400)
        judge_429(scene, await scene.verify_totp(user.id, scene.code(user)), "a lock, the right code", 86400)
        if locked.wait is None:
            told = locked.told.header("Retry-After") or "none"
            trial.reasons.append(
                f"needs a lock of {PATIENCE:g} s or less, to see its end (Retry-After here: {told})"
            )
            return
        # As late as is surely early: a lock that each try begins anew then lasts well beyond its end.
        await trial.sleep(locked.sure - 0.2 - loop.time())
        for _ in range(3):
            early = await scene.verify_totp(user.id, scene.wrong_code(user))
            if loop.time() < locked.sure:
                scene.refused(early, RATE_LIMITED, "a try before the end", exactly=MUST)
        await trial.sleep(locked.began + locked.wait + 0.1 - loop.time())
        await scene.fresh(user)
        after = await scene.verify_totp(user.id, scene.code(user))
        scene.expect(after, after.status == 200, "200", f"the right code after Retry-After ({locked.wait} s)")


@check("C3", Need.SEED, unless=Need.MAKE, alone=True)
async def a_named_user_is_guessed_at_once(trial: Trial) -> None:
    """Count the wrong codes that lock a user one after the other, then send many at once for another user: no
    more are judged.
    """
    async with trial.scene("wrong codes one after the other") as scene:
        if "app" not in scene.pool.caps:
            await lock(scene, await scene.totp_user())
    cap = trial.pool.caps.get("app")
    if cap is None:
        return
    async with trial.scene(f"{_AT_ONCE} wrong codes at once") as scene:
        user = await scene.totp_user()
        bodies = [
            totp_body(user.id, scene.wrong_code(user), ACTION, ONE_TIME_USE, 60) for _ in range(_AT_ONCE)
        ]
        exchanges = await scene.at_once([scene.request(VERIFY_TOTP, body) for body in bodies])
        for exchange in exchanges:
            scene.expect(exchange, 400 <= exchange.status < 500, "4xx", "a wrong code")
        judged = [e for e in exchanges if e.error_code == "incorrect_mfa_code"]
        if not judged:
            raise NotExercised("the user is locked already: a lock of an earlier run, or of all users")
        got = f"{len(judged)} judged"
        scene.expect(judged[-1], len(judged) <= cap, f"at most {cap} judged, as one after the other", got=got)
        refused = [e for e in exchanges if e.status == 429]
        right = await scene.verify_totp(user.id, scene.code(user))
        Lock.of(refused[0] if refused else right).refuses(scene, right, "the right code after them")
        await others_are_served(scene)


@check("S8", Need.SEED, Need.INBOX, unless=Need.MAKE)
async def challenges_give_a_named_user_no_new_guesses(trial: Trial) -> None:
    """Open challenges beforehand and guess through them until 429; then open each one only when it is needed:
    no more wrong codes are judged.
    """
    async with trial.scene("all challenges opened beforehand") as scene:
        user = await scene.phone_user()
        opened = [await scene.challenge(user) for _ in range(MOST_SENDS)]
        cap = await _guesses(scene, user, opened)
        most = MOST_SENDS * MOST_WRONG
        locked = f"429 within {most} wrong SMS codes"
        scene.expect(scene.sequence[-1], cap is not None, locked, "", SHOULD, got=f"{most} judged")
    if cap is None:
        return
    async with trial.scene("challenges opened between the guesses") as scene:
        user = await scene.phone_user()
        judged = await _guesses(scene, user, [None] * MOST_SENDS)
        last = scene.sequence[-1]
        held = judged is not None and judged <= cap
        got = f"{MOST_SENDS * MOST_WRONG if judged is None else judged} judged"
        scene.expect(last, held, f"429 after {cap} wrong codes, as for challenges opened before", got=got)
    async with trial.scene("another user") as scene:
        await others_are_served(scene)


async def _guesses(scene: Scene, user: PhoneUser, challenges: list[Any]) -> int | None:
    """Send wrong codes for each challenge, opened now where it is None; return how many came before a 429,
    None where none came.
    """
    sent = 0
    for known in challenges:
        challenge: Challenge = known
        if known is None:
            opened = await scene.send_sms(user.id, user.phones[0].id)
            if opened.status == 429:
                return sent
            challenge = Challenge(str(opened.member("challenge_id")), user, user.phones[0], ACTION, "")
        for _ in range(MOST_WRONG):
            exchange = await scene.verify_sms(user.id, challenge.id, scene.wrong_sms_code(challenge))
            if exchange.status == 429:
                return sent
            sent += 1
    return None
