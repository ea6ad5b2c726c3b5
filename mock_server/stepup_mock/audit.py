"""The audit log of a world: one event for each attempt at an operation."""

from collections import deque
from typing import NamedTuple

from stepup_mock.feed import Feed

# Bounded, oldest out first.
KEPT_EVENTS = 10_000


class Event(NamedTuple):
    """One attempt at an operation; ``outcome`` is ``success`` or an error code. Holds no secret."""

    sequence: int
    at: float
    operation_id: str
    user_id: str | None
    action_type: str | None
    outcome: str


class AuditLog:
    """The latest events, oldest first."""

    def __init__(self, feed: Feed) -> None:
        self.events: deque[Event] = deque(maxlen=KEPT_EVENTS)
        self._feed = feed
        self._sequence = 0

    def record(
        self, at: float, operation_id: str, user_id: str | None, action_type: str | None, outcome: str
    ) -> None:
        """Add an event."""
        self._sequence += 1
        event = Event(self._sequence, at, operation_id, user_id, action_type, outcome)
        self.events.append(event)
        if self._feed.watched:
            self._feed.publish("audit", event._asdict())
