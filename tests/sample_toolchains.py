"""Installs each client as its users do, and builds and runs programs that use it.

Each language of the registry has a module in toolchains/, named after its folder, with the class ``Tools``.
What takes long (environments, dependencies, compiled crates) is kept in a work folder between runs and
replaced when a client changes.
"""

import hashlib
import importlib
import os
import shutil
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

__all__ = ["ROOT", "BuildError", "Toolchain", "copied", "toolchain_of"]

ROOT = Path(__file__).resolve().parents[1]
_BUILD_SECONDS = 900
_PLAIN = {"NO_COLOR": "1", "npm_config_update_notifier": "false", "npm_config_fund": "false"}


class BuildError(Exception):
    """A client could not be installed, or a program does not compile; the text is the tool's own."""


class Toolchain(ABC):
    """One language: ``needs`` are the programs it cannot do without, ``client`` the folder of its client.

    ``folder`` is where it works; ``source`` is another client than the committed one.
    """

    needs: ClassVar[tuple[str, ...]]
    client: ClassVar[str] = ""

    def __init__(self, folder: Path, source: Path | None = None) -> None:
        self.folder = folder
        self.source = source or ROOT / "generated_client" / self.client

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(name for name in self.needs if shutil.which(name) is None)

    def install(self) -> None:
        """Bring the client into the work folder, unless the one there is the same."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.client:
            return
        stamp = self.folder / "installed"
        digest = _digest(self.source)
        if not stamp.is_file() or stamp.read_text(encoding="utf-8") != digest:
            stamp.unlink(missing_ok=True)
            self.install_client(self.source)
            stamp.write_text(digest, encoding="utf-8")

    def install_client(self, source: Path) -> None:
        """As ``install``, always; nothing for a language that builds a client together with its programs.

        Raises BuildError.
        """
        del source

    @abstractmethod
    def build(self, programs: Mapping[str, str]) -> dict[str, list[str]]:
        """Write and compile programs, by name; give the command of each. Raises BuildError."""

    def run_tool(self, *command: str | Path, cwd: Path | None = None) -> str:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=cwd or self.folder, env={**os.environ, **_PLAIN}, capture_output=True, text=True,
            check=False, timeout=_BUILD_SECONDS,
        )  # fmt: skip
        if done.returncode != 0:
            output = (done.stderr + done.stdout)[-4000:]
            raise BuildError(f"{' '.join(map(str, command[:3]))} failed:\n{output}")
        return done.stdout

    def write(self, programs: Mapping[str, str], suffix: str) -> dict[str, Path]:
        paths = {name: self.folder / f"{name}{suffix}" for name in programs}
        for name, text in programs.items():
            paths[name].write_text(text, encoding="utf-8")
        return paths


def toolchain_of(folder: str) -> type[Toolchain]:
    """The toolchain of the language in a folder of the registry."""
    tools: type[Toolchain] = importlib.import_module(f"toolchains.{folder}").Tools
    return tools


def copied(source: Path, target: Path) -> Path:
    """Copy a client without what its tools have left in it."""
    shutil.rmtree(target, ignore_errors=True)
    ignored = shutil.ignore_patterns("node_modules", "dist", "target", "__pycache__")
    return Path(shutil.copytree(source, target, ignore=ignored))


def _digest(folder: Path) -> str:
    """Of everything that is in a client, but what its tools leave there."""
    left = {"node_modules", "dist", "target", "__pycache__"}
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and not left & set(parts):
            digest.update("/".join(parts).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
