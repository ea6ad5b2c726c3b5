"""Run the main job in one go: lint the spec, generate the client, check it, build the reference page, start
the mock, judge it, stop it. Each step is the command that you would type yourself.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stepup_mfa.errors import CommandError
from stepup_mfa.extras import require

if TYPE_CHECKING:
    from stepup_mock.launch import MockProcess

HELP = "run the main job in one go, on the built-in mock"


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the table: what was done, how long it took, and what to look at."""

    name: str
    outcome: str
    seconds: float
    look_at: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out", type=Path, default=Path("stepup-mfa-demo"), metavar="DIR",
        help="folder for what the demo makes (default: ./stepup-mfa-demo)",
    )  # fmt: skip
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to print the table")


def run(args: argparse.Namespace) -> int:
    """Return 0 when every step went well, else the exit code of the first that did not."""
    require("demo", "generate", "contract")
    demo = _Demo(args.out, quiet=args.format == "json")
    try:
        code = demo.all_steps()
    finally:
        demo.stop_mock()
    if args.format == "json":
        print(json.dumps({"steps": [asdict(step) for step in demo.steps], "exit_code": code}, indent=2))
    else:
        demo.print_table(code)
    return code


class _Demo:
    def __init__(self, out: Path, *, quiet: bool) -> None:
        self.steps: list[Step] = []
        self._out = out
        self._quiet = quiet
        self._mock: MockProcess | None = None
        self._running = contextlib.ExitStack()
        self._environment = dict(os.environ)

    def all_steps(self) -> int:
        clients, site = self._out / "clients", self._out / "site"
        report = self._out / "contract-report.json"
        junit = report.with_suffix(".xml")
        self._out.mkdir(parents=True, exist_ok=True)
        commands: list[tuple[str, Callable[[], int], str]] = [
            ("lint the spec", lambda: self._command("lint"), ""),
            (
                "generate the client",
                lambda: self._command("generate", "--out", clients),
                f"{clients / 'python'}",
            ),
            ("check the client", lambda: self._command("generate", "--check", "--out", clients), ""),
            (
                "build the page",
                lambda: self._command("docs", "build", "--out", site),
                f"{site / 'reference' / 'index.html'}",
            ),
            ("start the mock", self._start_mock, ""),
            (
                "judge the mock",
                lambda: self._command("contract", "--report-json", report, "--report-junit", junit),
                f"{report}",
            ),
            ("stop the mock", self.stop_mock, ""),
        ]
        for number, (name, action, look_at) in enumerate(commands, 1):
            self._say(f"\n[{number}/{len(commands)}] {name}")
            began = time.monotonic()
            code = action()
            took = time.monotonic() - began
            self.steps.append(Step(name, "ok" if code == 0 else f"failed ({code})", round(took, 2), look_at))
            if code != 0:
                return code
        return 0

    def _say(self, line: str) -> None:
        if not self._quiet:
            print(line, flush=True)

    def _command(self, *arguments: str | Path) -> int:
        """Run `stepup-mfa` with ``arguments``; its output is shown as it comes, or kept for an error."""
        line = [sys.executable, "-m", "stepup_mfa", *map(str, arguments)]
        done = subprocess.run(line, env=self._environment, capture_output=self._quiet, text=True, check=False)
        if self._quiet and done.returncode != 0:
            print(done.stdout, done.stderr, file=sys.stderr)
        return done.returncode

    def _start_mock(self) -> int:
        from stepup_mock.launch import MockNotStarted, start_mock

        try:
            self._mock = self._running.enter_context(start_mock())
        except MockNotStarted as error:
            raise CommandError(str(error), "Run `stepup-mfa mock` to see why.") from error
        self._environment |= self._mock.environment
        self._say(f"listening on {self._mock.base_url}")
        return 0

    def stop_mock(self) -> int:
        """Stop the mock if it runs; 0 when it stopped by itself after being asked to."""
        self._running.close()
        return 0 if self._mock is None else self._mock.process.returncode

    def print_table(self, code: int) -> None:
        width = max(len(step.name) for step in self.steps)
        print()
        for step in self.steps:
            print(f"  {step.name:{width}}  {step.outcome:10}  {step.seconds:6.2f} s  {step.look_at}".rstrip())
        print(f"  {'in all':{width}}  {'':10}  {sum(step.seconds for step in self.steps):6.2f} s")
        if code == 0:
            print("\nAll is well. Next: open the page, or run `stepup-mfa mock` and paste its curl lines.")
        else:
            print(f"\nStopped at `{self.steps[-1].name}`; its output stands above.")
