"""Codes whose time step ends while a check is being made: no good server fails by it, and a broken one still
does.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx

from stepup_contract.checks.totp import SECOND_USES, check_second_use
from stepup_contract.report import Report
from stepup_contract.rules import read_rules
from stepup_contract.scenario.check_run import CheckRun
from stepup_contract.scenario.finding import Finding
from stepup_contract.scenario.judged import JudgedSession
from stepup_contract.server.connect import connect
from stepup_contract.server.target import Exchange, Target


class Hurried(JudgedSession):
    """A session in which a time step ends after every code that was sent."""

    async def verify_totp(self, *arguments: Any, **terms: Any) -> Exchange:
        exchange = await super().verify_totp(*arguments, **terms)
        await self.server.clock.advance(30)
        return exchange


async def _findings(target: Target) -> list[Finding]:
    async with connect(target) as server:
        await server.clock.freeze(server.clock.now() // 30 * 30 + 15)
        check_run = CheckRun(server, read_rules()["T3"], "accepted_once", "1")
        for second in SECOND_USES.values():
            async with Hurried(check_run, "", "test") as session:
                await check_second_use(session, second)
        assert len(check_run.evidence) == len(SECOND_USES)
        return check_run.findings


def test_the_code_sent_again_is_the_one_that_was_accepted(other_make: Callable[..., Target]) -> None:
    """A step that ends between two uses of a code does not make the second use one of a new code."""
    assert asyncio.run(_findings(other_make())) == []


def test_a_replay_is_told_though_every_attempt_straddles_steps(
    other_make: Callable[..., Target], judged: Callable[..., Report]
) -> None:
    """With steps of one second, 50 ms from a server, no attempt is within one step: what is found twice is
    told.
    """
    target = other_make("far-away", "replay")
    headers = {"Authorization": f"Bearer {target.control_key}"}
    limits = f"{target.control_url}/__control__/limits"
    httpx.put(limits, headers=headers, json={"totp_step_seconds": 1}).raise_for_status()
    report = judged(target, "T3")
    assert report.results.rules[0].outcome == "failed"
    assert {finding.rule for finding in report.findings} == {"T3"}
