"""The reports: in the form that spec/ says, whole or not at all, and without a secret."""

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema_rs
import pytest

from stepup_contract.operations import OPERATIONS
from stepup_contract.report import Report, write
from stepup_contract.report.as_json import as_json
from stepup_contract.report.as_junit import as_junit
from stepup_contract.report.terminal import as_text
from stepup_contract.rules import _LOADER
from stepup_contract.target import Target
from stepup_spec import OPENAPI, REPORT_SCHEMA, find

SCHEMA = jsonschema_rs.validator_for(json.loads(find(REPORT_SCHEMA).read_text("utf-8")))
BUGS = ("code-in-answer", "secret-in-lookup", "suffix-of-seven", "replay", "one-time-reusable", "key-prefix")


@pytest.fixture
def report(other_make: Callable[..., Target], judged: Callable[..., Report]) -> Report:
    """A run on a server with many bugs, conformance included."""
    return judged(other_make(*BUGS), "A1", "E1", "E2", "T3", "S1", "V2", "D3", phases=("examples",))


def test_the_json_report_has_the_form_of_its_schema(report: Report) -> None:
    """A report with every kind of outcome validates, and names the broken rules and their curl lines."""
    document = json.loads(as_json(report))
    SCHEMA.validate(document)
    verdicts = {rule["id"]: rule["outcome"] for rule in document["rules"]}
    assert verdicts == {
        **dict.fromkeys(("A1", "E1", "E2", "T3", "S1", "V2"), "failed"),
        "D3": "not_exercised",
    }
    assert document["summary"]["exit_code"] == 1
    assert all("STEPUP_MFA_API_KEY" in f["curl"] for f in document["findings"] if f["rule"] == "T3")


def test_no_secret_is_in_any_report(report: Report) -> None:
    """Keys, and what the server leaked of secrets and codes, stand as variables in all forms."""
    for form in (as_json, as_junit, as_text):
        text = form(report)
        assert "other-control" not in text
        # The key in every wrong place that A1 tries: never in the clear.
        assert "Bearer other-key" not in text
        assert "other-ke " not in text
        assert '"debug": "$CODE"' in text.replace("\\", "").replace("&quot;", '"')


def test_the_junit_report_counts_what_the_json_report_counts(report: Report) -> None:
    """A case for each rule, and a failure for each that failed."""
    root = ET.fromstring(as_junit(report))
    cases = [case for case in root.iter("testcase") if case.get("classname", "").startswith("rules.")]
    assert len(cases) == len(report.results.rules)
    assert sum(case.find("failure") is not None for case in cases) == report.count("failed")
    assert sum(case.find("skipped") is not None for case in cases) == report.count("not_exercised")


def test_a_report_is_replaced_whole(tmp_path: Path) -> None:
    """A new report takes the place of the old one and leaves nothing beside it."""
    path = tmp_path / "report.json"
    write(path, "old")
    write(path, "new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_report_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    """Where writing fails, the old report stays and no piece of the new one is left."""
    path = tmp_path / "report.json"
    write(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write(path, "half\ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_operations_are_those_of_the_contract() -> None:
    """The suite's own reading of methods and paths agrees with spec/openapi.yaml."""
    import yaml

    document = yaml.load(find(OPENAPI).read_text("utf-8"), Loader=_LOADER)
    written = {
        (operation["operationId"], method.upper(), path)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in ("get", "post", "put", "delete", "patch")
    }
    assert {(operation.id, operation.method, operation.path) for operation in OPERATIONS} == written
