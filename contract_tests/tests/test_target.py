"""The target: what a hostile server can do to a run, which is little."""

import asyncio
import gzip
import socket
import time
from collections.abc import Callable

import pytest

from stepup_contract.server.connect import TargetError, connect
from stepup_contract.server.target import Exchange, Http, Request, Target, Unreachable

Raw = Callable[[Callable[[socket.socket], None]], str]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def exchange(url: str, **caps: float) -> Exchange:
    """Send one request with the key of a target."""
    target = Target(url, "the-key-of-the-target", **caps)  # type: ignore[arg-type]

    async def send() -> Exchange:
        async with Http(url, target, target.redactor()) as http:
            key = ("Authorization", f"Bearer {target.api_key}")
            return await http.send(Request("fetchUserMfaMethods", "GET", "/x", (key,)))

    return asyncio.run(send())


def test_no_redirect_is_followed(raw_server: Raw) -> None:
    """A redirect to another address is a response like any other; nothing arrives there."""
    arrived: list[bytes] = []
    elsewhere = raw_server(lambda connection: arrived.append(connection.recv(9999)))

    def redirect(connection: socket.socket) -> None:
        connection.recv(9999)
        location = f"Location: {elsewhere}/\r\n".encode()
        connection.sendall(b"HTTP/1.1 307 Temporary Redirect\r\nContent-Length: 0\r\n" + location + b"\r\n")

    response = exchange(raw_server(redirect))
    assert response.status == 307
    assert arrived == []


def test_an_endless_body_is_cut(raw_server: Raw) -> None:
    """A body without end costs at most its cap."""

    def endless(connection: socket.socket) -> None:
        connection.recv(9999)
        connection.sendall(HEAD + b"\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    response = exchange(raw_server(endless), response_bytes=1 << 18)
    assert (response.status, response.problem) == (0, "the body is larger than 262144 bytes")


def test_a_dripping_answer_is_given_up(raw_server: Raw) -> None:
    """A server that sends a byte now and then cannot hold a request longer than its time."""

    def drip(connection: socket.socket) -> None:
        connection.recv(9999)
        connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n")
        while True:
            connection.sendall(b" ")
            time.sleep(0.05)

    started = time.monotonic()
    response = exchange(raw_server(drip), response_seconds=0.5)
    assert (response.status, response.problem) == (0, "not finished within 0.5 s")
    assert time.monotonic() - started < 5


def test_a_compressed_bomb_is_not_opened(raw_server: Raw) -> None:
    """A compressed body is not unpacked: nobody asked for one."""
    bomb = gzip.compress(b"0" * 50_000_000)

    def answer_bomb(connection: socket.socket) -> None:
        connection.recv(9999)
        length = f"Content-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
        connection.sendall(HEAD + length + bomb)

    response = exchange(raw_server(answer_bomb))
    assert response.status == 0
    assert "gzip" in response.problem


def test_a_closed_connection_is_told_without_the_key(raw_server: Raw) -> None:
    """A server that hangs up gives an exchange without a response, and its curl line holds no key."""
    response = exchange(raw_server(lambda connection: connection.recv(9999) and None))
    assert response.status == 0
    target = Target(response.url, "the-key-of-the-target")
    curl = response.curl(target.redactor())
    assert "the-key-of-the-target" not in curl
    assert "${STEPUP_MFA_API_KEY}" in curl


def test_a_closed_port_is_unreachable() -> None:
    """Where nothing listens, that is reported, and there is no exchange."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(Unreachable):
        exchange(f"http://127.0.0.1:{port}")


def test_deep_json_is_no_json(raw_server: Raw) -> None:
    """A response nested too deep to be read is a response without JSON."""
    deep = b"[" * 200_000

    def nested(connection: socket.socket) -> None:
        connection.recv(9999)
        connection.sendall(HEAD + f"Content-Length: {len(deep)}\r\n\r\n".encode() + deep)

    assert not isinstance(exchange(raw_server(nested)).document, list)


def test_keys_are_in_no_repr() -> None:
    """A target shows its keys in no repr."""
    shown = repr(Target("http://x", "the-api-key", "http://x", "the-control-key"))
    assert "the-api-key" not in shown
    assert "the-control-key" not in shown


@pytest.mark.parametrize(
    ("response", "problem"),
    [
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<html></html>",
            "does not respond like a step-up server",
        ),
        (b"HTTP/1.1 301 Moved\r\nLocation: https://x.test/\r\nContent-Length: 0\r\n\r\n", "redirects to"),
        (b"HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\n{}", "rejected the API key"),
    ],
)
def test_what_is_no_step_up_server_is_told_apart(raw_server: Raw, response: bytes, problem: str) -> None:
    """A web page, a redirect and a rejected key are each told in one line, with what to do."""

    def answering(connection: socket.socket) -> None:
        while connection.recv(9999):
            connection.sendall(response)

    async def open_it(url: str) -> None:
        async with connect(Target(url, "key")):
            pass

    with pytest.raises(TargetError, match=problem) as caught:
        asyncio.run(open_it(raw_server(answering)))
    assert caught.value.remedy
