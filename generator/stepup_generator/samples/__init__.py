"""Samples of code for every operation and workflow, each with what it prints.

A sample is a whole program as a person would write it, made from the examples of the document and the names
of the clients; nothing is run here. What it prints is worked out from the document too. The API key and the
address of the server come from the environment.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from stepup_generator.arazzo.model import Workflow
from stepup_generator.openapi.model import Api, Json, Operation, Value
from stepup_generator.samples.plan import Call, Flow, plan, prompt
from stepup_generator.samples.values import answers, inputs, success
from stepup_generator.samples.writer import Writer

__all__ = ["Language", "Sample", "flows", "of"]


@dataclass(frozen=True, slots=True)
class Language:
    """A language of samples: its id, as in addresses and marks, and its names for people and for Linguist."""

    id: str
    name: str
    linguist: str


@dataclass(frozen=True, slots=True)
class Sample:
    """A program in one language, and what it prints.

    ``others`` are further answers that the document shows, each as (summary, what would be printed).
    """

    language: Language
    request: str
    response: str
    others: tuple[tuple[str, str], ...] = ()


def of(api: Api, writers: Mapping[Language, Writer]) -> Mapping[str, tuple[Sample, ...]]:
    """The samples of each operation, by operationId: one for each writer, in their order."""
    return {
        item.id: tuple(_sample(api, item, language, writer) for language, writer in writers.items())
        for item in api.operations
    }


def flows(
    api: Api, workflows: Iterable[Workflow], writers: Mapping[Language, Writer]
) -> Mapping[str, tuple[Sample, ...]]:
    """The programs that go through each workflow, by workflowId; ``response`` is all that one prints.

    What a user types in stands behind its question, as a terminal shows it.
    """
    plans = [plan(api, item) for item in workflows]
    return {
        flow.workflow.id: tuple(
            Sample(language, writer.flow(flow), _printed(api, flow, writer))
            for language, writer in writers.items()
        )
        for flow in plans
    }


def _sample(api: Api, operation: Operation, language: Language, writer: Writer) -> Sample:
    response = success(operation)
    if response is None:
        return Sample(language, writer.request(operation), "")
    shown = [(item.summary or item.name, writer.answer(operation, response, item.value))
             for item in answers(api, response)]  # fmt: skip
    first = shown[0][1] if shown else writer.answer(operation, response, None)
    return Sample(language, writer.request(operation), first, tuple(shown[1:]))


def _printed(api: Api, flow: Flow, writer: Writer) -> str:
    lines = []
    for call in flow.calls:
        lines += [f"{prompt(item)}{_typed(api, call, item.name)}" for item in call.asked]
        if call.refused is not None:
            lines.append(writer.refused(call.operation, call.refused))
        elif call.answer is not None and (response := success(call.operation)) is not None:
            lines.append(writer.answer(call.operation, response, call.answer.value))
    return "\n".join(lines)


def _typed(api: Api, call: Call, name: str) -> str:
    """What a user might type in: what the operation's own example has in its place."""
    own = inputs(api, call.operation).body or Value({})
    wanted = f"$inputs.{name}"
    body: Json = call.inputs.body.value if call.inputs.body else None
    if isinstance(body, Mapping) and isinstance(own.value, Mapping):
        return next((str(own.value.get(key, "")) for key, value in body.items() if value == wanted), "")
    return ""
