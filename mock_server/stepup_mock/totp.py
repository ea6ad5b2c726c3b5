"""Time-based one-time passwords, RFC 6238 over HMAC-SHA-1.

Only computes: it keeps no state, reads no clock and does not know which steps were used.
"""

import base64
import binascii
import hmac
from collections.abc import Iterable

DIGITS = 6


def decode_secret(text: str) -> bytes:
    """Return the bytes of a base32 secret; case, spaces and padding do not matter.

    Raises ValueError when the text is not base32 or holds fewer than 80 bits, the least that authenticator
    apps use.
    """
    letters = text.replace(" ", "").rstrip("=").upper()
    try:
        secret = base64.b32decode(letters + "=" * (-len(letters) % 8))
    except binascii.Error as error:
        raise ValueError("not a base32 string") from error
    if len(secret) < 10:
        raise ValueError("shorter than 80 bits")
    return secret


def encode_secret(secret: bytes) -> str:
    """Return a secret in the form for authenticator apps: base32 without padding."""
    return base64.b32encode(secret).decode().rstrip("=")


def code_at(secret: bytes, step: int) -> str:
    """Return the code of one time step (RFC 6238 section 4.2): six digits, leading zeros kept."""
    # The counter has 64 bits: times beyond 2038 work.
    digest = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    # RFC 4226 section 5.3: the low nibble of the last byte says where the 31 bits start.
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def matching_step(secret: bytes, code: str, steps: Iterable[int]) -> int | None:
    """Return the latest of ``steps`` that has this very code, or None.

    The code must be the six ASCII digits themselves. Every step is compared, in constant time, whatever
    matches: the response time does not reveal how close a guess was.
    """
    submitted = code.encode()
    latest = None
    for step in steps:
        if hmac.compare_digest(code_at(secret, step).encode(), submitted) and (
            latest is None or step > latest
        ):
            latest = step
    return latest
