"""What each language's module of samples offers, and the few lines that all of them need."""

import textwrap
from collections.abc import Iterable
from typing import Protocol

from stepup_generator.openapi.model import Operation
from stepup_generator.samples.plan import Flow

__all__ = ["Writer", "block", "called", "comment"]


class Writer(Protocol):
    """Writes complete programs in one language; its formatter lays them out afterwards."""

    def request(self, operation: Operation) -> str:
        """A program that makes one call with the example of the document and prints the response."""
        ...

    def flow(self, flow: Flow) -> str:
        """A program that goes through a workflow, prints each response, and asks for what a user types in."""
        ...


def block(lines: Iterable[str], indent: str) -> str:
    """Lines, each of which may be several, with an indent before all that are not empty."""
    return textwrap.indent("\n".join(lines), indent)


def called(name: str, arguments: Iterable[str], indent: str) -> str:
    """A call with each argument in a line of its own, as formatters of several languages want it."""
    inside = block((f"{item}," for item in arguments), indent)
    return f"{name}(\n{inside}\n)" if inside else f"{name}()"


def comment(text: str, mark: str, width: int = 88) -> str:
    """Text of the document as a comment; no line of it can end the comment."""
    plain = "".join(char if char.isprintable() else " " for char in " ".join(text.split()))
    return "\n".join(f"{mark} {line}" for line in textwrap.wrap(plain, width - len(mark))) if plain else ""
