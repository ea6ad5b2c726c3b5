"""Builds Go programs against the module of the client."""

from collections.abc import Mapping
from pathlib import Path

from sample_toolchains import Toolchain


class Tools(Toolchain):
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


def _module(path: Path) -> str:
    words = path.read_text(encoding="utf-8").split()
    return words[words.index("module") + 1]
