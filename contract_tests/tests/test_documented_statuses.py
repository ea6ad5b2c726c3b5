"""The documented statuses: all are reached on the mock, and a response that differs is a finding."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import jsonschema_rs
import pytest

from stepup_contract.conformance.documented_responses import differences, documented
from stepup_contract.conformance.documented_statuses import Reached, provoke, provoke_timeouts, unreached
from stepup_contract.report.as_json import as_json
from stepup_contract.report.terminal import as_text
from stepup_contract.server.connect import connect
from stepup_contract.server.operations import LOOKUP, VERIFY_GRANT
from stepup_contract.server.target import Exchange, Request, Target
from stepup_contract.suite import Options, judge
from stepup_spec import REPORT_SCHEMA, find

SCHEMA = jsonschema_rs.validator_for(json.loads(find(REPORT_SCHEMA).read_text("utf-8")))


def reach(target: Target, timeout: float | None = None) -> Reached:
    """Provoke the documented statuses, and 408 within so many seconds where given."""

    async def work() -> Reached:
        async with connect(target) as server:
            reached = await provoke(server, 1)
            if timeout is not None:
                await provoke_timeouts(server, reached, timeout)
            return reached

    return asyncio.run(work())


def test_every_documented_status_is_reached_on_the_mock(mock_server: Target) -> None:
    """All pairs of operation and status are reached, and all responses are as documented."""
    reached = reach(mock_server, timeout=15)
    assert [finding.message for finding in reached.findings] == []
    assert unreached(reached.responses, reached) == []
    assert len(documented()) == 37
    assert all(reached.responses[expected] for expected in documented())


def test_what_a_server_does_not_reach_is_listed(other_make: Callable[..., Target]) -> None:
    """A server without injected faults and without a timeout for bodies: seven statuses with reasons."""
    reached = reach(other_make(), timeout=0.5)
    assert reached.findings == []
    missed = {(one.operation, one.status): one.reason for one in unreached(reached.responses, reached)}
    assert {status for _, status in missed} == {408, 429}
    assert {operation for operation, status in missed if status == 429} == {LOOKUP.id, VERIFY_GRANT.id}
    assert "does not offer" in missed[LOOKUP.id, 429]
    assert all(
        "no response within 0.5 s" in reason for (_, status), reason in missed.items() if status == 408
    )


def test_without_control_the_reasons_say_what_would_enable_it(other_make: Callable[..., Target]) -> None:
    """Statuses that need prepared users or keys are not reached, and the reason names the control API."""
    reached = reach(other_make(control=False))
    missed = {(one.operation, one.status): one.reason for one in unreached(reached.responses, reached)}
    for operation, status in documented():
        if status in (200, 403, 429):
            assert "control API" in missed[operation, status]
        elif status != 408:
            assert (operation, status) not in missed


def test_a_response_that_is_not_as_documented_is_a_finding(other_make: Callable[..., Target]) -> None:
    """A required header that is missing is found, with a request to paste."""
    reached = reach(other_make("no-www-authenticate"))
    assert {finding.rule for finding in reached.findings} == {"schema.documented_status"}
    assert {finding.operation for finding in reached.findings} == {name for name, _ in documented()}
    assert all("WWW-Authenticate" in finding.got for finding in reached.findings)
    assert all(finding.curl.startswith("curl ") for finding in reached.findings)


GOOD = b'{"error_code": "rate_limited", "user_facing_error": "Wait."}'


@pytest.mark.parametrize(
    ("content", "headers", "message"),
    [
        (GOOD, {"Retry-After": "soon"}, '"soon" is not of type "integer"'),
        (GOOD, {"Retry-After": "-1"}, "-1 is less than the minimum of 0"),
        (GOOD, {"Content-Type": "text/html"}, "Received: text/html Documented: application/json"),
        (GOOD, {"Content-Type": "nonsense"}, "Malformed media type"),
        (GOOD, {"Content-Type": None}, "Missing Content-Type header"),
        (b'{"error_code": "slow_down"}', {}, '"rate_limited" was expected'),
        (
            GOOD.replace(b"{", b'{"error_code": "x", ').replace(b"rate_limited", b"y"),
            {},
            '"rate_limited" was',
        ),
        (b"[]", {}, 'is not of type "object"'),
        (b"{", {}, "JSON deserialization error"),
        (b"\xff", {}, "Content deserialization error"),
        (b"[" * 100_000, {}, "Content deserialization error"),
        (b'{"error_code": "' + b"x" * 1_000_000 + b'"}', {}, "…"),
    ],
)
def test_each_part_of_a_response_is_validated(
    content: bytes, headers: dict[str, str | None], message: str
) -> None:
    """A wrong header, media type or body is described in one line of bounded length."""
    all_headers = {"Content-Type": "application/json", "Retry-After": "3"} | headers
    request = Request(VERIFY_GRANT.id, "POST", VERIFY_GRANT.path)

    def found(content: bytes, headers: Iterable[tuple[str, str | None]]) -> list[str]:
        pairs = tuple((name, value) for name, value in headers if value is not None)
        return differences(Exchange(request, "http://127.0.0.1/", 429, pairs, content))

    assert found(GOOD, [("content-type", "application/json; charset=utf-8"), ("retry-after", "3")]) == []
    differing = found(content, all_headers.items())
    assert differing
    assert any(message in difference for difference in differing)
    assert all(len(difference) <= 401 and "\n" not in difference for difference in differing)


def test_an_undocumented_status_is_a_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A status that the contract does not have is named, a missing required header too; no file is left."""
    monkeypatch.chdir(tmp_path)
    request = Request(VERIFY_GRANT.id, "POST", VERIFY_GRANT.path, (("Authorization", "Bearer the-key"),))
    headers = (("Content-Type", "application/json"),)
    for status, message in ((418, "Undocumented status code"), (401, "WWW-Authenticate")):
        differing = differences(Exchange(request, "http://127.0.0.1/", status, headers, GOOD))
        assert any(message in difference for difference in differing)
        assert "the-key" not in "".join(differing)
    assert list(tmp_path.iterdir()) == []


def test_what_other_parts_of_the_run_reached_counts() -> None:
    """A status that any response of the run had is not listed."""
    reached = Reached(reasons={(LOOKUP.id, 429): "needs an injected fault"})
    responses = Counter(dict.fromkeys(documented(), 1))
    assert unreached(responses, reached) == []
    del responses[LOOKUP.id, 429]
    assert [one.reason for one in unreached(responses, reached)] == ["needs an injected fault"]


def test_the_report_counts_and_lists_them(other_make: Callable[..., Target]) -> None:
    """Provoked responses count in the coverage of the report, which says why others were not reached."""
    options = Options(rules=("E3",), phases=("examples",), max_examples=1, documented_statuses=True)
    report = asyncio.run(judge(other_make(), options))
    document = json.loads(as_json(report))
    SCHEMA.validate(document)
    covered = {one["operation"]: one["statuses"] for one in document["conformance"]["operations"]}
    assert covered[VERIFY_GRANT.id].keys() >= {"200", "400", "401", "403", "413", "415"}
    missed = {(one["operation"], one["status"]) for one in document["conformance"]["unreached"]}
    assert missed >= {(LOOKUP.id, 429), (VERIFY_GRANT.id, 429), (VERIFY_GRANT.id, 408)}
    assert f"{LOOKUP.id} 429: needs an injected fault" in as_text(report)
    assert report.exit_code == 0
