"""Group A, continued: how a 401 looks and what it is kept for, keys with less than all rights, other
environments.
"""

import re
import uuid
from typing import Any

from stepup_contract.checks import check
from stepup_contract.checks.authentication import ask, bad_credentials, random_request
from stepup_contract.checks.failures import general_failures, user_failures
from stepup_contract.scenario.finding import MUST, SHOULD
from stepup_contract.scenario.scene import Scene
from stepup_contract.scenario.trial import Trial
from stepup_contract.server.connect import Need
from stepup_contract.server.operations import (
    CHALLENGE_NOT_FOUND,
    FEATURE_GATED,
    FORBIDDEN,
    GRANT_NOT_FOUND,
    LOOKUP,
    NO_SUCH_USER,
    OPERATIONS,
    PHONE_NOT_FOUND,
    POSTS,
    SEND_SMS,
    TIME_BASED,
    USER_NOT_FOUND,
    VERIFY_GRANT,
    VERIFY_SMS,
    VERIFY_TOTP,
    Operation,
)
from stepup_contract.server.target import Exchange

# A1 sends every kind of bad credential everywhere; here a few are enough beyond the first operation.
_TYPICAL = ("no Authorization header", "an unknown key", "the key under Basic", "the key in the query only")
_BEARER = re.compile(r"(^|,)\s*bearer(\s|,|$)", re.IGNORECASE)
_ERROR = re.compile(r"\berror\s*=\s*\"?(\w+)\"?", re.IGNORECASE)


@check("A2")
async def refusals_name_the_scheme(trial: Trial) -> None:
    """Read WWW-Authenticate on the 401 of every operation, without credentials and with bad ones."""

    async def story(scene: Scene, operation: Operation) -> None:
        for label, way in bad_credentials(scene):
            if operation is not LOOKUP and label not in _TYPICAL:
                continue
            body, path = random_request(operation)
            exchange = await ask(scene, operation, body, way, path)
            header = exchange.header("WWW-Authenticate") or ""
            named = exchange.status == 401 and _BEARER.search(header) is not None
            if not scene.expect(exchange, named, "401 with WWW-Authenticate: Bearer", label, got=header):
                continue
            error = _ERROR.search(header)
            # RFC 6750 section 3.1: no error code for a request that lacks any authentication information.
            if way.get("key", "") is None and "headers" not in way and "query" not in way:
                scene.expect(exchange, error is None, "no error code", label, SHOULD, got=header)
            if way.get("key"):
                told = error is not None and error.group(1).lower() == "invalid_token"
                scene.expect(exchange, told, 'error="invalid_token"', label, SHOULD, got=header)

    await trial.each(story, [(operation.id, operation) for operation in OPERATIONS])


@check("A2")
async def scheme_in_any_case(trial: Trial) -> None:
    """Send the right key after `bearer` and `BEARER`: RFC 9110 section 11.1 says that letter case
    is nothing.
    """

    async def story(scene: Scene, operation: Operation) -> None:
        refused = await scene.send(operation, {} if operation in POSTS else None, key=uuid.uuid4().hex)
        scene.expect(refused, refused.status == 401, "401", "an unknown key")
        for scheme in ("bearer", "BEARER"):
            body, path = random_request(operation)
            key = scene.server.target.api_key
            exchange = await scene.send(operation, body, path=path, authorization=f"{scheme} {key}")
            accepted = exchange.status not in (0, 401) and exchange.status < 500
            scene.expect(exchange, accepted, "the key accepted", f"the scheme written {scheme}", SHOULD)

    await trial.each(story, [(operation.id, operation) for operation in OPERATIONS])


@check("A3")
async def failures_are_no_401(trial: Trial) -> None:
    """Provoke every failure that needs no user with the right key: none is 401."""
    async with trial.scene() as scene:
        for label, exchange in await general_failures(scene):
            scene.expect(exchange, exchange.status != 401, "no 401 for a valid key", label)


@check("A3", Need.SEED, Need.INBOX)
async def failures_of_users_are_no_401(trial: Trial) -> None:
    """Provoke wrong codes, dead grants and challenges and a lock with the right key: none is 401."""
    async with trial.scene() as scene:
        for label, exchange in await user_failures(scene):
            scene.expect(exchange, exchange.status != 401, "no 401 for a valid key", label)
        fresh = await scene.totp_grant()
        scene.control(await scene.verify_grant(fresh.user_id, fresh.value), VERIFY_GRANT, "a fresh grant")


@check("A3", Need.SEED, Need.INBOX, Need.KEYS)
async def limited_keys_do_nothing_else(trial: Trial) -> None:
    """Use keys that lack just one permission, and a key whose plan lacks the feature: 403, and no effect at
    all.
    """
    control = trial.server.the_control()

    async def story(scene: Scene, operation: Operation, gated: bool) -> None:
        others = [other.id for other in OPERATIONS if other is not operation]
        key = await control.mint_key(permissions=None if gated else others, feature_gated=gated)
        refusal = FEATURE_GATED if gated else FORBIDDEN

        def judge(exchange: Exchange, what: str) -> None:
            scene.expect(exchange, refusal.matches(exchange), str(refusal), what, SHOULD)

        await without_permission(scene, operation, key, judge)
        if operation in POSTS:
            malformed = await scene.send(operation, content=b"{", key=key)
            judge(malformed, "malformed JSON")
            unknown = await scene.send(operation, random_request(operation)[0], key=key)
            judge(unknown, "ids that do not exist")

    cases = [(f"a key without {operation.id}", operation, False) for operation in OPERATIONS]
    cases += [(f"a key without the feature, {operation.id}", operation, True) for operation in POSTS]
    await trial.each(story, cases)


async def without_permission(scene: Scene, operation: Operation, key: str, judge: Any) -> None:
    """Send a good request with a key that may not, then the same with the right key: it is as
    good as ever.
    """
    what = "a good request"
    if operation is LOOKUP:
        user = await scene.plain_user()
        judge(await scene.lookup(user, key=key), what)
        scene.control(await scene.lookup(user), LOOKUP, "the right key")
    elif operation is VERIFY_TOTP:
        app = await scene.totp_user()
        code = scene.code(app)
        judge(await scene.verify_totp(app.id, code, key=key), what)
        scene.control(await scene.verify_totp(app.id, code), VERIFY_TOTP, "the same code, the right key")
    elif operation is SEND_SMS:
        phone_user = await scene.phone_user()
        phone = phone_user.phones[0]
        exchange = await scene.send_sms(phone_user.id, phone.id, key=key)
        judge(exchange, what)
        sent = len(await scene.messages(phone_number=phone.number))
        scene.expect(exchange, sent == 0, "no message", what, got=f"{sent} messages")
        scene.control(await scene.send_sms(phone_user.id, phone.id), SEND_SMS, "the right key")
    elif operation is VERIFY_SMS:
        challenge = await scene.challenge()
        arguments = challenge.user.id, challenge.id, challenge.code
        judge(await scene.verify_sms(*arguments, key=key), what)
        scene.control(await scene.verify_sms(*arguments), VERIFY_SMS, "the same code, the right key")
    else:
        grant = await scene.totp_grant()
        judge(await scene.verify_grant(grant.user_id, grant.value, key=key), what)
        right = await scene.verify_grant(grant.user_id, grant.value)
        scene.control(right, VERIFY_GRANT, "the same grant, the right key")


@check("A4", Need.SEED, Need.INBOX, Need.KEYS)
async def environments_do_not_meet(trial: Trial) -> None:
    """Use users, phones, challenges and grants of one environment with another's key: as if they were not
    there.
    """
    foreign = await trial.server.the_control().mint_key("staging")

    async with trial.scene("another environment's key") as scene:
        app, phone_user = await scene.totp_user(), await scene.phone_user()
        nobody = str(uuid.uuid4())

        def judge(exchange: Exchange, refusal: Any, reference: Exchange, what: str) -> None:
            scene.refused(exchange, refusal, what)
            scene.same([("something unknown", reference), (what, exchange)], "nothing told", MUST)

        judge(
            await scene.lookup(app.id, key=foreign),
            NO_SUCH_USER,
            await scene.lookup(nobody, key=foreign),
            "a user",
        )
        code = scene.code(app)
        judge(
            await scene.verify_totp(app.id, code, key=foreign),
            USER_NOT_FOUND,
            await scene.verify_totp(nobody, code, key=foreign),
            "a user and the right code",
        )
        phone = phone_user.phones[0]
        judge(
            await scene.send_sms(phone_user.id, phone.id, key=foreign),
            USER_NOT_FOUND,
            await scene.send_sms(nobody, phone.id, key=foreign),
            "a user and the phone",
        )
        sent = await scene.messages(phone_number=phone.number)
        scene.expect(scene.sequence[-1], not sent, "no message", got=f"{len(sent)} messages")
        challenge = await scene.challenge(phone_user)
        judge(
            await scene.verify_sms(phone_user.id, challenge.id, challenge.code, key=foreign),
            CHALLENGE_NOT_FOUND,
            await scene.verify_sms(phone_user.id, nobody, challenge.code, key=foreign),
            "a challenge and its code",
        )
        grant = await scene.totp_grant(app)
        judge(
            await scene.verify_grant(app.id, grant.value, key=foreign),
            GRANT_NOT_FOUND,
            await scene.verify_grant(app.id, uuid.uuid4().hex * 2, key=foreign),
            "a grant",
        )
        scene.control(await scene.verify_grant(app.id, grant.value), VERIFY_GRANT, "the right key")
        right = await scene.verify_sms(phone_user.id, challenge.id, challenge.code)
        scene.control(right, VERIFY_SMS, "the right key")


@check("A4", Need.SEED, Need.INBOX, Need.KEYS)
async def other_environments_work_by_themselves(trial: Trial) -> None:
    """Run the flows of a user in another environment with that environment's key, and with the first one's:
    refused.
    """
    key = await trial.server.the_control().mint_key("staging")
    async with trial.scene("a user of another environment", "staging") as scene:
        app, phone_user = await scene.totp_user(), await scene.phone_user()
        code = scene.code(app)
        scene.refused(await scene.lookup(app.id), NO_SUCH_USER, "the first environment's key")
        scene.refused(await scene.verify_totp(app.id, code), USER_NOT_FOUND, "the first environment's key")
        exchange = await scene.verify_totp(app.id, code, grant_type=TIME_BASED, key=key)
        grant = scene.control(exchange, VERIFY_TOTP, "its own key")
        scene.refused(await scene.verify_grant(app.id, grant), GRANT_NOT_FOUND, "the first environment's key")
        scene.control(await scene.verify_grant(app.id, grant, key=key), VERIFY_GRANT, "its own key")
        phone = phone_user.phones[0]
        scene.refused(await scene.send_sms(phone_user.id, phone.id), USER_NOT_FOUND, "the first one's key")
        sent = await scene.send_sms(phone_user.id, phone.id, key=key)
        scene.control(sent, SEND_SMS, "its own key")
    async with trial.scene("a phone of another environment", "staging") as scene:
        theirs = await scene.phone_user()
        async with trial.scene("a phone of another environment") as ours:
            user = await ours.phone_user()
            exchange = await ours.send_sms(user.id, theirs.phones[0].id)
            ours.refused(exchange, PHONE_NOT_FOUND, "a phone of a user elsewhere")
            ours.control(await ours.send_sms(user.id, user.phones[0].id), SEND_SMS, "the user's own phone")
