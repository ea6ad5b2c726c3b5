"""What a call raises. One root, ``StepUpMfaError``; nothing is ever reported by a falsy result.

No message holds the API key or an argument that is a secret.
"""

from ._errors import (
    ApiError,
    InvalidArgumentError,
    NoAnswerError,
    NotSentError,
    StepUpMfaError,
    UnexpectedAnswerError,
)

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


class UnauthorizedError(ApiError, code="unauthorized"):
    """The API key was not accepted."""


class FeatureGatedError(ApiError, code="feature_gated"):
    """The plan of this environment does not include step-up MFA."""


class ForbiddenError(ApiError, code="forbidden"):
    """The API key may not call this operation."""


class UserNotFoundError(ApiError, code="user_not_found"):
    """No such user in the environment of the API key."""


class RateLimitedError(ApiError, code="rate_limited"):
    """Too many attempts; see `Retry-After`."""


class InvalidRequestFieldsError(ApiError, code="invalid_request_fields"):
    """One or more fields are not acceptable. Every such field is named at once."""


class MfaNotEnabledError(ApiError, code="mfa_not_enabled"):
    """The user has not set up the factor that this operation needs."""


class IncorrectMfaCodeError(ApiError, code="incorrect_mfa_code"):
    """The code is wrong, was used before, or is too old. Which of them is not told."""


class RequestTimeoutError(ApiError, code="request_timeout"):
    """The request body did not arrive in time."""


class RequestTooLargeError(ApiError, code="request_too_large"):
    """The request body is too large."""


class UnsupportedMediaTypeError(ApiError, code="unsupported_media_type"):
    """The request body is not declared as JSON."""
