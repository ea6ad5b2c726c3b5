"""The contract suite as pytest items: one for each rule, ``stepup::V2`` and so on, checked over HTTP.

Loaded where ``--stepup-url`` or ``--stepup-profile`` is given. One process checks all of its rules in one
run, at its first item. Under pytest-xdist each worker checks a rule when it receives it, with users of its
own, and rules that move the server's clock or limits wait until no other worker is running; named users and
budgets cannot be shared in that way, and are rejected. A rule without evidence is skipped with the reason,
never passed; schema and workflows are left to ``stepup-mfa contract``.
"""

import argparse
import asyncio
import contextlib
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
from stepup_mfa.contract import names, seed_of
from stepup_mfa.contract_options import OPTIONS, PREFIX
from stepup_mfa.errors import CommandError
from stepup_mfa.target_options import read_target

# The first findings of a rule are enough to see what is wrong.
_SHOWN = 3
# Seconds that a rule waits for the rules of other workers.
_TURN_SECONDS = 900.0


class RuleBroken(Exception):
    """A server breaks a rule, or cannot be checked; the message is for the reader of a test run."""


def configure(config: pytest.Config) -> None:
    """Register the rules in this run. Raises pytest.UsageError for settings without a server or a rule."""
    option = config.option
    arguments = _arguments(option)
    try:
        target = read_target(arguments)
        target.permit()
        rules = select(names(arguments.rules), names(arguments.skip), names(arguments.operation))
    except (CommandError, NotPermitted) as error:
        raise pytest.UsageError(f"stepup-mfa: {_prefixed(f'{error}. {error.remedy}')}") from None
    except UnknownRule as error:
        raise pytest.UsageError(f"--stepup-rules, --stepup-skip, --stepup-operation: {error}") from None
    if (target.named or target.live) and getattr(option, "numprocesses", None):
        raise pytest.UsageError(
            "stepup-mfa: named users and budgets belong to one process. "
            "Leave out -n, or run the rules by themselves with -m stepup -n 0."
        )
    # Set before workers start, so that all use the same seed.
    seed = option.stepup_seed = seed_of(arguments)
    config.addinivalue_line("markers", "stepup: a rule of the step-up MFA contract")
    rule_run = RuleRun(target, rules, seed, exclusive=arguments.exclusive, thorough=arguments.thorough)
    config.pluginmanager.register(Rules(config, rule_run), "stepup_mfa_rules")


def _arguments(values: argparse.Namespace) -> argparse.Namespace:
    """Return pytest's options as those of the command; those that pytest does not offer are absent there."""
    prefix = PREFIX.replace("-", "_")
    given = {
        option.attribute: getattr(values, prefix + option.attribute) if option.pytest else option.empty
        for option in OPTIONS
    }
    return argparse.Namespace(**given)


def _prefixed(text: str) -> str:
    """Return a message about the command's options as one about pytest's."""
    return re.sub(rf"--(?=[a-z])(?!{PREFIX})", f"--{PREFIX}", text)


class RuleRun:
    """Checks the rules of this process and keeps the report."""

    def __init__(
        self, target: Target, rules: Sequence[Rule], seed: int, *, exclusive: bool, thorough: bool
    ) -> None:
        self.target = target
        self.rules = rules
        self.seed = seed
        self.exclusive = exclusive
        self.thorough = thorough
        self.collected: set[str] = set()
        self.shared: Path | None = None
        self._report: Report | RuleBroken | None = None

    def report_on(self, rule: Rule) -> Report:
        """Return a report that has the rule. Raises RuleBroken where the server cannot be checked."""
        if self.shared is not None:
            alone = any(check.alone for check in all_checks() if check.rule == rule.id)
            with _turn(self.shared / "turns.db", alone=alone):
                return self._check([rule.id])
        if self._report is None:
            try:
                self._report = self._check([rule.id for rule in self.rules if rule.id in self.collected])
            except RuleBroken as error:
                self._report = error
        if isinstance(self._report, RuleBroken):
            raise self._report
        return self._report

    def _check(self, ids: Sequence[str]) -> Report:
        options = Options(
            rules=ids, phases=(), seed=self.seed, exclusive=self.exclusive, thorough=self.thorough
        )
        try:
            return asyncio.run(judge(self.target, options))
        except TargetError as error:
            raise RuleBroken(_prefixed(f"the server cannot be checked: {error}\n{error.remedy}")) from None


@contextlib.contextmanager
def _turn(path: Path, *, alone: bool) -> Iterator[None]:
    """Hold a lock that many share, or one holds alone: SQLite's, which every platform has and a process
    releases when it dies.
    """
    connection = sqlite3.connect(path, timeout=_TURN_SECONDS, isolation_level=None)
    try:
        connection.execute("BEGIN EXCLUSIVE" if alone else "BEGIN")
        # The first read takes the shared lock, which the transaction holds to its end.
        connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
        yield
    finally:
        connection.close()


class Rules:
    """The hooks of a run with rules."""

    def __init__(self, config: pytest.Config, rule_run: RuleRun) -> None:
        self._config = config
        self._run = rule_run
        self._folder: str | None = None
        if hasattr(config, "workerinput"):
            rule_run.shared = Path(config.workerinput["stepup_folder"])

    def pytest_report_header(self) -> str:
        run = self._run
        budget = run.target.budget if run.target.live else None
        cost = f", at most {budget.told()}" if budget is not None else ""
        return f"stepup-mfa: {run.target.url}, {len(run.rules)} rules, seed {run.seed}{cost}"

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        target = self._run.target
        if target.live and target.budget is not None:
            terminalreporter.write_line(f"stepup-mfa spent: {target.budget.told_spent()}")

    # First, so that -k, -m and --last-failed see the rules.
    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        collector = RuleCollector.from_parent(session, name="stepup", nodeid="stepup")
        collector.rule_run = self._run
        rules = collector.collect()
        # Reported by hand, so that they count as collected.
        report = pytest.CollectReport("stepup", "passed", None, list(rules))
        self._config.hook.pytest_collectreport(report=report)
        items += rules

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._run.collected = {item.rule.id for item in session.items if isinstance(item, RuleItem)}

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Pass each worker of pytest-xdist the folder in which the workers take turns."""
        if self._folder is None:
            self._folder = tempfile.mkdtemp(prefix="stepup-mfa-")
        node.workerinput["stepup_folder"] = self._folder

    def pytest_unconfigure(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


class RuleCollector(pytest.Collector):
    """The collector of all rules, which come from no file."""

    rule_run: RuleRun

    def collect(self) -> list["RuleItem"]:
        items = [RuleItem.from_parent(self, name=rule.id) for rule in self.rule_run.rules]
        for item, rule in zip(items, self.rule_run.rules, strict=True):
            item.rule, item.rule_run = rule, self.rule_run
            item.add_marker("stepup")
        return items


class RuleItem(pytest.Item):
    """One rule, as a test."""

    rule: Rule
    rule_run: RuleRun

    def runtest(self) -> None:
        report = self.rule_run.report_on(self.rule)
        result = next(result for result in report.results.rules if result.rule.id == self.rule.id)
        broken = list(self._broken(report, result))
        if broken:
            raise RuleBroken(f"{self.rule.id} promises: {self.rule.sentence}\n\n" + "\n\n".join(broken))
        observed = [finding for finding in report.findings if finding.rule == self.rule.id]
        if observed:
            self.add_report_section("call", "observed", "\n\n".join(map(_described, observed[:_SHOWN])))
        if result.outcome == NOT_EXERCISED:
            pytest.skip(_prefixed(f"not exercised: {result.reason}"))

    def _broken(self, report: Report, result: RuleResult) -> Iterable[str]:
        """Yield what must fail this item; a broken rule that has no item of its own is reported here."""
        ours = [finding for finding in report.findings if finding.rule == self.rule.id and finding.fails]
        ours += [
            finding
            for check in result.checks
            for finding in check.findings
            if finding.fails and finding.rule not in {self.rule.id, *self.rule_run.collected}
        ]
        yield from map(_described, ours[:_SHOWN])
        if len(ours) > _SHOWN:
            yield f"and {len(ours) - _SHOWN} more findings; `stepup-mfa contract --report-json FILE` has all"
        yield from (error for error in report.results.errors if error.startswith(f"{self.rule.id} "))
        stopped = report.results.stopped
        if stopped and (result.outcome == NOT_EXERCISED or stopped in result.reason):
            yield f"the run stopped early: {stopped}"

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return rule and observation; a traceback through the suite would help nobody."""
        if isinstance(excinfo.value, RuleBroken):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path / "stepup", None, self.nodeid


def _described(finding: Finding) -> str:
    return "\n".join(filter(None, (f"{finding.rule}  {finding.operation}: {finding.message}", finding.curl)))
