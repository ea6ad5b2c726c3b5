"""Rules C1-C4: what happens once happens once, however many ask at the same moment.

Once over the socket with parallel connections, and once on a shared database with threads that each have a
connection of their own, where no event loop puts the requests in order.
"""

import asyncio
import threading
import uuid
from collections import Counter

import httpx
import pyotp
import pytest

from stepup_mock import totp
from stepup_mock.feed import Feed
from stepup_mock.inbox import Inbox
from stepup_mock.sqlite_store import SqliteStore
from stepup_mock.step_up import IncorrectCode, InvalidField, Locked, Phone, StepUp, Totp
from stepup_mock.store import Terms

SECRET = b"12345678901234567890"
TERMS = Terms("PAYOUT", one_time=True, valid_for_seconds=60)


@pytest.fixture
def at_once(caller):
    """Send requests over connections of their own at the same moment; return the statuses counted."""

    def send(requests):
        async def run():
            limits = httpx.Limits(max_connections=len(requests))
            async with httpx.AsyncClient(
                base_url=caller.mock.base_url, limits=limits, trust_env=False
            ) as client:
                responses = await asyncio.gather(
                    *(
                        client.post(caller.paths[name], json=body, headers=caller.bearer())
                        for name, body in requests
                    )
                )
            return responses

        return asyncio.run(run())

    return send


def test_one_totp_code_gives_one_grant(caller, at_once):
    """Thirty-two submissions of one code give one grant."""
    for _ in range(5):
        body = caller.totp_body(caller.known_totp_user(), caller.code())
        statuses = Counter(response.status_code for response in at_once([("verify_totp", body)] * 32))
        assert statuses[200] == 1
        assert set(statuses) <= {200, 400, 429}


def test_one_challenge_gives_one_grant(caller, at_once):
    """Thirty-two submissions of a challenge's right code give one grant."""
    for _ in range(5):
        user_id, (phone_id,) = caller.phone_user()
        challenge_id = caller.send(user_id, phone_id).json()["challenge_id"]
        body = {"challenge_id": challenge_id, "user_id": user_id, "code": caller.sent_code(challenge_id)}
        statuses = Counter(response.status_code for response in at_once([("verify_sms", body)] * 32))
        assert statuses == {200: 1, 400: 31}


def test_one_time_grants_verify_once(caller, at_once):
    """Thirty-two verifications of a one-time grant give one success."""
    for _ in range(5):
        user_id = caller.known_totp_user()
        body = {"action_type": "PAYOUT", "user_id": user_id, "grant": caller.totp_grant(user_id)}
        statuses = Counter(response.status_code for response in at_once([("verify_grant", body)] * 32))
        assert statuses == {200: 1, 400: 31}


def test_parallel_guesses_get_no_extra_responses(caller, at_once):
    """Of fifty parallel wrong codes five are checked."""
    body = caller.totp_body(caller.known_totp_user(), caller.wrong_code())
    statuses = Counter(response.status_code for response in at_once([("verify_totp", body)] * 50))
    assert statuses == {400: 5, 429: 45}


def test_mixed_load_mixes_nothing_up(caller, at_once):
    """Eight users at once: no 5xx, one message for each success, each grant its owner's alone."""
    secrets = {caller.totp_user(secret): secret for secret in (pyotp.random_base32() for _ in range(4))}
    phones = [caller.phone_user() for _ in range(4)]
    requests = [
        ("verify_totp", caller.totp_body(user, caller.code(secret))) for user, secret in secrets.items()
    ]
    requests += [
        ("send", caller.totp_body(user, "") | {"mfa_phone_id": phone}) for user, (phone,) in phones * 3
    ]
    responses = at_once(requests)
    assert {response.status_code for response in responses} == {200}
    assert len(caller.control("GET", "/inbox")["messages"]) == 12
    users = list(secrets)
    for owner, response in zip(users, responses, strict=False):
        grant = response.json()["step_up_grant"]
        stranger = users[users.index(owner) - 1]
        assert caller.verify_grant(stranger, grant).status_code == 400
        assert caller.verify_grant(owner, grant).status_code == 200


@pytest.fixture
def in_threads(tmp_path):
    """Run a call on 16 connections to one database at the same moment; return the outcomes counted."""
    path = tmp_path / "state.db"
    count = 16
    inbox = Inbox(Feed())
    stores = [SqliteStore(path) for _ in range(count)]
    domains = [StepUp(store, inbox) for store in stores]

    def run(call):
        barrier, outcomes = threading.Barrier(count), []

        def one(domain):
            barrier.wait()
            try:
                call(domain)
                outcomes.append("success")
            except (IncorrectCode, InvalidField, Locked) as error:
                outcomes.append(type(error).__name__)

        threads = [threading.Thread(target=one, args=(domain,)) for domain in domains]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return Counter(outcomes)

    yield domains[0], stores[0], inbox.messages, run
    for store in stores:
        store.close()


def test_the_statements_hold_without_an_event_loop(in_threads):
    """Codes, challenges, grants and the cap stay right with sixteen connections in sixteen threads."""
    domain, store, messages, run = in_threads
    for at in range(60, 1200, 60):
        user_id, phone_user = str(uuid.uuid4()), str(uuid.uuid4())
        domain.put_user("test", user_id, Totp(SECRET))
        domain.put_user("test", phone_user, (Phone("p", "+15555550123"),))
        code = totp.code_at(SECRET, at // 30)
        assert (
            run(lambda d, u=user_id, c=code, t=at: d.verify_totp("test", u, c, TERMS, at=t))["success"] == 1
        )
        store.clear_attempts("test", user_id)
        grant = domain.verify_totp("test", user_id, totp.code_at(SECRET, at // 30 + 1), TERMS, at=at)
        verified = run(lambda d, u=user_id, g=grant, t=at: d.verify_grant("test", u, "PAYOUT", g, at=t))
        assert verified == {"success": 1, "InvalidField": 15}
        sent = domain.send_sms("test", phone_user, "p", TERMS, at=at)
        right = messages[-1].code
        assert (
            run(lambda d, u=phone_user, c=sent, r=right, t=at: d.verify_sms("test", u, c, r, at=t))["success"]
            == 1
        )
        store.clear_attempts("test", phone_user)
        guesses = run(lambda d, u=user_id, t=at: d.verify_totp("test", u, "wrong!", TERMS, at=t))
        assert guesses == {"IncorrectCode": 5, "Locked": 11}
        sends = run(lambda d, u=phone_user, t=at: d.send_sms("test", u, "p", TERMS, at=t))
        assert sends == {"success": 4, "Locked": 12}
