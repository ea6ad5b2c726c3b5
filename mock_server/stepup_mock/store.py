"""What a store of the mock must do: one world's users, challenges, grants, counters and keys.

Whatever may happen only once is one call whose condition holds everything that must be true, so that it stays
right when several processes share a database. A store decides nothing and reads no clock. Grants, codes and
API keys reach it hashed; TOTP secrets and phone numbers are needed as they are.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol


class BadState(Exception):
    """The stored state cannot be used; the text says why."""


class UserRecord(NamedTuple):
    """A user's factor: its name, the phones as (id, number), and the TOTP secret with its hash."""

    factor: str | None
    phones: tuple[tuple[str, str], ...] = ()
    secret: bytes | None = None
    secret_id: bytes | None = None


class Terms(NamedTuple):
    """What a grant is good for; ``valid_for_seconds`` is its lifetime."""

    action_type: str
    one_time: bool
    valid_for_seconds: int


class ApiKeyRecord(NamedTuple):
    """An API key by its SHA-256; ``permissions`` are operationIds, None for all of them."""

    key_hash: bytes
    environment: str
    permissions: frozenset[str] | None
    feature_gated: bool


class WorldRecord(NamedTuple):
    """A world beside the first, by the SHA-256 of its two keys."""

    world_id: str
    api_key_hash: bytes
    control_key_hash: bytes


class UserDetails(NamedTuple):
    """Everything about one user, for the control API."""

    user_id: str
    environment: str
    enabled: bool
    factor: str | None
    phones: tuple[tuple[str, str], ...]
    secret: bytes | None
    wrong_codes: int
    locked_until: float | None


class ChallengeDetails(NamedTuple):
    """Everything about one challenge but its code."""

    challenge_id: str
    environment: str
    user_id: str
    phone_id: str
    terms: Terms
    tries: int
    expires_at: float


class GrantDetails(NamedTuple):
    """Everything about one grant but the grant itself."""

    grant_hash: bytes
    environment: str
    user_id: str
    action_type: str
    one_time: bool
    issued_at: float
    expires_at: float


class Store(Protocol):
    """The state of one world. Times are Unix seconds; ``mac_key`` is the key for MACs of SMS codes."""

    mac_key: bytes

    def close(self) -> None:
        """Release what the store holds open."""

    def transaction(self) -> AbstractContextManager[None]:
        """All calls inside take effect, or, when an exception leaves the block, none. Blocks may nest."""

    # Users

    def put_user(self, environment: str, user_id: str, record: UserRecord, *, enabled: bool) -> None:
        """Create or replace a user and the secret; counters, locks and spent steps stay."""

    def delete_user(self, user_id: str) -> None:
        """Forget everything about a user."""

    def user(self, environment: str, user_id: str) -> UserRecord | None:
        """Return an enabled user without the secret."""

    def totp_secret(self, environment: str, user_id: str) -> tuple[bytes, bytes] | None:
        """Return the id and the bytes of a user's TOTP secret."""

    def environment_of(self, user_id: str) -> str | None:
        """Return the environment of a user, None for an unknown one."""

    # Wrong codes, spent steps and sends

    def locked_until(self, environment: str, user_id: str, *, at: float) -> float | None:
        """Return the end of a lock that holds at ``at``."""

    def count_attempt(
        self, environment: str, user_id: str, *, at: float, limit: int, lock_until: float
    ) -> bool:
        """Count a wrong code, and lock at the limit. False, and nothing counted, when the user is locked."""

    def clear_attempts(self, environment: str, user_id: str) -> None:
        """Forget the wrong codes of a user, and the lock."""

    def spend_step(
        self, environment: str, user_id: str, secret_id: bytes, *, step_start: int, step_end: int
    ) -> bool:
        """Spend a time step and all before it; False when it was spent or the secret was replaced."""

    def spent_until(self, environment: str, user_id: str, secret_id: bytes) -> float:
        """Return the end of the last spent step, 0 before the first."""

    def count_send(
        self, environment: str, user_id: str, phone_id: str, *, at: float, since: float, limit: int
    ) -> float | None:
        """Count a send and return None; with ``limit`` sends since ``since``, return the oldest of them."""

    # Challenges

    def add_challenge(
        self, environment: str, user_id: str, challenge_id: str, *,
        phone_id: str, code_mac: bytes, terms: Terms, expires_at: float,
    ) -> None:  # fmt: skip
        """Store a challenge that nobody has tried yet."""

    def challenge_action(self, environment: str, user_id: str, challenge_id: str) -> str | None:
        """Return the action type of a user's challenge."""

    def count_try(
        self, environment: str, user_id: str, challenge_id: str, *, at: float, limit: int
    ) -> bytes | None:
        """Count a try at a valid challenge of this user and return the MAC of its code, or None."""

    def consume_challenge(
        self, environment: str, user_id: str, challenge_id: str, *, at: float
    ) -> Terms | None:
        """Consume a valid challenge and return its terms; None when there is none."""

    def delete_challenges(self, user_id: str) -> None:
        """Delete a user's challenges in every environment."""

    # Grants

    def add_grant(
        self, environment: str, user_id: str, *,
        grant_hash: bytes, action_type: str, one_time: bool, issued_at: float, expires_at: float,
    ) -> None:  # fmt: skip
        """Store a grant that was just issued."""

    def grant_is_one_time(
        self, environment: str, user_id: str, action_type: str, grant_hash: bytes, *, at: float
    ) -> bool | None:
        """Return the type of a valid grant, None when there is none for this user and action."""

    def consume_grant(
        self, environment: str, user_id: str, action_type: str, grant_hash: bytes, *, at: float
    ) -> bool:
        """Consume a valid one-time grant; False when another call did."""

    def delete_grants(self, user_id: str) -> None:
        """Delete a user's grants in every environment."""

    # Keys and worlds

    def add_api_key(self, record: ApiKeyRecord) -> None:
        """Store an API key that was created through the control API."""

    def api_keys(self) -> list[ApiKeyRecord]:
        """Return the API keys that were created through the control API."""

    def add_world(self, record: WorldRecord) -> None:
        """Store a further world; only the first world's store is asked."""

    def worlds(self) -> list[WorldRecord]:
        """Return the further worlds in the order of their creation."""

    # Lists, for the control API

    def users(self) -> list[UserDetails]:
        """Return all users in the order of their creation."""

    def challenges(self, *, at: float, limit: int) -> list[ChallengeDetails]:
        """Return the challenges that can still be verified, oldest first."""

    def grants(self, *, at: float) -> list[GrantDetails]:
        """Return the valid grants, oldest first."""

    # Time

    def sweep(self, *, at: float, sends_since: float) -> None:
        """Delete what has expired by ``at``, and note the time. Locks that hold and spent steps stay."""

    def last_sweep(self) -> float:
        """Return the time of the last sweep, 0 before the first."""

    def save_clock(self, offset: float, frozen_at: float | None) -> None:
        """Keep how the clock was moved: all times of the store follow that clock."""

    def saved_clock(self) -> tuple[float, float | None]:
        """Return offset and frozen_at as they were saved; 0 and None before."""

    def clear(self) -> None:
        """Forget everything but the further worlds."""


# Opens the store of a further world by its id; the first world's id is None.
OpenStore = Callable[[str | None], Store]
