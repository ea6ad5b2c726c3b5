"""Remembers what an output was made from, so that a run with nothing to do does nothing.

A stamp lies in a cache folder beside the output and holds two digests: of everything that went in (the
document, this package's code and templates, the versions of the tools) and of everything that came out. It
speaks for an output only while both hold, so a file edited by hand is never taken for a generated one. Losing
a stamp costs one run.
"""

import hashlib
import json
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from stepup_generator.write import MARKER, found

__all__ = ["digest_of", "fresh", "inputs", "remember"]

CACHE = ".stepup-mfa"
_PACKAGE = Path(__file__).resolve().parent
_TOOLS = ("openapi-python-client", "ruff", "jinja2", "PyYAML")


def inputs(spec: Path, language: str, versions: Iterable[str] = ()) -> str:
    """The digest of what the client in a language is made from: the code and templates of other languages and
    of the site do not count. ``versions`` are those of programs outside Python.
    """
    parts = [("spec", spec.read_bytes())]
    for path in sorted(_PACKAGE.rglob("*")):
        name = path.relative_to(_PACKAGE)
        if path.is_file() and "__pycache__" not in name.parts and _counts(name, language):
            parts.append((name.as_posix(), path.read_bytes()))
    parts += [(tool, metadata.version(tool).encode()) for tool in _TOOLS]
    parts += [("program", version.encode()) for version in versions]
    return digest_of(parts)


def _counts(name: Path, language: str) -> bool:
    room, *below = name.parts
    if room == "languages" and len(below) > 1:
        return below[0] in (language, "common")
    return room != "site"


def fresh(folder: Path, digest: str) -> int | None:
    """The number of files in an output that is what these inputs gave, None where it is not known to be."""
    try:
        stamp = json.loads(_stamp(folder).read_bytes())
    except (OSError, ValueError):
        return None
    files = found(folder)
    held = stamp == {"inputs": digest, "output": digest_of(files.items())}
    return len(files.keys() - {MARKER}) if held else None


def remember(folder: Path, digest: str) -> None:
    """Note that these inputs gave what lies in ``folder``; where that cannot be written, do without."""
    stamp = {"inputs": digest, "output": digest_of(found(folder).items())}
    try:
        _stamp(folder).parent.mkdir(exist_ok=True)
        _stamp(folder).write_text(json.dumps(stamp), encoding="utf-8")
    except OSError:
        return


def _stamp(folder: Path) -> Path:
    return folder.parent / CACHE / f"{folder.name}.json"


def digest_of(parts: Iterable[tuple[str, bytes]]) -> str:
    digest = hashlib.sha256()
    for name, content in parts:
        # Lengths first, so that no two lists of parts read the same.
        digest.update(f"{len(name.encode())} {len(content)} {name}".encode() + content)
    return digest.hexdigest()
