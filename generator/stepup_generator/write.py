"""Puts ``{path: content}`` into a folder, completely or not at all, or compares it with what lies there.

A folder is replaced, so nothing stale survives; a run that fails leaves the old one. Only a folder that is
missing, empty or written by the generator before (it holds the marker) is replaced: anything else may be
somebody's work.
"""

import difflib
import re
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

from stepup_generator.errors import OutputError

__all__ = ["MARKER", "difference", "found", "marker", "write"]

MARKER = ".generated-by-stepup-mfa"
_MARKER_TEXT = (
    "stepup-mfa generate wrote this folder and replaces all of it. Change the OpenAPI document instead.\n"
)
# What tools leave behind when the output is used; neither compared nor kept.
_LEFT_BEHIND = re.compile(
    r"(__pycache__|\.(mypy|ruff|pytest)_cache|node_modules|target|Cargo\.lock|dist|build|.*\.egg-info)\Z"
)
_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*\Z")


def marker(rendered: str = "") -> str:
    """The text of the marker; ``rendered`` is the digest of what a formatter was given, if any."""
    return _MARKER_TEXT + (f"Digest of the unformatted files: {rendered}\n" if rendered else "")


def write(files: Mapping[str, str | bytes], folder: Path) -> bool:
    """Make ``folder`` hold exactly ``files``. Returns whether anything had to change.

    Raises OutputError where the folder holds what the generator did not write, or cannot be written.
    """
    new_files = _checked(files)
    folder = folder.resolve()
    _refuse_foreign(folder)
    if not difference(files, folder):
        return False
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _replace(new_files, folder)
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror}; the old output was left") from error
    return True


def difference(files: Mapping[str, str | bytes], folder: Path) -> str:
    """The unified diff from what lies in ``folder`` to ``files``; "" where they are the same to the byte."""
    new_files = _checked(files)
    old_files = found(folder)
    parts = []
    for path in sorted(new_files.keys() | old_files.keys()):
        old, new = old_files.get(path), new_files.get(path)
        if old != new:
            parts.append(_diff(path, old, new))
    return "".join(parts)


def _checked(files: Mapping[str, str | bytes]) -> dict[str, bytes]:
    """The files as bytes, with the marker; rejects a path that could lead out of the folder."""
    for path in files:
        if path != MARKER and not _PATH.match(path):
            raise OutputError(f"{path!r} is not a path for output")
    every = {MARKER: marker(), **files}
    return {path: text.encode() if isinstance(text, str) else text for path, text in every.items()}


def _refuse_foreign(folder: Path) -> None:
    if folder.is_dir():
        others = [path for path in folder.iterdir() if not _LEFT_BEHIND.match(path.name)]
        if others and not (folder / MARKER).is_file():
            raise OutputError(
                f"{folder} holds files that stepup-mfa generate did not write ({others[0].name}, …)"
            )
    elif folder.exists():
        raise OutputError(f"{folder} is not a folder")


def _replace(files: Mapping[str, bytes], folder: Path) -> None:
    """Write beside the folder and rename, so that readers see the old output or the new one."""
    token = secrets.token_hex(4)
    new = folder.parent / f".{folder.name}.new-{token}"
    old = folder.parent / f".{folder.name}.old-{token}"
    try:
        for path, content in files.items():
            target = new / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        if folder.exists():
            folder.rename(old)
        try:
            new.rename(folder)
        except OSError:
            if old.exists():
                old.rename(folder)
            raise
    finally:
        shutil.rmtree(new, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)


def found(folder: Path) -> dict[str, bytes]:
    """What lies in the folder, less what tools leave behind."""
    if not folder.is_dir():
        return {}
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(map(_LEFT_BEHIND.match, path.relative_to(folder).parts))
    }


def _diff(path: str, old: bytes | None, new: bytes | None) -> str:
    before = [] if old is None else old.decode("utf-8", "backslashreplace").splitlines(keepends=True)
    after = [] if new is None else new.decode("utf-8", "backslashreplace").splitlines(keepends=True)
    from_file = "/dev/null" if old is None else f"a/{path}"
    to_file = "/dev/null" if new is None else f"b/{path}"
    lines = list(difflib.unified_diff(before, after, from_file, to_file))
    if not lines:  # two empty files, one of which is not there
        lines = [f"--- {from_file}\n", f"+++ {to_file}\n"]
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )
