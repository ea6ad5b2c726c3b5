"""What a call raises. One root, ``StepUpMfaError``; nothing is ever reported by a falsy result.

No message holds the API key or an argument that is a secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ._shapes import is_object

__all__ = [
    "ApiError",
    "FeatureGatedError",
    "ForbiddenError",
    "IncorrectMfaCodeError",
    "InvalidArgumentError",
    "InvalidRequestFieldsError",
    "MfaNotEnabledError",
    "NoAnswerError",
    "NotSentError",
    "RateLimitedError",
    "RequestTimeoutError",
    "RequestTooLargeError",
    "StepUpMfaError",
    "UnauthorizedError",
    "UnexpectedAnswerError",
    "UnsupportedMediaTypeError",
    "UserNotFoundError",
]

_NONE: Mapping[str, str] = MappingProxyType({})
# What of an answer may be quoted in a message: names, not sentences.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")


class StepUpMfaError(Exception):
    """The root of what this package raises.

    ``status``, ``request_id`` and ``retry_after`` (seconds) are those of the answer, None where there was
    none.
    """

    status: int | None = None
    request_id: str | None = None
    retry_after: float | None = None
    error_code: str | None = None
    user_facing_error: str | None = None
    field_errors: Mapping[str, str] = _NONE
    user_facing_errors: Mapping[str, str] = _NONE


class InvalidArgumentError(StepUpMfaError, ValueError):
    """Arguments were refused before anything was sent; ``problems`` says for each what was wanted."""

    def __init__(self, operation: str, problems: Mapping[str, str] = _NONE) -> None:
        what = "; ".join(f"{name}: {problem}" for name, problem in problems.items())
        super().__init__(f"{operation}: {what}" if what else operation)
        self.problems = dict(problems)


class NoAnswerError(StepUpMfaError):
    """No complete answer came, and the call may have been carried out."""

    def __init__(self, message: str, *, timed_out: bool = False) -> None:
        super().__init__(message)
        self.timed_out = timed_out


class NotSentError(NoAnswerError):
    """The connection was never made: nothing was carried out, and trying again is safe."""


class UnexpectedAnswerError(StepUpMfaError):
    """The answer is none that the API documents; it never counts as success.

    A proxy's page, say, or a redirect, or a body that lacks what was promised.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.request_id = request_id
        self.retry_after = retry_after


class ApiError(StepUpMfaError):
    """The API refused the call. Raised as such for refusals that this version does not know.

    ``body`` is the error body as it came.
    """

    def __init__(
        self,
        message: str,
        body: Mapping[str, Any] = MappingProxyType({}),
        *,
        status: int | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.body = dict(body)
        self.status = status
        self.request_id = request_id
        self.retry_after = retry_after
        self.error_code = text_of(body, "error_code")
        self.user_facing_error = text_of(body, "user_facing_error")
        self.field_errors = texts_of(body, "field_errors", "field_to_errors")
        self.user_facing_errors = texts_of(body, "user_facing_errors")


class UnauthorizedError(ApiError):
    """The API key was not accepted."""


class FeatureGatedError(ApiError):
    """The plan of this environment does not include step-up MFA."""


class ForbiddenError(ApiError):
    """The API key may not call this operation."""


class UserNotFoundError(ApiError):
    """No such user in the environment of the API key."""


class RateLimitedError(ApiError):
    """Too many attempts; see `Retry-After`."""


class InvalidRequestFieldsError(ApiError):
    """One or more fields are not acceptable. Every such field is named at once."""


class MfaNotEnabledError(ApiError):
    """The user has not set up the factor that this operation needs."""


class IncorrectMfaCodeError(ApiError):
    """The code is wrong, was used before, or is too old. Which of them is not told."""


class RequestTimeoutError(ApiError):
    """The request body did not arrive in time."""


class RequestTooLargeError(ApiError):
    """The request body is too large."""


class UnsupportedMediaTypeError(ApiError):
    """The request body is not declared as JSON."""


_BY_CODE: Mapping[str, type[ApiError]] = {
    "unauthorized": UnauthorizedError,
    "feature_gated": FeatureGatedError,
    "forbidden": ForbiddenError,
    "user_not_found": UserNotFoundError,
    "rate_limited": RateLimitedError,
    "invalid_request_fields": InvalidRequestFieldsError,
    "mfa_not_enabled": MfaNotEnabledError,
    "incorrect_mfa_code": IncorrectMfaCodeError,
    "request_timeout": RequestTimeoutError,
    "request_too_large": RequestTooLargeError,
    "unsupported_media_type": UnsupportedMediaTypeError,
}


def refusal(document: Any) -> dict[str, Any] | None:
    """The body of an error, where it says what went wrong the way this API does."""
    if is_object(document) and isinstance(document.get("error_code"), str):
        return document
    return None


def api_error(message: str, body: Mapping[str, Any], **answer: Any) -> ApiError:
    """The error for a body of an answer with an error status."""
    return _BY_CODE.get(body["error_code"], ApiError)(message, body, **answer)


def summary(body: Mapping[str, Any]) -> str:
    """What of an error body may stand in a message: codes, and names of fields."""
    found = [_quoted(body["error_code"])]
    found += [
        f"{_quoted(name)}={_quoted(value)}"
        for name, value in texts_of(body, "field_errors", "field_to_errors").items()
    ]
    return " ".join(found)


def _quoted(value: str) -> str:
    return value if _NAME.fullmatch(value) else "?"


def text_of(body: Mapping[str, Any], *names: str) -> str | None:
    return next((body[name] for name in names if isinstance(body.get(name), str)), None)


def texts_of(body: Mapping[str, Any], *names: str) -> Mapping[str, str]:
    """The first of some objects that is not empty, less what is no string in it."""
    for name in names:
        found = body.get(name)
        if is_object(found) and found:
            return {key: value for key, value in found.items() if isinstance(value, str)}
    return {}


def value_of(body: Mapping[str, Any], *names: str) -> Any:
    return next((body[name] for name in names if body.get(name) is not None), None)
