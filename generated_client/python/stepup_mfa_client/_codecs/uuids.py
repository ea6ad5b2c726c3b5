"""The check of the form of a UUID."""

from __future__ import annotations

import re

__all__ = ["uuid"]

_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


def uuid(value: str) -> str:
    return "" if _UUID.fullmatch(value) else "expected a UUID"
