"""What reading the reference costs in a browser, and what building the site costs.

Headless Chromium loads the reference from a static server on this machine that sends gzip, on a slow profile
(1.6 Mbit/s, 150 ms, a quarter of the CPU) and on a fast one; a blank page, measured in the same run, is the
floor. Medians. Then the build: CPU of the whole, of a build with nothing to do, and of a document of many
operations with the size of its pages.

    python bench/site.py [--rounds N] [--operations N] [--format text|json]
"""

import argparse
import contextlib
import gzip
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from generation import document
from playwright.sync_api import Browser, sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
BUILD = [sys.executable, "-m", "stepup_mfa", "docs", "build"]
# Bytes are gzipped. Times of the reference hold on the slow profile.
TARGETS = {
    "bytes": 15_000, "requests": 3, "script_bytes": 4_000, "try_bytes": 8_000, "text_ms": 800,
    "blocking_ms": 150, "shift": 0.01, "build_cpu": 2.0, "unchanged_cpu": 0.3, "many_seconds": 60,
    "many_page_bytes": 20_000,
}  # fmt: skip
SLOW = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 93_750}
# When the first operation can be read: it is laid out, and something was painted.
WATCH = """
window.seen = { text: 0, blocking: 0, shift: 0 };
const look = () => {
  const heading = document.querySelector('.op h3');
  if (heading && heading.getBoundingClientRect().height) seen.text = performance.now();
  else requestAnimationFrame(look);
};
look();
new PerformanceObserver(list => list.getEntries().forEach(item => {
  seen.blocking += Math.max(0, item.duration - 50);
})).observe({ type: 'longtask', buffered: true });
new PerformanceObserver(list => list.getEntries().forEach(item => { seen.shift += item.value }))
  .observe({ type: 'layout-shift', buffered: true });
"""
READ = "() => ({ ...seen, paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime })"
BLANK = "<!doctype html><title>Blank</title><link rel=icon href=data:,><div class=op><h3>Blank</h3></div>"


class Zipped(SimpleHTTPRequestHandler):
    """Sends files as static hosts do: gzipped, over one connection."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        body = gzip.compress(path.read_bytes(), 9) if path.is_file() else b""
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Zipped, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def load(browser: Browser, url: str, *, slow: bool) -> dict[str, float]:
    """Load a page once in a fresh context: requests, and milliseconds until text and of blocking."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.add_init_script(WATCH)
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    if slow:
        session.send("Network.emulateNetworkConditions", SLOW)
        session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.goto(url, wait_until="load")
    page.wait_for_timeout(400)
    seen: dict[str, float] = page.evaluate(READ)
    context.close()
    text = max(seen["text"], seen["paint"])
    return {
        "requests": len(requests),
        "text_ms": text,
        "blocking_ms": seen["blocking"],
        "shift": seen["shift"],
    }


def read(site: Path, rounds: int) -> dict[str, Any]:
    """The reference and the floor by turns, on both profiles: medians."""
    (site / "blank.html").write_text(BLANK, encoding="utf-8")
    pages = {"reference": "/reference/index.html", "blank": "/blank.html"}
    found: dict[str, Any] = {}
    with sync_playwright() as playwright, served(site) as address:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for profile in ("slow", "fast"):
            loads: dict[str, list[dict[str, float]]] = {name: [] for name in pages}
            for _ in range(rounds):
                for name, path in pages.items():
                    loads[name].append(load(browser, address + path, slow=profile == "slow"))
            found[profile] = {
                name: {key: round(statistics.median(item[key] for item in items), 3) for key in items[0]}
                for name, items in loads.items()
            }
        browser.close()
    return found


def weigh(site: Path) -> dict[str, int]:
    """Gzipped bytes: the reference with whatever it asks for, its script, and the forms' script."""

    def size(content: bytes) -> int:
        return len(gzip.compress(content, 9))

    page = (site / "reference/index.html").read_bytes()
    script = page.partition(b"<script>")[2].partition(b"</script>")[0]
    icon = (site / "favicon.svg").read_bytes()
    try_script = site / "try.js"
    return {
        "bytes": size(page) + size(icon),
        "script_bytes": size(script),
        "try_bytes": size(try_script.read_bytes()) if try_script.is_file() else 0,
    }


def build(*arguments: str | Path) -> tuple[float, float]:
    """Build, and return the seconds of CPU of the command and its children, and those that passed."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run([*BUILD, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, time.monotonic() - began


def builds(folder: Path, rounds: int) -> dict[str, float]:
    """Median CPU of a whole build and of one with nothing to do."""
    whole = statistics.median(build("--out", folder / f"site-{number}")[0] for number in range(rounds))
    unchanged = statistics.median(build("--out", folder / "site-0")[0] for _ in range(rounds))
    return {"build_cpu": round(whole, 3), "unchanged_cpu": round(unchanged, 3)}


def many(folder: Path, operations: int) -> dict[str, float]:
    """Build the site of a document of many operations; the largest page of one, gzipped."""
    spec = folder / "many" / "openapi.json"
    spec.parent.mkdir()
    spec.write_text(document(operations), encoding="utf-8")
    _, seconds = build("--spec", spec, "--out", folder / "many" / "site")
    pages = (folder / "many" / "site" / "reference").glob("*/index.html")
    largest = max(len(gzip.compress(page.read_bytes(), 9)) for page in pages)
    return {"operations": operations, "many_seconds": round(seconds, 1), "many_page_bytes": largest}


def measure(rounds: int, operations: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        result: dict[str, Any] = builds(folder, rounds)
        result |= weigh(folder / "site-0")
        result |= many(folder, operations) if operations else {}
        result["loads"] = read(folder / "site-0", rounds)
    slow = result["loads"]["slow"]["reference"]
    result |= {key: slow[key] for key in ("requests", "text_ms", "blocking_ms", "shift")}
    return {**result, "cores": os.cpu_count(), "targets": TARGETS}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--operations", type=int, default=1000, help="of the large document; 0 for none")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    args = parser.parse_args()
    result = measure(max(1, args.rounds), args.operations)
    missed = [
        f"{name}: {result[name]}, target at most {most}"
        for name, most in TARGETS.items()
        if result.get(name, 0) > most
    ]
    if args.format == "json":
        print(json.dumps({**result, "missed": missed}))
        return 1 if missed else 0
    for name, most in TARGETS.items():
        print(f"{name:16} {result.get(name, '-'):>10}   target at most {most}")
    for profile, pages in result["loads"].items():
        for page, seen in pages.items():
            spent = f"text after {seen['text_ms']:.0f} ms, blocked {seen['blocking_ms']:.0f} ms"
            print(f"{profile:5} {page:10} {spent}")
    print("Missed: " + "; ".join(missed) if missed else "Every target is met.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
