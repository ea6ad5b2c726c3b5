"""Checks of how large a number is."""

from __future__ import annotations

from . import Check

__all__ = ["exclusive_maximum", "exclusive_minimum", "maximum", "minimum"]


def minimum(limit: float) -> Check:
    def check(value: float) -> str:
        return "" if value >= limit else f"expected at least {limit}"

    return check


def maximum(limit: float) -> Check:
    def check(value: float) -> str:
        return "" if value <= limit else f"expected at most {limit}"

    return check


def exclusive_minimum(limit: float) -> Check:
    def check(value: float) -> str:
        return "" if value > limit else f"expected more than {limit}"

    return check


def exclusive_maximum(limit: float) -> Check:
    def check(value: float) -> str:
        return "" if value < limit else f"expected less than {limit}"

    return check
