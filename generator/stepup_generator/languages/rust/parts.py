"""Which files of ``runtime/`` a client needs: those whose names its sources use, and theirs in turn."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["Module", "modules", "needed", "without_texts"]

_SOURCES = Path(__file__).with_name("runtime") / "src"
# Stand-ins for what is rendered from a document.
_DEVELOPMENT = ("lib", "document")
# Whatever a document holds, the API of a client has these.
_ALWAYS = ("errors", "refusal", "secret", "settings")
_PATH = re.compile(r"\b(\w+)::(?=(\w+)|\{([^}]*)\})")


@dataclass(frozen=True, slots=True)
class Module:
    """A module of the crate: a file, or a folder with ``files``, of which ``exported`` name something."""

    name: str
    files: tuple[str, ...] = ()
    exported: tuple[str, ...] = ()


def needed(sources: Iterable[str]) -> tuple[str, ...]:
    """The paths of the files, below the folder of the sources and without ``.rs``, in order."""
    found: set[str] = set()
    todo = {path for source in sources for path in _used(source)} | set(_ALWAYS)
    while todo:
        path = todo.pop()
        found.add(path)
        todo |= _used(_text(path), path.rpartition("/")[0]) - found
    return tuple(sorted(found))


def modules(paths: Iterable[str], rendered: Iterable[str]) -> tuple[Module, ...]:
    """The modules of a crate with those files, and with ``rendered`` ones, in order."""
    folders: dict[str, list[str]] = {name: [] for name in rendered}
    for path in paths:
        folder, _, name = path.rpartition("/")
        folders.setdefault(folder or name, []).extend([name] if folder else [])
    exporting = set(_index().values())
    return tuple(
        Module(folder, tuple(names), tuple(name for name in names if f"{folder}/{name}" in exporting))
        for folder, names in sorted(folders.items())
    )


def without_texts(source: str) -> str:
    """Source of Rust without its texts and comments, in which a document may say anything."""
    return re.sub(r'"(?:[^"\\]|\\.)*"|//.*', "", source)


def _used(source: str, folder: str = "") -> set[str]:
    """The files that a source uses; ``folder`` of the runtime is where it lies."""
    code, found = without_texts(source), set()
    for first, name, group in _PATH.findall(code):
        scope = folder if first == "super" else first
        for each in re.findall(r"\w+", name or group):
            found |= {_index().get((scope, each)), _index().get(("", scope)), _index().get(("", each))}
    caller = "self" if folder == "call" else "request"
    found |= {_methods().get(name) for name in re.findall(rf"\b{caller}\.(\w+)\(", code)}
    return {path for path in found if path is not None}


@cache
def _index() -> dict[tuple[str, str], str]:
    """The files by their folder and each name that they export; those outside folders by "" and their own."""
    found = {}
    for path in _paths():
        folder, _, name = path.rpartition("/")
        if not folder:
            found["", name] = path
        for each in re.findall(r"^pub (?:async )?(?:fn|struct|trait|const) (\w+)", _text(path), re.M):
            if folder:
                found[folder, each] = path
    return found


@cache
def _methods() -> dict[str, str]:
    """The files that give a request its methods, by those."""
    return {
        name: path
        for path in _paths()
        if path.startswith("call/")
        for name in re.findall(r"^    pub fn (\w+)", _text(path), re.M)
    }


@cache
def _paths() -> tuple[str, ...]:
    paths = (path.relative_to(_SOURCES).with_suffix("").as_posix() for path in _SOURCES.rglob("*.rs"))
    return tuple(sorted(path for path in paths if path not in _DEVELOPMENT))


@cache
def _text(path: str) -> str:
    return (_SOURCES / f"{path}.rs").read_text(encoding="utf-8")
