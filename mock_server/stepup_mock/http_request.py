"""What a request says about itself: its headers, its operation and the ids in it; nothing is looked up."""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes

from stepup_mock import responses
from stepup_mock.responses import ApiResponse

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Headers = dict[bytes, bytes]

LOOKUP = "fetchUserMfaMethods"
_STEP_UP = b"/api/backend/v1/mfa/step-up/"
_POSTS = {
    _STEP_UP + b"verify-totp": "verifyStepUpTotpChallenge",
    _STEP_UP + b"phone/send": "sendSmsMfaCode",
    _STEP_UP + b"phone/verify": "verifySmsChallenge",
    _STEP_UP + b"verify-grant": "verifyStepUpGrant",
}
_LOOKUP_PATH = re.compile(rb"/api/backend/v1/user/([^/]+)/mfa")
_UUID = re.compile(r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}")
# Two readers would not agree on what one of these means when it is repeated.
_SINGLE = (b"authorization", b"content-type", b"content-encoding", b"host")


def merge_headers(pairs: list[tuple[bytes, bytes]]) -> Headers:
    """Return the headers by name; one that must not be repeated, and is, counts as empty."""
    headers = dict(pairs)
    if len(headers) != len(pairs):
        names = [name for name, _ in pairs]
        headers.update((name, b"") for name in _SINGLE if names.count(name) > 1)
    return headers


def operation_of(method: str, path: bytes) -> str | None:
    """Return the operationId of a request, None for a path or a method that has none."""
    if method == "POST":
        return _POSTS.get(path)
    return LOOKUP if method == "GET" and _LOOKUP_PATH.fullmatch(path) else None


def no_operation(path: bytes) -> ApiResponse:
    """Return the 405 for a path that has another method, else the 404."""
    if path in _POSTS:
        return responses.method_not_allowed(b"POST")
    return responses.method_not_allowed(b"GET") if _LOOKUP_PATH.fullmatch(path) else responses.NOT_FOUND


@lru_cache(maxsize=1024)
def parse_uuid(text: str) -> str | None:
    """Return a UUID in lower case, None for any other text."""
    return text.lower() if _UUID.fullmatch(text) else None


@lru_cache(maxsize=1024)
def user_in_path(path: bytes) -> str | None:
    """Return the user that the path of a lookup names."""
    match = _LOOKUP_PATH.fullmatch(path)
    # Decoded once: what is encoded twice is not an id, and a decoded slash leads nowhere.
    return None if match is None else parse_uuid(unquote_to_bytes(match[1]).decode("latin-1"))


def check_media_type(headers: Headers) -> ApiResponse | None:
    """Return the 415 for anything but plain JSON in UTF-8."""
    media_type = headers.get(b"content-type", b"")
    if media_type != b"application/json":
        name, _, parameters = media_type.lower().partition(b";")
        charset = parameters.strip().removeprefix(b"charset=").strip(b'"')
        if name.strip() != b"application/json" or charset not in (b"", b"utf-8", b"utf8"):
            return responses.UNSUPPORTED_MEDIA_TYPE
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        return responses.UNSUPPORTED_MEDIA_TYPE
    return None
