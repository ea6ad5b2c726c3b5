"""What every store must do, whichever database is behind it: one suite for all implementations.

A further implementation is one more entry of ``OPENERS``.
"""

import threading
from collections import Counter

import pytest

from stepup_mock.sqlite_store import SqliteStore
from stepup_mock.store import ApiKeyRecord, BadState, Terms, UserRecord, WorldRecord

WHO = ("test", "31c41c16-c281-44ae-9602-8a047e3bf33d")
OTHER = ("test", "9b2f6c1e-7a44-4d0b-8f35-c0e1d2a3b4f5")
STAGING = ("staging", WHO[1])
TOTP = UserRecord("Totp", secret=b"s" * 20, secret_id=b"i" * 32)
PHONES = UserRecord("Phone", phones=(("phone-1", "+15555550123"), ("phone-2", "+15555550124")))
ONCE = Terms("PAYOUT", one_time=True, valid_for_seconds=60)
LOCK = {"limit": 3, "lock_until": 900.5}

# Name -> (what opens a store in a folder, whether its state outlives it).
OPENERS = {
    "sqlite in memory": (lambda _folder: SqliteStore(), False),
    "sqlite in a file": (lambda folder: SqliteStore(folder / "state.db"), True),
}
LASTING = [name for name, (_, lasting) in OPENERS.items() if lasting]


@pytest.fixture
def open_store(request, tmp_path):
    """Open one more store over the same state."""
    opened = []

    def open_one():
        opened.append(OPENERS[request.param][0](tmp_path))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store):
    return open_store()


every_store = pytest.mark.parametrize("open_store", OPENERS, indirect=True)
lasting_store = pytest.mark.parametrize("open_store", LASTING, indirect=True)


def add_challenge(store, challenge_id="challenge", who=WHO, expires_at=100.0):
    store.add_challenge(
        *who, challenge_id, phone_id="phone-1", code_mac=b"mac", terms=ONCE, expires_at=expires_at
    )


def add_grant(store, grant_hash=b"hash", who=WHO, *, one_time=True, expires_at=100.0):
    store.add_grant(
        *who,
        grant_hash=grant_hash,
        action_type="PAYOUT",
        one_time=one_time,
        issued_at=40.0,
        expires_at=expires_at,
    )


@every_store
def test_users(store):
    """A user is found in its environment while it is enabled, without its secret, and can be replaced."""
    assert store.user(*WHO) is None
    assert store.environment_of(WHO[1]) is None
    store.put_user(*WHO, TOTP, enabled=True)
    assert store.user(*WHO) == UserRecord("Totp")
    assert store.user(*STAGING) is None
    assert store.environment_of(WHO[1]) == "test"
    assert store.totp_secret(*WHO) == (TOTP.secret_id, TOTP.secret)
    assert store.totp_secret(*STAGING) is None
    store.put_user(*WHO, PHONES, enabled=True)
    assert store.user(*WHO) == PHONES
    assert store.totp_secret(*WHO) is None
    store.put_user(*STAGING, UserRecord(None), enabled=False)
    assert store.user(*STAGING) is store.user(*WHO) is None
    assert store.environment_of(WHO[1]) == "staging"


@every_store
def test_users_are_listed_in_the_order_of_their_creation(store):
    """Replacing a user keeps its place; the list has the secret and the wrong codes."""
    store.put_user(*OTHER, TOTP, enabled=True)
    store.put_user(*WHO, PHONES, enabled=False)
    store.put_user(*OTHER, TOTP, enabled=True)
    store.count_attempt(*OTHER, at=0.0, limit=1, lock_until=900.5)
    first, second = store.users()
    assert (first.user_id, first.environment, first.enabled, first.secret) == (
        OTHER[1],
        "test",
        True,
        b"s" * 20,
    )
    assert (first.wrong_codes, first.locked_until) == (1, 900.5)
    assert (second.user_id, second.phones, second.enabled) == (WHO[1], PHONES.phones, False)
    assert (second.wrong_codes, second.locked_until, second.secret) == (0, None, None)


@every_store
def test_a_deleted_user_leaves_nothing(store):
    """Not the user, nor challenges, grants, counters or spent steps; other users stay."""
    for who in (WHO, OTHER):
        store.put_user(*who, TOTP, enabled=True)
        store.count_attempt(*who, at=0.0, limit=1, lock_until=900.5)
        store.spend_step(*who, TOTP.secret_id, step_start=30, step_end=60)
        add_challenge(store, who[1], who)
        add_grant(store, who[1].encode(), who)
    store.delete_user(WHO[1])
    store.delete_user("nobody")
    assert [user.user_id for user in store.users()] == [OTHER[1]]
    assert [item.user_id for item in store.challenges(at=0, limit=9)] == [OTHER[1]]
    assert [item.user_id for item in store.grants(at=0)] == [OTHER[1]]
    assert store.locked_until(*WHO, at=0.0) is None
    assert store.spent_until(*WHO, TOTP.secret_id) == 0


@every_store
def test_wrong_codes_lock_at_the_limit(store):
    """The attempt that reaches the limit locks; nothing counts until the lock ends."""
    assert [store.count_attempt(*WHO, at=0.0, **LOCK) for _ in range(4)] == [True, True, True, False]
    assert store.locked_until(*WHO, at=900.4) == 900.5
    assert store.locked_until(*WHO, at=900.5) is None
    assert store.locked_until(*STAGING, at=0.0) is None
    later = {"at": 900.5, "limit": 3, "lock_until": 1800.0}
    assert [store.count_attempt(*WHO, **later) for _ in range(4)] == [True, True, True, False]
    store.clear_attempts(*WHO)
    assert store.locked_until(*WHO, at=0.0) is None
    assert store.count_attempt(*WHO, at=0.0, **LOCK)
    assert store.count_attempt(*OTHER, at=0.0, limit=1, lock_until=1.0)
    assert store.locked_until(*OTHER, at=0.0) == 1.0


@every_store
def test_a_step_is_spent_once(store):
    """Neither it nor an older one again, whatever happens to the secret in between."""
    spend = {"step_start": 60, "step_end": 90}
    assert not store.spend_step(*WHO, TOTP.secret_id, **spend)
    store.put_user(*WHO, TOTP, enabled=True)
    assert store.spent_until(*WHO, TOTP.secret_id) == 0
    assert store.spend_step(*WHO, TOTP.secret_id, **spend)
    assert store.spent_until(*WHO, TOTP.secret_id) == 90
    assert not store.spend_step(*WHO, TOTP.secret_id, **spend)
    assert not store.spend_step(*WHO, TOTP.secret_id, step_start=30, step_end=60)
    assert store.spend_step(*WHO, TOTP.secret_id, step_start=90, step_end=120)
    store.put_user(*WHO, UserRecord("Totp", secret=b"t" * 20, secret_id=b"j" * 32), enabled=True)
    assert not store.spend_step(*WHO, TOTP.secret_id, step_start=150, step_end=180)
    assert store.spend_step(*WHO, b"j" * 32, **spend)
    store.put_user(*WHO, TOTP, enabled=True)
    assert not store.spend_step(*WHO, TOTP.secret_id, **spend), "enrolled again, and still spent"


@every_store
def test_sends_are_counted_in_a_window(store):
    """For each phone; a send that is one too many is not counted and names the oldest in the window."""
    for at in (10.5, 20.0):
        assert store.count_send(*WHO, "phone-1", at=at, since=0.0, limit=2) is None
    assert store.count_send(*WHO, "phone-1", at=30.0, since=0.0, limit=2) == 10.5
    assert store.count_send(*WHO, "phone-1", at=30.0, since=10.5, limit=2) is None
    assert store.count_send(*WHO, "phone-2", at=30.0, since=0.0, limit=2) is None
    assert store.count_send(*STAGING, "phone-1", at=30.0, since=0.0, limit=2) is None
    assert store.count_send(*OTHER, "phone-1", at=30.0, since=0.0, limit=2) is None


@every_store
def test_a_challenge_is_tried_and_consumed_once(store):
    """By its user, in its environment, before its end and within its tries."""
    add_challenge(store)
    for who, challenge_id in ((OTHER, "challenge"), (STAGING, "challenge"), (WHO, "another")):
        assert store.count_try(*who, challenge_id, at=0.0, limit=9) is None
        assert store.consume_challenge(*who, challenge_id, at=0.0) is None
        assert store.challenge_action(*who, challenge_id) is None
    assert store.challenge_action(*WHO, "challenge") == "PAYOUT"
    assert store.count_try(*WHO, "challenge", at=100.0, limit=9) is None
    assert store.consume_challenge(*WHO, "challenge", at=100.0) is None
    assert [store.count_try(*WHO, "challenge", at=99.9, limit=2) for _ in range(3)] == [b"mac", b"mac", None]
    assert store.consume_challenge(*WHO, "challenge", at=99.9) == ONCE
    assert store.consume_challenge(*WHO, "challenge", at=99.9) is None
    assert store.count_try(*WHO, "challenge", at=99.9, limit=9) is None


@every_store
def test_a_grant_is_valid_for_one_user_and_action(store):
    """Before its end; a one-time grant is consumed once, a time-based grant never."""
    add_grant(store, b"once")
    add_grant(store, b"timed", one_time=False)
    good = (*WHO, "PAYOUT", b"once")
    wrong = [(*OTHER, *good[2:]), (*STAGING, *good[2:]), (*WHO, "payout", b"once"), (*WHO, "PAYOUT", b"none")]
    for which, at in [(item, 0.0) for item in wrong] + [(good, 100.0)]:
        assert store.grant_is_one_time(*which, at=at) is None
        assert not store.consume_grant(*which, at=at)
    assert store.grant_is_one_time(*good, at=99.9) is True
    assert [store.consume_grant(*good, at=99.9) for _ in range(2)] == [True, False]
    assert store.grant_is_one_time(*good, at=99.9) is None
    timed = (*WHO, "PAYOUT", b"timed")
    assert not store.consume_grant(*timed, at=99.9)
    assert store.grant_is_one_time(*timed, at=99.9) is False


@every_store
def test_any_text_is_an_action_type(store):
    """Actions are compared as they are: case, spaces, NUL and Unicode forms matter."""
    actions = ("a", "A", "a ", "a\0", "\u00e9", "e\u0301", "'; DROP TABLE grants; --")
    for number, action in enumerate(actions):
        store.add_grant(
            *WHO, grant_hash=b"%d" % number, action_type=action, one_time=True, issued_at=0.0, expires_at=9.0
        )
    for number, action in enumerate(actions):
        matches = [other for other in actions if store.grant_is_one_time(*WHO, other, b"%d" % number, at=1.0)]
        assert matches == [action]
    assert [grant.action_type for grant in store.grants(at=0)] == list(actions)


@every_store
def test_challenges_and_grants_of_a_user_are_deleted(store):
    """In every environment; those of other users stay."""
    for number, who in enumerate((WHO, STAGING, OTHER)):
        add_challenge(store, f"challenge-{number}", who)
        add_grant(store, b"%d" % number, who)
    store.delete_challenges(WHO[1])
    assert [item.user_id for item in store.challenges(at=0, limit=9)] == [OTHER[1]]
    assert len(store.grants(at=0)) == 3
    store.delete_grants(WHO[1])
    assert [item.user_id for item in store.grants(at=0)] == [OTHER[1]]


@every_store
def test_lists_hold_what_is_valid(store):
    """Challenges with tries left and grants, oldest first, with all their values."""
    add_challenge(store, "second", expires_at=200.0)
    add_challenge(store, "first", expires_at=100.0)
    store.count_try(*WHO, "first", at=0.0, limit=2)
    first, second = store.challenges(at=99.9, limit=2)
    assert (first.challenge_id, first.tries, second.challenge_id) == ("first", 1, "second")
    assert (first.environment, first.user_id, first.phone_id, first.terms) == (*WHO, "phone-1", ONCE)
    assert [item.challenge_id for item in store.challenges(at=99.9, limit=1)] == ["second"]
    assert [item.challenge_id for item in store.challenges(at=100.0, limit=2)] == ["second"]
    add_grant(store)
    (grant,) = store.grants(at=99.9)
    assert grant == (b"hash", *WHO, "PAYOUT", True, 40.0, 100.0)
    assert store.grants(at=100.0) == []


@every_store
def test_a_sweep_deletes_what_has_expired(store):
    """Challenges, grants, ended locks and old sends; locks that hold and spent steps stay."""
    store.put_user(*WHO, TOTP, enabled=True)
    store.spend_step(*WHO, TOTP.secret_id, step_start=30, step_end=60)
    for who, end in ((WHO, 100.0), (OTHER, 100.1)):
        add_challenge(store, who[1], who, expires_at=end)
        add_grant(store, who[1].encode(), who, expires_at=end)
        store.count_attempt(*who, at=0.0, limit=1, lock_until=end)
        store.count_send(*who, "phone-1", at=end - 60, since=0.0, limit=1)
    assert store.last_sweep() == 0
    store.sweep(at=100.0, sends_since=40.0)
    assert store.last_sweep() == 100.0
    assert [item.user_id for item in store.challenges(at=0, limit=9)] == [OTHER[1]]
    assert [item.user_id for item in store.grants(at=0)] == [OTHER[1]]
    assert store.locked_until(*WHO, at=0.0) is None
    assert store.locked_until(*OTHER, at=0.0) == 100.1
    assert store.spent_until(*WHO, TOTP.secret_id) == 60
    assert store.count_send(*WHO, "phone-1", at=50.0, since=0.0, limit=1) is None
    assert store.count_send(*OTHER, "phone-1", at=50.0, since=0.0, limit=1) == 100.1 - 60


@every_store
def test_api_keys_worlds_and_the_clock(store):
    """They come back as they were stored; clearing the store forgets all but the worlds."""
    keys = [
        ApiKeyRecord(b"1" * 32, "test", None, feature_gated=False),
        ApiKeyRecord(b"2" * 32, "staging", frozenset({"sendSmsMfaCode"}), feature_gated=True),
        ApiKeyRecord(b"3" * 32, "test", frozenset(), feature_gated=False),
    ]
    for key in keys:
        store.add_api_key(key)
    assert sorted(store.api_keys()) == keys
    worlds = [WorldRecord("b", b"1" * 32, b"2" * 32), WorldRecord("a", b"3" * 32, b"4" * 32)]
    for world in worlds:
        store.add_world(world)
    assert store.saved_clock() == (0.0, None)
    store.save_clock(1.5, 2.5)
    assert store.saved_clock() == (1.5, 2.5)
    store.save_clock(-1.5, None)
    assert store.saved_clock() == (-1.5, None)
    store.put_user(*WHO, PHONES, enabled=True)
    add_challenge(store)
    add_grant(store)
    store.count_attempt(*WHO, at=0.0, limit=1, lock_until=9.0)
    store.sweep(at=1.0, sends_since=0.0)
    store.clear()
    assert store.users() == store.challenges(at=0, limit=9) == store.grants(at=0) == store.api_keys() == []
    assert store.locked_until(*WHO, at=0.0) is None
    assert (store.saved_clock(), store.last_sweep()) == ((0.0, None), 0.0)
    assert store.worlds() == worlds


@every_store
def test_a_transaction_is_all_or_nothing(store):
    """An exception undoes every call inside, also those of an inner transaction; the store works on."""

    def fail():
        with store.transaction():
            add_grant(store, b"outer")
            with store.transaction():
                add_grant(store, b"inner")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert store.grants(at=0) == []
    with store.transaction(), store.transaction():
        add_grant(store)
    assert len(store.grants(at=0)) == 1


@lasting_store
def test_one_consumption_among_many_connections(open_store):
    """Of sixteen stores over one state, one spends the step and consumes the challenge and the grant."""
    stores = [open_store() for _ in range(16)]
    stores[0].put_user(*WHO, TOTP, enabled=True)
    add_challenge(stores[0])
    add_grant(stores[0])
    barrier, wins = threading.Barrier(len(stores)), Counter()

    def race(store):
        barrier.wait()
        if store.spend_step(*WHO, TOTP.secret_id, step_start=30, step_end=60):
            wins["step"] += 1
        if store.consume_challenge(*WHO, "challenge", at=0.0):
            wins["challenge"] += 1
        if store.consume_grant(*WHO, "PAYOUT", b"hash", at=0.0):
            wins["grant"] += 1
        if store.count_attempt(*WHO, at=0.0, **LOCK):
            wins["attempt"] += 1

    threads = [threading.Thread(target=race, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wins == {"step": 1, "challenge": 1, "grant": 1, "attempt": 3}


@lasting_store
def test_state_outlives_the_store(open_store):
    """Everything is there when the state is opened again, with the same key for MACs."""
    store = open_store()
    store.put_user(*WHO, PHONES, enabled=True)
    add_challenge(store)
    add_grant(store)
    store.count_attempt(*WHO, at=0.0, limit=1, lock_until=900.5)
    store.sweep(at=1.0, sends_since=0.0)
    before = (store.users(), store.challenges(at=0, limit=9), store.grants(at=0), store.last_sweep())
    mac_key = store.mac_key
    store.close()
    again = open_store()
    assert (again.users(), again.challenges(at=0, limit=9), again.grants(at=0), again.last_sweep()) == before
    assert again.mac_key == mac_key


def test_a_file_that_is_not_a_store_is_reported(tmp_path):
    """Neither a folder nor foreign content is used."""
    (tmp_path / "text").write_text("something else entirely, and long enough to be looked at " * 9)
    for path in (tmp_path, tmp_path / "text", tmp_path / "missing" / "state.db"):
        with pytest.raises(BadState):
            SqliteStore(path)
