"""How values look on the wire, and what is checked of them in either direction: one module for each kind.

Reading fails closed on what a caller relies on (types, constants, required fields, emptiness) and lets
everything newer through: unknown fields, enum values and variants. Writing checks every constraint of the API
before anything is sent. No message holds a value: it may be a secret.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeAlias, TypeGuard, TypeVar

__all__ = ["Check", "Codec", "Mismatch", "apply", "is_object"]

T = TypeVar("T")

# Says what was expected of a value, "" where the value meets it.
Check: TypeAlias = Callable[[Any], str]


class Mismatch(Exception):
    """A value is not as the API describes it. ``at`` says where, in the notation of JSON pointers."""

    def __init__(self, at: str, problem: str) -> None:
        super().__init__(f"{at.lstrip('/') or 'value'}: {problem}")


class Codec(Generic[T]):
    """One kind of value; ``read`` takes parsed JSON, ``write`` returns it. Both raise Mismatch."""

    def read(self, value: Any, at: str) -> T:
        raise NotImplementedError

    def write(self, value: Any, at: str) -> Any:
        raise NotImplementedError


def apply(checks: Iterable[Check], value: Any, at: str) -> None:
    """Raise Mismatch for the first check that a value fails."""
    for check in checks:
        problem = check(value)
        if problem:
            raise Mismatch(at, problem)


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    """Is it an object, as the JSON parser returns them?"""
    return isinstance(value, dict)
