"""The responses of the API: status, headers and JSON body.

Success bodies come from the caller; every error has its sentence here. No response repeats what a request
sent.
"""

from http import HTTPStatus

import orjson

Header = tuple[bytes, bytes]

_CLOSE = (b"connection", b"close")
# On every response: nothing may be cached, and nobody should mistake this for the real service.
ALWAYS = ((b"cache-control", b"no-store"), (b"x-mock", b"1"))

_SENTENCES = {
    "invalid_request_fields": "Some fields are not valid.",
    "user_not_found": "This user was not found.",
    "mfa_not_enabled": "This user has not set up this kind of MFA.",
    "incorrect_mfa_code": "This code is not correct.",
    "unauthorized": "This request could not be authenticated.",
    "feature_gated": "This feature is not part of the current plan.",
    "forbidden": "This API key may not call this operation.",
    "not_found": "There is nothing at this address.",
    "method_not_allowed": "This method is not supported here.",
    "request_timeout": "The request took too long to arrive.",
    "request_too_large": "The request is too large.",
    "unsupported_media_type": "The request body must be JSON.",
    "rate_limited": "Too many attempts. Please try again later.",
    "misdirected_request": "This server does not answer to this host name.",
    "too_many_worlds": "This server holds as many worlds as it can.",
    "internal_error": "Something went wrong.",
}
_FIELD_SENTENCES = {
    "required": "This field is required.",
    "invalid_type": "This value has the wrong type.",
    "invalid_value": "This value is not valid.",
    "unknown_field": "There is no such field.",
    "invalid_json": "The request body must be a JSON object.",
    "fault_not_found": "There is no such fault.",
    "phone_not_found": "This phone was not found.",
    "challenge_not_found": "This challenge was not found or is no longer valid.",
    "incorrect_mfa_code": "This code is not correct.",
    "grant_not_found": "This grant was not found or is no longer valid.",
}


class ApiResponse:
    """One response: status, body, and all headers but the request id.

    ``outcome`` is ``success`` or the error code, for the audit; ``journal_body`` is the body as the journal
    may keep it; the body is sent over ``spread_seconds``.
    """

    __slots__ = (
        "_head",
        "body",
        "extra_headers",
        "headers",
        "journal_body",
        "outcome",
        "spread_seconds",
        "status",
    )

    def __init__(
        self,
        status: int,
        body: bytes,
        outcome: str = "success",
        extra_headers: tuple[Header, ...] = (),
        *,
        media_type: bytes = b"application/json",
        journal_body: bytes | None = None,
    ) -> None:
        self.status = status
        self.body = body
        self.outcome = outcome
        self.extra_headers = extra_headers
        self.journal_body = body if journal_body is None else journal_body
        self.spread_seconds = 0.0
        # RFC 9110 section 8.6: no length where there can be no body.
        length = [] if status in (204, 304) else [(b"content-length", b"%d" % len(body))]
        self.headers: list[Header] = [(b"content-type", media_type), *length, *ALWAYS, *extra_headers]
        self._head: bytes | None = None

    @property
    def closes(self) -> bool:
        """Whether the connection ends with this response."""
        return _CLOSE in self.extra_headers

    @property
    def head(self) -> bytes:
        """The status line and the headers as they are sent, without the empty line at their end."""
        if self._head is None:
            lines = (b"%s: %s\r\n" % header for header in self.headers)
            self._head = b"HTTP/1.1 %d %s\r\n" % (self.status, _phrase(self.status)) + b"".join(lines)
        return self._head


def _phrase(status: int) -> bytes:
    try:
        return HTTPStatus(status).phrase.encode()
    except ValueError:
        return b""


def success(document: object, status: int = 200) -> ApiResponse:
    """Return the response with a JSON document."""
    return ApiResponse(status, orjson.dumps(document))


def granted(grant: str) -> ApiResponse:
    """Return the response with a grant, which nobody but the caller may see."""
    return ApiResponse(
        200, orjson.dumps({"step_up_grant": grant}), journal_body=b'{"step_up_grant":"[redacted]"}'
    )


def error(status: int, error_code: str, *headers: Header, sentence: str = "") -> ApiResponse:
    """Return the error envelope for one code."""
    body = {"error_code": error_code, "user_facing_error": sentence or _SENTENCES[error_code]}
    return ApiResponse(status, orjson.dumps(body), error_code, headers)


def invalid_fields(fields: dict[str, str]) -> ApiResponse:
    """Return the envelope that names each field, under both names: published SDKs read either."""
    body = {
        "error_code": "invalid_request_fields",
        "user_facing_error": _SENTENCES["invalid_request_fields"],
        "field_errors": fields,
        "user_facing_errors": {name: _FIELD_SENTENCES[code] for name, code in fields.items()},
        "field_to_errors": fields,
    }
    return ApiResponse(400, orjson.dumps(body), "invalid_request_fields")


def rate_limited(retry_after: int) -> ApiResponse:
    """Return the 429; ``retry_after`` is in seconds."""
    return error(429, "rate_limited", (b"retry-after", b"%d" % retry_after))


def closing(response: ApiResponse) -> ApiResponse:
    """Return the response that also ends the connection: the rest of the request is not worth reading."""
    return ApiResponse(response.status, response.body, response.outcome, (*response.extra_headers, _CLOSE))


def method_not_allowed(*methods: bytes) -> ApiResponse:
    """Return the 405 that names the allowed methods."""
    return error(405, "method_not_allowed", (b"allow", b", ".join(methods)))


UNAUTHORIZED = error(401, "unauthorized", (b"www-authenticate", b"Bearer"))
# RFC 6750 section 3.1: only credentials that were sent can be invalid.
INVALID_TOKEN = error(401, "unauthorized", (b"www-authenticate", b'Bearer error="invalid_token"'))
FORBIDDEN = error(403, "forbidden")
FEATURE_GATED = error(403, "feature_gated")
USER_NOT_FOUND = error(400, "user_not_found")
NO_SUCH_USER = error(404, "user_not_found")
MFA_NOT_ENABLED = error(400, "mfa_not_enabled")
INCORRECT_CODE = error(400, "incorrect_mfa_code")
NOT_FOUND = error(404, "not_found")
TIMEOUT = error(408, "request_timeout", _CLOSE)
TOO_LARGE = error(413, "request_too_large")
UNSUPPORTED_MEDIA_TYPE = error(415, "unsupported_media_type")
MISDIRECTED = error(421, "misdirected_request")
TOO_MANY_WORLDS = error(409, "too_many_worlds")
INTERNAL = error(500, "internal_error")
VERIFIED = success({"success": True})
TOTP = success({"mfa_setup": {"type": "Totp"}})
NO_FACTOR = success({"mfa_setup": None})
