"""Builds Rust programs against the crate of the client."""

import os
from collections.abc import Mapping
from pathlib import Path

from sample_toolchains import Toolchain


class Tools(Toolchain):
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
