"""`stepup-mfa docs build`: what it writes, what it leaves alone, and what it says when it cannot."""

import shutil
from pathlib import Path

import pytest

import stepup_spec
from stepup_mfa.main import main


@pytest.fixture
def contract(tmp_path: Path) -> Path:
    """A copy of the contract that a test may change; the document's path."""
    folder = tmp_path / "spec"
    folder.mkdir()
    names = (stepup_spec.OPENAPI, stepup_spec.RULES, stepup_spec.WORKFLOWS, stepup_spec.CONTROL)
    for name in names:
        shutil.copy(stepup_spec.find(name), folder)
    return folder / stepup_spec.OPENAPI


def build(document: Path, out: Path, *options: str) -> int:
    return main(["docs", "build", "--spec", str(document), "--out", str(out), *options])


def test_an_unchanged_build_does_nothing(
    contract: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second run leaves the files alone; a changed rule, option or output is noticed."""
    out = tmp_path / "site"
    assert build(contract, out) == 0
    before = (out / "index.html").stat().st_ino
    capsys.readouterr()
    assert build(contract, out) == 0
    assert "up to date" in capsys.readouterr().out
    assert (out / "index.html").stat().st_ino == before
    rules = contract.with_name(stepup_spec.RULES)
    text = rules.read_text(encoding="utf-8")
    rules.write_text(text.replace("API key", "backend key"), encoding="utf-8")
    assert build(contract, out) == 0
    assert "up to date" not in capsys.readouterr().out
    assert "backend key" in (out / "rules" / "index.md").read_text(encoding="utf-8")
    (out / "llms.txt").write_text("mine", encoding="utf-8")
    assert build(contract, out) == 0
    assert (out / "llms.txt").read_text(encoding="utf-8") != "mine"
    assert build(contract, out, "--site-url", "https://docs.example.test") == 0
    assert "https://docs.example.test/rules/" in (out / "sitemap.xml").read_text(encoding="utf-8")


def test_versions_lie_side_by_side(
    contract: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each version has a folder, the newest is `latest`, and an older one built later changes neither."""
    out = tmp_path / "site"
    assert build(contract, out, "--version", "v1.10") == 0
    assert "the newest" in capsys.readouterr().out
    assert build(contract, out, "--version", "v1.9") == 0
    assert "the newest" not in capsys.readouterr().out
    assert {path.name for path in out.iterdir() if path.is_dir()} == {"v1.10", "v1.9", "latest"}
    assert "v1.10" in (out / "latest" / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--base-path", "repo"], "--base-path 'repo' is not the path of a site"),
        (["--base-path", "/a/?x/"], "is not the path of a site"),
        (["--site-url", "docs.example.test"], "is not an address"),
        (["--version", "../v1"], "cannot name a folder"),
        (["--guides", "/does/not/exist"], "/does/not/exist: no such folder"),
        (["--workflows", "/does/not/exist"], "/does/not/exist: no such file"),
        (["--matrix", "/does/not/exist"], "/does/not/exist: no such file"),
    ],
)
def test_invalid_options_are_rejected(
    contract: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    """Nothing is written, and the message says which option is meant."""
    assert build(contract, tmp_path / "site", *options) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "site").exists()


def test_an_invalid_matrix_keeps_the_old_site(
    contract: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Inputs are validated before anything is written."""
    out = tmp_path / "site"
    assert build(contract, out) == 0
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    matrix = tmp_path / "matrix.json"
    matrix.write_text("[]", encoding="utf-8")
    assert build(contract, out, "--matrix", str(matrix)) == 2
    assert f"{matrix}:1: not a fault matrix" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
