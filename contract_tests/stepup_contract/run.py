"""Plans checks, runs them at the same time where it can, and sums up their findings in one result for each
rule.

A rule without evidence is *not exercised*, with the reason, and never passed. The server's clock and limits
are restored after each check that changes them. Where the server stops responding, the run stops, and the
results so far are kept.
"""

import asyncio
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from stepup_contract.checks import Check
from stepup_contract.rules import Rule, locks, read_rules
from stepup_contract.scenario.check_run import CheckRun
from stepup_contract.scenario.finding import Finding
from stepup_contract.server.budget import BudgetSpent, NotAllowed
from stepup_contract.server.connect import Need, Server
from stepup_contract.server.control import ControlError
from stepup_contract.server.named import NotExercised
from stepup_contract.server.redact import cut
from stepup_contract.server.target import Target, Unreachable

PASSED, FAILED, OBSERVED, NOT_EXERCISED = "passed", "failed", "observed", "not_exercised"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check. ``requests`` counts the responses that are its evidence."""

    check: Check
    outcome: str
    requests: int
    findings: tuple[Finding, ...] = ()
    remarks: tuple[str, ...] = ()
    reason: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class RuleResult:
    """The verdict on one rule, with all of its checks."""

    rule: Rule
    outcome: str
    requests: int
    reason: str = ""
    checks: tuple[CheckResult, ...] = ()


@dataclass(slots=True)
class Results:
    """The results of a run of checks. ``stopped`` says why it ended early, ``errors`` which checks broke
    down.
    """

    rules: list[RuleResult] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    stopped: str = ""
    errors: list[str] = field(default_factory=list)


Progress = Callable[[CheckResult, int, int], None]

_AT_ONCE = 8
_ATTEMPTS = 3

# The reasons reported for rules that other tests judge.
_ELSEWHERE = {
    "client_tests": "judges clients, not servers: see the tests of the generated clients",
    "mock_tests": "needs to be measured inside the server's process: see the mock server's own tests",
}


def plan(checks: Sequence[Check], rules: Sequence[Rule], server: Server) -> list[Check]:
    """Return the checks that can run on this server, those that run alone at the end."""
    asked = {rule.id: rule for rule in rules}
    possible = [
        check
        for check in checks
        if asked.keys() >= {check.rule}
        and not forbidden(asked[check.rule], server.target)
        and check.needs <= server.offers
        and check.unless not in server.offers
    ]
    careful = one_by_one(server)

    def risk(check: Check) -> int:
        rule = asked[check.rule]
        return 0 if not careful else 2 if locks(rule) else "sms" in rule.safety

    # Checks for named users come before those that may use them up.
    return sorted(possible, key=lambda check: (risk(check), check.alone, check.unless is not Need.MAKE))


def one_by_one(server: Server) -> bool:
    """Tell whether only one check may run at a time: others use the server, or users are few."""
    return server.target.live or server.pool is not None


def forbidden(rule: Rule, target: Target) -> str:
    """Return why a rule must not be judged on this target, "" where it may be."""
    if target.control_url is None and locks(rule) and not target.named.lockout:
        return (
            "locks users: needs the control API, or a named user that may be locked (--allow-lockout USER_ID)"
        )
    if not target.live:
        return ""
    if "mock_only" in rule.safety:
        return "is not judged on a live server"
    if "locks" in rule.safety and not target.allow_lockout:
        return "may lock users: allow it on a live server with --allow-lockout"
    if "sms" in rule.safety and not target.allow_sms:
        return "sends text messages: allow it on a live server with --allow-sms"
    return ""


async def run(
    server: Server,
    checks: Sequence[Check],
    rules: Sequence[Rule],
    seed: int,
    progress: Progress,
    *,
    fail_fast: bool = False,
    thorough: bool = False,
) -> Results:
    """Run every possible check of ``rules`` and return the verdicts, one for each rule.

    ``fail_fast`` starts no check after one that failed; ``thorough`` takes the thorough figures of the rules.
    """
    # Long, as its inner functions share the state of the run.
    planned = plan(checks, rules, server)
    catalogue = {rule.id: rule for rule in rules}
    results = Results()
    done: list[CheckResult] = []

    # A check that takes long straddles time steps and runs again: only few at a time, so that each is quick.
    turns = asyncio.Semaphore(1 if one_by_one(server) else 3 * _AT_ONCE if server.far else _AT_ONCE)

    async def make(check: Check) -> None:
        async with turns:
            result = await make_or_skip(check)
        done.append(result)
        progress(result, len(done), len(planned))

    async def make_or_skip(check: Check) -> CheckResult:
        if results.stopped:
            return CheckResult(check, NOT_EXERCISED, 0, reason=f"the run stopped: {results.stopped}")
        if fail_fast and any(one.outcome == FAILED for one in done):
            return CheckResult(check, NOT_EXERCISED, 0, reason="skipped after the first finding")
        return await _make(server, check, catalogue[check.rule], seed, results, thorough=thorough)

    overlapping = [] if one_by_one(server) else [check for check in planned if not check.alone]
    await asyncio.gather(*(make(check) for check in overlapping))
    for check in planned:
        if check not in overlapping:
            await make(check)
    _judge(results, server, checks, rules, {result.check: result for result in done})
    return results


async def _make(
    server: Server, check: Check, rule: Rule, seed: int, results: Results, *, thorough: bool
) -> CheckResult:
    """Run one check, and again where its codes straddled two time steps: then only findings that occur twice
    are reported.
    """
    loop = asyncio.get_running_loop()
    started = loop.time()
    before: set[tuple[str, str, str]] = set()
    kept: CheckRun | None = None
    for attempt in range(_ATTEMPTS):
        own_seed = f"{seed}:{rule.id}:{check.name}:{attempt}"
        check_run = CheckRun(server, rule, check.name, own_seed, thorough=thorough)
        went_on = await _try(server, check, check_run, results)
        if kept is not None and kept.evidence and not check_run.evidence:
            # It cannot run again: the named users or the budget are used up.
            check_run = kept
            break
        # A check that moves the clock goes through many steps on purpose.
        straddled = len(check_run.time_steps) > 1 and Need.CLOCK not in check.needs
        if not went_on or not straddled or (attempt and not check_run.findings):
            break
        if attempt == _ATTEMPTS - 1:
            _keep_known(check_run, before)
        before |= {_kind(finding) for finding in check_run.findings}
        kept = check_run
    results.errors += [f"{check.rule} {check.name}: {told}" for told in dict.fromkeys(check_run.errors)]
    return _result(check, check_run, loop.time() - started)


async def _try(server: Server, check: Check, check_run: CheckRun, results: Results) -> bool:
    """Run one check once, and tell whether it may run again."""
    name = f"{check.rule} {check.name}"
    others = asyncio.all_tasks()
    try:
        await (_alone(server, check, check_run) if check.alone else check.run(check_run))
    except BudgetSpent as error:
        await _end_all_but(others)
        check_run.reasons.append(str(error))
        results.stopped = str(error)
        return False
    except Unreachable as error:
        told = f"the server no longer responds: {error}"
        check_run.reasons.append(told)
        if await _gone(server):
            results.stopped = told
        else:
            results.errors.append(f"{name}: no connection for a moment: {error}")
        return False
    except (NotExercised, NotAllowed, ControlError) as error:
        check_run.ended_early(error)
    except Exception as error:  # a check that breaks down must not end the others
        told = breakdown(error, server)
        results.errors.append(f"{name}: {told}")
        check_run.reasons.append(f"the check broke down: {told}")
    return True


def breakdown(error: Exception, server: Server) -> str:
    """Describe an error of the suite itself and its place, without secrets and in one line."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    text = cut(server.redactor.text(" ".join(str(error).split())), 400)
    return f"{type(error).__name__}: {text} ({where.name}:{where.lineno})"


def _kind(finding: Finding) -> tuple[str, str, str]:
    return finding.rule, finding.operation, finding.expected


def _keep_known(check_run: CheckRun, before: set[tuple[str, str, str]]) -> None:
    """Drop the findings that occurred only once in attempts that all straddled time steps."""
    kept = [finding for finding in check_run.findings if _kind(finding) in before]
    if not kept:
        check_run.evidence.clear()
        check_run.reasons.append("each attempt took longer than a code is valid; is the server very slow?")
    check_run.findings[:] = kept


async def _end_all_but(others: set[asyncio.Task[Any]]) -> None:
    """Cancel the tasks that a check started; live checks run one at a time."""
    rest = asyncio.all_tasks() - others
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


async def _gone(server: Server) -> bool:
    """Tell whether the server has stopped responding, and not only for a moment."""
    for _ in range(3):
        if await server.alive():
            return False
        await asyncio.sleep(0.3)
    return True


async def _alone(server: Server, check: Check, check_run: CheckRun) -> None:
    """Make a check that moves the clock or the limits, and put both back."""
    offset, limits = server.clock.offset, dict(server.limits)
    try:
        await check.run(check_run)
    finally:
        if server.clock.frozen or abs(server.clock.offset - offset) > 1:
            await server.clock.restore(offset)
        if server.limits != limits:
            server.limits = await server.the_control().limits(limits)


def _result(check: Check, check_run: CheckRun, seconds: float) -> CheckResult:
    own = [finding for finding in check_run.findings if finding.rule == check.rule]
    if any(finding.fails for finding in own):
        outcome = FAILED
    elif not check_run.evidence:
        outcome = NOT_EXERCISED
    else:
        outcome = OBSERVED if own else PASSED
    return CheckResult(
        check,
        outcome,
        len(check_run.evidence),
        tuple(check_run.findings),
        tuple(check_run.remarks),
        "; ".join(dict.fromkeys(check_run.reasons)),
        seconds,
    )


def _judge(
    results: Results,
    server: Server,
    checks: Sequence[Check],
    rules: Sequence[Rule],
    done: dict[Check, CheckResult],
) -> None:
    """Fill in the verdicts and the findings, in the order of the catalogue."""
    found = [finding for result in done.values() for finding in result.findings]
    # A step that prepares a check may break a rule that was not selected: it is reported all the same.
    asked = {rule.id for rule in rules}
    broken = {finding.rule for finding in found}
    for rule in read_rules().values():
        if rule.id not in asked and rule.id not in broken:
            continue
        own = [check for check in checks if check.rule == rule.id]
        made = tuple(done[check] for check in own if check in done)
        findings = [finding for finding in found if finding.rule == rule.id]
        results.findings += findings
        requests = sum(result.requests for result in made)
        if any(finding.fails for finding in findings):
            outcome = FAILED
        elif not requests:
            outcome = NOT_EXERCISED
        else:
            outcome = OBSERVED if findings else PASSED
        reasons = [result.reason for result in made if result.reason]
        reasons += _missing(rule, [check for check in own if check not in done], own, server)
        reason = "; ".join(dict.fromkeys(reasons))
        if outcome == NOT_EXERCISED and not reason:
            reason = "there was no response that is evidence"
        results.rules.append(RuleResult(rule, outcome, requests, reason, made))


def blame(results: Results, finding: Finding) -> None:
    """Let a finding from outside the checks fail its rule, whatever the result of the rule's checks."""
    results.findings.append(finding)
    catalogue = read_rules()
    verdicts = {result.rule.id: result for result in results.rules}
    verdict = verdicts.get(finding.rule, RuleResult(catalogue[finding.rule], FAILED, 0))
    verdicts[finding.rule] = replace(verdict, outcome=FAILED, reason="")
    order = list(catalogue)
    results.rules[:] = sorted(verdicts.values(), key=lambda result: order.index(result.rule.id))


def _missing(rule: Rule, skipped: Sequence[Check], own: Sequence[Check], server: Server) -> list[str]:
    """Return what the checks of a rule that did not run would have needed."""
    if not own:
        return [_ELSEWHERE.get(rule.judged_by, "this version has no check for it")]
    if why := forbidden(rule, server.target):
        return [why]
    needs: set[Need] = set()
    for check in skipped:
        if check.unless is None or check.unless not in server.offers:
            needs |= check.needs - server.offers
    return [f"needs {need.value}" for need in Need if need in needs]
