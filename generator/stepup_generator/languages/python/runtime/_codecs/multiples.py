"""The check that an integer is a multiple of another."""

from __future__ import annotations

from . import Check

__all__ = ["multiple_of"]


def multiple_of(step: int) -> Check:
    def check(value: int) -> str:
        return "" if value % step == 0 else f"expected a multiple of {step}"

    return check
