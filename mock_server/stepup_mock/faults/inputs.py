"""Faults of I1-I5: what a body may be."""

import html
import json
import traceback
from collections.abc import Callable
from typing import Any

import orjson

from stepup_mock import responses, totp
from stepup_mock.body_reader import ClientGone
from stepup_mock.faults import Seams, fault
from stepup_mock.faults.tools import FOREVER, with_changes
from stepup_mock.responses import ApiResponse
from stepup_mock.validation import InvalidFields

Document = dict[str, Any]


def _coerce(seams: Seams, change: Callable[[str, Document], Document]) -> None:
    """Validate what ``change(operation_id, document)`` makes of a body instead of the body."""

    @seams.replace(seams.api.check_fields)
    def _(original: Any, operation_id: str, document: Document) -> Any:
        return original(operation_id, change(operation_id, dict(document)))


def _field(name: str, change: Callable[[Any], Any]) -> Callable[[str, Document], Document]:
    def changed(_operation_id: str, document: Document) -> Document:
        return document | {name: change(document[name])} if name in document else document

    return changed


@fault("A missing or empty action is replaced by a default.")
def i1_default_action(seams: Seams) -> None:
    _coerce(seams, lambda _, document: document | {"action_type": document.get("action_type") or "DEFAULT"})


@fault("A missing lifetime is read as five minutes.")
def i1_default_life(seams: Seams) -> None:
    _coerce(seams, lambda _, document: {"valid_for_seconds": 300} | document)


@fault("Null is read as the string null.")
def i1_null_is_text(seams: Seams) -> None:
    names = ("action_type", "code", "grant", "challenge_id")
    _coerce(
        seams,
        lambda _, document: document | {name: "null" for name in names if document.get(name, "") is None},
    )


@fault("The error does not name the invalid field.")
def i1_fields_not_named(seams: Seams) -> None:
    @seams.replace(seams.api.check_fields)
    def _(original: Any, operation_id: str, document: Document) -> Any:
        try:
            return original(operation_id, document)
        except InvalidFields as error:
            raise InvalidFields({"request": next(iter(error.fields.values()))}) from None


@fault("A number is read as its digits.")
def i2_numbers_are_text(seams: Seams) -> None:
    def digits(_operation_id: str, document: Document) -> Document:
        names = ("code", "action_type", "grant", "challenge_id")
        return document | {name: str(document[name]) for name in names if type(document.get(name)) is int}

    _coerce(seams, digits)


@fault("The first element of a list is used.")
def i2_first_of_a_list(seams: Seams) -> None:
    def first(_operation_id: str, document: Document) -> Document:
        return {
            name: value[0] if isinstance(value, list) and value else value for name, value in document.items()
        }

    _coerce(seams, first)


@fault("A list of codes is accepted if one of them is correct.")
def i2_any_of_a_list(seams: Seams) -> None:
    def right_one(operation_id: str, document: Document) -> Document:
        code = document.get("code")
        if isinstance(code, list):
            right = _right_code(seams, operation_id, document)
            return document | {"code": right if right in code else "000000"}
        return document

    _coerce(seams, right_one)


@fault("An object is read as a condition, as a document database does.")
def i2_operators(seams: Seams) -> None:
    def met(operation_id: str, document: Document) -> Document:
        if isinstance(document.get("code"), dict):
            return document | {"code": _right_code(seams, operation_id, document) or "000000"}
        return document

    _coerce(seams, met)


def _right_code(seams: Seams, operation_id: str, document: Document) -> str | None:
    if operation_id == "verifySmsChallenge":
        codes = {message.challenge_id: message.code for message in seams.inbox.messages}
        return codes.get(str(document.get("challenge_id")))
    user_id = str(document.get("user_id")).lower()
    enrolled = seams.store.totp_secret(seams.store.environment_of(user_id) or "", user_id)
    step = int(seams.clock.now()) // seams.policy.limits.totp_step_seconds
    return totp.code_at(enrolled[1], step) if enrolled else None


@fault("The grant type may be written in lower case.")
def i3_types_in_any_case(seams: Seams) -> None:
    _coerce(seams, _field("grant_type", lambda value: value.upper() if isinstance(value, str) else value))


@fault("An unknown grant type is read as time-based.")
def i3_unknown_type_is_time_based(seams: Seams) -> None:
    known = ("ONE_TIME_USE", "TIME_BASED")
    _coerce(
        seams,
        _field("grant_type", lambda value: "TIME_BASED" if value and value not in known else value),
    )


@fault("A lifetime may be a string of digits.")
def i3_text_is_a_number(seams: Seams) -> None:
    _coerce(
        seams,
        _field("valid_for_seconds", lambda value: int(value) if str(value).isdecimal() else value),
    )


@fault("A lifetime may be a fraction, which is cut off.")
def i3_fractions_cut(seams: Seams) -> None:
    _coerce(
        seams, _field("valid_for_seconds", lambda value: int(value) if isinstance(value, float) else value)
    )


@fault("True is read as the number 1.")
def i3_true_is_one(seams: Seams) -> None:
    _coerce(seams, _field("valid_for_seconds", lambda value: int(value) if value is True else value))


def _bounds(seams: Seams, replace: Callable[[int], int]) -> None:
    """Accept any integer as a lifetime, and use what ``replace`` makes of it."""

    @seams.replace(seams.api.check_fields)
    def _(original: Any, operation_id: str, document: Document) -> Any:
        lifetime = document.get("valid_for_seconds")
        if type(lifetime) is not int or replace(lifetime) == lifetime:
            return original(operation_id, document)
        fields = original(operation_id, document | {"valid_for_seconds": 1})
        return fields | {"valid_for_seconds": replace(lifetime)}


@fault("A lifetime of 0 or less never ends.")
def i3_zero_is_forever(seams: Seams) -> None:
    _bounds(seams, lambda lifetime: FOREVER if lifetime < 1 else lifetime)


@fault("A lifetime may have any length.")
def i3_no_upper_bound(seams: Seams) -> None:
    @seams.replace(seams.api.check_fields)
    def _(original: Any, operation_id: str, document: Document) -> Any:
        lifetime = document.get("valid_for_seconds")
        if type(lifetime) is not int or lifetime <= 86400:
            return original(operation_id, document)
        return original(operation_id, document | {"valid_for_seconds": 1}) | {
            "valid_for_seconds": min(lifetime, 10**12)
        }


@fault("Only the first 100 characters of an action are kept.")
def i4_cut_action(seams: Seams) -> None:
    _coerce(seams, _field("action_type", lambda value: value[:100] if isinstance(value, str) else value))


@fault("Actions are escaped for HTML when a grant is issued.")
def i4_escaped_action(seams: Seams) -> None:
    def escaped(operation_id: str, document: Document) -> Document:
        if operation_id == "verifyStepUpGrant" or not isinstance(document.get("action_type"), str):
            return document
        return document | {"action_type": html.escape(document["action_type"])[:256]}

    _coerce(seams, escaped)


@fault("A quote in an action makes the server fail.")
def i4_quotes_fail(seams: Seams) -> None:
    @seams.replace(seams.api.perform)
    def _(original: Any, operation_id: str, access: Any, fields: Document, at: float) -> ApiResponse:
        response: ApiResponse = original(operation_id, access, fields, at)
        return responses.INTERNAL if "'" in str(fields.get("action_type")) else response


@fault("Malformed JSON makes the server fail.")
def i5_bad_json_is_500(seams: Seams) -> None:
    @seams.replace(seams.api.parse)
    def _(_original: Any, body: bytes) -> Any:
        document = orjson.loads(body)
        if not isinstance(document, dict):
            raise TypeError("a JSON object was expected")
        return document

    _no_log(seams)


def _no_log(seams: Seams) -> None:
    @seams.replace(seams.api.respond)
    async def _(original: Any, *request: Any) -> ApiResponse:
        try:
            response: ApiResponse = await original(*request)
        except (ValueError, TypeError):
            return responses.INTERNAL
        return response


@fault("Of two equal keys the last one is used.")
def i5_last_key_wins(seams: Seams) -> None:
    @seams.replace(seams.api.parse)
    def _(original: Any, body: bytes) -> Any:
        try:
            return original(body)
        except InvalidFields:
            try:
                document = orjson.loads(body)
            except orjson.JSONDecodeError:
                document = None
            if not isinstance(document, dict):
                raise
            return document


@fault("NaN, invalid UTF-8 and a byte order mark are accepted.")
def i5_lenient_json(seams: Seams) -> None:
    @seams.replace(seams.api.parse)
    def _(original: Any, body: bytes) -> Any:
        try:
            return original(body)
        except InvalidFields:
            try:
                document = json.loads(body.decode("utf-8-sig", errors="replace"))
            except (ValueError, RecursionError):
                document = None
            if not isinstance(document, dict):
                raise
            return document


@fault("The response to malformed JSON contains a stack trace.")
def i5_stack_trace(seams: Seams) -> None:
    @seams.replace(seams.api.respond)
    async def _(original: Any, *request: Any) -> ApiResponse:
        response: ApiResponse = await original(*request)
        if b"invalid_json" not in response.body:
            return response
        trace = "Traceback (most recent call last):\n" + "".join(traceback.format_stack()[-2:])
        return with_changes(response, lambda document: document | {"detail": trace})


@fault("A body of any type is read as JSON.")
def i5_any_media_type(seams: Seams) -> None:
    @seams.replace(seams.api.check_media_type)
    def _(_original: Any, _headers: Any) -> None:
        return None


@fault("Bodies may have any size.")
def i5_any_size(seams: Seams) -> None:
    @seams.replace(seams.api.read_body)
    async def _(_original: Any, _scope: Any, _headers: Any, receive: Any) -> bytes:
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            body += message["body"]
            more = message.get("more_body", False)
        return body
