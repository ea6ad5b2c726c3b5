"""A last look at a report before it is written: early records are redacted once more, with all secrets that
the run knows at its end.

A server may leak a code before the run reads it in the inbox; at that time it could not be recognised. Every
text of a report is checked, except for the suite's own names.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import TypeVar, cast

from stepup_contract.report import Report
from stepup_contract.server.redact import Redactor

T = TypeVar("T")

# Fields that hold no word of a server: ids, and the rules and checks themselves.
_OWN_NAMES = {"id", "rule", "check", "operation", "outcome", "url"}


def last_look(report: Report, redactor: Redactor) -> Report:
    """Return the report with every text of a server redacted by all that is known now."""
    texts: list[str] = []

    def collect(text: str) -> str:
        texts.append(text)
        return text

    _each_text(report, collect)
    return _each_text(report, redactor.among("\n".join(texts)).text)


def _each_text(value: T, change: Callable[[str], str]) -> T:
    """Return a value in which each text, at any depth, is replaced by what ``change`` makes of it."""
    if isinstance(value, str):
        return cast(T, change(value))
    if isinstance(value, list | tuple):
        return cast(T, type(value)(_each_text(one, change) for one in value))
    if isinstance(value, dict) and not isinstance(value, Counter):
        return cast(T, {key: _each_text(one, change) for key, one in value.items()})
    if is_dataclass(value) and not isinstance(value, type):
        names = [one.name for one in fields(value) if one.name not in _OWN_NAMES]
        return cast(T, replace(value, **{name: _each_text(getattr(value, name), change) for name in names}))
    return value
