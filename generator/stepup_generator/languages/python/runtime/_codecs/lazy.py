"""Objects that contain themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from . import Codec

__all__ = ["Lazy"]

T = TypeVar("T")


class Lazy(Codec[T]):
    """A codec that is defined further down."""

    def __init__(self, codec: Callable[[], Codec[T]]) -> None:
        self.codec = codec

    def read(self, value: Any, at: str) -> T:
        return self.codec().read(value, at)

    def write(self, value: Any, at: str) -> Any:
        return self.codec().write(value, at)
