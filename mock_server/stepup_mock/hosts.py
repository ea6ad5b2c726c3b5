"""Which host names the server accepts: a page that rebinds its own name to this machine gets nothing."""

import ipaddress
from collections.abc import Iterable


class Hosts:
    """The allow-list for Host. ``any_address`` admits IP addresses, which no web page can rebind."""

    def __init__(self, names: Iterable[str] = (), *, any_address: bool = False) -> None:
        self._names = {"localhost", "127.0.0.1", "::1"} | {name.lower() for name in names}
        self._any_address = any_address
        # Raw headers that were accepted, so that the usual one costs one look-up. Bounded: ports differ.
        self._accepted: set[bytes] = set()

    def allow(self, header: bytes) -> bool:
        """Return whether a Host header names this server."""
        if header in self._accepted:
            return True
        name = _name(header.decode("latin-1"))
        if not (name in self._names or (self._any_address and _is_address(name))):
            return False
        if len(self._accepted) < 1000:
            self._accepted.add(header)
        return True


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach a server bound to ``host``."""
    if host.lower() == "localhost":
        return True
    return _is_address(host) and ipaddress.ip_address(host).is_loopback


def _name(header: str) -> str:
    """Return the host of ``host``, ``host:port`` or ``[v6]:port`` in lower case, else an empty string."""
    name, colon, port = header.lower().rpartition(":")
    if not colon or header.endswith("]"):
        name = header.lower()
    elif not (port.isascii() and port.isdigit()):
        return ""
    return name.removeprefix("[").removesuffix("]")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
