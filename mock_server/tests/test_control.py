"""The control API: what it arranges, what it rejects, and that its contract is true of it."""

import json

import jsonschema_rs
import pytest
import yaml

import stepup_spec

USER = "31c41c16-c281-44ae-9602-8a047e3bf33d"


@pytest.fixture(scope="session")
def contract():
    return yaml.safe_load(stepup_spec.find(stepup_spec.CONTROL).read_text(encoding="utf-8"))


@pytest.fixture
def judged(caller, contract):
    """Call the control API and validate the response by the contract; return status and document."""

    def call(method, path, operation_path, document=None, headers=None):
        key = {"Authorization": f"Bearer {caller.mock.control_key}"}
        response = caller.http.request(method, f"/__control__{path}", json=document, headers=headers or key)
        operation = contract["paths"][f"/__control__{operation_path}"][method.lower()]
        expected = operation["responses"][str(response.status_code)]
        while "$ref" in expected:
            expected = contract["components"]["responses"][expected["$ref"].rpartition("/")[2]]
        if "content" not in expected:
            assert response.content == b""
            return response.status_code, None
        schema = expected["content"]["application/json"]["schema"]
        validator = jsonschema_rs.Draft202012Validator({**schema, "components": contract["components"]})
        assert list(validator.iter_errors(response.json())) == []
        return response.status_code, response.json()

    return call


def test_every_operation_of_the_contract_is_there(caller, contract):
    """No path of the contract returns 404 or 405 for its methods."""
    for path, item in contract["paths"].items():
        for method in set(item) & {"get", "put", "post", "delete"}:
            if path.endswith("/stream"):
                continue
            response = caller.http.request(
                method.upper(),
                path.format(user_id=USER),
                headers={"Authorization": f"Bearer {caller.mock.control_key}"},
            )
            assert response.status_code not in (405, 500), (method, path)
            assert response.status_code != 404 or response.json()["error_code"] == "user_not_found", (
                method,
                path,
            )


def test_ready_takes_no_key(caller, judged):
    """The readiness check is open, and reveals nothing else."""
    assert judged("GET", "/ready", "/ready", headers={"X": "y"}) == (200, {"status": "ready"})


def test_only_the_control_key_opens(caller, contract, judged):
    """No key, a wrong key and the API key are 401 on every path, and nothing happens."""
    user_id = caller.known_totp_user()
    for key in (None, "wrong", caller.key):
        headers = {"Authorization": f"Bearer {key}"} if key else {"X": "y"}
        assert judged("POST", "/reset", "/reset", headers=headers)[0] == 401
        assert judged("GET", "/inbox", "/inbox", headers=headers)[0] == 401
        assert judged("DELETE", f"/users/{user_id}", "/users/{user_id}", headers=headers)[0] == 401
    assert caller.lookup(user_id).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.test", "null", "http://127.0.0.1:1", "http://localhost"])
def test_other_origins_are_refused(caller, judged, origin):
    """A page of another origin is rejected even with the key; the own origin is accepted."""
    key = {"Authorization": f"Bearer {caller.mock.control_key}"}
    assert judged("POST", "/reset", "/reset", headers=key | {"Origin": origin})[0] == 403
    assert judged("POST", "/reset", "/reset", headers=key | {"Origin": caller.mock.base_url})[0] == 204


def test_without_a_control_key_there_is_nothing(make_caller):
    """Where the control API is off every path below it is 404, whatever the key."""
    import httpx

    from stepup_mock.server import create_app

    app = create_app()
    assert not app.worlds.control_enabled

    async def ask():
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            headers = {"Authorization": "Bearer anything"}
            return [
                await client.get(f"/__control__/{path}", headers=headers) for path in ("ready", "inbox", "")
            ]

    import asyncio

    for response in asyncio.run(ask()):
        assert (response.status_code, response.json()["error_code"]) == (404, "not_found")


def test_reset_forgets_everything(caller, judged):
    """After a reset all is as at the start but for the demo users; the first key stays."""
    user_id, (phone_id,) = caller.phone_user()
    minted = caller.control("POST", "/api-keys", {"environment": "staging"})["api_key"]
    caller.send(user_id, phone_id)
    caller.control("PUT", "/limits", {"max_sends": 1, "max_valid_for_seconds": 10})
    assert judged("POST", "/reset", "/reset") == (204, None)
    assert caller.lookup(user_id).status_code == 404
    assert caller.lookup(user_id, minted).status_code == 401
    assert caller.control("GET", "/inbox") == {"messages": []}
    for name in ("events", "challenges", "grants", "users", "client-faults"):
        assert list(caller.control("GET", f"/{name}").values()) == [[]], name
    assert caller.control("GET", "/clock")["frozen"] is False
    assert caller.control("GET", "/limits")["max_sends"] == 5
    user_id = caller.known_totp_user()
    assert caller.verify_totp(user_id, caller.code(), valid_for_seconds=86400).status_code == 200


@pytest.mark.parametrize(
    ("document", "findings"),
    [
        ({}, {"mfa": "required"}),
        ({"mfa": 5}, {"mfa": "invalid_type"}),
        ({"mfa": {}}, {"mfa": "invalid_value"}),
        ({"mfa": {"type": "Totp"}}, {"mfa": "invalid_value"}),
        ({"mfa": {"type": "Totp", "secret": "0189" * 8}}, {"mfa": "invalid_value"}),
        ({"mfa": {"type": "Totp", "secret": "A" * 27}}, {"mfa": "invalid_value"}),
        ({"mfa": {"type": "Phone", "phone_numbers": []}}, {"mfa": "invalid_value"}),
        (
            {"mfa": {"type": "Phone", "phone_numbers": [{"mfa_phone_id": USER, "phone_number": "5"}]}},
            {"mfa": "invalid_value"},
        ),
        ({"mfa": None, "environment": ""}, {"environment": "invalid_value"}),
        ({"mfa": None, "enabled": "yes"}, {"enabled": "invalid_type"}),
        (
            {"enviroment": "test", "a": 1},
            {"mfa": "required", "enviroment": "unknown_field", "a": "unknown_field"},
        ),
        ([], {"body": "invalid_json"}),
    ],
)
def test_bad_users_are_refused_whole(caller, judged, document, findings):
    """Every problem of a user is named, and nothing is created."""
    status, error = judged("PUT", f"/users/{USER}", "/users/{user_id}", document)
    assert (status, error["field_errors"]) == (400, findings)
    assert caller.lookup(USER).status_code == 404
    assert judged("PUT", f"/users/{USER.upper()}", "/users/{user_id}", {"mfa": None})[0] == 204
    assert caller.lookup(USER).status_code == 200


def test_users_have_uuids(judged):
    """An id that is not a UUID is rejected."""
    assert judged("PUT", "/users/abc", "/users/{user_id}", {"mfa": None})[0] == 400
    assert judged("DELETE", "/users/abc", "/users/{user_id}")[0] == 400
    assert judged("DELETE", f"/users/{USER}", "/users/{user_id}")[0] == 204


def test_a_user_moves_to_another_environment(caller, judged):
    """A user lives in one environment at a time, the one it was last put into."""
    staging = caller.control("POST", "/api-keys", {"environment": "staging"})["api_key"]
    for environment, found in (("staging", staging), ("test", None)):
        caller.control("PUT", f"/users/{USER}", {"mfa": None, "environment": environment})
        keys = {key: caller.lookup(USER, key).status_code for key in (None, staging)}
        assert keys.pop(found) == 200
        assert set(keys.values()) == {404}


def test_current_code(caller, judged):
    """The current code is returned with its remaining time, and whether it is spent."""
    user_id = caller.known_totp_user()
    path = f"/users/{user_id}/totp-code"
    status, now = judged("GET", path, "/users/{user_id}/totp-code")
    assert (status, now) == (200, {"code": caller.code(), "seconds_remaining": 10.0, "spent": False})
    caller.verify_totp(user_id, now["code"])
    assert judged("GET", path, "/users/{user_id}/totp-code")[1]["spent"] is True
    caller.advance(10)
    assert judged("GET", path, "/users/{user_id}/totp-code")[1]["spent"] is False
    for other, expected in ((USER, 404), (caller.plain_user(), 400), ("abc", 400)):
        assert judged("GET", f"/users/{other}/totp-code", "/users/{user_id}/totp-code")[0] == expected


def test_inbox_filters(caller, judged):
    """Messages are listed oldest first, and by number and challenge."""
    sent = []
    for number in ("+15555550001", "+15555550002"):
        user_id, (phone_id,) = caller.phone_user(number)
        sent += [caller.send(user_id, phone_id).json()["challenge_id"] for _ in range(2)]
    assert [message["challenge_id"] for message in judged("GET", "/inbox", "/inbox")[1]["messages"]] == sent
    found = judged("GET", "/inbox?phone_number=%2B15555550002", "/inbox")[1]["messages"]
    assert [message["challenge_id"] for message in found] == sent[2:]
    both = judged("GET", f"/inbox?phone_number=%2B15555550001&challenge_id={sent[3]}", "/inbox")[1]
    assert both == {"messages": []}
    for bad in ("phone_number=5", "challenge_id=", "challenge_id=" + "x" * 257):
        assert judged("GET", f"/inbox?{bad}", "/inbox")[0] == 400


def test_the_clock_moves_stands_and_runs_on(caller, judged):
    """Advance, freeze and resume, forwards and back."""
    assert judged("POST", "/clock", "/clock", {"freeze_at": 59}) == (200, {"now": 59, "frozen": True})
    assert judged("POST", "/clock", "/clock", {"advance_seconds": 0.5})[1] == {"now": 59.5, "frozen": True}
    assert judged("POST", "/clock", "/clock", {"advance_seconds": -1})[1] == {"now": 58.5, "frozen": True}
    running = judged("POST", "/clock", "/clock", {"resume": True})[1]
    assert running["frozen"] is False
    assert 58.5 <= running["now"] < 60
    assert judged("GET", "/clock", "/clock")[1]["now"] > running["now"]
    ahead = judged("POST", "/clock", "/clock", {"advance_seconds": 1000})[1]
    assert ahead["frozen"] is False
    assert 1058 < ahead["now"] < 1061


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"freeze_at": -1},
        {"freeze_at": 1e12},
        {"freeze_at": "59"},
        {"freeze_at": True},
        {"resume": False},
        {"resume": True, "freeze_at": 5},
        {"advance_seconds": None},
        {"advance_seconds": -1e10},
        {"advance_seconds": 1e11},
        {"advance": 5},
    ],
)
def test_bad_moves_leave_the_clock(caller, judged, document):
    """Anything but one valid command changes nothing."""
    before = caller.control("GET", "/clock")
    assert judged("POST", "/clock", "/clock", document)[0] == 400
    assert caller.control("GET", "/clock") == before


def test_limits(caller, judged):
    """Limits change one by one, and bad ones change nothing."""
    defaults = judged("GET", "/limits", "/limits")[1]
    assert defaults == {
        "max_wrong_codes": 5,
        "lock_seconds": 900,
        "max_sends": 5,
        "send_window_seconds": 600,
        "challenge_ttl_seconds": 600,
        "challenge_max_attempts": 5,
        "totp_step_seconds": 30,
        "totp_drift_steps": 1,
        "max_valid_for_seconds": 86400,
        "max_action_type_length": 256,
    }
    for bad in ({"lock_seconds": 0}, {"max_sends": "5"}, {"max_valid_for_seconds": 86401}, {"locks": 1}):
        assert judged("PUT", "/limits", "/limits", bad | {"max_wrong_codes": 9})[0] == 400
    assert judged("GET", "/limits", "/limits")[1] == defaults
    changed = judged("PUT", "/limits", "/limits", {"max_wrong_codes": 2, "totp_drift_steps": 0})[1]
    assert changed == defaults | {"max_wrong_codes": 2, "totp_drift_steps": 0}
    user_id = caller.known_totp_user()
    statuses = [caller.verify_totp(user_id, caller.code(steps=-1)).status_code for _ in range(3)]
    assert statuses == [400, 400, 429]


def test_limits_on_fields_tighten_the_contract(caller):
    """Lower bounds for lives and action lengths hold at once."""
    caller.control("PUT", "/limits", {"max_valid_for_seconds": 60, "max_action_type_length": 10})
    user_id = caller.known_totp_user()
    code = caller.code()
    refused = caller.verify_totp(user_id, code, valid_for_seconds=61, action_type="A" * 11).json()
    assert refused["field_errors"] == {"action_type": "invalid_value", "valid_for_seconds": "invalid_value"}
    assert caller.verify_totp(user_id, code, valid_for_seconds=60, action_type="A" * 10).status_code == 200


def test_keys_have_bounds(judged, caller):
    """A key's permissions are operations of the contract."""
    bad = judged("POST", "/api-keys", "/api-keys", {"permissions": ["fly"], "environment": 5})
    assert bad[1]["field_errors"] == {"environment": "invalid_type", "permissions": "invalid_value"}
    status, minted = judged("POST", "/api-keys", "/api-keys", {"permissions": []})
    assert status == 201
    assert caller.lookup(USER, minted["api_key"]).status_code == 403


def test_every_authenticated_post_leaves_one_event(caller, judged):
    """Successes and rejections leave an event each, with user and action; invalid keys and lookups none."""
    user_id, (phone_user, (phone_id,)) = caller.known_totp_user(), caller.phone_user()
    caller.verify_totp(user_id, caller.code(), key="wrong")
    caller.lookup(user_id)
    caller.verify_totp(user_id.upper(), caller.code())
    caller.verify_totp(user_id, caller.wrong_code(), action_type="OTHER")
    challenge_id = caller.send(phone_user, phone_id, action_type="SEND").json()["challenge_id"]
    caller.verify_sms(phone_user, challenge_id, "WRONG1", action_type="IGNORED")
    caller.verify_sms(phone_user, challenge_id, caller.sent_code(challenge_id))
    caller.verify_sms(phone_user, challenge_id, "WRONG1")
    caller.verify_grant(user_id, "f" * 64)
    caller.post("verify_grant", {"user_id": "abc", "action_type": 5})
    caller.http.post(
        caller.paths["send"], content=b"{", headers=caller.bearer() | {"Content-Type": "application/json"}
    )
    caller.http.post(caller.paths["send"], content=b"{}", headers=caller.bearer())
    events = judged("GET", "/events", "/events")[1]["events"]
    assert [
        (event["operation_id"], event["user_id"], event["action_type"], event["outcome"]) for event in events
    ] == [
        ("verifyStepUpTotpChallenge", user_id, "PAYOUT", "success"),
        ("verifyStepUpTotpChallenge", user_id, "OTHER", "incorrect_mfa_code"),
        ("sendSmsMfaCode", phone_user, "SEND", "success"),
        ("verifySmsChallenge", phone_user, "SEND", "invalid_request_fields"),
        ("verifySmsChallenge", phone_user, "SEND", "success"),
        ("verifySmsChallenge", phone_user, None, "invalid_request_fields"),
        ("verifyStepUpGrant", user_id, "PAYOUT", "invalid_request_fields"),
        ("verifyStepUpGrant", None, None, "invalid_request_fields"),
        ("sendSmsMfaCode", None, None, "invalid_request_fields"),
        ("sendSmsMfaCode", None, None, "unsupported_media_type"),
    ]
    assert {event["at"] for event in events} == {caller.start}
    sequence = [event["sequence"] for event in events]
    assert sequence == list(range(sequence[0], sequence[0] + 10))
    later = judged("GET", f"/events?since={sequence[7]}", "/events")[1]["events"]
    assert later == events[8:]
    assert judged("GET", "/events?since=x", "/events")[0] == 400


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (b"{", "application/json", 400),
        (b'{"mfa": null, "mfa": null}', "application/json", 400),
        (b'{"mfa": null}', "text/plain", 415),
        (b" " * 70_000, "application/json", 413),
        (json.dumps({"mfa": None}).encode(), "application/json", 204),
    ],
)
def test_bodies_of_the_control_api(caller, content, media_type, status):
    """Bodies are validated as strictly as the product's."""
    response = caller.http.put(
        f"/__control__/users/{USER}",
        content=content,
        headers={"Authorization": f"Bearer {caller.mock.control_key}", "Content-Type": media_type},
    )
    assert response.status_code == status


def test_other_control_paths(caller):
    """Unknown paths are 404 and other methods 405, both in JSON."""
    key = {"Authorization": f"Bearer {caller.mock.control_key}"}
    missing = caller.http.get("/__control__/nothing", headers=key)
    assert (missing.status_code, missing.json()["error_code"]) == (404, "not_found")
    other = caller.http.delete("/__control__/clock", headers=key)
    assert (other.status_code, other.json()["error_code"]) == (405, "method_not_allowed")
    assert other.headers["Allow"] == "GET, POST"
