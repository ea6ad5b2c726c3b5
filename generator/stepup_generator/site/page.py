"""The reference as a reader sees it: operations, fields, answers and errors, with their anchors.

Frozen, in the order of the document. Text is as it was written: to escape it is the templates' work.
"""

from dataclasses import dataclass

from stepup_generator.openapi.model import Example, Operation, Response

__all__ = [
    "Body",
    "Call",
    "Case",
    "Error",
    "Fact",
    "Field",
    "Input",
    "NextCall",
    "Reference",
    "Section",
    "Shape",
    "Status",
]


@dataclass(frozen=True, slots=True)
class Fact:
    """A limit of a value, such as ``length`` with the code ``1 to 256``."""

    label: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, header, property or whole body; ``shapes`` is what it may look like inside.

    ``name`` and ``anchor`` are "" for a whole body, ``anchor`` also for a header.
    """

    name: str
    anchor: str
    type: str
    facts: tuple[Fact, ...]
    shapes: tuple["Shape", ...]
    description: str
    required: bool
    secret: bool
    deprecated: bool
    replaced_by: str
    source: tuple[str, ...]

    @property
    def has_notes(self) -> bool:
        """Is there anything to say below the description?"""
        return bool(self.facts or self.source)


@dataclass(frozen=True, slots=True)
class Shape:
    """One form of a value: the only one of an object, or a variant of a union.

    ``tag`` is the property that tells the variant apart, ``tag_value`` its value here; ``fields`` are the
    others. ``note`` says what the fields do not.
    """

    label: str
    fields: tuple[Field, ...] = ()
    tag: Field | None = None
    tag_value: str = ""
    description: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Body:
    """A request or response body, its schema's name and its examples; no ``root`` where errors explain it."""

    media_type: str
    name: str
    root: Field | None
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Input:
    """Where a value for the next call comes from, as a path of words: ``("answer", "body", "a.b")``."""

    name: str
    origin: str
    value: str


@dataclass(frozen=True, slots=True)
class NextCall:
    operation: Operation
    description: str
    inputs: tuple[Input, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One error that a failed answer may hold; ``is_first`` where no earlier answer of the call holds it."""

    anchor: str
    code: str
    description: str
    examples: tuple[Example, ...]
    is_first: bool


@dataclass(frozen=True, slots=True)
class Status:
    """An answer of an operation; ``cases`` are the named errors of a failed one."""

    anchor: str
    response: Response
    headers: tuple[Field, ...]
    body: Body | None
    cases: tuple[Case, ...]
    advice: str


@dataclass(frozen=True, slots=True)
class Call:
    """An operation with everything around it."""

    operation: Operation
    anchor: str
    parameters: tuple[tuple[str, tuple[Field, ...]], ...]  # by location
    body: Body | None
    statuses: tuple[Status, ...]
    next_calls: tuple[NextCall, ...]

    @property
    def title(self) -> str:
        return self.operation.summary or self.operation.id

    @property
    def successes(self) -> tuple[Status, ...]:
        return tuple(status for status in self.statuses if status.response.is_success)

    @property
    def failures(self) -> tuple[Status, ...]:
        return tuple(status for status in self.statuses if not status.response.is_success)

    @property
    def answers(self) -> tuple[tuple[Status, Example], ...]:
        """The examples of success, each with its status."""
        return tuple((status, example) for status in self.successes for example in status.response.examples)

    @property
    def headers(self) -> tuple[tuple[Field, tuple[str, ...]], ...]:
        """Each header of the answers, with the statuses that it comes with."""
        found: dict[Field, list[str]] = {}
        for status in self.statuses:
            for header in status.headers:
                found.setdefault(header, []).append(status.response.status)
        return tuple((header, tuple(statuses)) for header, statuses in found.items())


@dataclass(frozen=True, slots=True)
class Error:
    """An error that operations share: its body, and the calls and statuses that it may come with."""

    anchor: str
    code: str
    root: Field
    calls: tuple[Call, ...]
    statuses: tuple[str, ...]
    advice: str


@dataclass(frozen=True, slots=True)
class Section:
    """The operations of one tag; ``tag`` is "" for those without."""

    tag: str
    description: str
    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """All of it: operations by tag, and the errors they share."""

    sections: tuple[Section, ...]
    errors: tuple[Error, ...]
