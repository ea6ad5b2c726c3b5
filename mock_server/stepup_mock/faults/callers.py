"""Faults of A1-A4: which callers are admitted, and how others are rejected."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import orjson

from stepup_mock import responses
from stepup_mock.access import DEFAULT_ENVIRONMENT, Access
from stepup_mock.faults import Seams, fault
from stepup_mock.faults.tools import count_wrong_code, without_header
from stepup_mock.http_request import LOOKUP, parse_uuid
from stepup_mock.responses import ApiResponse
from stepup_mock.step_up import IncorrectCode, InvalidField, Locked, UserNotFound
from stepup_mock.validation import InvalidFields


@fault("The key is also read from the query.")
def a1_key_in_query(seams: Seams) -> None:
    @seams.replace(seams.api.respond)
    async def _(original: Any, scope: Any, operation_id: Any, headers: Any, receive: Any) -> ApiResponse:
        for values in parse_qs(scope["query_string"]).values():
            if b"authorization" not in headers and seams.api.api_keys.find(b"Bearer " + values[0]):
                headers = headers | {b"authorization": b"Bearer " + values[0]}
        response: ApiResponse = await original(scope, operation_id, headers, receive)
        return response


@fault("The key is accepted under any scheme, such as Basic.")
def a1_any_scheme(seams: Seams) -> None:
    @seams.replace(seams.api.authenticate)
    def _(original: Any, headers: Any) -> Access | ApiResponse:
        _, _, key = headers.get(b"authorization", b"").partition(b" ")
        access: Access | ApiResponse = original(
            headers | {b"authorization": b"Bearer " + key} if key else headers
        )
        return access


@fault("The lookup does not ask for the key.")
def a1_lookup_open(seams: Seams) -> None:
    @seams.replace(seams.api.respond)
    async def _(original: Any, scope: Any, operation_id: Any, headers: Any, receive: Any) -> ApiResponse:
        if operation_id == LOOKUP:
            return seams.api.look_up(scope["raw_path"], Access(DEFAULT_ENVIRONMENT))
        response: ApiResponse = await original(scope, operation_id, headers, receive)
        return response


@fault("An invalid body gets 400 before the key is checked.")
def a1_body_judged_first(seams: Seams) -> None:
    @seams.replace(seams.api.respond)
    async def _(original: Any, scope: Any, operation_id: Any, headers: Any, receive: Any) -> ApiResponse:
        if operation_id in seams.api.bodies and isinstance(seams.api.authenticate(headers), ApiResponse):
            try:
                body = await seams.api.read_body(scope, headers, receive)
                seams.api.check_fields(operation_id, seams.api.parse(body))
            except InvalidFields as error:
                return responses.invalid_fields(error.fields)
        response: ApiResponse = await original(scope, operation_id, headers, receive)
        return response


@fault("With an invalid key an unknown user gets 404 and a known one 401.")
def a1_users_told_apart(seams: Seams) -> None:
    @seams.replace(seams.api.respond)
    async def _(original: Any, scope: Any, operation_id: Any, headers: Any, receive: Any) -> ApiResponse:
        response: ApiResponse = await original(scope, operation_id, headers, receive)
        if response.status == 401 and operation_id == LOOKUP:
            found = seams.api.look_up(scope["raw_path"], Access(DEFAULT_ENVIRONMENT))
            return found if found.status == 404 else response
        return response


@fault("Codes sent without a key count as wrong codes of the user.")
def a1_anonymous_guesses_count(seams: Seams) -> None:
    @seams.replace(seams.api.respond)
    async def _(original: Any, scope: Any, operation_id: Any, headers: Any, receive: Any) -> ApiResponse:
        if operation_id == "verifyStepUpTotpChallenge" and isinstance(
            seams.api.authenticate(headers), ApiResponse
        ):
            document = orjson.loads(await seams.api.read_body(scope, headers, receive))
            user_id = parse_uuid(str(document.get("user_id")))
            if user_id is not None:
                count_wrong_code(seams, DEFAULT_ENVIRONMENT, user_id)
        response: ApiResponse = await original(scope, operation_id, headers, receive)
        return response


@fault("A 401 does not name the scheme.")
def a2_no_www_authenticate(seams: Seams) -> None:
    @seams.replace(seams.api.authenticate)
    def _(original: Any, headers: Any) -> Access | ApiResponse:
        access: Access | ApiResponse = original(headers)
        return without_header(access, b"www-authenticate") if isinstance(access, ApiResponse) else access


@fault("Only Bearer in this very case is understood.")
def a2_scheme_case_matters(seams: Seams) -> None:
    @seams.replace(seams.api.authenticate)
    def _(original: Any, headers: Any) -> Access | ApiResponse:
        if not headers.get(b"authorization", b"").startswith(b"Bearer "):
            return responses.UNAUTHORIZED
        access: Access | ApiResponse = original(headers)
        return access


def _as_401(seams: Seams, *kinds: type[Exception]) -> None:
    @seams.replace(seams.api.reject)
    def _(original: Any, error: Exception) -> ApiResponse:
        response: ApiResponse = responses.INVALID_TOKEN if isinstance(error, kinds) else original(error)
        return response


@fault("A wrong TOTP code gets the response for an invalid API key.")
def a3_wrong_code_is_401(seams: Seams) -> None:
    _as_401(seams, IncorrectCode)


@fault("Invalid grants and challenges and wrong SMS codes get the response for an invalid API key.")
def a3_dead_grant_is_401(seams: Seams) -> None:
    _as_401(seams, InvalidField)


@fault("An unknown user gets the response for an invalid API key.")
def a3_unknown_user_is_401(seams: Seams) -> None:
    _as_401(seams, UserNotFound)


@fault("A locked user gets the response for an invalid API key.")
def a3_locked_is_401(seams: Seams) -> None:
    _as_401(seams, Locked)


@fault("A key may call what it has no permission for.")
def a3_permissions_ignored(seams: Seams) -> None:
    @seams.replace(seams.api.authorize)
    def _(original: Any, access: Access, operation_id: str) -> ApiResponse | None:
        rejection: ApiResponse | None = original(replace(access, permissions=None), operation_id)
        return rejection


@fault("A key without permission gets its 403 after the operation was carried out.")
def a3_acts_before_403(seams: Seams) -> None:
    @seams.replace(seams.api.authorize)
    def _(_original: Any, _access: Access, _operation_id: str) -> ApiResponse | None:
        return None

    @seams.replace(seams.api.perform)
    def _(original: Any, operation_id: str, access: Access, fields: Any, at: float) -> ApiResponse:
        response: ApiResponse = original(operation_id, access, fields, at)
        if access.permissions is not None and operation_id not in access.permissions:
            return responses.FORBIDDEN
        return response


def _users_environment(seams: Seams, access: Access, user_id: str) -> Access:
    return replace(access, environment=seams.store.environment_of(user_id) or access.environment)


@fault("The lookup finds users of other environments.")
def a4_lookup_shared(seams: Seams) -> None:
    @seams.replace(seams.api.look_up)
    def _(original: Any, path: bytes, access: Access) -> ApiResponse:
        user_id = parse_uuid(path.split(b"/")[-2].decode())
        response: ApiResponse = original(
            path, _users_environment(seams, access, user_id) if user_id else access
        )
        return response


def _share(seams: Seams, *operations: str) -> None:
    @seams.replace(seams.api.perform)
    def _(original: Any, operation_id: str, access: Access, fields: Any, at: float) -> ApiResponse:
        if operation_id in operations:
            access = _users_environment(seams, access, fields["user_id"])
        response: ApiResponse = original(operation_id, access, fields, at)
        return response


@fault("A grant verifies with the key of another environment.")
def a4_grants_shared(seams: Seams) -> None:
    _share(seams, "verifyStepUpGrant")


@fault("Codes are sent and verified with the key of another environment.")
def a4_challenges_shared(seams: Seams) -> None:
    _share(seams, "sendSmsMfaCode", "verifySmsChallenge")
