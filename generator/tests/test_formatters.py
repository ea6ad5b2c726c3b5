"""What `stepup-mfa generate` does where the formatters of some languages are missing."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stepup_generator.languages import CLIENTS

FORMATTED = {name: item.formatter.program for name, item in CLIENTS.items() if item.formatter}
PLAIN = sorted(CLIENTS.keys() - FORMATTED.keys())


@pytest.fixture(scope="session", autouse=True)
def formatters() -> None:
    """The formatters themselves; without them there is nothing to compare with."""
    for program in FORMATTED.values():
        if shutil.which(program) is None:
            message = f"NOT CHECKED: formatting needs `{program}`, which is not on the PATH"
            pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)


@pytest.fixture
def bare(tmp_path: Path) -> str:
    """A PATH of every program there is but the formatters (and what they come from)."""
    folder = tmp_path / "bin"
    folder.mkdir()
    left_out = {
        *FORMATTED.values(),
        *(item.formatter.version[0] for item in CLIENTS.values() if item.formatter),
    }
    for entry in os.environ["PATH"].split(os.pathsep):
        for program in sorted(Path(entry).glob("*")):
            if program.name not in left_out and not (folder / program.name).exists():
                (folder / program.name).symlink_to(program)
    return str(folder)


def generate(
    spec: Path, out: Path, *arguments: str, path: str | None = None
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stepup_mfa", "generate", "--spec", str(spec), "--out", str(out)]
    return subprocess.run(
        [*command, *arguments], capture_output=True, text=True, check=False,
        env={**os.environ, **({"PATH": path} if path else {})},
    )  # fmt: skip


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def spec(spec_path: Path, tmp_path: Path) -> Path:
    """The document, to be changed."""
    return Path(shutil.copy(spec_path, tmp_path / "openapi.yaml"))


@pytest.fixture
def out(spec: Path, tmp_path: Path) -> Path:
    """All clients, generated with the formatters; nothing remembers what they were generated from."""
    done = generate(spec, tmp_path / "out")
    assert done.returncode == 0, done.stderr
    shutil.rmtree(tmp_path / "out" / ".stepup-mfa")
    return tmp_path / "out"


def test_an_unchanged_document_leaves_the_output(spec: Path, out: Path, bare: str) -> None:
    """Output that would not change stays as it is, and nothing is called unformatted."""
    before = {name: contents(out / name) for name in CLIENTS}
    done = generate(spec, out, "--format", "json", path=bare)
    assert done.returncode == 0, done.stderr
    clients = {item["client"]: item for item in json.loads(done.stdout)["clients"]}
    assert {name: (item["changed"], item["formatted"]) for name, item in clients.items()} == dict.fromkeys(
        CLIENTS, (False, True)
    )
    assert {name: contents(out / name) for name in CLIENTS} == before


def test_a_changed_document_is_written_unformatted_and_reported(spec: Path, out: Path, bare: str) -> None:
    """Each language without its formatter is named; with it, the next run writes what is formatted."""
    text = spec.read_text(encoding="utf-8")
    changed = text.replace("A phone that can receive a code.", "A phone that receives codes.")
    assert changed != text
    spec.write_text(changed, encoding="utf-8")
    done = generate(spec, out, path=bare)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    for name, program in FORMATTED.items():
        assert any(f"{out / name}:" in line and f"UNFORMATTED: {program}" in line for line in lines), lines
    assert sum("UNFORMATTED" in line for line in lines) == len(FORMATTED)
    assert generate(spec, out, "--check").returncode == 1
    assert generate(spec, out).returncode == 0
    assert generate(spec, out, "--check").returncode == 0


def test_check_names_each_language_that_it_cannot_check(spec: Path, out: Path, bare: str) -> None:
    """It exits with 2, unless a language that it can check differs: that is certain, and exits with 1."""
    done = generate(spec, out, "--check", path=bare)
    assert done.returncode == 2
    for name, program in FORMATTED.items():
        assert f"NOT CHECKED: {out / name}, since {program} is not on the PATH" in done.stdout
    assert done.stdout.count("NOT CHECKED") == len(FORMATTED)
    assert generate(spec, out, "--check").returncode == 0
    for path in (out / PLAIN[0]).rglob("README.md"):
        path.write_text("changed\n", encoding="utf-8")
    assert generate(spec, out, "--check", path=bare).returncode == 1


def test_other_languages_need_no_formatter(spec: Path, out: Path, bare: str, tmp_path: Path) -> None:
    """Languages without a formatter of their own have the same bytes with and without those of others."""
    assert generate(spec, tmp_path / "again", path=bare).returncode == 0
    assert PLAIN == ["python", "typescript"]
    for name in PLAIN:
        assert contents(tmp_path / "again" / name) == contents(out / name)
    for name in FORMATTED:
        assert contents(tmp_path / "again" / name) != contents(out / name)
