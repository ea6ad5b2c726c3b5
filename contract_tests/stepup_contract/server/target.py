"""The settings of the server under test, and the only way in which requests reach it.

Nothing here follows a redirect, trusts a proxy setting or a cookie, skips the verification of TLS, or waits
or reads without end: a hostile server receives its key at most at the configured address, and a request
costs bounded time and memory.
"""

import asyncio
import json
import ssl
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from stepup_contract.server.budget import Budget, BudgetSpent, NotPermitted, did_cost, is_loopback, may_cost
from stepup_contract.server.people import Named
from stepup_contract.server.redact import API_KEY, CONTROL_KEY, Redactor, cut

JSON = "application/json"


class _Missing:
    """The value of a body without JSON: unlike None it equals no JSON value."""

    def __repr__(self) -> str:
        return "<no JSON>"


MISSING = _Missing()


class Unreachable(Exception):
    """Nothing listens at the address: no connection could be made."""


@dataclass(frozen=True, slots=True)
class Target:
    """A server under test: where it is, which keys open it, and how much of a response is read.

    ``control_url`` is the root of the server that offers the control API, None where there is none.
    ``called_live`` says that others use it, ``permitted`` that the run may use it all the same. ``named``
    are users of a server without the control API. ``restart_command`` restarts the server and ends once that
    is under way; ``log_file`` is what it logs to.
    """

    url: str
    api_key: str = field(repr=False)
    control_url: str | None = None
    control_key: str | None = field(default=None, repr=False)
    restart_command: tuple[str, ...] = ()
    log_file: Path | None = None
    response_seconds: float = 10.0
    response_bytes: int = 1 << 20
    called_live: bool = False
    permitted: bool = False
    allow_hosts: tuple[str, ...] = ()
    allow_sms: bool = False
    allow_lockout: bool = False
    budget: Budget | None = None
    named: Named = field(default_factory=Named)

    @property
    def live(self) -> bool:
        """Whether others may use the server: it is called live, or it is not this machine's own."""
        urls = [self.url] if self.control_url is None else [self.url, self.control_url]
        return self.called_live or not all(map(is_loopback, urls))

    def permit(self) -> None:
        """Raise NotPermitted where the server is live and nobody allowed to send anything to it."""
        if not self.live:
            return
        if not self.permitted:
            raise NotPermitted(f"{self.url} is a live server", "Nothing was sent. Allow it with --live.")
        for url in filter(None, (self.url, self.control_url)):
            host = urlsplit(url).hostname or ""
            if host not in self.allow_hosts:
                raise NotPermitted(f"{host} is not an allowed host", f"Allow it with --allow-host {host}.")

    def redactor(self) -> Redactor:
        """Return a redactor that knows the keys."""
        redactor = Redactor()
        redactor.learn(self.api_key, API_KEY)
        if self.control_key is not None:
            redactor.learn(self.control_key, CONTROL_KEY)
        self.named.teach(redactor)
        return redactor


@dataclass(frozen=True, slots=True)
class Request:
    """One request: ``path`` is sent unchanged, percent-encoding included."""

    operation: str
    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    content: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Exchange:
    """A request and what came back.

    ``status`` is 0 where no complete response came; ``problem`` then says why. ``document`` is the JSON of
    the body, or MISSING.
    """

    request: Request = field(repr=False)
    url: str
    status: int
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    content: bytes = field(default=b"", repr=False)
    problem: str = ""
    document: Any = field(default=MISSING, repr=False)
    seconds: float = 0.0

    def header(self, name: str) -> str | None:
        """Return the values of a header, joined by commas, or None."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    def member(self, name: str) -> Any:
        """Return one member of a JSON object, or MISSING."""
        return self.document.get(name, MISSING) if isinstance(self.document, dict) else MISSING

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")

    @property
    def error_code(self) -> Any:
        return self.member("error_code")

    def field_error(self, name: str) -> Any:
        """Return ``field_errors.<name>``, or MISSING."""
        errors = self.member("field_errors")
        return errors.get(name, MISSING) if isinstance(errors, dict) else MISSING

    @property
    def everything(self) -> str:
        """All of the response: its headers, its body, and the body's strings without their escapes."""
        lines = [f"{name}: {value}" for name, value in self.headers]
        unescaped = [] if self.document is MISSING else list(_strings(self.document))
        return "\n".join([*lines, self.text, *unescaped])

    def seen(self, redactor: Redactor) -> str:
        """Return the response in a few words, without secrets."""
        if self.status == 0:
            return f"no response ({self.problem})"
        return f"{self.status} {cut(redactor.text(' '.join(self.text.split())), 200)}".rstrip()

    def curl(self, redactor: Redactor) -> str:
        """Return the request as a curl line that can be pasted, with variables for the secrets."""
        request = self.request
        words = ["curl", "-i"]
        if request.method != ("GET" if request.content is None else "POST"):
            words += ["-X", request.method]
        for name, value in request.headers:
            words += ["-H", redactor.shell(f"{name}: {value}")]
        if request.content is not None:
            # Bytes that are not UTF-8 show as \\xNN and cannot be pasted.
            words += ["--data-binary", redactor.shell(request.content.decode("utf-8", "backslashreplace"))]
        return " ".join([*words, redactor.shell(self.url)])


class Http:
    """Sends requests to one server over at most ``connections`` connections, and limits the responses.

    It works with httpx' transports, below the client: there are no redirects, cookies, proxies or logins to
    turn off.
    """

    def __init__(self, url: str, target: Target, redactor: Redactor, *, connections: int = 16) -> None:
        target.permit()
        self._budget: Budget | None = None
        self._quiet_until = 0.0
        self._halt = ""
        self._base = httpx.URL(url)
        self._target = target
        self._redactor = redactor
        self._turns = asyncio.Semaphore(connections)
        self._idle = [self._transport() for _ in range(connections)]
        self._timeouts = httpx.Timeout(target.response_seconds, pool=None).as_dict()
        self._silent = 0
        self.sent = 0
        self.responses: Counter[tuple[str, int]] = Counter()

    def note(self, exchanges: Iterable[Exchange], kinds: Iterable[tuple[str, ...]]) -> None:
        """Count requests that were sent by other means, after ``kinds`` were set aside for them."""
        for exchange, aside in zip(exchanges, kinds, strict=True):
            self._settle(aside, exchange)
            self.sent += 1
            self.responses[exchange.request.operation, exchange.status] += 1

    def widen(self, connections: int) -> None:
        """Allow more connections, for a server that is far away."""
        for _ in range(connections - len(self._idle)):
            self._idle.append(self._transport())
            self._turns.release()

    def _transport(self) -> httpx.AsyncHTTPTransport:
        # One connection each, the last used first: one pool of many would be searched at every request.
        # A server may close an idle connection at any time; one that is reused soon is not idle.
        limits = httpx.Limits(max_connections=1, keepalive_expiry=1.0)
        return httpx.AsyncHTTPTransport(verify=tls(), trust_env=False, limits=limits)

    async def __aenter__(self) -> Self:
        return self

    async def forget(self) -> None:
        """Close all connections, as they lead to a server that no longer exists."""
        for transport in self._idle:
            await transport.aclose()
        self._idle = [self._transport() for _ in self._idle]
        self._silent = 0

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for transport in self._idle:
            await transport.aclose()

    async def send(self, request: Request) -> Exchange:
        """Send one request and return the exchange.

        Raises Unreachable where no connection can be made, BudgetSpent or NotAllowed where a budget forbids
        it.
        """
        kinds = self.set_aside(request)
        await asyncio.sleep(max(0.0, self._quiet_until - time.monotonic()))
        if request.content is not None:
            self._redactor.learn_fields(parse(request.content))
        message = self._message(request)
        async with self._turns:
            transport = self._idle.pop()
            self.sent += 1
            started = time.perf_counter()
            try:
                status, headers, content, problem = await self._response(transport, message)
            finally:
                self._idle.append(transport)
        self.responses[request.operation, status] += 1
        self._silent = 0 if status else self._silent + 1
        if self._silent >= _GIVE_UP:
            raise Unreachable(f"no response to {_GIVE_UP} requests in a row: {problem}")
        document = parse(content) if status else MISSING
        self._redactor.learn_fields(document)
        exchange = Exchange(
            request=request,
            url=str(message.url),
            status=status,
            headers=headers,
            content=content,
            problem=problem,
            document=document,
            seconds=time.perf_counter() - started,
        )
        self._settle(kinds, exchange)
        return exchange

    def _message(self, request: Request) -> httpx.Request:
        url = self._base.copy_with(raw_path=(self._base.path.rstrip("/") + request.path).encode())
        return httpx.Request(
            request.method,
            url,
            headers=[*_OWN_HEADERS, *request.headers],
            content=request.content,
            extensions={"timeout": self._timeouts},
        )

    def spend_from(self, budget: Budget | None) -> None:
        """Keep a budget from now on, and obey the server's wish to be left alone for a while."""
        self._budget = budget

    def set_aside(self, request: Request) -> tuple[str, ...]:
        """Set aside what a request may cost. Raises BudgetSpent or NotAllowed."""
        if self._budget is None:
            return ()
        if self._halt:
            raise BudgetSpent(self._halt)
        authorised = ("Authorization", f"Bearer {self._target.api_key}") in request.headers
        kinds = may_cost(request.operation, parse(request.content or b""), authorised)
        self._budget.set_aside(kinds)
        return kinds

    def _settle(self, kinds: tuple[str, ...], exchange: Exchange) -> None:
        if self._budget is None:
            return
        self._budget.settle(kinds, did_cost(exchange.request.operation, exchange.status, exchange.document))
        asked = exchange.header("Retry-After") or ""
        if exchange.status != 429 or not (asked.isascii() and asked.isdigit()):
            return
        # RFC 9110 section 10.2.3. A lock of one of the run's own users concerns nobody else.
        if int(asked) <= _LONGEST_WAIT:
            self._quiet_until = max(self._quiet_until, time.monotonic() + int(asked))
        elif not self._target.allow_lockout:
            self._halt = f"the server asked to be left alone for {asked} s"

    async def _response(
        self, transport: httpx.AsyncHTTPTransport, message: httpx.Request
    ) -> tuple[int, tuple[tuple[str, str], ...], bytes, str]:
        """Return status, headers, body and problem; status 0 where no complete response came."""
        limit = self._target.response_bytes
        try:
            async with asyncio.timeout(self._target.response_seconds):
                response = await transport.handle_async_request(message)
                try:
                    body = bytearray()
                    async for piece in response.aiter_raw():
                        body += piece
                        if len(body) > limit:
                            return 0, (), b"", f"the body is larger than {limit} bytes"
                finally:
                    await response.aclose()
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise Unreachable(self._redactor.text(str(error) or type(error).__name__)) from None
        except (TimeoutError, httpx.TimeoutException):
            return 0, (), b"", f"not finished within {self._target.response_seconds:g} s"
        except httpx.HTTPError as error:
            return 0, (), b"", self._redactor.text(str(error) or type(error).__name__)
        headers = tuple(
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw
        )
        encoding = response.headers.get("content-encoding", "identity")
        if encoding != "identity":
            return 0, (), b"", f"the body is encoded as {encoding!r}, though only identity is accepted"
        return response.status_code, headers, bytes(body), ""


@cache
def tls() -> ssl.SSLContext:
    """Return the TLS settings that verify every server; created once, as that reads many certificates."""
    return ssl.create_default_context()


_OWN_HEADERS = (("Accept-Encoding", "identity"), ("User-Agent", "stepup-mfa contract"))
# After this many requests in a row without a response, the rest would only cost time.
_GIVE_UP = 16
# Seconds that a run waits where a live server asks for it; it ends where the server asks for more.
_LONGEST_WAIT = 60


def parse(content: bytes) -> Any:
    """Return the JSON document in a body, or MISSING."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return MISSING


def _strings(document: Any) -> Iterable[str]:
    if isinstance(document, str):
        yield document
    elif isinstance(document, dict):
        for key, value in document.items():
            yield str(key)
            yield from _strings(value)
    elif isinstance(document, list):
        for item in document:
            yield from _strings(item)
