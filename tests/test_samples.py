"""The runner of samples: it runs what stands on the pages, and finds what is not so."""

import html
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import stepup_spec
from stepup_generator.arazzo import read as workflows
from stepup_generator.languages import samples_of_flows, samples_of_operations
from stepup_generator.openapi.read import read
from stepup_generator.samples.goldens import read_goldens

GOLDENS = Path(__file__).parents[1] / "docs" / "samples"
RUNNER = Path(__file__).with_name("samples.py")

ONE = {"program": ["true"], "output": [["something"]]}

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("bash", "curl", "jq"))), reason="bash, curl or jq is missing"
)


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """The marked texts of a site: every sample for the shell."""
    api = read(stepup_spec.find(stepup_spec.OPENAPI))
    goldens = read_goldens(GOLDENS)
    flows = samples_of_flows(api, workflows.read(stepup_spec.find(stepup_spec.WORKFLOWS), api), goldens)
    return {
        f"{name}.{item.language.id}.{part}": getattr(item, part)
        for name, found in (*samples_of_operations(api, goldens).items(), *flows.items())
        for item in found
        for part in ("request", "response")
        if item.language.id == "curl"
    }


def run(texts: dict[str, str], folder: Path, *more: str, **environment: str) -> tuple[int, str]:
    blocks = (
        f'<pre data-sample="{mark}"><code><span class="s">{html.escape(text)}</span></code></pre>'
        for mark, text in texts.items()
    )
    (folder / "index.html").write_text("\n".join(blocks), encoding="utf-8")
    command = [sys.executable, str(RUNNER), "--site", str(folder), "--work", str(folder / "work"), *more]
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=120
    )
    return done.returncode, done.stdout + done.stderr


def test_samples_that_print_what_is_shown_are_well(texts: dict[str, str], tmp_path: Path) -> None:
    """Five operations and four workflows run twice, the workflows with a wrong code too."""
    code, out = run(texts, tmp_path, "--language", "curl")
    assert code == 0, out
    assert "22 runs, 0 problems" in out
    assert out.count("\nok") + out.startswith("ok") == 22


@pytest.mark.parametrize(
    "edit",
    [
        ("fetchUserMfaMethods.curl.response", "Totp", "Phone", '+    "type": "Totp"'),
        ("sendSmsMfaCode.curl.request", '"mfa_phone_id"', '"phone_id"', "exit code 22"),
        ("verifyStepUpGrant.curl.request", "SENSITIVE_ACTION", "OTHER_ACTION", "grant_not_found"),
        ("verifySmsChallenge.curl.request", "ABC123", "ABC124", "ABC123 does not stand in the program"),
        ("totpOneTime.curl.response", "shows now: ", "shows: ", "ValueError"),
        ("totpTimeBased.curl.request", "TIME_BASED", "ONE_TIME_USE", "exit code 1"),
        ("smsOneTime.curl.response", "grant_not_found", "grant_spent", '+    "grant": "grant_not_found"'),
        ("smsTimeBased.curl.request", '|| fail "$verify_code"', "|| true", "a wrong code"),
    ],
)
def test_what_is_not_as_shown_is_found(
    texts: dict[str, str], tmp_path: Path, edit: tuple[str, str, str, str]
) -> None:
    """A page that shows another output, or a program that does something else, fails by name."""
    mark, found, instead, said = edit
    assert found in texts[mark]
    name = mark.rpartition(".")[0]
    changed = texts | {mark: texts[mark].replace(found, instead)}
    code, out = run(changed, tmp_path, "--language", "curl", "--match", name)
    assert code == 1, out
    assert said in out


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda goldens: goldens.pop("verifyStepUpGrant"), "it has no golden"),
        (lambda goldens: goldens.update(verifyStepUpGrantOld={**ONE, "digest": ""}), "does not exist"),
        (lambda goldens: goldens["verifyStepUpGrant"].update(output=ONE["output"]), "+{"),
        (lambda goldens: goldens["verifyStepUpGrant"].update(digest=""), "of another program"),
        (lambda goldens: goldens["verifyStepUpGrant"].update(program=["true"]), "formatted differently"),
    ],
)
def test_a_golden_that_differs_is_found(
    texts: dict[str, str], tmp_path: Path, edit: Callable[[dict[str, Any]], object], message: str
) -> None:
    """A golden that is missing, belongs to no sample or holds something else fails by the sample's name."""
    folder = Path(shutil.copytree(GOLDENS, tmp_path / "goldens"))
    stored = json.loads((folder / "curl.json").read_text(encoding="utf-8"))
    edit(stored)
    (folder / "curl.json").write_text(json.dumps(stored), encoding="utf-8")
    more = ("--language", "curl", "--match", "verifyStepUpGrant", "--goldens", str(folder))
    code, out = run(texts, tmp_path, *more)
    assert code == 1, out
    assert "FAILED verifyStepUpGrant" in out
    assert message in out


def test_goldens_of_an_unknown_language_are_found(texts: dict[str, str], tmp_path: Path) -> None:
    """A file that no language of the registry has is a failure."""
    folder = Path(shutil.copytree(GOLDENS, tmp_path / "goldens"))
    (folder / "cobol.json").write_text("{}", encoding="utf-8")
    more = ("--language", "curl", "--match", "verifyStepUpGrant", "--goldens", str(folder))
    code, out = run(texts, tmp_path, *more)
    assert code == 1
    assert "FAILED cobol: goldens of an unknown language" in out


def test_a_sample_that_is_on_no_page_is_missed(texts: dict[str, str], tmp_path: Path) -> None:
    """Every operation and workflow has to be there, in each language."""
    less = {mark: text for mark, text in texts.items() if not mark.startswith("verifySmsChallenge.curl.req")}
    code, out = run(less, tmp_path, "--language", "curl", "--match", "verifySms")
    assert code == 1
    assert "verifySmsChallenge.curl: not on any page" in out


def test_one_sample_reads_the_same_on_every_page(texts: dict[str, str], tmp_path: Path) -> None:
    """A mark that stands on two pages with two texts is a problem."""
    mark = "verifyStepUpGrant.curl.request"
    other = tmp_path / "reference"
    other.mkdir()
    (other / "index.html").write_text(f'<pre data-sample="{mark}">true</pre>', encoding="utf-8")
    code, out = run(texts, tmp_path, "--language", "curl", "--match", "verifyStepUpGrant")
    assert code == 1
    assert f"{mark} is not what it is elsewhere" in out


def test_a_missing_tool_is_said_and_fails_in_ci(texts: dict[str, str], tmp_path: Path) -> None:
    """Without node nothing of JavaScript runs: said out loud, and an error where CI is set."""
    code, out = run(texts, tmp_path, "--language", "javascript", "--match", "none", PATH="/nowhere", CI="")
    assert "NOT RUN: the javascript samples need `node`, `npm`" in out
    assert code == 1  # nothing ran at all
    code, out = run(texts, tmp_path, "--language", "javascript", "--match", "none", PATH="/nowhere", CI="1")
    assert "FAILED javascript: `node`, `npm` missing" in out
    assert code == 1


def test_a_site_that_is_not_there_is_misuse(tmp_path: Path) -> None:
    """The runner says what to do and exits with 2."""
    done = subprocess.run(
        [sys.executable, str(RUNNER), "--site", str(tmp_path / "none")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "build the site first" in done.stderr
