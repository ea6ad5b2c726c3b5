"""Installs the wheel of the Python client into an environment and runs programs there."""

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from sample_toolchains import ROOT, Toolchain, copied


class Tools(Toolchain):
    needs = ()
    client = "python"

    @property
    def _python(self) -> Path:
        return self.folder / "venv" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")

    def install_client(self, source: Path) -> None:
        wheels = self.folder / "wheels"
        shutil.rmtree(wheels, ignore_errors=True)
        copy = copied(source, self.folder / "source")
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
