"""The fault matrix: a hole in the suite shows, and what a server says is text."""

import json
from html.parser import HTMLParser

import jsonschema_rs

from stepup_contract.checks import all_checks
from stepup_contract.report import Report
from stepup_contract.report.matrix import Matrix, Verdict, matrix_html, matrix_json, row
from stepup_contract.rules import read_rules
from stepup_contract.run import FAILED, NOT_EXERCISED, PASSED, CheckResult, Results, RuleResult
from stepup_contract.scenario.finding import Finding
from stepup_spec import FAULTS_SCHEMA, find

HOSTILE = "</style><img src=x onerror=alert(1)><script>alert(2)</script>"
SCHEMA = jsonschema_rs.validator_for(json.loads(find(FAULTS_SCHEMA).read_text("utf-8")))


def a_run(broken: str = "", *, untried: str = "") -> Report:
    """Return a run over V2 and T3 that found one of them broken, and left one out."""
    results = Results()
    for rule_id in ("T3", "V2"):
        check = next(check for check in all_checks() if check.rule == rule_id)
        outcome = FAILED if rule_id == broken else NOT_EXERCISED if rule_id == untried else PASSED
        requests = int(outcome != NOT_EXERCISED)
        made = (CheckResult(check, outcome, requests),)
        results.rules.append(RuleResult(read_rules()[rule_id], outcome, requests, "", made))
    if broken:
        results.findings.append(
            Finding(broken, "verifyStepUpGrant", HOSTILE, "", "expected", "got", "check", fails=True)
        )
    return Report("http://127.0.0.1:1", True, 1, results, None, 2, 0.1)


def test_each_way_to_fail_has_its_verdict() -> None:
    """Caught, caught by another rule and missed are told apart, and so are the three ends of a clean run."""
    assert [
        row("x", "V2", "a bug", a_run(broken), 0.1).verdict for broken in ("V2", "T3", "")
    ] == [Verdict.CAUGHT, Verdict.OTHER, Verdict.MISSED]  # fmt: skip
    assert [
        row("", "", "", run, 0.1).verdict for run in (a_run(), a_run("V2"), a_run(untried="T3"))
    ] == [Verdict.CLEAN, Verdict.FALSE_ALARM, Verdict.NOT_JUDGED]  # fmt: skip
    assert row("", "", "", a_run(untried="T3"), 0.1).by == ("T3",)


def test_the_page_shows_holes_and_holds_no_markup_of_a_server() -> None:
    """A missed fault and a false alarm stand in the head of the page, and every text is escaped."""
    rows = tuple(row(f"fault-{broken}", "V2", HOSTILE, a_run(broken), 0.1) for broken in ("V2", "T3", ""))
    matrix = Matrix(1, row("", "", "", a_run("T3"), 1.0), rows)
    SCHEMA.validate(json.loads(matrix_json(matrix)))
    assert [one.fault for one in matrix.wrong] == ["", "fault-T3", "fault-"]
    tags: list[str] = []
    words: list[str] = []

    class Page(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags.append(tag)
            assert not [name for name, _ in attrs if name == "style" or name.startswith("on")]

        def handle_data(self, data: str) -> None:
            words.append(data)

    Page().feed(matrix_html(matrix))
    assert not {"script", "img", "link", "iframe", "base"} & set(tags)
    text = " ".join(" ".join(words).split())
    assert HOSTILE in text
    assert "1 caught 1 caught by another rule 1 missed 0 not judged false alarm" in text
    check = next(check.name for check in all_checks() if check.rule == "V2")
    assert f"V2 {check} 1 3" in text
