"""The GitHub Action: what it declares, and its scripts run as a runner runs them, against a running mock."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from stepup_mfa import action
from stepup_mock.testing import MockForTests, running_mock

ROOT = Path(__file__).resolve().parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
INSTALL, CHECK = ACTION["runs"]["steps"]
# How a runner starts a step with `shell: bash`.
BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")


@pytest.fixture(scope="module")
def server() -> Iterator[MockForTests]:
    """A mock without users."""
    with running_mock() as mock:
        yield mock


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runner's folder, with the action installed by its own first step."""
    folder = tmp_path_factory.mktemp("runner")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = run_step(INSTALL, folder, folder, PATH=path)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def run_step(
    step: dict[str, Any],
    temporary: Path,
    folder: Path,
    inputs: dict[str, str] | None = None,
    **environment: str,
) -> subprocess.CompletedProcess[str]:
    """Run the script of one step in ``folder``, with inputs and defaults filled in as a runner does."""
    values = {name: given.get("default", "") for name, given in ACTION["inputs"].items()} | (inputs or {})

    def fill(text: str) -> str:
        return re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda match: values[match[1]], text)

    script = folder / "step.sh"
    script.write_text(fill(step["run"]), "utf-8")
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("STEPUP_MFA_", "PYTHON", "VIRTUAL_ENV"))
    }
    given = {name: fill(value) for name, value in step.get("env", {}).items()}
    own = {"RUNNER_TEMP": str(temporary), "GITHUB_ACTION_PATH": str(ROOT)}
    return subprocess.run(
        [*BASH, str(script)],
        cwd=folder,
        env=inherited | own | given | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def keys(mock: MockForTests) -> dict[str, str]:
    """Return the environment that holds the keys."""
    return {"STEPUP_MFA_API_KEY": mock.api_key, "STEPUP_MFA_CONTROL_KEY": mock.control_key}


@pytest.mark.parametrize("step", ACTION["runs"]["steps"], ids=lambda step: step["name"])
def test_each_script_is_bash_without_text_of_the_inputs(step: dict[str, Any], tmp_path: Path) -> None:
    """Scripts parse, run no other action, and hold no expression: an input cannot become a command."""
    assert step["shell"] == "bash"
    assert "uses" not in step
    assert "${{" not in step["run"]
    script = tmp_path / "step.sh"
    script.write_text(step["run"], "utf-8")
    checked = subprocess.run(["bash", "-n", str(script)], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_committed_action_declares_the_options_of_the_command() -> None:
    """Inputs and environment are as the declarations render them; an input changed by hand is noticed."""
    text = (ROOT / "action.yml").read_text("utf-8")
    assert action.render(text) == text
    for changed in (text.replace("  seed:\n", "  sed:\n"), text.replace("inputs.seed", "inputs.sed")):
        assert changed != text
        assert action.render(changed) == text


def test_every_input_is_documented() -> None:
    """Inputs of the action, of its steps and of the page are the same, and the example gives only such."""
    page = (ROOT / "docs/contract-tests-in-ci.md").read_text("utf-8")
    used = set(re.findall(r"inputs\.([\w-]+)", str(ACTION["runs"])))
    assert used == ACTION["inputs"].keys()
    table = page.partition("| input | meaning |")[2].partition("\n\n")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`([\w-]+)`", row)} == ACTION["inputs"].keys()
    (example,) = re.findall(r"```yaml[^\n]*\n(.*?)```", page, re.DOTALL)
    (job,) = yaml.safe_load(example)["jobs"].values()
    (given,) = (step["with"] for step in job["steps"] if "with" in step)
    assert given.keys() <= ACTION["inputs"].keys()
    assert job["env"].keys() == {"STEPUP_MFA_API_KEY", "STEPUP_MFA_CONTROL_KEY"}


def test_a_good_server_passes_and_the_reports_are_written(
    temporary: Path, server: MockForTests, tmp_path: Path
) -> None:
    """The steps install and check; all four reports are written to their files, without a key."""
    reports = {f"report-{form}": f"stepup.{form}" for form in ("json", "junit", "sarif", "html")}
    inputs = {"url": server.base_url, "control-url": server.base_url, "rules": "E,V2", "conformance": "false"}
    done = run_step(CHECK, temporary, tmp_path, {**inputs, **reports, "seed": "5"}, **keys(server))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "(seed 5)" in done.stdout
    assert "totpOneTime: 4 of 4 steps" in done.stdout
    for name in reports.values():
        text = (tmp_path / name).read_text("utf-8")
        assert "V2" in text or name.endswith("sarif")
        assert server.api_key not in text
        assert server.control_key not in text


def test_a_broken_server_fails_the_step(temporary: Path, server: MockForTests, tmp_path: Path) -> None:
    """Findings end the step with 1."""
    faults = f"{server.base_url}/__control__/faults"
    headers = {"Authorization": f"Bearer {server.control_key}"}
    inputs = {"url": server.base_url, "control-url": server.base_url, "rules": "V2", "conformance": "false"}
    httpx.put(faults, headers=headers, json={"enabled": ["v2-reusable-grant"]}).raise_for_status()
    try:
        done = run_step(CHECK, temporary, tmp_path, inputs, **keys(server))
    finally:
        httpx.put(faults, headers=headers, json={"enabled": []}).raise_for_status()
    assert done.returncode == 1, done.stdout + done.stderr
    assert "V2  verifyStepUpGrant" in done.stdout


def test_a_live_profile_with_named_users_is_checked(
    temporary: Path, server: MockForTests, tmp_path: Path
) -> None:
    """Profile, hosts, budgets and users reach the command; lists have one value a line; known findings do not
    fail the step, and secrets stay in the environment.
    """
    app, plain = server.add_totp_user(), server.add_user()
    assert app.secret is not None
    (tmp_path / "own.toml").write_text(f'[profiles.own]\nurl = "{server.base_url}"\nlive = true\n')
    (tmp_path / "known.toml").write_text("")
    inputs = {
        "profile": "own",
        "config": "own.toml",
        "rules": "E,R1",
        "skip": "E2,E4,E5",
        "live": "true",
        "allow-host": "other.test\n127.0.0.1\n",
        "allow-lockout": app.id,
        "totp-user": f"{app.id}:APP_SECRET",
        "plain-user": plain.id,
        "max-requests": "6",
        "baseline": "known.toml",
    }
    secret = {"STEPUP_MFA_API_KEY": server.api_key, "APP_SECRET": app.secret}
    done = run_step(CHECK, temporary, tmp_path, inputs, **secret)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "is live: at most 6 requests" in done.stderr
    assert "the budget of 6 requests is spent" in done.stdout + done.stderr
    enough = {**inputs, "max-requests": "100", "rules": "E", "allow-lockout": ""}
    done = run_step(CHECK, temporary, tmp_path, enough, **secret)
    assert done.returncode == 0, done.stdout + done.stderr
    assert app.secret not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"conformance": "maybe"}, "::error::conformance: expected true or false, got 'maybe'"),
        ({"live": "yes"}, "::error::live: expected true or false, got 'yes'"),
        ({"totp-user": "x:Y"}, "--totp-user: an id is not a UUID"),
        ({"rules": "Z9"}, "no rule or group Z9"),
        ({"live": "x\n::warning::y"}, "expected true or false, got 'x\\n::warning::y'"),
        ({"url": "$(touch spoilt)"}, "not a plain http or https URL"),
        ({"rules": '"; touch spoilt; "'}, "no rule or group"),
    ],
)
def test_misuse_fails_the_step_with_2_and_runs_nothing(
    temporary: Path, server: MockForTests, tmp_path: Path, inputs: dict[str, str], message: str
) -> None:
    """A wrong input is named, one that looks like a command stays text, and the folder holds no module."""
    (tmp_path / "stepup_mfa.py").write_text("open('spoilt', 'w')\n")
    given = {"url": server.base_url, "control-url": server.base_url, **inputs}
    done = run_step(CHECK, temporary, tmp_path, given, **keys(server))
    assert done.returncode == 2, done.stdout + done.stderr
    assert message in done.stdout + done.stderr
    assert not (tmp_path / "spoilt").exists()


def test_an_old_python_is_reported(tmp_path: Path) -> None:
    """On a runner whose Python is too old the message says what to do, and nothing is installed."""
    old = tmp_path / "bin" / "python3"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\nexit 1\n", "utf-8")
    old.chmod(0o755)
    done = run_step(INSTALL, tmp_path, tmp_path, PATH=f"{old.parent}{os.pathsep}{os.environ['PATH']}")
    assert done.returncode == 2
    assert "::error::Python 3.11 or later is needed" in done.stdout
    assert not (tmp_path / "stepup-mfa").exists()
