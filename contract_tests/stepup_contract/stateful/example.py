"""One random sequence at work on the server: its users, what they hold, and the judgement of each answer.

The model of reference.py says what is promised; the first answer that differs raises Divergence with a
finding that names the broken rule. Whatever ends a run at once raises Stop.
"""

import asyncio
import random
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar, cast

from stepup_contract.rules import Rule
from stepup_contract.scenario.check_run import CheckRun
from stepup_contract.scenario.finding import Finding
from stepup_contract.scenario.judged import JudgedSession, complete
from stepup_contract.server.connect import Server
from stepup_contract.server.control import BASE, ControlError
from stepup_contract.server.operations import VERIFY_TOTP, Operation
from stepup_contract.server.people import PhoneUser, TotpUser
from stepup_contract.server.redact import CODE
from stepup_contract.server.target import Exchange, Unreachable
from stepup_contract.stateful.model import HeldChallenge, HeldGrant, Model, Person, Promise, Terms

_RULE = Rule("state_machine", "known", "Any sequence keeps the rules.", "M", "", "suite", (), ())
_NAME = "state_machine"
# So long a failure is shrunk: what is left of it after that is short enough to read.
SHRINK_SECONDS = 5.0
T = TypeVar("T")
Step = tuple[str, dict[str, Any]]


class Divergence(AssertionError):
    """The server answered what the model does not promise."""


class Stop(BaseException):
    """Ends the whole run at once: Hypothesis shrinks exceptions, but no others."""


@dataclass(slots=True)
class Tally:
    """What all examples of a run share; ``found`` is the shortest divergence yet, ``played`` its steps."""

    server: Server
    number: int
    loop: asyncio.AbstractEventLoop
    deadline: float
    examples: int = 0
    steps: int = 0
    found: Finding | None = None
    played: tuple[Step, ...] = ()
    errors: tuple[str, ...] = ()

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Do work on the server's event loop. What ends the run ends it here."""
        try:
            return asyncio.run_coroutine_threadsafe(work, self.loop).result()
        except (ControlError, Unreachable) as error:
            raise Stop(str(error)) from error

    def keep(self, finding: Finding, played: list[Step]) -> None:
        """Keep a divergence that is shorter than the last, and limit the time for the next ones."""
        if self.found is None:
            self.deadline = time.monotonic() + SHRINK_SECONDS
        if self.found is None or len(finding.sequence) < len(self.found.sequence):
            self.found, self.played = finding, tuple(played)


class Example:
    """The users of one sequence, what they hold, and the model that judges each answer."""

    shared: ClassVar[Tally]

    def __init__(self) -> None:
        if time.monotonic() > self.shared.deadline:
            raise Stop("the time for it was over")
        self.shared.examples += 1
        self.played: list[Step] = []
        server = self.shared.server
        self.session = JudgedSession(CheckRun(server, _RULE, _NAME, str(self.shared.number)), "", "test")
        # The same secrets and codes at each replay, or nothing could be shrunk.
        self.random = random.Random(self.shared.number)  # noqa: S311 - choices of a test, no secrets
        self.people: dict[tuple[str, int], Person] = {}
        self.users: dict[Person, TotpUser | PhoneUser] = {}
        self.sms: dict[HeldChallenge, tuple[str, str]] = {}
        self.values: dict[HeldGrant, str] = {}
        step = server.limit("totp_step_seconds", 30)
        now = self.wait(server.the_control().clock())
        # Every example begins at the same place within a time step, and later than the last one.
        self.model = Model(server.limits, self.clock({"freeze_at": (now // step + 2) * step + 1}))
        self.session.sequence.clear()

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        return self.shared.wait(work)

    def teardown(self) -> None:
        """Remove the users of the example."""
        self.wait(self.session.__aexit__(None, None, None))
        if self.session.record.reasons:
            raise Stop(self.session.record.reasons[0])

    # Parts ----------------------------------------------------------------------------------------

    def _prepare(self, name: str, **how: Any) -> None:
        """Play a step that the current one needs, as one before it."""
        current = self.played.pop()
        getattr(self, name)(**how)
        self.played.append(current)

    def clock(self, change: dict[str, Any]) -> float:
        """Change the clock as a step that the sequence shows, and return the server's time."""
        exchange = self.wait(self.shared.server.the_control().call("POST", "/clock", change))
        now = exchange.member("now")
        if exchange.status != 200 or isinstance(now, bool) or not isinstance(now, int | float):
            raise Stop("the clock cannot be moved") from ControlError(f"POST {BASE}/clock: {exchange.status}")
        self.session.sequence.append(exchange)
        return float(now)

    def person(self, kind: str, which: int) -> Person:
        """Return a user of the example, made when first needed."""
        person = self.people.get((kind, which))
        if person is None:
            person = self.people[kind, which] = Person()
            self.users[person] = self.enrol(kind, None)
        return person

    def enrol(self, kind: str, user_id: str | None) -> TotpUser | PhoneUser:
        if kind == "totp":
            return self.wait(self.session.totp_user(self.random.randbytes(20), user_id))
        return self.wait(self.session.phone_user(None, None, user_id=user_id))

    def app(self, which: int) -> tuple[Person, TotpUser]:
        person = self.person("totp", which)
        return person, cast(TotpUser, self.users[person])

    def phones(self, which: int) -> tuple[Person, PhoneUser]:
        person = self.person("phone", which)
        return person, cast(PhoneUser, self.users[person])

    def other(self, person: Person) -> Person:
        """Return the other user of the same kind."""
        kind, which = next(key for key, value in self.people.items() if value is person)
        return self.person(kind, 1 - which)

    def code(self, user: TotpUser, step: int) -> str:
        code = user.code(step)
        self.shared.server.redactor.learn(code, CODE)
        return code

    def wrong_code(self, user: TotpUser) -> str:
        near = {user.code(self.model.step + shift) for shift in range(-5, 6)}
        return self._endless(near)

    def wrong_sms_code(self, right: str) -> str:
        return self._endless({right})

    def _endless(self, taken: set[str]) -> str:
        while (code := f"{self.random.randrange(10**6):06}") in taken:
            pass
        return code

    def delivered(self, number: str) -> int:
        return len(self.wait(self.session.messages(phone_number=number)))

    def _verify_totp(self, person: Person, user_id: str, code: str, step: int | None, terms: Terms) -> None:
        promise = self.model.verify_totp(person, step)
        how = {"action": terms.action, "grant_type": terms.grant_type, "valid_for": terms.life}
        exchange = self.wait(self.session.verify_totp(user_id, code, **cast(Any, how)))
        self.granted(self.judge(promise, VERIFY_TOTP, exchange, person), person, terms, by_sms=False)

    def granted(self, value: Any, person: Person, terms: Terms, *, by_sms: bool) -> None:
        if value is not None:
            grant = HeldGrant(person, terms, self.model.now, by_sms)
            self.model.grants.append(grant)
            self.values[grant] = str(value)

    # Judgement ------------------------------------------------------------------------------------

    def judge(self, promise: Promise, operation: Operation, exchange: Exchange, person: Person) -> Any:
        """Return what a promised success is about, None for a promised refusal; raise Divergence else."""
        value = exchange.member(operation.success)
        succeeded = exchange.status == 200 and complete(operation, value)
        if promise.refusal is None and succeeded:
            return value
        if promise.refusal is not None and promise.refusal.matches(exchange):
            return None
        expected = str(promise.refusal or f"200 with `{operation.success}`")
        seen = exchange.seen(self.shared.server.redactor)
        broken = self._broken(promise, exchange, person)
        if broken == "T4" and succeeded:
            # A server that takes an older code may take any code twice, which is worse.
            again = self.wait(self._send_again(exchange))
            if again.status == 200:
                broken, exchange = "T3", again
        self.diverge(broken, exchange, expected, seen)
        return None

    def _broken(self, promise: Promise, exchange: Exchange, person: Person) -> str:
        """Return the rule that an answer breaks."""
        if exchange.status == 401:
            return "A3"
        if 200 <= exchange.status < 300 and promise.refusal is not None:
            locked = promise.refusal.status == 429 and promise.rule == "R3"
            return promise.rule if not locked or self._is_locked(person) else promise.form
        if exchange.status == 429:
            return promise.throttled
        if exchange.status >= 500 or exchange.status == 0:
            return "C4"
        return promise.rule if promise.refusal is None else promise.form

    def _is_locked(self, person: Person) -> bool:
        """Tell by one more wrong code whether there is a lock that lets right codes pass."""
        user = self.users[person]
        if not isinstance(user, TotpUser):
            return False
        probe = self.wait(self.session.verify_totp(user.id, self.wrong_code(user)))
        return probe.status == 429

    async def _send_again(self, exchange: Exchange) -> Exchange:
        again = await self.shared.server.http.send(exchange.request)
        self.session.sequence.append(again)
        return again

    def diverge(self, rule_id: str, exchange: Exchange, expected: str, got: str) -> None:
        redactor = self.shared.server.redactor
        steps = self.session.sequence[: self.session.sequence.index(exchange) + 1]
        moved = len(steps)
        finding = Finding(
            rule=rule_id,
            operation=exchange.request.operation,
            message=redactor.text(
                f"after {moved - 1} requests of a random sequence: expected {expected}, got {got}"
            ),
            curl=exchange.curl(redactor),
            expected=redactor.text(expected),
            got=got,
            check=_NAME,
            fails=True,
            sequence=tuple((step.curl(redactor), step.status) for step in steps),
        )
        self.shared.keep(finding, self.played)
        raise Divergence(finding.message)


def pairs(listed: Any) -> list[tuple[Any, Any]] | None:
    """Return ids and suffixes of the phones of a lookup, sorted; None where it is no such list."""
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        return None
    pairs = [(item.get("mfa_phone_id"), item.get("mfa_phone_number_suffix")) for item in listed]
    return sorted(pairs) if all(isinstance(text, str) for pair in pairs for text in pair) else None
