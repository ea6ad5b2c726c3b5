"""What the control API shows of the server: users, challenges, grants, the journal and the stream."""

import hashlib
import json
import threading
import time

import pytest


@pytest.fixture
def judged(caller):
    """Read one list of the control API after validating it by its schema."""
    import jsonschema_rs
    import yaml

    import stepup_spec

    contract = yaml.load(
        stepup_spec.find(stepup_spec.CONTROL).read_text(encoding="utf-8"),
        getattr(yaml, "CSafeLoader", yaml.SafeLoader),
    )

    def read(path, query=None):
        document = caller.control("GET", path, query)
        content = contract["paths"][f"/__control__{path}"]["get"]["responses"]["200"]["content"]
        schema = content["application/json"]["schema"]
        validator = jsonschema_rs.Draft202012Validator({**schema, "components": contract["components"]})
        assert list(validator.iter_errors(document)) == []
        (entries,) = document.values()
        return entries

    return read


def test_users_are_listed_in_order_with_their_state(caller, judged):
    """Users of all environments with factor, secret and throttle, in the order in which they were created."""
    totp_user = caller.totp_user(caller.secret, environment="staging", enabled=False)
    phone_user, (phone_id,) = caller.phone_user("+15555551234")
    plain = caller.plain_user()
    caller.control("PUT", f"/users/{totp_user}", {"mfa": {"type": "Totp", "secret": caller.secret}})
    for _ in range(2):
        caller.verify_totp(totp_user, caller.wrong_code())
    assert judged("/users") == [
        {
            "user_id": totp_user,
            "environment": "test",
            "enabled": True,
            "mfa": {"type": "Totp", "secret": caller.secret},
            "wrong_codes": 2,
            "locked_until": None,
        },
        {
            "user_id": phone_user,
            "environment": "test",
            "enabled": True,
            "mfa": {
                "type": "Phone",
                "phone_numbers": [{"mfa_phone_id": phone_id, "phone_number": "+15555551234"}],
            },
            "wrong_codes": 0,
            "locked_until": None,
        },
        {
            "user_id": plain,
            "environment": "test",
            "enabled": True,
            "mfa": None,
            "wrong_codes": 0,
            "locked_until": None,
        },
    ]
    for _ in range(4):
        caller.verify_totp(totp_user, caller.wrong_code())
    assert judged("/users")[0]["locked_until"] == caller.start + 900
    caller.advance(900)
    assert (judged("/users")[0]["wrong_codes"], judged("/users")[0]["locked_until"]) == (0, None)


def test_challenges_are_listed_while_they_live(caller, judged):
    """A challenge is listed with its terms and tries until it is consumed, exhausted or expired."""
    user_id, (phone_id,) = caller.phone_user()
    challenge_id = caller.send(user_id, phone_id, action_type="A").json()["challenge_id"]
    other = caller.send(user_id, phone_id).json()["challenge_id"]
    caller.verify_sms(user_id, challenge_id, "WRONG1")
    caller.advance(10)
    assert judged("/challenges")[
        [entry["challenge_id"] for entry in judged("/challenges")].index(challenge_id)
    ] == {
        "challenge_id": challenge_id,
        "user_id": user_id,
        "mfa_phone_id": phone_id,
        "action_type": "A",
        "grant_type": "ONE_TIME_USE",
        "valid_for_seconds": 60,
        "wrong_codes": 1,
        "expires_at": caller.start + 600,
        "seconds_remaining": 590,
    }
    caller.verify_sms(user_id, challenge_id, caller.sent_code(challenge_id))
    assert [entry["challenge_id"] for entry in judged("/challenges")] == [other]
    caller.advance(590)
    assert judged("/challenges") == []


def test_grants_are_listed_by_their_hash(caller, judged):
    """A valid grant is shown by the beginning of its hash, never itself."""
    user_id = caller.known_totp_user()
    grant = caller.totp_grant(user_id)
    caller.advance(10)
    assert judged("/grants") == [
        {
            "grant_hash": hashlib.sha256(grant.encode()).hexdigest()[:16],
            "user_id": user_id,
            "action_type": "PAYOUT",
            "grant_type": "ONE_TIME_USE",
            "issued_at": caller.start,
            "expires_at": caller.start + 60,
            "seconds_remaining": 50,
        }
    ]
    caller.verify_grant(user_id, grant)
    assert judged("/grants") == []


def test_the_journal_tells_each_request(caller, judged):
    """Requests are listed with body, response and id, oldest first, and after a sequence number."""
    user_id = caller.known_totp_user()
    response = caller.verify_totp(user_id, caller.wrong_code())
    caller.lookup(user_id)
    caller.http.get("/nowhere")
    entries = judged("/requests")
    assert [entry["operation_id"] for entry in entries] == [
        "verifyStepUpTotpChallenge",
        "fetchUserMfaMethods",
        None,
    ]
    first = entries[0]
    assert first["request_id"] == response.headers["X-Request-Id"]
    assert (first["method"], first["path"], first["status"]) == ("POST", caller.paths["verify_totp"], 400)
    assert first["request_body"] == caller.totp_body(user_id, "[redacted]")
    assert first["response_body"] == response.json()
    assert 0 < first["duration_ms"] < 1000
    assert judged("/requests", {"since": first["sequence"]}) == entries[1:]


def test_the_journal_is_bounded_and_redacted(caller, judged):
    """At most 500 requests are kept, and in none is a key, a code, a grant, or a secret in a wrong place."""
    user_id = caller.known_totp_user()
    grant, canary = caller.totp_grant(user_id), "f00d" * 16
    caller.verify_grant(user_id, grant)
    caller.verify_grant(user_id, canary)
    caller.post("verify_totp", {"user_id": user_id, "api_key": caller.key, canary: "x", "code": ["314159"]})
    caller.post("verify_totp", caller.totp_body(user_id, "314159", action_type=[canary]))
    caller.lookup(canary)
    caller.http.get(f"/{canary}?access_token={caller.key}")
    user, (phone_id,) = caller.phone_user("+15557654321")
    challenge_id = caller.send(user, phone_id).json()["challenge_id"]
    code = caller.sent_code(challenge_id)
    caller.verify_sms(user, challenge_id, code)
    text = json.dumps(judged("/requests"))
    for secret in (grant, canary, caller.key, "314159", code, "5557654321", caller.secret):
        assert secret not in text
    assert text.count("[redacted]") >= 8
    for _ in range(510):
        caller.http.get("/nowhere")
    assert len(judged("/requests")) == 500


def test_the_stream_tells_what_happens(caller):
    """Events, messages, requests and changes come as they happen, in order."""
    user_id, (phone_id,) = caller.phone_user()
    seen = []
    ready = threading.Event()

    def watch():
        headers = {"Authorization": f"Bearer {caller.mock.control_key}"}
        with caller.http.stream("GET", "/__control__/stream", headers=headers, timeout=10) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            for line in stream.iter_lines():
                ready.set()
                if line.startswith("event: "):
                    seen.append([line.removeprefix("event: ")])
                elif line.startswith("data: "):
                    seen[-1].append(json.loads(line.removeprefix("data: ")))
                    if seen[-1][1] == {"what": "reset"}:
                        return

    thread = threading.Thread(target=watch)
    thread.start()
    assert ready.wait(5)
    challenge_id = caller.send(user_id, phone_id).json()["challenge_id"]
    caller.advance(30)
    caller.plain_user()
    caller.control("PUT", "/limits", {"max_sends": 9})
    caller.control("PUT", "/faults", {"enabled": []})
    caller.control("PUT", "/client-faults", {"client_faults": []})
    caller.control("POST", "/reset")
    thread.join(5)
    assert [event for event, _ in seen[:3]] == ["message", "audit", "request"]
    assert seen[0][1]["challenge_id"] == challenge_id
    assert seen[1][1]["outcome"] == "success"
    assert seen[2][1]["operation_id"] == "sendSmsMfaCode"
    changes = [data["what"] for event, data in seen if event == "change"]
    assert changes == ["clock", "users", "limits", "faults", "client_faults", "reset"]


def test_a_stream_ends_with_the_server(make_caller):
    """A watcher does not keep the server from ending."""
    from stepup_mock.server import running

    ended = []

    def watch(caller):
        headers = {"Authorization": f"Bearer {caller.mock.control_key}"}
        with caller.http.stream("GET", "/__control__/stream", headers=headers, timeout=10) as stream:
            for _ in stream.iter_raw():
                ended.append("line")
        ended.append("end")

    with running() as mock:
        thread = threading.Thread(target=watch, args=(make_caller(mock),))
        thread.start()
        while not ended:
            time.sleep(0.01)
        started = time.monotonic()
    assert time.monotonic() - started < 1.5
    thread.join(5)
    assert ended[-1] == "end"
