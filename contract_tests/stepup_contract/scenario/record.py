"""What a check run has seen so far: its evidence, its findings, and why it could not do more."""

import asyncio
import random

from stepup_contract.rules import Rule, locks
from stepup_contract.scenario.finding import Finding
from stepup_contract.server.connect import Need, Server
from stepup_contract.server.control import ControlError
from stepup_contract.server.named import NotExercised, Pool
from stepup_contract.server.target import Exchange

# The statuses by which a control API says that it does not offer a call.
_NOT_OFFERED = (404, 405, 501)


class Record:
    """One check of one rule on one server: its random choices, its evidence, and its findings."""

    def __init__(self, server: Server, rule: Rule, check: str, seed: str, *, thorough: bool = False) -> None:
        self.server = server
        self.rule = rule
        self.check = check
        self.thorough = thorough
        self.random = random.Random(seed)  # noqa: S311 - choices of a test, no secrets
        self.findings: list[Finding] = []
        self.evidence: set[Exchange] = set()
        self.remarks: list[str] = []
        self.reasons: list[str] = []
        self.errors: list[str] = []
        self.time_steps: set[int] = set()

    async def sleep(self, seconds: float) -> None:
        """Wait in real time."""
        await asyncio.sleep(seconds)

    async def set_limits(self, **limits: int) -> None:
        """Change the server's policy; the runner restores it after the check, which must run alone."""
        self.server.limits = await self.server.the_control().limits(limits)

    def remark(self, text: str) -> None:
        """Add an observation to the report."""
        self.remarks.append(self.server.redactor.text(text))

    def ended_early(self, error: Exception) -> None:
        """Record why a session ended early.

        A control API that fails at a call which it offers is also an error of the run: part of the rule was
        left unchecked without a good reason.
        """
        reason = self.server.redactor.text(str(error))
        self.reasons.append(reason)
        if isinstance(error, ControlError) and error.status not in _NOT_OFFERED:
            self.errors.append(reason)

    @property
    def pool(self) -> Pool:
        """The named users. Raises NotExercised where there are none."""
        if self.server.pool is None:
            raise NotExercised(f"needs {Need.SEED.value}")
        return self.server.pool

    @property
    def locking(self) -> bool:
        """Whether this check uses named users that may be locked."""
        return locks(self.rule) and self.server.pool is not None

    @property
    def wrong_codes(self) -> int:
        """How many wrong codes in a row a user may send without being locked."""
        return max(1, self.server.limit("max_wrong_codes", 5) - 1)
