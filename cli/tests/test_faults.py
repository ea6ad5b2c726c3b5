"""The proof that the suite catches: it can say "caught", and it can say that it did not."""

import json
from pathlib import Path

import pytest

from stepup_mfa import faults
from stepup_mfa.main import main


def test_a_fault_is_caught_by_its_own_rule(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The clean mock is judged by every rule of the suite, then the fault by its own; the matrix says so."""
    matrix = tmp_path / "matrix.json"
    assert main(["faults", "v2-reusable-grant", "--report-json", str(matrix)]) == 0
    clean, caught = json.loads(matrix.read_text(encoding="utf-8"))["faults"]
    assert (clean["fault"], clean["verdict"]) == ("", faults.CLEAN)
    assert (caught["rule"], caught["verdict"]) == ("V2", faults.CAUGHT)
    assert "1 of 1 faults caught by their own rule." in capsys.readouterr().out


def test_a_fault_that_its_rule_does_not_see_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A fault under a rule that it does not break is not "caught", and the command exits with 1."""
    e1 = next(fault_id for fault_id, rule, _ in faults._chosen([], one_per_rule=True) if rule == "E1")
    mislabelled = [(e1, "V2", "tied to the wrong rule on purpose")]
    monkeypatch.setattr(faults, "_chosen", lambda *_, **__: mislabelled)
    assert main(["faults", e1]) == 1
    shown = capsys.readouterr().out
    assert faults.OTHER in shown
    assert "0 of 1 faults caught by their own rule." in shown


def test_one_fault_a_rule_covers_every_rule() -> None:
    """The short form leaves no rule out."""
    every = faults._chosen([], one_per_rule=False)
    short = faults._chosen([], one_per_rule=True)
    assert {rule for _, rule, _ in short} == {rule for _, rule, _ in every}
    assert len(short) == len({rule for _, rule, _ in short}) < len(every)


def test_an_unknown_fault_is_misuse(capsys: pytest.CaptureFixture[str]) -> None:
    """The message names it and says where the faults are listed."""
    assert main(["faults", "no-such-fault"]) == 2
    shown = capsys.readouterr().err
    assert "no-such-fault" in shown
    assert "--list-faults" in shown
