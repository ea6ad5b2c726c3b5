"""The report as one HTML page: findings with their sequences drawn, rules with their evidence, coverage."""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import urlsplit

from stepup_contract.conformance.documented_responses import documented
from stepup_contract.report import OUTCOMES, Report
from stepup_contract.report.page import render
from stepup_contract.run import RuleResult
from stepup_contract.scenario.finding import Finding
from stepup_contract.server.operations import OPERATIONS


@dataclass(frozen=True, slots=True)
class Message:
    """One request of a sequence diagram, with its response."""

    method: str
    path: str
    response: str
    kind: str
    curl: str


@dataclass(frozen=True, slots=True)
class Told:
    """A finding with its sequence; ``promise`` is the sentence of its rule."""

    finding: Finding
    promise: str
    messages: tuple[Message, ...]


def as_html(report: Report) -> str:
    """Return the report as a page."""
    told = [_told(finding, report) for finding in report.findings]
    return render(
        "report.html.jinja",
        report=report,
        outcomes=OUTCOMES,
        counts={outcome: report.count(outcome) for outcome in OUTCOMES},
        groups=[(title, list(rules)) for title, rules in groupby(report.results.rules, _group)],
        failing=[one for one in told if one.finding.fails],
        observed=[one for one in told if not one.finding.fails],
        **_coverage(report),
    )


def _group(result: RuleResult) -> str:
    return f"{result.rule.group} {result.rule.title}"


def _told(finding: Finding, report: Report) -> Told:
    promises = {result.rule.id: result.rule.sentence for result in report.results.rules}
    return Told(finding, promises.get(finding.rule, ""), tuple(_messages(finding)))


def _messages(finding: Finding) -> Iterable[Message]:
    for curl, status in finding.sequence:
        words = _words(curl)
        explicit = words[words.index("-X") + 1 :][:1] if "-X" in words else []
        method = explicit[0] if explicit else ("POST" if "--data-binary" in words else "GET")
        response = str(status) if status else "no response"
        kind = "good" if 200 <= status < 300 else "rejected" if 400 <= status < 500 else "odd"
        yield Message(method, _path(words[-1]), response, kind, curl)


def _words(curl: str) -> list[str]:
    try:
        return shlex.split(curl) or [""]
    except ValueError:
        return curl.split() or [""]


def _path(url: str) -> str:
    try:
        return urlsplit(url).path or "/"
    except ValueError:
        return url


@dataclass(frozen=True, slots=True)
class Cell:
    """How often one operation returned one status, and whether it is documented."""

    count: int
    documented: bool
    status: int

    @property
    def kind(self) -> str:
        # What unknown paths and other methods get is prose in the contract, as OpenAPI has no place for it.
        if self.count and not self.documented and self.status not in (0, 404, 405):
            return "odd"
        return "" if self.count else "zero"


def _coverage(report: Report) -> dict[str, object]:
    """Return the statuses that were seen or are documented, and for each operation how often it gave each."""
    seen, promised = report.responses, set(documented())
    statuses = sorted({status for _, status in (*seen, *promised)})
    return {
        "statuses": statuses,
        "operations": [
            (
                operation.id,
                [
                    Cell(seen.get((operation.id, status), 0), (operation.id, status) in promised, status)
                    for status in statuses
                ],
            )
            for operation in OPERATIONS
        ],
    }
