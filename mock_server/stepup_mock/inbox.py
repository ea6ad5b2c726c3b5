"""The inbox of a world: the text messages that a real service would send."""

from collections import deque
from collections.abc import Callable
from dataclasses import asdict

from stepup_mock.feed import Feed
from stepup_mock.step_up import Message

# Bounded, oldest out first.
KEPT_MESSAGES = 10_000


class Inbox:
    """The latest messages, oldest first. Each of ``couriers`` is called with every message that arrives."""

    def __init__(self, feed: Feed) -> None:
        self.messages: deque[Message] = deque(maxlen=KEPT_MESSAGES)
        self.couriers: list[Callable[[Message], None]] = []
        self._feed = feed

    def deliver(self, message: Message) -> None:
        """Keep a message and hand it to the couriers."""
        self.messages.append(message)
        self._feed.publish("message", asdict(message))
        for courier in self.couriers:
            courier(message)
