"""Faults of A1-A4: who is let in, and how it is told."""

from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import orjson

from stepup_mock import answers
from stepup_mock.access import DEFAULT_ENVIRONMENT, Access
from stepup_mock.answers import Answer
from stepup_mock.app import uuid_of
from stepup_mock.faults import Patient, fault
from stepup_mock.faults.tools import without
from stepup_mock.operations import LOOKUP
from stepup_mock.step_up import IncorrectCode, InvalidField, Locked, UserNotFound
from stepup_mock.validation import InvalidFields


@fault("a1-key-in-query", "The key is also taken from the query.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_answer")
    async def _(original: Any, scope: Any, operation_id: Any, headers: Any, receive: Any) -> Answer:
        for values in parse_qs(scope["query_string"]).values():
            if b"authorization" not in headers and patient.mock.api_keys.find(b"Bearer " + values[0]):
                headers = headers | {b"authorization": b"Bearer " + values[0]}
        answer: Answer = await original(scope, operation_id, headers, receive)
        return answer


@fault("a1-any-scheme", "The key counts under any scheme, such as Basic.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_access")
    def _(original: Any, headers: Any) -> Access | Answer:
        _, _, key = headers.get(b"authorization", b"").partition(b" ")
        access: Access | Answer = original(headers | {b"authorization": b"Bearer " + key} if key else headers)
        return access


@fault("a1-lookup-open", "The lookup forgets to ask for the key.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_answer")
    async def _(original: Any, scope: Any, operation_id: Any, headers: Any, receive: Any) -> Answer:
        if operation_id == LOOKUP:
            return patient.app._lookup(scope["raw_path"], Access(DEFAULT_ENVIRONMENT))
        answer: Answer = await original(scope, operation_id, headers, receive)
        return answer


@fault("a1-body-judged-first", "A bad body is answered with 400 before the key is looked at.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_answer")
    async def _(original: Any, scope: Any, operation_id: Any, headers: Any, receive: Any) -> Answer:
        if operation_id in patient.mock.bodies and isinstance(patient.app._access(headers), Answer):
            try:
                body = await patient.app._reader.read(scope, headers, receive)
                patient.app._check(operation_id, patient.app._parse(body))
            except InvalidFields as error:
                return answers.invalid_fields(error.fields)
        answer: Answer = await original(scope, operation_id, headers, receive)
        return answer


@fault("a1-users-told-apart", "With a bad key an unknown user gets 404 and a known one 401.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_answer")
    async def _(original: Any, scope: Any, operation_id: Any, headers: Any, receive: Any) -> Answer:
        answer: Answer = await original(scope, operation_id, headers, receive)
        if answer.status == 401 and operation_id == LOOKUP:
            found = patient.app._lookup(scope["raw_path"], Access(DEFAULT_ENVIRONMENT))
            return found if found.status == 404 else answer
        return answer


@fault("a1-anonymous-guesses-count", "Codes sent without a key count as wrong codes of the user.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_answer")
    async def _(original: Any, scope: Any, operation_id: Any, headers: Any, receive: Any) -> Answer:
        if operation_id == "verifyStepUpTotpChallenge" and isinstance(patient.app._access(headers), Answer):
            document = orjson.loads(await patient.app._reader.read(scope, headers, receive))
            user_id = uuid_of(str(document.get("user_id")))
            if user_id is not None and patient.store.user(DEFAULT_ENVIRONMENT, user_id):
                with suppress(Locked):
                    patient.step_up._count_attempt(DEFAULT_ENVIRONMENT, user_id, patient.mock.clock.now())
        answer: Answer = await original(scope, operation_id, headers, receive)
        return answer


@fault("a2-no-www-authenticate", "A 401 does not say which scheme is wanted.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_access")
    def _(original: Any, headers: Any) -> Access | Answer:
        access: Access | Answer = original(headers)
        return without(access, b"www-authenticate") if isinstance(access, Answer) else access


@fault("a2-scheme-case-matters", "Only the very word Bearer is understood.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_access")
    def _(original: Any, headers: Any) -> Access | Answer:
        if not headers.get(b"authorization", b"").startswith(b"Bearer "):
            return answers.UNAUTHORIZED
        access: Access | Answer = original(headers)
        return access


def _as_401(patient: Patient, *kinds: type[Exception]) -> None:
    @patient.instead_of(patient.app, "_refusal")
    def _(original: Any, error: Exception) -> Answer:
        answer: Answer = answers.INVALID_TOKEN if isinstance(error, kinds) else original(error)
        return answer


@fault("a3-wrong-code-is-401", "A wrong TOTP code is answered like a bad key.")
def _(patient: Patient) -> None:
    _as_401(patient, IncorrectCode)


@fault("a3-dead-grant-is-401", "Dead grants, challenges and wrong SMS codes are answered like a bad key.")
def _(patient: Patient) -> None:
    _as_401(patient, InvalidField)


@fault("a3-unknown-user-is-401", "An unknown user is answered like a bad key.")
def _(patient: Patient) -> None:
    _as_401(patient, UserNotFound)


@fault("a3-locked-is-401", "A locked user is answered like a bad key.")
def _(patient: Patient) -> None:
    _as_401(patient, Locked)


@fault("a3-permissions-ignored", "A key may call what it has no permission for.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_gate")
    def _(original: Any, access: Access, operation_id: str) -> Answer | None:
        refusal: Answer | None = original(replace(access, permissions=None), operation_id)
        return refusal


@fault("a3-acts-before-403", "A key without permission gets its 403 after the operation was carried out.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_gate")
    def _(_original: Any, _access: Access, _operation_id: str) -> Answer | None:
        return None

    @patient.instead_of(patient.app, "_perform")
    def _(original: Any, operation_id: str, access: Access, fields: Any, at: float) -> Answer:
        answer: Answer = original(operation_id, access, fields, at)
        if access.permissions is not None and operation_id not in access.permissions:
            return answers.FORBIDDEN
        return answer


def _users_environment(patient: Patient, access: Access, user_id: str) -> Access:
    return replace(access, environment=patient.store.environment_of(user_id) or access.environment)


@fault("a4-lookup-shared", "The lookup shows users of other environments.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_lookup")
    def _(original: Any, path: bytes, access: Access) -> Answer:
        user_id = uuid_of(path.split(b"/")[-2].decode())
        answer: Answer = original(path, _users_environment(patient, access, user_id) if user_id else access)
        return answer


def _share(patient: Patient, *operations: str) -> None:
    @patient.instead_of(patient.app, "_perform")
    def _(original: Any, operation_id: str, access: Access, fields: Any, at: float) -> Answer:
        if operation_id in operations:
            access = _users_environment(patient, access, fields["user_id"])
        answer: Answer = original(operation_id, access, fields, at)
        return answer


@fault("a4-grants-shared", "A grant verifies with the key of another environment.")
def _(patient: Patient) -> None:
    _share(patient, "verifyStepUpGrant")


@fault("a4-challenges-shared", "Codes are sent and verified with the key of another environment.")
def _(patient: Patient) -> None:
    _share(patient, "sendSmsMfaCode", "verifySmsChallenge")
