"""Group A, continued: how a 401 looks and what it is kept for, keys with less than all rights, other
environments.
"""

import re
import uuid
from typing import Any

from stepup_contract.checks import check
from stepup_contract.checks.authentication import ask, bad_credentials, random_request
from stepup_contract.checks.failures import general_failures, user_failures
from stepup_contract.scenario.check_run import CheckRun
from stepup_contract.scenario.finding import MUST, SHOULD
from stepup_contract.scenario.judged import JudgedSession
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
async def refusals_name_the_scheme(run: CheckRun) -> None:
    """Read WWW-Authenticate on the 401 of every operation, without credentials and with bad ones."""

    async def steps(session: JudgedSession, operation: Operation) -> None:
        for label, way in bad_credentials(session):
            if operation is not LOOKUP and label not in _TYPICAL:
                continue
            body, path = random_request(operation)
            exchange = await ask(session, operation, body, way, path)
            header = exchange.header("WWW-Authenticate") or ""
            named = exchange.status == 401 and _BEARER.search(header) is not None
            if not session.expect(exchange, named, "401 with WWW-Authenticate: Bearer", label, got=header):
                continue
            error = _ERROR.search(header)
            # RFC 6750 section 3.1: no error code for a request that lacks any authentication information.
            if way.get("key", "") is None and "headers" not in way and "query" not in way:
                session.expect(exchange, error is None, "no error code", label, SHOULD, got=header)
            if way.get("key"):
                told = error is not None and error.group(1).lower() == "invalid_token"
                session.expect(exchange, told, 'error="invalid_token"', label, SHOULD, got=header)

    await run.each(steps, [(operation.id, operation) for operation in OPERATIONS])


@check("A2")
async def scheme_in_any_case(run: CheckRun) -> None:
    """Send the right key after `bearer` and `BEARER`: RFC 9110 section 11.1 says that letter case
    is nothing.
    """

    async def steps(session: JudgedSession, operation: Operation) -> None:
        rejected = await session.send(operation, {} if operation in POSTS else None, key=uuid.uuid4().hex)
        session.expect(rejected, rejected.status == 401, "401", "an unknown key")
        for scheme in ("bearer", "BEARER"):
            body, path = random_request(operation)
            key = session.server.target.api_key
            exchange = await session.send(operation, body, path=path, authorization=f"{scheme} {key}")
            accepted = exchange.status not in (0, 401) and exchange.status < 500
            session.expect(exchange, accepted, "the key accepted", f"the scheme written {scheme}", SHOULD)

    await run.each(steps, [(operation.id, operation) for operation in OPERATIONS])


@check("A3")
async def failures_are_no_401(run: CheckRun) -> None:
    """Provoke every failure that needs no user with the right key: none is 401."""
    async with run.session() as session:
        for label, exchange in await general_failures(session):
            session.expect(exchange, exchange.status != 401, "no 401 for a valid key", label)


@check("A3", Need.SEED, Need.INBOX)
async def failures_of_users_are_no_401(run: CheckRun) -> None:
    """Provoke wrong codes, invalid grants and challenges and a lock with the right key: none is 401."""
    async with run.session() as session:
        for label, exchange in await user_failures(session):
            session.expect(exchange, exchange.status != 401, "no 401 for a valid key", label)
        fresh = await session.totp_grant()
        session.control(await session.verify_grant(fresh.user_id, fresh.value), VERIFY_GRANT, "a fresh grant")


@check("A3", Need.SEED, Need.INBOX, Need.KEYS)
async def limited_keys_do_nothing_else(run: CheckRun) -> None:
    """Use keys that lack just one permission, and a key whose plan lacks the feature: 403, and no effect at
    all.
    """
    control = run.server.the_control()

    async def steps(session: JudgedSession, operation: Operation, gated: bool) -> None:
        others = [other.id for other in OPERATIONS if other is not operation]
        key = await control.mint_key(permissions=None if gated else others, feature_gated=gated)
        rejection = FEATURE_GATED if gated else FORBIDDEN

        def judge(exchange: Exchange, what: str) -> None:
            session.expect(exchange, rejection.matches(exchange), str(rejection), what, SHOULD)

        await without_permission(session, operation, key, judge)
        if operation in POSTS:
            malformed = await session.send(operation, content=b"{", key=key)
            judge(malformed, "malformed JSON")
            unknown = await session.send(operation, random_request(operation)[0], key=key)
            judge(unknown, "ids that do not exist")

    cases = [(f"a key without {operation.id}", operation, False) for operation in OPERATIONS]
    cases += [(f"a key without the feature, {operation.id}", operation, True) for operation in POSTS]
    await run.each(steps, cases)


async def without_permission(session: JudgedSession, operation: Operation, key: str, judge: Any) -> None:
    """Send a valid request with a key that lacks the permission, then the same with the right key: it
    succeeds.
    """
    what = "a valid request"
    if operation is LOOKUP:
        user = await session.plain_user()
        judge(await session.lookup(user, key=key), what)
        session.control(await session.lookup(user), LOOKUP, "the right key")
    elif operation is VERIFY_TOTP:
        app = await session.totp_user()
        code = session.code(app)
        judge(await session.verify_totp(app.id, code, key=key), what)
        session.control(await session.verify_totp(app.id, code), VERIFY_TOTP, "the same code, the right key")
    elif operation is SEND_SMS:
        phone_user = await session.phone_user()
        phone = phone_user.phones[0]
        exchange = await session.send_sms(phone_user.id, phone.id, key=key)
        judge(exchange, what)
        sent = len(await session.messages(phone_number=phone.number))
        session.expect(exchange, sent == 0, "no message", what, got=f"{sent} messages")
        session.control(await session.send_sms(phone_user.id, phone.id), SEND_SMS, "the right key")
    elif operation is VERIFY_SMS:
        challenge = await session.challenge()
        arguments = challenge.user.id, challenge.id, challenge.code
        judge(await session.verify_sms(*arguments, key=key), what)
        session.control(await session.verify_sms(*arguments), VERIFY_SMS, "the same code, the right key")
    else:
        grant = await session.totp_grant()
        judge(await session.verify_grant(grant.user_id, grant.value, key=key), what)
        right = await session.verify_grant(grant.user_id, grant.value)
        session.control(right, VERIFY_GRANT, "the same grant, the right key")


@check("A4", Need.SEED, Need.INBOX, Need.KEYS)
async def environments_do_not_meet(run: CheckRun) -> None:
    """Use users, phones, challenges and grants of one environment with another's key: as if they were not
    there.
    """
    # Long, as each operation is tried in the state that the one before it left.
    foreign = await run.server.the_control().mint_key("staging")

    async with run.session("another environment's key") as session:
        app, phone_user = await session.totp_user(), await session.phone_user()
        nobody = str(uuid.uuid4())

        def judge(exchange: Exchange, rejection: Any, reference: Exchange, what: str) -> None:
            session.rejected(exchange, rejection, what)
            session.same([("something unknown", reference), (what, exchange)], "no details", MUST)

        judge(
            await session.lookup(app.id, key=foreign),
            NO_SUCH_USER,
            await session.lookup(nobody, key=foreign),
            "a user",
        )
        code = session.code(app)
        judge(
            await session.verify_totp(app.id, code, key=foreign),
            USER_NOT_FOUND,
            await session.verify_totp(nobody, code, key=foreign),
            "a user and the right code",
        )
        phone = phone_user.phones[0]
        judge(
            await session.send_sms(phone_user.id, phone.id, key=foreign),
            USER_NOT_FOUND,
            await session.send_sms(nobody, phone.id, key=foreign),
            "a user and the phone",
        )
        sent = await session.messages(phone_number=phone.number)
        session.expect(session.sequence[-1], not sent, "no message", got=f"{len(sent)} messages")
        challenge = await session.challenge(phone_user)
        judge(
            await session.verify_sms(phone_user.id, challenge.id, challenge.code, key=foreign),
            CHALLENGE_NOT_FOUND,
            await session.verify_sms(phone_user.id, nobody, challenge.code, key=foreign),
            "a challenge and its code",
        )
        grant = await session.totp_grant(app)
        judge(
            await session.verify_grant(app.id, grant.value, key=foreign),
            GRANT_NOT_FOUND,
            await session.verify_grant(app.id, uuid.uuid4().hex * 2, key=foreign),
            "a grant",
        )
        session.control(await session.verify_grant(app.id, grant.value), VERIFY_GRANT, "the right key")
        right = await session.verify_sms(phone_user.id, challenge.id, challenge.code)
        session.control(right, VERIFY_SMS, "the right key")


@check("A4", Need.SEED, Need.INBOX, Need.KEYS)
async def other_environments_work_by_themselves(run: CheckRun) -> None:
    """Run the flows of a user in another environment with that environment's key, and with the first one's:
    rejected.
    """
    key = await run.server.the_control().mint_key("staging")
    async with run.session("a user of another environment", "staging") as session:
        app, phone_user = await session.totp_user(), await session.phone_user()
        code = session.code(app)
        session.rejected(await session.lookup(app.id), NO_SUCH_USER, "the first environment's key")
        session.rejected(
            await session.verify_totp(app.id, code), USER_NOT_FOUND, "the first environment's key"
        )
        exchange = await session.verify_totp(app.id, code, grant_type=TIME_BASED, key=key)
        grant = session.control(exchange, VERIFY_TOTP, "its own key")
        session.rejected(
            await session.verify_grant(app.id, grant), GRANT_NOT_FOUND, "the first environment's key"
        )
        session.control(await session.verify_grant(app.id, grant, key=key), VERIFY_GRANT, "its own key")
        phone = phone_user.phones[0]
        session.rejected(
            await session.send_sms(phone_user.id, phone.id), USER_NOT_FOUND, "the first one's key"
        )
        sent = await session.send_sms(phone_user.id, phone.id, key=key)
        session.control(sent, SEND_SMS, "its own key")
    async with run.session("a phone of another environment", "staging") as session:
        theirs = await session.phone_user()
        async with run.session("a phone of another environment") as ours:
            user = await ours.phone_user()
            exchange = await ours.send_sms(user.id, theirs.phones[0].id)
            ours.rejected(exchange, PHONE_NOT_FOUND, "a phone of a user elsewhere")
            ours.control(await ours.send_sms(user.id, user.phones[0].id), SEND_SMS, "the user's own phone")
