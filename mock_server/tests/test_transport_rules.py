"""Rules A1-A4 and H1-H4: the key, the headers and the paths."""

import json
import re

import pytest

OPERATIONS = ["lookup", "verify_totp", "send", "verify_sms", "verify_grant"]


def call(caller, operation, headers, *, user_id="31c41c16-c281-44ae-9602-8a047e3bf33d", query="", **extra):
    if operation == "lookup":
        return caller.http.get(f"/api/backend/v1/user/{user_id}/mfa{query}", headers=headers)
    return caller.http.post(
        caller.paths[operation] + query, json={"user_id": user_id, **extra}, headers=headers
    )


@pytest.mark.parametrize("operation", OPERATIONS)
def test_only_the_bearer_key_opens(caller, operation):
    """Missing, malformed, unknown, doubled and misplaced keys give one 401, whoever the user is."""
    user_id = caller.known_totp_user()
    key = caller.key
    bodies = set()
    for user in (user_id, "00000000-0000-4000-8000-000000000000"):
        for headers in (
            {},
            {"Authorization": f"Basic {key}"},
            {"Authorization": key},
            {"Authorization": "Bearer"},
            {"Authorization": "Bearer wrong"},
            {"Authorization": f"Bearer {key}x"},
            {"Authorization": f"Bearer {key.upper()}"},
            {"Authorization": f"Bearer {caller.mock.control_key}"},
            [("Authorization", f"Bearer {key}"), ("Authorization", f"Bearer {key}")],
        ):
            response = call(
                caller,
                operation,
                headers,
                user_id=user,
                query=f"?access_token={key}&api_key={key}",
                api_key=key,
            )
            assert response.status_code == 401
            assert re.fullmatch('Bearer( error="invalid_token")?', response.headers["WWW-Authenticate"])
            bodies.add((response.text, tuple(sorted(response.headers))))
    assert len(bodies) == 1
    for scheme in ("Bearer", "bearer", "BEARER "):
        assert call(caller, operation, {"Authorization": f"{scheme} {key}"}).status_code != 401
    assert caller.verify_totp(user_id, caller.code()).status_code == 200


def test_invalid_token_is_said_of_tokens_only(caller):
    """Without credentials there is no error code; an invalid key is `invalid_token`."""
    user_id = caller.known_totp_user()
    assert caller.http.get(f"/api/backend/v1/user/{user_id}/mfa").headers["WWW-Authenticate"] == "Bearer"
    bad = caller.lookup(user_id, "wrong").headers["WWW-Authenticate"]
    assert bad == 'Bearer error="invalid_token"'


def test_a_key_without_permission_is_403_and_has_no_effect(caller):
    """A limited key may do what it may, the rest is 403, spends and sends nothing."""
    key = caller.control("POST", "/api-keys", {"permissions": ["fetchUserMfaMethods"]})["api_key"]
    user_id = caller.known_totp_user()
    phone_user, (phone_id,) = caller.phone_user()
    code = caller.code()
    assert caller.lookup(user_id, key).status_code == 200
    for response in (caller.verify_totp(user_id, code, key=key), caller.send(phone_user, phone_id, key=key)):
        assert (response.status_code, response.json()["error_code"]) == (403, "forbidden")
    assert caller.control("GET", "/inbox")["messages"] == []
    assert caller.verify_totp(user_id, code).status_code == 200


def test_a_gated_plan_is_403(caller):
    """A key whose plan lacks the feature gets feature_gated everywhere."""
    key = caller.control("POST", "/api-keys", {"feature_gated": True})["api_key"]
    for operation in OPERATIONS:
        response = call(caller, operation, caller.bearer(key))
        assert (response.status_code, response.json()["error_code"]) == (403, "feature_gated")


def test_every_answer_has_its_headers(caller):
    """JSON, no-store, the mark of a mock and a fresh request id, on successes and errors."""
    user_id = caller.known_totp_user()
    answers = [
        caller.lookup(user_id),
        caller.verify_totp(user_id, caller.code()),
        caller.verify_totp(user_id, "x"),
        caller.lookup(user_id, "wrong"),
        caller.http.get("/nothing"),
        caller.http.put(caller.paths["send"]),
        caller.http.get("/__control__/clock"),
    ]
    for response in answers:
        assert response.headers["Content-Type"] == "application/json"
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Mock"] == "1"
        assert "server" not in response.headers
        assert isinstance(response.json(), dict)
    assert len({response.headers["X-Request-Id"] for response in answers}) == len(answers)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "GET", "POST"])
def test_other_methods_are_405(caller, method):
    """A method that a path does not have is 405 with Allow, without a key too, and without CORS."""
    headers = {"Origin": "https://evil.test", "Access-Control-Request-Method": "POST"}
    paths = list(caller.paths.values()) if method != "POST" else []
    if method != "GET":
        paths.append("/api/backend/v1/user/31c41c16-c281-44ae-9602-8a047e3bf33d/mfa")
    for path in paths:
        response = caller.http.request(method, path, headers=headers)
        assert response.status_code == 405
        assert response.headers["Allow"] == ("GET" if path.endswith("/mfa") else "POST")
        assert not [name for name in response.headers if name.startswith("access-control")]
        if method != "HEAD":
            assert response.json()["error_code"] == "method_not_allowed"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api/backend/v1/mfa/step-up/verify-totp/",
        "/api/backend/v1//mfa/step-up/verify-totp",
        "/api/backend/v1/mfa/step-up/VERIFY-TOTP",
        "/api/backend/v1/user/31c41c16-c281-44ae-9602-8a047e3bf33d/mfa/",
        "/api/backend/v1/user//mfa",
        "/api/backend/v1/user/a/b/mfa",
        "/api/backend/v1/mfa/step-up/%76erify-totp",
        "/openapi.json",
    ],
)
def test_other_paths_are_404(caller, path):
    """There is nothing beside the operations."""
    for method in ("GET", "POST"):
        response = caller.http.request(method, path, headers=caller.bearer())
        assert (response.status_code, response.json()["error_code"]) == (404, "not_found")


def test_problem_json_does_not_replace_the_envelope(caller):
    """Errors stay JSON with error_code whatever Accept says."""
    for accept in ("application/problem+json", "text/html", "*/*"):
        response = caller.http.get("/nothing", headers={"Accept": accept})
        assert response.headers["Content-Type"] == "application/json"
        assert set(response.json()) == {"error_code", "user_facing_error"}


@pytest.mark.parametrize(
    "host", ["evil.test", "evil.test:80", "127.0.0.1.evil.test", "", "localhost@evil.test", "[::1", "0x7f.1"]
)
def test_foreign_hosts_are_refused(caller, host):
    """A name that is not this server's gets nothing, by key or without."""
    user_id = caller.known_totp_user()
    for path in (f"/api/backend/v1/user/{user_id}/mfa", "/__control__/clock"):
        response = caller.http.get(path, headers=caller.bearer() | {"Host": host})
        assert response.status_code == 421
        assert "mfa_setup" not in response.text


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:99", "127.0.0.1:1", "[::1]:8765"])
def test_loopback_names_are_this_server(caller, host):
    """The loopback names are accepted, with any port."""
    response = caller.http.get(
        f"/api/backend/v1/user/{caller.known_totp_user()}/mfa", headers=caller.bearer() | {"Host": host}
    )
    assert response.status_code == 200


def test_secrets_are_in_no_answer(caller):
    """Keys, secrets, submitted codes and numbers are never repeated, in bodies, headers or events."""
    user_id = caller.known_totp_user()
    phone_user, (phone_id,) = caller.phone_user("+15557654321")
    challenge_id = caller.send(phone_user, phone_id).json()["challenge_id"]
    code = caller.sent_code(challenge_id)
    canary = "f00d" * 16
    seen = [
        caller.verify_totp(user_id, "314159"),
        caller.verify_totp(canary, "314159"),
        caller.verify_grant(user_id, canary),
        caller.verify_grant(user_id, canary, action_type=""),
        caller.verify_sms(phone_user, challenge_id, "QQQQQQ"),
        caller.verify_sms(phone_user, canary, code),
        caller.lookup(phone_user),
        caller.lookup(user_id, canary),
        caller.lookup(canary),
    ]
    text = "".join(response.text + str(response.headers) for response in seen)
    text += json.dumps(caller.control("GET", "/events"))
    for secret in (caller.secret, canary, "314159", "QQQQQQ", code, "5557654321", caller.key):
        assert secret not in text
