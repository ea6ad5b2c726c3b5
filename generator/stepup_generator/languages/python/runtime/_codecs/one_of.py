"""Unions without a tag."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from . import Codec, Mismatch

__all__ = ["OneOf"]


class OneOf(Codec[Any]):
    """The first of several codecs that fits."""

    def __init__(self, *variants: Codec[Any]) -> None:
        self.variants = variants

    def read(self, value: Any, at: str) -> Any:
        return self._first((variant.read for variant in self.variants), value, at)

    def write(self, value: Any, at: str) -> Any:
        return self._first((variant.write for variant in self.variants), value, at)

    def _first(self, steps: Iterable[Callable[[Any, str], Any]], value: Any, at: str) -> Any:
        for step in steps:
            try:
                return step(value, at)
            except Mismatch:
                continue
        raise Mismatch(at, "expected one of several types")
