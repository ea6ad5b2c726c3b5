"""Rules I1-I5: what a body may be. Every rejection is followed by the same request without the mistake."""

import json

import pytest


def field_errors(response):
    assert response.status_code == 400, response.text
    document = response.json()
    assert document["error_code"] == "invalid_request_fields"
    assert document["field_to_errors"] == document["field_errors"]
    assert set(document["user_facing_errors"]) == set(document["field_errors"])
    return document["field_errors"]


def totp_body(caller):
    return caller.totp_body(caller.known_totp_user(), caller.code())


@pytest.mark.parametrize("name", ["action_type", "user_id", "code", "grant_type", "valid_for_seconds"])
def test_missing_null_and_empty_are_required(caller, name):
    """A required field that is missing, null or empty is `required`, and nothing is spent."""
    body = totp_body(caller)
    without = {key: value for key, value in body.items() if key != name}
    for refused in (without, body | {name: None}, body | {name: ""}):
        assert field_errors(caller.post("verify_totp", refused)) == {name: "required"}
    assert caller.post("verify_totp", body).status_code == 200


def test_every_invalid_field_is_named(caller):
    """All problems are reported at once, in the order of the contract."""
    body = {"user_id": "abc", "code": 5, "grant_type": "NEVER", "valid_for_seconds": 0}
    assert field_errors(caller.post("verify_totp", body)) == {
        "action_type": "required",
        "user_id": "invalid_value",
        "code": "invalid_type",
        "grant_type": "invalid_value",
        "valid_for_seconds": "invalid_value",
    }


@pytest.mark.parametrize("name", ["code", "user_id", "action_type", "grant_type"])
@pytest.mark.parametrize(
    "wrap", [lambda _: 287082, lambda _: True, lambda value: [value], lambda _: {"$ne": ""}, lambda _: []]
)
def test_strings_are_never_coerced(caller, name, wrap):
    """Numbers, booleans, arrays and objects in place of a string are rejected, and the string then works."""
    body = totp_body(caller)
    assert field_errors(caller.post("verify_totp", body | {name: wrap(body[name])})) == {name: "invalid_type"}
    assert caller.post("verify_totp", body).status_code == 200


@pytest.mark.parametrize("operation", ["verify_totp", "send"])
@pytest.mark.parametrize(
    ("value", "code"),
    [
        (0, "invalid_value"),
        (-1, "invalid_value"),
        (86401, "invalid_value"),
        (2**63, "invalid_value"),
        (2**64, "invalid_value"),
        (1e300, "invalid_value"),
        (1.5, "invalid_type"),
        ("60", "invalid_type"),
        (True, "invalid_type"),
        ([60], "invalid_type"),
    ],
)
def test_lives_are_integers_within_bounds(caller, operation, value, code):
    """valid_for_seconds is an integer from 1 to 86400; a rejected one sends and spends nothing."""
    if operation == "verify_totp":
        body = totp_body(caller)
    else:
        user_id, (phone_id,) = caller.phone_user()
        body = caller.totp_body(user_id, "") | {"mfa_phone_id": phone_id}
    assert field_errors(caller.post(operation, body | {"valid_for_seconds": value})) == {
        "valid_for_seconds": code
    }
    assert caller.control("GET", "/inbox")["messages"] == []
    for good in (1, 86400, 60.0) if operation == "send" else (86400,):
        assert caller.post(operation, body | {"valid_for_seconds": good}).status_code == 200


@pytest.mark.parametrize("value", ["one_time_use", "ONE_TIME_USE ", "TIME-BASED", "0"])
def test_grant_types_are_exact(caller, value):
    """Only the two names as they are written."""
    body = totp_body(caller)
    assert field_errors(caller.post("verify_totp", body | {"grant_type": value})) == {
        "grant_type": "invalid_value"
    }
    assert caller.post("verify_totp", body).status_code == 200


def test_lengths_are_bounded_not_cut(caller):
    """A value over its maximum length is rejected, one at the maximum is kept complete."""
    body = totp_body(caller)
    assert field_errors(caller.post("verify_totp", body | {"action_type": "é" * 257})) == {
        "action_type": "invalid_value"
    }
    assert field_errors(caller.post("verify_totp", body | {"code": "1" * 17})) == {"code": "invalid_value"}
    assert caller.post("verify_totp", body | {"action_type": "é" * 256}).status_code == 200
    over = {"challenge_id": "x" * 257, "user_id": body["user_id"], "code": "ABC123"}
    assert field_errors(caller.post("verify_sms", over)) == {"challenge_id": "invalid_value"}
    over = {"action_type": "A", "user_id": body["user_id"], "grant": "f" * 257}
    assert field_errors(caller.post("verify_grant", over)) == {"grant": "invalid_value"}


@pytest.mark.parametrize("spelling", ["{{{0}}}", "urn:uuid:{0}", "{0}\n", " {0}", "{1}", "{0}0"])
def test_other_spellings_of_a_uuid_are_refused(caller, spelling):
    """A UUID is its 36 characters."""
    body = totp_body(caller)
    user_id = spelling.format(body["user_id"], body["user_id"].replace("-", ""))
    assert field_errors(caller.post("verify_totp", body | {"user_id": user_id})) == {
        "user_id": "invalid_value"
    }
    assert caller.post("verify_totp", body).status_code == 200


def test_unknown_fields_are_ignored(caller):
    """Fields that the operation does not know change nothing, whatever they hold."""
    body = totp_body(caller)
    extra = {
        "environment": "staging",
        "valid_for_second": 5,
        "nested": {"code": ["x", {"y": None}]},
        "grant": "f" * 999,
    }
    response = caller.post("verify_totp", extra | body)
    assert response.status_code == 200
    assert set(response.json()) == {"step_up_grant"}


def _raw(caller, content, **headers):
    return caller.http.post(
        caller.paths["verify_totp"],
        content=content,
        headers=caller.bearer() | {"Content-Type": "application/json"} | headers,
    )


MALFORMED = {
    "empty": lambda good: b"",
    "cut": lambda good: good[:-1],
    "array": lambda good: b"[" + good + b"]",
    "string": lambda good: json.dumps(good.decode()).encode(),
    "null": lambda good: b"null",
    "trailing": lambda good: good + b" x",
    "two": lambda good: good + good,
    "comma": lambda good: good[:-1] + b",}",
    "comment": lambda good: good + b"// done",
    "bom": lambda good: b"\xef\xbb\xbf" + good,
    "utf-16": lambda good: good.decode().encode("utf-16"),
    "latin-1": lambda good: good[:-1] + b',"x":"\xe9"}',
    "overlong": lambda good: good[:-1] + b',"x":"\xc0\xaf"}',
    "surrogate": lambda good: good[:-1] + b',"x":"\\ud800"}',
    "nan": lambda good: good[:-1] + b',"x":NaN}',
    "infinity": lambda good: good[:-1] + b',"x":-Infinity}',
    "huge": lambda good: good[:-1] + b',"x":1e999}',
    "control": lambda good: good[:-1] + b',"x":"\n"}',
    "nul": lambda good: good + b"\0",
    "single-quotes": lambda good: good.replace(b'"', b"'"),
    "twice": lambda good: good[:-1] + b',"code":"000000"}',
    "twice-escaped": lambda good: good[:-1] + b',"c\\u006fde":"000000"}',
    "twice-unknown": lambda good: good[:-1] + b',"x":1,"x":1}',
    "twice-empty": lambda good: good[:-1] + b',"":1,"":1}',
    "twice-below": lambda good: good[:-1] + b',"x":[{"y":1,"y":1}]}',
    "deep-arrays": lambda good: good[:-1] + b',"x":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "deep-objects": lambda good: good[:-1] + b',"x":' + b'{"a":' * 500 + b"1" + b"}" * 500 + b"}",
}


@pytest.mark.parametrize("spoil", MALFORMED.values(), ids=MALFORMED)
def test_malformed_json_is_one_finding(caller, spoil):
    """Anything but a JSON object is `body: invalid_json` and spends nothing; the intact body works."""
    good = json.dumps(totp_body(caller)).encode()
    assert field_errors(_raw(caller, spoil(good))) == {"body": "invalid_json"}
    assert _raw(caller, good).status_code == 200


@pytest.mark.parametrize(
    "dress",
    [
        lambda good: b" \r\n\t" + good + b"\n",
        lambda good: good.replace(b'"code"', b'"c\\u006fde"'),
        lambda good: good[:-1] + b',"quote":"\\"\\" {[","empty":"","n":-0.5e-3,"deep":[[{"code":"0"}]]}',
    ],
)
def test_unusual_json_is_still_json(caller, dress):
    """Escapes, spaces and nested extra fields do not matter."""
    assert _raw(caller, dress(json.dumps(totp_body(caller)).encode())).status_code == 200


@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "text/json",
        "application/problem+json",
        "application/json2",
        "application/json; charset=utf-16",
        "application/json, text/plain",
        "",
    ],
)
def test_other_media_types_are_415(caller, media_type):
    """Only application/json in UTF-8."""
    good = json.dumps(totp_body(caller)).encode()
    refused = _raw(caller, good, **{"Content-Type": media_type})
    assert (refused.status_code, refused.json()["error_code"]) == (415, "unsupported_media_type")
    assert _raw(caller, good, **{"Content-Type": 'Application/JSON; Charset="UTF-8"'}).status_code == 200


def test_compressed_bodies_are_415(caller):
    """A content coding is not understood."""
    good = json.dumps(totp_body(caller)).encode()
    assert _raw(caller, good, **{"Content-Encoding": "gzip"}).status_code == 415
    assert _raw(caller, good, **{"Content-Encoding": "identity"}).status_code == 200


def test_sizes(caller):
    """64 KiB are accepted, a byte more is 413, declared or chunked, and the connection serves on."""
    good = json.dumps(totp_body(caller)).encode()
    too_large = good + b" " * (64 * 1024 + 1 - len(good))
    for content in (too_large, iter([too_large[:1000], too_large[1000:]]), too_large * 10):
        refused = _raw(caller, content)
        assert (refused.status_code, refused.json()["error_code"]) == (413, "request_too_large")
    assert _raw(caller, too_large[:-1]).status_code == 200


def test_order_of_judgement(caller):
    """Key, permission, plan, media type, size, JSON, fields, lock: the first problem is the one reported."""
    user_id = caller.known_totp_user()
    limited = caller.control(
        "POST", "/api-keys", {"permissions": ["fetchUserMfaMethods"], "feature_gated": True}
    )["api_key"]
    gated = caller.control("POST", "/api-keys", {"feature_gated": True})["api_key"]
    for _ in range(5):
        caller.verify_totp(user_id, caller.wrong_code())

    def judge(key, media_type, content):
        headers = {"Authorization": f"Bearer {key}", "Content-Type": media_type}
        return caller.http.post(caller.paths["verify_totp"], content=content, headers=headers).json()[
            "error_code"
        ]

    body = json.dumps(caller.totp_body(user_id, caller.code())).encode()
    large, bad = b"x" * 70_000, b'{"user_id": 5}'
    assert judge("nobody", "text/plain", large) == "unauthorized"
    assert judge(limited, "text/plain", large) == "forbidden"
    assert judge(gated, "text/plain", large) == "feature_gated"
    assert judge(caller.key, "text/plain", large) == "unsupported_media_type"
    assert judge(caller.key, "application/json", large) == "request_too_large"
    assert judge(caller.key, "application/json", bad) == "invalid_request_fields"
    assert judge(caller.key, "application/json", body) == "rate_limited"
    caller.advance(900)
    fresh = json.dumps(caller.totp_body(user_id, caller.code())).encode()
    assert (
        caller.http.post(
            caller.paths["verify_totp"],
            content=fresh,
            headers=caller.bearer() | {"Content-Type": "application/json"},
        ).status_code
        == 200
    )
