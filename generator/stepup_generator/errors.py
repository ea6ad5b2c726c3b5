"""What the generator raises. Nothing is written when one of these is raised."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["GeneratorError", "OutputError", "Problem", "SiteError", "SiteProblem", "SpecError", "ToolError"]


class GeneratorError(Exception):
    """The root of what this package raises on purpose."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong with a document: where (line and column count from 1), and what."""

    line: int
    column: int
    pointer: str
    message: str


class SpecError(GeneratorError):
    """The document cannot be used. ``problems`` holds everything that is wrong with it, in its order."""

    def __init__(self, path: Path, problems: tuple[Problem, ...]) -> None:
        self.path = path
        self.problems = problems
        super().__init__("\n".join(self.lines()))

    def lines(self) -> tuple[str, ...]:
        """One line a problem: ``file:line:column pointer: message``."""
        return tuple(
            f"{self.path}:{item.line}:{item.column} {item.pointer}: {item.message}" for item in self.problems
        )


@dataclass(frozen=True, slots=True, order=True)
class SiteProblem:
    """One thing that is wrong with what the site is made from; lines count from 1."""

    path: Path
    line: int
    message: str


class SiteError(GeneratorError):
    """The site cannot be built. ``problems`` holds everything that is wrong, in the order of the files."""

    def __init__(self, problems: Iterable[SiteProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.lines()))

    def lines(self) -> tuple[str, ...]:
        """One line a problem: ``file:line: message``."""
        return tuple(f"{item.path}:{item.line}: {item.message}" for item in self.problems)


class ToolError(GeneratorError):
    """A tool that the generator drives failed, or left something out."""


class OutputError(GeneratorError):
    """The output folder cannot be replaced: it holds what the generator did not write."""
