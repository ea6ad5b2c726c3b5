"""Rules S1-S9 over the socket."""

import re
import uuid


def test_a_send_delivers_one_message_and_tells_only_the_challenge(caller):
    """One message goes to the chosen phone; the response has the challenge and nothing of code or number."""
    user_id, phone_ids = caller.phone_user("+15555550001", "+15555550002")
    response = caller.send(user_id, phone_ids[1])
    assert response.status_code == 200
    assert set(response.json()) == {"challenge_id"}
    (message,) = caller.control("GET", "/inbox")["messages"]
    assert message["phone_number"] == "+15555550002"
    assert message["mfa_phone_id"] == phone_ids[1]
    assert message["challenge_id"] == response.json()["challenge_id"]
    assert message["sent_at"] == caller.start
    assert re.fullmatch("[A-Z2-9]{6}", message["code"])
    assert message["code"] not in response.text
    assert "5555550002" not in response.text


def test_codes_and_challenges_differ(caller):
    """Two hundred sends give two hundred challenges and hardly ever the same code."""
    caller.control("PUT", "/limits", {"max_sends": 1000})
    user_id, (phone_id,) = caller.phone_user()
    challenges = {caller.send(user_id, phone_id).json()["challenge_id"] for _ in range(200)}
    codes = {message["code"] for message in caller.control("GET", "/inbox")["messages"]}
    assert len(challenges) == 200
    assert len(codes) >= 199


def test_only_the_users_own_phones(caller):
    """Unknown, foreign and removed phones give the same error and nothing is sent; the own phone works."""
    user_id, (phone_id,) = caller.phone_user()
    _, (foreign,) = caller.phone_user()
    refusals = [caller.send(user_id, refused) for refused in (foreign, str(uuid.uuid4()))]
    assert {response.text for response in refusals} == {refusals[0].text}
    assert refusals[0].status_code == 400
    assert refusals[0].json()["field_errors"] == {"mfa_phone_id": "phone_not_found"}
    assert caller.send(caller.known_totp_user(), phone_id).json()["error_code"] == "mfa_not_enabled"
    assert caller.send(str(uuid.uuid4()), phone_id).json()["error_code"] == "user_not_found"
    assert caller.control("GET", "/inbox")["messages"] == []
    assert caller.send(user_id, phone_id.upper()).status_code == 200


def test_the_grant_has_the_terms_of_the_send(caller):
    """Terms come from the send, extra fields change nothing, and the lifetime starts at the verification."""
    user_id, (phone_id,) = caller.phone_user()
    sent = caller.send(user_id, phone_id, action_type="A", grant_type="TIME_BASED", valid_for_seconds=60)
    challenge_id = sent.json()["challenge_id"]
    caller.advance(100)
    response = caller.verify_sms(
        user_id, challenge_id, caller.sent_code(challenge_id), action_type="B", valid_for_seconds=9999
    )
    grant = response.json()["step_up_grant"]
    caller.advance(59)
    assert caller.verify_grant(user_id, grant, "B").status_code == 400
    assert caller.verify_grant(user_id, grant, "A").status_code == 200
    assert caller.verify_grant(user_id, grant, "A").status_code == 200
    caller.advance(1)
    assert caller.verify_grant(user_id, grant, "A").status_code == 400


def test_success_consumes_the_challenge(caller):
    """The right code works once."""
    user_id, (phone_id,) = caller.phone_user()
    challenge_id = caller.send(user_id, phone_id).json()["challenge_id"]
    code = caller.sent_code(challenge_id)
    assert caller.verify_sms(user_id, challenge_id, code).status_code == 200
    again = caller.verify_sms(user_id, challenge_id, code)
    assert again.json()["field_errors"] == {"challenge_id": "challenge_not_found"}


def test_a_challenge_belongs_to_its_user_and_code(caller):
    """All crossed pairs of two users and challenges fail and spend nothing; the straight pairs succeed."""
    users = [caller.phone_user() for _ in range(2)]
    challenges = [caller.send(user_id, phone_id).json()["challenge_id"] for user_id, (phone_id,) in users]
    codes = [caller.sent_code(challenge_id) for challenge_id in challenges]
    for one, other in ((0, 1), (1, 0)):
        user_id, _ = users[one]
        crossed = caller.verify_sms(user_id, challenges[other], codes[other])
        assert crossed.json()["field_errors"] == {"challenge_id": "challenge_not_found"}
        wrong = caller.verify_sms(user_id, challenges[one], codes[other])
        assert wrong.json()["field_errors"] == {"code": "incorrect_mfa_code"}
    for (user_id, _), challenge_id, code in zip(users, challenges, codes, strict=True):
        assert caller.verify_sms(user_id, challenge_id, code).status_code == 200


def test_a_challenge_lives_600_seconds(caller):
    """A challenge is valid until just before its end, and invalid at it."""
    user_id, (phone_id,) = caller.phone_user()
    first, second = (caller.send(user_id, phone_id).json()["challenge_id"] for _ in range(2))
    caller.advance(599)
    assert caller.verify_sms(user_id, first, caller.sent_code(first)).status_code == 200
    caller.advance(1)
    dead = caller.verify_sms(user_id, second, caller.sent_code(second))
    assert dead.json()["field_errors"] == {"challenge_id": "challenge_not_found"}


def test_five_wrong_codes_kill_a_challenge(caller):
    """After five wrong codes even the correct one is rejected, and another challenge still works."""
    caller.control("PUT", "/limits", {"max_wrong_codes": 100})
    user_id, (phone_id,) = caller.phone_user()
    first, second = (caller.send(user_id, phone_id).json()["challenge_id"] for _ in range(2))
    for _ in range(5):
        response = caller.verify_sms(user_id, first, "WRONG1")
        assert response.status_code == 400
        assert response.json()["field_errors"] == {"code": "incorrect_mfa_code"}
    dead = caller.verify_sms(user_id, first, caller.sent_code(first))
    assert dead.json()["field_errors"] == {"challenge_id": "challenge_not_found"}
    assert caller.verify_sms(user_id, second, caller.sent_code(second)).status_code == 200


def test_new_challenges_refill_nothing(caller):
    """Wrong codes count for the user over all challenges."""
    user_id, (phone_id,) = caller.phone_user()
    statuses = []
    for _ in range(2):
        challenge_id = caller.send(user_id, phone_id).json().get("challenge_id")
        statuses += [caller.verify_sms(user_id, challenge_id, "WRONG1").status_code for _ in range(4)]
    assert statuses == [400] * 5 + [429] * 3


def test_sends_are_limited_for_user_and_phone(caller):
    """Five sends in ten minutes, then 429 without a message; another phone is free, and the wait ends it."""
    user_id, (phone_id, other_id) = caller.phone_user("+15555550001", "+15555550002")
    for second in range(5):
        assert caller.send(user_id, phone_id).status_code == 200, second
        caller.advance(1)
    refused = caller.send(user_id, phone_id)
    assert (refused.status_code, refused.json()["error_code"]) == (429, "rate_limited")
    assert refused.headers["Retry-After"] == "595"
    assert len(caller.control("GET", "/inbox")["messages"]) == 5
    assert caller.send(user_id, other_id).status_code == 200
    caller.advance(594)
    assert caller.send(user_id, phone_id).status_code == 429
    caller.advance(1)
    assert caller.send(user_id, phone_id).status_code == 200
    assert caller.send(user_id, phone_id).status_code == 429
