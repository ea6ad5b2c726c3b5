"""Arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeGuard, TypeVar

from . import Check, Codec, Mismatch, apply

__all__ = ["Array"]

T = TypeVar("T")


class Array(Codec[list[T]]):
    """An array of one kind of items. A ``filled`` one is not empty when read."""

    def __init__(self, item: Codec[T], *checks: Check, filled: bool = False) -> None:
        self.item = item
        self.checks = checks
        self.filled = filled

    def read(self, value: Any, at: str) -> list[T]:
        if not _is_array(value):
            raise Mismatch(at, "expected an array")
        if not value and self.filled:
            raise Mismatch(at, "expected an array that is not empty")
        return [self.item.read(item, f"{at}/{index}") for index, item in enumerate(value)]

    def write(self, value: Any, at: str) -> Any:
        if not _is_sequence(value):
            raise Mismatch(at, "expected a list")
        written = [self.item.write(item, f"{at}/{index}") for index, item in enumerate(value)]
        apply(self.checks, written, at)
        return written


def _is_array(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _is_sequence(value: Any) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))
