"""`stepup-mfa mock` as a person runs it."""

import os
import re
import select
import signal
import socket
import subprocess
import sys

import pytest

RUN = [sys.executable, "-c", "import sys; from stepup_mfa.main import main; sys.exit(main())", "mock"]


@pytest.fixture
def start():
    """Start the command and wait for what it prints; whatever is started is ended."""
    started = []

    def run(*options):
        process = subprocess.Popen([*RUN, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        started.append(process)
        assert process.stdout is not None
        pipe, text = process.stdout.fileno(), b""
        # It is written at once: when nothing follows for a moment, that was all of it.
        while select.select([pipe], [], [], 0.1 if text else 10)[0]:
            chunk = os.read(pipe, 65536)
            assert chunk, process.communicate()
            text += chunk
        return process, text.decode()

    yield run
    for process in started:
        process.kill()
        process.communicate()


def refused(*options):
    """Run the command, which must fail, and return its message."""
    done = subprocess.run([*RUN, *options], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr


def test_the_printed_lines_work_when_pasted(start):
    """What the command prints runs in a shell unchanged: both flows, from end to end."""
    _, text = start("--port", "0")
    script = "\n".join(line for line in text.splitlines() if not line.startswith((" ", "Step-up")))
    pasted = subprocess.run(
        ["sh", "-eu", "-c", script], capture_output=True, text=True, timeout=30, check=False
    )
    assert pasted.returncode == 0, pasted.stderr
    lines = pasted.stdout.split()
    assert lines[:2] == ['{"mfa_setup":{"type":"Totp"}}', '{"success":true}']
    assert re.fullmatch(r'\{"step_up_grant":"[0-9a-f]{64}"\}', lines[2])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_cleanly(start, number):
    """SIGTERM and Ctrl+C end the server with 0 and without a word on stderr."""
    process, _ = start("--port", "0")
    process.send_signal(number)
    _, errors = process.communicate(timeout=5)
    assert (process.returncode, errors) == (0, b"")


def test_keys_that_were_given_are_not_printed(start):
    """Only keys that nobody else could know are shown."""
    process, text = start("--port", "0", "--api-key", "mock-abc", "--control-key", "mock-def")
    process.terminate()
    out, errors = process.communicate(timeout=5)
    for key in ("mock-abc", "mock-def"):
        assert key not in text + (out + errors).decode()
    assert "--api-key" in text


def test_two_starts_have_two_control_keys(start):
    """Each start has a fresh control key."""
    texts = [start("--port", "0")[1] for _ in range(2)]
    keys = {re.search(r"CONTROL_KEY=(\S+)", text)[1] for text in texts}
    assert len(keys) == 2


def test_a_port_in_use_is_one_line(start):
    """A port in use is reported in one line with a remedy."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        errors = refused("--port", str(taken.getsockname()[1]))
    assert re.fullmatch(
        r"stepup-mfa mock: cannot listen on 127\.0\.0\.1 port \d+: Address already in use\.\n"
        r"  Try --port 0.*\n",
        errors,
    )


@pytest.mark.parametrize(
    "options",
    [
        ["--port", "99999"],
        ["--host", "256.1.1.1", "--api-key", "mock-k"],
        ["--host", "192.0.2.1", "--api-key", "mock-k"],
    ],
)
def test_addresses_that_cannot_be_had(options):
    """Impossible addresses and ports are reported in one line."""
    assert "cannot listen on" in refused(*options)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.test"])
def test_other_machines_need_a_key_of_your_own(host):
    """An address that others can reach is rejected with the public key, with a remedy."""
    for options in ([], ["--api-key", "stepup-mock-api-key"]):
        errors = refused("--host", host, "--port", "0", *options)
        assert "--api-key" in errors


def test_with_a_key_other_addresses_work(start):
    """With a key given the server binds anywhere; the control API is off unless its key is given too."""
    _, text = start("--host", "0.0.0.0", "--port", "0", "--api-key", "mock-k")
    assert "control API is off" in text
    url = re.search(r"URL=(\S+)", text)[1]
    done = subprocess.run(
        ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", f"{url}/__control__/ready"],
        capture_output=True, text=True, timeout=10, check=True,
    )  # fmt: skip
    assert done.stdout == "404"


@pytest.mark.parametrize("key", ["0123456789abcdef" * 4, "sk_live_abc", "LIVE-abc", "prod_abc"])
@pytest.mark.parametrize("option", ["--api-key", "--control-key"])
def test_real_looking_keys_are_refused_and_not_repeated(option, key):
    """A key that may be a real one is not used and not shown."""
    errors = refused("--port", "0", option, key)
    assert "real service" in errors
    assert key not in errors


@pytest.mark.parametrize("key", ["", "a b", "é"])
def test_keys_that_cannot_travel(key):
    """A key that no header can carry is rejected."""
    assert "header" in refused("--port", "0", "--api-key", key)


def test_one_key_cannot_be_both():
    """The API key never opens the control API."""
    assert "different" in refused("--port", "0", "--api-key", "mock-a", "--control-key", "mock-a")


def get(url, *headers):
    """Return status and body of a GET."""
    options = [part for header in headers for part in ("-H", header)]
    command = ["curl", "-s", "-w", "\n%{http_code}", *options, url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


def test_faults_are_listed_and_switched_on(start):
    """--list-faults lists all; --fault breaks the server and says so; unknown ones are rejected."""
    listed = subprocess.run([*RUN, "--list-faults"], capture_output=True, text=True, timeout=20, check=True)
    lines = listed.stdout.splitlines()
    assert len(lines) > 100
    assert all(re.fullmatch(r"[A-Z][0-9]+  [a-z0-9-]+ +\S.*\.", line) for line in lines)
    _, text = start("--port", "0", "--fault", "h2-cacheable", "--fault", "a1-lookup-open")
    assert "h2-cacheable, a1-lookup-open" in text
    url = re.search(r"URL=(\S+)", text)[1]
    assert get(f"{url}/api/backend/v1/user/31c41c16-c281-44ae-9602-8a047e3bf33d/mfa")[0] == 200
    assert "--list-faults" in refused("--port", "0", "--fault", "no-such-fault")


def test_the_ready_file_holds_the_url(start, tmp_path):
    """The file appears with the URL once the server responds, and disappears with it."""
    path = tmp_path / "ready"
    path.write_text("stale")
    process, _ = start("--port", "0", "--ready-file", str(path))
    url = path.read_text().strip()
    assert get(f"{url}/__control__/ready") == (200, '{"status":"ready"}')
    process.terminate()
    assert process.wait(5) == 0
    assert not path.exists()
    assert "cannot write" in refused("--port", "0", "--ready-file", str(tmp_path / "missing" / "ready"))


def test_allowed_hosts_are_answered_to(start):
    """A name that was allowed is this server's; others are not."""
    _, text = start("--port", "0", "--allow-host", "mock.compose.test")
    url = re.search(r"URL=(\S+)", text)[1]
    assert get(f"{url}/__control__/ready", "Host: mock.compose.test:8765")[0] == 200
    assert get(f"{url}/__control__/ready", "Host: other.compose.test")[0] == 421


def test_a_webhook_that_cannot_be_used(monkeypatch):
    """A bad address or secret is reported in one line; the secret is not repeated."""
    assert "webhook" in refused("--port", "0", "--sms-webhook", "ftp://127.0.0.1/")
    monkeypatch.setenv("STEPUP_MFA_WEBHOOK_SECRET", "whsec_canary!")
    assert "canary" not in refused("--port", "0", "--sms-webhook", "http://127.0.0.1:9/")
