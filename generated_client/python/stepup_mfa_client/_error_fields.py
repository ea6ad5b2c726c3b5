"""What the error bodies of the API say."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ._error_readers import quoted, text_of, texts_of

__all__ = ["ErrorFields", "code_of", "summary"]


class ErrorFields:
    """Attributes of every error; they are empty where there was no error body."""

    error_code: str | None = None
    user_facing_error: str | None = None
    field_errors: Mapping[str, str] = MappingProxyType({})
    user_facing_errors: Mapping[str, str] = MappingProxyType({})

    def _read(self, body: Mapping[str, Any]) -> None:
        """Set the attributes from an error body."""
        self.error_code = text_of(body, "error_code")
        self.user_facing_error = text_of(body, "user_facing_error")
        self.field_errors = texts_of(body, "field_errors", "field_to_errors")
        self.user_facing_errors = texts_of(body, "user_facing_errors")


def code_of(body: dict[str, Any]) -> str | None:
    """The error code; None where it is not an error body of this API."""
    return text_of(body, "error_code")


def summary(body: Mapping[str, Any]) -> str:
    """What of an error body may be in a message: codes, and names of fields."""
    parts = [quoted(text_of(body, "error_code") or "")]
    parts += [
        f"{quoted(name)}={quoted(value)}"
        for name, value in texts_of(body, "field_errors", "field_to_errors").items()
    ]
    return " ".join(parts)
