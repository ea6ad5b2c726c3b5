"""Values that may be null."""

from __future__ import annotations

from typing import Any, TypeVar

from . import Codec

__all__ = ["Nullable"]

T = TypeVar("T")


class Nullable(Codec[T | None]):
    """None, or a value of another codec."""

    def __init__(self, codec: Codec[T]) -> None:
        self.codec = codec

    def read(self, value: Any, at: str) -> T | None:
        return None if value is None else self.codec.read(value, at)

    def write(self, value: Any, at: str) -> Any:
        return None if value is None else self.codec.write(value, at)
