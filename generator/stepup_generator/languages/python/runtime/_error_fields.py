"""What the error bodies of the API say: for an API whose error bodies have no error code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["ErrorFields", "code_of", "summary"]


class ErrorFields:
    """No attributes: nothing is known of the bodies."""

    def _read(self, body: Mapping[str, Any]) -> None:
        """Set the attributes from an error body."""


def code_of(body: dict[str, Any]) -> str | None:
    """The error code; None where it is not an error body of this API. Here every object is one."""
    return ""


def summary(body: Mapping[str, Any]) -> str:
    """What of an error body may be in a message: codes, and names of fields."""
    return "rejected"
