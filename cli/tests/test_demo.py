"""The demo: all seven steps, and where it stops when one of them fails."""

import json
from pathlib import Path

import pytest

from stepup_mfa.main import main

STEPS = 7


def test_the_main_job_runs_in_one_go(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every step is done and what it made is there."""
    assert main(["demo", "--out", str(tmp_path / "out"), "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [step["outcome"] for step in told["steps"]] == ["ok"] * STEPS
    for step in told["steps"]:
        assert not step["look_at"] or Path(step["look_at"]).exists()
    report = json.loads((tmp_path / "out" / "contract-report.json").read_text(encoding="utf-8"))
    assert report["summary"]["failed"] == 0
    assert report["summary"]["passed"] > 50


def test_a_step_that_fails_ends_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Somebody's files in the client's place are left alone, and no mock is started for nothing."""
    theirs = tmp_path / "clients" / "python" / "mine.txt"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("mine", encoding="utf-8")
    assert main(["demo", "--out", str(tmp_path)]) == 2
    shown = capsys.readouterr().out
    assert "Stopped at `generate the client`" in shown
    assert "start the mock" not in shown
    assert theirs.read_text(encoding="utf-8") == "mine"
