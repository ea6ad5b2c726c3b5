"""Booleans."""

from __future__ import annotations

from typing import Any

from . import Codec, Mismatch

__all__ = ["Boolean"]


class Boolean(Codec[bool]):
    """True or false; 1 and "true" are neither."""

    def read(self, value: Any, at: str) -> bool:
        if not isinstance(value, bool):
            raise Mismatch(at, "expected true or false")
        return value

    write = read
