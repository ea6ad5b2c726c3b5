"""The whole run: connect, plan, ask before changing what others use, judge the rules, play random
interleavings, run the workflows, then check the schema.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from stepup_contract.checks import all_checks
from stepup_contract.conformance import PHASES
from stepup_contract.conformance.documented_statuses import (
    Reached,
    merge,
    provoke,
    provoke_timeouts,
    unreached,
)
from stepup_contract.conformance.run import Conformance, conform
from stepup_contract.report import Report
from stepup_contract.report.last_look import last_look
from stepup_contract.rules import Rule, natural, read_rules
from stepup_contract.run import CheckResult, Results, blame, breakdown, plan, run
from stepup_contract.server.connect import Server, TargetError, connect
from stepup_contract.server.operations import OPERATIONS
from stepup_contract.server.target import Target, Unreachable
from stepup_contract.stateful.run import LEFT_OUT, NEEDS, StateMachineResult, play
from stepup_contract.workflows.arazzo import Unsupported
from stepup_contract.workflows.run import WorkflowResult, run_workflows


def _silent_check(result: CheckResult, done: int, planned: int) -> None: ...


def _silent_phase(phase: str, requests: int) -> None: ...


# Generated requests know no budget, and random interleavings lock users.
NOT_LIVE = "does not run on a live server"


@dataclass(frozen=True, slots=True)
class Options:
    """What to run. ``rules`` and ``skip`` are ids or letters of groups, ``operations`` narrows to the rules
    about these; empty means all rules. ``thorough`` takes the thorough figures of the rules. No ``phases``
    means no conformance. ``workflows`` runs the workflows too, ``state_machine`` plays random interleavings
    too, and ``documented_statuses`` makes conformance provoke each status that is documented.
    """

    rules: Sequence[str] = ()
    skip: Sequence[str] = ()
    operations: Sequence[str] = ()
    fail_fast: bool = False
    thorough: bool = False
    phases: Sequence[str] = PHASES
    max_examples: int = 40
    seed: int = 0
    workflows: bool = False
    state_machine: bool = False
    documented_statuses: bool = False
    exclusive: bool = False
    connections: int = 16
    on_check: Callable[[CheckResult, int, int], None] = _silent_check
    on_phase: Callable[[str, int], None] = _silent_phase


class UnknownRule(ValueError):
    """A rule was asked for that the catalogue does not have."""


def select(asked: Sequence[str], skipped: Sequence[str] = (), operations: Sequence[str] = ()) -> list[Rule]:
    """Return the rules of the catalogue that are asked for by id or by group, less those skipped. Raises
    UnknownRule.
    """
    catalogue = read_rules()
    groups = {rule.group for rule in catalogue.values()}
    unknown = [name for name in (*asked, *skipped) if name not in catalogue and name not in groups]
    if unknown:
        raise UnknownRule(f"no rule or group {', '.join(unknown)}; there are {', '.join(catalogue)}")
    strange = [name for name in operations if name not in {operation.id for operation in OPERATIONS}]
    if strange:
        known = ", ".join(operation.id for operation in OPERATIONS)
        raise UnknownRule(f"no operation {', '.join(strange)}; there are {known}")
    return [
        rule
        for rule in catalogue.values()
        if (not asked or {rule.id, rule.group} & set(asked))
        and not {rule.id, rule.group} & set(skipped)
        and (not operations or set(operations) & set(rule.operations))
    ]


async def judge(target: Target, options: Options) -> Report:
    """Check a target and return the report. Raises TargetError before it sends anything where that is
    impossible.
    """
    # Long, as it has every part of a run in order.
    rules = select(options.rules, options.skip, options.operations)
    started = time.monotonic()
    async with connect(target, connections=options.connections) as server:
        _ask_first(server, rules, options)
        results = await run(
            server,
            all_checks(),
            rules,
            options.seed,
            options.on_check,
            fail_fast=options.fail_fast,
            thorough=options.thorough,
        )
        if options.fail_fast and any(finding.fails for finding in results.findings):
            options = replace(options, phases=(), state_machine=False, workflows=False)
        broken = StateMachineResult(False, reason="it broke down")
        machine = await _guarded(_play(server, results, options), broken, "interleavings", server, results)
        workflows = await _guarded(_workflows(server, results, options), [], "workflows", server, results)
        requests, responses = server.http.sent, Counter(server.http.responses)
        conformance, reached = await _guarded(
            _conformance(server, results, options), (None, None), "conformance", server, results
        )
    if conformance is not None:
        requests += conformance.requests
        responses += conformance.responses
        conformance.unreached = [] if reached is None else unreached(responses, reached)
    report = Report(
        url=target.url,
        controlled=target.control_url is not None,
        seed=options.seed,
        results=results,
        conformance=conformance,
        requests=requests,
        seconds=time.monotonic() - started,
        workflows=workflows,
        responses=responses,
        state_machine=machine,
        no_conformance=_no_conformance(target, results, options),
    )
    return last_look(report, server.redactor)


T = TypeVar("T")


async def _guarded(work: Awaitable[T], instead: T, name: str, server: Server, results: Results) -> T:
    """Do one part of the run; where it breaks down that is an error, and what was learnt until then stays."""
    try:
        return await work
    except Unreachable as error:
        results.stopped = results.stopped or f"the server no longer responds: {error}"
    except Exception as error:
        results.errors.append(f"{name}: {breakdown(error, server)}")
    return instead


def _no_conformance(target: Target, results: Results, options: Options) -> str:
    """Return why conformance was not checked, where it was not."""
    if not options.phases:
        return "skipped by request"
    return "the run stopped before" if results.stopped else NOT_LIVE if target.live else "it broke down"


def _ask_first(server: Server, rules: Sequence[Rule], options: Options) -> None:
    """Raise TargetError where checks would move the clock or the limits under other people's users."""
    moving = sorted({check.rule for check in plan(all_checks(), rules, server) if check.moves}, key=natural)
    if options.state_machine and server.offers.issuperset(NEEDS):
        moving.append("the state machine")
    if moving and server.other_users and not options.exclusive:
        raise TargetError(
            f"the server holds {len(server.other_users)} users besides its demo users, and the checks of "
            f"{', '.join(moving)} move its clock or its limits, or restart it",
            "Use another server for the run, or --exclusive if nobody else uses this one.",
        )


async def _play(server: Server, results: Results, options: Options) -> StateMachineResult:
    if not options.state_machine:
        return LEFT_OUT
    if server.target.live:
        return StateMachineResult(False, reason=NOT_LIVE)
    if results.stopped:
        return StateMachineResult(False, reason="the run stopped before")
    options.on_phase("state machine", server.http.sent)
    result = await play(server, options.seed)
    results.errors += result.errors
    for finding in result.findings:
        blame(results, finding)
    return result


async def _workflows(server: Server, results: Results, options: Options) -> list[WorkflowResult]:
    if not options.workflows or results.stopped or (server.target.live and not server.target.allow_sms):
        return []
    try:
        return await run_workflows(server, options.seed)
    except Unsupported as error:
        results.errors.append(f"the workflows were not run: {error}")
        return []


async def _conformance(
    server: Server, results: Results, options: Options
) -> tuple[Conformance | None, Reached | None]:
    """Return conformance, and the documented statuses that occurred where they were provoked."""
    if results.stopped or not options.phases or server.target.live:
        return None, None
    if not options.documented_statuses:
        return await _conform(server, options), None
    options.on_phase("documented statuses", server.http.sent)
    reached = await provoke(server, options.seed)
    # Late bodies take long and affect nothing else.
    conformance, _ = await asyncio.gather(_conform(server, options), provoke_timeouts(server, reached))
    return merge(conformance, reached), reached


async def _conform(server: Server, options: Options) -> Conformance:
    return await conform(
        server.target,
        phases=options.phases,
        seed=options.seed,
        max_examples=options.max_examples,
        progress=options.on_phase,
        redactor=server.redactor,
    )
