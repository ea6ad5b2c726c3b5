"""A run with nothing to do does nothing, and never takes for granted what it did not make."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stepup_generator import stamp
from stepup_mfa.main import main

README = "generated_client/python/README.md"
STAMP = "generated_client/.stepup-mfa/python.json"


@pytest.fixture
def folder(spec_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a document and what was generated from it."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(spec_path, tmp_path / "openapi.yaml")
    assert main(["generate", "--spec", "openapi.yaml"]) == 0
    return tmp_path


def generate(capsys: pytest.CaptureFixture[str]) -> bool:
    """Generate again; was anything changed?"""
    capsys.readouterr()
    assert main(["generate", "--spec", "openapi.yaml", "--format", "json"]) == 0
    clients = json.loads(capsys.readouterr().out)["clients"]
    (client,) = (item for item in clients if item["client"] == "python")
    assert client["files"] == len(stamp.found(Path("generated_client/python"))) - 1  # the marker
    return bool(client["changed"])


def test_an_unchanged_run_renders_nothing(folder: Path) -> None:
    """With a stamp that holds, nothing that renders is even imported."""
    code = (
        "import sys; from stepup_mfa.main import main; code = main(['generate', '--spec', 'openapi.yaml'])\n"
        "slow = {'jinja2', 'yaml', 'stepup_generator.openapi.read'}\n"
        "slow &= set(sys.modules)\n"
        "sys.exit(code or ','.join(sorted(slow)))"
    )

    def slow() -> str:
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
        )
        return done.stderr.strip()

    assert slow() == ""
    (folder / STAMP).unlink()
    assert "jinja2" in slow()
    assert slow() == ""


def test_a_hand_edited_file_is_never_blessed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever was changed, added or taken away in the output is put right, whatever the stamp says."""
    readme = folder / README
    made = readme.read_text(encoding="utf-8")
    for spoil in (
        lambda: readme.write_text("mine"),
        readme.unlink,
        lambda: (folder / "generated_client/python/extra.py").write_text(""),
        lambda: shutil.rmtree(folder / "generated_client/python"),
    ):
        assert not generate(capsys)
        spoil()
        assert generate(capsys)
        assert readme.read_text(encoding="utf-8") == made
        assert not (folder / "generated_client/python/extra.py").exists()


def test_a_changed_document_is_rendered(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The digest is of the document's bytes: another title is rendered, a comment changes no file."""
    document = folder / "openapi.yaml"
    text = document.read_text(encoding="utf-8")
    document.write_text(text + "# a comment\n", encoding="utf-8")
    assert not generate(capsys)
    document.write_text(text.replace("title: Step-Up MFA API", "title: Another API"), encoding="utf-8")
    assert generate(capsys)
    assert "Another API" in (folder / README).read_text(encoding="utf-8")


def test_a_broken_stamp_is_no_stamp(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A stamp that cannot be read or written costs a run and nothing else."""
    for broken in (b"", b"{", b"[]", b"\xff", b'{"inputs": 1}'):
        (folder / STAMP).write_bytes(broken)
        (folder / README).write_text("mine")
        assert generate(capsys)
    shutil.rmtree((folder / STAMP).parent)
    (folder / STAMP).parent.write_text("in the way")
    assert not generate(capsys)


def test_check_trusts_no_stamp(folder: Path) -> None:
    """`--check` renders, even where a stamp speaks for an output that was changed with it."""
    (folder / README).write_text("mine")
    forged = json.loads((folder / STAMP).read_text())
    forged["output"] = stamp.digest_of(stamp.found(folder / "generated_client/python").items())
    (folder / STAMP).write_text(json.dumps(forged))
    assert main(["generate", "--spec", "openapi.yaml"]) == 0
    assert main(["generate", "--spec", "openapi.yaml", "--check"]) == 1


def test_a_surface_depends_on_what_it_is_made_from(
    spec_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its templates and the common code count, the templates and modules of other surfaces do not."""
    package = tmp_path / "package"
    shutil.copytree(stamp._PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(stamp, "_PACKAGE", package)

    def digest() -> str:
        return stamp.inputs(spec_path, "python", ["1.0"])

    first = digest()
    for name in (
        "languages/go/target.py",
        "languages/go/templates/client.go.jinja",
        "site/templates/other.jinja",
        "__pycache__/x.pyc",
    ):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text("new")
        assert digest() == first
    for name in ("openapi/model.py", "languages/python/view.py", "languages/target.py",
                 "languages/python/templates/README.md.jinja",
                 "languages/python/transport/endpoint_module.py.jinja"):  # fmt: skip
        text = (package / name).read_text(encoding="utf-8")
        (package / name).write_text(text + "\n", encoding="utf-8")
        assert digest() != first
        (package / name).write_text(text, encoding="utf-8")
        assert digest() == first
    monkeypatch.setattr(stamp.metadata, "version", lambda tool: "0")
    assert digest() != first
