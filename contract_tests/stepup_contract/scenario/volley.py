"""Sends requests at the same moment: all connections are open and all requests are sent except for their
last bytes, which then follow.

The last bytes leave within a fraction of a millisecond, so a server meets all requests at once; a client
library would spread them over its own work. Responses are read completely, within the target's limits.
"""

import asyncio
import http.client
import io
from collections.abc import Sequence
from urllib.parse import urlsplit

from stepup_contract.server.target import Exchange, Request, Target, Unreachable, parse, tls


async def volley(target: Target, requests: Sequence[Request]) -> list[Exchange]:
    """Send all requests at once, each on a connection of its own, and return the exchanges in the same order.

    Raises Unreachable where a connection cannot be made.
    """
    parts = urlsplit(target.url)
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    opened = await asyncio.gather(
        *(asyncio.open_connection(parts.hostname, port, ssl=tls() if secure else None) for _ in requests),
        return_exceptions=True,
    )
    failed = [one for one in opened if isinstance(one, BaseException)]
    connections = [one for one in opened if not isinstance(one, BaseException)]
    try:
        if failed:
            raise Unreachable(str(failed[0]))
        messages = [_message(request, parts.path.rstrip("/"), parts.netloc) for request in requests]
        for (_, writer), message in zip(connections, messages, strict=True):
            writer.write(message[:-1])
        await asyncio.gather(*(writer.drain() for _, writer in connections))
        # Let the server read what was sent, so that only the last byte is missing.
        await asyncio.sleep(0.02)
        for (_, writer), message in zip(connections, messages, strict=True):
            writer.write(message[-1:])
        return await asyncio.gather(
            *(
                _response(reader, request, target)
                for (reader, _), request in zip(connections, requests, strict=True)
            )
        )
    finally:
        for _, writer in connections:
            writer.close()


def _message(request: Request, base: str, host: str) -> bytes:
    content = request.content or b""
    headers = [
        ("Host", host),
        *request.headers,
        ("Content-Length", str(len(content))),
        ("Connection", "close"),
    ]
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"{request.method} {base}{request.path} HTTP/1.1\r\n{head}\r\n".encode() + content


class _Received:
    """Received bytes as a socket, for http.client to read."""

    def __init__(self, received: bytes) -> None:
        self._received = received

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self._received)


async def _response(reader: asyncio.StreamReader, request: Request, target: Target) -> Exchange:
    url = f"{target.url.rstrip('/')}{request.path}"
    received = bytearray()
    try:
        async with asyncio.timeout(target.response_seconds):
            while piece := await reader.read(65536):
                received += piece
                if len(received) > target.response_bytes:
                    return Exchange(request, url, 0, problem=f"more than {target.response_bytes} bytes")
        response = http.client.HTTPResponse(_Received(bytes(received)))  # type: ignore[arg-type]
        response.begin()
        content = response.read()
    except TimeoutError:
        return Exchange(request, url, 0, problem=f"not finished within {target.response_seconds:g} s")
    except (OSError, http.client.HTTPException) as error:
        return Exchange(request, url, 0, problem=type(error).__name__)
    return Exchange(
        request, url, response.status, tuple(response.getheaders()), content, document=parse(content)
    )
