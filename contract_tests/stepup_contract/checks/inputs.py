"""Group I: an invalid field is rejected by name; nothing is coerced or truncated, and nothing crashes.

Each request is one that is known to succeed with a single thing changed, so it can only be rejected for
that; at the end the original request shows that nothing was used up.
"""

import json
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from stepup_contract.checks import check
from stepup_contract.checks.authentication import random_request
from stepup_contract.scenario.check_run import CheckRun
from stepup_contract.scenario.finding import MUST, SHOULD
from stepup_contract.scenario.judged import JudgedSession
from stepup_contract.server.connect import Need
from stepup_contract.server.operations import (
    ACTION,
    GRANT_NOT_FOUND,
    INVALID_JSON,
    ONE_TIME_USE,
    POSTS,
    SEND_SMS,
    VERIFY_GRANT,
    VERIFY_SMS,
    VERIFY_TOTP,
    Operation,
    Rejection,
    grant_body,
    invalid,
    sms_body,
    totp_body,
    verify_sms_body,
)

Body = dict[str, Any]
# Makes a request body that will succeed, once.
Make = Callable[[JudgedSession], Awaitable[Body]]


async def _totp(session: JudgedSession) -> Body:
    user = await session.totp_user()
    return totp_body(user.id, session.code(user), ACTION, ONE_TIME_USE, 60)


async def _send(session: JudgedSession) -> Body:
    user = await session.phone_user()
    return sms_body(user.id, user.phones[0].id, ACTION, ONE_TIME_USE, 60)


async def _verify_sms(session: JudgedSession) -> Body:
    challenge = await session.challenge()
    return verify_sms_body(challenge.user.id, challenge.id, challenge.code)


async def _grant(session: JudgedSession) -> Body:
    grant = await session.totp_grant()
    return grant_body(grant.user_id, grant.value, grant.action)


GOOD: list[tuple[str, Operation, Make]] = [
    (VERIFY_TOTP.id, VERIFY_TOTP, _totp),
    (SEND_SMS.id, SEND_SMS, _send),
    (VERIFY_SMS.id, VERIFY_SMS, _verify_sms),
    (VERIFY_GRANT.id, VERIFY_GRANT, _grant),
]


async def good_at_the_end(session: JudgedSession, operation: Operation, body: Body) -> None:
    """Send the request as it should be: it succeeds, and for a send there is just the one message."""
    exchange = await session.send(operation, body)
    value = session.control(exchange, operation, "the same request without the fault")
    if operation is SEND_SMS and session.server.pool is None:
        messages = await session.messages(challenge_id=value)
        for message in messages[:1]:
            messages = await session.messages(phone_number=message.phone_number)
        sent = len(messages)
        session.expect(exchange, sent == 1, "one message for the one valid send", got=f"{sent} messages")


@check("I1", Need.SEED, Need.INBOX)
async def required_fields(run: CheckRun) -> None:
    """Leave out, empty and null each field of each POST, then all of them: each is named, nothing
    is used.
    """

    async def steps(session: JudgedSession, operation: Operation, make: Make) -> None:
        good = await make(session)
        for field in good:
            without = {name: value for name, value in good.items() if name != field}
            for how, body in (
                ("missing", without),
                ("null", good | {field: None}),
                ("empty", good | {field: ""}),
            ):
                exchange = await session.send(operation, body)
                what = f"`{field}` {how}"
                session.rejected(exchange, invalid(field), what, exactly=MUST)
                if how != "empty" or field != "valid_for_seconds":
                    session.rejected(exchange, invalid(field, "required"), what)
        nothing = await session.send(operation, {})
        for field in good:
            session.rejected(nothing, invalid(field, "required"), f"no fields at all, `{field}`")
        await good_at_the_end(session, operation, good)

    await run.each(steps, GOOD)


@check("I2", Need.SEED, Need.INBOX)
async def strings_are_strings(run: CheckRun) -> None:
    """Send right values in other types: numbers, booleans, arrays, objects; each is named, nothing is
    coerced.
    """

    async def steps(session: JudgedSession, operation: Operation, make: Make) -> None:
        good = await make(session)
        for field, value in good.items():
            if not isinstance(value, str):
                continue
            wrong = {
                "a number": int(value) if value.isdigit() and value[0] != "0" else 123456,
                "true": True,
                "false": False,
                "zero": 0,
                "an array with the right value": [value],
                "an array of many values": ["000000", value, "111111"],
                "an empty array": [],
                "an object": {"$ne": ""},
                "an object with the right value": {"value": value},
                "an empty object": {},
            }
            for how, other in wrong.items():
                exchange = await session.send(operation, good | {field: other})
                what = f"`{field}` as {how}"
                session.rejected(exchange, invalid(field), what, exactly=MUST)
                session.rejected(exchange, invalid(field, "invalid_type"), what)
        await good_at_the_end(session, operation, good)

    await run.each(steps, GOOD)


@check("I2", Need.SEED, Need.INBOX)
async def extra_fields_change_nothing(run: CheckRun) -> None:
    """Add unknown fields to a valid request: it succeeds as without them."""

    async def steps(session: JudgedSession, operation: Operation, make: Make) -> None:
        body = await make(session) | {"extra": {"code": "000000"}, "is_admin": True, "success": True}
        exchange = await session.send(operation, body)
        held = exchange.status == 200
        session.expect(exchange, held, "200", "unknown fields with the known ones", SHOULD)

    await run.each(steps, GOOD)


# Raw JSON for a field, as no JSON library would write it.
_NOT_GRANT_TYPES = (
    '"one_time_use"', '"ONE_TIME_USE "', '" TIME_BASED"', '"ONE-TIME-USE"', '"ONE_TIME"',
    '"TIME_BASED\\u0000"', '"FOREVER"',
    "1", "true", '["ONE_TIME_USE"]', '{"type": "TIME_BASED"}', '"ONE_TIME_USE,TIME_BASED"',
)  # fmt: skip
_NOT_LIFETIMES = (
    "0", "-1", "1.5", "0.5", '"60"', "true", "[60]", '{"seconds": 60}', "1e999", "-1e999",
    "9223372036854775808", "-9223372036854775809", "18446744073709551617", "1e30", '"1e2"', '""',
)  # fmt: skip


@check("I3", Need.SEED, Need.INBOX)
async def grant_types_and_lifetimes(run: CheckRun) -> None:
    """Send grant types and lifetimes out of bounds and in other types: rejected by name, and the code is
    still valid.
    """
    longest = run.server.limit("max_valid_for_seconds", 86400)
    lifetimes = (
        *_NOT_LIFETIMES,
        *((str(longest + 1),) if "max_valid_for_seconds" in run.server.limits else ()),
    )

    async def steps(session: JudgedSession, operation: Operation, make: Make) -> None:
        good = await make(session)
        for field, values in (("grant_type", _NOT_GRANT_TYPES), ("valid_for_seconds", lifetimes)):
            for raw in values:
                text = json.dumps(good | {field: "\0"}).replace('"\\u0000"', raw)
                exchange = await session.send(operation, content=text.encode())
                what = f"`{field}`: {raw}"
                rejected = exchange.error_code == "invalid_request_fields" and exchange.status == 400
                session.expect(exchange, 400 <= exchange.status < 500, "4xx", what)
                session.expect(exchange, rejected, "400 invalid_request_fields", what, SHOULD)
                if "e999" not in raw:
                    session.rejected(exchange, invalid(field), what)
        await good_at_the_end(session, operation, good)

    await run.each(steps, GOOD[:2])


@check("I3", Need.SEED)
async def bounds_are_within(run: CheckRun) -> None:
    """Send the shortest and the longest lifetime that are allowed: accepted."""

    async def steps(session: JudgedSession, lifetime: int) -> None:
        user = await session.totp_user()
        exchange = await session.verify_totp(user.id, session.code(user), valid_for=lifetime)
        session.expect(exchange, exchange.status == 200, "200", "", SHOULD)

    longest = run.server.limit("max_valid_for_seconds", 86400)
    await run.each(steps, [(f"a lifetime of {lifetime} s", lifetime) for lifetime in (1, longest)])


ACTIONS = {
    "quotes": 'it\'s "quoted" `here`',
    "newlines": "first\nsecond\r\nthird",
    "an emoji": "pay \U0001f4b8 now",
    "joined emojis": "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "a template": "{{7*7}}${7*7}<%= 7*7 %>#{7*7}",
    "SQL": "'; DROP TABLE grants; --",
    "HTML": "<script>alert(1)</script>&amp;",
    "a path": "../../etc/passwd",
    "a NUL": "before\u0000after",
    "right to left": "\u202eabc\u05d0",
    "spaces around": "  padded  ",
    "a backslash": "back\\slash\\u0041",
    "a percent": "100%25 %s %n",
    "the word null": "null",
    "a number": "0",
    "one letter": "a",
    "JSON": '{"action_type": "x"}',
    "128 characters": "abcdefgh" * 16,
    "256 characters": "x" * 256,
    "256 characters of four bytes": "\U0001f4b8" * 256,
}


# The same for named users, who have few codes: much in little.
DENSE = {
    "quotes, markup and templates": "it's \"x\" `y` <b>&amp;</b>'; DROP TABLE g; -- {{7*7}}${7*7}<%= 7 %> %s",
    "newlines, backslashes and paths": "first\nsecond\r\nthird\\ \\u0041 ../../etc/passwd 100%25  ",
    "letters of all kinds": "  \U0001f4b8 \U0001f468\u200d\U0001f469 e\u0301 \u202eab\u05d0",
    "128 characters": "abcdefgh" * 16,
}


@check("I4", Need.SEED, Need.INBOX)
async def actions_are_opaque(run: CheckRun) -> None:
    """Issue and verify grants for actions full of quotes, markup and unusual letters: each verifies exactly
    as it was sent.
    """
    longest = run.server.limit("max_action_type_length", 256)

    async def steps(session: JudgedSession, action: str, by_sms: bool) -> None:
        strength = MUST if len(action.encode()) <= 128 and "\0" not in action else SHOULD
        if by_sms:
            user = await session.phone_user()
            exchange = await session.send_sms(user.id, user.phones[0].id, action=action)
            if not session.expect(exchange, exchange.status == 200, "200", "the send", strength):
                return
            messages = await session.messages(challenge_id=str(exchange.member("challenge_id")))
            exchange = await session.verify_sms(user.id, messages[0].challenge_id, messages[0].code)
            user_id = user.id
        else:
            app = await session.totp_user()
            exchange = await session.verify_totp(app.id, session.code(app), action=action)
            user_id = app.id
        if not session.expect(exchange, exchange.status == 200, "200", "the code", strength):
            return
        grant = exchange.member("step_up_grant")
        other = await session.verify_grant(user_id, grant, f"{action[:-1]}?")
        session.rejected(other, GRANT_NOT_FOUND, "an action that ends in another letter")
        same = await session.verify_grant(user_id, grant, action)
        session.expect(same, same.status == 200, "200", "the same action")

    if run.server.pool is not None:
        await run.each(steps, [(f"an action with {how}", action, False) for how, action in DENSE.items()])
        return
    cases = [
        (f"an action with {how}{' by SMS' if turn % 3 == 0 else ''}", action, turn % 3 == 0)
        for turn, (how, action) in enumerate(ACTIONS.items())
        if len(action) <= longest
    ]
    await run.each(steps, cases)


@check("I4", Need.SEED)
async def long_actions_are_not_cut(run: CheckRun, *, longest: int) -> None:
    """Send actions beyond the limit: rejected by name, or all of the action is needed to verify."""
    limit = run.server.limit("max_action_type_length", 256)

    async def steps(session: JudgedSession, length: int) -> None:
        user = await session.totp_user()
        action = "x" * length
        exchange = await session.verify_totp(user.id, session.code(user), action=action)
        rejected = 400 <= exchange.status < 500
        session.expect(exchange, rejected or exchange.status == 200, "4xx or 200")
        if "max_action_type_length" in run.server.limits and length < 60_000:
            session.rejected(exchange, invalid("action_type", "invalid_value"), "an action that is too long")
        if exchange.status == 200:
            for cut in {limit, length - 1}:
                shorter = await session.verify_grant(user.id, exchange.member("step_up_grant"), "x" * cut)
                session.rejected(shorter, GRANT_NOT_FOUND, f"only {cut} characters of it", exactly=SHOULD)
        else:
            again = await session.verify_totp(user.id, session.code(user))
            session.control(again, VERIFY_TOTP, "the same code for a shorter action")

    lengths = (limit + 1, 2 * limit, longest)
    await run.each(steps, [(f"an action of {length} characters", length) for length in lengths])


_TRACES = (
    "traceback",
    "stack trace",
    'file "/',
    '.py"',
    "at java.",
    "exception in",
    "node_modules",
    "goroutine",
)


def corpus(operation: Operation) -> dict[str, tuple[bytes, str | None, Rejection | None]]:
    """Return broken bodies: content, content type and the rejection that the contract promises for each."""
    body, _ = random_request(operation)
    good = json.dumps(body).encode()
    json_type = "application/json"
    too_large, unsupported = Rejection(413, "request_too_large"), Rejection(415, "unsupported_media_type")
    # Long, as it is a table.
    broken = {
        "an empty body": b"",
        "half a body": good[: len(good) // 2],
        "a trailing comma": good[:-1] + b",}",
        "single quotes": good.replace(b'"', b"'"),
        "text after the object": good + b"x",
        "two objects": good + good,
        "a byte order mark": b"\xef\xbb\xbf" + good,
        "UTF-16": good.decode().encode("utf-16"),
        "invalid UTF-8": good.replace(b"SENSITIVE", b"\xff\xfe").replace(
            body["user_id"].encode(), b"\xc3\x28"
        ),
        "a lone surrogate": good[:-1] + b', "note": "\\ud800"}',
        "a bare newline in a string": good[:-1] + b', "note": "a\nb"}',
        "NaN": good[:-1] + b', "note": NaN}',
        "Infinity": good[:-1] + b', "note": -Infinity}',
        "an array": b"[" + good + b"]",
        "a string": json.dumps(good.decode()).encode(),
        "a number": b"1",
        "null": b"null",
        "true": b"true",
        "deep arrays": b"[" * 20_000,
        "deep arrays, closed": good[:-1] + b', "note": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
        "deep objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        "a comment": good[:-1] + b"/* */}",
        "zeros": bytes(64),
    }
    cases: dict[str, tuple[bytes, str | None, Rejection | None]] = {
        how: (content, json_type, INVALID_JSON) for how, content in broken.items()
    }
    # A parser with a limit of its own treats this body as not JSON.
    cases["deep arrays, closed"] = (broken["deep arrays, closed"], json_type, None)
    cases |= {
        "a body over 64 KiB": (good[:-1] + b', "note": "' + b"x" * 65_536 + b'"}', json_type, too_large),
        "text/plain": (good, "text/plain", unsupported),
        "a form": (b"user_id=1&code=2", "application/x-www-form-urlencoded", unsupported),
        "XML": (b"<a/>", "application/xml", unsupported),
        "no content type": (good, None, unsupported),
        "a type that only begins like JSON": (good, "application/jsonx", unsupported),
    }
    return cases


@check("I5")
async def broken_bodies(run: CheckRun) -> None:
    """Send bodies that are not JSON objects, too deep, too large or of another type: a JSON 4xx for each."""

    async def steps(session: JudgedSession, operation: Operation) -> None:
        for how, (content, content_type, rejection) in corpus(operation).items():
            exchange = await session.send(operation, content=content, content_type=content_type)
            told = exchange.status in (400, 413, 415) and isinstance(exchange.error_code, str)
            session.expect(exchange, told, "400, 413 or 415 in JSON", how)
            trace = any(word in exchange.text.lower() for word in _TRACES)
            session.expect(exchange, not trace, "no stack trace", how)
            if rejection is not None:
                session.rejected(exchange, rejection, how)
        body, _ = random_request(operation)
        parsed = await session.send(operation, body, content_type="application/json; charset=utf-8")
        alive = parsed.status in (400, 404) and parsed.field_error("body") is not INVALID_JSON.field_code
        if not alive:
            session.expect(
                parsed, False, "400 or 404 for a well-formed request (positive control)", "at the end"
            )

    await run.each(steps, [(operation.id, operation) for operation in POSTS])


@check("I5", Need.SEED, Need.INBOX)
async def keys_that_occur_twice(run: CheckRun) -> None:
    """Send a valid request in which a key occurs twice, at the top and deeper: rejected, and
    nothing is used up.
    """

    async def steps(session: JudgedSession, operation: Operation, make: Make) -> None:
        good = await make(session)
        text = json.dumps(good)
        twice = {
            f"`{field}`": f"{text[:-1]}, {json.dumps(field)}: {json.dumps(good[field])}}}" for field in good
        }
        twice["another value first"] = f'{{"user_id": "{uuid.uuid4()}", {text[1:]}'
        twice["a nested key"] = f'{text[:-1]}, "note": {{"a": 1, "a": 2}}}}'
        twice["a key in an array"] = f'{text[:-1]}, "note": [{{"a": 1, "a": 1}}]}}'
        twice["an escaped key"] = f'{text[:-1]}, "user\\u005fid": "{uuid.uuid4()}"}}'
        for how, content in twice.items():
            exchange = await session.send(operation, content=content.encode())
            session.expect(exchange, 0 < exchange.status < 500, "no 5xx", f"{how} twice")
            held = INVALID_JSON.matches(exchange)
            if not session.expect(exchange, held, str(INVALID_JSON), f"{how} twice", SHOULD):
                return
        await good_at_the_end(session, operation, good)

    await run.each(steps, GOOD)


@check("I5", Need.SEED, Need.INBOX)
async def broken_bodies_use_nothing_up(run: CheckRun) -> None:
    """Send a right code in broken bodies: rejected, and the code is still valid."""

    async def steps(session: JudgedSession, operation: Operation, make: Make) -> None:
        good = await make(session)
        content = json.dumps(good).encode()
        for how, sent, content_type in (
            ("text after it", content + b" x", "application/json"),
            ("an array around it", b"[" + content + b"]", "application/json"),
            ("text/plain", content, "text/plain"),
            ("70 kB beside it", content[:-1] + b', "n": "' + b"x" * 70_000 + b'"}', "application/json"),
        ):
            exchange = await session.send(operation, content=sent, content_type=content_type)
            session.expect(exchange, exchange.status in (400, 413, 415), "400, 413 or 415", how)
        await good_at_the_end(session, operation, good)

    await run.each(steps, GOOD)
