"""Samples of code for every operation and workflow, each with what it prints.

A sample is a complete program as a person would write it, written from the examples of the document and the
names of the clients. Nothing is run here: what a program prints was captured when it last ran (``goldens``).
The API key and the address of the server come from the environment.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from stepup_generator.openapi.model import Api, Json, Operation, Response, Value
from stepup_generator.samples.plan import Call, Flow, prompt
from stepup_generator.samples.values import answers, inputs, success
from stepup_generator.samples.writer import Writer

__all__ = ["Exchange", "Language", "Program", "Sample", "of_flow", "of_operation"]


@dataclass(frozen=True, slots=True)
class Language:
    """A language of samples: its id, as in addresses and marks, and its names for people and for Linguist.

    ``fence`` is how guides mark a block of code in it. ``lexer`` is what Pygments calls it, and ``output``
    what Pygments calls the text that programs print.
    """

    id: str
    name: str
    linguist: str
    fence: str
    lexer: str
    output: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """One response of the API; without a body ``media_type`` is "" and ``body`` None.

    ``typed`` are the pairs (question, what a user types in) that come before its request.
    """

    status: int
    media_type: str
    body: Value | None
    typed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Program:
    """A program as it is rendered, not formatted yet, and the runs in which its output is captured.

    Each run is the responses that the program receives, in their order: examples of the document.
    """

    source: str
    runs: tuple[tuple[Exchange, ...], ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """A program in one language, and what it prints in its first run, in the language ``response_lexer``.

    ``captured`` is False where that is not known: ``response`` then holds the bodies of the responses.
    """

    language: Language
    request: str
    response: str
    response_lexer: str
    captured: bool


def of_operation(api: Api, operation: Operation, writer: Writer) -> Program:
    """The program that calls an operation; it runs once for each example of the success that it shows."""
    response = success(operation)
    examples = answers(api, response) if response is not None else ()
    exchanges = [_exchange(response, Value(item.value)) for item in examples] or [_exchange(response, None)]
    return Program(writer.request(operation), tuple((item,) for item in exchanges))


def of_flow(api: Api, flow: Flow, writer: Writer) -> Program:
    """The program that goes through a workflow; it runs once, from end to end."""
    return Program(writer.flow(flow), (tuple(_step(api, call) for call in flow.calls),))


def _exchange(
    response: Response | None, body: Value | None, typed: tuple[tuple[str, str], ...] = ()
) -> Exchange:
    pattern = response.status.replace("X", "0") if response is not None else ""
    status = int(pattern) if pattern.isdigit() else 200
    return Exchange(status, response.media_type if response is not None else "", body, typed)


def _step(api: Api, call: Call) -> Exchange:
    typed = tuple((prompt(item), _typed(api, call, item.name)) for item in call.asked)
    return _exchange(call.response, Value(call.answer.value) if call.answer is not None else None, typed)


def _typed(api: Api, call: Call, name: str) -> str:
    """What a user might type in: what the operation's own example has in its place."""
    own = inputs(api, call.operation).body or Value({})
    reference = f"$inputs.{name}"
    body: Json = call.inputs.body.value if call.inputs.body else None
    if isinstance(body, Mapping) and isinstance(own.value, Mapping):
        return next((str(own.value.get(key, "")) for key, value in body.items() if value == reference), "")
    return ""
