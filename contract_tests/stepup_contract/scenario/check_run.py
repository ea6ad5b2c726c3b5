"""One run of a check on the server: opens the sessions in which it works."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from stepup_contract.scenario.judged import JudgedSession
from stepup_contract.scenario.record import Record

# How many cases of a check are tried with named users, who have few codes.
_CASES_OF_NAMED_USERS = 4


class CheckRun(Record):
    """One run of one check: its record, and the sessions that fill it."""

    def session(self, label: str = "", environment: str = "test") -> JudgedSession:
        """Return a new session, to be used as an async context manager."""
        return JudgedSession(self, label, environment)

    async def each(self, steps: Callable[..., Awaitable[None]], cases: Iterable[tuple[Any, ...]]) -> None:
        """Take the same steps in a session for each case, all at the same time; a case starts with its label.

        With named users only some cases are tried, one after another; another seed picks other ones.
        """

        async def try_case(label: str, *case: Any) -> None:
            async with self.session(label) as session:
                await steps(session, *case)

        if self.server.pool is None:
            await asyncio.gather(*(try_case(*case) for case in cases))
            return
        remaining = list(cases)
        self.random.shuffle(remaining)
        tried = 0
        while remaining and tried < _CASES_OF_NAMED_USERS:
            label, *case = remaining.pop()
            known = len(self.evidence)
            async with self.session(label) as session:
                await steps(session, *case)
            tried += bool(session.borrowed) and len(self.evidence) > known
        if remaining:
            self.remark(f"{len(remaining)} cases were skipped to spare the named users")
