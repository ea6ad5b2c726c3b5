"""A server that answers as a script says, over real sockets, and remembers what it was asked.

It is no mock of the API: it knows nothing of operations. It can do what no honest server does, such as
dropping a connection or promising more than it sends. One request a connection, loopback only.
"""

import base64
import email.utils
import json
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Request", "ScriptedServer"]

_PATIENCE = 10.0


@dataclass(frozen=True)
class Request:
    """A request as it came; the names of its headers in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class _Script:
    answers: list[dict[str, Any]]
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    answered: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def next(self) -> dict[str, Any]:
        return self.answers[min(self.answered, len(self.answers) - 1)]


class ScriptedServer:
    """Answers the requests of a script with its answers in turn; the last one stays.

    An answer is a mapping: ``status`` and ``headers``; the body as ``json``, ``text`` or ``base64``; ``pad``
    to add that many spaces to it; ``cut`` to leave that many of its last bytes out, and ``promise`` to
    announce that many more than are sent; ``delay`` seconds before the answer and ``drip`` seconds over which
    its body trickles; ``drop: before`` (the request is not read) or ``after`` (it is, and nothing answered);
    ``raw``, text sent in place of an answer. In a header, ``{http_date+N}`` is N seconds from now.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._script = _Script([{"drop": "before"}])
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def play(self, answers: list[dict[str, Any]]) -> None:
        """Begin a script; what an older one still does is let go."""
        self._script.over.set()
        self._script = _Script(answers)

    @property
    def requests(self) -> list[Request]:
        """The requests of this script that were read."""
        return self._script.requests

    @property
    def connections(self) -> int:
        """How often somebody connected in this script."""
        return self._script.connections

    def close(self) -> None:
        self._script.over.set()
        # Wakes the thread that waits in accept(); closing alone would not.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection, self._script), daemon=True).start()

    def _serve(self, connection: socket.socket, script: _Script) -> None:
        with connection:
            connection.settimeout(_PATIENCE)
            script.connections += 1
            try:
                if script.next().get("drop") == "before":
                    script.answered += 1
                    return
                request = _read(connection)
                if request is None:
                    return
                script.requests.append(request)
                answer = script.next()
                script.answered += 1
                _answer(connection, answer, script.over)
            except OSError:
                return


def _read(connection: socket.socket) -> Request | None:
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = connection.recv(65536)
        if not chunk:
            return None
        received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return Request(method, target, headers, _chunks(connection, body))
    length = int(headers.get("content-length", "0"))
    while len(body) < length:
        chunk = connection.recv(65536)
        if not chunk:
            return None
        body += chunk
    return Request(method, target, headers, body)


def _chunks(connection: socket.socket, received: bytes) -> bytes:
    """The body of RFC 9112 section 7.1, without its trailers."""
    body = b""
    while True:
        while b"\r\n" not in received:
            received += connection.recv(65536)
        size, _, received = received.partition(b"\r\n")
        length = int(size.partition(b";")[0], 16)
        while len(received) < length + 2:
            received += connection.recv(65536)
        if length == 0:
            return body
        body, received = body + received[:length], received[length + 2 :]


def _answer(connection: socket.socket, answer: dict[str, Any], over: threading.Event) -> None:
    if answer.get("delay"):
        over.wait(answer["delay"])
    if answer.get("drop") == "after":
        return
    if "raw" in answer:
        connection.sendall(str(answer["raw"]).encode())
        return
    body, media_type = _body(answer)
    headers = {"Connection": "close", "Content-Length": str(len(body) + answer.get("promise", 0))}
    if media_type:
        headers["Content-Type"] = media_type
    # A header that is null is left out.
    headers |= answer.get("headers", {})
    lines = [f"HTTP/1.1 {answer['status']} Scripted"]
    lines += [f"{name}: {_header(str(value))}" for name, value in headers.items() if value is not None]
    connection.sendall("\r\n".join((*lines, "", "")).encode("latin-1"))
    _send(connection, body, answer.get("drip", 0), over)


def _body(answer: dict[str, Any]) -> tuple[bytes, str]:
    if "json" in answer:
        body, media_type = json.dumps(answer["json"], ensure_ascii=False).encode(), "application/json"
    elif "base64" in answer:
        body, media_type = base64.b64decode(answer["base64"]), "application/json"
    else:
        body, media_type = str(answer.get("text", "")).encode(), ""
    body += b" " * answer.get("pad", 0)
    return body[: len(body) - answer.get("cut", 0)], media_type


def _header(value: str) -> str:
    if not value.startswith("{http_date"):
        return value
    seconds = int(value.removeprefix("{http_date").removesuffix("}"))
    return email.utils.formatdate(time.time() + seconds, usegmt=True)


def _send(connection: socket.socket, body: bytes, seconds: float, over: threading.Event) -> None:
    if not seconds:
        connection.sendall(body)
        return
    for byte in body:
        connection.sendall(bytes((byte,)))
        if over.wait(seconds / len(body)):
            return
