"""Bounds on what one request of schemathesis may cost.

By itself it reads a response whole and decompressed, however large that is, and waits as long as a byte comes
now and then. These bounds hold for the whole process: they belong in one of its own.
"""

import time
from typing import Any

import requests
from requests.adapters import HTTPAdapter

# After so many requests in a row without a response, each up to its timeout, the rest would only cost time.
GIVE_UP = 4
_PIECE = 1 << 16


class Bounds:
    """Responses end within ``seconds`` and ``size`` bytes and are not compressed; after too many timeouts
    nothing more is sent.
    """

    def __init__(self, seconds: float, size: int) -> None:
        self._seconds = seconds
        self._size = size
        self._silent = 0

    @property
    def given_up(self) -> bool:
        """Whether the server stopped responding; nothing more is sent."""
        return self._silent >= GIVE_UP

    def install(self) -> None:
        """Put every request of this process under the bounds."""
        send = HTTPAdapter.send

        def bounded(adapter: HTTPAdapter, request: requests.PreparedRequest, **how: Any) -> requests.Response:
            if self.given_up:
                raise requests.ConnectionError(f"no response to {GIVE_UP} requests in a row")
            request.headers["Accept-Encoding"] = "identity"
            deadline = time.monotonic() + self._seconds
            self._silent += 1
            response = send(adapter, request, **{**how, "stream": True})
            try:
                self._read(response, deadline)
            finally:
                response.close()
            self._silent = 0
            return response

        HTTPAdapter.send = bounded  # type: ignore[assignment, method-assign]

    def _read(self, response: requests.Response, deadline: float) -> None:
        """Read the body into the response. Raises RequestException where it breaks a bound."""
        encoding = response.headers.get("Content-Encoding", "identity")
        if encoding != "identity":
            raise requests.ConnectionError(
                f"the body is encoded as {encoding!r}, though only identity is accepted"
            )
        body = bytearray()
        try:
            while piece := response.raw.read1(_PIECE, decode_content=False):
                body += piece
                if len(body) > self._size:
                    raise requests.ConnectionError(f"the body is larger than {self._size} bytes")
                if time.monotonic() > deadline:
                    raise requests.ConnectionError(f"not finished within {self._seconds:g} s")
        except requests.RequestException:
            raise
        except Exception as error:  # urllib3 raises many kinds, as a connection can end in many ways
            raise requests.ConnectionError(f"the body broke off: {type(error).__name__}") from error
        # Where requests itself would keep the body.
        response._content = bytes(body)
        response._content_consumed = True
