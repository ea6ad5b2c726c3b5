"""Random interleavings of all operations against a reference model, on the server's frozen clock.

Hypothesis plays them and shrinks the first answer that the model does not promise to the shortest sequence of
requests. Each example has users of its own, made when first needed and removed at its end. It refuses a
server that it cannot arrange, and it must run alone: it holds the clock and lowers the limits, and puts both
back.
"""

import asyncio
import functools
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.errors import Flaky
from hypothesis.stateful import (
    RuleBasedStateMachine,
    rule,
    run_state_machine_as_test,
)

from stepup_contract.run import FAILED, NOT_EXERCISED, OBSERVED, PASSED
from stepup_contract.scenario.finding import Finding
from stepup_contract.server.connect import Need, Server
from stepup_contract.server.control import ControlError
from stepup_contract.server.operations import (
    GRANT_TYPES,
    ONE_TIME_USE,
    SEND_SMS,
    VERIFY_GRANT,
    VERIFY_SMS,
    VERIFY_TOTP,
)
from stepup_contract.server.people import TotpUser
from stepup_contract.server.target import Unreachable
from stepup_contract.stateful.example import SHRINK_SECONDS, Divergence, Example, Stop, Tally, pairs
from stepup_contract.stateful.model import HeldChallenge, Terms

EXAMPLES, STEPS, SECONDS = 80, 20, 60.0
NEEDS = (Need.SEED, Need.INBOX, Need.CLOCK, Need.LIMITS)

# Low enough for a short sequence to reach them; a challenge dies before its user is locked.
_LIMITS = {"max_wrong_codes": 3, "challenge_max_attempts": 2, "max_sends": 3}


@dataclass(frozen=True, slots=True)
class StateMachineResult:
    """What the interleavings came to: how many were played, in how many steps, and the first divergence.

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


LEFT_OUT = StateMachineResult(False, reason="left out by request")


async def play(
    server: Server, number: int, *, examples: int = EXAMPLES, steps: int = STEPS, seconds: float = SECONDS
) -> StateMachineResult:
    """Play ``examples`` sequences of at most ``steps`` steps, decided by the seed ``number``."""
    missing = [f"needs {need.value}" for need in NEEDS if need not in server.offers]
    if missing:
        return StateMachineResult(False, reason="; ".join(dict.fromkeys(missing)))
    offset, limits = server.clock.offset, dict(server.limits)
    tally = Tally(server, number, asyncio.get_running_loop(), time.monotonic() + seconds)
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
        errors.append(f"clock and limits were not put back: {server.redactor.text(str(error))}")
    findings = () if tally.found is None else (tally.found,)
    told = tuple(f"the state machine: {text}" for text in (*errors, *tally.errors))
    return StateMachineResult(True, tally.examples, tally.steps, reason, findings, told)


def _run(tally: Tally, examples: int, steps: int) -> str:
    """Play in this thread and return why it ended early, "" where it did not."""

    class Machine(_Machine):
        shared = tally

    reason = ""
    with tempfile.TemporaryDirectory(prefix="stepup-state-machine-") as folder:
        # Or it would leave a folder where the caller happens to be.
        set_hypothesis_home_dir(folder)
        try:
            run_state_machine_as_test(
                cast(Any, seed(tally.number)(Machine)), settings=_settings(examples, steps)
            )
        except Divergence:
            pass
        except Flaky:
            # Time that is over in the middle of a repetition looks the same.
            if time.monotonic() < tally.deadline:
                reason = "the same requests were not answered alike when they were played again"
        except Stop as stop:
            if isinstance(stop.__cause__, ControlError | Unreachable):
                raise stop.__cause__ from None
            reason = "" if tally.found else str(stop)
        except Exception as error:  # a breakdown of the machine must not take the report with it
            where = traceback.extract_tb(error.__traceback__)[-1]
            text = tally.server.redactor.text(f"{type(error).__name__}: {error}")
            tally.errors = (f"{text} ({where.name}:{where.lineno})",)
        finally:
            set_hypothesis_home_dir(None)
    _shorten(tally, Machine)
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


def _shorten(tally: Tally, machine: type["_Machine"]) -> None:
    """Leave out one step after the other where the rule is broken without it: shrinking may leave some."""
    tally.deadline = time.monotonic() + SHRINK_SECONDS
    for index in range(len(tally.played) - 2, -1, -1):
        if index >= len(tally.played):
            continue
        try:
            played = machine()
        except Stop:
            return
        try:
            for name, how in (*tally.played[:index], *tally.played[index + 1 :]):
                getattr(played, name)(**how)
        except (Divergence, Stop):
            pass
        finally:
            played.teardown()


def _recorded(step: Callable[..., None]) -> Callable[..., None]:
    """Remember each step as it is played."""

    @functools.wraps(step)
    def play_it(self: "_Machine", **how: Any) -> None:
        self.played.append((step.__name__, how))
        self.shared.steps += 1
        step(self, **how)

    return play_it


_people = st.integers(0, 1)
_which = st.integers(0, 3)
_by = st.sampled_from(("owner", "owner", "other"))
_COMMON = Terms("PAYOUT", ONE_TIME_USE, 60)
_terms = st.builds(
    Terms,
    action=st.sampled_from(("PAYOUT", "NEW_KEY")),
    grant_type=st.sampled_from(GRANT_TYPES),
    life=st.sampled_from((60, 20, 900)),
)


class _Machine(Example, RuleBasedStateMachine):
    """One example: its users, what they hold, and the model that judges each answer."""

    def __init__(self) -> None:
        RuleBasedStateMachine.__init__(self)
        Example.__init__(self)

    # Steps ----------------------------------------------------------------------------------------

    @rule(which=_people, shift=st.sampled_from((0, 0, 0, -1, 1, -2, 2)), terms=_terms)
    @_recorded
    def verify_totp(self, which: int, shift: int, terms: Terms) -> None:
        person, user = self.app(which)
        step = self.model.step + shift
        self._verify_totp(person, user.id, self.code(user, step), step, terms)

    @rule(which=_people, terms=_terms)
    @_recorded
    def replay_totp(self, which: int, terms: Terms) -> None:
        person, user = self.app(which)
        if not person.accepted:
            self._prepare("verify_totp", which=which, shift=0, terms=_COMMON)
        step = max(person.accepted, default=self.model.step)
        self._verify_totp(person, user.id, self.code(user, step), step, terms)

    @rule(which=_people, count=st.integers(1, 3))
    @_recorded
    def wrong_totp_codes(self, which: int, count: int) -> None:
        person, user = self.app(which)
        for _ in range(count):
            self._verify_totp(person, user.id, self.wrong_code(user), None, _COMMON)

    @rule(which=_people)
    @_recorded
    def right_code_without_life(self, which: int) -> None:
        person, user = self.app(which)
        promise = self.model.verify_totp_without_life(person, self.model.step)
        code = self.code(user, self.model.step)
        self.judge(
            promise, VERIFY_TOTP, self.wait(self.session.verify_totp(user.id, code, valid_for=0)), person
        )

    @rule(which=_people, phone=st.integers(0, 1), terms=_terms)
    @_recorded
    def send_sms(self, which: int, phone: int, terms: Terms) -> None:
        person, user = self.phones(which)
        chosen = user.phones[phone]
        before = self.delivered(chosen.number)
        promise = self.model.send_sms(person, chosen.id)
        how = {"action": terms.action, "grant_type": terms.grant_type, "valid_for": terms.life}
        exchange = self.wait(self.session.send_sms(user.id, chosen.id, **cast(Any, how)))
        value = self.judge(promise, SEND_SMS, exchange, person)
        delivered = self.delivered(chosen.number) - before
        if delivered != (promise.refusal is None):
            self.diverge(
                "S9" if promise.refusal else "S1",
                exchange,
                "one message, for a send that succeeded",
                f"{delivered} messages",
            )
        if promise.refusal is None:
            ends = self.model.now + self.model.limits["challenge_ttl_seconds"]
            challenge = HeldChallenge(person, terms, ends)
            messages = self.wait(self.session.messages(challenge_id=str(value)))
            if len(messages) != 1:
                self.diverge("S1", exchange, "one message for the challenge", f"{len(messages)} messages")
            self.model.challenges.append(challenge)
            self.sms[challenge] = str(value), messages[0].code

    @rule(
        index=_which,
        by=_by,
        code=st.sampled_from(("right", "wrong", "another")),
    )
    @_recorded
    def verify_sms(self, index: int, by: str, code: str) -> None:
        self._use_challenge(index, by, code)

    @rule(index=_which, times=st.integers(1, 3))
    @_recorded
    def verify_sms_over_and_over(self, index: int, times: int) -> None:
        for _ in range(times):
            self._use_challenge(index, "owner", "right")

    @rule(index=_which, by=_by, action=st.sampled_from(("its", "its", "another")))
    @_recorded
    def verify_grant(self, index: int, by: str, action: str) -> None:
        self._use_grant(index, by, action)

    @rule(index=_which, times=st.integers(1, 3))
    @_recorded
    def verify_grant_over_and_over(self, index: int, times: int) -> None:
        for _ in range(times):
            self._use_grant(index, "owner", "its")

    @rule(seconds=st.sampled_from((1, 1, 20, 30, 60, 600, 900)))
    @_recorded
    def time_passes(self, seconds: int) -> None:
        self.model.now = self.clock({"advance_seconds": seconds})

    @rule(index=_which)
    @_recorded
    def look_up(self, index: int) -> None:
        if not self.users:
            return
        user = list(self.users.values())[index % len(self.users)]
        exchange = self.wait(self.session.lookup(user.id))
        setup = exchange.member("mfa_setup")
        if isinstance(user, TotpUser):
            held, what, which = setup == {"type": "Totp"}, "E1", "the Totp set-up"
        else:
            listed = setup.get("phone_numbers") if isinstance(setup, dict) else None
            expected = sorted((phone.id, phone.number[-4:]) for phone in user.phones)
            held, what, which = pairs(listed) == expected, "E2", "the user's phones"
        if exchange.status != 200 or not held:
            self.diverge(what, exchange, f"200 with {which}", exchange.seen(self.shared.server.redactor))

    @rule(index=_which)
    @_recorded
    def enrol_again(self, index: int) -> None:
        if not self.users:
            return
        person, user = list(self.users.items())[index % len(self.users)]
        self.model.enrol_again(person)
        self.users[person] = self.enrol("totp" if isinstance(user, TotpUser) else "phone", user.id)

    # Parts ----------------------------------------------------------------------------------------

    def _use_challenge(self, index: int, by: str, code: str) -> None:
        held = self.model.challenges
        if not held:
            self._prepare("send_sms", which=0, phone=0, terms=_COMMON)
        if not held:
            return
        challenge = held[-1 - index % len(held)]
        value, right = self.sms[challenge]
        person = challenge.person if by == "owner" else self.other(challenge.person)
        foreign = self.sms[held[-1 - (index + 1) % len(held)]][1]
        given = {"right": right, "wrong": self.wrong_sms_code(right), "another": foreign}[code]
        promise = self.model.verify_sms(
            person, challenge, right=given == right, foreign_code=code == "another"
        )
        exchange = self.wait(self.session.verify_sms(self.users[person].id, value, given))
        self.granted(self.judge(promise, VERIFY_SMS, exchange, person), person, challenge.terms, by_sms=True)

    def _use_grant(self, index: int, by: str, action: str) -> None:
        held = self.model.grants
        if not held:
            self._prepare("verify_totp", which=0, shift=0, terms=_COMMON)
        if not held:
            return
        grant = held[-1 - index % len(held)]
        person = grant.person if by == "owner" else self.other(grant.person)
        said = grant.terms.action if action == "its" else "DELETE_ACCOUNT"
        promise = self.model.verify_grant(person, grant, said)
        exchange = self.wait(self.session.verify_grant(self.users[person].id, self.values[grant], said))
        self.judge(promise, VERIFY_GRANT, exchange, person)
