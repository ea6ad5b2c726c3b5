"""The server on its socket: slow, broken and greedy callers, and how it starts and ends."""

import json
import re
import socket
import time

import pytest

from stepup_mock import server
from stepup_mock.server import running


@pytest.fixture
def connect(mock):
    """Open a raw connection; every one is closed afterwards."""
    opened = []

    def open_one():
        host, port = mock.base_url.removeprefix("http://").split(":")
        connection = socket.create_connection((host, int(port)), timeout=15)
        opened.append(connection)
        return connection

    yield open_one
    for connection in opened:
        connection.close()


def read_all(connection):
    """Return what the server sends until it closes."""
    received = b""
    try:
        while chunk := connection.recv(65536):
            received += chunk
    except ConnectionResetError:
        pass
    return received


def cut_off(connection, *pieces, pause=0):
    """Send piece by piece; say whether the server ended the connection before the last."""
    try:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause)
    except (BrokenPipeError, ConnectionResetError):
        return True
    return False


def request(body=b"", *headers, method="POST", path="/api/backend/v1/mfa/step-up/verify-grant"):
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Authorization: Bearer stepup-mock-api-key"]
    lines += ["Content-Type: application/json", *(headers or [f"Content-Length: {len(body)}"])]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


GRANT = json.dumps(
    {"action_type": "A", "user_id": "31c41c16-c281-44ae-9602-8a047e3bf33d", "grant": "f"}
).encode()


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
        request(GRANT, "Content-Length: -5"),
        request(GRANT, "Content-Length: 5", "Content-Length: 7"),
        request(b"zz\r\n", "Transfer-Encoding: chunked"),
        request(GRANT, f"Content-Length: {len(GRANT)}", "Transfer-Encoding: chunked"),
        b"GET / HTTP/1.1\r\nHost: localhost\r\nbad header\r\n\r\n",
    ],
)
def test_what_is_no_http_gets_a_plain_400_or_a_close(connect, nonsense):
    """Broken requests end the connection without a 5xx, and the server serves on."""
    connection = connect()
    connection.sendall(nonsense)
    connection.shutdown(socket.SHUT_WR)
    response = read_all(connection)
    assert response == b"" or response.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4"))
    assert b"Traceback" not in response
    healthy = connect()
    healthy.sendall(request(GRANT))
    assert healthy.recv(100).startswith(b"HTTP/1.1 400")


def test_a_half_closed_connection_gets_its_answer(connect):
    """A caller that ends its sending half after the request still gets the response, and then the end."""
    connection = connect()
    connection.sendall(request(GRANT))
    connection.shutdown(socket.SHUT_WR)
    assert b"grant_not_found" in read_all(connection)


def test_a_caller_that_leaves_early_harms_nobody(connect, caller):
    """Half a body and then nothing: no event with an outcome, no error, and the next caller is served."""
    for _ in range(20):
        connection = connect()
        connection.sendall(request(b"", "Content-Length: 500") + GRANT)
        connection.close()
    time.sleep(0.05)
    assert caller.control("GET", "/events")["events"] == []
    assert caller.verify_grant("31c41c16-c281-44ae-9602-8a047e3bf33d", "f").status_code == 400


def test_pipelined_requests_are_answered_in_order(connect):
    """Two requests in one packet get two responses."""
    connection = connect()
    connection.sendall(
        request(method="GET", path="/one")
        + request(GRANT)
        + request(b"", "Connection: close", "Content-Length: 0")
    )
    assert re.findall(rb"HTTP/1.1 (\d+)", read_all(connection)) == [b"404", b"400", b"400"]


def test_a_slow_body_is_408(monkeypatch):
    """A body that does not arrive in time gets 408 and the connection is closed."""
    with running(body_deadline=0.3) as mock:
        host, port = mock.base_url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(request(b"", "Content-Length: 100") + b"{")
            started = time.monotonic()
            response = read_all(connection)
    assert 0.2 < time.monotonic() - started < 3
    assert response.startswith(b"HTTP/1.1 408")
    assert b"request_timeout" in response
    assert b"connection: close" in response


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: loc"])
def test_slow_headers_are_cut_off(monkeypatch, sent):
    """A connection that sends nothing, or only part of its headers, is closed at a deadline."""
    monkeypatch.setattr(server, "HEADER_DEADLINE", 0.5)
    with running() as mock:
        host, port = mock.base_url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(sent)
            assert read_all(connection) == b""


def test_dripping_headers_are_cut_off(monkeypatch):
    """A slow stream of header bytes does not keep a connection open beyond the deadline."""
    monkeypatch.setattr(server, "HEADER_DEADLINE", 0.5)
    with running() as mock:
        host, port = mock.base_url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            assert cut_off(connection, b"GET / HTTP/1.1\r\n", *[b"X-Drip: 1\r\n"] * 100, pause=0.05)


def test_endless_headers_are_cut_off(connect):
    """Headers beyond 64 KiB end the connection."""
    connection = connect()
    assert cut_off(connection, b"GET / HTTP/1.1\r\n", *[b"X-Filler: " + b"x" * 8000 + b"\r\n"] * 1000)


def test_an_endless_body_is_cut_off(connect):
    """A body that never ends is rejected or cut off, and not kept."""
    connection = connect()
    connection.sendall(request(b"", "Transfer-Encoding: chunked"))
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    assert cut_off(connection, *[chunk] * 1000)


def test_a_declared_giant_is_refused_at_once(connect):
    """A body that declares itself too large is rejected before it is sent."""
    connection = connect()
    connection.sendall(request(b"", "Content-Length: 99999999999", "Expect: 100-continue"))
    response = read_all(connection)
    assert response.startswith(b"HTTP/1.1 413")
    assert b"100 Continue" not in response


def test_expect_continue(connect):
    """A caller that waits for 100 gets it and then its response."""
    connection = connect()
    connection.sendall(request(b"", f"Content-Length: {len(GRANT)}", "Expect: 100-continue"))
    assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.sendall(GRANT)
    assert connection.recv(100).startswith(b"HTTP/1.1 400")


def test_upgrades_are_not_taken(connect):
    """A request to become a WebSocket is treated like any other request."""
    connection = connect()
    connection.sendall(
        b"GET /nothing HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    assert connection.recv(100).startswith(b"HTTP/1.1 404")


def test_servers_do_not_see_each_other():
    """Two servers in one process have their own users and clocks, and free their ports."""
    with running() as one, running() as other:
        assert one.base_url != other.base_url
        one.call(lambda mock: mock.clock.freeze_at(5))
        assert other.call(lambda mock: mock.clock.frozen) is False
        assert one.control_key != other.control_key
    with pytest.raises(OSError, match=r".+"):
        socket.create_connection(("127.0.0.1", int(one.base_url.rpartition(":")[2])), timeout=1)


def test_nothing_shows_a_key():
    """What a server prints of itself holds neither key."""
    with running(api_key="mock-secret-one", control_key="mock-secret-two") as mock:
        shown = repr(mock) + repr(mock.app) + repr(mock.app.worlds)
    assert "mock-secret" not in shown
