"""Strings."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from . import Check, Codec, Mismatch, apply

__all__ = ["Text"]


class Text(Codec[str]):
    """A string. A UUID may be passed as one. A ``filled`` one is not empty when read."""

    def __init__(self, *checks: Check, filled: bool = False) -> None:
        self.checks = checks
        self.filled = filled

    def read(self, value: Any, at: str) -> str:
        if not isinstance(value, str):
            raise Mismatch(at, "expected a string")
        if not value and self.filled:
            raise Mismatch(at, "expected a string that is not empty")
        return value

    def write(self, value: Any, at: str) -> str:
        if isinstance(value, UUID):
            value = str(value)
        if not isinstance(value, str):
            raise Mismatch(at, "expected a string")
        apply(self.checks, value, at)
        if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
            raise Mismatch(at, "expected text that can be encoded as UTF-8")
        return value
