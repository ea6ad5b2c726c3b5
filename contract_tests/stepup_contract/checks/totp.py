"""Group T: codes of authenticator apps, once each, for the user whose secret made them.

Codes come from pyotp, so a misreading of RFC 6238 in a server cannot agree with one here. A user gives few
codes per time step: stories take fresh users, and use the previous, the current and the next code in this
order.
"""

import asyncio
import secrets
import uuid
from collections.abc import Awaitable, Callable

from stepup_contract.checks import check
from stepup_contract.scenario.finding import MUST
from stepup_contract.scenario.scene import Scene
from stepup_contract.scenario.trial import Trial
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
async def current_code_is_accepted(trial: Trial) -> None:
    """Send the current code of users with secrets of several sizes, for both types of grant."""

    async def story(scene: Scene, size: int, grant_type: str) -> None:
        user = await scene.totp_user(secrets.token_bytes(size))
        exchange = await scene.verify_totp(user.id, scene.code(user), grant_type=grant_type)
        scene.succeeded(exchange, VERIFY_TOTP, "the current code")

    await trial.each(
        story,
        [
            (f"{grant_type}, a secret of {size * 8} bits", size, grant_type)
            for size in (20, 32, 35)
            for grant_type in GRANT_TYPES
        ],
    )


@check("T1", Need.SEED, Need.MAKE)
async def leading_zeros_count(trial: Trial) -> None:
    """Send current codes that begin with one and with two zeros: accepted as strings, zeros and all."""

    async def story(scene: Scene, zeros: str) -> None:
        step = scene.step()
        while True:
            secret = secrets.token_bytes(20)
            if TotpUser("", encode_secret(secret)).code(step).startswith(zeros):
                break
        user = await scene.totp_user(secret)
        stripped = await scene.verify_totp(user.id, user.code(step).lstrip("0"))
        scene.refused(stripped, INCORRECT_CODE, "the code without its zeros")
        exchange = await scene.verify_totp(user.id, user.code(step))
        scene.succeeded(exchange, VERIFY_TOTP, "the code with its zeros")

    await trial.each(story, [("a code that begins with 0", "0"), ("a code that begins with 00", "00")])


@check("T1", Need.SEED, Need.MAKE)
async def same_secret_two_users(trial: Trial) -> None:
    """Give two users the same secret: each may use the current code, as a code is spent for its user only."""
    async with trial.scene("two users with the same secret") as scene:
        secret = secrets.token_bytes(20)
        one, other = await scene.totp_user(secret), await scene.totp_user(secret)
        code = scene.code(one)
        for user, which in ((one, "the first user"), (other, "the second user")):
            scene.succeeded(await scene.verify_totp(user.id, code), VERIFY_TOTP, which)


@check("T1", Need.SEED)
async def a_mistake_before_is_forgiven(trial: Trial) -> None:
    """Send a wrong code, then the current one: accepted."""
    async with trial.scene("after a wrong code") as scene:
        user = await scene.totp_user()
        await scene.verify_totp(user.id, scene.wrong_code(user))
        scene.succeeded(await scene.verify_totp(user.id, scene.code(user)), VERIFY_TOTP, "the current code")


@check("T1", Need.SEED, Need.CLOCK, alone=True)
async def published_vectors(trial: Trial) -> None:
    """Freeze the clock at the times of RFC 6238 appendix B and send the published codes, and those at a
    step's edges.
    """
    async with trial.scene("RFC 6238 appendix B") as scene:
        if trial.server.limit("totp_step_seconds", 30) != 30:
            trial.reasons.append("the published codes are for steps of 30 s")
            return
        for time, code in VECTORS.items():
            await trial.server.clock.freeze(time)
            user = await scene.totp_user(RFC_SECRET)
            exchange = await scene.verify_totp(user.id, code)
            scene.succeeded(exchange, VERIFY_TOTP, f"the code of Unix time {time}")
        for time in (1111111110, 1111111139):
            await trial.server.clock.freeze(time)
            user = await scene.totp_user()
            exchange = await scene.verify_totp(user.id, scene.code(user))
            scene.succeeded(exchange, VERIFY_TOTP, f"the code of Unix time {time}")


Second = Callable[[Scene, TotpUser, str], Awaitable[Exchange]]

# Everything that may differ between the two uses of a code.
SECOND_USES: dict[str, Second] = {
    "in the same request": lambda scene, user, code: scene.verify_totp(user.id, code),
    "for another action": lambda scene, user, code: scene.verify_totp(user.id, code, action="OTHER"),
    "for the other type of grant": lambda scene, user, code: scene.verify_totp(
        user.id, code, grant_type=TIME_BASED
    ),
    "for another lifetime": lambda scene, user, code: scene.verify_totp(user.id, code, valid_for=61),
    "for another action, type and lifetime": lambda scene, user, code: scene.verify_totp(
        user.id, code, action="ANOTHER", grant_type=TIME_BASED, valid_for=600
    ),
    "on a new connection": lambda scene, user, code: scene.verify_totp(user.id, code, fresh=True),
    "from another address": lambda scene, user, code: scene.verify_totp(
        user.id, code, headers=[("X-Forwarded-For", "203.0.113.7"), ("User-Agent", "another")]
    ),
    "with the user id in upper case": lambda scene, user, code: scene.verify_totp(user.id.upper(), code),
}


async def judge_second_use(scene: Scene, *seconds: Second) -> None:
    """Use a code, use it again in each of these ways, and see that the next code is still good."""
    user = await scene.totp_user()
    # The very code that was accepted is sent again: asked for anew, it might be the next step's.
    shift, used = -1, scene.code(user, -1)
    first = await scene.verify_totp(user.id, used)
    if first.status != 200:
        # A server need not allow for delay (T2): then the current code is the first.
        shift, used = 0, scene.code(user)
        first = await scene.verify_totp(user.id, used)
    scene.prepared(first, "T1", "step_up_grant")
    for second in seconds:
        again = await second(scene, user, used)
        if again.status != 404:
            scene.refused(again, INCORRECT_CODE, "a code that was accepted before")
    after = await scene.verify_totp(user.id, scene.code(user, shift + 1))
    if shift == -1 or after.status == 200:
        scene.control(after, VERIFY_TOTP, "the next code")
    else:
        await scene.totp_grant()


@check("T3", Need.SEED)
async def accepted_once(trial: Trial) -> None:
    """Send an accepted code again, changing everything that may differ between two requests."""
    uses = list(SECOND_USES.items())
    size = 1 if trial.server.pool is None else MOST_WRONG
    groups = [uses[at : at + size] for at in range(0, len(uses), size)]
    await trial.each(
        judge_second_use,
        [("; ".join(label for label, _ in group), *(use for _, use in group)) for group in groups],
    )


@check("T3", Need.SEED, Need.KEYS)
async def accepted_once_for_all_keys(trial: Trial) -> None:
    """Send an accepted code again with another API key of the same environment."""
    key = await trial.server.the_control().mint_key()
    async with trial.scene("with another key") as scene:
        await judge_second_use(scene, lambda scene, user, code: scene.verify_totp(user.id, code, key=key))


@check("T3", Need.SEED, Need.MAKE)
async def accepted_once_among_others(trial: Trial) -> None:
    """Send an accepted code again after the user used a newer one, failed, or was looked up, and after other
    users' codes.
    """
    async with trial.scene() as scene:
        user = await scene.totp_user()
        used = scene.code(user)
        scene.prepared(await scene.verify_totp(user.id, used), "T1", "step_up_grant")
        await scene.verify_totp(user.id, scene.wrong_code(user))
        again = await scene.verify_totp(user.id, used)
        scene.refused(again, INCORRECT_CODE, "an accepted code again after a wrong one")
        await scene.lookup(user.id)

        async def another() -> None:
            other = await scene.totp_user()
            for shift in (0, 1):
                await scene.totp_grant(other, shift)

        await asyncio.gather(*(another() for _ in range(50)))
        again = await scene.verify_totp(user.id, used)
        scene.refused(again, INCORRECT_CODE, "an accepted code again after codes of other users")
        newer = await scene.verify_totp(user.id, scene.code(user, 1))
        if newer.status == 200:
            again = await scene.verify_totp(user.id, used)
            scene.refused(again, INCORRECT_CODE, "an accepted code again after a newer one")
        await scene.totp_grant()


@check("T3", Need.SEED)
async def accepted_once_whatever_becomes_of_the_grant(trial: Trial) -> None:
    """Send an accepted code again after its one-time grant was spent and after it expired."""

    async def story(scene: Scene, expire: bool) -> None:
        user = await scene.totp_user()
        used = scene.code(user)
        exchange = await scene.verify_totp(user.id, used, valid_for=1 if expire else 60)
        grant = scene.prepared(exchange, "T1", "step_up_grant")
        if expire:
            await trial.sleep(1.2)
        await scene.verify_grant(user.id, grant)
        again = await scene.verify_totp(user.id, used)
        scene.refused(again, INCORRECT_CODE, "its code again")
        await scene.totp_grant()

    await trial.each(story, [("after a grant was spent", False), ("after a grant expired", True)])


@check("T3", Need.SEED, Need.CLOCK, alone=True)
async def accepted_once_while_it_could_be_valid(trial: Trial) -> None:
    """Use each code the server takes, then send it again in every step in which its time is still
    accepted.
    """
    length = trial.server.limit("totp_step_seconds", 30)
    drift = trial.server.limit("totp_drift_steps", 1)

    async def story(scene: Scene, shift: int) -> None:
        await trial.server.clock.freeze(start)
        user = await scene.totp_user()
        used = scene.code(user, shift)
        scene.prepared(await scene.verify_totp(user.id, used), "T1", "step_up_grant")
        for later in range(shift + drift + 1):
            if later:
                await trial.server.clock.advance(length)
            again = await scene.verify_totp(user.id, used)
            scene.refused(again, INCORRECT_CODE, f"an accepted code {later} steps later")
        await trial.server.clock.advance(length)
        scene.control(await scene.verify_totp(user.id, scene.code(user)), VERIFY_TOTP, "a new code")

    start = (int(trial.server.clock.now()) // length) * length + length // 2
    for shift in range(-drift, drift + 1):
        async with trial.scene(f"a code {shift:+} steps from the clock") as scene:
            await story(scene, shift)


@check("T3", Need.SEED, Need.CLOCK, Need.LIMITS, alone=True)
async def accepted_once_whatever_locks_come(trial: Trial) -> None:
    """Use a code, lock the user for a few seconds, and send it again after the lock within its
    step: refused.
    """
    clock = trial.server.clock
    await trial.set_limits(lock_seconds=5)
    length = trial.server.limit("totp_step_seconds", 30)
    async with trial.scene("after a lock") as scene:
        await clock.freeze((int(clock.now()) // length) * length + 2)
        user = await scene.totp_user()
        used = scene.code(user)
        scene.prepared(await scene.verify_totp(user.id, used), "T1", "step_up_grant")
        for _ in range(trial.wrong_codes + 1):
            await scene.verify_totp(user.id, scene.wrong_code(user))
        await clock.advance(6)
        scene.refused(await scene.verify_totp(user.id, used), INCORRECT_CODE, "an accepted code again")
        scene.control(await scene.verify_totp(user.id, scene.code(user, 1)), VERIFY_TOTP, "the next code")


@check("T7", Need.SEED)
async def a_code_is_its_users(trial: Trial) -> None:
    """Send a user's right code for other users: refused, and still good for the user it belongs to."""

    async def story(scene: Scene, kind: str, grant_type: str) -> None:
        owner = await scene.totp_user()
        other = await scene.totp_user() if kind == "app" else owner
        code = scene.code(owner)
        if kind == "app":
            while other.code(scene.step()) == code:
                other = await scene.totp_user()
            other_id, refusal = other.id, INCORRECT_CODE
        elif kind == "phone":
            other_id, refusal = (await scene.phone_user()).id, MFA_NOT_ENABLED
        else:
            other_id, refusal = await scene.plain_user(), MFA_NOT_ENABLED
        exchange = await scene.verify_totp(other_id, code, grant_type=grant_type)
        scene.refused(exchange, refusal, "another user's code", exactly=MUST)
        right = await scene.verify_totp(owner.id, code, grant_type=grant_type)
        scene.control(right, VERIFY_TOTP, "the code for its own user")
        if kind == "app":
            spent = await scene.verify_totp(other_id, code, grant_type=grant_type)
            scene.refused(spent, refusal, "another user's code that its owner used", exactly=MUST)
            own = await scene.verify_totp(other_id, scene.code(other))
            scene.control(own, VERIFY_TOTP, "the other user's own code")

    cases = [
        (f"{label}, {grant_type}", kind, grant_type)
        for label, kind in (("a user with an app", "app"), ("a phone user", "phone"), ("a plain user", ""))
        for grant_type in GRANT_TYPES
    ]
    await trial.each(story, cases)


@check("T7", Need.SEED)
async def a_code_names_one_user(trial: Trial) -> None:
    """Name the owner of a code beside another user, in extra fields and headers: the user id decides."""
    async with trial.scene() as scene:
        owner, other = await scene.totp_user(), await scene.totp_user()
        code = scene.code(owner)
        if scene.code(other) == code:
            other = await scene.totp_user()
        body = {
            "action_type": "SENSITIVE_ACTION",
            "user_id": other.id,
            "userId": owner.id,
            "user": owner.id,
            "code": code,
            "grant_type": ONE_TIME_USE,
            "valid_for_seconds": 60,
        }
        exchange = await scene.send(VERIFY_TOTP, body, headers=[("X-User-Id", owner.id)])
        scene.refused(exchange, INCORRECT_CODE, "another user's code with its owner beside", exactly=MUST)
        unknown = await scene.verify_totp(str(uuid.uuid4()), code)
        scene.expect(unknown, 400 <= unknown.status < 500, "4xx", "a right code for an unknown user")
        scene.control(await scene.verify_totp(owner.id, code), VERIFY_TOTP, "the code for its own user")
