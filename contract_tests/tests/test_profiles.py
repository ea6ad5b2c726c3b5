"""Profiles and what narrows a run, as a user of a shell meets them."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from stepup_contract.server.target import Target

Raw = Callable[[Callable[[socket.socket], None]], str]


def contract(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``stepup-mfa contract`` in a folder with no setting but those given."""
    command = [sys.executable, "-c", "from stepup_mfa.main import main; raise SystemExit(main())", "contract"]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("STEPUP_MFA_")}
    return subprocess.run(
        [*command, *words],
        env={**inherited, **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_profile_says_where_and_what(other_make: Callable[..., Target], tmp_path: Path) -> None:
    """A profile gives the server, the variables of its keys and the rules; an option is stronger."""
    target = other_make()
    (tmp_path / "stepup.toml").write_text(
        f'[profiles.own]\nurl = "{target.url}"\ncontrol_url = "{target.url}"\napi_key_env = "OWN_KEY"\n'
        'control_key_env = "OWN_CONTROL"\nrules = ["E"]\nskip = ["E2"]\n'
    )
    keys = {"OWN_KEY": target.api_key, "OWN_CONTROL": str(target.control_key)}
    words = ["--profile", "own", "--no-conformance", "--no-workflows", "--format", "json"]
    ran = contract(tmp_path, *words, **keys)
    assert ran.returncode == 0, ran.stderr
    assert [rule["id"] for rule in json.loads(ran.stdout)["rules"]] == ["E1", "E3", "E4", "E5"]
    ran = contract(tmp_path, *words, "--rules", "V1", "--operation", "verifyStepUpGrant", **keys)
    assert [rule["id"] for rule in json.loads(ran.stdout)["rules"]] == ["V1"]
    ran = contract(tmp_path, *words)
    assert ran.returncode == 2
    assert "the environment has no OWN_KEY" in ran.stderr


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[profiles.own]\nurl = "http://127.0.0.1"\napi_kee = "x"\n', "profiles.own: api_kee (line 3)"),
        ("[profiles.own]\n[profiles.own.budgets]\nsmss = 1\n", "profiles.own.budgets: smss (line 3)"),
        ('[profile.own]\nurl = "x"\n', "unknown: profile"),
        ('[profiles.own]\nlive = "yes"\n', "profiles.own.live is not true or false"),
        ("[profiles.own]\nrules = [1]\n", "profiles.own.rules is not a list of strings"),
        ('[profiles.own]\napi_key_env = "sk-1234 secret"\n', "not the name of an environment variable"),
        ("[profiles.other]\n", "no profile own (there is other)"),
        ("[profiles", "not valid TOML"),
    ],
)
def test_a_wrong_profile_is_told_with_its_place(tmp_path: Path, text: str, problem: str) -> None:
    """What a profile may not hold is rejected by name and place, and no value that may be a key is shown."""
    (tmp_path / "stepup.toml").write_text(text)
    ran = contract(tmp_path, "--profile", "own", "--api-key", "k")
    assert ran.returncode == 2
    assert problem in ran.stderr
    assert "secret" not in ran.stderr
    assert len(ran.stderr.splitlines()) <= 2


def test_a_dry_run_and_a_live_profile_send_nothing(raw_server: Raw, tmp_path: Path) -> None:
    """The plan is printed, a live profile without --live is rejected, and no connection arrives."""
    arrived: list[bytes] = []
    url = raw_server(lambda connection: arrived.append(connection.recv(9999)))
    (tmp_path / "stepup.toml").write_text(
        f'[profiles.production]\nurl = "{url}"\nlive = true\nallow_hosts = ["127.0.0.1"]\n'
        "[profiles.production.budgets]\nrequests = 77\n"
    )
    words = ["--profile", "production", "--api-key", "k"]
    rejected = contract(tmp_path, *words)
    assert rejected.returncode == 2
    assert "is a live server" in rejected.stderr
    assert "--live" in rejected.stderr
    planned = contract(tmp_path, *words, "--live", "--dry-run")
    assert planned.returncode == 0, planned.stderr
    assert "nothing was sent" in planned.stdout
    assert "at most 77 requests, 0 text messages" in planned.stdout
    assert "--allow-lockout" in planned.stdout
    assert arrived == []
    assert contract(tmp_path, *words, "--live").returncode == 2
    assert arrived


def test_fail_fast_begins_nothing_after_a_finding(other_make: Callable[..., Target], tmp_path: Path) -> None:
    """The finding is reported with exit 1, and most rules were not exercised."""
    target = other_make("replay")
    keys = ["--api-key", target.api_key, "--control-key", str(target.control_key)]
    where = ["--url", target.url, "--control-url", target.url]
    ran = contract(tmp_path, *where, *keys, "--rules", "T3,V4", "--fail-fast", "--format", "json")
    assert ran.returncode == 1
    outcomes = {rule["id"]: rule["outcome"] for rule in json.loads(ran.stdout)["rules"]}
    assert outcomes == {"T3": "failed", "V4": "not_exercised"}
