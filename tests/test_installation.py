"""What a user installs: the wheel, bare and with its command, and the editable checkout."""

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import stepup_spec

ROOT = Path(__file__).resolve().parent.parent
FILES = [
    stepup_spec.OPENAPI,
    stepup_spec.CONTROL,
    stepup_spec.WORKFLOWS,
    stepup_spec.RULES,
    stepup_spec.RULES_SCHEMA,
    stepup_spec.REPORT_SCHEMA,
]


def _run(*command: str | Path, cwd: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    # PYTHONPATH and the like must not lend the checkout to the installed copy.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0 or not check, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    _run(
        sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
        "-w", folder, ROOT, cwd=folder,
    )  # fmt: skip
    (path,) = folder.glob("stepup_mfa-*.whl")
    return path


@pytest.fixture(scope="module")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts folder of a fresh environment with `pip install stepup-mfa` and nothing else."""
    folder = tmp_path_factory.mktemp("bare")
    _run(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    scripts = folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    _run(
        scripts / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
        "-c", ROOT / "constraints.txt", wheel, cwd=folder,
    )  # fmt: skip
    return scripts


def test_the_wheel_holds_the_contract_and_no_tests(wheel: Path) -> None:
    """Every file of the contract is in the wheel, and nothing that only a checkout needs."""
    names = zipfile.ZipFile(wheel).namelist()
    for name in FILES:
        assert f"stepup_spec/files/{name}" in names
    # Templates and runtimes may hold a client's own tests.
    checkout_only = re.compile(r"^(?!stepup_generator/languages/).*/tests/|__pycache__")
    assert not [name for name in names if checkout_only.search(name)]
    assert "stepup_mfa/py.typed" in names


def test_the_checkout_finds_the_contract_in_the_repository() -> None:
    """An editable install reads spec/ itself, so that an edit counts at once."""
    for name in FILES:
        assert stepup_spec.find(name) == ROOT / "spec" / name
    with pytest.raises(FileNotFoundError, match=r"no-such\.yaml.*reinstall"):
        stepup_spec.find("no-such.yaml")


def test_the_bare_wheel_finds_the_contract_beside_itself(bare: Path, tmp_path: Path) -> None:
    """An installed package needs no repository."""
    code = "import stepup_spec, json; print(json.dumps([str(stepup_spec.find(n)) for n in %r]))" % FILES  # noqa: UP031
    paths = json.loads(_run(bare / "python", "-c", code, cwd=tmp_path).stdout)
    for name, path in zip(FILES, paths, strict=True):
        assert str(ROOT) not in path
        assert Path(path).read_bytes() == (ROOT / "spec" / name).read_bytes()


def test_the_bare_command_says_which_extra_is_missing(bare: Path, tmp_path: Path) -> None:
    """A command whose libraries are absent names the install line and exits with 2."""
    for command, extra in (
        (["generate"], "generate"),
        (["docs", "build", "--out", "site"], "generate"),
        (["contract", "--url", "http://127.0.0.1:1", "--api-key", "k"], "contract"),
        (["demo"], "generate,contract"),
    ):
        done = _run(bare / "stepup-mfa", *command, cwd=tmp_path, check=False)
        assert done.returncode == 2, command
        assert f"pip install 'stepup-mfa[{extra}]'" in done.stderr
        assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_bare_command_lints_and_helps(bare: Path, tmp_path: Path) -> None:
    """Lint and help need no extra."""
    assert "mock" in _run(bare / "stepup-mfa", "--help", cwd=tmp_path).stdout
    assert _run(bare / "stepup-mfa", "lint", cwd=tmp_path).returncode == 0
