"""Canaries: what a run knows and what a server leaks to it is in nothing that the command leaves behind."""

import json
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from stepup_contract.checks import Check
from stepup_contract.scenario.check_run import CheckRun
from stepup_contract.server.target import Target
from stepup_mfa.main import main

PUBLIC = ("example", "ABC123")


class Leaking(ThreadingHTTPServer):
    """A server before another one that puts all secrets it has seen into its responses and its log."""

    daemon_threads = True

    def __init__(self, behind: Target, log: Path) -> None:
        self.port = int(behind.url.rpartition(":")[2])
        self.log = log
        # Each secret by its kind, the keys first.
        self.secrets = {behind.api_key: "API key", str(behind.control_key): "control key"}
        super().__init__(("127.0.0.1", 0), Handler)

    def handle_error(self, *_: object) -> None:
        """Say nothing where a client or the server behind hangs up."""

    def learn(self, document: Any, kinds: dict[str, str]) -> None:
        """Take the values of the fields that hold secrets, at any depth."""
        if isinstance(document, list):
            for one in document:
                self.learn(one, kinds)
        elif isinstance(document, dict):
            for name, value in document.items():
                if name in kinds and isinstance(value, str):
                    self.secrets.setdefault(value, kinds[name])
                self.learn(value, kinds)


class Handler(BaseHTTPRequestHandler):
    """Passes a request on, and leaks in the response what was ever secret."""

    protocol_version = "HTTP/1.1"
    server: Leaking
    timeout = 2

    def pass_on(self) -> None:
        control = self.path.startswith("/__control__")
        try:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        except TimeoutError:
            self.close_connection = True
            self.response(408, [], self.leak(b'{"error_code": "request_timeout"}'), control)
            return
        headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
        with closing(HTTPConnection("127.0.0.1", self.server.port, timeout=20)) as behind:
            behind.request(self.command, self.path, body or None, headers)
            response = behind.getresponse()
            content = response.read()
        if control:
            self.learn(body, {"secret": "TOTP secret", "phone_number": "phone number"})
            self.learn(content, {"code": "code", "api_key": "API key"})
        else:
            self.learn(content, {"step_up_grant": "grant"})
            content = self.leak(content)
        self.response(response.status, response.getheaders(), content, control)

    def response(self, status: int, headers: list[tuple[str, str]], content: bytes, control: bool) -> None:
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "connection", "date", "server"):
                self.send_header(name, value)
        if not control:
            self.send_header("X-Debug", " ".join(list(self.server.secrets)[-20:]))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def learn(self, content: bytes, kinds: dict[str, str]) -> None:
        try:
            self.server.learn(json.loads(content), kinds)
        except ValueError:
            return

    def leak(self, content: bytes) -> bytes:
        try:
            document = json.loads(content)
        except ValueError:
            return content
        known = list(self.server.secrets)
        with self.server.log.open("a", encoding="utf-8") as log:
            log.write(f"{self.path} {known[0]} {known[-1]}\n")
        return json.dumps({"debug": [*known[:2], *known[-10:]], **document}).encode()

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = pass_on

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def leaking(other_make: Callable[..., Target], tmp_path: Path) -> Iterator[tuple[Target, Leaking]]:
    """A step-up server that leaks everything, and what it leaks."""
    server = Leaking(other_make(), tmp_path / "server.log")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    yield Target(url, "other-key", url, "other-control"), server
    server.shutdown()
    server.server_close()


def leaks(text: str, secrets: dict[str, str]) -> list[str]:
    """Return the kinds of the secrets that stand in a text; six digits count where they stand alone."""
    alone = set(re.findall(r"(?<![\w.+-])\d{6}(?![\w.-])", text))
    return [
        f"{kind} {value}"
        for value, kind in secrets.items()
        if not any(public in value for public in PUBLIC)
        and (value in alone if re.fullmatch(r"\d{6}", value) else value in text)
    ]


def test_no_secret_is_in_anything_that_the_command_leaves(
    contract: Callable[..., subprocess.CompletedProcess[str]],
    leaking: tuple[Target, Leaking],
    tmp_path: Path,
) -> None:
    """The server responds with every key, secret, code, grant and number it was ever told; the run says that
    it leaks, and repeats none of them on the terminal or in any report.
    """
    target, server = leaking
    reports = [tmp_path / f"report.{form}" for form in ("json", "junit", "sarif", "html")]
    options = [word for path in reports for word in (f"--report-{path.suffix[1:]}", str(path))]
    ran = contract(
        target, *options, "--rules", "A2,E1,E2,T1,T5,S3,V2,V5,Q1", "--phases", "examples,fuzzing",
        "--max-examples", "5", "--seed", "1", "--log-file", str(server.log),
    )  # fmt: skip
    assert ran.returncode == 1, ran.stderr
    assert "FAILED" in ran.stdout
    assert set(server.secrets.values()) == {
        "API key", "control key", "TOTP secret", "code", "grant", "phone number",
    }  # fmt: skip
    left = {"stdout": ran.stdout, "stderr": ran.stderr} | {path.name: path.read_text() for path in reports}
    assert {name: leaks(text, server.secrets) for name, text in left.items()} == {name: [] for name in left}
    # The server's log shows that there was something to hide, and that it would have been found.
    assert leaks(server.log.read_text(), server.secrets)
    findings = json.loads(reports[0].read_text())["findings"]
    rules = {finding["rule"] for finding in findings if "$GRANT" in finding["got"] + finding["message"]}
    assert "Q1" in rules


def test_a_check_that_breaks_down_stops_nothing_and_tells_no_secret(
    other_make: Callable[..., Target], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A fault of the suite in the middle of a check is one line without secrets, and exit 2."""
    secrets: dict[str, str] = {}

    async def breaks(check_run: CheckRun) -> None:
        async with check_run.session() as session:
            user = await session.totp_user()
            response = await session.verify_totp(user.id, session.code(user))
            grant = response.document["step_up_grant"]
            secrets.update({user.secret: "TOTP secret", grant: "grant", "other-control": "control key"})
            raise RuntimeError(f"{user.secret}\n{response.document} other-key other-control")

    check = Check("T1", "breaks", "breaks", breaks, frozenset(), None, False)
    monkeypatch.setattr("stepup_contract.suite.all_checks", lambda: (check,))
    code, shown = judge(other_make(), capsys)
    assert code == 2
    assert len(secrets) == 3
    assert "T1 breaks: RuntimeError: $TOTP_SECRET {'step_up_grant': '$GRANT'}" in shown
    assert leaks(shown, {**secrets, "other-key": "API key"}) == []
    assert "Traceback" not in shown


@pytest.mark.parametrize(
    "part", ["suite.connect", "suite.run_workflows", "suite.last_look", "report.as_json.as_json"]
)
def test_a_part_that_breaks_down_is_a_clear_stop(
    other_make: Callable[..., Target],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    part: str,
) -> None:
    """Wherever the suite itself breaks down the command names kind and place, exits with 2, and shows neither
    a traceback nor a secret.
    """

    def breaks(*_: object, **__: object) -> None:
        raise LookupError("other-key other-control")

    monkeypatch.setattr(f"stepup_contract.{part}", breaks)
    code, shown = judge(other_make(), capsys, "--report-json", str(tmp_path / "r.json"))
    assert code == 2
    assert "LookupError" in shown
    assert leaks(shown, {"other-key": "API key", "other-control": "control key"}) == []
    assert "Traceback" not in shown


def judge(target: Target, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Run the command in this process, and return its exit code and all that it printed."""
    where = ["--url", target.url, "--api-key", target.api_key]
    where += ["--control-url", str(target.control_url), "--control-key", str(target.control_key)]
    code = main(["contract", *where, "--rules", "T1", "--no-conformance", *words])
    shown = capsys.readouterr()
    return code, shown.out + shown.err
