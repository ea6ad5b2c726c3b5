"""API keys: which environment a caller speaks for and what it may do there.

Keys are kept as SHA-256 and looked up by it, so neither the store nor a comparison's duration tells one.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass

import orjson

from stepup_mock.store import SqliteStore

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
    """There are no credentials, or they are of another scheme."""


class ApiKeys:
    """The key that the server was started with, and those minted since."""

    def __init__(self, store: SqliteStore, first_key: str) -> None:
        self._store = store
        # Headers that were accepted, so that a known caller costs one look-up.
        self._accepted: dict[bytes, Access] = {}
        self._first = {_hash(first_key.encode()): Access(DEFAULT_ENVIRONMENT)}
        self._known = self._first | {
            key_hash: Access(environment, _permissions(permissions), bool(gated))
            for key_hash, environment, permissions, gated in store.api_keys()
        }

    def find(self, credentials: bytes) -> Access | None:
        """Return what an Authorization header opens, None for an unknown key; raise NoBearerToken."""
        access = self._accepted.get(credentials)
        if access is None:
            scheme, _, key = credentials.partition(b" ")
            if scheme.lower() != b"bearer":
                raise NoBearerToken
            access = self._known.get(_hash(key.strip()))
            if access is not None and len(self._accepted) < 1000:
                self._accepted[credentials] = access
        return access

    def mint(self, access: Access) -> str:
        """Return a new key with this access."""
        key = f"mock-{secrets.token_hex(20)}"
        permissions = (
            None if access.permissions is None else orjson.dumps(sorted(access.permissions)).decode()
        )
        key_hash = _hash(key.encode())
        self._store.add_api_key(
            key_hash=key_hash,
            environment=access.environment,
            permissions=permissions,
            feature_gated=int(access.feature_gated),
        )
        self._known[key_hash] = access
        return key

    def forget_minted(self) -> None:
        self._known = dict(self._first)
        self._accepted.clear()


def looks_real(key: str) -> bool:
    """Say whether a key may be a real one: a long run of hex digits, or a name of what it opens."""
    return bool(
        re.fullmatch(r"[0-9A-Fa-f]{64,}", key) or re.match(r"(?i)(sk|pk|pa|key)?[-_]?(live|prod)[-_]", key)
    )


def _hash(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()


def _permissions(text: str | None) -> frozenset[str] | None:
    return None if text is None else frozenset(orjson.loads(text))
