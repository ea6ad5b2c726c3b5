"""Known findings: they do not fail a run until their last day, and nothing else is excused."""

import subprocess
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from xml.etree import ElementTree as ET

import httpx
import pytest

from stepup_contract.baseline import BaselineError, Known, apply, read_baseline
from stepup_contract.report import Report
from stepup_contract.server.target import Target

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
    assert all("no longer occurs" in note for note in notes)
    unjudged = [Known(rule, "x", TODAY) for rule in ("V2", "schema.no_answer", "workflow.totpOneTime")]
    assert apply(report, unjudged, TODAY)[1] == []


def test_a_file_is_read_or_refused_with_its_place(tmp_path: Path) -> None:
    """Every entry has a reason and a last day."""
    path = tmp_path / "known.toml"
    path.write_text('[[known]]\nrule = "T3"\nreason = "being fixed"\nexpires = 2030-01-15\n')
    assert read_baseline(path) == [Known("T3", "being fixed", TODAY)]
    for text, problem in (
        ('[[known]]\nrule = "T3"\nexpires = 2030-01-15\n', "known 1: reason"),
        ('[[known]]\nrule = "T3"\nreason = "x"\nexpires = "soon"\n', "known 1: expires"),
        ('[[known]]\nrool = "T3"\n', "known 1: the keys are"),
        ("[other]\n", "only"),
    ):
        path.write_text(text)
        with pytest.raises(BaselineError, match=problem):
            read_baseline(path)


@pytest.fixture
def reusable_grants(mock_server: Target) -> Iterator[Callable[[bool], None]]:
    """Let the mock server forget that one-time grants were used, through its control API."""

    def switch(on: bool) -> None:
        url = f"{mock_server.control_url}/__control__/faults"
        headers = {"Authorization": f"Bearer {mock_server.control_key}"}
        enabled = ["v2-reusable-grant"] if on else []
        assert httpx.put(url, json={"enabled": enabled}, headers=headers).status_code == 200

    yield switch
    switch(False)


def test_the_command_takes_a_baseline(
    contract: Callable[..., subprocess.CompletedProcess[str]],
    mock_server: Target,
    reusable_grants: Callable[[bool], None],
    tmp_path: Path,
) -> None:
    """A known finding is accepted in every report, an expired one fails, and one that is gone is told where
    its rule was judged.
    """
    known, junit = tmp_path / "known.toml", tmp_path / "report.xml"

    def judge(rule: str, expires: str) -> subprocess.CompletedProcess[str]:
        known.write_text(f'[[known]]\nrule = "V2"\nreason = "being fixed"\nexpires = {expires}\n')
        words = ("--rules", rule, "--no-conformance", "--no-workflows", "--seed", "1")
        return contract(mock_server, *words, "--baseline", str(known), "--report-junit", str(junit))

    reusable_grants(True)
    accepted = judge("V2", "2999-12-31")
    assert (accepted.returncode, accepted.stderr) == (0, "")
    assert "observed: V2" in accepted.stdout
    assert not ET.parse(junit).findall(".//failure")
    expired = judge("V2", "2020-01-31")
    assert expired.returncode == 1
    assert expired.stderr == "known finding of V2 expired on 2020-01-31: being fixed\n"
    assert ET.parse(junit).findall(".//failure")
    reusable_grants(False)
    fixed = judge("V2", "2999-12-31")
    assert fixed.returncode == 0
    assert fixed.stderr == "known finding of V2 no longer occurs: remove it from the baseline\n"
    elsewhere = judge("E1", "2999-12-31")
    assert (elsewhere.returncode, elsewhere.stderr) == (0, "")
