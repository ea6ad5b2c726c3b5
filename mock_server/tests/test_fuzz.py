"""Thousands of bodies that nobody would send: each gets a JSON response, and the rules hold afterwards."""

import json
import random

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepup_mock.validation import InvalidFields, parse

FIELDS = ("action_type", "user_id", "code", "grant_type", "valid_for_seconds", "challenge_id", "grant", "x")
USER = "31c41c16-c281-44ae-9602-8a047e3bf33d"
VALUES = (
    None,
    "",
    0,
    -1,
    1.5,
    2**63,
    True,
    [],
    {},
    USER,
    USER.upper(),
    "123456",
    "ONE_TIME_USE",
    [["a"]],
    "\0",
    60,
)


def spoilt(choice: random.Random) -> bytes:
    """Return a body that is nearly right, cut, noise, deep or long."""
    document = {name: choice.choice(VALUES) for name in choice.sample(FIELDS, choice.randrange(len(FIELDS)))}
    body = json.dumps(document).encode()
    match choice.randrange(12):
        case 0:
            return body[: choice.randrange(len(body))]
        case 1:
            return choice.randbytes(choice.randrange(200))
        case 2:
            return b'{"a":' + b"[" * choice.randrange(5000) + b"1"
        case 3:
            return body + b" " * choice.randrange(65_000, 67_000)
    return body


def test_fuzzed_bodies_get_json_and_break_nothing(caller):
    """No 5xx, always the envelope, and a code is still accepted exactly once afterwards."""
    choice = random.Random(1)
    user_id = caller.known_totp_user()
    headers = caller.bearer() | {"Content-Type": "application/json"}
    statuses = set()
    for _ in range(2000):
        path = choice.choice(list(caller.paths.values()))
        response = caller.http.post(path, content=spoilt(choice), headers=headers)
        statuses.add(response.status_code)
        assert isinstance(response.json()["error_code"], str)
    assert statuses == {400, 413}
    code = caller.code()
    assert [caller.verify_totp(user_id, code).status_code for _ in range(2)] == [200, 400]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.lists(st.tuples(st.text(st.characters(codec="utf-8"), max_size=3), json_values), max_size=6),
    st.booleans(),
)
@settings(max_examples=500, deadline=None)
def test_an_object_is_read_exactly_when_its_keys_differ(pairs, escape):
    """A body is accepted and read as it is, unless it has a key twice; escapes make no difference."""
    members = [
        f"{json.dumps(key, ensure_ascii=escape)}: {orjson.dumps(value).decode()}" for key, value in pairs
    ]
    body = ("{" + ", ".join(members) + "}").encode()
    if len({key for key, _ in pairs}) == len(pairs):
        assert parse(body) == dict(pairs)
    else:
        with pytest.raises(InvalidFields) as caught:
            parse(body)
        assert caught.value.fields == {"body": "invalid_json"}
