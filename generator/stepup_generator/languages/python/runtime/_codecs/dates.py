"""Checks of the forms of dates and times (RFC 3339 section 5.6)."""

from __future__ import annotations

import datetime
import re

__all__ = ["date", "date_time"]

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(
    r"[Tt](?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?"
    r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)


def date(value: str) -> str:
    return "" if _is_date(value) else "expected a date such as 2026-01-31"


def date_time(value: str) -> str:
    valid = _is_date(value[:10]) and _TIME.fullmatch(value, 10)
    return "" if valid else "expected a date and time such as 2026-01-31T12:00:00Z"


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True
