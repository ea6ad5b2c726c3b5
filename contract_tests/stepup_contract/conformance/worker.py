"""Runs the schemathesis engine on the target, in a process and a folder of its own.

It reads one JSON object from standard input, the order, and writes JSON lines: its progress, and at the end
what was sent, received and found. Schemathesis keeps hooks, caches and databases for the whole process and
working folder; here they meet nobody else's.
"""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

import requests
import schemathesis
from schemathesis.engine import Status, from_schema
from schemathesis.engine.events import (
    EngineFinished,
    FatalError,
    NonFatalError,
    PhaseStarted,
    ScenarioFinished,
)

from stepup_contract.conformance import PHASES
from stepup_contract.conformance.documented_responses import OUTPUT, described
from stepup_contract.conformance.live_data import LiveData
from stepup_contract.conformance.transport import GIVE_UP, Bounds
from stepup_contract.rules import Rule
from stepup_contract.scenario.check_run import CheckRun
from stepup_contract.server.connect import Need, Server, TargetError, connect
from stepup_contract.server.operations import LOOKUP
from stepup_contract.server.redact import Redactor, cut
from stepup_contract.server.target import MISSING, Exchange, Request, Target

# A wrong code or an invalid grant is a well-formed request, and rightly rejected.
_POSITIVE = ["2xx", "400", "401", "403", "404", "429"]
_NEGATIVE = ["400", "401", "403", "404", "405", "413", "415", "429"]
_SCHEMA = Rule("schema", "known", "Messages look as the contract says.", "schema", "Schema", "suite", (), ())

T = TypeVar("T")


def configuration(order: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of schemathesis with which a server that keeps the contract passes."""
    phases = {name: {"enabled": name in order["phases"]} for name in PHASES}
    return {
        "seed": order["seed"],
        "base-url": order["url"],
        "auth": {"openapi": {"BackendApiKey": {"bearer": order["api_key"]}}},
        "request-timeout": order["seconds"],
        "max-redirects": 0,
        "continue-on-failure": False,
        "warnings": False,
        "cache": {"enabled": False},
        "output": OUTPUT,
        "generation": {
            "max-examples": order["max_examples"],
            "database": "none",
            # Generated headers would test the HTTP parser; `ignored_auth` sends requests without a key.
            "with-security-parameters": False,
        },
        "phases": phases,
        "checks": {
            "positive_data_acceptance": {"expected-statuses": _POSITIVE},
            "negative_data_rejection": {"expected-statuses": _NEGATIVE},
        },
    }


class Tally:
    """What was sent, received and found, for each operation."""

    def __init__(self, redactor: Redactor, phases: Sequence[str]) -> None:
        self.redactor = redactor
        self.statuses: dict[str, Counter[int]] = {}
        self.phases = {phase: Counter(requests=0, checks=0, failures=0) for phase in phases}
        self.findings: list[dict[str, str]] = []
        self.errors: list[str] = []
        self._known: set[tuple[str, str, str]] = set()

    def add(self, operation: str, finished: ScenarioFinished) -> None:
        """Add what one scenario recorded."""
        recorder = finished.recorder
        for case_id, interaction in recorder.interactions.items():
            node = recorder.cases.get(case_id)
            name = operation if node is None else operation_id(node.value)
            status = 0 if interaction.response is None else interaction.response.status_code
            self.statuses.setdefault(name, Counter())[status] += 1
            self.phases[finished.phase.value]["requests"] += 1
        for case_id, checks in recorder.checks.items():
            for check in checks:
                self.phases[finished.phase.value]["checks"] += 1
                if check.status == Status.FAILURE and check.failure_info is not None:
                    self.phases[finished.phase.value]["failures"] += 1
                    failure = check.failure_info.failure
                    shown = failure.case_id if failure.case_id in recorder.interactions else case_id
                    self.found(recorder, shown, check.name, failure)

    def found(self, recorder: Any, case_id: str, check: str, failure: Any) -> None:
        """Keep a failure once for each operation, check and kind."""
        interaction = recorder.interactions.get(case_id)
        node = recorder.cases.get(case_id)
        name = recorder.label if node is None else operation_id(node.value)
        if (name, check, failure.title) in self._known:
            return
        self._known.add((name, check, failure.title))
        exchange = None if interaction is None else as_exchange(name, interaction)
        seen = "" if exchange is None else f"; got {exchange.seen(self.redactor)}"
        self.findings.append(
            {
                "rule": f"schema.{check}",
                "operation": name,
                "message": self.redactor.text(f"{described(failure)}{seen}"),
                "curl": "" if exchange is None else exchange.curl(self.redactor),
                "expected": self.redactor.text(failure.title),
                "got": "" if exchange is None else exchange.seen(self.redactor),
            }
        )

    def erred(self, event: NonFatalError) -> None:
        """Keep what the engine could not do: a request without a response is a finding, all else an error."""
        text = self.redactor.text(cut(" ".join(f"{event.info.title}: {event.info.message}".split()), 400))
        if not isinstance(event.value, requests.RequestException):
            self.errors.append(f"{event.label}: {text}")
        elif (event.label, "no_response", event.info.title) not in self._known:
            self._known.add((event.label, "no_response", event.info.title))
            finding = {"rule": "schema.no_response", "operation": event.label, "message": text, "curl": ""}
            self.findings.append(finding | {"expected": "a response", "got": text})


def operation_id(case: Any) -> str:
    """Return the operationId of a case."""
    return str(case.operation.definition.raw.get("operationId", case.operation.label))


# Headers that the transport adds by itself and nobody needs to paste.
_NOISE = {"accept", "accept-encoding", "connection", "content-length", "host", "user-agent"}


def as_exchange(operation: str, interaction: Any) -> Exchange:
    """Return what schemathesis recorded of one request as an exchange."""
    request, response = interaction.request, interaction.response
    headers = tuple(
        (name, value)
        for name, values in request.headers.items()
        for value in values
        if name.lower() not in _NOISE and not name.lower().startswith("x-schemathesis")
    )
    sent = Request(operation, request.method, "", headers, request.body or None)
    if response is None:
        return Exchange(sent, request.uri, 0, problem="no response")
    content = response.content or b""
    received = tuple((name, value) for name, values in response.headers.items() for value in values)
    try:
        document = json.loads(content)
    except ValueError:
        document = MISSING
    return Exchange(sent, request.uri, response.status_code, received, content, document=document)


class Filling:
    """The hooks: they put live values into a request before it is sent, and learn from the response."""

    def __init__(self, live: LiveData, loop: asyncio.AbstractEventLoop, redactor: Redactor) -> None:
        self._live, self._loop, self._redactor = live, loop, redactor
        self.errors: list[str] = []

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def before(self, case: Any) -> None:
        """Put live values into a case."""
        name = operation_id(case)
        try:
            if name == LOOKUP.id and "user_id" in (case.path_parameters or {}):
                case.path_parameters["user_id"] = self._wait(
                    self._live.path_id(case.path_parameters["user_id"])
                )
            elif name != LOOKUP.id:
                case.body = self._wait(self._live.body(name, case.body))
        except Exception as error:  # schemathesis would report it as an error of the schema
            self.errors.append(f"live data for {name}: {self._redactor.text(repr(error))}")
        self._redactor.learn_fields(case.body if isinstance(case.body, dict) else None)

    def after(self, case: Any, response: Any) -> None:
        """Learn from a response."""
        try:
            document = json.loads(response.content or b"")
        except ValueError:
            return
        self._redactor.learn_fields(document)
        sent = Request(operation_id(case), case.method, "")
        exchange = Exchange(sent, "", response.status_code, document=document)
        self._live.learn(operation_id(case), case.body, exchange)


def run(order: dict[str, Any], redactor: Redactor, filling: Filling | None) -> dict[str, Any]:
    """Run the engine and return the tally."""
    if filling is not None:
        schemathesis.hook("before_call")(lambda context, case, kwargs: filling.before(case))
        schemathesis.hook("after_call")(lambda context, case, response: filling.after(case, response))
    config = schemathesis.Config.from_dict(configuration(order))
    schema = schemathesis.openapi.from_path(order["spec"], config=config)
    tally = Tally(redactor, order["phases"])
    bounds = Bounds(order["seconds"], order["bytes"])
    bounds.install()
    stream = from_schema(schema).execute()
    for event in stream:
        if bounds.given_up:
            stream.stop()
        if isinstance(event, PhaseStarted) and event.phase.name.value in PHASES:
            say({"phase": event.phase.name.value})
        elif isinstance(event, ScenarioFinished):
            tally.add(event.label or "", event)
            say({"requests": sum(sum(counts.values()) for counts in tally.statuses.values())})
        elif isinstance(event, NonFatalError):
            tally.erred(event)
        elif isinstance(event, FatalError):
            tally.errors.append(redactor.text(f"the engine failed: {event.exception!r}"))
        elif isinstance(event, EngineFinished) and event.stop_reason.value != "completed":
            no_response = f"no response to {GIVE_UP} requests in a row"
            reason = no_response if bounds.given_up else event.stop_reason.value
            tally.errors.append(f"the phases stopped: {reason}")
    if filling is not None:
        tally.errors += filling.errors
    return {
        "statuses": {
            name: {str(status): count for status, count in sorted(counts.items())}
            for name, counts in tally.statuses.items()
        },
        "phases": {name: dict(counts) for name, counts in tally.phases.items()},
        "findings": tally.findings,
        "errors": list(dict.fromkeys(tally.errors)),
    }


def say(document: dict[str, Any]) -> None:
    """Write one line to the parent."""
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


async def work(order: dict[str, Any]) -> dict[str, Any]:
    """Run the engine on the target of an order, with live data where users can be created."""
    target = Target(
        order["url"],
        order["api_key"],
        order["control_url"],
        order["control_key"],
        response_seconds=order["seconds"],
        response_bytes=order["bytes"],
    )
    try:
        return await _work(target, order)
    except TargetError as error:
        return {"errors": [f"the phases were not started: {error}"]}


async def _work(target: Target, order: dict[str, Any]) -> dict[str, Any]:
    async with connect(target) as server:
        if not {Need.SEED, Need.INBOX} <= server.offers:
            result = await asyncio.to_thread(run, order, server.redactor, None)
        else:
            result = await _with_live_data(order, server)
        return {**result, "learnt": server.redactor.learnt}


async def _with_live_data(order: dict[str, Any], server: Server) -> dict[str, Any]:
    check_run = CheckRun(server, _SCHEMA, "conformance", str(order["seed"]))
    result: dict[str, Any] = {}
    async with check_run.session("conformance") as session:
        filling = Filling(LiveData(session), asyncio.get_running_loop(), server.redactor)
        result = await asyncio.to_thread(run, order, server.redactor, filling)
    result["errors"] += check_run.reasons
    return result


if __name__ == "__main__":
    say({"result": asyncio.run(work(json.loads(sys.stdin.readline())))})
