"""Hostile and dying servers, judged by the real command: a clear finding or a clear stop, in bounded time;
what was learnt is told, and no key goes anywhere else.
"""

import gzip
import json
import re
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TypeVar

import httpx
import pytest

from stepup_contract.server.target import Target

Contract = Callable[..., subprocess.CompletedProcess[str]]
Answer = Callable[[socket.socket], None]
Raw = Callable[[Answer], str]
T = TypeVar("T")
R = TypeVar("R")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
PAGE = b"<html><body>Something went wrong</body></html>"
BOMB = gzip.compress(b"0" * 50_000_000)
# No run takes longer, many at a time on a busy machine.
SECONDS = 60.0
KEYS = ("the-api-key-of-the-run", "the-control-key-of-the-run")


def at_once(work: Callable[[T], R], cases: Sequence[T]) -> list[R]:
    """Do some work for all cases, several at a time, as they mostly wait."""
    began = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(work, cases))
    assert time.monotonic() - began < SECONDS
    return done


def stopped(ran: subprocess.CompletedProcess[str], problem: str) -> None:
    """Assert that a run stopped before it judged anything, and said why and what to do."""
    assert ran.returncode == 2
    assert problem in ran.stderr
    assert len(ran.stderr.splitlines()) == 2
    assert ran.stdout == ""
    assert not [key for key in KEYS if key in ran.stderr]


# Hostile from the start ---------------------------------------------------------------------------


def endless(connection: socket.socket) -> None:
    connection.sendall(HEAD + b"\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def bomb(connection: socket.socket) -> None:
    length = f"Content-Encoding: gzip\r\nContent-Length: {len(BOMB)}\r\n\r\n".encode()
    connection.sendall(HEAD + length + BOMB)


def drip(connection: socket.socket) -> None:
    connection.sendall(HEAD + b"Content-Length: 100000\r\n\r\n")
    while True:
        connection.sendall(b" ")
        time.sleep(0.05)


def drip_headers(connection: socket.socket) -> None:
    connection.sendall(HEAD)
    while True:
        connection.sendall(b"X-More: 1\r\n")
        time.sleep(0.05)


def page(connection: socket.socket) -> None:
    length = f"Content-Type: text/html\r\nContent-Length: {len(PAGE)}\r\n\r\n".encode()
    connection.sendall(b"HTTP/1.1 200 OK\r\n" + length + PAGE)


def error(connection: socket.socket) -> None:
    length = f"Content-Type: text/html\r\nContent-Length: {len(PAGE)}\r\n\r\n".encode()
    connection.sendall(b"HTTP/1.1 500 Internal Server Error\r\n" + length + PAGE)


def noise(connection: socket.socket) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH_9.7\r\n")


def nothing(connection: socket.socket) -> None: ...


STRANGERS = (
    (endless, "the body is larger than"),
    (bomb, "encoded as 'gzip'"),
    (drip, "not finished within 0.5 s"),
    (drip_headers, "not finished within 0.5 s"),
    (page, "does not respond like a step-up server: 200 <html>"),
    (error, "does not respond like a step-up server: 500 <html>"),
    (noise, "no response ("),
    (nothing, "no response ("),
)


def test_what_never_was_a_step_up_server_is_a_clear_stop(contract: Contract, raw_server: Raw) -> None:
    """Whatever a server does with every request, the run ends at once with what it does and what to do."""

    def judge(response: Answer) -> subprocess.CompletedProcess[str]:
        def talk(connection: socket.socket) -> None:
            connection.recv(9999)
            response(connection)

        return contract("--url", raw_server(talk), "--api-key", KEYS[0], "--timeout", "0.5")

    for ran, (_, problem) in zip(
        at_once(judge, [response for response, _ in STRANGERS]), STRANGERS, strict=True
    ):
        stopped(ran, problem)


def test_a_redirect_at_the_start_is_a_clear_stop(contract: Contract, raw_server: Raw) -> None:
    """The other address is told, and nothing arrives there."""
    arrived: list[bytes] = []
    elsewhere = raw_server(lambda connection: arrived.append(connection.recv(9999)))

    def redirect(connection: socket.socket) -> None:
        connection.recv(9999)
        connection.sendall(
            f"HTTP/1.1 308 Moved\r\nLocation: {elsewhere}/\r\nContent-Length: 0\r\n\r\n".encode()
        )

    stopped(contract("--url", raw_server(redirect), "--api-key", KEYS[0]), f"redirects to {elsewhere}")
    assert arrived == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 that nobody vouches for, with its key."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    request = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=127.0.0.1",
    ]
    files = [
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        str(path),
        "-out",
        str(path.with_suffix(".crt")),
    ]
    subprocess.run([*request, *files], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + path.with_suffix(".crt").read_bytes())
    return path


def test_broken_tls_is_a_clear_stop(contract: Contract, raw_server: Raw, certificate: Path) -> None:
    """A certificate that nobody vouches for, plain text where TLS is due and a handshake that breaks off are
    each told, and the key arrives nowhere.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    arrived: list[bytes] = []

    def self_signed(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            arrived.append(secure.recv(9999))
            secure.sendall(HEAD + b"Content-Length: 2\r\n\r\n{}")

    def plain(connection: socket.socket) -> None:
        arrived.append(connection.recv(9999))
        connection.sendall(HEAD + b"Content-Length: 2\r\n\r\n{}")

    def breaks_off(connection: socket.socket) -> None:
        arrived.append(connection.recv(9999))
        # The first half of a TLS record, RFC 8446 section 5.1.
        connection.sendall(b"\x16\x03\x03\x00\x7a\x02\x00")

    for server, problem in ((self_signed, "certificate verify failed"), (plain, "SSL"), (breaks_off, "")):
        url = raw_server(server).replace("http:", "https:")
        ran = contract("--url", url, "--api-key", KEYS[0], "--timeout", "2")
        stopped(ran, f"no connection to {url}")
        assert problem in ran.stderr
    assert not [sent for sent in arrived if KEYS[0].encode() in sent]


def test_a_hostile_control_api_is_a_clear_stop(
    contract: Contract, other_make: Callable[..., Target], raw_server: Raw
) -> None:
    """What responds in place of the control API is told, before anything is judged."""

    def talk(connection: socket.socket) -> None:
        connection.recv(9999)
        page(connection)

    target = other_make(control=False)
    ran = contract(target, "--control-url", raw_server(talk), "--control-key", KEYS[1])
    stopped(ran, "GET /__control__/clock: `now` is not a number")


# Hostile after a while ----------------------------------------------------------------------------


class Turncoat(ThreadingHTTPServer):
    """A server before a good one that behaves for so many requests to the API, and then no more.

    In the ``phases`` only those of schemathesis count.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, behind: Target, phases: bool, misbehave: Callable[["Handler"], bool]) -> None:
        self.port = int(behind.url.rpartition(":")[2])
        self.agent = "schemathesis" if phases else ""
        self.good = 15 if phases else 40
        self.seen = 0
        self.control = False
        self.misbehave = misbehave
        super().__init__(("127.0.0.1", 0), Handler)

    def handle_error(self, *_: object) -> None:
        """Say nothing where the run hangs up."""


class Handler(BaseHTTPRequestHandler):
    """Passes a request on, or lets the server misbehave."""

    protocol_version = "HTTP/1.1"
    server: Turncoat
    timeout = 2

    def pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        agent = self.headers.get("User-Agent") or ""
        if self.path.startswith("/__control__") == self.server.control and self.server.agent in agent:
            self.server.seen += 1
            if self.server.seen > self.server.good and self.server.misbehave(self):
                self.close_connection = True
                return
        with closing(HTTPConnection("127.0.0.1", self.server.port, timeout=20)) as behind:
            behind.request(self.command, self.path, body or None, dict(self.headers.items()))
            response = behind.getresponse()
            content = response.read()
        self.send_response_only(response.status)
        for name, value in response.getheaders():
            if name.lower() not in ("connection", "content-length"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content if self.command != "HEAD" else b"")

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = pass_on

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def turncoat(other_make: Callable[..., Target]) -> Iterator[Callable[..., Target]]:
    """Start a server that turns after so many good responses."""
    servers: list[Turncoat] = []

    def serve(misbehave: Callable[[Handler], bool], *, phases: bool = False, control: bool = False) -> Target:
        server = Turncoat(other_make(), phases, misbehave)
        server.control = control
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        return Target(url, "other-key", url, "other-control")

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def raw(response: Callable[[socket.socket], None]) -> Callable[[Handler], bool]:
    """Respond to each request in another way."""

    def misbehave(handler: Handler) -> bool:
        response(handler.connection)
        return True

    return misbehave


def now_and_then(handler: Handler) -> bool:
    """Respond to every third request with an error page."""
    if handler.server.seen % 3:
        return False
    error(handler.connection)
    return True


TURNS = (raw(endless), raw(bomb), raw(drip), raw(nothing), raw(page), now_and_then)


def judge_turncoat(
    contract: Contract, target: Target, path: Path, phases: bool
) -> subprocess.CompletedProcess[str]:
    """Check a server that turns in the checks or in the phases."""
    words = ("--rules", "E1", "--phases", "examples") if phases else ("--rules", "E3,V2", "--no-conformance")
    more = ("--no-workflows", "--seed", "1", "--timeout", "2", "--report-json", str(path))
    return contract(target, *words, *more)


@pytest.mark.parametrize("phases", [False, True], ids=["in the checks", "in the phases"])
def test_a_server_that_turns_is_reported_as_far_as_it_came(
    contract: Contract, turncoat: Callable[..., Target], tmp_path: Path, phases: bool
) -> None:
    """However and whenever a server begins to misbehave, the run ends in time, with findings or as one that
    broke off, and its report keeps what was learnt before.
    """

    def judge(turn: int) -> tuple[subprocess.CompletedProcess[str], str]:
        path = tmp_path / f"{turn}.json"
        target = turncoat(TURNS[turn], phases=phases)
        return judge_turncoat(contract, target, path, phases), path.read_text()

    for ran, text in at_once(judge, range(4 if phases else len(TURNS))):
        assert ran.returncode in (1, 2), ran.stdout + ran.stderr
        assert ran.stderr == ""
        assert "other-key" not in ran.stdout + text
        report = json.loads(text)
        assert report["summary"]["errors"] or report["summary"]["findings"]
        problem = report["conformance"] if phases else report["rules"][-1]
        assert problem["requests"] > 0
        if phases:
            assert [rule["outcome"] for rule in report["rules"]] == ["passed"]
            assert problem["phases"]["examples"]["requests"] >= 10


@pytest.mark.parametrize("phases", [False, True], ids=["in the checks", "in the phases"])
def test_no_redirect_takes_a_key_away(
    contract: Contract, turncoat: Callable[..., Target], raw_server: Raw, tmp_path: Path, phases: bool
) -> None:
    """Redirects that begin in the middle of a run are findings, and nothing arrives at the other address."""
    arrived: list[bytes] = []
    elsewhere = raw_server(lambda connection: arrived.append(connection.recv(9999)))
    head = f"HTTP/1.1 307 Temporary Redirect\r\nLocation: {elsewhere}/\r\nContent-Length: 0\r\n\r\n".encode()
    target = turncoat(raw(lambda connection: connection.sendall(head)), phases=phases)
    ran = judge_turncoat(contract, target, tmp_path / "report.json", phases)
    assert ran.returncode == 1
    assert "307" in ran.stdout
    assert arrived == []


def test_a_control_api_that_fails_in_the_middle_is_no_clean_run(
    contract: Contract, turncoat: Callable[..., Target]
) -> None:
    """What was not judged because users could not be arranged any more is told, whatever was seen."""

    def fail(handler: Handler) -> bool:
        if handler.command == "PUT":
            handler.send_error(500)
        return handler.command == "PUT"

    plain = ("--no-conformance", "--no-workflows", "--no-state-machine", "--seed", "1", "--rules", "V1,V2,V5")
    good = contract(turncoat(lambda handler: False, control=True), *plain)
    assert good.returncode == 0, good.stdout
    ran = contract(turncoat(fail, control=True), *plain)
    assert ran.returncode == 2
    assert "0 failed" in ran.stdout
    assert re.search(r"V\d .*control API: PUT .*expected 204, got 500", ran.stdout)


# Wrong clocks -------------------------------------------------------------------------------------


def test_a_server_with_another_time_is_judged_by_its_own(
    contract: Contract, other_make: Callable[..., Target]
) -> None:
    """Codes, lifetimes and windows are those of the server's clock, which differs by days, and the clock
    is left as it was.
    """
    target = other_make()
    url = f"{target.control_url}/__control__/clock"
    headers = {"Authorization": f"Bearer {target.control_key}"}
    httpx.post(url, json={"advance_seconds": 200_000}, headers=headers)
    ran = contract(target, "--rules", "T1,T2,T4,V4,D2", "--no-conformance", "--no-workflows", "--seed", "1")
    assert ran.returncode == 0, ran.stdout
    ahead = httpx.get(url, headers=headers).json()["now"] - time.time()
    assert abs(ahead - 200_000) < 5


@pytest.mark.parametrize("now", ["NaN", "1e300", '"soon"', "null"])
def test_a_clock_that_shows_no_time_is_a_clear_stop(
    contract: Contract, other_make: Callable[..., Target], raw_server: Raw, now: str
) -> None:
    """A control API whose clock makes no sense is told, and no check is blamed for it."""
    body = f'{{"now": {now}, "frozen": false}}'.encode()

    def talk(connection: socket.socket) -> None:
        while connection.recv(9999):
            connection.sendall(HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)

    target = other_make(control=False)
    ran = contract(target, "--control-url", raw_server(talk), "--control-key", KEYS[1], "--rules", "T1")
    stopped(ran, "/clock: `now` is no")
