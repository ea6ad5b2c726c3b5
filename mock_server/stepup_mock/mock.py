"""Everything that one mock server holds, and what arranges it; no HTTP.

The five operations are in `step_up`, who speaks to them in `app` and `control`.
"""

import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import stepup_spec
from stepup_mock.access import DEFAULT_API_KEY, ApiKeys
from stepup_mock.clock import Clock
from stepup_mock.step_up import Limits, Message, Random, StepUp
from stepup_mock.store import SqliteStore
from stepup_mock.validation import Contract

# What is kept for tests to read is bounded, oldest out first.
KEPT_MESSAGES = 10_000
KEPT_EVENTS = 10_000


class Event(NamedTuple):
    """One attempt at an operation; ``outcome`` is ``success`` or an error code. Holds no secret."""

    sequence: int
    at: float
    operation_id: str
    user_id: str | None
    action_type: str | None
    outcome: str


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
        self.inbox: deque[Message] = deque(maxlen=KEPT_MESSAGES)
        self.events: deque[Event] = deque(maxlen=KEPT_EVENTS)
        self._sequence = 0
        self.step_up = StepUp(self.store, self.inbox.append, random)
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
        self.events.append(Event(self._sequence, at, operation_id, user_id, action_type, outcome))

    def move_clock(self, move: Callable[[Clock], None]) -> None:
        """Apply ``move`` to the clock. What ends on either side of it has ended for good."""
        self.step_up.sweep(at=self.clock.now())
        move(self.clock)
        self.step_up.sweep(at=self.clock.now())

    def change_limits(self, changes: dict[str, int]) -> Limits:
        """Change some limits; the names are the fields of Limits."""
        self.step_up.limits = replace(self.step_up.limits, **changes)
        self._compile_bodies()
        return self.step_up.limits

    def reset(self) -> None:
        """Forget everything but the key the server was started with; real time, default limits."""
        limits_changed = self.step_up.limits != Limits()
        self.step_up.forget_everything()
        self.api_keys.forget_minted()
        self.clock.reset()
        self.inbox.clear()
        self.events.clear()
        if limits_changed:
            self._compile_bodies()

    def _compile_bodies(self) -> None:
        limits = self.step_up.limits
        self.bodies = self._contract.bodies(
            valid_for_seconds={"maximum": limits.max_valid_for_seconds},
            action_type={"maxLength": limits.max_action_type_length},
        )


def new_control_key() -> str:
    return f"control-{secrets.token_hex(16)}"
