"""The checks: one module per group of rules, each check registered with the rule it judges and what it needs.

A check is an async function of a CheckRun. It touches only users of its own sessions, follows every rejection
with a positive control in the same state, and counts the responses that it judges as evidence. A check that
changes what belongs to the whole server (clock, limits) says ``alone`` and runs by itself; others overlap.
The numbers that its rule's method states are its keyword-only parameters, named as in ``spec/rules.yaml``.
"""

import importlib
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from stepup_contract.scenario.check_run import CheckRun
from stepup_contract.server.connect import Need

Steps = Callable[..., Awaitable[None]]

_MODULES = (
    "authentication",
    "authorisation",
    "enrolment",
    "totp",
    "totp_window",
    "sms",
    "sms_terms",
    "sms_limits",
    "grants",
    "grant_secrecy",
    "throttling",
    "inputs",
    "transport",
    "privacy",
    "concurrency",
    "durability",
    "named_users",
    "named_lockouts",
)


@dataclass(frozen=True, slots=True)
class Check:
    """One way to judge a rule; its docstring says what is tried."""

    rule: str
    name: str
    summary: str
    steps: Steps
    needs: frozenset[Need]
    unless: Need | None
    alone: bool

    @property
    def figures(self) -> tuple[str, ...]:
        """The numbers of its rule's method that the check asks for, by name."""
        parameters = inspect.signature(self.steps).parameters.values()
        return tuple(one.name for one in parameters if one.kind is one.KEYWORD_ONLY)

    async def run(self, check_run: CheckRun) -> None:
        """Run the check once, with the numbers that this kind of run takes."""
        figures = {
            name: check_run.rule.figures[name].of(
                thorough=check_run.thorough, named_users=check_run.server.pool is not None
            )
            for name in self.figures
        }
        await self.steps(check_run, **figures)

    @property
    def moves(self) -> bool:
        """Whether the check moves what other users of the server share: its clock, its limits, itself."""
        return self.alone and bool(self.needs & {Need.CLOCK, Need.LIMITS, Need.RESTART})


_CHECKS: list[Check] = []


def check(
    rule: str, *needs: Need, unless: Need | None = None, alone: bool = False
) -> Callable[[Steps], Steps]:
    """Register an async function as a check of a rule; where the server offers ``unless`` a better one takes
    its place.
    """

    def register(steps: Steps) -> Steps:
        name = getattr(steps, "__name__", rule)
        summary = " ".join((steps.__doc__ or "").split())
        _CHECKS.append(Check(rule, name, summary, steps, frozenset(needs), unless, alone))
        return steps

    return register


def all_checks() -> tuple[Check, ...]:
    """Return every check, in the order of the catalogue's groups, whichever module was imported first."""
    modules = [importlib.import_module(f"{__name__}.{name}").__name__ for name in _MODULES]
    return tuple(sorted(_CHECKS, key=lambda check: modules.index(check.steps.__module__)))
