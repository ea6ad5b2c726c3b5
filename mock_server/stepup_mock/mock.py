"""Everything that one mock server holds, and what arranges it; no HTTP.

The five operations are in `step_up`, who speaks to them in `app` and `control`.
"""

import asyncio
import contextlib
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import stepup_spec
from stepup_mock.access import DEFAULT_API_KEY, ApiKeys
from stepup_mock.client_faults import ClientFaults
from stepup_mock.clock import Clock
from stepup_mock.journal import Feed, Journal
from stepup_mock.step_up import Limits, Message, Random, StepUp
from stepup_mock.store import SqliteStore
from stepup_mock.validation import Contract

# What is kept for tests to read is bounded, oldest out first.
KEPT_MESSAGES = 10_000
KEPT_EVENTS = 10_000


class BadWebhook(ValueError):
    """The address or the secret of the SMS webhook cannot be used; the text says what is wanted."""


class Event(NamedTuple):
    """One attempt at an operation; ``outcome`` is ``success`` or an error code. Holds no secret."""

    sequence: int
    at: float
    operation_id: str
    user_id: str | None
    action_type: str | None
    outcome: str


# As Event(…), without a call of Python's for each.
_event: Callable[[tuple[Any, ...]], Event] = partial(tuple.__new__, Event)


class Mock:
    """One server's users, keys, clock, inbox and events.

    ``state`` is the SQLite file, None for memory. ``control_key`` None leaves the control API off.
    """

    def __init__(
        self,
        *,
        api_key: str = DEFAULT_API_KEY,
        control_key: str | None = None,
        state: Path | None = None,
        clock: Clock | None = None,
        random: Random | None = None,
    ) -> None:
        self.control_key = control_key
        self.clock = clock or Clock()
        self.store = SqliteStore(state)
        self.clock.restore(*self.store.clock())
        self.feed = Feed()
        self.journal = Journal(self.clock, self.feed)
        self.client_faults = ClientFaults()
        # Called with each message once it is in the inbox.
        self.couriers: list[Callable[[Message], None]] = []
        self.inbox: deque[Message] = deque(maxlen=KEPT_MESSAGES)
        self.events: deque[Event] = deque(maxlen=KEPT_EVENTS)
        self._sequence = 0
        self.step_up = StepUp(self.store, self._deliver, random)
        self.api_keys = ApiKeys(self.store, api_key)
        self._contract = Contract(stepup_spec.find(stepup_spec.OPENAPI))
        self._compile_bodies()

    def __repr__(self) -> str:
        return "Mock()"

    def record(
        self, at: float, operation_id: str, user_id: str | None, action_type: str | None, outcome: str
    ) -> None:
        """Leave an audit event."""
        self._sequence += 1
        event = _event((self._sequence, at, operation_id, user_id, action_type, outcome))
        self.events.append(event)
        if self.feed.watched:
            self.feed.publish("audit", event._asdict())

    def from_thread(self, function: Callable[[str], None]) -> Callable[[str], None]:
        """Return a call that runs ``function`` in the event loop of now, from whichever thread it comes."""
        loop = asyncio.get_running_loop()

        def call(value: str) -> None:
            with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(function, value)

        return call

    def _deliver(self, message: Message) -> None:
        self.inbox.append(message)
        self.feed.publish("message", asdict(message))
        for courier in self.couriers:
            courier(message)

    def move_clock(self, move: Callable[[Clock], None]) -> None:
        """Apply ``move`` to the clock. What ends on either side of it has ended for good."""
        self.step_up.sweep(at=self.clock.now())
        move(self.clock)
        self.store.save_clock(*self.clock.state)
        self.step_up.sweep(at=self.clock.now())
        self.feed.changed("clock")

    def change_limits(self, changes: dict[str, int]) -> Limits:
        """Change some limits; the names are the fields of Limits."""
        self.step_up.limits = replace(self.step_up.limits, **changes)
        self._compile_bodies()
        self.feed.changed("limits")
        return self.step_up.limits

    def reset(self) -> None:
        """Forget everything but the key the server was started with; real time, default limits."""
        limits_changed = self.step_up.limits != Limits()
        self.step_up.forget_everything()
        self.api_keys.forget_minted()
        self.clock.reset()
        self.inbox.clear()
        self.events.clear()
        self.journal.entries.clear()
        self.client_faults.waiting.clear()
        if limits_changed:
            self._compile_bodies()
        self.feed.changed("reset")

    def _compile_bodies(self) -> None:
        limits = self.step_up.limits
        self.bodies = self._contract.bodies(
            valid_for_seconds={"maximum": limits.max_valid_for_seconds},
            action_type={"maxLength": limits.max_action_type_length},
        )


def new_control_key() -> str:
    return f"control-{secrets.token_hex(16)}"
