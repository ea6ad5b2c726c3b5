"""What the clients do for every operation: check their settings, send, try again where that is safe."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from ._errors import InvalidArgumentError
from ._outcome import interpret, pause
from ._request import Call, Request, Secret, Settings, prepare
from .responses import Failure, RawResponse, failure, record, too_much

__all__ = ["AsyncClient", "Hooks", "Product", "SyncClient"]

T = TypeVar("T")
Hooks = Mapping[str, list[Callable[..., Any]]]


class Product:
    """The client as a product: who it says it is, and where it finds its settings.

    ``environment`` is the prefix of its environment variables, ``agent`` its name and version,
    ``credential_headers`` the headers (in lower case) that callers may not set.
    """

    def __init__(self, environment: str, agent: str, credential_headers: tuple[str, ...]) -> None:
        self.environment = environment
        self.agent = f"{agent} python/{platform.python_version()} httpx/{httpx.__version__}"
        self.credential_headers = credential_headers

    def settings(
        self,
        client: str,
        auth_url: str | None,
        key: Secret,
        *,
        timeout: Any,
        headers: Mapping[str, str] | None,
        retries: Any,
    ) -> Settings:
        """Check the arguments of a constructor; no message holds the key or the value of a header."""
        problems: dict[str, str] = {}
        url = (auth_url or os.environ.get(f"{self.environment}_AUTH_URL", "")).rstrip("/")
        key.value = key.value or os.environ.get(f"{self.environment}_API_KEY", "")
        if not url:
            problems["auth_url"] = f"is missing; pass it, or set {self.environment}_AUTH_URL"
        elif not _is_base_url(url):
            example = "https://auth.example.com"
            problems["auth_url"] = f"expected a URL such as {example}, without query, fragment and password"
        if not key.value:
            problems["api_key"] = f"is missing; pass it, or set {self.environment}_API_KEY"
        elif not all("!" <= char <= "~" for char in key.value):
            problems["api_key"] = "expected printable ASCII without spaces"
        if not isinstance(timeout, (int, float)) or isinstance(timeout, bool) or not 0 < timeout < 1e6:
            problems["timeout"] = "expected a positive number of seconds"
        if not isinstance(retries, int) or isinstance(retries, bool) or not 0 <= retries <= 10:
            problems["retries"] = "expected a number from 0 to 10"
        for name, value in (headers or {}).items():
            if problem := self._problem(name, value):
                problems["headers"] = problem
        if problems:
            raise InvalidArgumentError(client, problems)
        return Settings(url, key, float(timeout), {"User-Agent": self.agent, **(headers or {})}, retries)

    def _problem(self, name: str, value: str) -> str:
        if name.lower() in ("content-length", "transfer-encoding"):
            return f"{name} follows from the body"
        if name.lower() in self.credential_headers:
            return "the API key is set by api_key"
        if not name.isascii() or not value.isascii() or not value.isprintable():
            return "expected names and values of printable ASCII"
        return ""


def _is_base_url(text: str) -> bool:
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, TypeError, ValueError):
        return False
    return (
        url.scheme in ("http", "https") and bool(url.host) and not (url.userinfo or url.query or url.fragment)
    )


class SyncClient:
    """Sends and waits."""

    _product: Product

    def __init__(
        self,
        auth_url: str | None = None,
        api_key: str | None = None,
        *,
        timeout: float = 10.0,
        headers: Mapping[str, str] | None = None,
        event_hooks: Hooks | None = None,
        http_client: httpx.Client | None = None,
        retries: int = 2,
    ) -> None:
        _key = Secret(api_key or "")
        del api_key
        name = type(self).__name__
        self._settings = self._product.settings(
            name, auth_url, _key, timeout=timeout, headers=headers, retries=retries
        )
        if http_client is not None and event_hooks is not None:
            raise InvalidArgumentError(name, {"event_hooks": "belong to http_client, where there is one"})
        self._owns_http = http_client is None
        self._http = http_client or httpx.Client(event_hooks=event_hooks)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(auth_url={self._settings.auth_url!r}, api_key=***)"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections, unless they belong to a client of yours."""
        if self._owns_http:
            self._http.close()

    def _run(self, call: Call[T]) -> T:
        request, tries = prepare(call, self._settings), 0
        while True:
            tries += 1
            outcome = self._send(request)
            seconds = pause(call, outcome, tries, self._settings)
            if seconds is None:
                return interpret(call, outcome, self._settings)
            time.sleep(seconds)

    def _send(self, request: Request) -> RawResponse | Failure:
        content, end = bytearray(), time.monotonic() + self._settings.timeout
        try:
            response = self._http.send(
                request.build(self._http), stream=True, follow_redirects=False, auth=None
            )
            try:
                for chunk in response.iter_bytes():
                    content += chunk
                    if (excess := too_much(content, end)) is not None:
                        return excess
            finally:
                response.close()
        except httpx.HTTPError as error:
            return failure(error)
        return record(RawResponse(response.status_code, response.headers, bytes(content)))


class AsyncClient:
    """The same for asyncio."""

    _product: Product

    def __init__(
        self,
        auth_url: str | None = None,
        api_key: str | None = None,
        *,
        timeout: float = 10.0,
        headers: Mapping[str, str] | None = None,
        event_hooks: Hooks | None = None,
        http_client: httpx.AsyncClient | None = None,
        retries: int = 2,
    ) -> None:
        _key = Secret(api_key or "")
        del api_key
        name = type(self).__name__
        self._settings = self._product.settings(
            name, auth_url, _key, timeout=timeout, headers=headers, retries=retries
        )
        if http_client is not None and event_hooks is not None:
            raise InvalidArgumentError(name, {"event_hooks": "belong to http_client, where there is one"})
        self._owns_http = http_client is None
        self._http = http_client or httpx.AsyncClient(event_hooks=event_hooks)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(auth_url={self._settings.auth_url!r}, api_key=***)"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections, unless they belong to a client of yours."""
        if self._owns_http:
            await self._http.aclose()

    async def _run(self, call: Call[T]) -> T:
        request, tries = prepare(call, self._settings), 0
        while True:
            tries += 1
            outcome = await self._send(request)
            seconds = pause(call, outcome, tries, self._settings)
            if seconds is None:
                return interpret(call, outcome, self._settings)
            import asyncio  # already loaded wherever this is awaited

            await asyncio.sleep(seconds)

    async def _send(self, request: Request) -> RawResponse | Failure:
        content, end = bytearray(), time.monotonic() + self._settings.timeout
        try:
            response = await self._http.send(
                request.build(self._http), stream=True, follow_redirects=False, auth=None
            )
            try:
                async for chunk in response.aiter_bytes():
                    content += chunk
                    if (excess := too_much(content, end)) is not None:
                        return excess
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            return failure(error)
        return record(RawResponse(response.status_code, response.headers, bytes(content)))
