"""One check at work on the server: its scenes, its evidence, and what it found."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from stepup_contract.rules import Rule, locks
from stepup_contract.scenario.finding import Finding
from stepup_contract.scenario.scene import Scene
from stepup_contract.server.connect import Need, Server
from stepup_contract.server.control import ControlError
from stepup_contract.server.named import NotExercised, Pool
from stepup_contract.server.target import Exchange

# What a control API answers to a call that it does not offer.
_NOT_OFFERED = (404, 405, 501)

# So many cases of one story that need named users.
_CASES = 4


class Trial:
    """One check of one rule: its random choices, its evidence, and what it found."""

    def __init__(self, server: Server, rule: Rule, check: str, seed: str) -> None:
        self.server = server
        self.rule = rule
        self.check = check
        self.random = random.Random(seed)  # noqa: S311 - choices of a test, no secrets
        self.findings: list[Finding] = []
        self.evidence: set[Exchange] = set()
        self.remarks: list[str] = []
        self.reasons: list[str] = []
        self.broken: list[str] = []
        self.steps: set[int] = set()

    def scene(self, label: str = "", environment: str = "test") -> Scene:
        """Return a new scene, to be used as an async context manager."""
        return Scene(self, label, environment)

    async def each(self, story: Callable[..., Awaitable[None]], cases: Iterable[tuple[Any, ...]]) -> None:
        """Tell one story in a scene for each case, all at the same time; a case starts with its label."""

        async def tell(label: str, *case: Any) -> None:
            async with self.scene(label) as scene:
                await story(scene, *case)

        if self.server.pool is None:
            await asyncio.gather(*(tell(*case) for case in cases))
            return
        # Named users have few codes: some of the cases, other ones with another seed.
        left = list(cases)
        self.random.shuffle(left)
        told = 0
        while left and told < _CASES:
            label, *case = left.pop()
            known = len(self.evidence)
            async with self.scene(label) as scene:
                await story(scene, *case)
            told += bool(scene.lent) and len(self.evidence) > known
        if left:
            self.remark(f"{len(left)} cases were left out to spare the named users")

    async def sleep(self, seconds: float) -> None:
        """Wait in real time."""
        await asyncio.sleep(seconds)

    async def set_limits(self, **limits: int) -> None:
        """Change the server's policy; the runner puts it back after the check, which must run alone."""
        self.server.limits = await self.server.the_control().limits(limits)

    def remark(self, text: str) -> None:
        """Note what was seen, for the report."""
        self.remarks.append(self.server.redactor.text(text))

    def gave_up(self, error: Exception) -> None:
        """Note why a story ended early. Where the control API failed at what it offers, part of the rule was
        not judged for no good reason, and the run says so whatever else was seen.
        """
        told = self.server.redactor.text(str(error))
        self.reasons.append(told)
        if isinstance(error, ControlError) and error.status not in _NOT_OFFERED:
            self.broken.append(told)

    @property
    def pool(self) -> Pool:
        """The named users. Raises NotExercised where there are none."""
        if self.server.pool is None:
            raise NotExercised(f"needs {Need.SEED.value}")
        return self.server.pool

    @property
    def locking(self) -> bool:
        """Whether this is for users that may be locked, where users cannot be created."""
        return locks(self.rule) and self.server.pool is not None

    @property
    def wrong_codes(self) -> int:
        """How many wrong codes in a row a user may send without being locked."""
        return max(1, self.server.limit("max_wrong_codes", 5) - 1)
