"""Unions of objects that one of their fields tells apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import Codec, Mismatch, is_object

__all__ = ["Tagged"]


class Tagged(Codec[Any]):
    """One of several objects by the value of ``tag``; a variant of a newer API becomes ``unknown``."""

    def __init__(
        self, tag: str, unknown: Callable[[str, dict[str, Any]], Any], variants: dict[str, Codec[Any]]
    ) -> None:
        self.tag = tag
        self.unknown = unknown
        self.variants = variants

    def read(self, value: Any, at: str) -> Any:
        if not is_object(value):
            raise Mismatch(at, "expected an object")
        tag = value.get(self.tag)
        if not isinstance(tag, str):
            raise Mismatch(f"{at}/{self.tag}", "expected a string")
        if tag not in self.variants:
            return self.unknown(tag, value)
        return self.variants[tag].read(value, at)

    def write(self, value: Any, at: str) -> Any:
        for variant in self.variants.values():
            try:
                return variant.write(value, at)
            except Mismatch:
                continue
        raise Mismatch(at, "expected one of several types")
