"""The report as one HTML page that needs nothing else: no script, no font, no picture, no network.

Every text of a server is escaped, and the page's own policy forbids whatever could still be smuggled in.
"""

import base64
import hashlib
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from stepup_contract.finding import Finding
from stepup_contract.operations import OPERATIONS
from stepup_contract.report import OUTCOMES, Report
from stepup_contract.run import RuleResult

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Message:
    """One request of a sequence as it is drawn, with its answer."""

    method: str
    path: str
    answer: str
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
    style = (_HERE / "report.css").read_text("utf-8")
    told = [_told(finding, report) for finding in report.findings]
    return _template().render(
        report=report,
        style=style,
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        outcomes=OUTCOMES,
        counts={outcome: report.count(outcome) for outcome in OUTCOMES},
        groups=[(title, list(rules)) for title, rules in groupby(report.results.rules, _group)],
        failing=[one for one in told if one.finding.fails],
        observed=[one for one in told if not one.finding.fails],
        found={one.finding.rule for one in told},
        **_coverage(report),
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["words"] = lambda outcome: outcome.replace("_", " ")
    return environment.get_template("report.html.jinja")


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
        answer = str(status) if status else "no answer"
        kind = "good" if 200 <= status < 300 else "refused" if 400 <= status < 500 else "odd"
        yield Message(method, _path(words[-1]), answer, kind, curl)


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


def _coverage(report: Report) -> dict[str, object]:
    """Return the statuses that were seen, and for each operation how often it answered with each."""
    seen = report.answers
    statuses = sorted({status for _, status in seen})
    names = [operation.id for operation in OPERATIONS]
    return {
        "statuses": statuses,
        "operations": [(name, [seen.get((name, status), 0) for status in statuses]) for name in names],
    }
