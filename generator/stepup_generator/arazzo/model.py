"""What a workflow is, once read: steps over the operations of one API, and where their values come from.

As in the model of the API everything is frozen, in wire names only, and in the order of the document.
"""

import re
from dataclasses import dataclass
from typing import TypeAlias

from stepup_generator.openapi.model import Json, Value

__all__ = [
    "Action",
    "Criterion",
    "Input",
    "InputReference",
    "Output",
    "OutputReference",
    "Reference",
    "Step",
    "StepParameter",
    "Workflow",
    "reference",
]

_NAME = r"[A-Za-z0-9_-]+"
_INPUT = re.compile(rf"\$inputs\.({_NAME})\Z")
_OUTPUT = re.compile(rf"\$steps\.({_NAME})\.outputs\.({_NAME})\Z")


@dataclass(frozen=True, slots=True)
class InputReference:
    """A value that is an input of the workflow."""

    name: str


@dataclass(frozen=True, slots=True)
class OutputReference:
    """A value that is an output of an earlier step."""

    step: str
    name: str


Reference: TypeAlias = InputReference | OutputReference


@dataclass(frozen=True, slots=True)
class Input:
    """An input; ``resolved_after`` is the step whose success brings it about, "" for one there before."""

    name: str
    description: str = ""
    format: str = ""
    secret: bool = False
    resolved_after: str = ""


@dataclass(frozen=True, slots=True)
class StepParameter:
    name: str
    location: str
    value: Json


@dataclass(frozen=True, slots=True)
class Output:
    """A name for a part of the answer: the keys that lead to it."""

    name: str
    pointer: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Criterion:
    """A condition of success, ``text`` as it is written; without ``pointer`` it is about the status."""

    text: str
    pointer: tuple[str, ...] | None
    value: Json


@dataclass(frozen=True, slots=True)
class Action:
    """What to do about a failure: ``kind`` is "retry" or "end"; ``criteria`` are shown, not judged."""

    name: str
    kind: str
    criteria: tuple[str, ...]
    retry_after: int | float | None = None
    retry_limit: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One call. ``parameters`` and the leaves of ``body`` may be references: ask ``reference``."""

    id: str
    operation_id: str
    description: str = ""
    parameters: tuple[StepParameter, ...] = ()
    body: Value | None = None
    success_criteria: tuple[Criterion, ...] = ()
    failure_actions: tuple[Action, ...] = ()
    outputs: tuple[Output, ...] = ()

    @property
    def status(self) -> int | None:
        """The status that the step is to be answered with; None where it does not say."""
        found = (item.value for item in self.success_criteria if item.pointer is None)
        return next((item for item in found if isinstance(item, int)), None)

    @property
    def is_refusal(self) -> bool:
        """Is the step about an answer that is no success?"""
        return self.status is not None and not 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Workflow:
    """Steps in their order. ``outputs`` are names for outputs of steps."""

    id: str
    steps: tuple[Step, ...]
    summary: str = ""
    description: str = ""
    inputs: tuple[Input, ...] = ()
    outputs: tuple[tuple[str, OutputReference], ...] = ()

    def step(self, step_id: str) -> Step:
        """The step of that id; KeyError where there is none."""
        return {item.id: item for item in self.steps}[step_id]


def reference(value: Json) -> Reference | None:
    """What a value of a step refers to; None for a literal."""
    if not isinstance(value, str):
        return None
    if found := _INPUT.match(value):
        return InputReference(found[1])
    if found := _OUTPUT.match(value):
        return OutputReference(found[1], found[2])
    return None
