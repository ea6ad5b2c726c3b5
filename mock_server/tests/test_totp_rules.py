"""Rules T1-T9 over the socket."""

import uuid

import pyotp
import pytest

WRONG = {"error_code": "incorrect_mfa_code", "user_facing_error": "This code is not correct."}


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_vectors_verify(caller, at, code):
    """The codes of RFC 6238 appendix B give a grant when the clock is frozen at their time."""
    user_id = caller.known_totp_user()
    caller.control("POST", "/clock", {"freeze_at": at})
    response = caller.verify_totp(user_id, code)
    assert response.status_code == 200
    assert set(response.json()) == {"step_up_grant"}


@pytest.mark.parametrize("delta", range(-10, 11))
def test_drift_is_one_step(caller, delta):
    """Exactly the codes of one step before, now and one step after are accepted."""
    user_id = caller.known_totp_user()
    response = caller.verify_totp(user_id, caller.code(steps=delta))
    assert response.status_code == (200 if abs(delta) <= 1 else 400)


def test_a_code_verifies_once(caller):
    """A spent code is rejected, whatever the action, the type and the key."""
    user_id = caller.known_totp_user()
    code = caller.code()
    assert caller.verify_totp(user_id, code).status_code == 200
    other_key = caller.control("POST", "/api-keys", {})["api_key"]
    again = caller.verify_totp(user_id, code, key=other_key, action_type="OTHER", grant_type="TIME_BASED")
    assert (again.status_code, again.json()) == (400, WRONG)


def test_older_steps_die_with_a_newer_one(caller):
    """After a code was accepted an unused older one is rejected and the next one is accepted."""
    user_id = caller.known_totp_user()
    assert caller.verify_totp(user_id, caller.code()).status_code == 200
    assert caller.verify_totp(user_id, caller.code(steps=-1)).json() == WRONG
    assert caller.verify_totp(user_id, caller.code(steps=1)).status_code == 200


def test_spent_steps_outlive_a_sweep_and_re_enrolment(caller):
    """A code stays spent when the same secret is enrolled again, and after the sweep of expired entries."""
    user_id = caller.known_totp_user()
    code = caller.code()
    assert caller.verify_totp(user_id, code).status_code == 200
    mfa = {"type": "Totp", "secret": caller.secret}
    caller.control("PUT", f"/users/{user_id}", {"mfa": None})
    caller.control("PUT", f"/users/{user_id}", {"mfa": mfa})
    caller.mock.call(lambda world: world.sweep())
    assert caller.verify_totp(user_id, code).json() == WRONG
    assert caller.verify_totp(user_id, caller.code(steps=1)).status_code == 200


def test_refusals_are_alike(caller):
    """Wrong, replayed and stale codes differ in nothing but the request id."""
    user_id = caller.known_totp_user()
    code = caller.code()
    caller.verify_totp(user_id, code)
    refusals = [
        caller.verify_totp(user_id, refused)
        for refused in (caller.wrong_code(), code, caller.code(steps=-20))
    ]
    assert {(response.status_code, response.text) for response in refusals} == {(400, refusals[0].text)}
    assert len({tuple(sorted(set(response.headers) - {"date"})) for response in refusals}) == 1


@pytest.mark.parametrize(
    "spell",
    [
        lambda code: f" {code}",
        lambda code: f"{code}\n",
        lambda code: f"{code[:3]} {code[3:]}",
        lambda code: f"{code[:3]}-{code[3:]}",
        lambda code: f"+{code}",
        lambda code: f"0{code}",
        lambda code: f"{code}\0",
        lambda code: "".join(chr(ord(digit) + 0xFEE0) for digit in code),
        lambda code: "".join(chr(ord(digit) - ord("0") + 0x0660) for digit in code),
        lambda code: hex(int(code)),
    ],
)
def test_other_spellings_are_other_codes(caller, spell):
    """A code counts as the six ASCII digits only; the code itself stays unspent."""
    user_id = caller.known_totp_user()
    code = caller.code()
    assert caller.verify_totp(user_id, spell(code)).json() == WRONG
    assert caller.verify_totp(user_id, code).status_code == 200
    assert caller.verify_totp(user_id, spell(code)).json() == WRONG


def test_codes_belong_to_one_user(caller):
    """Another user's code is wrong, and still good for its owner."""
    other_secret = pyotp.random_base32()
    user_id, other_id = caller.known_totp_user(), caller.totp_user(other_secret)
    code = caller.code()
    assert caller.verify_totp(other_id, code).json() == WRONG
    assert caller.verify_totp(user_id, code).status_code == 200


def test_who_cannot_be_verified(caller):
    """Unknown users, users without a factor and phone users have their own errors."""
    phone_user, _ = caller.phone_user()
    for user_id, error_code in (
        (str(uuid.uuid4()), "user_not_found"),
        (caller.plain_user(), "mfa_not_enabled"),
        (phone_user, "mfa_not_enabled"),
    ):
        response = caller.verify_totp(user_id, "123456")
        assert (response.status_code, response.json()["error_code"]) == (400, error_code)


def test_validation_comes_before_consumption(caller):
    """A body that is rejected spends neither the code nor an attempt."""
    user_id = caller.known_totp_user()
    code = caller.code()
    for _ in range(10):
        response = caller.verify_totp(user_id, code, grant_type="FOREVER")
        assert response.json()["field_errors"] == {"grant_type": "invalid_value"}
    assert caller.verify_totp(user_id, code).status_code == 200
