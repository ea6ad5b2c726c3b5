"""Conformance to spec/openapi.yaml: schemathesis' phases on the target, run by a worker in a folder of its
own.

The success of an operation that never returned 200 was not validated: with control of the server that is a
finding, without it the operation is *not exercised*. The worker's time is bounded; what it leaves on disk is
removed with its folder.
"""

import asyncio
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stepup_contract.conformance import PHASES
from stepup_contract.run import FAILED, NOT_EXERCISED, PASSED
from stepup_contract.scenario.finding import Finding
from stepup_contract.server.operations import OPERATIONS
from stepup_contract.server.redact import Redactor
from stepup_contract.server.target import Target
from stepup_spec import OPENAPI, find

_STUCK_SECONDS = 120.0
_NO_SUCCESS = "never returned 200: that needs users with known secrets and an SMS inbox (--control-url)"


@dataclass(frozen=True, slots=True)
class OperationResult:
    """How one operation responded: requests by status, 0 standing for no response."""

    operation: str
    outcome: str
    statuses: dict[str, int]
    reason: str = ""

    @property
    def requests(self) -> int:
        return sum(self.statuses.values())


@dataclass(frozen=True, slots=True)
class Unreached:
    """A documented status that no response had."""

    operation: str
    status: int
    reason: str


@dataclass(slots=True)
class Conformance:
    """The results of the phases; ``unreached`` lists the statuses that no response of the whole run had."""

    phases: dict[str, dict[str, int]] = field(default_factory=dict)
    operations: list[OperationResult] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    unreached: list[Unreached] = field(default_factory=list)

    @property
    def responses(self) -> Counter[tuple[str, int]]:
        """Return how often each operation returned each status."""
        return Counter(
            {
                (operation.operation, int(status)): count
                for operation in self.operations
                for status, count in operation.statuses.items()
            }
        )

    @property
    def requests(self) -> int:
        return sum(operation.requests for operation in self.operations)


Progress = Callable[[str, int], None]


async def conform(
    target: Target,
    *,
    phases: Sequence[str] = PHASES,
    seed: int = 0,
    max_examples: int = 40,
    seconds: float = 300.0,
    progress: Progress = lambda phase, requests: None,
    spec: Path | None = None,
    redactor: Redactor | None = None,
) -> Conformance:
    """Run the phases and return their results; ``progress`` gets the phase and the number of requests so far,
    and ``redactor`` the secrets that were sent or received.
    """
    target.permit()
    order = {
        "url": target.url,
        "api_key": target.api_key,
        "control_url": target.control_url,
        "control_key": target.control_key,
        "phases": list(phases),
        "seed": seed,
        "max_examples": max_examples,
        "seconds": target.response_seconds,
        "bytes": target.response_bytes,
        "spec": str(spec or find(OPENAPI)),
    }
    try:
        result = await asyncio.wait_for(_work(order, progress), seconds)
    except TimeoutError:
        result = {"errors": [f"the phases did not end within {seconds:g} s, or were stuck"]}
    if redactor is not None:
        redactor.take_over(result.get("learnt", {}))
    return _conformance(result, controlled=target.control_url is not None)


async def _work(order: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Run the worker; it is killed where this is cancelled."""
    with tempfile.TemporaryDirectory(prefix="stepup-conformance-") as folder:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "stepup_contract.conformance.worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=folder,
            env=_environment(),
            limit=1 << 26,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        # Read from the start: a worker that fills this pipe would wait forever.
        errors = asyncio.create_task(process.stderr.read())
        try:
            process.stdin.write(json.dumps(order).encode() + b"\n")
            process.stdin.close()
            result: dict[str, Any] = {}
            phase = ""
            # An engine that is stuck reports nothing, not even what it had found by then.
            while line := await asyncio.wait_for(process.stdout.readline(), _STUCK_SECONDS):
                message = json.loads(line)
                phase = message.get("phase", phase)
                if "requests" in message:
                    progress(phase, message["requests"])
                result = message.get("result", result)
            await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        # The errors may hold a traceback with anything in it: only the type is reported.
        kind = (await errors).decode("utf-8", "replace").strip().rsplit("\n", 1)[-1].partition(":")[0]
    return result or {"errors": [f"the worker ended with {process.returncode} and no result ({kind})"]}


def _environment() -> dict[str, str]:
    """Return this process' environment without what would redirect requests: proxies, netrc, settings."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy") and not name.startswith("SCHEMATHESIS_")
    }
    # A login in ~/.netrc would replace the API key.
    return {**kept, "NO_PROXY": "*", "NETRC": os.devnull, "PYTHONIOENCODING": "utf-8"}


def _conformance(result: dict[str, Any], *, controlled: bool) -> Conformance:
    conformance = Conformance(phases=result.get("phases", {}), errors=result.get("errors", []))
    conformance.findings = [
        Finding(**finding, check="conformance", fails=True) for finding in result.get("findings", [])
    ]
    statuses: dict[str, dict[str, int]] = result.get("statuses", {})
    for operation in OPERATIONS:
        counts = statuses.get(operation.id, {})
        if counts and "200" not in counts and controlled:
            conformance.findings.append(_no_success(operation.id, counts))
        failed = any(finding.operation == operation.id for finding in conformance.findings)
        outcome, reason = (FAILED if failed else PASSED), ""
        if not counts:
            outcome, reason = NOT_EXERCISED, "nothing was sent to it"
        elif "200" not in counts and not failed:
            outcome, reason = NOT_EXERCISED, _NO_SUCCESS
        conformance.operations.append(OperationResult(operation.id, outcome, counts, reason))
    return conformance


def _no_success(operation: str, counts: dict[str, int]) -> Finding:
    got = ", ".join(f"{status}: {count}" for status, count in counts.items())
    expected = "200 for valid ids, current codes, new challenges and valid grants"
    return Finding(
        rule="schema.success_reached",
        operation=operation,
        message=f"{operation}: expected {expected}, got only {got}",
        curl="",
        expected=expected,
        got=got,
        check="conformance",
        fails=True,
    )
