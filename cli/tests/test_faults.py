"""The proof that the suite catches bugs: it reports a caught fault as caught, and a missed one as missed."""

import json
from pathlib import Path

import jsonschema_rs
import pytest

from stepup_contract.report.matrix import Verdict
from stepup_mfa import faults
from stepup_mfa.main import main
from stepup_spec import FAULTS_SCHEMA, find

SCHEMA = jsonschema_rs.validator_for(json.loads(find(FAULTS_SCHEMA).read_text("utf-8")))


def test_a_fault_is_caught_by_its_own_rule(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The clean mock is checked by every rule of the suite, then the fault by its own; every format of the
    matrix has the checks and their messages.
    """
    matrix, page = tmp_path / "matrix.json", tmp_path / "matrix.html"
    words = ["faults", "v2-reusable-grant", "--report-json", str(matrix), "--report-html", str(page)]
    assert main(words) == 0
    document = json.loads(matrix.read_text(encoding="utf-8"))
    SCHEMA.validate(document)
    clean, caught = document["faults"]
    assert (clean["fault"], clean["verdict"]) == ("", Verdict.CLEAN)
    assert (caught["rule"], caught["verdict"], caught["by"]) == ("V2", Verdict.CAUGHT, ["V2"])
    by = [check for check in caught["checks"] if check["outcome"] == "failed"]
    assert by
    assert document["summary"] == {
        "faults": 1, "caught": 1, "caught_by_another_rule": 0, "missed": 0, "not_judged": 0, "clean": "clean",
    }  # fmt: skip
    assert "1 of 1 faults caught by their own rule." in capsys.readouterr().out
    shown = page.read_text(encoding="utf-8")
    assert all(text in shown for text in ("v2-reusable-grant", caught["description"], by[0]["name"]))
    assert "faults-api-key" not in shown + matrix.read_text(encoding="utf-8")


def test_a_missed_fault_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A fault under a rule that it does not break, and a mock that does not start, are not "caught"; the
    command still checks the others and exits with 1.
    """
    e1 = next(fault_id for fault_id, rule, _ in faults._chosen([], one_per_rule=True) if rule == "E1")
    chosen = [(e1, "V2", "tied to the wrong rule on purpose"), ("no-such-fault", "V2", "unknown to the mock")]
    monkeypatch.setattr(faults, "_chosen", lambda *_, **__: chosen)
    matrix = tmp_path / "matrix.json"
    assert main(["faults", "--report-json", str(matrix)]) == 1
    assert "0 of 2 faults caught by their own rule." in capsys.readouterr().out
    document = json.loads(matrix.read_text(encoding="utf-8"))
    SCHEMA.validate(document)
    clean, other, gone = document["faults"]
    assert [one["verdict"] for one in (clean, other, gone)] == ["clean", Verdict.OTHER, Verdict.NOT_JUDGED]
    assert "E1" in other["by"]
    assert {(check["rule"], check["outcome"] == "failed") for check in other["checks"]} >= {
        ("E1", True), ("V2", False),
    }  # fmt: skip
    assert "did not start" in gone["message"]


def test_one_fault_a_rule_covers_every_rule() -> None:
    """The short run leaves out no rule."""
    every = faults._chosen([], one_per_rule=False)
    short = faults._chosen([], one_per_rule=True)
    assert {rule for _, rule, _ in short} == {rule for _, rule, _ in every}
    assert len(short) == len({rule for _, rule, _ in short}) < len(every)


def test_misuse_is_reported_before_anything_is_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names what is wrong and what to do."""
    nowhere = str(tmp_path / "none" / "m.html")
    for words, messages in (
        (["no-such-fault"], ("no-such-fault", "--list-faults")),
        (["v2-reusable-grant", "--report-html", nowhere], (nowhere, "Create the folder")),
    ):
        assert main(["faults", *words]) == 2
        shown = capsys.readouterr()
        assert all(text in shown.err for text in messages)
        assert shown.out == ""
