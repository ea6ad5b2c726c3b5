"""From a document to every surface that is rendered from it: what the command line calls.

All of it is rendered before any of it is written. A surface whose inputs and output are as they were is left
alone; what renders it is imported only when it has to be.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from stepup_generator import stamp
from stepup_generator.errors import Problem, SpecError
from stepup_generator.openapi.model import Api
from stepup_generator.write import difference, write

__all__ = ["SURFACES", "Outcome", "Surface", "difference_of", "render", "update", "write_to"]


@dataclass(frozen=True, slots=True)
class Surface:
    """``owners`` name folders of templates and modules (``python_….py``) that such surfaces alone use."""

    render: Callable[[Api], dict[str, str]]
    owners: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a surface: how many files it has, and whether any of them had to change."""

    files: int
    changed: bool


def _python(api: Api) -> dict[str, str]:
    from stepup_generator.languages.python.target import python_client

    return python_client(api)


def _typescript(api: Api) -> dict[str, str]:
    from stepup_generator.languages.typescript.target import typescript_client

    return typescript_client(api)


def _go(api: Api) -> dict[str, str]:
    from stepup_generator.languages.go.target import go_client

    return go_client(api)


def _rust(api: Api) -> dict[str, str]:
    from stepup_generator.languages.rust.target import rust_client

    return rust_client(api)


# The name of a surface is the name of its folder.
SURFACES: Mapping[str, Surface] = {
    "python": Surface(_python, ("python", "transport")),
    "typescript": Surface(_typescript, ("typescript", "client", "common")),
    "go": Surface(_go, ("go", "client", "common")),
    "rust": Surface(_rust, ("rust", "client", "common")),
}


def update(spec: Path, out: Path) -> dict[str, Outcome]:
    """Bring every surface below ``out`` in step with the document, at once where it is known to be.

    Raises SpecError for a document that cannot be used, ToolError where a tool fails, and OutputError for a
    folder that cannot be replaced.
    """
    digests = {name: _inputs(spec, name) for name in SURFACES}
    known = {name: stamp.fresh(out / name, digest) for name, digest in digests.items()}
    stale = render(spec, [name for name, files in known.items() if files is None])
    changed = write_to(out, stale)
    for name in stale:
        stamp.remember(out / name, digests[name])
    return {
        name: Outcome(files, False) if files is not None else Outcome(len(stale[name]), changed[name])
        for name, files in known.items()
    }


def render(spec: Path, names: Collection[str] | None = None) -> dict[str, dict[str, str]]:
    """Read the document and render surfaces, all unless named: {surface: {path: text}}."""
    chosen = [name for name in SURFACES if names is None or name in names]
    if not chosen:
        return {}
    from stepup_generator.openapi.read import read

    api = read(spec)
    return {name: SURFACES[name].render(api) for name in chosen}


def write_to(out: Path, surfaces: Mapping[str, Mapping[str, str]]) -> dict[str, bool]:
    """Replace the folder of each surface below ``out``; says which had to change. Raises OutputError."""
    return {name: write(files, out / name) for name, files in surfaces.items()}


def difference_of(out: Path, surfaces: Mapping[str, Mapping[str, str]]) -> str:
    """The unified diff from what lies below ``out`` to the surfaces, "" where they are in step."""
    return "".join(difference(files, out / name) for name, files in surfaces.items())


def _inputs(spec: Path, name: str) -> str:
    owners = SURFACES[name].owners
    others = {owner for surface in SURFACES.values() for owner in surface.owners if owner not in owners}
    try:
        return stamp.inputs(spec, owners, others)
    except OSError as error:
        raise SpecError(spec, (Problem(1, 1, "#", f"cannot be read: {error.strerror}"),)) from None
