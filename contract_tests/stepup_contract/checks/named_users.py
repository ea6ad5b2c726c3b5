"""Rules whose other checks make users to measure, judged with users that somebody made and named to the run.

Each takes the place of checks that find more, and is made only where users cannot be created.
"""

from stepup_contract.checks import check
from stepup_contract.checks.enrolment import judge_phones, judge_totp_lookup
from stepup_contract.checks.sms import CODE_FORM
from stepup_contract.finding import SHOULD
from stepup_contract.leaks import code_in, number_in
from stepup_contract.operations import GRANT_TYPES, INCORRECT_CODE, SEND_SMS, VERIFY_SMS, VERIFY_TOTP
from stepup_contract.scene import Scene
from stepup_contract.server import Need
from stepup_contract.trial import Trial


@check("T1", Need.SEED, unless=Need.MAKE)
async def a_named_users_code_is_accepted(trial: Trial) -> None:
    """Send the current code of a named user for each type of grant, and one with a zero too few where it
    begins with one.
    """

    async def story(scene: Scene, grant_type: str) -> None:
        user = await scene.totp_user()
        code = scene.code(user)
        if code.startswith("0"):
            stripped = await scene.verify_totp(user.id, code.lstrip("0"))
            scene.refused(stripped, INCORRECT_CODE, "the code without its zeros")
        exchange = await scene.verify_totp(user.id, code, grant_type=grant_type)
        scene.succeeded(exchange, VERIFY_TOTP, "the current code")

    await trial.each(story, [(grant_type, grant_type) for grant_type in GRANT_TYPES])


@check("E1", Need.SEED, unless=Need.MAKE)
async def a_named_totp_user_is_told(trial: Trial) -> None:
    """Look up a named user with an app and search all of the answer for the secret and the codes."""
    async with trial.scene("a user with an app") as scene:
        user = await scene.totp_user(codes=False)
        await judge_totp_lookup(scene, user)


@check("E2", Need.SEED, unless=Need.MAKE)
async def a_named_users_phones_are_listed(trial: Trial) -> None:
    """Look up a named user with phones twice: just these phones, without their full numbers."""
    async with trial.scene("a user with phones") as scene:
        user = await scene.phone_user()
        exchange = await scene.lookup(user.id)
        judge_phones(scene, exchange, user)
        again = await scene.lookup(user.id)
        scene.expect(again, again.document == exchange.document, "the same answer", "the second lookup")


@check("E3", Need.SEED, unless=Need.MAKE)
async def a_named_user_without_mfa_is_told(trial: Trial) -> None:
    """Look up a named user without MFA."""
    async with trial.scene("a user without MFA") as scene:
        exchange = await scene.lookup(await scene.plain_user())
        null = exchange.status == 200 and exchange.member("mfa_setup") is None
        scene.expect(exchange, null, '200 {"mfa_setup": null}')
        exact = exchange.document == {"mfa_setup": None}
        scene.expect(exchange, exact or not null, 'just {"mfa_setup": null}', "", SHOULD)


@check("S1", Need.SEED, Need.INBOX, unless=Need.MAKE)
async def a_send_tells_nothing_but_its_challenge(trial: Trial) -> None:
    """Send twice to a named user: each message has a code of six characters that redeems its own challenge,
    and the answer has neither code nor number.
    """
    async with trial.scene("two sends") as scene:
        user = await scene.phone_user()
        phone = user.phones[0]
        for which in ("the first send", "the second send"):
            exchange = await scene.send_sms(user.id, phone.id)
            challenge_id = scene.succeeded(exchange, SEND_SMS, which)
            exact = isinstance(exchange.document, dict) and set(exchange.document) == {"challenge_id"}
            scene.expect(exchange, exact, "an answer with `challenge_id` only", which, SHOULD)
            leaked = number_in(exchange.everything, phone.number)
            scene.expect(exchange, not leaked, "no phone number in the answer", which)
            messages = await scene.messages(challenge_id=challenge_id)
            if not scene.expect(exchange, bool(messages), "a message for the challenge", which, got="none"):
                return
            code = messages[0].code
            six = CODE_FORM.fullmatch(code) is not None
            wanted = "a code of six digits or letters"
            scene.expect(exchange, six, wanted, which, got=f"{len(code)} characters")
            scene.expect(exchange, not code_in(exchange.everything, code), "no code in the answer", which)
            right = await scene.verify_sms(user.id, challenge_id, code)
            scene.control(right, VERIFY_SMS, f"the code of {which}")
        trial.reasons.append("how many messages were sent, and where, shows only in the control API's inbox")
