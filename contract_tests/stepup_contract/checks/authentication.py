"""Group A: the API key is judged first, decides alone about 401, and opens one environment only."""

import base64
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from stepup_contract.checks import check
from stepup_contract.scenario.finding import MUST, SHOULD
from stepup_contract.scenario.scene import Scene
from stepup_contract.scenario.trial import Trial
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

# How a request is sent without a valid bearer key: a label, and arguments for Scene.send.
Credentials = list[tuple[str, dict[str, Any]]]
# Sends one request about an object that exists (True) or does not (False).
Ask = Callable[[bool, dict[str, Any]], Awaitable[Exchange]]


_OTHER_HEADERS = ("X-API-Key", "Api-Key", "X-Auth-Token", "X-Authorization", "Proxy-Authorization")
_OTHER_NAMES = ("access_token", "api_key", "apiKey", "key", "token", "authorization")
_ADDRESS_HEADERS = ("X-Forwarded-For", "X-Real-IP", "X-Client-IP", "Client-IP")


def bad_credentials(scene: Scene) -> Credentials:
    """Return every way to send no valid key, the valid one in wrong places among them."""
    key = scene.server.target.api_key
    basic = base64.b64encode(f"{key}:".encode()).decode()
    password = base64.b64encode(f"api:{key}".encode()).decode()
    learn = scene.server.redactor.learn
    learn(key[:-1], "STEPUP_MFA_API_KEY%?")
    learn(key[1:], "STEPUP_MFA_API_KEY#?")
    learn(key.swapcase(), "STEPUP_MFA_API_KEY~~")
    for encoded in (basic, password):
        learn(encoded, "BASIC_CREDENTIALS")

    def joined(separator: str) -> str:
        return separator.join(f"{name}={key}" for name in _OTHER_NAMES)

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
    if scene.server.target.control_key not in (None, key):
        ways.append(("the control key", {"key": scene.server.target.control_key}))
    return ways


async def ask(scene: Scene, operation: Operation, body: Any, way: dict[str, Any], path: str = "") -> Exchange:
    """Send one request with bad credentials; `query` and `extra` members find their places."""
    how = {name: value for name, value in way.items() if name not in ("query", "extra")}
    if "extra" in way:
        body = {**(body or {}), **way["extra"]}
    path = (path or operation.path) + way.get("query", "")
    return await scene.send(operation, body, path=path, **how)


def judge_401(scene: Scene, exchange: Exchange, what: str) -> None:
    """Judge that an answer is 401, and says `unauthorized`."""
    if scene.expect(exchange, exchange.status == UNAUTHORIZED.status, "401", what, MUST):
        scene.expect(exchange, UNAUTHORIZED.matches(exchange), str(UNAUTHORIZED), what, SHOULD)


async def refuse_all(scene: Scene, asking: Ask) -> None:
    """Send every bad credential about an object that exists and about one that does not: 401, both alike."""
    for label, way in bad_credentials(scene):
        real, unreal = await asking(True, way), await asking(False, way)
        judge_401(scene, real, label)
        judge_401(scene, unreal, f"{label}, about nothing that exists")
        wanted = "nothing told about what exists"
        scene.same([("an object that exists", real), (label, unreal)], wanted, MUST)


@check("A1")
async def no_key_no_answer(trial: Trial) -> None:
    """Call every operation about random ids with every kind of bad credential."""

    async def story(scene: Scene, operation: Operation) -> None:
        for label, way in bad_credentials(scene):
            body, path = random_request(operation)
            judge_401(scene, await ask(scene, operation, body, way, path), label)
        body, path = random_request(operation)
        right = await ask(scene, operation, body, {}, path)
        if right.status in (0, 401) or right.status >= 500:
            scene.expect(right, False, "another answer than 401 (positive control)", "the right key")

    await trial.each(story, [(operation.id, operation) for operation in (LOOKUP, *POSTS)])


@check("A1")
async def key_before_the_request(trial: Trial) -> None:
    """Send requests that are wrong in other ways too with a bad key: 401, all alike, before anything is
    parsed.
    """

    async def story(scene: Scene, operation: Operation) -> None:
        wrong: dict[str, Any] = {"key": uuid.uuid4().hex}
        body, path = random_request(operation)
        sent = [("well-formed", await ask(scene, operation, body, wrong, path))]
        if operation is LOOKUP:
            for malformed in ("abc", "%00", "1"):
                path = LOOKUP.path.format(user_id=malformed)
                sent.append((f"the id {malformed}", await scene.send(operation, path=path, **wrong)))
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
                sent.append((label, await scene.send(operation, **content, **wrong)))
        for label, exchange in sent:
            judge_401(scene, exchange, f"an unknown key with {label}")
        scene.same(sent, "the key judged before the request", MUST)

    await trial.each(story, [(operation.id, operation) for operation in (LOOKUP, *POSTS)])


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
async def no_key_no_lookup(trial: Trial) -> None:
    """Look up users that exist and users that do not with every bad credential, then with the right key."""
    async with trial.scene("lookup") as scene:
        user = await scene.totp_user()

        async def asking(real: bool, way: dict[str, Any]) -> Exchange:
            path = LOOKUP.path.format(user_id=user.id if real else uuid.uuid4())
            return await ask(scene, LOOKUP, None, way, path)

        await refuse_all(scene, asking)
        scene.control(await scene.lookup(user.id), LOOKUP, "the right key")


@check("A1", Need.SEED)
async def no_key_no_code_spent(trial: Trial) -> None:
    """Send a user's right code with every bad credential, then with the right key: it is still good."""
    async with trial.scene("verify-totp") as scene:
        user = await scene.totp_user()
        code = scene.code(user)

        async def asking(real: bool, way: dict[str, Any]) -> Exchange:
            user_id = user.id if real else str(uuid.uuid4())
            return await ask(scene, VERIFY_TOTP, totp_body(user_id, code, ACTION, "ONE_TIME_USE", 60), way)

        await refuse_all(scene, asking)
        scene.control(await scene.verify_totp(user.id, code), VERIFY_TOTP, "the same code, the right key")


@check("A1", Need.SEED)
async def no_key_no_failure_counted(trial: Trial) -> None:
    """Send wrong codes with a bad key, more than a lock needs: the user's budget of wrong codes
    stays whole.
    """
    async with trial.scene("wrong codes under an unknown key") as scene:
        user = await scene.totp_user()
        for _ in range(trial.wrong_codes + 3):
            wrong = scene.wrong_code(user)
            judge_401(scene, await scene.verify_totp(user.id, wrong, key=uuid.uuid4().hex), "a wrong code")
        for count in range(trial.wrong_codes):
            answer = await scene.verify_totp(user.id, scene.wrong_code(user))
            if answer.status == 429:
                wanted = f"{trial.wrong_codes} wrong codes judged with the right key"
                scene.expect(answer, False, wanted, f"wrong code {count + 1} with the right key")
                return
        scene.control(
            await scene.verify_totp(user.id, scene.code(user)), VERIFY_TOTP, "the right code and key"
        )


@check("A1", Need.SEED, Need.INBOX)
async def no_key_no_try_counted(trial: Trial) -> None:
    """Send wrong codes for a challenge with a bad key, more than it survives: the right code is
    still good.
    """
    async with trial.scene("wrong SMS codes under an unknown key") as scene:
        challenge = await scene.challenge()
        user_id = challenge.user.id
        for _ in range(trial.server.limit("challenge_max_attempts", 5) + 3):
            wrong = scene.wrong_sms_code(challenge)
            exchange = await scene.verify_sms(user_id, challenge.id, wrong, key=uuid.uuid4().hex)
            judge_401(scene, exchange, "a wrong SMS code")
        right = await scene.verify_sms(user_id, challenge.id, challenge.code)
        scene.control(right, VERIFY_SMS, "the right code and key")


@check("A1", Need.SEED, Need.INBOX)
async def no_key_no_message(trial: Trial) -> None:
    """Ask for codes with every bad credential: nothing is sent until the right key asks."""
    async with trial.scene("phone/send") as scene:
        user = await scene.phone_user()
        phone = user.phones[0]
        last: list[Exchange] = []

        async def asking(real: bool, way: dict[str, Any]) -> Exchange:
            user_id = user.id if real else str(uuid.uuid4())
            body = sms_body(user_id, phone.id, ACTION, "ONE_TIME_USE", 60)
            last[:] = [await ask(scene, SEND_SMS, body, way)]
            return last[0]

        await refuse_all(scene, asking)
        sent = len(await scene.messages(phone_number=phone.number))
        scene.expect(last[0], sent == 0, "no message sent", "after bad credentials", got=f"{sent} messages")
        scene.control(await scene.send_sms(user.id, phone.id), SEND_SMS, "the right key")


@check("A1", Need.SEED, Need.INBOX)
async def no_key_no_challenge_spent(trial: Trial) -> None:
    """Send a challenge's right code with every bad credential, then with the right key: it is still good."""
    async with trial.scene("phone/verify") as scene:
        challenge = await scene.challenge()

        async def asking(real: bool, way: dict[str, Any]) -> Exchange:
            challenge_id = challenge.id if real else str(uuid.uuid4())
            body = verify_sms_body(challenge.user.id, challenge_id, challenge.code)
            return await ask(scene, VERIFY_SMS, body, way)

        await refuse_all(scene, asking)
        right = await scene.verify_sms(challenge.user.id, challenge.id, challenge.code)
        scene.control(right, VERIFY_SMS, "the same code, the right key")


@check("A1", Need.SEED)
async def no_key_no_grant_spent(trial: Trial) -> None:
    """Verify a one-time grant with every bad credential, then with the right key: it is still good."""
    async with trial.scene("verify-grant") as scene:
        grant = await scene.totp_grant()

        async def asking(real: bool, way: dict[str, Any]) -> Exchange:
            value = grant.value if real else uuid.uuid4().hex * 2
            return await ask(scene, VERIFY_GRANT, grant_body(grant.user_id, value, grant.action), way)

        await refuse_all(scene, asking)
        scene.control(
            await scene.verify_grant(grant.user_id, grant.value),
            VERIFY_GRANT,
            "the same grant, the right key",
        )
