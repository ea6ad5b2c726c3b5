"""Random interleavings of all operations against a reference model, on the server's frozen clock.

Hypothesis plays them and shrinks the first response that the model does not predict to a short sequence of
requests. Each interleaving has users of its own and removes them at its end. It does nothing on a server that
it cannot prepare, and it must run alone: it holds the clock and lowers the limits, and restores both.
"""

import asyncio
import tempfile
import time
import traceback
from dataclasses import dataclass
from typing import Any, cast

from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis import seed as seeded_with
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.errors import Flaky
from hypothesis.stateful import run_state_machine_as_test

from stepup_contract.run import FAILED, NOT_EXERCISED, OBSERVED, PASSED
from stepup_contract.scenario.finding import Finding
from stepup_contract.server.connect import Need, Server
from stepup_contract.server.control import ControlError
from stepup_contract.server.target import Unreachable
from stepup_contract.stateful.interleaving import Divergence, Stop, Tally
from stepup_contract.stateful.machine import Machine

EXAMPLES, STEPS, SECONDS = 80, 25, 60.0
NEEDS = (Need.SEED, Need.INBOX, Need.CLOCK, Need.LIMITS)

# Low enough for a short sequence to reach them; a challenge becomes invalid before its user is locked.
_LIMITS = {"max_wrong_codes": 3, "challenge_max_attempts": 2, "max_sends": 3}


@dataclass(frozen=True, slots=True)
class StateMachineResult:
    """How many interleavings were played, how many steps were taken in them, and the divergence found.

    ``reason`` says why nothing, or less than all, was played.
    """

    ran: bool
    examples: int = 0
    steps: int = 0
    reason: str = ""
    findings: tuple[Finding, ...] = ()
    errors: tuple[str, ...] = ()

    @property
    def outcome(self) -> str:
        """The verdict, as for a rule."""
        if self.findings:
            return FAILED if any(finding.fails for finding in self.findings) else OBSERVED
        return PASSED if self.steps else NOT_EXERCISED


LEFT_OUT = StateMachineResult(False, reason="skipped by request")


async def play(
    server: Server, seed: int, *, examples: int = EXAMPLES, steps: int = STEPS, seconds: float = SECONDS
) -> StateMachineResult:
    """Play ``examples`` sequences of at most ``steps`` steps, decided by ``seed``."""
    missing = [f"needs {need.value}" for need in NEEDS if need not in server.offers]
    if missing:
        return StateMachineResult(False, reason="; ".join(dict.fromkeys(missing)))
    offset, limits = server.clock.offset, dict(server.limits)
    tally = Tally(server, seed, asyncio.get_running_loop(), time.monotonic() + seconds)
    reason, errors = "", list[str]()
    try:
        server.limits = await server.the_control().limits(_LIMITS)
        reason = await asyncio.to_thread(_run, tally, examples, steps)
    except (ControlError, Unreachable) as error:
        errors.append(f"it broke off: {server.redactor.text(str(error))}")
    try:
        await server.clock.restore(offset)
        server.limits = await server.the_control().limits(limits)
    except (ControlError, Unreachable) as error:
        errors.append(f"clock and limits were not restored: {server.redactor.text(str(error))}")
    findings = () if tally.found is None else (tally.found,)
    messages = tuple(f"the state machine: {text}" for text in (*errors, *tally.errors))
    return StateMachineResult(True, tally.examples, tally.steps, reason, findings, messages)


def _run(tally: Tally, examples: int, steps: int) -> str:
    """Play in this thread and return why the run ended early, "" where it did not."""

    class MachineOfRun(Machine):
        pass

    MachineOfRun.tally = tally
    reason = ""
    with tempfile.TemporaryDirectory(prefix="stepup-state-machine-") as folder:
        # Or it would leave a folder where the caller happens to be.
        set_hypothesis_home_dir(folder)
        try:
            seeded = cast(Any, seeded_with(tally.seed)(MachineOfRun))
            run_state_machine_as_test(seeded, settings=_settings(examples, steps))
        except Divergence:
            pass
        except Flaky:
            # Time that is over in the middle of a repetition looks the same.
            if time.monotonic() < tally.deadline:
                reason = "repeating the same requests led to other responses"
        except Stop as stop:
            if isinstance(stop.__cause__, ControlError | Unreachable):
                raise stop.__cause__ from None
            reason = "" if tally.found else str(stop)
        except Exception as error:  # an error of the machine must not take the report with it
            last = traceback.extract_tb(error.__traceback__)[-1]
            text = tally.server.redactor.text(f"{type(error).__name__}: {error}")
            tally.errors = (f"{text} ({last.name}:{last.lineno})",)
        finally:
            set_hypothesis_home_dir(None)
    return reason


def _settings(examples: int, steps: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
        print_blob=False,
        report_multiple_bugs=False,
    )
