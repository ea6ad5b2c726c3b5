"""Checks of how long a string (in code points), an array or a map is."""

from __future__ import annotations

from collections.abc import Sized

from . import Check

__all__ = ["max_size", "min_size"]


def min_size(limit: int, unit: str) -> Check:
    """At least ``limit``; ``unit`` is the singular of what is counted."""

    def check(value: Sized) -> str:
        return "" if len(value) >= limit else f"expected at least {_counted(limit, unit)}"

    return check


def max_size(limit: int, unit: str) -> Check:
    """At most ``limit``."""

    def check(value: Sized) -> str:
        return "" if len(value) <= limit else f"expected at most {_counted(limit, unit)}"

    return check


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
