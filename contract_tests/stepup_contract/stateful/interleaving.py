"""One random interleaving on the server: its users, what they hold, and a verdict on each response.

The model predicts each response; the first one that differs raises Divergence with a finding that names the
broken rule. Whatever ends the whole run at once raises Stop.
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
from stepup_contract.server.operations import Operation
from stepup_contract.server.people import PhoneUser, TotpUser
from stepup_contract.server.redact import CODE
from stepup_contract.server.target import Exchange, Unreachable
from stepup_contract.stateful.model import Challenge, Grant, Model, Promise, Terms, User

_RULE = Rule("state_machine", "known", "Any sequence keeps the rules.", "M", "", "suite", (), ())
_NAME = "state_machine"
# Shrinking stops after so long: what is left of a failure by then is short enough to read.
_SHRINK_SECONDS = 10.0
T = TypeVar("T")


class Divergence(AssertionError):
    """The server responded otherwise than the model predicts."""


class Stop(BaseException):
    """Ends the whole run at once: Hypothesis shrinks an Exception, but not this."""


@dataclass(slots=True)
class Tally:
    """What all interleavings of a run share; ``found`` is the divergence with the fewest requests so far."""

    server: Server
    seed: int
    loop: asyncio.AbstractEventLoop
    deadline: float
    examples: int = 0
    steps: int = 0
    found: Finding | None = None
    errors: tuple[str, ...] = ()

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the server's event loop, from the thread of Hypothesis. Raises Stop."""
        try:
            return asyncio.run_coroutine_threadsafe(work, self.loop).result()
        except (ControlError, Unreachable) as error:
            raise Stop(str(error)) from error

    def keep(self, finding: Finding) -> None:
        """Keep a divergence that is shorter than the last, and limit the time for shrinking it further."""
        if self.found is None:
            self.deadline = time.monotonic() + _SHRINK_SECONDS
        if self.found is None or len(finding.sequence) < len(self.found.sequence):
            self.found = finding


class Interleaving:
    """The users of one sequence, what they hold, and the model that predicts each response."""

    tally: ClassVar[Tally]

    def __init__(self) -> None:
        super().__init__()
        if time.monotonic() > self.tally.deadline:
            raise Stop("the time for it was over")
        self.tally.examples += 1
        server = self.tally.server
        self.session = JudgedSession(CheckRun(server, _RULE, _NAME, str(self.tally.seed)), "", "test")
        # The same secrets and codes at each repetition, or nothing could be shrunk.
        self.random = random.Random(self.tally.seed)  # noqa: S311 - choices of a test, no secrets
        self.accounts: dict[User, TotpUser | PhoneUser] = {}
        self.sms: dict[Challenge, tuple[str, str]] = {}
        self.grant_values: dict[Grant, str] = {}
        step = server.limit("totp_step_seconds", 30)
        now = self.tally.wait(server.the_control().clock())
        # Every interleaving begins at the same place within a time step, and later than the last one.
        self.model = Model(server.limits, self.clock({"freeze_at": (now // step + 2) * step + 1}))
        self.session.sequence.clear()

    def teardown(self) -> None:
        """Remove the users."""
        self.tally.wait(self.session.__aexit__(None, None, None))
        if self.session.record.reasons:
            raise Stop(self.session.record.reasons[0])

    # Requests -------------------------------------------------------------------------------------

    def send(self, request: Coroutine[Any, Any, T]) -> T:
        """Take one step: send a request, or prepare a user."""
        self.tally.steps += 1
        return self.tally.wait(request)

    def clock(self, change: dict[str, Any]) -> float:
        """Change the clock, as a step that the sequence shows, and return the server's time."""
        exchange = self.send(self.tally.server.the_control().call("POST", "/clock", change))
        now = exchange.member("now")
        if exchange.status != 200 or isinstance(now, bool) or not isinstance(now, int | float):
            raise Stop("the clock cannot be moved") from ControlError(f"POST {BASE}/clock: {exchange.status}")
        self.session.sequence.append(exchange)
        return float(now)

    def account(self, user: User) -> TotpUser | PhoneUser:
        """Return the account of a user, created on the server when first needed."""
        if user not in self.accounts:
            self.enrol(user)
        return self.accounts[user]

    def app(self, user: User) -> TotpUser:
        """Return the account of a user with an authenticator app."""
        return cast(TotpUser, self.account(user))

    def phones(self, user: User) -> PhoneUser:
        """Return the account of a user with two phones."""
        return cast(PhoneUser, self.account(user))

    def enrol(self, user: User) -> None:
        """Give a user a new factor, in place of the one that it may have."""
        user_id = self.accounts[user].id if user in self.accounts else None
        session = self.session
        if user.has_phones:
            self.accounts[user] = self.send(session.phone_user(None, None, user_id=user_id))
        else:
            self.accounts[user] = self.send(session.totp_user(self.random.randbytes(20), user_id))

    def code(self, account: TotpUser, step: int) -> str:
        """Return the code of a time step."""
        code = account.code(step)
        self.tally.server.redactor.learn(code, CODE)
        return code

    def wrong_code(self, account: TotpUser) -> str:
        """Return a code that is not the user's in any time step around now."""
        return self._code_not_in({account.code(self.model.step + shift) for shift in range(-5, 6)})

    def wrong_sms_code(self, right: str) -> str:
        """Return a code other than the right one."""
        return self._code_not_in({right})

    def _code_not_in(self, excluded: set[str]) -> str:
        while (code := f"{self.random.randrange(10**6):06}") in excluded:
            pass
        return code

    def messages_to(self, number: str) -> int:
        """Return how many messages a phone got."""
        return len(self.tally.wait(self.session.messages(phone_number=number)))

    def granted(self, value: Any, user: User, terms: Terms, step: int | None = None) -> list[Grant]:
        """Return the grant that a response gave, none where ``value`` is None."""
        if value is None:
            return []
        grant = Grant(user, terms, self.model.now, step)
        self.model.grants.append(grant)
        self.grant_values[grant] = str(value)
        return [grant]

    # Verdicts -------------------------------------------------------------------------------------

    def check(self, promise: Promise, operation: Operation, exchange: Exchange, user: User) -> Any:
        """Return the main member of a promised success, None for a promised rejection. Raises Divergence."""
        value = exchange.member(operation.success)
        succeeded = exchange.status == 200 and complete(operation, value)
        if promise.rejection is None and succeeded:
            return value
        if promise.rejection is not None and promise.rejection.matches(exchange):
            return None
        expected = str(promise.rejection or f"200 with `{operation.success}`")
        got = self.seen(exchange)
        broken = self._broken(promise, exchange, user)
        if broken == "T4" and succeeded:
            # A server that accepts an older code may accept any code twice, which is worse.
            again = self.tally.wait(self._send_again(exchange))
            if again.status == 200:
                broken, exchange = "T3", again
        self.diverge(broken, exchange, expected, got)
        return None

    def _broken(self, promise: Promise, exchange: Exchange, user: User) -> str:
        """Return the rule that a response breaks."""
        if exchange.status == 401:
            return "A3"
        if 200 <= exchange.status < 300 and promise.rejection is not None:
            locked = promise.rejection.status == 429 and promise.rule == "R3"
            return promise.rule if not locked or self._is_locked(user) else promise.form
        if exchange.status == 429:
            return promise.throttled
        if exchange.status >= 500 or exchange.status == 0:
            return "C4"
        return promise.rule if promise.rejection is None else promise.form

    def _is_locked(self, user: User) -> bool:
        """Find out by one more wrong code whether there is a lock that lets right codes pass."""
        account = self.accounts[user]
        if not isinstance(account, TotpUser):
            return False
        probe = self.tally.wait(self.session.verify_totp(account.id, self.wrong_code(account)))
        return probe.status == 429

    def seen(self, exchange: Exchange) -> str:
        """Return a response in a few words, without secrets."""
        return exchange.seen(self.tally.server.redactor)

    async def _send_again(self, exchange: Exchange) -> Exchange:
        again = await self.tally.server.http.send(exchange.request)
        self.session.sequence.append(again)
        return again

    def diverge(self, rule: str, exchange: Exchange, expected: str, got: str) -> None:
        """Keep a finding with all requests that led to it, and raise Divergence."""
        redactor = self.tally.server.redactor
        sequence = self.session.sequence[: self.session.sequence.index(exchange) + 1]
        text = f"after {len(sequence) - 1} requests of a random sequence: expected {expected}, got {got}"
        finding = Finding(
            rule=rule,
            operation=exchange.request.operation,
            message=redactor.text(text),
            curl=exchange.curl(redactor),
            expected=redactor.text(expected),
            got=got,
            check=_NAME,
            fails=True,
            sequence=tuple((one.curl(redactor), one.status) for one in sequence),
        )
        self.tally.keep(finding)
        raise Divergence(finding.message)
