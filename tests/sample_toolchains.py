"""Installs each client as its users do, and builds and runs programs that use it.

What takes long (environments, dependencies, compiled crates) is kept in a work folder between runs and made
anew when a client changes.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

__all__ = ["TOOLCHAINS", "BuildError", "Toolchain"]

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


class Curl(Toolchain):
    needs = ("bash", "curl", "jq")

    def build(self, programs: Mapping[str, str]) -> dict[str, list[str]]:
        return {name: ["bash", str(path)] for name, path in self.write(programs, ".sh").items()}


class Python(Toolchain):
    needs = ()
    client = "python"

    @property
    def _python(self) -> Path:
        return self.folder / "venv" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")

    def install_client(self, source: Path) -> None:
        wheels = self.folder / "wheels"
        shutil.rmtree(wheels, ignore_errors=True)
        copy = _copy(source, self.folder / "source")
        build = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation")
        self.run_tool(*build, "-w", wheels, copy)
        if not self._python.exists():
            self.run_tool(sys.executable, "-m", "venv", self.folder / "venv")
        pip = (self._python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        (wheel,) = wheels.glob("*.whl")
        self.run_tool(*pip, "-c", ROOT / "constraints.txt", wheel)
        self.run_tool(*pip, "--force-reinstall", "--no-deps", wheel)

    def build(self, programs: Mapping[str, str]) -> dict[str, list[str]]:
        paths = self.write(programs, ".py")
        return {name: [str(self._python), "-P", str(path)] for name, path in paths.items()}


class JavaScript(Toolchain):
    needs = ("node", "npm")
    client = "typescript"

    def install_client(self, source: Path) -> None:
        copy = _copy(source, self.folder / "source")
        self.run_tool("npm", "ci", "--silent", "--no-audit", "--ignore-scripts", cwd=copy)
        self.run_tool("npm", "pack", "--silent", "--pack-destination", self.folder, cwd=copy)
        (self.folder / "package.json").write_text('{"type": "module", "private": true}\n', encoding="utf-8")
        (tarball,) = self.folder.glob("*.tgz")
        self.run_tool("npm", "install", "--silent", "--offline", "--no-audit", tarball)
        tarball.unlink()

    def build(self, programs: Mapping[str, str]) -> dict[str, list[str]]:
        return {name: ["node", str(path)] for name, path in self.write(programs, ".js").items()}


class Go(Toolchain):
    needs = ("go",)
    client = "go"

    def build(self, programs: Mapping[str, str]) -> dict[str, list[str]]:
        client = self.source
        module = _module(client / "go.mod")
        # A name that ends in .go is taken for a source.
        names = {name: name.replace(".", "_") for name in programs}
        for name, text in programs.items():
            main = self.folder / names[name] / "main.go"
            main.parent.mkdir(exist_ok=True)
            main.write_text(text, encoding="utf-8")
        if not (self.folder / "go.mod").exists():
            self.run_tool("go", "mod", "init", "samples.test")
            self.run_tool("go", "mod", "edit", f"-replace={module}={client}", f"-require={module}@v0.0.0")
            self.run_tool("go", "mod", "tidy")
        binaries = self.folder / "bin"
        binaries.mkdir(exist_ok=True)
        self.run_tool(
            "go", "build", "-mod=mod", "-o", f"{binaries}/", *(f"./{name}" for name in names.values())
        )
        return {name: [str(binaries / binary)] for name, binary in names.items()}


class Rust(Toolchain):
    needs = ("cargo",)
    client = "rust"

    def build(self, programs: Mapping[str, str]) -> dict[str, list[str]]:
        sources = self.folder / "src" / "bin"
        sources.mkdir(parents=True, exist_ok=True)
        client = self.source
        (self.folder / "Cargo.toml").write_text(_CARGO.format(client=client.as_posix()), encoding="utf-8")
        names = {name: name.replace(".", "_").lower() for name in programs}
        for name, text in programs.items():
            (sources / f"{names[name]}.rs").write_text(text, encoding="utf-8")
        chosen = (part for name in names.values() for part in ("--bin", name))
        target = Path(os.environ.get("CARGO_TARGET_DIR", self.folder / "target")) / "debug"
        self.run_tool("cargo", "build", "--quiet", *chosen)
        return {name: [str(target / binary)] for name, binary in names.items()}


_CARGO = """\
[package]
name = "samples"
version = "0.0.0"
edition = "2021"
publish = false

[dependencies]
stepup_mfa_client = {{ path = "{client}" }}
tokio = {{ version = "1", features = ["macros", "rt-multi-thread"] }}

[profile.dev]
debug = false

[workspace]
"""

TOOLCHAINS: Mapping[str, type[Toolchain]] = {
    "javascript": JavaScript,
    "python": Python,
    "rust": Rust,
    "go": Go,
    "curl": Curl,
}


def _copy(source: Path, target: Path) -> Path:
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


def _module(path: Path) -> str:
    words = path.read_text(encoding="utf-8").split()
    return words[words.index("module") + 1]
