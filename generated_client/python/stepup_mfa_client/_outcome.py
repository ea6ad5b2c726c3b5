"""The outcome of a request: the result, the error that says why there is none, or another try.

This module decides what counts as success (exactly what the API documents, nothing else) and what may be sent
twice (nothing that may have been carried out already, unless the API says that it may be repeated).
"""

from __future__ import annotations

import logging
import random
from typing import Any, TypeVar

from ._codecs import Mismatch, is_object
from ._error_fields import code_of, summary
from ._errors import (
    ApiError,
    NoAnswerError,
    NotSentError,
    StepUpMfaError,
    UnexpectedAnswerError,
    kind_of,
)
from ._request import Body, Call, Operation, Settings
from .responses import Failure, RawResponse

__all__ = ["interpret", "pause"]

T = TypeVar("T")

log = logging.getLogger(__package__)

# A repeatable call waits out a Retry-After of at most this many seconds.
_LONGEST_WAIT = 5.0
_FIRST_BACKOFF = 0.2
_LONGEST_BACKOFF = 2.0
# Failures of a gateway or server that a repeatable call tries again.
_PASSING = frozenset((500, 502, 503, 504))


def pause(call: Call[Any], outcome: RawResponse | Failure, tries: int, settings: Settings) -> float | None:
    """How many seconds to wait before trying again, or None not to. ``tries`` counts from 1."""
    if log.isEnabledFor(logging.DEBUG):
        log.debug("%s: %s", call.operation.name, settings.scrub(call, outcome.summary()))
    if tries > settings.retries:
        return None
    seconds = _pause(call.operation, outcome, tries)
    if seconds is not None:
        log.info("%s: trying again in %.1f s", call.operation.name, seconds)
    return seconds


def _pause(operation: Operation[Any], outcome: RawResponse | Failure, tries: int) -> float | None:
    if isinstance(outcome, Failure):
        return _backoff(tries) if operation.repeatable or not outcome.sent else None
    if not operation.repeatable or operation.documented(outcome.status):
        return None
    retry_after = outcome.retry_after()
    if outcome.status == 429 and retry_after is not None:
        return retry_after if retry_after <= _LONGEST_WAIT else None
    if outcome.status in _PASSING and (retry_after or 0.0) <= _LONGEST_WAIT:
        return max(_backoff(tries), retry_after or 0.0)
    return None


def _backoff(tries: int) -> float:
    """Growing, and spread so that many callers do not come back at once."""
    spread = random.random()  # noqa: S311  # nothing secret hangs on it
    return spread * min(_LONGEST_BACKOFF, _FIRST_BACKOFF * 2.0 ** (tries - 1))


def interpret(call: Call[T], outcome: RawResponse | Failure, settings: Settings) -> T:
    """The result, or the error that says why there is none."""
    if isinstance(outcome, Failure):
        raise _no_answer(call, outcome, settings)
    status = call.operation.documented(outcome.status)
    if status:
        result, problem = _result(call.operation.successes[status], outcome)
        if not problem:
            return result  # type: ignore[no-any-return]
        del result
        raise _unexpected(call, outcome, settings, problem)
    if outcome.status >= 400:
        raise _api_error(call, outcome, settings)
    problem = (
        "redirects are not followed" if 300 <= outcome.status < 400 else "not a status of this operation"
    )
    raise _unexpected(call, outcome, settings, problem)


def _result(body: Body[Any] | None, response: RawResponse) -> tuple[Any, str]:
    if body is None:
        return None, "expected a response without a body" if response.content else ""
    document, problem = response.document(body.media_type)
    if problem:
        return None, problem
    try:
        return body.codec.read(document, ""), ""
    except Mismatch as mismatch:
        return None, f"the response is not as documented ({mismatch})"


def _no_answer(call: Call[Any], failure: Failure, settings: Settings) -> StepUpMfaError:
    kind = NoAnswerError if failure.sent else NotSentError
    what = "no complete response; it may have been carried out" if failure.sent else "not sent"
    message = f"{call.operation.name}: {what} ({settings.scrub(call, failure.reason)})"
    return kind(message, timed_out=failure.timed_out)


def _unexpected(call: Call[Any], response: RawResponse, settings: Settings, problem: str) -> StepUpMfaError:
    what = settings.scrub(call, f"{response.summary()}: {problem}")
    return UnexpectedAnswerError(
        f"{call.operation.name}: {what}",
        status=response.status,
        request_id=response.request_id,
        retry_after=response.retry_after(),
    )


def _api_error(call: Call[Any], response: RawResponse, settings: Settings) -> StepUpMfaError:
    document, problem = response.document()
    code = code_of(document) if is_object(document) else None
    if code is None:
        return _unexpected(call, response, settings, problem or "not an error body of this API")
    what = settings.scrub(call, f"{response.summary()}: {summary(document)}")
    kind: type[ApiError] = kind_of(code)
    return kind(
        f"{call.operation.name}: {what}",
        document,
        status=response.status,
        request_id=response.request_id,
        retry_after=response.retry_after(),
    )
