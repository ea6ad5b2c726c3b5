"""The result of a run, and its report formats: terminal, JSON, JUnit, SARIF, HTML.

All text in a report was redacted when it was recorded; nothing here adds any. Files are written completely
or not at all.
"""

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stepup_contract.conformance.run import Conformance
from stepup_contract.run import FAILED, NOT_EXERCISED, OBSERVED, PASSED, Results
from stepup_contract.scenario.finding import Finding
from stepup_contract.stateful.run import LEFT_OUT, StateMachineResult
from stepup_contract.workflows.run import WorkflowResult

OUTCOMES = (PASSED, FAILED, OBSERVED, NOT_EXERCISED)


@dataclass(frozen=True, slots=True)
class Report:
    """A complete run. ``conformance`` is None where it was not checked, for the reason in
    ``no_conformance``, and ``workflows`` is then empty.

    ``responses`` counts the responses of each operation with each status.
    """

    url: str
    controlled: bool
    seed: int
    results: Results
    conformance: Conformance | None
    requests: int
    seconds: float
    workflows: Sequence[WorkflowResult] = ()
    responses: Mapping[tuple[str, int], int] = field(default_factory=dict)
    state_machine: StateMachineResult = LEFT_OUT
    no_conformance: str = "skipped by request"

    @property
    def findings(self) -> list[Finding]:
        """All findings, those that only are observations among them."""
        return [
            *self.results.findings,
            *(finding for workflow in self.workflows for finding in workflow.findings),
            *(self.conformance.findings if self.conformance else ()),
        ]

    @property
    def errors(self) -> list[str]:
        """What prevented the run from checking all it was asked to check."""
        stopped = [f"the run stopped early: {self.results.stopped}"] if self.results.stopped else []
        return [*stopped, *self.results.errors, *(self.conformance.errors if self.conformance else ())]

    @property
    def exit_code(self) -> int:
        """0 without findings, 1 with findings, 2 where the run broke off or could check nothing."""
        if self.results.stopped:
            return 2
        if any(finding.fails for finding in self.findings):
            return 1
        exercised = any(rule.requests for rule in self.results.rules)
        exercised = (
            exercised
            or self.state_machine.steps > 0
            or any(workflow.outcome != NOT_EXERCISED for workflow in self.workflows)
        )
        if self.conformance is not None:
            exercised = exercised or self.conformance.requests > 0
        return 2 if self.errors or not exercised else 0

    def count(self, outcome: str) -> int:
        """Return the number of rules with an outcome."""
        return sum(rule.outcome == outcome for rule in self.results.rules)


def write(path: Path, text: str) -> None:
    """Write a report, replacing the file completely. Raises OSError and leaves the old file where that
    fails.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
