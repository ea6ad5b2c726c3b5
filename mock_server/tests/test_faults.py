"""Each fault is seen to break its rule, and to be gone when it is switched off.

A witness says whether the rule is kept. It must say so of the clean server and deny it of the broken one.
"""

import asyncio
import json
import unicodedata
import uuid

import httpx
import pyotp
import pytest
import yaml

import stepup_spec
from stepup_mock import faults

RULES_WITHOUT_FAULT = {"D3", "Q2"}  # a rule of clients, and one that only a clock at the code's side can see
UNKNOWN = "00000000-0000-4000-8000-000000000000"
witnesses = {}


def witness(*fault_ids):
    def register(kept):
        for fault_id in fault_ids:
            assert fault_id not in witnesses
            witnesses[fault_id] = kept
        return kept

    return register


def test_every_rule_of_the_server_has_a_fault():
    """No rule is without a fault, no fault without a rule, and no fault without a witness."""
    catalogue = yaml.safe_load(stepup_spec.find(stepup_spec.RULES).read_text(encoding="utf-8"))
    rules = [rule["id"] for group in catalogue["groups"] for rule in group["rules"]]
    assert rules
    owed = set(rules) - RULES_WITHOUT_FAULT
    assert {fault.rule for fault in faults.available().values()} == owed
    assert set(witnesses) == set(faults.available())


@pytest.mark.parametrize("fault_id", list(faults.available()))
def test_a_fault_breaks_its_rule_and_nothing_when_off(caller, fault_id):
    """The rule is kept before, broken while the fault is on, and kept after."""
    for enabled, expected in (([], True), ([fault_id], False), ([], True)):
        caller.control("POST", "/reset")
        caller.control("POST", "/clock", {"freeze_at": caller.start})
        caller.control("PUT", "/faults", {"enabled": enabled})
        assert bool(witnesses[fault_id](caller)) is expected, enabled


def test_faults_are_switched_by_the_control_api(caller):
    """Exactly the named faults are on; an unknown one changes nothing; a reset switches them off."""
    listed = caller.control("GET", "/faults")
    assert listed["enabled"] == []
    assert {"id": "v2-reusable-grant", "rule": "V2"}.items() <= {
        key: value
        for fault in listed["available"]
        if fault["id"] == "v2-reusable-grant"
        for key, value in fault.items()
    }.items()
    two = ["v2-reusable-grant", "h2-cacheable"]
    assert caller.control("PUT", "/faults", {"enabled": two})["enabled"] == two
    refused = caller.control("PUT", "/faults", {"enabled": ["h2-cacheable", "no-such-fault"]}, expect=400)
    assert refused["field_errors"] == {"enabled": "fault_not_found"}
    assert caller.control("GET", "/faults")["enabled"] == two
    caller.control("POST", "/reset")
    assert caller.control("GET", "/faults")["enabled"] == []


# A


@witness("a1-key-in-query", "a1-any-scheme", "a1-lookup-open")
def _(c):
    path = f"/api/backend/v1/user/{c.known_totp_user()}/mfa"
    return all(
        response.status_code == 401
        for response in (
            c.http.get(f"{path}?access_token={c.key}"),
            c.http.get(path, headers={"Authorization": f"Basic {c.key}"}),
            c.http.get(path),
        )
    )


@witness("a1-body-judged-first")
def _(c):
    return c.post("verify_totp", {"user_id": 5}, key="wrong").status_code == 401


@witness("a1-users-told-apart")
def _(c):
    return c.lookup(UNKNOWN, "wrong").text == c.lookup(c.known_totp_user(), "wrong").text


@witness("a1-anonymous-guesses-count")
def _(c):
    user = c.known_totp_user()
    for _ in range(6):
        c.verify_totp(user, c.wrong_code(), key="wrong")
    return c.verify_totp(user, c.code()).status_code == 200


@witness("a2-no-www-authenticate")
def _(c):
    return "www-authenticate" in c.lookup(UNKNOWN, "wrong").headers


@witness("a2-scheme-case-matters")
def _(c):
    headers = {"Authorization": f"bearer {c.key}"}
    return c.http.get(f"/api/backend/v1/user/{UNKNOWN}/mfa", headers=headers).status_code == 404


@witness("a3-wrong-code-is-401", "a3-dead-grant-is-401", "a3-unknown-user-is-401", "a3-locked-is-401")
def _(c):
    user = c.known_totp_user()
    failures = [c.verify_totp(user, c.wrong_code()) for _ in range(6)]
    failures += [c.verify_grant(user, "f" * 64), c.verify_totp(UNKNOWN, "123456")]
    return all(response.status_code in (400, 429) for response in failures)


@witness("a3-permissions-ignored", "a3-acts-before-403")
def _(c):
    key = c.control("POST", "/api-keys", {"permissions": []})["api_key"]
    user, (phone,) = c.phone_user()
    return c.send(user, phone, key=key).status_code == 403 and not c.control("GET", "/inbox")["messages"]


@witness("a4-lookup-shared")
def _(c):
    key = c.control("POST", "/api-keys", {"environment": "staging"})["api_key"]
    return c.lookup(c.known_totp_user(), key).status_code == 404


@witness("a4-grants-shared")
def _(c):
    key = c.control("POST", "/api-keys", {"environment": "staging"})["api_key"]
    user = c.known_totp_user()
    return c.verify_grant(user, c.totp_grant(user), key=key).status_code == 400


@witness("a4-challenges-shared")
def _(c):
    key = c.control("POST", "/api-keys", {"environment": "staging"})["api_key"]
    user, (phone,) = c.phone_user()
    return c.send(user, phone, key=key).status_code == 400


# E


@witness("e1-secret-shown", "e1-otpauth-header")
def _(c):
    response = c.lookup(c.known_totp_user())
    return c.secret not in response.text + str(response.headers)


@witness("e2-full-number", "e2-number-beside", "e2-wrong-suffix", "e2-changing-ids")
def _(c):
    user, (phone,) = c.phone_user("+15555551234")
    listed = [{"mfa_phone_number_suffix": "1234", "mfa_phone_id": phone}]
    return c.lookup(user).json()["mfa_setup"]["phone_numbers"] == listed


@witness("e3-empty-setup", "e3-plain-user-is-404")
def _(c):
    return c.lookup(c.plain_user()).json() == {"mfa_setup": None}


@witness("e4-unknown-user-has-none", "e4-malformed-id-is-500")
def _(c):
    return c.lookup(UNKNOWN).status_code == c.lookup("abc").status_code == 404


@witness("e5-lookup-clears-count")
def _(c):
    user = c.known_totp_user()
    statuses = []
    for _ in range(6):
        c.lookup(user)
        statuses.append(c.verify_totp(user, c.wrong_code()).status_code)
    return statuses[-1] == 429


@witness("e5-lookup-sends")
def _(c):
    c.lookup(c.phone_user()[0])
    return c.control("GET", "/inbox")["messages"] == []


@witness("e5-lookup-ends-challenges")
def _(c):
    user, challenge = challenge_of(c)
    c.lookup(user)
    return c.verify_sms(user, challenge, c.sent_code(challenge)).status_code == 200


def challenge_of(c, **changes):
    user, (phone,) = c.phone_user()
    return user, c.send(user, phone, **changes).json()["challenge_id"]


# T


@witness("t1-lost-zeros")
def _(c):
    user = c.known_totp_user()
    c.control("POST", "/clock", {"freeze_at": 1111111109})
    return c.verify_totp(user, "081804").status_code == 200


@witness("t1-32-bit-time")
def _(c):
    user = c.known_totp_user()
    c.control("POST", "/clock", {"freeze_at": 20000000000})
    return c.verify_totp(user, "353130").status_code == 200


@witness("t1-empty-grant")
def _(c):
    return c.verify_totp(c.known_totp_user(), c.code()).json()["step_up_grant"] != ""


@witness("t2-wide-window", "t2-three-steps", "t2-no-drift")
def _(c):
    accepted = [
        delta
        for delta in range(-10, 11)
        if c.verify_totp(c.known_totp_user(), c.code(steps=delta)).status_code == 200
    ]
    return accepted == [-1, 0, 1]


@witness("t3-replay", "t3-replay-for-other-action", "t3-replay-for-other-type")
def _(c):
    user, code = c.known_totp_user(), c.code()
    c.verify_totp(user, code)
    again = [
        c.verify_totp(user, code),
        c.verify_totp(user, code, action_type="OTHER", grant_type="TIME_BASED"),
    ]
    return all(response.status_code == 400 for response in again)


@witness("t4-older-step")
def _(c):
    user = c.known_totp_user()
    c.verify_totp(user, c.code())
    return c.verify_totp(user, c.code(steps=-1)).status_code == 400


@witness("t5-replay-told", "t5-stale-told")
def _(c):
    user, code = c.known_totp_user(), c.code()
    c.verify_totp(user, code)
    refused = (c.wrong_code(), code, c.code(steps=-15))
    return len({c.verify_totp(user, code).text for code in refused}) == 1


@witness("t6-spaces-replay", "t6-digits-replay", "t6-tail-replay")
def _(c):
    user, code = c.known_totp_user(), c.code()
    c.verify_totp(user, code)
    arabic = "".join(chr(0x0660 + int(digit)) for digit in code)
    return all(c.verify_totp(user, other).status_code == 400 for other in (f"{code} ", arabic, f"{code}0"))


@witness("t7-any-users-code")
def _(c):
    c.known_totp_user()
    return c.verify_totp(c.totp_user(pyotp.random_base32()), c.code()).status_code == 400


@witness("t8-no-secret-no-check", "t8-kinds-confused")
def _(c):
    plain = c.verify_totp(c.plain_user(), "123456").json().get("error_code")
    unknown = c.verify_totp(UNKNOWN, "123456").json().get("error_code")
    return (plain, unknown) == ("mfa_not_enabled", "user_not_found")


@witness("t9-spent-before-validation", "t9-validation-after-code")
def _(c):
    user, code = c.known_totp_user(), c.code()
    c.verify_totp(user, code, grant_type="NEVER")
    return c.verify_totp(user, code).status_code == 200


# S


@witness("s1-code-in-answer", "s1-number-in-answer", "s1-every-phone", "s1-sent-twice", "s1-short-code")
def _(c):
    user, (phone, _) = c.phone_user("+15555550001", "+15555550002")
    response = c.send(user, phone)
    messages = c.control("GET", "/inbox")["messages"]
    return set(response.json()) == {"challenge_id"} and len(messages) == 1 and len(messages[0]["code"]) == 6


@witness("s1-same-code")
def _(c):
    codes = {c.sent_code(challenge_of(c)[1]) for _ in range(3)}
    return len(codes) == 3


@witness("s2-any-phone", "s2-refused-but-sent", "s2-foreign-told")
def _(c):
    user, _ = c.phone_user()
    _, (foreign,) = c.phone_user()
    refused = [c.send(user, phone) for phone in (foreign, str(uuid.uuid4()))]
    alike = {(response.status_code, response.text) for response in refused}
    return len(alike) == 1 and refused[0].status_code == 400 and not c.control("GET", "/inbox")["messages"]


@witness("s3-terms-from-verify", "s3-always-time-based")
def _(c):
    user, challenge = challenge_of(c)
    code = c.sent_code(challenge)
    grant = c.verify_sms(user, challenge, code, action_type="OTHER").json()["step_up_grant"]
    statuses = [c.verify_grant(user, grant).status_code for _ in range(2)]
    return statuses == [200, 400]


@witness("s3-life-from-send")
def _(c):
    user, challenge = challenge_of(c)
    c.advance(100)
    grant = c.verify_sms(user, challenge, c.sent_code(challenge)).json()["step_up_grant"]
    return c.verify_grant(user, grant).status_code == 200


@witness("s4-challenge-reusable")
def _(c):
    user, challenge = challenge_of(c)
    code = c.sent_code(challenge)
    return [c.verify_sms(user, challenge, code).status_code for _ in range(2)] == [200, 400]


@witness("s5-any-user")
def _(c):
    _, challenge = challenge_of(c)
    return c.verify_sms(c.phone_user()[0], challenge, c.sent_code(challenge)).status_code == 400


@witness("s5-any-code")
def _(c):
    user, challenge = challenge_of(c)
    return c.verify_sms(user, challenge, c.sent_code(challenge_of(c)[1])).status_code == 400


@witness("s5-foreign-try-ends-it")
def _(c):
    user, challenge = challenge_of(c)
    c.verify_sms(c.phone_user()[0], challenge, c.sent_code(challenge))
    return c.verify_sms(user, challenge, c.sent_code(challenge)).status_code == 200


@witness("s6-immortal", "s6-late")
def _(c):
    user, challenge = challenge_of(c)
    c.advance(601)
    return c.verify_sms(user, challenge, c.sent_code(challenge)).status_code == 400


@witness("s7-endless-tries")
def _(c):
    c.control("PUT", "/limits", {"max_wrong_codes": 100})
    user, challenge = challenge_of(c)
    for _ in range(5):
        c.verify_sms(user, challenge, "WRONG1")
    return c.verify_sms(user, challenge, c.sent_code(challenge)).status_code == 400


@witness("s7-wrong-code-is-401")
def _(c):
    return c.verify_sms(*challenge_of(c), "WRONG1").status_code == 400


@witness("s8-send-clears-count", "s8-counted-per-challenge")
def _(c):
    user, (phone,) = c.phone_user()
    statuses = []
    for _ in range(3):
        challenge = c.send(user, phone).json().get("challenge_id", "none")
        statuses += [c.verify_sms(user, challenge, "WRONG1").status_code for _ in range(4)]
    return statuses[-1] == 429


@witness("s9-unlimited-sends", "s9-refused-but-sent")
def _(c):
    user, (phone,) = c.phone_user()
    statuses = [c.send(user, phone).status_code for _ in range(7)]
    return statuses[-1] == 429 and len(c.control("GET", "/inbox")["messages"]) == 5


# V


def time_based(c, user, **changes):
    return c.totp_grant(user, grant_type="TIME_BASED", **changes)


@witness("v1-dead-is-200", "v1-dead-is-202")
def _(c):
    return c.verify_grant(c.known_totp_user(), "f" * 64).status_code == 400


@witness("v1-success-is-text")
def _(c):
    user = c.known_totp_user()
    return c.verify_grant(user, c.totp_grant(user)).json() == {"success": True}


@witness("v2-reusable-grant", "v2-grace", "v2-twice")
def _(c):
    user = c.known_totp_user()
    grant = c.totp_grant(user)
    return [c.verify_grant(user, grant).status_code for _ in range(3)] == [200, 400, 400]


@witness("v3-spent-by-verifying", "v3-three-uses")
def _(c):
    user = c.known_totp_user()
    grant = time_based(c, user)
    return [c.verify_grant(user, grant).status_code for _ in range(10)] == [200] * 10


@witness("v3-sliding")
def _(c):
    user = c.known_totp_user()
    grant = time_based(c, user, valid_for_seconds=5)
    c.advance(3)
    c.verify_grant(user, grant)
    c.advance(3)
    return c.verify_grant(user, grant).status_code == 400


@witness("v4-immortal", "v4-one-time-immortal", "v4-minutes")
def _(c):
    user = c.known_totp_user()
    grant = c.totp_grant(user, valid_for_seconds=5)
    c.advance(5)
    return c.verify_grant(user, grant).status_code == 400


@witness("v4-half-life")
def _(c):
    user = c.known_totp_user()
    grant = c.totp_grant(user, valid_for_seconds=10)
    c.advance(9)
    return c.verify_grant(user, grant).status_code == 200


@witness("v5-any-user")
def _(c):
    user = c.known_totp_user()
    return c.verify_grant(c.plain_user(), c.totp_grant(user)).status_code == 400


@witness("v5-any-action", "v5-case-folded", "v5-trimmed", "v5-normalised", "v5-prefix")
def _(c):
    user, action = c.known_totp_user(), "PAYOUT caf\u00e9"
    grant = time_based(c, user, action_type=action)
    others = ("OTHER", action.lower(), f" {action}", unicodedata.normalize("NFD", action), action[:-1])
    return all(c.verify_grant(user, grant, other).status_code == 400 for other in others)


@witness("v6-mismatch-burns")
def _(c):
    user = c.known_totp_user()
    grant = c.totp_grant(user)
    c.verify_grant(user, grant, "OTHER")
    return c.verify_grant(user, grant).status_code == 200


@witness("v7-reason-told", "v7-code-in-a-list", "v7-own-error-code", "v7-unknown-user-told")
def _(c):
    user = c.known_totp_user()
    grant = c.totp_grant(user)
    c.verify_grant(user, grant)
    dead = [c.verify_grant(user, grant), c.verify_grant(user, "f" * 64), c.verify_grant(UNKNOWN, grant)]
    document = dead[0].json()
    alike = {(response.status_code, response.text) for response in dead}
    return len(alike) == 1 and (document["error_code"], document["field_errors"]) == (
        "invalid_request_fields",
        {"grant": "grant_not_found"},
    )


@witness("v8-short-grant", "v8-counted-grant", "v8-grant-of-inputs", "v8-beginning-compared")
def _(c):
    user = c.known_totp_user()
    one, two = c.totp_grant(user), c.verify_totp(user, c.code(steps=1)).json()["step_up_grant"]
    flipped = two[:-1] + ("0" if two[-1] != "0" else "1")
    return len(one) == 64 and one[:40] != two[:40] and c.verify_grant(user, flipped).status_code == 400


@witness("v9-grants-survive")
def _(c):
    user = c.known_totp_user()
    grant = c.totp_grant(user)
    c.control("PUT", f"/users/{user}", {"mfa": None})
    return c.verify_grant(user, grant).status_code == 400


@witness("v9-challenges-survive")
def _(c):
    user, challenge = challenge_of(c)
    code = c.sent_code(challenge)
    c.control("PUT", f"/users/{user}", {"mfa": None})
    return c.verify_sms(user, challenge, code).status_code == 400


@witness("v9-old-secret-works")
def _(c):
    user = c.known_totp_user()
    c.control("PUT", f"/users/{user}", {"mfa": {"type": "Totp", "secret": pyotp.random_base32()}})
    return c.verify_totp(user, c.code()).status_code == 400


# R


def wrong_codes(c, user, count=6, **changes):
    return [c.verify_totp(user, c.wrong_code(), **changes) for _ in range(count)]


@witness("r1-no-lock", "r1-lock-at-fifty")
def _(c):
    return wrong_codes(c, c.known_totp_user())[-1].status_code == 429


@witness("r1-short-lock")
def _(c):
    user = c.known_totp_user()
    wrong_codes(c, user)
    c.advance(11)
    return c.verify_totp(user, c.code()).status_code == 429


@witness(
    "r2-counted-per-action",
    "r2-counted-per-spelling",
    "r2-counted-per-key",
    "r2-counted-per-address",
    "r2-counted-per-connection",
)
def _(c):
    user = c.known_totp_user()
    keys = [c.control("POST", "/api-keys", {})["api_key"] for _ in range(2)]
    statuses = []
    for number in range(6):
        body = c.totp_body(user.upper() if number % 2 else user, c.wrong_code(), action_type=f"A{number}")
        headers = c.bearer(keys[number % 2]) | {"X-Forwarded-For": f"10.0.0.{number}"}
        url = c.mock.base_url + c.paths["verify_totp"]
        statuses.append(httpx.post(url, json=body, headers=headers, trust_env=False).status_code)
    return statuses == [400] * 5 + [429]


@witness("r2-counted-per-factor")
def _(c):
    user = c.known_totp_user()
    wrong_codes(c, user, 3)
    phone = {"mfa_phone_id": str(uuid.uuid4()), "phone_number": "+15555550123"}
    c.control("PUT", f"/users/{user}", {"mfa": {"type": "Phone", "phone_numbers": [phone]}})
    challenge = c.send(user, phone["mfa_phone_id"]).json()["challenge_id"]
    return [c.verify_sms(user, challenge, "WRONG1").status_code for _ in range(3)] == [400, 400, 429]


@witness("r3-right-code-passes", "r3-right-code-is-spent")
def _(c):
    user = c.known_totp_user()
    c.control("PUT", "/limits", {"lock_seconds": 5})
    wrong_codes(c, user)
    code = c.code()
    locked = c.verify_totp(user, code).status_code
    c.advance(5)
    return (locked, c.verify_totp(user, code).status_code) == (429, 200)


@witness("r3-everybody-locked")
def _(c):
    wrong_codes(c, c.known_totp_user())
    return c.verify_totp(c.known_totp_user(), c.code()).status_code == 200


@witness("r3-success-keeps-count")
def _(c):
    user = c.known_totp_user()
    wrong_codes(c, user, 4)
    c.verify_totp(user, c.code())
    return wrong_codes(c, user, 4)[-1].status_code == 400


@witness("r4-no-retry-after", "r4-retry-after-is-a-date", "r4-429-is-text", "r4-too-early")
def _(c):
    response = wrong_codes(c, c.known_totp_user())[-1]
    is_json = response.headers["content-type"] == "application/json"
    return is_json and response.headers.get("retry-after") == "900"


@witness("r4-hammering-extends")
def _(c):
    user = c.known_totp_user()
    wrong_codes(c, user)
    c.advance(800)
    c.verify_totp(user, c.code())
    c.advance(100)
    return c.verify_totp(user, c.code()).status_code == 200


@witness("r5-refused-bodies-count", "r5-dead-grants-count", "r5-lookups-count")
def _(c):
    user = c.known_totp_user()
    for _ in range(2):
        c.verify_totp(user, c.code(), grant_type="NEVER")
        c.verify_grant(user, "f" * 64)
        c.lookup(user)
    return wrong_codes(c, user, 4)[-1].status_code == 400


@witness("r5-sends-count")
def _(c):
    user, challenge = challenge_of(c)
    return [c.verify_sms(user, challenge, "WRONG1").status_code for _ in range(5)][-1] == 400


# I


def refused_field(response, name):
    return response.status_code == 400 and name in response.json().get("field_errors", {})


@witness("i1-default-action", "i1-default-life", "i1-null-is-text", "i1-fields-not-named")
def _(c):
    user = c.known_totp_user()
    body = c.totp_body(user, c.code())
    bodies = {
        name: {key: body[key] for key in body if key != name} for name in ("action_type", "valid_for_seconds")
    }
    nulls = refused_field(c.post("verify_totp", body | {"action_type": None}), "action_type")
    return nulls and all(refused_field(c.post("verify_totp", less), name) for name, less in bodies.items())


@witness("i2-numbers-are-text", "i2-first-of-a-list", "i2-any-of-a-list", "i2-operators")
def _(c):
    c.control("POST", "/clock", {"freeze_at": 59})
    right = c.code()
    values = (int(right), [right], ["000000", right], {"$ne": ""})
    return all(refused_field(c.verify_totp(c.known_totp_user(), value), "code") for value in values)


@witness("i3-types-in-any-case", "i3-unknown-type-is-time-based")
def _(c):
    user = c.known_totp_user()
    types = ("one_time_use", "NEVER")
    return all(refused_field(c.verify_totp(user, c.code(), grant_type=name), "grant_type") for name in types)


@witness(
    "i3-text-is-a-number", "i3-fractions-cut", "i3-true-is-one", "i3-zero-is-forever", "i3-no-upper-bound"
)
def _(c):
    user = c.known_totp_user()
    lives = ("60", 1.5, True, 0, -1, 86401, 2**40)
    responses = [c.verify_totp(user, c.code(), valid_for_seconds=life) for life in lives]
    return all(refused_field(response, "valid_for_seconds") for response in responses)


@witness("i4-cut-action", "i4-escaped-action", "i4-quotes-fail")
def _(c):
    user, action = c.known_totp_user(), "<'" + "x" * 126
    response = c.verify_totp(user, c.code(), action_type=action)
    if response.status_code != 200:
        return False
    grant = response.json()["step_up_grant"]
    return [c.verify_grant(user, grant, name).status_code for name in (action[:-1], action)] == [400, 200]


@witness("i5-bad-json-is-500", "i5-last-key-wins", "i5-lenient-json", "i5-stack-trace")
def _(c):
    good = json.dumps(c.totp_body(c.known_totp_user(), c.code())).encode()
    spoilt = (
        good[:-1],
        b"[]",
        good[:-1] + b',"code":"000000"}',
        good[:-1] + b',"x":NaN}',
        b"\xef\xbb\xbf" + good,
    )
    headers = c.bearer() | {"Content-Type": "application/json"}
    responses = [c.http.post(c.paths["verify_totp"], content=body, headers=headers) for body in spoilt]
    return all(refused_field(response, "body") and "Traceback" not in response.text for response in responses)


@witness("i5-any-media-type", "i5-any-size")
def _(c):
    good = json.dumps(c.totp_body(c.known_totp_user(), c.code())).encode()
    statuses = [
        c.http.post(
            c.paths["verify_totp"], content=body, headers=c.bearer() | {"Content-Type": kind}
        ).status_code
        for body, kind in ((good, "text/plain"), (good + b" " * 70_000, "application/json"))
    ]
    return statuses == [415, 413]


# H, Q


@witness("h1-created", "h1-text-plain", "h1-camel-case")
def _(c):
    response = c.lookup(c.known_totp_user())
    kind = response.headers["content-type"]
    return response.status_code == 200 and kind == "application/json" and "mfa_setup" in response.json()


@witness("h2-cacheable")
def _(c):
    return c.lookup(c.known_totp_user()).headers.get("cache-control") == "no-store"


@witness("h3-cors")
def _(c):
    return "access-control-allow-origin" not in c.lookup(UNKNOWN).headers


@witness("h3-no-allow")
def _(c):
    return c.http.delete(c.paths["send"]).headers.get("allow") == "POST"


@witness("h3-any-method")
def _(c):
    body = c.totp_body(c.known_totp_user(), c.code())
    return c.http.put(c.paths["verify_totp"], json=body, headers=c.bearer()).status_code == 405


@witness("h4-problem-json", "h4-no-error-code", "h4-no-sentence")
def _(c):
    response = c.verify_totp(UNKNOWN, "123456")
    return response.headers["content-type"] == "application/json" and set(response.json()) == {
        "error_code",
        "user_facing_error",
    }


@witness("q1-code-echoed", "q1-key-in-header", "q1-grant-in-answer", "q1-code-in-events")
def _(c):
    user, canary = c.known_totp_user(), "f00d" * 16
    responses = [c.verify_totp(user, "314159"), c.verify_grant(user, canary), c.lookup(user)]
    text = "".join(response.text + str(response.headers) for response in responses) + json.dumps(
        c.control("GET", "/events")
    )
    return not any(secret in text for secret in ("314159", canary, c.key))


@pytest.fixture(autouse=True)
def log(capfd):
    log_of_test.append(capfd)
    yield
    log_of_test.pop()


log_of_test = []


@witness("q1-body-in-log")
def _(c):
    c.verify_totp(c.known_totp_user(), "314159")
    return "314159" not in log_of_test[-1].readouterr().err


@witness("q3-failures-unrecorded", "q3-refused-fields-unrecorded", "q3-recorded-twice", "q3-always-success")
def _(c):
    user = c.known_totp_user()
    c.verify_totp(user, c.code())
    c.verify_totp(user, c.wrong_code())
    c.post("verify_totp", {})
    outcomes = [event["outcome"] for event in c.control("GET", "/events")["events"]]
    return outcomes == ["success", "incorrect_mfa_code", "invalid_request_fields"]


# C, D


def at_once(c, operation, bodies):
    async def run():
        limits = httpx.Limits(max_connections=len(bodies))
        async with httpx.AsyncClient(base_url=c.mock.base_url, limits=limits, trust_env=False) as client:
            calls = [client.post(c.paths[operation], json=body, headers=c.bearer()) for body in bodies]
            return await asyncio.gather(*calls)

    return asyncio.run(run())


def successes(responses):
    return sum(response.status_code == 200 for response in responses)


@witness("c1-totp-race")
def _(c):
    user, code = c.known_totp_user(), c.code()
    one = successes(at_once(c, "verify_totp", [c.totp_body(user, code)] * 8))
    c.control("PUT", "/limits", {"max_wrong_codes": 100})
    return one == 1 and c.verify_totp(user, code).status_code != 200


@witness("c1-challenge-race")
def _(c):
    user, challenge = challenge_of(c)
    body = {"challenge_id": challenge, "user_id": user, "code": c.sent_code(challenge)}
    return successes(at_once(c, "verify_sms", [body] * 8)) == 1


@witness("c2-grant-race")
def _(c):
    user = c.known_totp_user()
    body = {"action_type": "PAYOUT", "user_id": user, "grant": c.totp_grant(user)}
    return successes(at_once(c, "verify_grant", [body] * 8)) == 1


@witness("c3-guess-race")
def _(c):
    responses = at_once(c, "verify_totp", [c.totp_body(c.known_totp_user(), c.wrong_code())] * 12)
    return sum(response.status_code == 400 for response in responses) == 5


@witness("c4-busy-is-500")
def _(c):
    bodies = [c.totp_body(c.known_totp_user(), c.code()) for _ in range(8)]
    return successes(at_once(c, "verify_totp", bodies)) == 8


@witness("c4-mixed-up-users")
def _(c):
    users = [c.known_totp_user() for _ in range(4)]
    responses = at_once(c, "verify_totp", [c.totp_body(user, c.code()) for user in users])
    grants = [response.json()["step_up_grant"] for response in responses]
    return all(
        c.verify_grant(user, grant).status_code == 200 for user, grant in zip(users, grants, strict=True)
    )


def restart(c):
    """Let the server forget what it holds outside of its store, as a restart does."""
    enabled = c.control("GET", "/faults")["enabled"]
    c.mock.call(lambda world: world.faults.enable(enabled))


@witness("d1-spent-steps-in-memory")
def _(c):
    user, code = c.known_totp_user(), c.code()
    c.verify_totp(user, code)
    restart(c)
    return c.verify_totp(user, code).status_code == 400


@witness("d1-used-grants-in-memory")
def _(c):
    user = c.known_totp_user()
    grant = c.totp_grant(user)
    c.verify_grant(user, grant)
    restart(c)
    return c.verify_grant(user, grant).status_code == 400


@witness("d1-locks-in-memory")
def _(c):
    user = c.known_totp_user()
    wrong_codes(c, user)
    restart(c)
    return c.verify_totp(user, c.code()).status_code == 429


@witness("d2-clock-back-revives")
def _(c):
    user = c.known_totp_user()
    grant = time_based(c, user)
    c.advance(120)
    dead = c.verify_grant(user, grant).status_code
    c.advance(-120)
    return (dead, c.verify_grant(user, grant).status_code) == (400, 400)


@witness("d2-caller-sets-clock")
def _(c):
    user = c.known_totp_user()
    grant = time_based(c, user)
    c.advance(120)
    body = {"action_type": "PAYOUT", "user_id": user, "grant": grant}
    headers = c.bearer() | {"Date": "Tue, 14 Nov 2023 22:13:30 GMT"}
    return c.http.post(c.paths["verify_grant"], json=body, headers=headers).status_code == 400
