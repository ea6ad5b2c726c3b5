"""API keys: which environment a caller speaks for and what it may do there.

Keys are kept as SHA-256 and looked up by it: neither the store nor the time of a comparison reveals one.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass

from stepup_mock.store import ApiKeyRecord, Store

DEFAULT_API_KEY = "stepup-mock-api-key"
# The default key is public: it works on loopback only.
DEFAULT_ENVIRONMENT = "test"


@dataclass(frozen=True, slots=True)
class Access:
    """What one API key opens; ``permissions`` are operationIds, None for all."""

    environment: str
    permissions: frozenset[str] | None = None
    feature_gated: bool = False


class NoBearerToken(Exception):
    """There are no credentials, or they use another scheme."""


class ApiKeys:
    """The keys of one world: the first, which stays, and those created through the control API."""

    def __init__(self, store: Store, first_key_hash: bytes) -> None:
        self._store = store
        # Headers that were accepted, so that a known caller costs one look-up.
        self._accepted: dict[bytes, Access] = {}
        self._first = {first_key_hash: Access(DEFAULT_ENVIRONMENT)}
        self._known = self._first | {record.key_hash: Access(*record[1:]) for record in store.api_keys()}

    def __contains__(self, key_hash: bytes) -> bool:
        return key_hash in self._known

    def find(self, credentials: bytes) -> Access | None:
        """Return what an Authorization header opens, None for an unknown key; raise NoBearerToken."""
        access = self._accepted.get(credentials)
        if access is None:
            scheme, _, key = credentials.partition(b" ")
            if scheme.lower() != b"bearer":
                raise NoBearerToken
            access = self._known.get(hash_key(key.strip()))
            if access is not None and len(self._accepted) < 1000:
                self._accepted[credentials] = access
        return access

    def create(self, access: Access) -> str:
        """Return a new key with this access."""
        key = new_api_key()
        key_hash = hash_key(key.encode())
        self._store.add_api_key(
            ApiKeyRecord(key_hash, access.environment, access.permissions, access.feature_gated)
        )
        self._known[key_hash] = access
        return key

    def forget_created(self) -> None:
        """Forget all keys but the first."""
        self._known = dict(self._first)
        self._accepted.clear()


def new_api_key() -> str:
    """Return a fresh API key."""
    return f"mock-{secrets.token_hex(20)}"


def new_control_key() -> str:
    """Return a fresh control key."""
    return f"control-{secrets.token_hex(16)}"


def hash_key(key: bytes) -> bytes:
    """Return what is kept of a key."""
    return hashlib.sha256(key).digest()


def looks_real(key: str) -> bool:
    """Return whether a key may be a real one: many hex digits, or a prefix such as ``sk_live_``."""
    return bool(
        re.fullmatch(r"[0-9A-Fa-f]{64,}", key) or re.match(r"(?i)(sk|pk|pa|key)?[-_]?(live|prod)[-_]", key)
    )
