"""State of the mock: users, challenges, grants, counters and keys in one SQLite database.

Whatever may happen only once is one statement whose condition holds everything that must be true, so that
it stays right when several processes share the database. Nothing is decided here, no time is read, and what
is secret comes in hashed already, except TOTP secrets and phone numbers, which are needed as they are: a
state file has mode 0600.
"""

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from stepup_mock import statements as sql


class Row(NamedTuple):
    """What the store keeps of a user: the factor's name, and the phones as (id, number)."""

    factor: str | None
    phones: tuple[tuple[str, str], ...] = ()
    secret: bytes | None = None
    secret_id: bytes | None = None


class BadState(Exception):
    """The state file cannot be used; the text says why."""


class SqliteStore:
    """All statements over one connection; ``path`` None keeps it in memory."""

    def __init__(self, path: Path | None = None) -> None:
        try:
            self._open(path)
        except (OSError, sqlite3.Error) as error:
            raise BadState(str(error)) from error

    def _open(self, path: Path | None) -> None:
        self.mac_key = secrets.token_bytes(32) if path is None else _key_beside(path)
        if path is not None:
            _private_file(path)
        # Autocommit: a statement is its own transaction unless `transaction` opens one.
        self._db = sqlite3.connect(
            ":memory:" if path is None else path, isolation_level=None, check_same_thread=False, timeout=5
        )
        if self._db.execute("PRAGMA user_version").fetchone()[0] not in (0, sql.VERSION):
            self._db.close()
            raise sqlite3.DatabaseError("it was written by another version")
        if path is not None:
            # NORMAL loses nothing when the process is killed; only a power cut may undo the last commits.
            self._db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")
        self._db.executescript(sql.SCHEMA + f"PRAGMA user_version = {sql.VERSION};")
        self._cursor = self._db.cursor()

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All statements inside happen, or, when an exception leaves the block, none."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _row(self, statement: sql.Statement, **values: Any) -> Any:
        # Fetch all: SQLite holds its write lock while rows of RETURNING are left unread.
        rows = self._cursor.execute(statement.text, statement.values(values)).fetchall()
        return rows[0] if rows else None

    # Users

    def put_user(self, environment: str, user_id: str, row: Row, *, enabled: bool) -> None:
        """Create or replace a user; counters, locks and spent steps stay.

        What the user could still redeem dies, in whichever environment it was.
        """
        with self.transaction():
            self._forget(user_id, "totp_secrets", "challenges", "grants")
            phones = orjson.dumps(row.phones).decode()
            who = {"environment": environment, "user_id": user_id}
            self._row(sql.PUT_USER, **who, enabled=int(enabled), factor=row.factor, phones=phones)
            if row.secret is not None:
                self._row(sql.PUT_TOTP, **who, secret_id=row.secret_id, secret=row.secret)

    def delete_user(self, user_id: str) -> None:
        """Forget everything about a user."""
        with self.transaction():
            self._forget(user_id, *sql.OF_USERS)

    def _forget(self, user_id: str, *tables: str) -> None:
        for table in tables:
            self._row(sql.FORGET[table], user_id=user_id)

    def user(self, environment: str, user_id: str) -> Row | None:
        """Return an enabled user without its secret."""
        row = self._row(sql.USER, environment=environment, user_id=user_id)
        if row is None:
            return None
        factor, phones = row
        return Row(factor, tuple(map(tuple, orjson.loads(phones))) if factor == "Phone" else ())

    def totp_secret(self, environment: str, user_id: str) -> tuple[bytes, bytes] | None:
        """Return the id and the bytes of a user's TOTP secret."""
        row: tuple[bytes, bytes] | None = self._row(sql.TOTP, environment=environment, user_id=user_id)
        return row

    def environment_of(self, user_id: str) -> str | None:
        row = self._row(sql.ENVIRONMENT_OF, user_id=user_id)
        return None if row is None else str(row[0])

    # Throttle

    def locked_until(self, environment: str, user_id: str, *, at: float) -> float | None:
        row = self._row(sql.LOCKED_UNTIL, environment=environment, user_id=user_id, at=at)
        return None if row is None else float(row[0])

    def count_attempt(
        self, environment: str, user_id: str, *, at: float, limit: int, lock_until: float
    ) -> bool:
        """Count a wrong code, and lock at the limit. False, and nothing counted, when the user is locked."""
        who = {"environment": environment, "user_id": user_id}
        return self._row(sql.COUNT_ATTEMPT, **who, at=at, limit=limit, lock_until=lock_until) is not None

    def clear_attempts(self, environment: str, user_id: str) -> None:
        self._row(sql.CLEAR_ATTEMPTS, environment=environment, user_id=user_id)

    def spend_step(
        self, environment: str, user_id: str, secret_id: bytes, *, step_start: int, step_end: int
    ) -> bool:
        """Spend a time step and all before it; False when it was spent, or the secret is no longer theirs."""
        who = {"environment": environment, "user_id": user_id, "secret_id": secret_id}
        return self._row(sql.SPEND_STEP, **who, step_start=step_start, step_end=step_end) is not None

    def spent_until(self, environment: str, user_id: str, secret_id: bytes) -> float:
        """Return the end of the last step spent, 0 where none was."""
        who = {"environment": environment, "user_id": user_id, "secret_id": secret_id}
        row = self._row(sql.SPENT_UNTIL, **who)
        return 0.0 if row is None else float(row[0])

    def count_send(
        self, environment: str, user_id: str, phone_id: str, *, at: float, since: float, limit: int
    ) -> float | None:
        """Count a send, or return when the one was sent that fills the ``limit`` since ``since``."""
        which = {"environment": environment, "user_id": user_id, "phone_id": phone_id}
        if self._row(sql.COUNT_SEND, **which, at=at, since=since, limit=limit) is not None:
            return None
        return float(self._row(sql.BLOCKING_SEND, **which, limit=limit)[0])

    # Challenges

    def add_challenge(self, environment: str, user_id: str, **values: Any) -> None:
        self._row(sql.ADD_CHALLENGE, environment=environment, user_id=user_id, **values)

    def challenge_action(self, environment: str, user_id: str, challenge_id: str) -> bytes | None:
        which = {"environment": environment, "user_id": user_id, "challenge_id": challenge_id}
        row = self._row(sql.CHALLENGE_ACTION, **which)
        return None if row is None else bytes(row[0])

    def count_try(
        self, environment: str, user_id: str, challenge_id: str, *, at: float, limit: int
    ) -> bytes | None:
        """Count a try at a live challenge of this user and return the MAC of its code, or None."""
        which = {"environment": environment, "user_id": user_id, "challenge_id": challenge_id}
        row = self._row(sql.COUNT_TRY, **which, at=at, limit=limit)
        return None if row is None else bytes(row[0])

    def take_challenge(
        self, environment: str, user_id: str, challenge_id: str, *, at: float
    ) -> tuple[bytes, int, int] | None:
        """Consume a live challenge; return action_type, one_time and valid_for, or None if it was taken."""
        which = {"environment": environment, "user_id": user_id, "challenge_id": challenge_id}
        row: tuple[bytes, int, int] | None = self._row(sql.TAKE_CHALLENGE, **which, at=at)
        return row

    # Grants

    def add_grant(self, environment: str, user_id: str, **values: Any) -> None:
        self._row(sql.ADD_GRANT, environment=environment, user_id=user_id, **values)

    def grant_is_one_time(
        self, environment: str, user_id: str, action_type: bytes, grant_hash: bytes, *, at: float
    ) -> bool | None:
        """Say of which type a live grant is; None when there is none for this user and action."""
        row = self._row(
            sql.GRANT_IS_ONE_TIME,
            environment=environment, user_id=user_id, action_type=action_type, grant_hash=grant_hash, at=at,
        )  # fmt: skip
        return None if row is None else bool(row[0])

    def take_grant(
        self, environment: str, user_id: str, action_type: bytes, grant_hash: bytes, *, at: float
    ) -> bool:
        """Consume a live one-time grant. False when somebody else did."""
        row = self._row(
            sql.TAKE_GRANT,
            environment=environment, user_id=user_id, action_type=action_type, grant_hash=grant_hash, at=at,
        )  # fmt: skip
        return row is not None

    # API keys

    def add_api_key(self, **values: Any) -> None:
        self._row(sql.ADD_API_KEY, **values)

    def api_keys(self) -> list[tuple[bytes, str, str | None, int]]:
        """Return what was minted, as (hash, environment, permissions in JSON, feature_gated)."""
        return self._db.execute(sql.API_KEYS.text).fetchall()

    # For people to look at

    def users(self) -> list[dict[str, Any]]:
        """Return every user with its secret and its throttle, in the order of creation."""
        return self._dicts(sql.USERS)

    def challenges(self, *, at: float, limit: int) -> list[dict[str, Any]]:
        """Return the challenges that can still be verified, oldest first."""
        return self._dicts(sql.CHALLENGES, at=at, limit=limit)

    def grants(self, *, at: float) -> list[dict[str, Any]]:
        """Return the grants that are alive, oldest first."""
        return self._dicts(sql.GRANTS, at=at)

    def _dicts(self, statement: sql.Statement, **values: Any) -> list[dict[str, Any]]:
        cursor = self._db.execute(statement.text, statement.values(values))
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    # Housekeeping

    def sweep(self, *, at: float, sends_since: float) -> None:
        """Delete what ``at`` is past the end of, and note the time."""
        with self.transaction():
            for statement in sql.SWEEP:
                self._row(statement, at=at, sends_since=sends_since)

    def latest(self) -> float:
        """Return the time of the last sweep, 0 before the first."""
        row = self._row(sql.LATEST)
        return 0.0 if row is None else float(row[0])

    def save_clock(self, offset: float, frozen_at: float | None) -> None:
        """Keep how the clock was moved: all times of the store are by that clock."""
        self._row(sql.SAVE_CLOCK, offset=offset, frozen_at=frozen_at)

    def clock(self) -> tuple[float, float | None]:
        """Return offset and frozen_at as they were saved; 0 and None before."""
        row: tuple[float, float | None] = self._row(sql.CLOCK) or (0.0, None)
        return row

    def clear(self) -> None:
        """Forget everything."""
        with self.transaction():
            for statement in sql.CLEAR:
                self._row(statement)


def _private_file(path: Path) -> None:
    """Make the file with mode 0600, or take the others' rights away from one that is there."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    path.chmod(0o600)


def _key_beside(path: Path) -> bytes:
    """Return the key for MACs of SMS codes, 32 bytes; it lies in ``<path>.key``, not in the database."""
    beside = path.with_name(path.name + ".key")
    _private_file(beside)
    key = beside.read_bytes()
    if len(key) != 32:
        key = secrets.token_bytes(32)
        beside.write_bytes(key)
    return key
