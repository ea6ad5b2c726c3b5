"""Remembers what an output was made from, so that a run with nothing to do does nothing.

A stamp lies in a cache folder beside the output and holds two digests: of everything that went in (the
document, this package's code and templates, the versions of the tools) and of everything that came out. It
speaks for an output only while both hold, so a file edited by hand is never taken for a generated one. Losing
a stamp costs one run.
"""

import hashlib
import json
from collections.abc import Collection, Iterable
from importlib import metadata
from pathlib import Path

from stepup_generator.write import MARKER, found

__all__ = ["digest_of", "fresh", "inputs", "remember"]

CACHE = ".stepup-mfa"
_PACKAGE = Path(__file__).resolve().parent
_TOOLS = ("openapi-python-client", "ruff", "jinja2", "PyYAML")


def inputs(spec: Path, owners: Collection[str], others: Collection[str]) -> str:
    """The digest of what a surface is made from.

    ``owners`` are the folders of templates, and the first words of modules, that only this surface uses;
    ``others`` are those of the other surfaces, which do not count.
    """
    parts = [("spec", spec.read_bytes())]
    for path in sorted(_PACKAGE.rglob("*")):
        name = path.relative_to(_PACKAGE).as_posix()
        is_template = name.startswith("templates/")
        owner = name.split("/")[1] if is_template else name.partition("_")[0].removesuffix(".py")
        wanted = owner in owners if is_template else owner not in others
        if wanted and path.suffix in (".py", ".jinja"):
            parts.append((name, path.read_bytes()))
    parts += [(tool, metadata.version(tool).encode()) for tool in _TOOLS]
    return digest_of(parts)


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
