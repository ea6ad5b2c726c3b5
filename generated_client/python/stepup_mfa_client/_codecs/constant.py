"""Constants."""

from __future__ import annotations

from typing import Any, TypeVar

from . import Codec, Mismatch

__all__ = ["Constant"]

T = TypeVar("T")


class Constant(Codec[T]):
    """Exactly one value, of exactly its type: 1 and "true" are not true."""

    def __init__(self, value: T) -> None:
        self.value = value

    def read(self, value: Any, at: str) -> T:
        if type(value) is not type(self.value) or value != self.value:
            raise Mismatch(at, f"expected {self.value!r}")
        return self.value

    write = read
