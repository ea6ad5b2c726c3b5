"""Faults of I1-I5: what a body may be."""

import html
import json
import traceback
from collections.abc import Callable
from typing import Any

import orjson

from stepup_mock import answers, totp
from stepup_mock.answers import Answer
from stepup_mock.faults import Patient, fault
from stepup_mock.faults.tools import remade
from stepup_mock.reading import ClientGone
from stepup_mock.validation import InvalidFields

_FOREVER = 10**7
Document = dict[str, Any]


def _coerce(patient: Patient, change: Callable[[str, Document], Document]) -> None:
    """Judge what ``change(operation_id, document)`` makes of a body instead of the body."""

    @patient.instead_of(patient.app, "_check")
    def _(original: Any, operation_id: str, document: Document) -> Any:
        return original(operation_id, change(operation_id, dict(document)))


def _field(name: str, change: Callable[[Any], Any]) -> Callable[[str, Document], Document]:
    def changed(_operation_id: str, document: Document) -> Document:
        return document | {name: change(document[name])} if name in document else document

    return changed


@fault("i1-default-action", "A missing or empty action is taken for a default one.")
def _(patient: Patient) -> None:
    _coerce(patient, lambda _, document: document | {"action_type": document.get("action_type") or "DEFAULT"})


@fault("i1-default-life", "A missing life is taken for five minutes.")
def _(patient: Patient) -> None:
    _coerce(patient, lambda _, document: {"valid_for_seconds": 300} | document)


@fault("i1-null-is-text", "Null is taken for the text null.")
def _(patient: Patient) -> None:
    names = ("action_type", "code", "grant", "challenge_id")
    _coerce(
        patient,
        lambda _, document: document | {name: "null" for name in names if document.get(name, "") is None},
    )


@fault("i1-fields-not-named", "A refusal does not say which field it is about.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_check")
    def _(original: Any, operation_id: str, document: Document) -> Any:
        try:
            return original(operation_id, document)
        except InvalidFields as error:
            raise InvalidFields({"request": next(iter(error.fields.values()))}) from None


@fault("i2-numbers-are-text", "A number is taken for its digits.")
def _(patient: Patient) -> None:
    def digits(_operation_id: str, document: Document) -> Document:
        names = ("code", "action_type", "grant", "challenge_id")
        return document | {name: str(document[name]) for name in names if type(document.get(name)) is int}

    _coerce(patient, digits)


@fault("i2-first-of-a-list", "Of a list the first element counts.")
def _(patient: Patient) -> None:
    def first(_operation_id: str, document: Document) -> Document:
        return {
            name: value[0] if isinstance(value, list) and value else value for name, value in document.items()
        }

    _coerce(patient, first)


@fault("i2-any-of-a-list", "A list of codes is right when one of them is.")
def _(patient: Patient) -> None:
    def right_one(operation_id: str, document: Document) -> Document:
        code = document.get("code")
        if isinstance(code, list):
            right = _right_code(patient, operation_id, document)
            return document | {"code": right if right in code else "000000"}
        return document

    _coerce(patient, right_one)


@fault("i2-operators", "An object is taken for a condition, as by a document database.")
def _(patient: Patient) -> None:
    def met(operation_id: str, document: Document) -> Document:
        if isinstance(document.get("code"), dict):
            return document | {"code": _right_code(patient, operation_id, document) or "000000"}
        return document

    _coerce(patient, met)


def _right_code(patient: Patient, operation_id: str, document: Document) -> str | None:
    if operation_id == "verifySmsChallenge":
        codes = {message.challenge_id: message.code for message in patient.mock.inbox}
        return codes.get(str(document.get("challenge_id")))
    user_id = str(document.get("user_id")).lower()
    owned = patient.store.totp_secret(patient.store.environment_of(user_id) or "", user_id)
    step = int(patient.mock.clock.now()) // patient.step_up.limits.totp_step_seconds
    return totp.code_at(owned[1], step) if owned else None


@fault("i3-types-in-any-case", "The type of the grant may be written in lower case.")
def _(patient: Patient) -> None:
    _coerce(patient, _field("grant_type", lambda value: value.upper() if isinstance(value, str) else value))


@fault("i3-unknown-type-is-time-based", "An unknown type of grant is taken for a time-based one.")
def _(patient: Patient) -> None:
    known = ("ONE_TIME_USE", "TIME_BASED")
    _coerce(
        patient,
        _field("grant_type", lambda value: "TIME_BASED" if value and value not in known else value),
    )


@fault("i3-text-is-a-number", "A life may be the text of a number.")
def _(patient: Patient) -> None:
    _coerce(
        patient,
        _field("valid_for_seconds", lambda value: int(value) if str(value).isdecimal() else value),
    )


@fault("i3-fractions-cut", "A life may be a fraction, which is cut off.")
def _(patient: Patient) -> None:
    _coerce(
        patient, _field("valid_for_seconds", lambda value: int(value) if isinstance(value, float) else value)
    )


@fault("i3-true-is-one", "True is taken for the number 1.")
def _(patient: Patient) -> None:
    _coerce(patient, _field("valid_for_seconds", lambda value: int(value) if value is True else value))


def _bounds(patient: Patient, replace: Callable[[int], int]) -> None:
    """Accept any whole number as a life, and live for what ``replace`` makes of it."""

    @patient.instead_of(patient.app, "_check")
    def _(original: Any, operation_id: str, document: Document) -> Any:
        life = document.get("valid_for_seconds")
        if type(life) is not int or replace(life) == life:
            return original(operation_id, document)
        fields = original(operation_id, document | {"valid_for_seconds": 1})
        return fields | {"valid_for_seconds": replace(life)}


@fault("i3-zero-is-forever", "A life of 0 or less never ends.")
def _(patient: Patient) -> None:
    _bounds(patient, lambda life: _FOREVER if life < 1 else life)


@fault("i3-no-upper-bound", "A life may be as long as one likes.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_check")
    def _(original: Any, operation_id: str, document: Document) -> Any:
        life = document.get("valid_for_seconds")
        if type(life) is not int or life <= 86400:
            return original(operation_id, document)
        return original(operation_id, document | {"valid_for_seconds": 1}) | {
            "valid_for_seconds": min(life, 10**12)
        }


@fault("i4-cut-action", "Only the first 100 characters of an action are kept.")
def _(patient: Patient) -> None:
    _coerce(patient, _field("action_type", lambda value: value[:100] if isinstance(value, str) else value))


@fault("i4-escaped-action", "Actions are escaped for HTML when a grant is issued.")
def _(patient: Patient) -> None:
    def escaped(operation_id: str, document: Document) -> Document:
        if operation_id == "verifyStepUpGrant" or not isinstance(document.get("action_type"), str):
            return document
        return document | {"action_type": html.escape(document["action_type"])[:256]}

    _coerce(patient, escaped)


@fault("i4-quotes-fail", "A quote in an action makes the server fail.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_perform")
    def _(original: Any, operation_id: str, access: Any, fields: Document, at: float) -> Answer:
        answer: Answer = original(operation_id, access, fields, at)
        return answers.INTERNAL if "'" in str(fields.get("action_type")) else answer


@fault("i5-bad-json-is-500", "Malformed JSON makes the server fail.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_parse")
    def _(_original: Any, body: bytes) -> Any:
        document = orjson.loads(body)
        if not isinstance(document, dict):
            raise TypeError("a JSON object was expected")
        return document

    _no_log(patient)


def _no_log(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_answer")
    async def _(original: Any, *request: Any) -> Answer:
        try:
            answer: Answer = await original(*request)
        except (ValueError, TypeError):
            return answers.INTERNAL
        return answer


@fault("i5-last-key-wins", "Of two equal keys the last one counts.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_parse")
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


@fault("i5-lenient-json", "NaN, invalid UTF-8 and a byte order mark are let through.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_parse")
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


@fault("i5-stack-trace", "The answer to malformed JSON holds a stack trace.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_answer")
    async def _(original: Any, *request: Any) -> Answer:
        answer: Answer = await original(*request)
        if b"invalid_json" not in answer.body:
            return answer
        trace = "Traceback (most recent call last):\n" + "".join(traceback.format_stack()[-2:])
        return remade(answer, lambda document: document | {"detail": trace})


@fault("i5-any-media-type", "A body of any type is read as JSON.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_judge_media_type")
    def _(_original: Any, _headers: Any) -> None:
        return None


@fault("i5-any-size", "Bodies may be as large as one likes.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app._reader, "read")
    async def _(_original: Any, _scope: Any, _headers: Any, receive: Any) -> bytes:
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            body += message["body"]
            more = message.get("more_body", False)
        return body
