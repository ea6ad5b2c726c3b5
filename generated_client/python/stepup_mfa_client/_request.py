"""What is sent: operations as data, their calls, and the requests for them.

Arguments are checked here before anything is sent. Objects that may hold a secret do not show it in their
``repr``, and no plain secret is kept in a local variable of a frame that raises, for tracebacks that print
local variables.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import httpx

from ._codecs import Codec, Mismatch
from ._errors import InvalidArgumentError

__all__ = ["Argument", "Body", "Call", "Operation", "Request", "Secret", "Settings", "prepare"]

T = TypeVar("T")


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
        codec: Codec[Any],
        *,
        required: bool = False,
        secret: bool = False,
    ) -> None:
        self.name = name
        self.wire = wire
        self.place = place
        self.codec = codec
        self.required = required
        self.secret = secret


class Body(Generic[T]):
    """The body of a success: its one media type, and its codec."""

    def __init__(self, media_type: str, codec: Codec[T]) -> None:
        self.media_type = media_type
        self.codec = codec


class Operation(Generic[T]):
    """What is known of an operation.

    ``successes`` maps a status, or a range such as ``2XX``, to its body, None where it has none; ``request``
    builds the request from checked arguments by their place and wire name.
    """

    def __init__(
        self,
        name: str,
        *,
        request: Callable[[Mapping[str, Any]], dict[str, Any]],
        arguments: tuple[Argument, ...],
        successes: Mapping[str, Body[Any] | None],
        credentials: tuple[str, str] | None,
        repeatable: bool,
    ) -> None:
        self.name = name
        self.request = request
        self.arguments = arguments
        self.successes = successes
        self.credentials = credentials
        self.repeatable = repeatable
        media_types = [body.media_type for body in successes.values() if body is not None]
        self.accept = ", ".join(dict.fromkeys((*media_types, "application/json")))

    def documented(self, status: int) -> str:
        """The key in ``successes`` for a status, "" where it is no success."""
        for key in (str(status), f"{status // 100}XX"):
            if key in self.successes:
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
        parts: dict[str, Any] = {"path": {}, "query": {}, "header": {}}
        problems: dict[str, str] = {}
        for argument in self.operation.arguments:
            value = self._values[argument.name]
            if argument.wire:  # a body that is an object is sent even where it has no fields
                parts.setdefault(argument.place, {})
            if value is None and not argument.required:
                continue
            try:
                written = argument.codec.write(value, "")
            except Mismatch as mismatch:
                problems[argument.name] = str(mismatch).removeprefix("value: ")
                continue
            if argument.place == "path" and str(written) in ("", ".", ".."):
                problems[argument.name] = "expected a value that can be a segment of a path"
            if argument.place == "header" and not (str(written).isascii() and str(written).isprintable()):
                problems[argument.name] = "expected printable ASCII"
            if argument.wire:
                parts[argument.place][argument.wire] = written
            else:
                parts[argument.place] = written
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

    def __init__(self, parts: dict[str, Any]) -> None:
        self.parts = parts


class Request:
    """A request, to be built for the httpx client that is to send it."""

    __slots__ = ("_headers", "_parts", "_timeouts", "operation")

    def __init__(
        self,
        operation: str,
        parts: dict[str, Any],
        headers: dict[str, str],
        timeouts: Mapping[str, float | None],
    ) -> None:
        self.operation = operation
        self._parts = parts
        self._headers = headers
        self._timeouts = timeouts

    def __repr__(self) -> str:
        return f"<request of {self.operation}>"

    def build(self, client: httpx.Client | httpx.AsyncClient) -> httpx.Request:
        """The request, with the cookies of ``client`` and those of its headers that are not ours.

        It is complete, with host and length, so that httpx neither merges nor counts anything again: that
        would take longer than everything else here together.
        """
        ours = [(name.encode(), value.encode()) for name, value in self._headers.items()]
        names = {name for name, _ in ours}
        theirs = [header for header in client.headers.raw if header[0].lower() not in names]
        request = httpx.Request(
            self._parts["method"],
            self._parts["url"],
            params=self._parts.get("params"),
            headers=ours + theirs,
            cookies=client.cookies,
            stream=httpx.ByteStream(self._parts["content"]),
            extensions={"timeout": self._timeouts},
        )
        request.read()  # for event hooks that look at the body
        return request


class Settings:
    """The settings of a client."""

    __slots__ = ("_headers", "_key", "_timeouts", "auth_url", "retries", "timeout")

    def __init__(
        self, auth_url: str, key: Secret, timeout: float, headers: Mapping[str, str], retries: int
    ) -> None:
        self.auth_url = auth_url
        self._key = key
        self.timeout = timeout
        self._timeouts = httpx.Timeout(timeout).as_dict()
        # Names in lower case from here on, so that each stands once.
        self._headers = {"host": httpx.URL(auth_url).netloc.decode()}
        self._headers.update((name.lower(), value) for name, value in headers.items())
        self.retries = retries

    def __repr__(self) -> str:
        return f"<settings for {self.auth_url}>"

    def request(self, call: Call[Any], written: Written) -> Request:
        parts = call.operation.request(written.parts)
        headers = {**self._headers, "accept": call.operation.accept}
        headers.update((name.lower(), value) for name, value in parts.get("headers", {}).items())
        if call.operation.credentials is not None:
            name, prefix = call.operation.credentials
            headers[name.lower()] = prefix + self._key.value
        parts["url"] = self.auth_url + parts["url"]
        parts["content"] = _encode(parts["json"]) if "json" in parts else b""
        if parts["content"] or parts["method"] not in ("get", "head"):
            headers["content-length"] = str(len(parts["content"]))
        return Request(call.operation.name, parts, headers, self._timeouts)

    def scrub(self, call: Call[Any], text: str) -> str:
        return call.scrub(text.replace(self._key.value, "***"))


def _encode(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def prepare(call: Call[Any], settings: Settings) -> Request:
    """The request of a call; raises InvalidArgumentError with everything that is wrong with its arguments."""
    written, problems = call.written()
    if problems:
        raise InvalidArgumentError(call.operation.name, problems)
    return settings.request(call, written)
