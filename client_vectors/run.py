#!/usr/bin/env python3
"""Plays the vectors to every client and says where one of them behaves otherwise than all should.

    python client_vectors/run.py [--language NAME]… [--match TEXT] [--client NAME=DIR]…

A client is driven through a small program of its language (README.md has the protocol). Exit code 0: all as
expected; 1: not; 2: misuse. A language whose tools are missing is skipped with a message, and fails where CI
is set.
"""

import argparse
import atexit
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.parse
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from server import Request, ScriptedServer  # noqa: E402

_PATIENCE = 30.0
# What leaves a connection in doubt.
_BROKEN = {"delay", "drip", "drop", "pad", "promise", "raw"}
_TIMEOUT = 5.0


@dataclass(frozen=True)
class Vector:
    """One vector for one operation, every placeholder filled."""

    name: str
    operation: str
    method: str
    path: str
    arguments: dict[str, Any]
    answers: list[dict[str, Any]]
    expect: dict[str, Any]
    timeout: float = _TIMEOUT
    headers: dict[str, str] = field(default_factory=dict)
    base: str = ""
    unreachable: bool = False
    typed: bool = False
    repeatable: bool = False


def vectors(document: dict[str, Any]) -> Iterator[Vector]:
    """Every vector for every operation it names, in the order of the document."""
    for raw in document["vectors"]:
        for name in raw.get("operations", document["operations"]):
            operation = document["operations"][name]
            for each in raw.get("each", [None]):
                known = {"$success": operation["success"], "$each": each}
                if isinstance(each, dict):
                    known["$keys"] = list(each)
                made = filled({key: raw[key] for key in raw.keys() - {"operations", "each"}}, known)
                arguments = operation["arguments"] | (made.get("arguments") or {})
                yield Vector(
                    name=made["name"],
                    operation=name,
                    method=operation["request"][0],
                    path=operation["request"][1],
                    arguments=arguments,
                    answers=made["answers"],
                    expect=made["expect"],
                    timeout=made.get("timeout", _TIMEOUT),
                    headers=made.get("headers", {}),
                    base=made.get("base", ""),
                    unreachable=made.get("unreachable", False),
                    typed=made.get("typed", False),
                    repeatable=operation.get("repeatable", False),
                )


def filled(value: Any, known: dict[str, Any]) -> Any:
    """A part of the document with its placeholders filled in."""
    if isinstance(value, dict):
        merged = filled(value["$merge"], known) if "$merge" in value else {}
        return {key: filled(item, known) for key, item in value.items() if key != "$merge"} | merged
    if isinstance(value, list):
        return [filled(item, known) for item in value]
    if not isinstance(value, str):
        return value
    if value in known:
        return filled(known[value], {})
    each = known.get("$each")
    if value.startswith("$each."):
        return filled(known["$each"][int(value[6:])], {})
    if value.startswith("{repeat "):
        _, text, count = value[:-1].split(" ")
        return text * int(count)
    if value == "{deep}":
        return "[" * 100_000 + "]" * 100_000
    if value == "{surrogate}":
        return "\ud800"
    for number, item in enumerate(each if isinstance(each, list) else ()):
        value = value.replace(f"{{each.{number}}}", str(item))
    return value.replace("{each}", each if isinstance(each, str) else json.dumps(each))


class Driver:
    """A program that makes calls with one client: a line of JSON in, a line of JSON out."""

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment()
        )
        self._lines: queue.Queue[bytes] = queue.Queue()
        self.log = b""
        for target in (self._read_answers, self._read_log):
            threading.Thread(target=target, daemon=True).start()

    def call(self, call: dict[str, Any]) -> dict[str, Any]:
        """What came of a call. Raises RuntimeError where the program ended, or is silent for too long."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(call).encode() + b"\n")
            self._process.stdin.flush()
            line = self._lines.get(timeout=_PATIENCE)
        except (OSError, queue.Empty):
            line = b""
        if not line:
            self.close()
            raise RuntimeError(
                f"the driver gave no outcome; it said: {self.log.decode(errors='replace')[-2000:]}"
            )
        outcome = json.loads(line)
        assert isinstance(outcome, dict)
        return outcome

    def close(self) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
            self._process.wait(2)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()

    def _read_answers(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(b"")

    def _read_log(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.log += line


def _environment() -> dict[str, str]:
    """Ours, less what would reach the clients: their settings, and proxies."""
    return {
        key: value
        for key, value in os.environ.items()
        if not key.startswith("STEPUP_MFA_") and not key.lower().endswith("_proxy")
    }


def play(vector: Vector, driver: Driver, server: ScriptedServer, nobody: str, api_key: str) -> str:
    """What is wrong with what a client made of a vector, "" where nothing is; "impossible" by its types."""
    server.play(vector.answers)
    call = {
        "operation": vector.operation,
        "arguments": vector.arguments,
        "auth_url": nobody if vector.unreachable else server.url + vector.base,
        "api_key": api_key,
        "timeout_seconds": vector.timeout,
        "headers": vector.headers,
    }
    outcome = driver.call(call)
    if outcome.get("impossible") and vector.typed:
        return "impossible"
    problems = [*_outcome_problems(vector, outcome), *_request_problems(vector, server, api_key)]
    for secret in _secrets(vector, api_key):
        if secret in outcome.get("shown", ""):
            problems.append("a secret is shown")
    return "; ".join(problems)


def _secrets(vector: Vector, api_key: str) -> list[str]:
    """The key, the secret arguments, and the grants that are issued."""
    sent = [
        text for text in vector.arguments.values() if isinstance(text, str) and text.startswith("canary-")
    ]
    issued = [text for text in json.dumps(vector.answers).split('"') if text.startswith("canary-issued-")]
    return [api_key, *sent, *issued]


def _outcome_problems(vector: Vector, outcome: dict[str, Any]) -> Iterator[str]:
    if "result" in vector.expect:
        if outcome.get("result") != vector.expect["result"] or "error" in outcome:
            yield f"expected the result {_shown(vector.expect['result'])}, found {_shown(outcome)}"
        return
    error = outcome.get("error")
    if not isinstance(error, dict) or "result" in outcome:
        yield f"expected the error {_shown(vector.expect['error'])}, found {_shown(outcome)}"
        return
    for key, expected in vector.expect["error"].items():
        found = error.get(key)
        if key == "problems":
            found = sorted(found or ())
        if not _fits(expected, found):
            yield f"error.{key}: expected {_shown(expected)}, found {_shown(found)}"


def _fits(expected: Any, found: Any) -> bool:
    if isinstance(expected, dict) and expected.keys() <= {"about", "at_least"} and expected:
        number = isinstance(found, int | float)
        about, least = expected.get("about"), expected.get("at_least")
        return number and (about is None or abs(found - about) < 6) and (least is None or found >= least)
    return bool(expected == found) and isinstance(expected, bool) == isinstance(found, bool)


def _request_problems(vector: Vector, server: ScriptedServer, api_key: str) -> Iterator[str]:
    expected = vector.expect.get("requests", 1)
    expected = (3 if vector.repeatable else 1) if expected == "retried" else expected
    if len(server.requests) != expected:
        yield f"expected {expected} requests, found {len(server.requests)}"
    if server.connections != vector.expect.get("connections", server.connections):
        yield f"expected {vector.expect['connections']} connections, found {server.connections}"
    for request in server.requests:
        yield from _sent_problems(vector, request, api_key)


def _sent_problems(vector: Vector, request: Request, api_key: str) -> Iterator[str]:
    if request.method != vector.method:
        yield f"sent {request.method}, expected {vector.method}"
    # Segment by segment, each decoded: whatever stands in an argument stays one segment.
    template = (vector.base.rstrip("/") + vector.path).split("/")
    expected = [segment.format(**vector.arguments) for segment in template]
    if [urllib.parse.unquote(segment) for segment in request.target.split("/")] != expected:
        yield f"sent the path {request.target}"
    if not set(request.target) <= set(_PATH):
        yield f"sent the path {request.target}, which no path may be"
    headers = {"authorization": f"Bearer {api_key}"} | vector.expect.get("sent", {}).get("headers", {})
    body = {key: value for key, value in vector.arguments.items() if f"{{{key}}}" not in vector.path}
    if vector.method != "GET":
        if json.loads(request.body) != body:
            yield f"sent the body {request.body!r}"
        headers["content-type"] = "application/json"
    elif request.body:
        yield "sent a body"
    if "application/json" not in request.headers.get("accept", ""):
        yield "did not ask for JSON"
    if "stepup" not in request.headers.get("user-agent", ""):
        yield f"called itself {request.headers.get('user-agent')}"
    for name, value in headers.items():
        if request.headers.get(name, "").partition(";")[0] != value:
            yield f"sent the header {name}: {request.headers.get(name)}"


# RFC 3986 section 3.3: the characters of a path.
_PATH = "/%-._~!$&'()*+,;=:@ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) < 400 else text[:400] + "…"


class MissingTool(Exception):
    """A language cannot be checked here."""


def command(language: str, client: Path) -> list[str]:
    """Build what has to be built, and return the command of a driver. Raises MissingTool."""
    folder = HERE / "drivers" / language
    if language == "python":
        return [sys.executable, "-B", str(folder / "driver.py"), str(client)]
    if language == "typescript":
        npm = _tool("npm")
        if not (client / "node_modules").is_dir():
            _run([npm, "ci", "--ignore-scripts"], client)
        _run([npm, "run", "--silent", "build"], client)
        return [_tool("node"), str(folder / "driver.mjs"), str(client)]
    if language == "go":
        return [_go_driver(_tool("go"), folder, client)]
    if language == "rust":
        return [_rust_driver(_tool("cargo"), folder, client)]
    raise MissingTool(f"no driver for {language}")


def _rust_driver(cargo: str, folder: Path, client: Path) -> str:
    """Build the driver with the client that lies in a folder, where dependencies are compiled only once."""
    root = HERE.parent
    target = Path(os.environ.get("STEPUP_CARGO_TARGET") or root / "build" / "cargo").resolve()
    # Drivers of several clients may be built, and run, at the same time.
    name = f"vectors-driver-{zlib.crc32(str(client).encode()):08x}"
    made = target / name
    made.mkdir(parents=True, exist_ok=True)
    manifest = (folder / "Cargo.toml").read_text(encoding="utf-8")
    manifest = manifest.replace('"../../../generated_client/rust"', json.dumps(str(client)))
    source = f'[[bin]]\nname = "{name}"\npath = {json.dumps(str(folder / "src" / "main.rs"))}\n'
    (made / "Cargo.toml").write_text(f"{manifest}\n{source}", encoding="utf-8")
    _run([cargo, "build", "--quiet", "--target-dir", str(target)], made)
    return str(target / "debug" / name)


def _go_driver(go: str, folder: Path, client: Path) -> str:
    """Build the driver with the client that lies in a folder; the program is gone when this one ends."""
    made = Path(tempfile.mkdtemp(prefix="stepup-mfa-go-driver-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    for name in ("go.mod", "go.sum"):
        shutil.copy(folder / name, made)
    module = f"-modfile={made / 'go.mod'}"
    _run(
        [go, "mod", "edit", f"-replace=github.com/stepup-mfa/stepup-mfa-go={client}", str(made / "go.mod")],
        folder,
    )
    _run([go, "build", module, "-o", str(made / "driver"), "."], folder)
    return str(made / "driver")


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise MissingTool(f"`{name}` is not on the PATH")
    return found


def _run(arguments: list[str], folder: Path) -> None:
    done = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)} in {folder}: {done.stdout}{done.stderr}")


def languages() -> list[str]:
    return sorted(path.name for path in (HERE / "drivers").iterdir() if path.is_dir())


def judge(language: str, chosen: list[Vector], client: Path, api_key: str) -> tuple[list[str], int]:
    """Play vectors to one client: what is wrong, and how many vectors its types rule out."""
    failures: list[str] = []
    impossible = 0
    driver, server = Driver(command(language, client)), ScriptedServer()
    nobody = ScriptedServer()
    nobody.close()
    try:
        for vector in chosen:
            problem = play(vector, driver, server, nobody.url, api_key)
            if problem == "impossible":
                impossible += 1
            elif problem:
                failures.append(f"{language}: {vector.operation}: {vector.name}: {problem}")
            if any(_BROKEN & answer.keys() for answer in vector.answers):
                # A client may have connected anew after such an answer: that belongs to no later vector.
                server.close()
                server = ScriptedServer()
        for secret in {secret for vector in chosen for secret in _secrets(vector, api_key)}:
            if secret.encode() in driver.log:
                failures.append(f"{language}: a secret is in its log")
    finally:
        driver.close()
        server.close()
    return failures, impossible


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--language", action="append", choices=languages(), help="repeatable")
    parser.add_argument(
        "--match", default="", metavar="TEXT", help="only vectors whose operation or name has it"
    )
    parser.add_argument(
        "--client", action="append", default=[], metavar="NAME=DIR", help="where a client lies"
    )
    args = parser.parse_args(arguments)
    document = yaml.safe_load((HERE / "vectors.yaml").read_text(encoding="utf-8"))
    chosen = [item for item in vectors(document) if args.match in f"{item.operation} {item.name}"]
    if not chosen:
        parser.error(f"no vector has {args.match!r} in its name")
    folders = dict(item.split("=", 1) for item in args.client)
    code = 0
    for language in args.language or languages():
        client = Path(folders.get(language, HERE.parent / "generated_client" / language)).resolve()
        try:
            failures, impossible = judge(language, chosen, client, document["api_key"])
        except MissingTool as missing:
            print(f"NOT CHECKED: {language}: {missing}")
            code = code or int(bool(os.environ.get("CI")))
            continue
        print(
            "\n".join((*failures, f"{language}: {len(chosen) - len(failures)} of {len(chosen)} as expected"))
        )
        if impossible:
            print(f"{language}: {impossible} of them ruled out by its types")
        code = code or int(bool(failures))
    return code


if __name__ == "__main__":
    sys.exit(main())
