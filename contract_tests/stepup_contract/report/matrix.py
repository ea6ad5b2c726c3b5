"""The fault matrix: what the suite made of each fault of a server, and of the server without any.

It is told as JSON, in the form of spec/faults.schema.json, and as a page. A fault counts as caught where a
check of the rule that it breaks found it; caught by another rule is reported separately, as that is luck.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import groupby

from stepup_contract.report import Report
from stepup_contract.report.page import render
from stepup_contract.rules import Rule, read_rules
from stepup_contract.run import FAILED, NOT_EXERCISED


class Verdict(StrEnum):
    """The verdict on a fault, or on the server without one; either may be ``not judged``."""

    CAUGHT = "caught"
    OTHER = "caught by another rule"
    MISSED = "missed"
    NOT_JUDGED = "not judged"
    CLEAN = "clean"
    FALSE_ALARM = "false alarm"


GOOD = (Verdict.CAUGHT, Verdict.CLEAN)


@dataclass(frozen=True, slots=True)
class Tried:
    """A check that ran on the server with a fault, and its outcome: ``failed`` where it caught the fault."""

    rule: str
    name: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Row:
    """One fault and the verdict of the suite; ``fault`` and ``rule`` are "" for the clean server.

    ``by`` are the broken rules; for a clean server that was not judged completely, those that were not
    exercised. ``checks`` are those of the fault's own rule, and those of others that failed. ``message`` is
    the first finding, in one line.
    """

    fault: str
    rule: str
    description: str
    verdict: Verdict
    by: tuple[str, ...]
    checks: tuple[Tried, ...]
    message: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Matrix:
    """The clean server and every fault that was tried, under one seed."""

    seed: int
    clean: Row
    faults: tuple[Row, ...]

    def count(self, verdict: Verdict) -> int:
        """Return the number of faults with a verdict."""
        return sum(row.verdict == verdict for row in self.faults)

    @property
    def wrong(self) -> list[Row]:
        """What does not prove the suite: faults that their rule did not catch, a clean server that did not
        pass.
        """
        return [row for row in (self.clean, *self.faults) if row.verdict not in GOOD]


def verdict_on(fault: str, rule: str, report: Report) -> Verdict:
    """Return the verdict that a run gives on a fault that breaks ``rule``, or on the clean server ("")."""
    broken = found(report)
    if fault:
        return Verdict.CAUGHT if rule in broken else Verdict.OTHER if broken else Verdict.MISSED
    if broken:
        return Verdict.FALSE_ALARM
    # A run without findings proves nothing where a rule that the suite judges was not exercised.
    return Verdict.NOT_JUDGED if report.errors or _unsettled(report) else Verdict.CLEAN


def row(fault: str, rule: str, description: str, report: Report, seconds: float) -> Row:
    """Return the row of a fault, from the run on the server that has it."""
    verdict = verdict_on(fault, rule, report)
    failing = [finding for finding in report.findings if finding.fails]
    first = next((finding for finding in failing if finding.rule == rule), next(iter(failing), None))
    return Row(
        fault,
        rule,
        description,
        verdict,
        tuple(_unsettled(report)) if verdict == Verdict.NOT_JUDGED else found(report),
        _tried(rule, report) if fault else (),
        first.message if first is not None else "; ".join(report.errors),
        seconds,
    )


def not_judged(fault: str, rule: str, description: str, why: str, seconds: float) -> Row:
    """Return the row of a server on which no run was possible."""
    return Row(fault, rule, description, Verdict.NOT_JUDGED, (), (), why, seconds)


def found(report: Report) -> tuple[str, ...]:
    """Return the rules that are broken according to a run."""
    return tuple(dict.fromkeys(finding.rule for finding in report.findings if finding.fails))


def _unsettled(report: Report) -> list[str]:
    return [
        result.rule.id
        for result in report.results.rules
        if result.outcome == NOT_EXERCISED and result.rule.judged_by == "suite"
    ]


def _tried(rule: str, report: Report) -> tuple[Tried, ...]:
    return tuple(
        Tried(check.check.rule, check.check.name, check.outcome)
        for result in report.results.rules
        for check in result.checks
        if check.outcome == FAILED or check.check.rule == rule
    )


def matrix_json(matrix: Matrix) -> str:
    """Return the matrix as a JSON text."""
    document = {
        "version": 1,
        "seed": matrix.seed,
        "summary": {
            "faults": len(matrix.faults),
            "caught": matrix.count(Verdict.CAUGHT),
            "caught_by_another_rule": matrix.count(Verdict.OTHER),
            "missed": matrix.count(Verdict.MISSED),
            "not_judged": matrix.count(Verdict.NOT_JUDGED),
            "clean": matrix.clean.verdict,
        },
        "faults": [asdict(row) for row in (matrix.clean, *matrix.faults)],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def matrix_html(matrix: Matrix) -> str:
    """Return the matrix as a page."""
    rules = read_rules()
    ordered = sorted(matrix.faults, key=lambda row: list(rules).index(row.rule))
    return render(
        "matrix.html.jinja",
        matrix=matrix,
        counts={verdict: matrix.count(verdict) for verdict in list(Verdict)[:4]},
        rules=rules,
        groups=[
            (title, list(rows)) for title, rows in groupby(ordered, key=lambda row: _title(rules[row.rule]))
        ],
        checks=_kills(ordered),
        marks={verdict: "passed" if verdict in GOOD else "failed" for verdict in Verdict},
    )


def _title(rule: Rule) -> str:
    return f"{rule.group} {rule.title}"


def _kills(rows: Sequence[Row]) -> list[tuple[Tried, int, int]]:
    """Return each check with the number of faults it caught and the number it was tried on."""
    caught, tried = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for row in rows:
        for check in row.checks:
            tried[check.rule, check.name] += 1
            caught[check.rule, check.name] += check.outcome == FAILED
    return [(Tried(*key, ""), caught[key], count) for key, count in tried.items()]
