"""The check that no item of an array is there twice."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["unique_items"]


def unique_items(value: Sequence[str | int]) -> str:
    """Items are of one scalar type, so that 1 and True do not meet."""
    return "" if len(set(value)) == len(value) else "expected no item twice"
