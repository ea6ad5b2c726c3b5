"""Hands what happens in a world to everybody who watches it, as server-sent events."""

import asyncio
from collections.abc import AsyncIterator

import orjson

# A watcher that falls this many entries behind is disconnected.
_QUEUE = 1000
_HEARTBEAT = 15.0


class Feed:
    """The watchers of one world."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[bytes | None]] = set()

    @property
    def watched(self) -> bool:
        """Whether anybody watches."""
        return bool(self._queues)

    def publish(self, event: str, data: object) -> None:
        """Send an event to all watchers; costs next to nothing when there are none."""
        if not self._queues:
            return
        text = b"event: %s\ndata: %s\n\n" % (event.encode(), orjson.dumps(data))
        for queue in list(self._queues):
            if queue.full():
                self._queues.discard(queue)
                queue.get_nowait()
                queue.put_nowait(None)
            else:
                queue.put_nowait(text)

    def changed(self, what: str) -> None:
        """Report that something was changed through the control API."""
        self.publish("change", {"what": what})

    def close(self) -> None:
        """End every watcher's stream."""
        for queue in self._queues:
            while queue.full():
                queue.get_nowait()
            queue.put_nowait(None)
        self._queues.clear()

    async def watch(self) -> AsyncIterator[bytes]:
        """Yield what happens from now on, with a comment now and then that keeps the connection alive."""
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(_QUEUE)
        self._queues.add(queue)
        try:
            yield b": this stream begins with what happens next\n\n"
            while True:
                try:
                    text = await asyncio.wait_for(queue.get(), _HEARTBEAT)
                except TimeoutError:
                    text = b": still here\n\n"
                if text is None:
                    return
                yield text
        finally:
            self._queues.discard(queue)
