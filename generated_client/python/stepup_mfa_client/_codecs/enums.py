"""The check that a value is one of an enum: closed when sending, open to newer values when reading."""

from __future__ import annotations

from . import Check

__all__ = ["one_of"]


def one_of(*values: str | int) -> Check:
    def check(value: str | int) -> str:
        return "" if value in values else f"expected one of {', '.join(map(str, values))}"

    return check
