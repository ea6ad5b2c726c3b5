"""The SMS webhook: signed posts, retries, and an event for the outcome."""

import base64
import hmac
import http.server
import json
import threading
import time

import pytest

from stepup_mock.server import create_app, running
from stepup_mock.sms_webhook import BadWebhook, SmsWebhook

SECRET = "whsec_" + base64.b64encode(b"a secret of the receiver").decode()


@pytest.fixture
def receiver():
    """A web server that keeps what it receives and returns the given statuses, 204 after those."""
    received, statuses = [], []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            received.append((self.path, dict(self.headers), body))
            self.send_response(statuses.pop(0) if statuses else 204)
            self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", received, statuses
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def caller_with(make_caller):
    """Start a server that posts its messages to an address, with short pauses between attempts."""
    open_servers = []

    def start(url):
        context = running(sms_webhook=url, webhook_secret=SECRET)
        mock = context.__enter__()
        open_servers.append(context)

        def retry_quickly(world):
            world.inbox.couriers[:] = [SmsWebhook(world, url, SECRET, pauses=(0.05, 0.05)).deliver]

        mock.call(retry_quickly)
        return make_caller(mock)

    yield start
    for context in open_servers:
        context.__exit__(None, None, None)


def outcome(caller):
    """Wait for the event that reports how a message was delivered."""
    for _ in range(200):
        found = [
            event
            for event in caller.control("GET", "/events")["events"]
            if event["outcome"].startswith("webhook_")
        ]
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("no outcome was recorded")


def test_a_code_is_posted_and_signed(receiver, caller_with):
    """The post holds number and code and is signed by the secret; the delivery is an event without either."""
    url, received, _ = receiver
    caller = caller_with(f"{url}/hooks?tenant=1")
    user_id, (phone_id,) = caller.phone_user("+15557654321")
    challenge_id = caller.send(user_id, phone_id).json()["challenge_id"]
    (event,) = outcome(caller)
    ((path, headers, body),) = received
    assert path == "/hooks?tenant=1"
    assert json.loads(body) == {
        "event_type": "user.send_mfa_phone_code",
        "user_id": user_id,
        "mfa_phone_id": phone_id,
        "phone_number": "+15557654321",
        "code": caller.sent_code(challenge_id),
        "challenge_id": challenge_id,
    }
    headers = {name.lower(): value for name, value in headers.items()}
    signed = f"{headers['svix-id']}.{headers['svix-timestamp']}.".encode() + body
    right = base64.b64encode(hmac.digest(b"a secret of the receiver", signed, "sha256")).decode()
    assert headers["svix-signature"] == f"v1,{right}"
    assert abs(int(headers["svix-timestamp"]) - time.time()) < 10
    assert (event["outcome"], event["user_id"]) == ("webhook_delivered", user_id)
    assert "7654321" not in json.dumps(event)
    code = json.loads(body)["code"]
    assert caller.verify_sms(user_id, challenge_id, code).status_code == 200


def test_a_failing_receiver_is_tried_again(receiver, caller_with):
    """Errors and redirects are not deliveries; the same message comes again until it is accepted."""
    url, received, statuses = receiver
    statuses += [500, 302]
    caller = caller_with(url)
    user_id, (phone_id,) = caller.phone_user()
    assert caller.send(user_id, phone_id).status_code == 200
    assert outcome(caller)[0]["outcome"] == "webhook_delivered"
    assert len(received) == 3
    assert len({headers["svix-id"] for _, headers, _ in received}) == 1


def test_an_absent_receiver_is_given_up(caller_with):
    """Nobody there: the send returns at once, the inbox has the message, the failure is an event."""
    caller = caller_with("http://127.0.0.1:9/none")
    user_id, (phone_id,) = caller.phone_user()
    started = time.monotonic()
    challenge_id = caller.send(user_id, phone_id).json()["challenge_id"]
    assert time.monotonic() - started < 0.5
    assert [event["outcome"] for event in outcome(caller)] == ["webhook_failed"]
    assert caller.sent_code(challenge_id)


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("ftp://127.0.0.1/x", SECRET),
        ("127.0.0.1:9000", SECRET),
        ("http://", SECRET),
        ("http://user:pw@127.0.0.1/", SECRET),
        ("http://127.0.0.1/", "whsec_not base64"),
    ],
)
def test_bad_addresses_and_secrets(url, secret):
    """What cannot be used is rejected at the start."""
    with pytest.raises(BadWebhook):
        create_app(sms_webhook=url, webhook_secret=secret)
