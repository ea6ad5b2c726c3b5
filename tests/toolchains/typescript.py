"""Installs the package of the TypeScript client and runs modules with Node."""

from collections.abc import Mapping
from pathlib import Path

from sample_toolchains import Toolchain, copied


class Tools(Toolchain):
    needs = ("node", "npm")
    client = "typescript"

    def install_client(self, source: Path) -> None:
        copy = copied(source, self.folder / "source")
        self.run_tool("npm", "ci", "--silent", "--no-audit", "--ignore-scripts", cwd=copy)
        self.run_tool("npm", "pack", "--silent", "--pack-destination", self.folder, cwd=copy)
        (self.folder / "package.json").write_text('{"type": "module", "private": true}\n', encoding="utf-8")
        (tarball,) = self.folder.glob("*.tgz")
        self.run_tool("npm", "install", "--silent", "--offline", "--no-audit", tarball)
        tarball.unlink()

    def build(self, programs: Mapping[str, str]) -> dict[str, list[str]]:
        return {name: ["node", str(path)] for name, path in self.write(programs, ".js").items()}
