"""Rules E1-E5: what a lookup says, and that it changes nothing."""

import uuid


def test_totp_user_shows_the_type_and_nothing_else(caller):
    """A TOTP user's response is the type alone; no header or body holds the secret."""
    response = caller.lookup(caller.known_totp_user())
    assert response.status_code == 200
    assert response.json() == {"mfa_setup": {"type": "Totp"}}
    assert caller.secret not in response.text + str(response.headers)


def test_phone_user_shows_ids_and_suffixes(caller):
    """Phones come with their ids and last four digits, in order, never with the number."""
    user_id, phone_ids = caller.phone_user("+15555551234", "+15555555678")
    response = caller.lookup(user_id)
    assert response.json() == {
        "mfa_setup": {
            "type": "Phone",
            "phone_numbers": [
                {"mfa_phone_number_suffix": "1234", "mfa_phone_id": phone_ids[0]},
                {"mfa_phone_number_suffix": "5678", "mfa_phone_id": phone_ids[1]},
            ],
        }
    }
    assert "5555551234" not in response.text + str(response.headers)


def test_user_without_a_factor_is_null(caller):
    """No factor is null, with 200."""
    response = caller.lookup(caller.plain_user())
    assert (response.status_code, response.json()) == (200, {"mfa_setup": None})


def test_unknown_and_malformed_ids_are_404(caller):
    """An unknown user and every id that is not a UUID give the same 404, never another path or a 5xx."""
    user_id = caller.known_totp_user()
    unknown = caller.lookup(str(uuid.uuid4()))
    assert (unknown.status_code, unknown.json()["error_code"]) == (404, "user_not_found")
    for malformed in (
        "abc",
        "..%2f..%2forg%2fabc",
        f"{user_id}%00",
        f"%20{user_id}",
        "%252e",
        "%ff",
        user_id[:-1],
    ):
        response = caller.lookup(malformed)
        assert (response.status_code, response.json()) == (404, unknown.json()), malformed
    assert caller.lookup(user_id).status_code == 200


def test_spelling_of_a_uuid_does_not_matter(caller):
    """Upper case and percent-encoding name the same user."""
    user_id = caller.known_totp_user()
    assert caller.lookup(user_id.upper()).json() == caller.lookup(user_id).json()
    assert caller.lookup(user_id.replace("-", "%2D")).json() == caller.lookup(user_id).json()


def test_lookups_change_nothing(caller):
    """Twenty lookups between send and verify send nothing, spend nothing and leave no event."""
    user_id, (phone_id,) = caller.phone_user()
    challenge_id = caller.send(user_id, phone_id).json()["challenge_id"]
    bodies = {caller.lookup(user_id).text for _ in range(20)}
    assert len(bodies) == 1
    assert len(caller.control("GET", "/inbox")["messages"]) == 1
    assert len(caller.control("GET", "/events")["events"]) == 1
    assert caller.verify_sms(user_id, challenge_id, caller.sent_code(challenge_id)).status_code == 200
