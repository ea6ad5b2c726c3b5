"""From a document to every surface that is rendered from it: what the command line calls.

All of it is rendered before any of it is written.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from stepup_generator.model import Api
from stepup_generator.python_client import python_client
from stepup_generator.read import read
from stepup_generator.write import difference, write

__all__ = ["SURFACES", "difference_of", "render", "write_to"]

# The name of a surface is the name of its folder.
SURFACES: Mapping[str, Callable[[Api], dict[str, str]]] = {"python": python_client}


def render(spec: Path) -> dict[str, dict[str, str]]:
    """Read the document and render every surface: {surface: {path: text}}.

    Raises SpecError for a document that cannot be used, ToolError where a tool fails.
    """
    api = read(spec)
    return {name: make(api) for name, make in SURFACES.items()}


def write_to(out: Path, surfaces: Mapping[str, Mapping[str, str]]) -> dict[str, bool]:
    """Replace the folder of each surface below ``out``; says which had to change. Raises OutputError."""
    return {name: write(files, out / name) for name, files in surfaces.items()}


def difference_of(out: Path, surfaces: Mapping[str, Mapping[str, str]]) -> str:
    """The unified diff from what lies below ``out`` to the surfaces, "" where they are in step."""
    return "".join(difference(files, out / name) for name, files in surfaces.items())
