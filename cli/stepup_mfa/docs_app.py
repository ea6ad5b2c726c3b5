"""The site and a mock as one ASGI application: a page's file if there is one, else the mock responds.

Only requests for this machine's own names are served, as in the mock, so that a page of another site that
rebinds its name gets nothing. Only scripts of these pages get the keys of the mock. A path never leads to the
disk: files are looked up among those that were built.
"""

import asyncio
import base64
import hashlib
import html
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from stepup_mock import responses
from stepup_mock.app import App
from stepup_mock.hosts import Hosts
from stepup_mock.http_request import operation_of

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

OWN = "/__docs__/"
_CONTROL = "/__control__"
_HEARTBEAT = 15.0
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".yaml": "application/yaml",
    ".xml": "application/xml",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
_SAFETY = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)
_RELOAD = (Path(__file__).parent / "docs_reload.js").read_text(encoding="utf-8")
_RELOAD_HASH = base64.b64encode(hashlib.sha256(_RELOAD.encode()).digest()).decode()
_POLICY = re.compile(r'(<meta http-equiv="Content-Security-Policy" content=")([^"]*)(">)')


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    media_type: str
    etag: str


class Site:
    """The site as it is served now. ``problems`` says why a newer one could not be built."""

    def __init__(self, files: Mapping[str, str | bytes]) -> None:
        self.problems = ""
        self._changed = asyncio.Event()
        self._closed = False
        self.version = ""
        self._files: dict[str, _File] = {}
        self.replace(files)

    def replace(self, files: Mapping[str, str | bytes]) -> None:
        """Serve these from now on, and reload the pages that are open."""
        contents = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
        digest = hashlib.sha256()
        for path, body in sorted(contents.items()):
            digest.update(b"%d %d %s" % (len(path.encode()), len(body), path.encode()) + body)
        self.version = digest.hexdigest()[:16]
        self._files = {path: self._file(path, body) for path, body in contents.items()}
        self.report("")

    def report(self, problems: str) -> None:
        """Keep what is served and show ``problems`` on the pages that are open."""
        self.problems = problems
        self._wake()

    def close(self) -> None:
        """End every stream of events."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def find(self, path: str) -> "_File | str | None":
        """Return the file of a path, the path with its missing slash, or None."""
        name = path.removeprefix("/")
        if name == "" or name.endswith("/"):
            return self._files.get(f"{name}index.html")
        if name in self._files:
            return self._files[name]
        return f"{path}/" if f"{name}/index.html" in self._files else None

    @property
    def missing(self) -> "_File | None":
        return self._files.get("404.html")

    async def events(self) -> AsyncIterator[bytes]:
        """Yield the state, now and whenever it changes, as server-sent events."""
        while not self._closed:
            changed = self._changed
            state = json.dumps({"version": self.version, "problems": self.problems})
            yield f"data: {state}\n\n".encode()
            while not changed.is_set():
                try:
                    await asyncio.wait_for(changed.wait(), _HEARTBEAT)
                except TimeoutError:
                    yield b": still here\n\n"

    def _file(self, path: str, body: bytes) -> _File:
        suffix = PurePosixPath(path).suffix
        if suffix == ".html":
            body = _served(body.decode(), self.version).encode()
        media_type = _TYPES.get(suffix, "application/octet-stream")
        return _File(body, media_type, f'"{hashlib.sha256(body).hexdigest()[:32]}"')


def _served(page: str, version: str) -> str:
    """Return the page with the reload script, and with a policy that allows it."""
    page = _POLICY.sub(lambda match: match[1] + _widened(match[2]) + match[3], page, count=1)
    page = page.replace("</head>", f'<meta name="docs-serve" content="{OWN}keys"></head>', 1)
    script = f'<script data-version="{version}" data-events="{OWN}events">{_RELOAD}</script>'
    head, end, rest = page.rpartition("</body>")
    return f"{head}{script}{end}{rest}"


def _widened(policy: str) -> str:
    """Return the policy with this one script, and calls to the page's own origin, allowed."""
    directives: dict[str, list[str]] = {}
    for text in html.unescape(policy).split(";"):
        name, *sources = text.split() or [""]
        directives[name] = sources
    for name, source in (("script-src", f"'sha256-{_RELOAD_HASH}'"), ("connect-src", "'self'")):
        others = [item for item in directives.get(name, []) if item not in ("'none'", source)]
        directives[name] = [*others, source]
    return html.escape("; ".join(" ".join((name, *sources)) for name, sources in directives.items() if name))


class DocsApp:
    """The ASGI application. ``mock`` may be replaced between two requests."""

    def __init__(self, site: Site, mock: App, host: str, keys: Mapping[str, str]) -> None:
        self.site = site
        self.mock = mock
        self._hosts = Hosts((host,))
        self._keys = json.dumps(keys).encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", ()))
        path = scope.get("path", "")
        if scope["type"] != "http" or not self._hosts.allow(headers.get(b"host", b"")):
            await self.mock(scope, receive, send)  # which rejects the host as well
        elif path.startswith(OWN):
            await self._own(path.removeprefix(OWN), scope, headers, receive, send)
        else:
            await self._page(path, scope, headers, receive, send)

    async def _page(
        self, path: str, scope: Scope, headers: Mapping[bytes, bytes], receive: Receive, send: Send
    ) -> None:
        file = self.site.find(path)
        reads = scope["method"] in ("GET", "HEAD")
        if file is None:
            missing = self.site.missing
            if missing is not None and reads and self._is_missing_page(scope, headers):
                await _send(send, 404, missing.body, missing.media_type)
            else:
                await self.mock(scope, receive, send)
        elif not reads:
            await _send(send, 405, b"", "text/plain", extra=((b"allow", b"GET, HEAD"),))
        elif isinstance(file, str):
            # Relative, so that no Host is repeated and "//elsewhere" leads nowhere.
            place = PurePosixPath(path).name.encode() + b"/"
            await _send(send, 308, b"", "text/plain", extra=((b"location", b"./" + place),))
        else:
            await _send_file(send, file, headers)

    def _is_missing_page(self, scope: Scope, headers: Mapping[bytes, bytes]) -> bool:
        """Return whether this is a browser looking for a missing page, rather than a caller of the mock."""
        if scope["path"].startswith(_CONTROL) or operation_of(scope["method"], scope["raw_path"]):
            return False
        return headers.get(b"accept", b"").startswith(b"text/html")

    async def _own(
        self, name: str, scope: Scope, headers: Mapping[bytes, bytes], receive: Receive, send: Send
    ) -> None:
        if scope["method"] != "GET":
            await _send(send, 405, b"", "text/plain", extra=((b"allow", b"GET"),))
        elif name not in ("keys", "events"):
            await _send(send, 404, b"Page not found.\n", _TYPES[".txt"])
        elif headers.get(b"sec-fetch-site") != b"same-origin":
            # Browsers set this header, and no page can: requests of other sites and plain links are rejected.
            await _send(send, 403, b"Only for scripts of these pages.\n", _TYPES[".txt"])
        elif name == "keys":
            await _send(send, 200, self._keys, _TYPES[".json"])
        else:
            tasks = [asyncio.create_task(self._events(send)), asyncio.create_task(_gone(receive))]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()

    async def _events(self, send: Send) -> None:
        headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store"), *_SAFETY]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async for text in self.site.events():
            await send({"type": "http.response.body", "body": text, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def _gone(receive: Receive) -> None:
    """Return when the client has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send_file(send: Send, file: _File, headers: Mapping[bytes, bytes]) -> None:
    condition = headers.get(b"if-none-match", b"").decode("latin-1")
    # RFC 9110 section 13.1.2: a weak comparison, in which W/ does not count.
    tags = [tag.strip().removeprefix("W/") for tag in condition.split(",")]
    extra = ((b"etag", file.etag.encode()), (b"cache-control", b"no-cache"))
    if file.etag in tags or condition.strip() == "*":
        await _send(send, 304, b"", file.media_type, extra=extra)
    else:
        await _send(send, 200, file.body, file.media_type, extra=extra)


async def _send(
    send: Send,
    status: int,
    body: bytes,
    media_type: str,
    *,
    extra: tuple[responses.Header, ...] = ((b"cache-control", b"no-store"),),
) -> None:
    headers = [(b"content-type", media_type.encode()), *_SAFETY, *extra]
    if status != 304:
        headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})  # which the server leaves out after HEAD
