"""The product API of one world: the steps from a request to its response.

A request is checked in the order of the contract: key, permission and plan, media type and size, JSON and
fields, and then the domain. Each step is a method of its own, looked up at every request.
"""

from collections.abc import Awaitable
from typing import Any

from stepup_mock import http_request, operations, responses, validation
from stepup_mock.access import Access, ApiKeys, NoBearerToken
from stepup_mock.audit import AuditLog
from stepup_mock.body_reader import BodyReader, BodyRejected
from stepup_mock.clock import Clock
from stepup_mock.connection import Scope
from stepup_mock.http_request import LOOKUP, Headers, Receive, parse_uuid, user_in_path
from stepup_mock.journal import MARK, redact
from stepup_mock.responses import ApiResponse
from stepup_mock.step_up import StepUp, StepUpError
from stepup_mock.validation import BodySchema, InvalidFields

# The user and the action type that a request names.
Subject = tuple[str | None, str | None]

# The key of the redacted request body in a scope, for the journal.
JOURNAL_BODY = "stepup.journal_body"
_MAX_ACTION = 256


class ProductApi:
    """The five operations over HTTP. ``bodies`` are the schemas of their request bodies by operationId."""

    def __init__(
        self,
        *,
        step_up: StepUp,
        api_keys: ApiKeys,
        audit: AuditLog,
        clock: Clock,
        reader: BodyReader,
        bodies: dict[str, BodySchema],
    ) -> None:
        self.api_keys = api_keys
        self.bodies = bodies
        self._step_up = step_up
        self._audit = audit
        self._clock = clock
        self._reader = reader
        self._marks = {name: dict.fromkeys(body.secrets, MARK) for name, body in bodies.items()}

    async def respond(
        self, scope: Scope, operation_id: str | None, headers: Headers, receive: Receive
    ) -> ApiResponse:
        """Carry out one request and return its response."""
        if operation_id is None:
            return http_request.no_operation(scope["raw_path"])
        access = self.authenticate(headers)
        if isinstance(access, ApiResponse):
            return access
        rejection = self.authorize(access, operation_id)
        if operation_id == LOOKUP:
            return rejection or self.look_up(scope["raw_path"], access)
        return rejection or await self._respond_to_post(scope, operation_id, access, headers, receive)

    async def _respond_to_post(
        self, scope: Scope, operation_id: str, access: Access, headers: Headers, receive: Receive
    ) -> ApiResponse:
        subject: Subject = (None, None)
        document: dict[str, Any] = {}
        now = self._clock.now
        at = now()
        response = self.check_media_type(headers)
        if response is None:
            try:
                document = self.parse(await self.read_body(scope, headers, receive))
                fields = self.check_fields(operation_id, document)
                subject = self._subject(operation_id, access, fields)
                scope[JOURNAL_BODY] = fields | self._marks[operation_id]
                at = now()
                response = self.perform(operation_id, access, fields, at)
            except InvalidFields as error:
                subject = self._claimed_subject(operation_id, access, document)
                scope[JOURNAL_BODY] = redact(document, self.bodies[operation_id])
                response = responses.invalid_fields(error.fields)
            except BodyRejected as error:
                response = error.response
        self._audit.record(at, operation_id, *subject, response.outcome)
        return response

    # The steps

    def authenticate(self, headers: Headers) -> Access | ApiResponse:
        """Return what the API key opens, or the 401."""
        try:
            return self.api_keys.find(headers.get(b"authorization", b"")) or responses.INVALID_TOKEN
        except NoBearerToken:
            return responses.UNAUTHORIZED

    def authorize(self, access: Access, operation_id: str) -> ApiResponse | None:
        """Return the 403 for a key without permission or plan."""
        if access.permissions is not None and operation_id not in access.permissions:
            return responses.FORBIDDEN
        return responses.FEATURE_GATED if access.feature_gated else None

    def look_up(self, path: bytes, access: Access) -> ApiResponse:
        """Carry out the lookup of the user that the path names."""
        user_id = user_in_path(path)
        if user_id is None:
            return responses.NO_SUCH_USER
        return operations.look_up(self._step_up, access.environment, user_id)

    def check_media_type(self, headers: Headers) -> ApiResponse | None:
        """Return the 415 for anything but plain JSON in UTF-8."""
        return http_request.check_media_type(headers)

    def read_body(self, scope: Scope, headers: Headers, receive: Receive) -> Awaitable[bytes]:
        """Read the request body; raises BodyRejected and ClientGone."""
        return self._reader.read(scope, headers, receive)

    def parse(self, body: bytes) -> dict[str, Any]:
        """Return the JSON object of a body; raises InvalidFields."""
        return validation.parse(body)

    def check_fields(self, operation_id: str, document: dict[str, Any]) -> dict[str, Any]:
        """Return the fields that the operation knows; raises InvalidFields."""
        return self.bodies[operation_id].check(document)

    def perform(self, operation_id: str, access: Access, fields: dict[str, Any], at: float) -> ApiResponse:
        """Carry out an operation on valid fields."""
        try:
            return operations.POSTS[operation_id](self._step_up, access.environment, at, **fields)
        except StepUpError as error:
            return self.reject(error)

    def reject(self, error: StepUpError) -> ApiResponse:
        """Return the response for an error of the domain."""
        return operations.error_response(error)

    # For the audit

    def _subject(self, operation_id: str, access: Access, fields: dict[str, Any]) -> Subject:
        """Return the user and the action type of a request; a challenge has the action type of its send."""
        if operation_id != "verifySmsChallenge":
            return fields["user_id"], fields["action_type"]
        action = self._step_up.action_of(access.environment, fields["user_id"], fields["challenge_id"])
        return fields["user_id"], action

    def _claimed_subject(self, operation_id: str, access: Access, document: dict[str, Any]) -> Subject:
        """Return the user and the action type of an invalid body, as far as they are well formed."""
        user_id, action_type = document.get("user_id"), document.get("action_type")
        user_id = parse_uuid(user_id) if isinstance(user_id, str) else None
        if operation_id == "verifySmsChallenge":
            challenge_id = document.get("challenge_id")
            if user_id is None or not isinstance(challenge_id, str):
                return user_id, None
            return user_id, self._step_up.action_of(access.environment, user_id, challenge_id)
        well_formed = isinstance(action_type, str) and len(action_type) <= _MAX_ACTION
        return user_id, action_type if well_formed else None
