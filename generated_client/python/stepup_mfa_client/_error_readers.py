"""Reads what error bodies say. They may be of any form: nothing here raises."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ._codecs import is_object

__all__ = ["quoted", "text_of", "texts_of", "value_of"]

# What of a response may be quoted in a message: names, not sentences.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")


def quoted(value: str) -> str:
    return value if _NAME.fullmatch(value) else "?"


def text_of(body: Mapping[str, Any], *names: str) -> str | None:
    """The first of some properties that is a string."""
    return next((body[name] for name in names if isinstance(body.get(name), str)), None)


def texts_of(body: Mapping[str, Any], *names: str) -> Mapping[str, str]:
    """The first of some objects that is not empty; of its values, those that are strings."""
    for name in names:
        found = body.get(name)
        if is_object(found) and found:
            return {key: value for key, value in found.items() if isinstance(value, str)}
    return {}


def value_of(body: Mapping[str, Any], *names: str) -> Any:
    """The first of some properties that is there and not null."""
    return next((body[name] for name in names if body.get(name) is not None), None)
