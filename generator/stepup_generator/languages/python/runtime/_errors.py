"""Errors that every client has; ``errors`` adds one for each error code of the API.

No message holds the API key or an argument that is a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ._error_fields import ErrorFields

__all__ = [
    "ApiError",
    "InvalidArgumentError",
    "NoAnswerError",
    "NotSentError",
    "StepUpMfaError",
    "UnexpectedAnswerError",
    "kind_of",
]


class StepUpMfaError(ErrorFields, Exception):
    """The root of what this package raises.

    ``status``, ``request_id`` and ``retry_after`` (seconds) are those of the response, None where there was
    none.
    """

    status: int | None = None
    request_id: str | None = None
    retry_after: float | None = None


class InvalidArgumentError(StepUpMfaError, ValueError):
    """Arguments are invalid, and nothing was sent; ``problems`` says for each what was expected."""

    def __init__(self, operation: str, problems: Mapping[str, str] = MappingProxyType({})) -> None:
        what = "; ".join(f"{name}: {problem}" for name, problem in problems.items())
        super().__init__(f"{operation}: {what}" if what else operation)
        self.problems = dict(problems)


class NoAnswerError(StepUpMfaError):
    """No complete response came, and the call may have been carried out."""

    def __init__(self, message: str, *, timed_out: bool = False) -> None:
        super().__init__(message)
        self.timed_out = timed_out


class NotSentError(NoAnswerError):
    """The connection was never made: nothing was carried out, and trying again is safe."""


class UnexpectedAnswerError(StepUpMfaError):
    """The response is not one that the API documents; it never counts as success.

    Examples are a proxy's page, a redirect, and a body that lacks a required field.
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
    """The API rejected the call. Raised as such for error codes that this version does not know.

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
        self._read(body)

    def __init_subclass__(cls, *, code: str | None = None) -> None:
        super().__init_subclass__()
        if code is not None:
            _KINDS[code] = cls


_KINDS: dict[str, type[ApiError]] = {}


def kind_of(code: str) -> type[ApiError]:
    """The error class for an error code, ``ApiError`` for an unknown one."""
    return _KINDS.get(code, ApiError)
