"""Worlds: each has its own users, clock, limits, inbox, events, journal, faults and keys."""

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from stepup_mock.server import running
from stepup_mock.worlds import MAX_WORLDS

PLAIN = "9b2f6c1e-7a44-4d0b-8f35-c0e1d2a3b4f5"


@pytest.fixture
def new_world(caller, make_caller):
    """Create worlds on the running server; each is returned as a caller that has its two keys."""

    def create(server=None):
        creator = caller if server is None else make_caller(server)
        keys = creator.control("POST", "/worlds", expect=201)
        server = server or caller.mock
        world = make_caller(
            SimpleNamespace(
                base_url=server.base_url, api_key=keys["api_key"], control_key=keys["control_key"]
            )
        )
        world.control("POST", "/clock", {"freeze_at": world.start})
        return world

    return create


@pytest.fixture
def two(new_world):
    return new_world(), new_world()


def test_a_new_world_is_empty_and_works(caller, new_world):
    """No demo users, default limits, real time, and both flows from end to end."""
    world = new_world()
    assert world.control("GET", "/users") == {"users": []}
    assert world.control("GET", "/limits") == caller.control("GET", "/limits")
    user = world.known_totp_user()
    assert world.verify_grant(user, world.totp_grant(user)).status_code == 200
    user, (phone,) = world.phone_user()
    challenge = world.send(user, phone).json()["challenge_id"]
    assert world.verify_sms(user, challenge, world.sent_code(challenge)).status_code == 200


def test_users_are_those_of_one_world(caller, two):
    """The same user id names different users, and a lookup finds none in the other world."""
    one, other = two
    user = one.known_totp_user()
    assert one.lookup(user).json() == {"mfa_setup": {"type": "Totp"}}
    assert other.lookup(user).status_code == caller.lookup(user).status_code == 404
    other.control("PUT", f"/users/{user}", {"mfa": None})
    assert other.lookup(user).json() == {"mfa_setup": None}
    assert one.lookup(user).json() == {"mfa_setup": {"type": "Totp"}}
    one.control("DELETE", f"/users/{user}")
    assert other.lookup(user).status_code == 200


def test_a_grant_verifies_in_its_own_world_only(two):
    """The same user, action and grant with the key of another world: not found, and not consumed there."""
    one, other = two
    user = one.known_totp_user()
    other.control("PUT", f"/users/{user}", {"mfa": {"type": "Totp", "secret": other.secret}})
    grant = one.totp_grant(user)
    assert other.verify_grant(user, grant).json()["field_errors"] == {"grant": "grant_not_found"}
    assert one.verify_grant(user, grant).status_code == 200
    # A code that was spent in one world is fresh in the other.
    assert other.verify_totp(user, other.code()).status_code == 200


def test_clocks_are_separate(caller, two):
    """A clock moves in its own world, and what expires by it expires there only."""
    one, other = two
    users = [world.known_totp_user() for world in two]
    grants = [world.totp_grant(user) for world, user in zip(two, users, strict=True)]
    one.advance(61)
    assert (one.now(), other.now(), caller.now()) == (one.start + 61, one.start, one.start)
    assert one.verify_grant(users[0], grants[0]).status_code == 400
    assert other.verify_grant(users[1], grants[1]).status_code == 200


def test_limits_and_locks_are_separate(caller, two):
    """A tighter limit locks users of its own world, and bounds its requests only."""
    one, other = two
    one.control("PUT", "/limits", {"max_wrong_codes": 1, "max_valid_for_seconds": 60})
    for world, status in ((one, 429), (other, 200)):
        user = world.known_totp_user()
        world.verify_totp(user, world.wrong_code())
        assert world.verify_totp(user, world.code()).status_code == status
    user = one.known_totp_user()
    assert one.verify_totp(user, one.code(), valid_for_seconds=61).status_code == 400
    user = other.known_totp_user()
    assert other.verify_totp(user, other.code(), valid_for_seconds=61).status_code == 200
    assert caller.control("GET", "/limits")["max_wrong_codes"] == 5


def test_inboxes_events_and_journals_are_separate(caller, two):
    """A message, an attempt and a request are seen in the world in which they happened."""
    one, other = two
    user, (phone,) = one.phone_user()
    challenge = one.send(user, phone).json()["challenge_id"]
    assert [message["challenge_id"] for message in one.control("GET", "/inbox")["messages"]] == [challenge]
    assert [event["user_id"] for event in one.control("GET", "/events")["events"]] == [user]
    assert len(one.control("GET", "/requests")["requests"]) == 1
    assert len(one.control("GET", "/challenges")["challenges"]) == 1
    for world in (other, caller):
        assert world.control("GET", "/inbox") == {"messages": []}
        assert world.control("GET", "/events") == {"events": []}
        assert world.control("GET", "/requests") == {"requests": []}
        assert world.control("GET", "/challenges") == {"challenges": []}


def test_faults_are_separate(two):
    """A fault of the server and a client fault break the world in which they are on."""
    one, other = two
    one.control("PUT", "/faults", {"enabled": ["v2-reusable-grant"]})
    fault = {"kind": "status", "status": 502, "operation_id": "fetchUserMfaMethods", "count": None}
    one.control("PUT", "/client-faults", {"client_faults": [fault]})
    assert other.control("GET", "/faults")["enabled"] == []
    assert other.control("GET", "/client-faults") == {"client_faults": []}
    for world, again, looked_up in ((one, 200, 502), (other, 400, 200)):
        user = world.known_totp_user()
        grant = world.totp_grant(user)
        assert world.verify_grant(user, grant).status_code == 200
        assert world.verify_grant(user, grant).status_code == again
        assert world.lookup(user).status_code == looked_up


def test_a_reset_is_for_one_world(caller, two):
    """Users, limits, faults and created keys go; the world's own keys stay, and so does every other world."""
    one, other = two
    keys = [world.control("POST", "/api-keys", {"environment": "staging"})["api_key"] for world in two]
    users = [world.known_totp_user() for world in two]
    for world in two:
        world.control("PUT", "/limits", {"max_sends": 2})
        world.control("PUT", "/faults", {"enabled": ["h2-cacheable"]})
    one.control("POST", "/reset")
    assert one.control("GET", "/users") == {"users": []}
    assert one.control("GET", "/limits")["max_sends"] == 5
    assert one.control("GET", "/faults")["enabled"] == []
    assert not one.control("GET", "/clock")["frozen"]
    assert one.lookup(PLAIN, keys[0]).status_code == 401
    assert one.lookup(PLAIN).status_code == 404
    assert other.lookup(users[1]).status_code == 200
    assert other.lookup(PLAIN, keys[1]).status_code == 404
    assert other.control("GET", "/limits")["max_sends"] == 2
    assert other.control("GET", "/faults")["enabled"] == ["h2-cacheable"]
    assert other.now() == other.start
    caller.control("POST", "/reset")
    assert other.lookup(users[1]).status_code == 200


def test_keys_open_their_own_door(caller, two):
    """An API key opens no control call, a control key no operation, and an unknown key nothing at all."""
    one, _ = two
    for key in (one.key, "no-such-key"):
        response = caller.http.get("/__control__/clock", headers=caller.bearer(key))
        assert response.status_code == 401
    assert one.lookup(PLAIN, one.mock.control_key).status_code == 401
    assert one.lookup(PLAIN, "no-such-key").status_code == 401
    assert caller.http.post("/__control__/worlds").status_code == 401
    # What names no world is recorded in the first.
    entries = caller.control("GET", "/requests")["requests"]
    assert [entry["status"] for entry in entries] == [401, 401]
    assert one.control("GET", "/requests") == {"requests": []}


def test_twenty_worlds_at_once(new_world):
    """Twenty threads, each in its own world with its own time, and every count is exact."""
    worlds = [new_world() for _ in range(20)]

    def work(number):
        world = worlds[number]
        world.control("PUT", "/limits", {"max_wrong_codes": number + 1})
        for turn in range(5):
            user, (phone,) = world.phone_user("+15555550123")
            challenge = world.send(user, phone).json()["challenge_id"]
            assert world.verify_sms(user, challenge, world.sent_code(challenge)).status_code == 200
            user = world.known_totp_user()
            grant = world.totp_grant(user)
            assert world.verify_grant(user, grant).status_code == 200
            assert world.verify_grant(user, grant).status_code == 400
            world.advance(number + 1)
            assert world.now() == world.start + (number + 1) * (turn + 1)
        user = world.known_totp_user()
        for _ in range(number + 1):
            assert world.verify_totp(user, world.wrong_code()).status_code == 400
        assert world.verify_totp(user, world.code()).status_code == 429

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(work, range(20)))
    for number, world in enumerate(worlds):
        assert len(world.control("GET", "/inbox")["messages"]) == 5
        assert len(world.control("GET", "/users")["users"]) == 11
        assert len(world.control("GET", "/events")["events"]) == 5 * 5 + number + 2


def test_the_number_of_worlds_is_bounded(make_caller):
    """One more than the bound is a 409 that changes nothing; those that exist go on."""
    with running() as server:
        caller = make_caller(server)
        keys = [caller.control("POST", "/worlds")["api_key"] for _ in range(MAX_WORLDS - 1)]
        assert caller.control("POST", "/worlds", expect=409)["error_code"] == "too_many_worlds"
        assert len(set(keys)) == MAX_WORLDS - 1
        assert caller.lookup(PLAIN, keys[-1]).status_code == 404
        assert caller.lookup(PLAIN).status_code == 200


def test_worlds_are_kept_with_the_state(tmp_path, make_caller, new_world):
    """After a restart a world has its keys, users, grants and clock; no file contains a key."""
    path = tmp_path / "state.db"
    with running(state=path, control_key="control-key-of-this-test") as server:
        world = new_world(server)
        user = world.known_totp_user()
        grant = world.totp_grant(user, grant_type="TIME_BASED")
        staging = world.control("POST", "/api-keys", {"environment": "staging"})["api_key"]
        world.advance(10)
        keys = SimpleNamespace(api_key=world.key, control_key=world.mock.control_key)
    files = sorted(tmp_path.iterdir())
    assert len([file for file in files if file.name.startswith("state.db.") and "key" not in file.name]) >= 1
    for file in files:
        assert file.stat().st_mode & 0o777 == 0o600
        for secret in (keys.api_key, keys.control_key, staging, grant):
            assert secret.encode() not in file.read_bytes(), file
    with running(state=path, control_key="control-key-of-this-test") as server:
        again = make_caller(SimpleNamespace(base_url=server.base_url, **vars(keys)))
        assert again.now() == again.start + 10
        assert again.verify_grant(user, grant).status_code == 200
        assert again.lookup(user, staging).status_code == 404
        assert make_caller(server).lookup(user).status_code == 404
        again.control("POST", "/reset")
        make_caller(server).control("POST", "/reset")
        assert again.lookup(user).status_code == 404
    with running(state=path, control_key="control-key-of-this-test") as server:
        assert make_caller(SimpleNamespace(base_url=server.base_url, **vars(keys))).now() > again.start
