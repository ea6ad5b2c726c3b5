"""Rules V1-V9 and D2 over the socket."""

import uuid

import pytest

DEAD = {"grant": "grant_not_found"}


def test_a_live_grant_answers_success(caller):
    """A valid grant gives exactly 200 and success; an invalid one never does."""
    user_id = caller.known_totp_user()
    grant = caller.totp_grant(user_id)
    response = caller.verify_grant(user_id, grant)
    assert (response.status_code, response.json()) == (200, {"success": True})


def test_one_time_grants_verify_once(caller):
    """A one-time grant is spent by its first verification."""
    user_id = caller.known_totp_user()
    grant = caller.totp_grant(user_id)
    assert caller.verify_grant(user_id, grant).status_code == 200
    again = caller.verify_grant(user_id, grant)
    assert (again.status_code, again.json()["field_errors"]) == (400, DEAD)


def test_time_based_grants_verify_until_their_end(caller):
    """A time-based grant verifies any number of times; its lifetime is not extended, its end is exclusive."""
    user_id = caller.known_totp_user()
    grant = caller.totp_grant(user_id, grant_type="TIME_BASED", valid_for_seconds=5)
    for _ in range(9):
        assert caller.verify_grant(user_id, grant).status_code == 200
        caller.advance(0.5)
    caller.advance(0.49)
    assert caller.verify_grant(user_id, grant).status_code == 200
    caller.advance(0.01)
    assert caller.verify_grant(user_id, grant).json()["field_errors"] == DEAD


def test_one_time_grants_end_too(caller):
    """An unused one-time grant expires after its lifetime."""
    user_id = caller.known_totp_user()
    grants = [caller.totp_grant(user_id, valid_for_seconds=30)]
    caller.advance(29)
    grants.append(caller.totp_grant(user_id, valid_for_seconds=30))
    assert caller.verify_grant(user_id, grants[0]).status_code == 200
    caller.advance(30)
    assert caller.verify_grant(user_id, grants[1]).json()["field_errors"] == DEAD


@pytest.mark.parametrize(
    "action_type", ["payout", " PAYOUT", "PAYOUT ", "PAYOU", "PAYOUT\0", "PAYOU\u0054\u0301", "\uff30AYOUT"]
)
def test_grants_are_for_the_very_action(caller, action_type):
    """Another spelling of the action is another action, and trying it spends nothing."""
    user_id = caller.known_totp_user()
    grant = caller.totp_grant(user_id)
    assert caller.verify_grant(user_id, grant, action_type).json()["field_errors"] == DEAD
    assert caller.verify_grant(user_id, grant).status_code == 200


@pytest.mark.parametrize(
    "action_type", ["é", "e\u0301", "' OR 1=1 --", "{{7*7}}\n$(id)", "🦊" * 64, "a\0b", "x" * 256, "\\u0041"]
)
def test_actions_are_opaque(caller, action_type):
    """Whatever string was given at issue is the one that verifies."""
    user_id = caller.known_totp_user()
    grant = caller.totp_grant(user_id, action_type=action_type, grant_type="TIME_BASED")
    assert caller.verify_grant(user_id, grant, action_type[:-1] or "x").status_code == 400
    assert caller.verify_grant(user_id, grant, action_type).status_code == 200


def test_dead_grants_are_alike(caller):
    """Unknown, spent, expired, foreign-user, other-action grants and unknown users give one response."""
    user_id, other_id = caller.known_totp_user(), caller.plain_user()
    expired = caller.totp_grant(user_id, valid_for_seconds=1)
    caller.advance(30)
    spent = caller.totp_grant(user_id)
    caller.verify_grant(user_id, spent)
    caller.advance(30)
    live = caller.totp_grant(user_id)
    refusals = [
        caller.verify_grant(user_id, "f" * 64),
        caller.verify_grant(user_id, spent),
        caller.verify_grant(user_id, expired),
        caller.verify_grant(other_id, live),
        caller.verify_grant(str(uuid.uuid4()), live),
        caller.verify_grant(user_id, live, "OTHER"),
        caller.verify_grant(user_id, live[:-1] + ("0" if live[-1] != "0" else "1")),
        caller.verify_grant(user_id, live.upper()),
    ]
    assert {(response.status_code, response.text) for response in refusals} == {(400, refusals[0].text)}
    document = refusals[0].json()
    assert document["error_code"] == "invalid_request_fields"
    assert document["field_errors"] == document["field_to_errors"] == DEAD
    assert caller.verify_grant(user_id, live).status_code == 200


def test_grants_are_256_random_bits(caller):
    """Hundreds of grants for one user, action and moment are distinct, 64 hex digits, and spread evenly."""
    secret = caller.secret
    grants = []
    for _ in range(300):
        grants.append(caller.totp_grant(caller.totp_user(secret)))
    assert len(set(grants)) == 300
    assert all(len(grant) == 64 and set(grant) <= set("0123456789abcdef") for grant in grants)
    for position in range(64):
        column = [grant[position] for grant in grants]
        chi_square = sum((column.count(digit) - 300 / 16) ** 2 / (300 / 16) for digit in "0123456789abcdef")
        assert chi_square < 60, position  # 15 degrees of freedom: 60 is far beyond one in a million


@pytest.mark.parametrize(
    "change",
    [
        lambda caller, user_id: caller.control("PUT", f"/users/{user_id}", {"mfa": None}),
        lambda caller, user_id: caller.control("DELETE", f"/users/{user_id}"),
        lambda caller, user_id: caller.control(
            "PUT", f"/users/{user_id}", {"mfa": {"type": "Totp", "secret": caller.secret}, "enabled": False}
        ),
        lambda caller, user_id: caller.control(
            "PUT", f"/users/{user_id}", {"mfa": {"type": "Totp", "secret": "A" * 32}}
        ),
        lambda caller, user_id: caller.control(
            "PUT",
            f"/users/{user_id}",
            {"mfa": {"type": "Totp", "secret": caller.secret}, "environment": "staging"},
        ),
    ],
    ids=["removed", "deleted", "disabled", "re-enrolled", "moved"],
)
def test_changing_the_factor_kills_grants_and_old_codes(caller, change):
    """What was issued under a factor becomes invalid with it, at once; so do the codes of the old secret."""
    user_id = caller.known_totp_user()
    grant = caller.totp_grant(user_id, grant_type="TIME_BASED")
    assert caller.verify_grant(user_id, grant).status_code == 200
    change(caller, user_id)
    assert caller.verify_grant(user_id, grant).json()["field_errors"] == DEAD
    assert caller.verify_totp(user_id, caller.code(steps=1)).status_code == 400


def test_removing_a_phone_kills_its_challenges(caller):
    """A challenge sent to a phone that was removed cannot be verified."""
    user_id, (phone_id,) = caller.phone_user()
    challenge_id = caller.send(user_id, phone_id).json()["challenge_id"]
    code = caller.sent_code(challenge_id)
    phones = [{"mfa_phone_id": str(uuid.uuid4()), "phone_number": "+15555550009"}]
    caller.control("PUT", f"/users/{user_id}", {"mfa": {"type": "Phone", "phone_numbers": phones}})
    assert caller.verify_sms(user_id, challenge_id, code).status_code == 400
    assert caller.send(user_id, phone_id).json()["field_errors"] == {"mfa_phone_id": "phone_not_found"}


def test_environments_do_not_see_each_other(caller):
    """A key of another environment finds neither the user nor the challenge nor the grant."""
    staging = caller.control("POST", "/api-keys", {"environment": "staging"})["api_key"]
    user_id = caller.known_totp_user()
    grant = caller.totp_grant(user_id)
    phone_user, (phone_id,) = caller.phone_user()
    challenge_id = caller.send(phone_user, phone_id).json()["challenge_id"]
    code = caller.sent_code(challenge_id)
    assert caller.lookup(user_id, staging).text == caller.lookup(str(uuid.uuid4()), staging).text
    assert caller.verify_grant(user_id, grant, key=staging).json()["field_errors"] == DEAD
    assert (
        caller.verify_totp(user_id, caller.code(steps=1), key=staging).json()["error_code"]
        == "user_not_found"
    )
    assert caller.send(phone_user, phone_id, key=staging).json()["error_code"] == "user_not_found"
    foreign = caller.verify_sms(phone_user, challenge_id, code, key=staging)
    assert foreign.json()["field_errors"] == {"challenge_id": "challenge_not_found"}
    assert caller.lookup(user_id).status_code == 200
    assert caller.verify_grant(user_id, grant).status_code == 200
    assert caller.verify_sms(phone_user, challenge_id, code).status_code == 200


def test_a_clock_that_goes_back_revives_nothing(caller):
    """What expired while the clock was ahead stays invalid after it went back: grants, challenges, codes."""
    user_id = caller.known_totp_user()
    grant = caller.totp_grant(user_id, grant_type="TIME_BASED", valid_for_seconds=60)
    code = caller.code()
    phone_user, (phone_id,) = caller.phone_user()
    challenge_id = caller.send(phone_user, phone_id).json()["challenge_id"]
    caller.advance(700)
    caller.advance(-700)
    assert caller.verify_grant(user_id, grant).json()["field_errors"] == DEAD
    assert caller.verify_sms(phone_user, challenge_id, caller.sent_code(challenge_id)).status_code == 400
    assert caller.verify_totp(user_id, code).status_code == 400
    assert caller.verify_totp(user_id, caller.code(steps=1)).status_code == 200


def test_a_system_clock_that_goes_back_revives_nothing(caller):
    """The same holds when the clock moved unnoticed: the time of requests is enough."""
    user_id = caller.known_totp_user()
    grant = caller.totp_grant(user_id, grant_type="TIME_BASED", valid_for_seconds=60)
    caller.mock.call(lambda world: world.clock.advance(120))
    caller.verify_grant(user_id, "0" * 64)
    caller.mock.call(lambda world: world.clock.advance(-120))
    assert caller.verify_grant(user_id, grant).json()["field_errors"] == DEAD
    caller.advance(30)
    assert caller.verify_grant(user_id, caller.totp_grant(user_id)).status_code == 200
