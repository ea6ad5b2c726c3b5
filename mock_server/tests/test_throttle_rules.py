"""Rules R1-R5 over the socket."""

import uuid

import httpx
import pyotp


def test_five_wrong_codes_lock_for_fifteen_minutes(caller):
    """Five wrong codes are checked, then everything with codes is 429 until the lock ends."""
    user_id = caller.known_totp_user()
    wrong = caller.wrong_code()
    assert [caller.verify_totp(user_id, wrong).status_code for _ in range(7)] == [400] * 5 + [429] * 2
    caller.advance(899)
    assert caller.verify_totp(user_id, caller.code()).status_code == 429
    caller.advance(1)
    assert caller.verify_totp(user_id, caller.code()).status_code == 200


def test_spreading_wrong_codes_does_not_help(caller):
    """The cap holds over connections, keys, actions, X-Forwarded-For and spellings of the user's id."""
    user_id = caller.known_totp_user()
    keys = [caller.control("POST", "/api-keys", {})["api_key"] for _ in range(2)]
    statuses = []
    for number in range(8):
        body = caller.totp_body(
            user_id.upper() if number % 2 else user_id, caller.wrong_code(), action_type=f"A{number}"
        )
        headers = caller.bearer(keys[number % 2]) | {"X-Forwarded-For": f"10.0.0.{number}"}
        url = caller.mock.base_url + caller.paths["verify_totp"]
        statuses.append(httpx.post(url, json=body, headers=headers, trust_env=False).status_code)
    assert statuses == [400] * 5 + [429] * 3


def test_a_changed_factor_keeps_the_count(caller):
    """Wrong codes count on when the factor is replaced, over both kinds of codes."""
    user_id = caller.known_totp_user()
    for _ in range(3):
        caller.verify_totp(user_id, caller.wrong_code())
    phone = {"mfa_phone_id": str(uuid.uuid4()), "phone_number": "+15555550123"}
    caller.control("PUT", f"/users/{user_id}", {"mfa": {"type": "Phone", "phone_numbers": [phone]}})
    challenge_id = caller.send(user_id, phone["mfa_phone_id"]).json()["challenge_id"]
    statuses = [caller.verify_sms(user_id, challenge_id, "WRONG1").status_code for _ in range(3)]
    assert statuses == [400, 400, 429]
    assert caller.send(user_id, phone["mfa_phone_id"]).status_code == 429
    assert len(caller.control("GET", "/inbox")["messages"]) == 1


def test_the_right_code_stays_unspent_while_locked(caller):
    """A locked user's correct code is rejected and works after the lock; others are not affected."""
    user_id = caller.known_totp_user()
    other_secret = pyotp.random_base32()
    other = caller.totp_user(other_secret)
    caller.control("PUT", "/limits", {"lock_seconds": 10})
    code = caller.code()
    refused = [caller.verify_totp(user_id, caller.wrong_code()) for _ in range(6)][-1]
    locked = caller.verify_totp(user_id, code)
    assert (locked.status_code, locked.text) == (429, refused.text)
    assert caller.verify_totp(other, caller.code(other_secret)).status_code == 200
    caller.advance(9.999)
    assert caller.verify_totp(user_id, code).status_code == 429
    caller.advance(0.001)
    assert caller.verify_totp(user_id, code).status_code == 200


def test_success_resets_the_count(caller):
    """Four wrong codes, a right one, four wrong ones: no lock."""
    user_id = caller.known_totp_user()
    for _ in range(3):
        statuses = [caller.verify_totp(user_id, caller.wrong_code()).status_code for _ in range(4)]
        assert statuses == [400] * 4
        assert caller.verify_totp(user_id, caller.code()).status_code == 200
        caller.advance(30)


def test_retry_after_counts_down_and_hammering_does_not_extend(caller):
    """429 has a JSON body and an integer of seconds to wait, which further tries do not change."""
    user_id = caller.known_totp_user()
    for _ in range(5):
        caller.verify_totp(user_id, caller.wrong_code())
    for passed in range(0, 900, 100):
        response = caller.verify_totp(user_id, caller.wrong_code())
        assert (response.status_code, response.json()["error_code"]) == (429, "rate_limited")
        assert response.headers["Retry-After"] == str(900 - passed)
        caller.advance(100)
    assert caller.verify_totp(user_id, caller.code()).status_code == 200


def test_lookup_and_grants_work_while_locked(caller):
    """The lock is about codes: grants verify and lookups work."""
    user_id = caller.known_totp_user()
    grant = caller.totp_grant(user_id)
    for _ in range(6):
        caller.verify_totp(user_id, caller.wrong_code())
    assert caller.lookup(user_id).status_code == 200
    assert caller.verify_grant(user_id, grant).status_code == 200


def test_only_judged_codes_count(caller):
    """Fifty of each request whose code is not checked leave the failure budget untouched."""
    user_id = caller.known_totp_user()
    grant = caller.totp_grant(user_id)
    code = caller.code(steps=1)
    for _ in range(50):
        caller.verify_totp(user_id, code, grant_type="NEVER")
        caller.verify_totp(user_id, code, key="wrong-key")
        caller.http.post(caller.paths["verify_totp"], content=b"{}", headers=caller.bearer())
        caller.lookup(user_id)
        caller.verify_grant(user_id, grant[::-1])
        caller.send(user_id, str(uuid.uuid4()))
        caller.verify_sms(user_id, "no such challenge", "WRONG1")
    assert [caller.verify_totp(user_id, caller.wrong_code()).status_code for _ in range(4)] == [400] * 4
    assert caller.verify_totp(user_id, code).status_code == 200


def test_a_sweep_lifts_no_lock(caller):
    """Sweeping expired entries leaves a lock that still holds."""
    user_id = caller.known_totp_user()
    for _ in range(5):
        caller.verify_totp(user_id, caller.wrong_code())
    caller.mock.call(lambda world: world.sweep())
    assert caller.verify_totp(user_id, caller.code()).status_code == 429
