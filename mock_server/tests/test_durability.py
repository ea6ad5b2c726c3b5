"""Rule D1: what is spent stays spent over restarts and kill -9; the file reveals no secret."""

import asyncio
import contextlib
import re
import secrets
import signal
import stat
import subprocess
import sys
from collections import Counter
from itertools import count

import httpx
import pytest

from stepup_mock.launch import start_mock
from stepup_mock.server import running

KEY, CONTROL_KEY = "mock-durable-key", "mock-durable-control"
# How often the server is killed; more often finds rarer moments.
KILLS = 3
GRANTS = 200


@pytest.fixture
def start(tmp_path):
    """Start a mock as a process on one state file, with the same keys each time."""
    with contextlib.ExitStack() as stack:

        def run(*options):
            keys = {"api_key": KEY, "control_key": CONTROL_KEY}
            mock = stack.enter_context(start_mock("--state", tmp_path / "state.db", *options, **keys))
            return mock.process, mock

        yield run


def test_nothing_comes_back_after_kill_9(start, make_caller):
    """Codes, grants, challenges and locks are as they were before the process was killed."""
    process, mock = start()
    caller = make_caller(mock)
    caller.control("POST", "/clock", {"freeze_at": caller.start})
    user_id, locked = caller.known_totp_user(), caller.known_totp_user()
    code = caller.code()
    spent = caller.verify_totp(user_id, code).json()["step_up_grant"]
    caller.verify_grant(user_id, spent)
    live = caller.verify_totp(user_id, caller.code(steps=1), grant_type="TIME_BASED").json()["step_up_grant"]
    phone_user, (phone_id,) = caller.phone_user()
    used, open_one = (caller.send(phone_user, phone_id).json()["challenge_id"] for _ in range(2))
    sms, open_code = caller.sent_code(used), caller.sent_code(open_one)
    caller.verify_sms(phone_user, used, sms)
    for _ in range(5):
        caller.verify_totp(locked, caller.wrong_code())
    staging = caller.control("POST", "/api-keys", {"environment": "staging"})["api_key"]
    process.send_signal(signal.SIGKILL)
    process.wait()

    _, mock = start()
    caller = make_caller(mock)
    assert caller.control("GET", "/clock") == {"now": caller.start, "frozen": True}
    caller.advance(1)
    assert caller.verify_totp(user_id, code).status_code == 400
    assert caller.verify_grant(user_id, spent).status_code == 400
    assert caller.verify_sms(phone_user, used, sms).status_code == 400
    assert caller.verify_totp(locked, caller.code()).status_code == 429
    assert caller.verify_grant(user_id, live).status_code == 200
    assert caller.verify_sms(phone_user, open_one, open_code).status_code == 200
    assert caller.lookup(user_id, staging).status_code == 404
    caller.advance(59)
    assert caller.verify_grant(user_id, live).status_code == 400


def test_a_clean_end_and_a_new_start(start, make_caller, tmp_path):
    """After SIGTERM the state is there again, secrets of the demo users too."""
    process, mock = start()
    caller = make_caller(mock)
    before = caller.control("GET", "/users")
    process.terminate()
    assert process.wait(5) == 0
    _, mock = start()
    assert make_caller(mock).control("GET", "/users") == before


@pytest.mark.parametrize("kill", range(KILLS))
def test_kill_9_in_the_middle_of_200_verifications(start, make_caller, kill):
    """Of 200 one-time grants verified at once, none is accepted both before and after the kill."""
    process, mock = start()
    caller = make_caller(mock)
    caller.control("POST", "/clock", {"freeze_at": caller.start})
    grants = []
    for _ in range(GRANTS):
        user_id = caller.known_totp_user()
        grants.append((user_id, caller.totp_grant(user_id, valid_for_seconds=3600)))
    accepted = asyncio.run(_verify_until_killed(mock, caller, grants, process))
    process.wait()
    _, mock = start()
    caller = make_caller(mock)
    again = [caller.verify_grant(user_id, grant).status_code for user_id, grant in grants]
    for first, second in zip(accepted, again, strict=True):
        assert (first, second) != (200, 200)
    # Something was in flight on both sides of the kill, or the test has shown nothing.
    assert Counter(accepted)[200] > 0
    assert Counter(again)[200] > 0


async def _verify_until_killed(mock, caller, grants, process):
    """Verify all grants at once, kill the server after a third, return each status, 0 if it was lost."""
    answered = count(1)

    async def verify(client, user_id, grant):
        body = {"action_type": "PAYOUT", "user_id": user_id, "grant": grant}
        try:
            response = await client.post(caller.paths["verify_grant"], json=body, headers=caller.bearer())
        except httpx.HTTPError:
            return 0
        if next(answered) == GRANTS // 3:
            process.send_signal(signal.SIGKILL)
        return response.status_code

    limits = httpx.Limits(max_connections=32)
    async with httpx.AsyncClient(
        base_url=mock.base_url, limits=limits, timeout=20, trust_env=False
    ) as client:
        return await asyncio.gather(*(verify(client, *grant) for grant in grants))


def test_the_file_is_private_and_tells_no_code_or_grant(tmp_path, make_caller):
    """Mode 0600 on every file, and none contains a grant, an SMS code or an API key."""
    path = tmp_path / "state.db"
    path.touch(mode=0o644)
    with running(state=path) as mock:
        caller = make_caller(mock)
        caller.control("POST", "/clock", {"freeze_at": caller.start})
        grant = caller.totp_grant(caller.known_totp_user())
        user_id, (phone_id,) = caller.phone_user()
        code = caller.sent_code(caller.send(user_id, phone_id).json()["challenge_id"])
        minted = caller.control("POST", "/api-keys", {})["api_key"]
        files = sorted(tmp_path.iterdir())
        assert {file.name for file in files} >= {"state.db", "state.db.key", "state.db-wal"}
        for file in files:
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
            content = file.read_bytes()
            for secret in (grant, code, minted):
                assert secret.encode() not in content
                assert secret.lower().encode() not in content


def test_the_latest_time_is_remembered(tmp_path, make_caller):
    """A clock that is behind after a restart revives nothing."""
    path = tmp_path / "state.db"
    with running(state=path) as mock:
        caller = make_caller(mock)
        caller.control("POST", "/clock", {"freeze_at": caller.start})
        user_id = caller.known_totp_user()
        grant = caller.totp_grant(user_id, grant_type="TIME_BASED")
        caller.advance(100)
        mock.call(lambda mock: mock.clock.advance(20))
        mock.call(lambda mock: mock.step_up.sweep(at=mock.clock.now()))
    with running(state=path) as mock:
        caller = make_caller(mock)
        mock.call(lambda mock: mock.clock.freeze_at(caller.start + 1))
        assert caller.verify_grant(user_id, grant).status_code == 400


@pytest.mark.parametrize("spoil", ["folder", "nonsense", "version"])
def test_files_that_cannot_hold_state(tmp_path, spoil):
    """A missing folder, another kind of file and another version's file are reported in one line."""
    path = tmp_path / "state.db"
    if spoil == "folder":
        path = tmp_path / "missing" / "state.db"
    elif spoil == "nonsense":
        path.write_bytes(secrets.token_bytes(8192))
    else:
        import sqlite3

        with sqlite3.connect(path) as database:
            database.execute("PRAGMA user_version = 99")
        database.close()
    before = path.read_bytes() if path.exists() else b""
    command = [sys.executable, "-m", "stepup_mfa", "mock", "--port", "0", "--state", path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2
    assert re.match(r"stepup-mfa mock: cannot keep the state in .*\n  Give a file", done.stderr)
    assert "Traceback" not in done.stderr
    assert (path.read_bytes() if path.exists() else b"") == before


def test_memory_leaves_no_file(tmp_path, make_caller, monkeypatch):
    """Without a state file nothing is written."""
    monkeypatch.chdir(tmp_path)
    with running() as mock:
        make_caller(mock).known_totp_user()
    assert list(tmp_path.iterdir()) == []
