"""One call from its arguments to its result, without doing any I/O itself.

``exchange`` is a generator: it asks its driver to send a request or to pause, and is told what came of it. The
synchronous and the asynchronous client are two drivers of it, so they cannot differ. Here is decided what
counts as success (exactly what the API documents, nothing else) and what may be sent twice (nothing that could
have been done already, unless the API says that it may be repeated).

Objects that may hold a secret show none in their ``repr``, and no plain secret is kept in a local variable of a
frame that raises: tracebacks that print local variables stay clean.
"""

from __future__ import annotations

import email.utils
import json
import logging
import random
import time
from collections.abc import Callable, Generator, Mapping
from typing import Any, Generic, TypeVar

import httpx

from . import errors
from ._shapes import Mismatch, Shape

T = TypeVar("T")

log = logging.getLogger(__package__)

# Answers of this API are small; whatever is larger is no answer of it.
MAX_ANSWER_BYTES = 1024 * 1024
# A repeatable call waits out a Retry-After of at most this many seconds.
MAX_RETRY_AFTER = 5.0
_FIRST_BACKOFF = 0.2
_LONGEST_BACKOFF = 2.0
# Failures of a gateway or server that a repeatable call tries again.
_PASSING = frozenset((500, 502, 503, 504))


class Secret:
    """Holds a string that must not be seen."""

    __slots__ = ("value",)

    def __init__(self, value: str) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "***"


class Argument:
    """An input of an operation; ``key`` is how the request builder knows it, ``wire`` how the API does."""

    def __init__(
        self,
        name: str,
        wire: str,
        place: str,
        shape: Shape[Any],
        *,
        required: bool = False,
        secret: bool = False,
    ) -> None:
        self.name = name
        self.wire = wire
        self.place = place
        self.shape = shape
        self.required = required
        self.secret = secret


class Operation(Generic[T]):
    """What is known of an operation.

    ``answers`` maps a status, or a range such as ``2XX``, to the shape of its body, None where it has none;
    ``request`` builds the request from checked arguments by their place and wire name.
    """

    def __init__(
        self,
        name: str,
        *,
        request: Callable[[dict[str, dict[str, Any]]], dict[str, Any]],
        arguments: tuple[Argument, ...],
        answers: Mapping[str, Shape[Any] | None],
        credentials: tuple[str, str] | None,
        repeatable: bool,
    ) -> None:
        self.name = name
        self.request = request
        self.arguments = arguments
        self.answers = answers
        self.credentials = credentials
        self.repeatable = repeatable

    def documented(self, status: int) -> str:
        """The key in ``answers`` that a status stands under, "" where it is no success."""
        for key in (str(status), f"{status // 100}XX"):
            if key in self.answers:
                return key
        return ""


class Call(Generic[T]):
    """An operation with its arguments, not yet checked."""

    __slots__ = ("_values", "operation")

    def __init__(self, operation: Operation[T], values: dict[str, Any]) -> None:
        self.operation = operation
        self._values = values

    def __repr__(self) -> str:
        return f"<call of {self.operation.name}>"

    def written(self) -> tuple[Written, dict[str, str]]:
        """The arguments as they go on the wire, and what is wrong with them by name."""
        parts: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "header": {}, "body": {}}
        problems: dict[str, str] = {}
        for argument in self.operation.arguments:
            value = self._values[argument.name]
            if value is None and not argument.required:
                continue
            try:
                written = argument.shape.write(value, "")
            except Mismatch as mismatch:
                problems[argument.name] = str(mismatch).removeprefix("value: ")
                continue
            if argument.place == "path" and str(written) in ("", ".", ".."):
                problems[argument.name] = "wanted something that can stand in a path"
            parts[argument.place][argument.wire] = written
        return Written(parts), problems

    def scrub(self, text: str) -> str:
        """Take the secret arguments out of a text that came from elsewhere."""
        for argument in self.operation.arguments:
            value = self._values[argument.name]
            if argument.secret and isinstance(value, str) and value:
                text = text.replace(value, "***")
        return text


class Written:
    """Arguments as they go on the wire."""

    __slots__ = ("parts",)

    def __init__(self, parts: dict[str, dict[str, Any]]) -> None:
        self.parts = parts


class Request:
    """What the driver is to send."""

    __slots__ = ("_kwargs", "operation")

    def __init__(self, operation: str, kwargs: dict[str, Any]) -> None:
        self.operation = operation
        self._kwargs = kwargs

    def __repr__(self) -> str:
        return f"<request of {self.operation}>"

    def build(self, client: httpx.Client | httpx.AsyncClient, timeout: float) -> httpx.Request:
        return client.build_request(**self._kwargs, timeout=timeout)


class Pause:
    """How long the driver is to wait, in seconds, before it goes on."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


class Answer:
    """What came back, read to its end."""

    __slots__ = ("_content", "headers", "status")

    def __init__(self, status: int, headers: httpx.Headers, content: bytes) -> None:
        self.status = status
        self.headers = headers
        self._content = content

    def __repr__(self) -> str:
        return f"<answer {self.status}>"

    @property
    def request_id(self) -> str | None:
        value: str | None = self.headers.get("X-Request-Id")
        return value

    @property
    def is_empty(self) -> bool:
        return not self._content

    def retry_after(self) -> float | None:
        """RFC 9110 section 10.2.3: seconds, or a date."""
        value = self.headers.get("Retry-After", "").strip()
        if value.isascii() and value.isdigit():
            return float(value[:9])
        try:
            return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
        except (TypeError, ValueError, OverflowError):
            return None

    def document(self) -> tuple[Any, str]:
        """The JSON document of the body, and why there is none ("" where there is one)."""
        media_type = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if media_type != "application/json" and not media_type.endswith("+json"):
            return None, f"the answer is {media_type or 'of no media type'}, not JSON"
        try:
            return _DECODER.decode(self._content.decode("utf-8")), ""
        except (ValueError, RecursionError):
            return None, "the answer is not valid JSON"


class Failure:
    """No answer came. ``sent`` says whether the request may have reached the server."""

    __slots__ = ("reason", "sent", "timed_out")

    def __init__(self, reason: str, *, sent: bool, timed_out: bool) -> None:
        self.reason = reason
        self.sent = sent
        self.timed_out = timed_out


class Settings:
    """What a client was made with."""

    __slots__ = ("_key", "auth_url", "headers", "retries", "timeout")

    def __init__(
        self, auth_url: str, key: Secret, timeout: float, headers: Mapping[str, str], retries: int
    ) -> None:
        self.auth_url = auth_url
        self._key = key
        self.timeout = timeout
        self.headers = headers
        self.retries = retries

    def __repr__(self) -> str:
        return f"<settings for {self.auth_url}>"

    def request(self, call: Call[Any], written: Written) -> Request:
        kwargs = call.operation.request(written.parts)
        headers = {"Accept": "application/json", **self.headers, **kwargs.get("headers", {})}
        if call.operation.credentials is not None:
            name, prefix = call.operation.credentials
            headers[name] = prefix + self._key.value
        kwargs["headers"] = headers
        kwargs["url"] = self.auth_url + kwargs["url"]
        return Request(call.operation.name, kwargs)

    def scrub(self, call: Call[Any], text: str) -> str:
        return call.scrub(text.replace(self._key.value, "***"))


def exchange(call: Call[T], settings: Settings) -> Generator[Request | Pause, Answer | Failure | None, T]:
    """Carry out one call; raises what ``errors`` describes."""
    written, problems = call.written()
    if problems:
        raise errors.InvalidArgumentError(call.operation.name, problems)
    request = settings.request(call, written)
    attempt = 0
    while True:
        outcome = yield request
        pause = _pause(call.operation, outcome, attempt) if attempt < settings.retries else None
        if pause is None:
            return _judge(call, outcome, settings)
        log.info("%s: trying again in %.1f s", call.operation.name, pause)
        yield Pause(pause)
        attempt += 1


def _pause(operation: Operation[Any], outcome: Answer | Failure | None, attempt: int) -> float | None:
    """How long to wait before trying again, or None not to."""
    if isinstance(outcome, Failure):
        return _backoff(attempt) if operation.repeatable or not outcome.sent else None
    if outcome is None or not operation.repeatable or operation.documented(outcome.status):
        return None
    retry_after = outcome.retry_after()
    if outcome.status == 429 and retry_after is not None:
        return retry_after if retry_after <= MAX_RETRY_AFTER else None
    if outcome.status in _PASSING and (retry_after or 0.0) <= MAX_RETRY_AFTER:
        return max(_backoff(attempt), retry_after or 0.0)
    return None


def _backoff(attempt: int) -> float:
    """Growing, and spread so that many callers do not come back at once."""
    return random.random() * min(_LONGEST_BACKOFF, _FIRST_BACKOFF * 2.0**attempt)


def _judge(call: Call[T], outcome: Answer | Failure | None, settings: Settings) -> T:
    """The result, or the error that says why there is none."""
    if not isinstance(outcome, Answer):
        raise _no_answer(call, outcome, settings)
    status = call.operation.documented(outcome.status)
    if status:
        result, problem = _result(call.operation.answers[status], outcome)
        if not problem:
            return result  # type: ignore[no-any-return]
        del result
        raise _unexpected(call, outcome, settings, problem)
    if outcome.status >= 400:
        raise _refusal(call, outcome, settings)
    problem = (
        "redirects are not followed" if 300 <= outcome.status < 400 else "not a status of this operation"
    )
    raise _unexpected(call, outcome, settings, problem)


def _result(shape: Shape[Any] | None, answer: Answer) -> tuple[Any, str]:
    if shape is None:
        return None, "" if answer.is_empty else "an answer without a body was wanted"
    document, problem = answer.document()
    if problem:
        return None, problem
    try:
        return shape.read(document, ""), ""
    except Mismatch as mismatch:
        return None, f"the answer is not as described ({mismatch})"


def _no_answer(call: Call[Any], failure: Failure | None, settings: Settings) -> errors.StepUpMfaError:
    if failure is None:
        return errors.NoAnswerError(f"{call.operation.name}: no answer")
    kind = errors.NoAnswerError if failure.sent else errors.NotSentError
    what = "no complete answer; it may have been carried out" if failure.sent else "not sent"
    message = f"{call.operation.name}: {what} ({settings.scrub(call, failure.reason)})"
    return kind(message, timed_out=failure.timed_out)


def _unexpected(call: Call[Any], answer: Answer, settings: Settings, problem: str) -> errors.StepUpMfaError:
    message = f"{call.operation.name}: status {answer.status}: {problem}{_request(answer)}"
    return errors.UnexpectedAnswerError(
        settings.scrub(call, message),
        status=answer.status,
        request_id=answer.request_id,
        retry_after=answer.retry_after(),
    )


def _refusal(call: Call[Any], answer: Answer, settings: Settings) -> errors.StepUpMfaError:
    body, problem = answer.document()
    if not isinstance(body, dict) or not errors.is_refusal(body):
        return _unexpected(call, answer, settings, problem or "not an error body of this API")
    message = f"{call.operation.name}: status {answer.status}: {errors.summary(body)}{_request(answer)}"
    return errors.api_error(
        settings.scrub(call, message),
        body,
        status=answer.status,
        request_id=answer.request_id,
        retry_after=answer.retry_after(),
    )


def _request(answer: Answer) -> str:
    return f" [request {answer.request_id}]" if answer.request_id else ""


def failure(error: Exception) -> Failure:
    """What an exception of httpx means for the call."""
    # A connection that was never made carried nothing. All else may have arrived.
    sent = not isinstance(
        error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
    )
    timed_out = isinstance(error, httpx.TimeoutException)
    # Other messages may quote what was sent.
    reason = str(error) if isinstance(error, (httpx.ConnectError, httpx.UnsupportedProtocol)) else ""
    return Failure(f"{type(error).__name__}: {reason}".rstrip(": "), sent=sent, timed_out=timed_out)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate key")
    return found


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_refuse)
