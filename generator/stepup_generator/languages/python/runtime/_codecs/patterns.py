"""The check of a string against a regular expression."""

from __future__ import annotations

import re

from . import Check

__all__ = ["pattern"]


def pattern(source: str) -> Check:
    """``source`` is in Python's syntax, and may match anywhere in the string."""
    search = re.compile(source).search

    def check(value: str) -> str:
        return "" if search(value) else "expected text of the documented pattern"

    return check
