"""Finds secrets in text in the forms in which they leak: complete, in part, in another letter case, alphabet
or punctuation.
"""

import base64
from collections.abc import Iterable


def secret_in(text: str, secret: str) -> str:
    """Return how ``text`` reveals a Base32 TOTP secret; empty where it does not."""
    if "otpauth:" in text.lower():
        return "an otpauth URI"
    raw = base64.b32decode(secret + "=" * (-len(secret) % 8))
    shapes = {
        "the secret in Base32": (secret.lower(), text.lower().replace(" ", "").replace("-", ""), 8),
        "the secret in hexadecimal": (raw.hex(), text.lower(), 12),
        "the secret in Base64": (base64.b64encode(raw).decode().rstrip("="), text, 10),
    }
    for name, (value, where, length) in shapes.items():
        if any(window in where for window in _windows(value, length)):
            return f"{name}, complete or in part"
    return ""


def number_in(text: str, number: str) -> bool:
    """Tell whether ``text`` holds seven digits in a row of a phone number, however they are punctuated."""
    digits = "".join(filter(str.isdigit, number))
    squeezed = text.translate({ord(mark): None for mark in " -.()/\u00a0"})
    return any(window in text or window in squeezed for window in _windows(digits, 7))


def code_in(text: str, code: str) -> bool:
    """Tell whether ``text`` holds a code, in any letter case."""
    return code.lower() in text.lower()


def _windows(value: str, length: int) -> Iterable[str]:
    return (value[start : start + length] for start in range(max(1, len(value) - length + 1)))
