"""The contract suite as pytest items: one for each rule, ``stepup::V2`` and so on, judged over HTTP.

Loaded where ``--stepup-url`` or ``--stepup-profile`` is given. One process judges all of its rules in one
run, at its first item. Under pytest-xdist a worker judges each rule when it is handed it, with users of its
own, and rules that move the server's clock or limits wait until no other worker is at work; users that were
named, and budgets, cannot be shared so, and are refused. A rule without evidence is skipped with the reason,
never passed; schema and workflows are left to ``stepup-mfa contract``.
"""

import argparse
import asyncio
import contextlib
import random
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from stepup_contract.checks import all_checks
from stepup_contract.report import Report
from stepup_contract.rules import Rule
from stepup_contract.run import NOT_EXERCISED, RuleResult
from stepup_contract.scenario.finding import Finding
from stepup_contract.server.budget import NotPermitted
from stepup_contract.server.connect import TargetError
from stepup_contract.server.target import Target
from stepup_contract.suite import Options, UnknownRule, judge, select
from stepup_mfa.contract import ids, read_target
from stepup_mfa.errors import CommandError

# The first findings of a rule tell the story.
_SHOWN = 3
# Seconds that a rule waits for the rules of other workers.
_PATIENCE = 900.0


class RuleBroken(Exception):
    """A server that breaks a rule, or cannot be judged; the message is for the reader of a test run."""


def configure(config: pytest.Config) -> None:
    """Take part in this run. Raises pytest.UsageError for settings that name no server or no rule."""
    option = config.option
    arguments = _arguments(option)
    try:
        target = read_target(arguments)
        target.permit()
        rules = select(ids(arguments.rules), ids(arguments.skip), ids(arguments.operation))
    except (CommandError, NotPermitted) as error:
        raise pytest.UsageError(f"stepup-mfa: {_prefixed(f'{error}. {error.remedy}')}") from None
    except UnknownRule as error:
        raise pytest.UsageError(f"--stepup-rules, --stepup-skip, --stepup-operation: {error}") from None
    if (target.named or target.live) and getattr(option, "numprocesses", None):
        raise pytest.UsageError(
            "stepup-mfa: named users and budgets belong to one process. "
            "Leave out -n, or run the rules by themselves with -m stepup -n 0."
        )
    # Set before workers start, so that all have the same.
    seed = random.SystemRandom().randrange(1 << 32) if arguments.seed is None else arguments.seed
    option.stepup_seed = seed
    config.addinivalue_line("markers", "stepup: a rule of the step-up MFA contract")
    judging = Judging(target, rules, seed, exclusive=arguments.exclusive)
    config.pluginmanager.register(Rules(config, judging), "stepup_mfa_rules")


_PREFIX = "stepup_"


def _arguments(option: argparse.Namespace) -> argparse.Namespace:
    """Return pytest's options as those of the command."""
    given = {name: value for name, value in vars(option).items() if name.startswith(_PREFIX)}
    return argparse.Namespace(**{name.removeprefix(_PREFIX): value for name, value in given.items()})


def _prefixed(text: str) -> str:
    """Return a message about the command's options as one about pytest's."""
    return re.sub(r"--(?=[a-z])(?!stepup-)", "--stepup-", text)


class Judging:
    """Judges the rules of this process and remembers what came of it."""

    def __init__(self, target: Target, rules: Sequence[Rule], seed: int, *, exclusive: bool) -> None:
        self.target = target
        self.rules = rules
        self.seed = seed
        self.exclusive = exclusive
        self.collected: set[str] = set()
        self.shared: Path | None = None
        self._report: Report | RuleBroken | None = None

    def report_on(self, rule: Rule) -> Report:
        """Return a report that has the rule. Raises RuleBroken where the server cannot be judged."""
        if self.shared is not None:
            alone = any(check.alone for check in all_checks() if check.rule == rule.id)
            with _turn(self.shared / "turns.db", alone=alone):
                return self._judge([rule.id])
        if self._report is None:
            try:
                self._report = self._judge([rule.id for rule in self.rules if rule.id in self.collected])
            except RuleBroken as error:
                self._report = error
        if isinstance(self._report, RuleBroken):
            raise self._report
        return self._report

    def _judge(self, ids: Sequence[str]) -> Report:
        options = Options(rules=ids, phases=(), seed=self.seed, exclusive=self.exclusive)
        try:
            return asyncio.run(judge(self.target, options))
        except TargetError as error:
            raise RuleBroken(_prefixed(f"the server cannot be judged: {error}\n{error.remedy}")) from None


@contextlib.contextmanager
def _turn(path: Path, *, alone: bool) -> Iterator[None]:
    """Hold a lock that many share, or one has alone: SQLite's, which every platform has and a dead process
    leaves.
    """
    connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
    try:
        connection.execute("BEGIN EXCLUSIVE" if alone else "BEGIN")
        # The shared lock is taken by the first read, and kept to the end of the transaction.
        connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
        yield
    finally:
        connection.close()


class Rules:
    """The hooks of a run with rules."""

    def __init__(self, config: pytest.Config, judging: Judging) -> None:
        self._config = config
        self._judging = judging
        self._folder: str | None = None
        if hasattr(config, "workerinput"):
            judging.shared = Path(config.workerinput["stepup_folder"])

    def pytest_report_header(self) -> str:
        judging = self._judging
        budget = judging.target.budget if judging.target.live else None
        cost = f", at most {budget.told()}" if budget is not None else ""
        return f"stepup-mfa: {judging.target.url}, {len(judging.rules)} rules, seed {judging.seed}{cost}"

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        target = self._judging.target
        if target.live and target.budget is not None:
            terminalreporter.write_line(f"stepup-mfa spent: {target.budget.told_spent()}")

    # First, so that -k, -m and --last-failed see the rules.
    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        collector = RuleCollector.from_parent(session, name="stepup", nodeid="stepup")
        collector.judging = self._judging
        rules = collector.collect()
        # Counted as collected, though no file is where they come from.
        report = pytest.CollectReport("stepup", "passed", None, list(rules))
        self._config.hook.pytest_collectreport(report=report)
        items += rules

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._judging.collected = {item.rule.id for item in session.items if isinstance(item, RuleItem)}

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Give a worker of pytest-xdist the folder in which the workers take turns."""
        if self._folder is None:
            self._folder = tempfile.mkdtemp(prefix="stepup-mfa-")
        node.workerinput["stepup_folder"] = self._folder

    def pytest_unconfigure(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


class RuleCollector(pytest.Collector):
    """Stands for the catalogue of rules."""

    judging: Judging

    def collect(self) -> list["RuleItem"]:
        items = [RuleItem.from_parent(self, name=rule.id) for rule in self.judging.rules]
        for item, rule in zip(items, self.judging.rules, strict=True):
            item.rule, item.judging = rule, self.judging
            item.add_marker("stepup")
        return items


class RuleItem(pytest.Item):
    """One rule, as a test."""

    rule: Rule
    judging: Judging

    def runtest(self) -> None:
        report = self.judging.report_on(self.rule)
        result = next(result for result in report.results.rules if result.rule.id == self.rule.id)
        broken = list(self._broken(report, result))
        if broken:
            raise RuleBroken(f"{self.rule.id} promises: {self.rule.sentence}\n\n" + "\n\n".join(broken))
        observed = [finding for finding in report.findings if finding.rule == self.rule.id]
        if observed:
            self.add_report_section("call", "observed", "\n\n".join(map(_told, observed[:_SHOWN])))
        if result.outcome == NOT_EXERCISED:
            pytest.skip(_prefixed(f"not exercised: {result.reason}"))

    def _broken(self, report: Report, result: RuleResult) -> Iterable[str]:
        """Yield what must fail this item; a rule that nobody else tells of is told here."""
        ours = [finding for finding in report.findings if finding.rule == self.rule.id and finding.fails]
        ours += [
            finding
            for check in result.checks
            for finding in check.findings
            if finding.fails and finding.rule not in {self.rule.id, *self.judging.collected}
        ]
        yield from map(_told, ours[:_SHOWN])
        if len(ours) > _SHOWN:
            yield f"and {len(ours) - _SHOWN} more findings; `stepup-mfa contract --report-json FILE` has all"
        yield from (error for error in report.results.errors if error.startswith(f"{self.rule.id} "))
        stopped = report.results.stopped
        if stopped and (result.outcome == NOT_EXERCISED or stopped in result.reason):
            yield f"the run stopped early: {stopped}"

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Tell promise and observation; a traceback through the suite would help nobody."""
        if isinstance(excinfo.value, RuleBroken):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path / "stepup", None, self.nodeid


def _told(finding: Finding) -> str:
    return "\n".join(filter(None, (f"{finding.rule}  {finding.operation}: {finding.message}", finding.curl)))
