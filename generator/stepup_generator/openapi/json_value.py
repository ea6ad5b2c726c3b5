"""JSON values that cannot be changed."""

from collections.abc import Mapping
from typing import TypeAlias

__all__ = ["Json", "plain"]

# Arrays are tuples, objects read-only mappings. `plain` turns it back.
Json: TypeAlias = "bool | int | float | str | tuple[Json, ...] | Mapping[str, Json] | None"


def plain(value: Json) -> object:
    """Return ``value`` as lists and dicts, ready for ``json.dumps``."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value
