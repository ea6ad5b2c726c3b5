"""Runs the workflows of ``spec/step-up.arazzo.yaml`` step by step, as they are written there.

It does not repeat the checks: it shows whether the calls of the document lead where the document says. Users
and text messages come from the control API; without it nothing is run, and the reason is reported.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stepup_contract.rules import Rule
from stepup_contract.run import FAILED, NOT_EXERCISED, PASSED
from stepup_contract.scenario.check_run import CheckRun
from stepup_contract.scenario.finding import MUST, Finding
from stepup_contract.scenario.judged import JudgedSession
from stepup_contract.scenario.session import Abandon
from stepup_contract.server.budget import BudgetSpent, NotAllowed
from stepup_contract.server.connect import Need, Server
from stepup_contract.server.control import ControlError
from stepup_contract.server.named import NotExercised
from stepup_contract.server.operations import ACTION, OPERATIONS
from stepup_contract.server.people import PhoneUser
from stepup_contract.server.redact import CODE
from stepup_contract.server.target import Exchange, Unreachable
from stepup_contract.workflows.arazzo import (
    Context,
    FailureAction,
    Step,
    Unresolved,
    Unsupported,
    Workflow,
    evaluate,
    holds,
    read,
)
from stepup_spec import WORKFLOWS, find

_BY_ID = {operation.id: operation for operation in OPERATIONS}
# A server may ask for a longer wait; a run does not wait it out.
_LONGEST_WAIT = 10.0


@dataclass(frozen=True, slots=True)
class StepResult:
    """How a step ended; ``status`` is that of its last response, 0 for none."""

    id: str
    outcome: str
    status: int = 0


@dataclass(frozen=True, slots=True)
class WorkflowResult:
    """The result of one workflow."""

    id: str
    outcome: str
    steps: tuple[StepResult, ...] = ()
    reason: str = ""
    findings: tuple[Finding, ...] = ()


async def run_workflows(server: Server, seed: int, document: Path | None = None) -> list[WorkflowResult]:
    """Run every workflow of the document, by default the contract's own, all at the same time.

    Raises Unsupported, with nothing sent, for a document that cannot be run.
    """
    paths = {operation.id: operation.path for operation in OPERATIONS}
    workflows = read(document or find(WORKFLOWS), paths)
    for workflow in workflows:
        unknown = workflow.inputs.keys() - _SUPPLIED
        if unknown or len(workflow.inputs.keys() & _FACTORS) != 1:
            raise Unsupported(
                f"{workflow.id}: no user can be created for the inputs {', '.join(workflow.inputs)}"
            )
    return list(await asyncio.gather(*(_run(server, workflow, seed) for workflow in workflows)))


# The input that only a user with this factor has.
_FACTORS = {"code", "sms_code"}
_SUPPLIED = {"user_id", "action_type"} | _FACTORS


async def _run(server: Server, workflow: Workflow, seed: int) -> WorkflowResult:
    """Run one workflow, and once more where its codes belong to two time steps."""
    if not {Need.SEED, Need.INBOX} <= server.offers:
        return WorkflowResult(workflow.id, NOT_EXERCISED, _left(workflow, []), f"needs {Need.SEED.value}")
    for attempt in range(2):
        check_run = CheckRun(server, _rule(workflow), workflow.id, f"{seed}:{workflow.id}:{attempt}")
        player = _Player(check_run, workflow)
        try:
            async with check_run.session() as session:
                await player.play(session)
        except (BudgetSpent, NotAllowed, ControlError, NotExercised, Unreachable) as error:
            check_run.reasons.append(server.redactor.text(str(error)))
        if len(check_run.time_steps) < 2 or not check_run.findings:
            break
    outcome = PASSED if len(player.done) == len(workflow.steps) else NOT_EXERCISED
    if check_run.findings:
        outcome = FAILED
    reason = "; ".join(dict.fromkeys(check_run.reasons)) if outcome != PASSED else ""
    if outcome == FAILED and not reason:
        reason = check_run.findings[0].message
    return WorkflowResult(
        workflow.id, outcome, _left(workflow, player.done), reason, tuple(check_run.findings)
    )


def _rule(workflow: Workflow) -> Rule:
    """Return the workflow as the rule that its findings break."""
    return Rule(f"workflow.{workflow.id}", "known", workflow.id, "workflow", "Workflows", "contract", (), ())


def _left(workflow: Workflow, done: Sequence[StepResult]) -> tuple[StepResult, ...]:
    """Return a result for every step, including those that were not reached."""
    rest = workflow.steps[len(done) :]
    return (*done, *(StepResult(step.id, NOT_EXERCISED) for step in rest))


class _Player:
    """Plays one workflow in a session with a user of its own."""

    def __init__(self, check_run: CheckRun, workflow: Workflow) -> None:
        self._check_run = check_run
        self._workflow = workflow
        self._context = Context()
        self._phone_user: PhoneUser | None = None
        self.done: list[StepResult] = []

    async def play(self, session: JudgedSession) -> None:
        """Play the steps in order, until one fails."""
        await self._supply(session)
        for step in self._workflow.steps:
            self._check_run.check = step.id
            exchange, broken = await self._attempt(session, step)
            if not broken:
                broken = self._outputs(step)
            self.done.append(StepResult(step.id, FAILED if broken else PASSED, exchange.status))
            if broken:
                session.expect(exchange, False, broken, f"step {step.id}", MUST)
                raise Abandon
            await self._supply_after(session, step, exchange)

    async def _supply(self, session: JudgedSession) -> None:
        """Create a user with the factor of the workflow, and fill in the inputs that exist at the start."""
        inputs = self._context.inputs
        inputs["action_type"] = ACTION
        if "code" in self._workflow.inputs:
            user = await session.totp_user()
            inputs["user_id"] = user.id
            inputs["code"] = session.code(user)
        else:
            self._phone_user = await session.phone_user()
            inputs["user_id"] = self._phone_user.id

    async def _supply_after(self, session: JudgedSession, step: Step, exchange: Exchange) -> None:
        """Read the code in the inbox, where the workflow says that it exists from this step on."""
        for name, after in self._workflow.inputs.items():
            if after != step.id or self._phone_user is None:
                continue
            messages = await session.messages(phone_number=self._phone_user.phones[0].number)
            expected = f"one message in the inbox, for the input `{name}`"
            if len(messages) != 1:
                session.expect(exchange, False, expected, f"step {step.id}", MUST, got=str(len(messages)))
                raise Abandon
            session.server.redactor.learn(messages[0].code, CODE)
            self._context.inputs[name] = messages[0].code

    async def _attempt(self, session: JudgedSession, step: Step) -> tuple[Exchange, str]:
        """Call the operation, again as often as a failure action says; return the last response, and the
        criterion that did not hold.
        """
        retried: dict[str, int] = {}
        while True:
            exchange = await self._call(session, step)
            broken = self._broken(step.criteria)
            action = next((a for a in step.on_failure if not self._broken(a.criteria)), None)
            if not broken or action is None or action.kind == "end":
                return exchange, broken
            retried[action.name] = retried.get(action.name, 0) + 1
            if retried[action.name] > action.retry_limit:
                return exchange, broken
            await self._check_run.sleep(_wait(action, exchange))

    async def _call(self, session: JudgedSession, step: Step) -> Exchange:
        operation = _BY_ID[step.operation]
        path = operation.path.format(**evaluate(step.path, self._context))
        body = evaluate(step.payload, self._context)
        exchange = await session.send(operation, body, path=path)
        self._context.response = exchange
        return exchange

    def _broken(self, criteria: Sequence[str]) -> str:
        """Return the first criterion that does not hold, "" where all do."""
        return next((condition for condition in criteria if not holds(condition, self._context)), "")

    def _outputs(self, step: Step) -> str:
        """Keep the outputs of a step; return those that are missing."""
        try:
            self._context.outputs[step.id] = evaluate(dict(step.outputs), self._context)
        except Unresolved as error:
            return f"{', '.join(step.outputs.values())} for its outputs ({error})"
        return ""


def _wait(action: FailureAction, exchange: Exchange) -> float:
    """Return the seconds before the next attempt. Arazzo 1.0.1, retryAfter: a Retry-After of the response
    overrides it.
    """
    asked = exchange.header("Retry-After") or ""
    return min(float(asked) if asked.isascii() and asked.isdigit() else action.retry_after, _LONGEST_WAIT)
