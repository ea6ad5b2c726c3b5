"""Samples of code for every operation and workflow, each with what it prints.

A sample is a whole program as a person would write it, made from the examples of the document and the names
of the clients; nothing is run here. What it prints is worked out from the document too. The API key and the
address of the server come from the environment.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from stepup_generator.arazzo.model import Workflow
from stepup_generator.languages.curl.samples import CurlSamples
from stepup_generator.languages.go.samples import GoSamples
from stepup_generator.languages.python.samples import PythonSamples
from stepup_generator.languages.rust.samples import RustSamples
from stepup_generator.languages.typescript.samples import JavaScriptSamples
from stepup_generator.openapi.model import Api, Json, Operation, Value
from stepup_generator.samples.plan import Call, Flow, plan, prompt
from stepup_generator.samples.values import answers, inputs, success
from stepup_generator.samples.writer import Writer

__all__ = ["LANGUAGES", "Language", "Sample", "flows", "of"]


@dataclass(frozen=True, slots=True)
class Language:
    """A language of samples: its id, as in addresses and marks, and its name."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Sample:
    """A program in one language, and what it prints.

    ``others`` are further answers that the document shows, each as (summary, what would be printed).
    """

    language: Language
    request: str
    response: str
    others: tuple[tuple[str, str], ...] = ()


LANGUAGES = (
    Language("javascript", "JavaScript"),
    Language("python", "Python"),
    Language("rust", "Rust"),
    Language("go", "Go"),
    Language("curl", "cURL"),
)


def of(api: Api) -> Mapping[str, tuple[Sample, ...]]:
    """The samples of each operation, by operationId: one a language, in the order of LANGUAGES."""
    writers = _writers(api)
    return {
        item.id: tuple(_sample(api, item, language, writers[language.id]) for language in LANGUAGES)
        for item in api.operations
    }


def flows(api: Api, workflows: Iterable[Workflow]) -> Mapping[str, tuple[Sample, ...]]:
    """The programs that go through each workflow, by workflowId; ``response`` is all that one prints.

    What a user types in stands behind its question, as a terminal shows it.
    """
    writers = _writers(api)
    plans = [plan(api, item) for item in workflows]
    return {
        flow.workflow.id: tuple(
            Sample(language, writers[language.id].flow(flow), _printed(api, flow, writers[language.id]))
            for language in LANGUAGES
        )
        for flow in plans
    }


def _writers(api: Api) -> Mapping[str, Writer]:
    return {
        "javascript": JavaScriptSamples(api),
        "python": PythonSamples(api),
        "rust": RustSamples(api),
        "go": GoSamples(api),
        "curl": CurlSamples(api),
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
