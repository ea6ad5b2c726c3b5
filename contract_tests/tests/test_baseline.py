"""Known findings: they do not fail a run until their last day, and nothing else is excused."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from stepup_contract.baseline import BaselineError, Known, apply, read_baseline
from stepup_contract.report import Report
from stepup_contract.target import Target

TODAY = date(2030, 1, 15)


def test_a_known_finding_does_not_fail_until_it_expires(
    other_make: Callable[..., Target], judged: Callable[..., Report]
) -> None:
    """The same report fails without the entry, passes with it, and fails the day after its last one."""
    report = judged(other_make("replay"), "T3", "E1")
    assert report.exit_code == 1
    known = Known("T3", "being fixed", TODAY)
    eased, notes = apply(report, [known], TODAY)
    assert (eased.exit_code, notes) == (0, [])
    assert [result.outcome for result in eased.results.rules if result.rule.id == "T3"] == ["observed"]
    late, notes = apply(report, [known], date(2030, 1, 16))
    assert late.exit_code == 1
    assert "expired on 2030-01-15" in notes[0]
    other, notes = apply(
        report, [Known("E1", "x", TODAY), Known("T3", "x", TODAY, "verifyStepUpGrant")], TODAY
    )
    assert other.exit_code == 1
    assert [note.split()[3] for note in notes] == ["E1", "T3"]
    assert all("not seen any more" in note for note in notes)


def test_a_file_is_read_or_refused_with_its_place(tmp_path: Path) -> None:
    """Every entry has a reason and a last day."""
    path = tmp_path / "known.toml"
    path.write_text('[[known]]\nrule = "T3"\nreason = "being fixed"\nexpires = 2030-01-15\n')
    assert read_baseline(path) == [Known("T3", "being fixed", TODAY)]
    for text, told in (
        ('[[known]]\nrule = "T3"\nexpires = 2030-01-15\n', "known 1: reason"),
        ('[[known]]\nrule = "T3"\nreason = "x"\nexpires = "soon"\n', "known 1: expires"),
        ('[[known]]\nrool = "T3"\n', "known 1: the keys are"),
        ("[other]\n", "only"),
    ):
        path.write_text(text)
        with pytest.raises(BaselineError, match=told):
            read_baseline(path)
