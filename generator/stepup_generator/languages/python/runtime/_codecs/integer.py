"""Integers."""

from __future__ import annotations

from typing import Any

from . import Check, Codec, Mismatch, apply

__all__ = ["Integer"]


class Integer(Codec[int]):
    """An integer. JSON Schema counts 60.0 as one."""

    def __init__(self, *checks: Check) -> None:
        self.checks = checks

    def read(self, value: Any, at: str) -> int:
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise Mismatch(at, "expected an integer")
        return value

    def write(self, value: Any, at: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise Mismatch(at, "expected an integer")
        apply(self.checks, value, at)
        return value
