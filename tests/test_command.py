"""The command as a whole: help, misuse, exit codes and what starting it costs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from stepup_mfa.errors import CommandError
from stepup_mfa.extras import require
from stepup_mfa.main import main

COMMANDS = ("demo", "mock", "code", "contract", "faults", "generate", "lint", "docs")
# Whatever takes long to import and no help text needs.
HEAVY = {
    "httpx", "hypothesis", "jinja2", "jsonschema_rs", "openapi_spec_validator", "orjson", "pyotp", "sqlite3",
    "schemathesis", "starlette", "uvicorn", "yaml",
}  # fmt: skip


def test_help_imports_nothing_heavy() -> None:
    """`stepup-mfa --help` loads the standard library's light half and no library of ours."""
    code = (
        "import sys, json\nfrom stepup_mfa.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for command in COMMANDS:
        assert f"\n    {command}" in done.stdout
    loaded = {name.split(".")[0] for name in json.loads(done.stderr.splitlines()[-1])}
    assert "argparse" in loaded, "the list of modules is empty"
    assert not loaded & HEAVY


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each command has help of its own."""
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    shown = capsys.readouterr().out
    assert f"usage: stepup-mfa {command}" in shown
    assert "being built" not in shown


def test_misuse_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    """No command, an unknown command and an unknown option are misuse."""
    assert main([]) == 2
    assert "usage: stepup-mfa" in capsys.readouterr().out
    for line in (["no-such-command"], ["lint", "--no-such-option"]):
        with pytest.raises(SystemExit) as stopped:
            main(line)
        assert stopped.value.code == 2


def test_a_spec_that_is_not_there_is_misuse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message names the file and the remedy."""
    assert main(["lint", "--spec", str(tmp_path / "none.yaml")]) == 2
    shown = capsys.readouterr().err
    assert "none.yaml: no such file" in shown
    assert "--spec FILE" in shown


def test_lint_tells_programs_what_it_tells_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1 with problems, as text and as JSON alike."""
    broken = tmp_path / "openapi.yaml"
    broken.write_text(
        "openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths: {}\nwebhooks: {}\n", encoding="utf-8"
    )
    assert main(["lint", "--spec", str(broken)]) == 1
    assert f"{broken}:4:1 #" in capsys.readouterr().out
    assert main(["lint", "--spec", str(broken), "--format", "json"]) == 1
    (problem,) = json.loads(capsys.readouterr().out)["problems"]
    assert (problem["line"], problem["column"]) == (4, 1)
    assert "webhooks" in problem["message"]


def test_missing_extras_are_named_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that needs two extras names both in one install line."""
    monkeypatch.setattr("stepup_mfa.extras.find_spec", lambda name: None)
    with pytest.raises(CommandError) as refused:
        require("demo", "generate", "contract")
    assert refused.value.remedy == "pip install 'stepup-mfa[generate,contract]'"
