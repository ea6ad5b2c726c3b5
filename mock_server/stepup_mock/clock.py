"""The one clock of a world: real time, until somebody moves or stops it."""

import time
from collections.abc import Callable

# The clock goes no further, so that times stay exact and can be written as dates.
LAST_SECOND = 1e11


class Clock:
    """Unix seconds as a float. ``source`` gives real time and is read at every call."""

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self._offset = 0.0
        self._frozen_at: float | None = None

    @property
    def state(self) -> tuple[float, float | None]:
        """The offset of the clock, and where it is frozen; ``restore`` accepts both."""
        return self._offset, self._frozen_at

    def restore(self, offset: float, frozen_at: float | None) -> None:
        """Set the clock to a saved ``state``."""
        self._offset, self._frozen_at = offset, frozen_at

    @property
    def frozen(self) -> bool:
        """Whether the clock stands still."""
        return self._frozen_at is not None

    def now(self) -> float:
        """Return the shown time."""
        if self._frozen_at is not None:
            return self._frozen_at
        return self._source() + self._offset

    def advance(self, seconds: float) -> None:
        """Move the shown time by ``seconds``, which may be negative; a frozen clock stays frozen."""
        if self._frozen_at is not None:
            self._frozen_at += seconds
        else:
            self._offset += seconds

    def freeze_at(self, at: float) -> None:
        """Stop the clock at a time."""
        self._frozen_at = float(at)

    def resume(self) -> None:
        """Continue from the shown time; a running clock is left alone."""
        if self._frozen_at is not None:
            self._offset = self._frozen_at - self._source()
            self._frozen_at = None

    def reset(self) -> None:
        """Show real time again."""
        self._offset = 0.0
        self._frozen_at = None
