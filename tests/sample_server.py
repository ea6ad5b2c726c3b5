"""Brings the mock to where a sample begins: through the API and the control API, as the workflows say.

What a call needs (a live code, challenge or grant) comes from the steps that stand before it in a workflow.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from stepup_generator.arazzo import read as workflows
from stepup_generator.arazzo.model import Input, InputReference, OutputReference, Reference
from stepup_generator.openapi.model import Api, Json, Operation, plain
from stepup_generator.samples.plan import Call, Flow, prompt
from stepup_generator.samples.values import at, inputs

__all__ = ["PATIENCE", "Arranged", "Arranger", "Server"]

PATIENCE = 60.0
# Beyond every limit and lifetime of the mock, so that no sample feels what another did.
_APART = 5000.0


class Server:
    """The mock, through what it offers to everybody: the API, and the control API."""

    def __init__(self, url: str, api_key: str, control_key: str) -> None:
        self.url, self.api_key = url, api_key
        self._http = httpx.Client(base_url=url, timeout=10)
        self._control = {"Authorization": f"Bearer {control_key}"}
        self._now = time.time()

    def move_on(self) -> None:
        """Stop the clock at a later time, at which nothing is left of what was."""
        self._now += _APART
        self.control("POST", "clock", {"freeze_at": self._now})

    def control(self, method: str, path: str, body: object = None) -> Any:
        answer = self._http.request(method, f"/__control__/{path}", json=body, headers=self._control)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def call(self, operation: Operation, parameters: Mapping[tuple[str, str], Json], body: Json) -> Json:
        path = operation.path
        for (location, name), value in parameters.items():
            assert location == "path", f"{operation.id}: arranging sends path parameters only"
            path = path.replace(f"{{{name}}}", str(value))
        answer = self._http.request(
            operation.method.upper(),
            path,
            content=None if body is None else json.dumps(plain(body)),
            headers={"Authorization": f"Bearer {self.api_key}", "Content-Type": "application/json"},
        )
        answer.raise_for_status()
        return frozen(answer.json())

    def sent(self, user_id: str) -> list[str]:
        """The codes that a user was sent, oldest first."""
        messages = self.control("GET", "inbox")["messages"]
        return [item["code"] for item in messages if item["user_id"] == user_id]

    def typed(
        self, item: Input, user_id: str, seen: int = 0, waiting: Callable[[], bool] = lambda: True
    ) -> str:
        """What the user types in for an input: the newest code sent after ``seen``, or what the app shows."""
        if not item.resolved_after:
            return str(self.control("GET", f"users/{user_id}/totp-code")["code"])
        deadline = time.monotonic() + PATIENCE
        while len(codes := self.sent(user_id)) <= seen and waiting():
            if time.monotonic() > deadline:
                raise TimeoutError(f"no code was sent to {user_id}")
            time.sleep(0.01)
        return codes[-1] if codes else ""


def frozen(value: Any) -> Json:
    if isinstance(value, dict):
        return {key: frozen(item) for key, item in value.items()}
    return tuple(map(frozen, value)) if isinstance(value, list) else value


@dataclass
class Arranged:
    """What a sample needs: texts to put in the place of others, and answers to its questions."""

    live: dict[str, str] = field(default_factory=dict)
    asks: list[tuple[str, str, Input]] = field(default_factory=list)  # question, what is shown, input
    user_id: str = ""


class Arranger:
    """What is known of the API and its workflows, and the server that is brought to where samples begin."""

    def __init__(self, api: Api, flows: list[Flow], server: Server) -> None:
        self.api = api
        self.flows = {flow.workflow.id: flow for flow in flows}
        self.server = server

    def arrange(self, subject: str) -> Arranged:
        """Bring the server to where the sample begins."""
        self.server.move_on()
        if subject in self.flows:
            return self._arrange_flow(self.flows[subject])
        for flow in self.flows.values():
            for call in flow.calls:
                if call.operation.id == subject and call.refused is None:
                    return self._arrange_call(flow, call)
        return Arranged()

    def _arrange_flow(self, flow: Flow) -> Arranged:
        values = {item.name: value for item, value in flow.known}
        asks = [(prompt(item), self._shown(call, item), item) for call in flow.calls for item in call.asked]
        return Arranged(asks=asks, user_id=str(values["user_id"]))

    def _shown(self, call: Call, item: Input) -> str:
        """What the page shows as typed in: the operation's own example."""
        for wire, value in self._fed(call):
            if value == InputReference(item.name):
                return str(at(self._example(call), (wire,)))
        raise LookupError(item.name)

    def _fed(self, call: Call) -> Iterator[tuple[str, Reference]]:
        body = call.inputs.body.value if call.inputs.body else None
        for key, value in body.items() if isinstance(body, Mapping) else ():
            if (found := workflows.reference(value)) is not None:
                yield key, found

    def _example(self, call: Call) -> Json:
        own = inputs(self.api, call.operation)
        return own.body.value if own.body else None

    def _arrange_call(self, flow: Flow, wanted: Call) -> Arranged:
        """Go through a workflow up to a call, with the values of the call's own sample."""
        values: dict[Reference, Json] = {InputReference(item.name): value for item, value in flow.known}
        example = self._example(wanted)
        for wire, found in self._fed(wanted):
            if found in values:
                values[found] = at(example, (wire,))
        user_id = str(values.get(InputReference("user_id"), ""))
        for call in flow.calls:
            for item in call.asked:
                values[InputReference(item.name)] = self.server.typed(item, user_id)
            if call is wanted:
                break
            answer = self.server.call(call.operation, *self._sent(call, values))
            for output in call.step.outputs:
                values[OutputReference(call.step.id, output.name)] = at(answer, output.pointer)
        live = {str(at(example, (wire,))): str(values[found]) for wire, found in self._fed(wanted)}
        return Arranged({shown: value for shown, value in live.items() if shown != value}, user_id=user_id)

    def _sent(self, call: Call, values: dict[Reference, Json]) -> tuple[dict[tuple[str, str], Json], Json]:
        def filled(value: Json) -> Json:
            found = workflows.reference(value)
            if found is not None:
                return values[found]
            if isinstance(value, Mapping):
                return {key: filled(item) for key, item in value.items()}
            return tuple(map(filled, value)) if isinstance(value, tuple) else value

        body = call.inputs.body
        parameters = {key: filled(value) for key, value in call.inputs.parameters.items()}
        return parameters, filled(body.value) if body is not None else None

    def made_up(self, subject: str) -> set[str]:
        """The examples' values that the server makes up anew: what links take from unrepeatable calls."""
        if subject in self.flows:
            operations = [call.operation for call in self.flows[subject].calls]
        else:
            operations = [self.api.operation(subject)]
        return {value for item in operations if not item.repeatable for value in _linked(item)}


def _linked(operation: Operation) -> Iterator[str]:
    for response in operation.successes:
        for link in response.links:
            body = link.request_body.value if link.request_body else None
            for source in body.values() if isinstance(body, Mapping) else ():
                if found := re.fullmatch(r"\$response\.body#/(.+)", str(source)):
                    values = (at(example.value, found[1].split("/")) for example in response.examples)
                    yield from (value for value in values if isinstance(value, str))
