"""From a document to every client that is rendered from it: what the command line calls.

All of it is rendered before any of it is written. A client whose inputs and output are as they were is left
alone; what renders it is imported only when it has to be.

Where the formatter of a language is missing, a client that would not change stays as it is; another one is
written unformatted, and ``Outcome.formatted`` says so.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from stepup_generator import stamp
from stepup_generator.errors import Problem, SpecError
from stepup_generator.format import formatted
from stepup_generator.languages import CLIENTS
from stepup_generator.write import MARKER, difference, marker, write

__all__ = ["Client", "Outcome", "difference_of", "render", "update"]


@dataclass(frozen=True, slots=True)
class Client:
    """A rendered client: {path: text}, its marker among them, and whether its formatter was there."""

    files: Mapping[str, str]
    formatted: bool

    @property
    def marker(self) -> str:
        return self.files[MARKER]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a client: how many files it has, and whether any of them had to change.

    ``formatted`` is False where its formatter is missing and its files were written as they were rendered.
    """

    files: int
    changed: bool
    formatted: bool = True


def update(spec: Path, out: Path) -> dict[str, Outcome]:
    """Bring every client below ``out`` in step with the document, at once where it is known to be.

    Raises SpecError for a document that cannot be used, ToolError where a tool fails, and OutputError for a
    folder that cannot be replaced.
    """
    digests = {name: _inputs(spec, name) for name in CLIENTS}
    known = {name: stamp.fresh(out / name, digest) for name, digest in digests.items()}
    clients = render(spec, [name for name, count in known.items() if count is None])
    outcomes = {name: Outcome(count, False) for name, count in known.items() if count is not None}
    for name in clients:
        outcomes[name] = _write(out / name, clients[name])
        if outcomes[name].formatted:
            stamp.remember(out / name, digests[name])
    return {name: outcomes[name] for name in CLIENTS}


def render(spec: Path, names: Collection[str] | None = None) -> dict[str, Client]:
    """Read the document and render clients, all unless named, formatted where their formatter is there."""
    chosen = [name for name in CLIENTS if names is None or name in names]
    if not chosen:
        return {}
    from stepup_generator.openapi.read import read

    api = read(spec)
    return {name: _client(name, CLIENTS[name].render(api)) for name in chosen}  # type: ignore[misc]  # CLIENTS


def difference_of(out: Path, clients: Mapping[str, Client]) -> str:
    """The unified diff from what lies below ``out`` to the clients, "" where they are in step.

    Clients that could not be formatted are left out: they cannot be compared.
    """
    return "".join(difference(item.files, out / name) for name, item in clients.items() if item.formatted)


def _client(name: str, files: Mapping[str, str]) -> Client:
    formatter = CLIENTS[name].formatter
    if formatter is None:
        return Client({**files, MARKER: marker()}, True)
    # The digest tells a machine without the formatter whether the output would change.
    known = marker(stamp.digest_of((path, text.encode()) for path, text in sorted(files.items())))
    if not formatter.installed:
        return Client({**files, MARKER: known}, False)
    return Client({**formatted(formatter, files), MARKER: known}, True)


def _write(folder: Path, client: Client) -> Outcome:
    count = len(client.files) - 1
    if not client.formatted and _lies_there(folder, client):
        return Outcome(count, False)
    return Outcome(count, write(client.files, folder), client.formatted)


def _lies_there(folder: Path, client: Client) -> bool:
    """Was what lies in the folder formatted from the same rendering?"""
    try:
        return (folder / MARKER).read_text(encoding="utf-8") == client.marker
    except OSError:
        return False


def _inputs(spec: Path, name: str) -> str:
    formatter = CLIENTS[name].formatter
    versions = [formatter.installed_version()] if formatter else []
    try:
        return stamp.inputs(spec, name, versions)
    except OSError as error:
        raise SpecError(spec, (Problem(1, 1, "#", f"cannot be read: {error.strerror}"),)) from None
