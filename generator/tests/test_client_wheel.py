"""What a caller does first: install the wheel and nothing else, and follow the quick start of its README."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
# What a caller fills in: the example, and an expression for the caller's own.
OWN = (
    ('"https://auth.example.com"', "sys.argv[1]"),
    ('"your-api-key"', "sys.argv[2]"),
    ('code="123456"', "code=sys.argv[3]"),
    ("mfa_phone_id=", "mfa_phone_id=sys.argv[4] or "),
    ("challenge_id=", "challenge_id=response.challenge_id or "),
    ('code="ABC123"', "code=input()"),
    ("grant=", "grant=granted.step_up_grant or "),
    ("# Send SMS MFA Code", "granted = response\n# Send SMS MFA Code"),
    ("# Verify SMS Challenge", "print('sent', flush=True)\n# Verify SMS Challenge"),
)


def run(*command: str | Path, cwd: Path) -> str:
    # PYTHONPATH and the like must not lend anything to the fresh environment.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(client_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("client-wheel")
    source = shutil.copytree(client_folder, folder / "source")
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation")
    run(*pip, "-w", folder, source, cwd=folder)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def python(wheel: Path) -> Path:
    """The Python of a fresh environment that holds the wheel and what it asks for."""
    folder = wheel.parent
    run(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    python = folder / "venv" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, "-c", ROOT / "constraints.txt", wheel, cwd=folder)
    return python


def test_the_wheel_depends_on_httpx_alone(wheel: Path, python: Path) -> None:
    """It holds the package with its types, and brings httpx and what httpx needs."""
    names = zipfile.ZipFile(wheel).namelist()
    assert "stepup_mfa_client/py.typed" in names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"stepup_mfa_client"}
    frozen = run(python, "-m", "pip", "freeze", cwd=wheel.parent).lower()
    brought = {re.split("[ =@]", line)[0] for line in frozen.splitlines()}
    assert brought == {
        "stepup-mfa-client",
        "httpx",
        "anyio",
        "certifi",
        "h11",
        "httpcore",
        "idna",
    } | (brought & {"typing_extensions"})  # anyio requires it on older Pythons


def test_the_quick_start_of_the_readme(
    wheel: Path, python: Path, client_folder: Path, stepup_mock: Any
) -> None:
    """The program in the README, with the caller's own values filled in, goes through both flows."""
    readme = (client_folder / "README.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"^```python\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    users = re.findall(r'user_id="([^"]+)"', program)
    totp = stepup_mock.add_totp_user(users[0])
    phone = stepup_mock.add_phone_user(users[1], "+15555550142").phones[0]
    for example, own in OWN:
        assert example in program, example
        program = program.replace(example, own)
    path = wheel.parent / "quick_start.py"
    path.write_text(f"import sys\n{program}\nprint(response)\nauth.close()\n", encoding="utf-8")
    arguments = (stepup_mock.base_url, stepup_mock.api_key, stepup_mock.totp_code(totp), phone.mfa_phone_id)
    with subprocess.Popen(
        [str(python), "-I", str(path), *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as caller:  # fmt: skip
        assert caller.stdout is not None
        sent = caller.stdout.readline().strip() == "sent"
        printed, complaints = caller.communicate(stepup_mock.last_sms(phone) + "\n" if sent else "", 30)
    assert (printed.strip(), complaints) == ("VerifyStepUpGrantResponse(success=True)", "")
