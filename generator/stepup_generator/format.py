"""Lays out rendered source with the formatter of its own language, where that is on the PATH."""

import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from stepup_generator.errors import ToolError

__all__ = ["Formatter", "formatted"]


@dataclass(frozen=True, slots=True)
class Formatter:
    """A program that rewrites the files it is given: those with one of ``suffixes``.

    ``version`` is the command that prints which version it is.
    """

    program: str
    arguments: tuple[str, ...]
    suffixes: tuple[str, ...]
    version: tuple[str, ...]

    @property
    def installed(self) -> bool:
        """Is it on the PATH, and does it run? A launcher without a toolchain does not."""
        return shutil.which(self.program) is not None and bool(_output(self.version))

    def installed_version(self) -> str:
        """What ``version`` prints; "" where the formatter is missing."""
        return _output(self.version) if self.installed else ""


def formatted(formatter: Formatter, files: Mapping[str, str]) -> dict[str, str]:
    """Return the files as the formatter leaves them. Raises ToolError where it rejects one.

    ``formatter.installed`` has to hold.
    """
    chosen = [path for path in files if path.endswith(formatter.suffixes)]
    if not chosen:
        return dict(files)
    with tempfile.TemporaryDirectory(prefix="stepup-mfa-") as name:
        folder = Path(name)
        for path in chosen:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(files[path], encoding="utf-8", newline="\n")
        command = [str(shutil.which(formatter.program)), *formatter.arguments, *chosen]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise ToolError(f"{formatter.program}: {(done.stderr or done.stdout).strip()}")
        after = {path: (folder / path).read_text(encoding="utf-8") for path in chosen}
    return {**files, **after}


@cache
def _output(command: tuple[str, ...]) -> str:
    if shutil.which(command[0]) is None:
        return ""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
