"""Numbers that may have a fraction."""

from __future__ import annotations

import math
from typing import Any

from . import Check, Codec, Mismatch, apply

__all__ = ["Number"]


class Number(Codec[float]):
    """A finite number: JSON has no other."""

    def __init__(self, *checks: Check) -> None:
        self.checks = checks

    def read(self, value: Any, at: str) -> float:
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
            raise Mismatch(at, "expected a finite number")
        return value

    def write(self, value: Any, at: str) -> float:
        number = self.read(value, at)
        apply(self.checks, number, at)
        return number
