"""Step-Up MFA API: the Python client.

Generated from the API's OpenAPI document; make changes there. Start with ``StepUpMfa``, or
``AsyncStepUpMfa`` for asyncio.
"""

from .client import AsyncStepUpMfa, StepUpMfa
from .errors import (
    ApiError,
    FeatureGatedError,
    ForbiddenError,
    IncorrectMfaCodeError,
    InvalidArgumentError,
    InvalidRequestFieldsError,
    MfaNotEnabledError,
    NoAnswerError,
    NotSentError,
    RateLimitedError,
    RequestTimeoutError,
    RequestTooLargeError,
    StepUpMfaError,
    UnauthorizedError,
    UnexpectedAnswerError,
    UnsupportedMediaTypeError,
    UserNotFoundError,
)
from .models import (
    FetchUserMfaMethodsResponse,
    GrantType,
    MfaPhone,
    MfaSetup,
    PhoneMfa,
    SendSmsMfaCodeResponse,
    TotpMfa,
    UnknownMfa,
    VerifySmsChallengeResponse,
    VerifyStepUpGrantResponse,
    VerifyTotpChallengeResponse,
)
from .responses import RawResponse, raw_responses

__version__ = "0.1.0"

__all__ = [
    "ApiError",
    "AsyncStepUpMfa",
    "FeatureGatedError",
    "FetchUserMfaMethodsResponse",
    "ForbiddenError",
    "GrantType",
    "IncorrectMfaCodeError",
    "InvalidArgumentError",
    "InvalidRequestFieldsError",
    "MfaNotEnabledError",
    "MfaPhone",
    "MfaSetup",
    "NoAnswerError",
    "NotSentError",
    "PhoneMfa",
    "RateLimitedError",
    "RawResponse",
    "RequestTimeoutError",
    "RequestTooLargeError",
    "SendSmsMfaCodeResponse",
    "StepUpMfa",
    "StepUpMfaError",
    "TotpMfa",
    "UnauthorizedError",
    "UnexpectedAnswerError",
    "UnknownMfa",
    "UnsupportedMediaTypeError",
    "UserNotFoundError",
    "VerifySmsChallengeResponse",
    "VerifyStepUpGrantResponse",
    "VerifyTotpChallengeResponse",
    "__version__",
    "raw_responses",
]
