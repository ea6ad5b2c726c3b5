"""Objects whose keys are not known beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard, TypeVar

from . import Check, Codec, Mismatch, apply, is_object

__all__ = ["Map"]

T = TypeVar("T")


class Map(Codec[dict[str, T]]):
    """Any keys, and one kind of values. Keys are not part of messages: they come from callers."""

    def __init__(self, item: Codec[T], *checks: Check) -> None:
        self.item = item
        self.checks = checks

    def read(self, value: Any, at: str) -> dict[str, T]:
        if not is_object(value):
            raise Mismatch(at, "expected an object")
        return {key: self.item.read(item, f"{at}/*") for key, item in value.items()}

    def write(self, value: Any, at: str) -> Any:
        if not _is_mapping(value) or not all(isinstance(key, str) for key in value):
            raise Mismatch(at, "expected a mapping with string keys")
        apply(self.checks, value, at)
        return {key: self.item.write(item, f"{at}/*") for key, item in value.items()}


def _is_mapping(value: Any) -> TypeGuard[Mapping[Any, Any]]:
    return isinstance(value, Mapping)
