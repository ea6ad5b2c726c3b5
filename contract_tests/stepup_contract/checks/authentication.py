"""Group A: the API key is checked first, decides alone about 401, and opens one environment only."""

import base64
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from stepup_contract.checks import check
from stepup_contract.scenario.check_run import CheckRun
from stepup_contract.scenario.finding import MUST, SHOULD
from stepup_contract.scenario.judged import JudgedSession
from stepup_contract.server.connect import Need
from stepup_contract.server.operations import (
    ACTION,
    LOOKUP,
    POSTS,
    SEND_SMS,
    UNAUTHORIZED,
    VERIFY_GRANT,
    VERIFY_SMS,
    VERIFY_TOTP,
    Operation,
    grant_body,
    sms_body,
    totp_body,
    verify_sms_body,
)
from stepup_contract.server.target import Exchange

# How a request is sent without a valid bearer key: a label, and arguments for JudgedSession.send.
Credentials = list[tuple[str, dict[str, Any]]]
# Sends one request about an object that exists (True) or does not (False).
Ask = Callable[[bool, dict[str, Any]], Awaitable[Exchange]]


_OTHER_HEADERS = ("X-API-Key", "Api-Key", "X-Auth-Token", "X-Authorization", "Proxy-Authorization")
_OTHER_NAMES = ("access_token", "api_key", "apiKey", "key", "token", "authorization")
_ADDRESS_HEADERS = ("X-Forwarded-For", "X-Real-IP", "X-Client-IP", "Client-IP")


def bad_credentials(session: JudgedSession) -> Credentials:
    """Return every way to send no valid key, the valid one in wrong places among them."""
    key = session.server.target.api_key
    basic = base64.b64encode(f"{key}:".encode()).decode()
    password = base64.b64encode(f"api:{key}".encode()).decode()
    learn = session.server.redactor.learn
    learn(key[:-1], "STEPUP_MFA_API_KEY%?")
    learn(key[1:], "STEPUP_MFA_API_KEY#?")
    learn(key.swapcase(), "STEPUP_MFA_API_KEY~~")
    for encoded in (basic, password):
        learn(encoded, "BASIC_CREDENTIALS")

    def joined(separator: str) -> str:
        return separator.join(f"{name}={key}" for name in _OTHER_NAMES)

    # Long, as it is a table.
    ways: Credentials = [
        ("no Authorization header", {"key": None}),
        ("an empty Authorization header", {"authorization": ""}),
        ("the scheme alone", {"authorization": "Bearer"}),
        ("an unknown key", {"key": uuid.uuid4().hex}),
        ("an unknown key of the same length", {"key": uuid.uuid4().hex * 4}),
        ("the key without its last character", {"key": key[:-1]}),
        ("the key without its first character", {"key": key[1:]}),
        ("the key and one more character", {"key": f"{key}x"}),
        ("the key with its last character changed", {"key": key[:-1] + ("x" if key[-1] != "x" else "y")}),
        ("the key and one more word", {"key": f"{key} {key}"}),
        ("the key in quotes", {"key": f'"{key}"'}),
        ("an asterisk", {"key": "*"}),
        ("the word null", {"key": "null"}),
        ("a very long key", {"key": "k" * 4000}),
        ("the key under Basic", {"authorization": f"Basic {basic}"}),
        ("the key as a Basic password", {"authorization": f"Basic {password}"}),
        ("the key under Token", {"authorization": f"Token {key}"}),
        ("the key without a scheme", {"authorization": key}),
        ("the scheme and the key as one word", {"authorization": f"Bearer{key}"}),
        ("the key in other headers only", {"key": None, "headers": [(name, key) for name in _OTHER_HEADERS]}),
        ("the key in cookies only", {"key": None, "headers": [("Cookie", joined("; "))]}),
        ("the key in the query only", {"key": None, "query": f"?{joined('&')}"}),
        ("the key in the body only", {"key": None, "extra": dict.fromkeys(_OTHER_NAMES, key)}),
        ("a trusted address", {"key": None, "headers": [(name, "127.0.0.1") for name in _ADDRESS_HEADERS]}),
    ]
    ways[4][1]["key"] = ways[4][1]["key"][: max(len(key), 8)]
    if key.swapcase() != key:
        ways.append(("the key in the other letter case", {"key": key.swapcase()}))
    if session.server.target.control_key not in (None, key):
        ways.append(("the control key", {"key": session.server.target.control_key}))
    return ways


async def ask(
    session: JudgedSession, operation: Operation, body: Any, way: dict[str, Any], path: str = ""
) -> Exchange:
    """Send one request with bad credentials; `query` and `extra` members find their places."""
    how = {name: value for name, value in way.items() if name not in ("query", "extra")}
    if "extra" in way:
        body = {**(body or {}), **way["extra"]}
    path = (path or operation.path) + way.get("query", "")
    return await session.send(operation, body, path=path, **how)


def check_401(session: JudgedSession, exchange: Exchange, what: str) -> None:
    """Check that a response is 401, and says `unauthorized`."""
    if session.expect(exchange, exchange.status == UNAUTHORIZED.status, "401", what, MUST):
        session.expect(exchange, UNAUTHORIZED.matches(exchange), str(UNAUTHORIZED), what, SHOULD)


async def refuse_all(session: JudgedSession, asking: Ask) -> None:
    """Send every bad credential about an object that exists and about one that does not: the same 401."""
    for label, way in bad_credentials(session):
        real, unreal = await asking(True, way), await asking(False, way)
        check_401(session, real, label)
        check_401(session, unreal, f"{label}, about nothing that exists")
        expected = "no hint about what exists"
        session.same([("an object that exists", real), (label, unreal)], expected, MUST)


@check("A1")
async def no_key_no_answer(run: CheckRun) -> None:
    """Call every operation about random ids with every kind of bad credential."""

    async def steps(session: JudgedSession, operation: Operation) -> None:
        for label, way in bad_credentials(session):
            body, path = random_request(operation)
            check_401(session, await ask(session, operation, body, way, path), label)
        body, path = random_request(operation)
        right = await ask(session, operation, body, {}, path)
        if right.status in (0, 401) or right.status >= 500:
            session.expect(right, False, "another response than 401 (positive control)", "the right key")

    await run.each(steps, [(operation.id, operation) for operation in (LOOKUP, *POSTS)])


@check("A1")
async def key_before_the_request(run: CheckRun) -> None:
    """Send requests that are wrong in other ways too with a bad key: the same 401, before any parsing."""

    async def steps(session: JudgedSession, operation: Operation) -> None:
        wrong: dict[str, Any] = {"key": uuid.uuid4().hex}
        body, path = random_request(operation)
        sent = [("well-formed", await ask(session, operation, body, wrong, path))]
        if operation is LOOKUP:
            for malformed in ("abc", "%00", "1"):
                path = LOOKUP.path.format(user_id=malformed)
                sent.append((f"the id {malformed}", await session.send(operation, path=path, **wrong)))
        else:
            contents: list[tuple[str, dict[str, Any]]] = [
                ("malformed JSON", {"content": b'{"user_id": '}),
                ("an empty body", {"content": b""}),
                ("an array", {"content": b"[]"}),
                ("no fields", {"content": b"{}"}),
                ("text/plain", {"content": b"hello", "content_type": "text/plain"}),
                ("a body of 70 kB", {"content": b'{"user_id": "' + b"x" * 70_000 + b'"}'}),
            ]
            for label, content in contents:
                sent.append((label, await session.send(operation, **content, **wrong)))
        for label, exchange in sent:
            check_401(session, exchange, f"an unknown key with {label}")
        session.same(sent, "the key checked before the request", MUST)

    await run.each(steps, [(operation.id, operation) for operation in (LOOKUP, *POSTS)])


def random_request(operation: Operation) -> tuple[Any, str]:
    """Return body and path of a well-formed request about ids that do not exist."""
    user, other = str(uuid.uuid4()), str(uuid.uuid4())
    bodies = {
        VERIFY_TOTP.id: totp_body(user, "123456", ACTION, "ONE_TIME_USE", 60),
        SEND_SMS.id: sms_body(user, other, ACTION, "ONE_TIME_USE", 60),
        VERIFY_SMS.id: verify_sms_body(user, other, "123456"),
        VERIFY_GRANT.id: grant_body(user, other, ACTION),
    }
    return bodies.get(operation.id), operation.path.replace("{user_id}", user)


@check("A1", Need.SEED)
async def no_key_no_lookup(run: CheckRun) -> None:
    """Look up users that exist and users that do not with every bad credential, then with the right key."""
    async with run.session("lookup") as session:
        user = await session.totp_user()

        async def asking(real: bool, way: dict[str, Any]) -> Exchange:
            path = LOOKUP.path.format(user_id=user.id if real else uuid.uuid4())
            return await ask(session, LOOKUP, None, way, path)

        await refuse_all(session, asking)
        session.control(await session.lookup(user.id), LOOKUP, "the right key")


@check("A1", Need.SEED)
async def no_key_no_code_spent(run: CheckRun) -> None:
    """Send a user's right code with every bad credential, then with the right key: it is still valid."""
    async with run.session("verify-totp") as session:
        user = await session.totp_user()
        code = session.code(user)

        async def asking(real: bool, way: dict[str, Any]) -> Exchange:
            user_id = user.id if real else str(uuid.uuid4())
            return await ask(session, VERIFY_TOTP, totp_body(user_id, code, ACTION, "ONE_TIME_USE", 60), way)

        await refuse_all(session, asking)
        session.control(await session.verify_totp(user.id, code), VERIFY_TOTP, "the same code, the right key")


@check("A1", Need.SEED)
async def no_key_no_failure_counted(run: CheckRun) -> None:
    """Send wrong codes with a bad key, more than a lock needs: the user's budget of wrong codes
    is unchanged.
    """
    async with run.session("wrong codes under an unknown key") as session:
        user = await session.totp_user()
        for _ in range(run.wrong_codes + 3):
            wrong = session.wrong_code(user)
            check_401(
                session, await session.verify_totp(user.id, wrong, key=uuid.uuid4().hex), "a wrong code"
            )
        for count in range(run.wrong_codes):
            response = await session.verify_totp(user.id, session.wrong_code(user))
            if response.status == 429:
                expected = f"{run.wrong_codes} wrong codes evaluated with the right key"
                session.expect(response, False, expected, f"wrong code {count + 1} with the right key")
                return
        session.control(
            await session.verify_totp(user.id, session.code(user)), VERIFY_TOTP, "the right code and key"
        )


@check("A1", Need.SEED, Need.INBOX)
async def no_key_no_try_counted(run: CheckRun) -> None:
    """Send wrong codes for a challenge with a bad key, more than it allows: the right code is still valid."""
    async with run.session("wrong SMS codes under an unknown key") as session:
        challenge = await session.challenge()
        user_id = challenge.user.id
        for _ in range(run.server.limit("challenge_max_attempts", 5) + 3):
            wrong = session.wrong_sms_code(challenge)
            exchange = await session.verify_sms(user_id, challenge.id, wrong, key=uuid.uuid4().hex)
            check_401(session, exchange, "a wrong SMS code")
        right = await session.verify_sms(user_id, challenge.id, challenge.code)
        session.control(right, VERIFY_SMS, "the right code and key")


@check("A1", Need.SEED, Need.INBOX)
async def no_key_no_message(run: CheckRun) -> None:
    """Ask for codes with every bad credential: nothing is sent until the right key asks."""
    async with run.session("phone/send") as session:
        user = await session.phone_user()
        phone = user.phones[0]
        last: list[Exchange] = []

        async def asking(real: bool, way: dict[str, Any]) -> Exchange:
            user_id = user.id if real else str(uuid.uuid4())
            body = sms_body(user_id, phone.id, ACTION, "ONE_TIME_USE", 60)
            last[:] = [await ask(session, SEND_SMS, body, way)]
            return last[0]

        await refuse_all(session, asking)
        sent = len(await session.messages(phone_number=phone.number))
        session.expect(last[0], sent == 0, "no message sent", "after bad credentials", got=f"{sent} messages")
        session.control(await session.send_sms(user.id, phone.id), SEND_SMS, "the right key")


@check("A1", Need.SEED, Need.INBOX)
async def no_key_no_challenge_spent(run: CheckRun) -> None:
    """Send a challenge's right code with every bad credential, then with the right key: it is still valid."""
    async with run.session("phone/verify") as session:
        challenge = await session.challenge()

        async def asking(real: bool, way: dict[str, Any]) -> Exchange:
            challenge_id = challenge.id if real else str(uuid.uuid4())
            body = verify_sms_body(challenge.user.id, challenge_id, challenge.code)
            return await ask(session, VERIFY_SMS, body, way)

        await refuse_all(session, asking)
        right = await session.verify_sms(challenge.user.id, challenge.id, challenge.code)
        session.control(right, VERIFY_SMS, "the same code, the right key")


@check("A1", Need.SEED)
async def no_key_no_grant_spent(run: CheckRun) -> None:
    """Verify a one-time grant with every bad credential, then with the right key: it is still valid."""
    async with run.session("verify-grant") as session:
        grant = await session.totp_grant()

        async def asking(real: bool, way: dict[str, Any]) -> Exchange:
            value = grant.value if real else uuid.uuid4().hex * 2
            return await ask(session, VERIFY_GRANT, grant_body(grant.user_id, value, grant.action), way)

        await refuse_all(session, asking)
        session.control(
            await session.verify_grant(grant.user_id, grant.value),
            VERIFY_GRANT,
            "the same grant, the right key",
        )
