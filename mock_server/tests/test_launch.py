"""The helper that starts a mock as a process: ready when it yields, gone when it ends."""

import os
import subprocess
import sys

import httpx
import pytest

from stepup_mock.launch import MockNotStarted, start_mock

READY = "/__control__/ready"


def test_a_mock_runs_for_the_length_of_the_block(tmp_path):
    """It listens at once, its keys open it, its log is kept, and afterwards nothing listens anymore."""
    log = tmp_path / "log"
    with start_mock(log=log) as mock:
        headers = {"Authorization": f"Bearer {mock.control_key}"}
        users = httpx.get(f"{mock.base_url}/__control__/users", headers=headers).json()["users"]
        lookup = f"{mock.base_url}/api/backend/v1/user/{users[0]['user_id']}/mfa"
        assert httpx.get(lookup, headers={"Authorization": f"Bearer {mock.api_key}"}).status_code == 200
        assert set(mock.environment.values()) == {mock.base_url, mock.api_key, mock.control_key}
        assert mock.api_key not in repr(mock)
        assert mock.control_key not in repr(mock)
    assert mock.process.returncode == 0
    assert mock.base_url in log.read_text()
    with pytest.raises(httpx.ConnectError):
        httpx.get(mock.base_url + READY)


def test_mocks_beside_each_other_do_not_meet():
    """Each has its own port and keys."""
    with start_mock() as one, start_mock(api_key="mock-chosen", control_key="control-chosen") as other:
        assert one.base_url != other.base_url
        assert (other.api_key, other.control_key) == ("mock-chosen", "control-chosen")
        path = f"{other.base_url}/__control__/clock"
        assert httpx.get(path, headers={"Authorization": f"Bearer {one.control_key}"}).status_code == 401


def test_a_restarted_mock_is_another_process_and_ends_too(tmp_path):
    """The restart command kills the mock and starts it on the same port, state and keys."""
    with start_mock("--state", tmp_path / "state.db") as mock:
        first = mock.process.pid
        subprocess.run(mock.restart_command, check=True)
        assert mock.process.wait(5) == -9
        headers = {"Authorization": f"Bearer {mock.control_key}"}
        transport = httpx.HTTPTransport(retries=8)
        with httpx.Client(transport=transport, headers=headers, trust_env=False) as client:
            assert client.get(f"{mock.base_url}/__control__/users").status_code == 200
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)
    with pytest.raises(httpx.ConnectError):
        httpx.get(mock.base_url + READY)


def test_a_mock_that_does_not_start_says_why():
    """The reason is what it wrote; nothing is left running."""
    with pytest.raises(MockNotStarted, match=r"ended with 2\n.*no fault no-such-fault"):
        start_mock("--fault", "no-such-fault").__enter__()


def test_a_mock_that_is_slow_is_given_up():
    """The time to start is bounded."""
    with pytest.raises(MockNotStarted, match="is not ready"):
        start_mock(within=0).__enter__()


@pytest.mark.parametrize("code", [0, 7])
def test_a_command_runs_beside_a_mock(code):
    """It finds address and keys in its variables, and its exit code is passed on."""
    program = (
        "import os, urllib.request as u; base = os.environ['STEPUP_MFA_CONTROL_URL'];"
        f"u.urlopen(base + '{READY}'); raise SystemExit({code})"
    )
    command = [sys.executable, "-m", "stepup_mock.launch", sys.executable, "-c", program]
    assert subprocess.run(command, check=False).returncode == code


def test_no_command_is_misuse():
    """Without a command nothing is started."""
    done = subprocess.run(
        [sys.executable, "-m", "stepup_mock.launch"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "usage:" in done.stderr
