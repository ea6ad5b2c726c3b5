"""Runs shell programs: there is no client to install."""

from collections.abc import Mapping

from sample_toolchains import Toolchain


class Tools(Toolchain):
    needs = ("bash", "curl", "jq")

    def build(self, programs: Mapping[str, str]) -> dict[str, list[str]]:
        return {name: ["bash", str(path)] for name, path in self.write(programs, ".sh").items()}
