"""The store in SQLite: one database for one world, in memory or in a file.

A state file has mode 0600, since TOTP secrets and phone numbers are needed as they are. The key for MACs of
SMS codes lies beside it, not in it.
"""

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from stepup_mock import statements as sql
from stepup_mock.store import (
    ApiKeyRecord,
    BadState,
    ChallengeDetails,
    GrantDetails,
    OpenStore,
    Terms,
    UserDetails,
    UserRecord,
    WorldRecord,
)


def sqlite_stores(path: Path | None) -> OpenStore:
    """Return what opens the stores of a server: ``path`` for the first world, ``path.ID`` for the others."""

    def open_store(world_id: str | None) -> SqliteStore:
        if path is None or world_id is None:
            return SqliteStore(path)
        return SqliteStore(path.with_name(f"{path.name}.{world_id}"))

    return open_store


class SqliteStore:
    """The statements of a Store over one connection; ``path`` None keeps the state in memory."""

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
        if self._db.in_transaction:
            yield
            return
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

    def _rows(self, statement: sql.Statement, **values: Any) -> list[Any]:
        return self._db.execute(statement.text, statement.values(values)).fetchall()

    # Users

    def put_user(self, environment: str, user_id: str, record: UserRecord, *, enabled: bool) -> None:
        who = {"environment": environment, "user_id": user_id}
        phones = orjson.dumps(record.phones).decode()
        with self.transaction():
            self._row(sql.FORGET["totp_secrets"], user_id=user_id)
            self._row(sql.PUT_USER, **who, enabled=int(enabled), factor=record.factor, phones=phones)
            if record.secret is not None:
                self._row(sql.PUT_TOTP, **who, secret_id=record.secret_id, secret=record.secret)

    def delete_user(self, user_id: str) -> None:
        with self.transaction():
            for table in sql.OF_USERS:
                self._row(sql.FORGET[table], user_id=user_id)

    def user(self, environment: str, user_id: str) -> UserRecord | None:
        row = self._row(sql.USER, environment=environment, user_id=user_id)
        if row is None:
            return None
        factor, phones = row
        return UserRecord(factor, _phones(phones) if factor == "Phone" else ())

    def totp_secret(self, environment: str, user_id: str) -> tuple[bytes, bytes] | None:
        row: tuple[bytes, bytes] | None = self._row(sql.TOTP, environment=environment, user_id=user_id)
        return row

    def environment_of(self, user_id: str) -> str | None:
        row = self._row(sql.ENVIRONMENT_OF, user_id=user_id)
        return None if row is None else str(row[0])

    # Wrong codes, spent steps and sends

    def locked_until(self, environment: str, user_id: str, *, at: float) -> float | None:
        row = self._row(sql.LOCKED_UNTIL, environment=environment, user_id=user_id, at=at)
        return None if row is None else float(row[0])

    def count_attempt(
        self, environment: str, user_id: str, *, at: float, limit: int, lock_until: float
    ) -> bool:
        who = {"environment": environment, "user_id": user_id}
        return self._row(sql.COUNT_ATTEMPT, **who, at=at, limit=limit, lock_until=lock_until) is not None

    def clear_attempts(self, environment: str, user_id: str) -> None:
        self._row(sql.CLEAR_ATTEMPTS, environment=environment, user_id=user_id)

    def spend_step(
        self, environment: str, user_id: str, secret_id: bytes, *, step_start: int, step_end: int
    ) -> bool:
        who = {"environment": environment, "user_id": user_id, "secret_id": secret_id}
        return self._row(sql.SPEND_STEP, **who, step_start=step_start, step_end=step_end) is not None

    def spent_until(self, environment: str, user_id: str, secret_id: bytes) -> float:
        who = {"environment": environment, "user_id": user_id, "secret_id": secret_id}
        row = self._row(sql.SPENT_UNTIL, **who)
        return 0.0 if row is None else float(row[0])

    def count_send(
        self, environment: str, user_id: str, phone_id: str, *, at: float, since: float, limit: int
    ) -> float | None:
        which = {"environment": environment, "user_id": user_id, "phone_id": phone_id}
        if self._row(sql.COUNT_SEND, **which, at=at, since=since, limit=limit) is not None:
            return None
        return float(self._row(sql.BLOCKING_SEND, **which, limit=limit)[0])

    # Challenges

    def add_challenge(
        self, environment: str, user_id: str, challenge_id: str, *,
        phone_id: str, code_mac: bytes, terms: Terms, expires_at: float,
    ) -> None:  # fmt: skip
        self._row(
            sql.ADD_CHALLENGE,
            environment=environment, user_id=user_id, challenge_id=challenge_id, phone_id=phone_id,
            code_mac=code_mac, action_type=terms.action_type.encode(), one_time=int(terms.one_time),
            valid_for=terms.valid_for_seconds, expires_at=expires_at,
        )  # fmt: skip

    def challenge_action(self, environment: str, user_id: str, challenge_id: str) -> str | None:
        which = {"environment": environment, "user_id": user_id, "challenge_id": challenge_id}
        row = self._row(sql.CHALLENGE_ACTION, **which)
        return None if row is None else bytes(row[0]).decode()

    def count_try(
        self, environment: str, user_id: str, challenge_id: str, *, at: float, limit: int
    ) -> bytes | None:
        which = {"environment": environment, "user_id": user_id, "challenge_id": challenge_id}
        row = self._row(sql.COUNT_TRY, **which, at=at, limit=limit)
        return None if row is None else bytes(row[0])

    def consume_challenge(
        self, environment: str, user_id: str, challenge_id: str, *, at: float
    ) -> Terms | None:
        which = {"environment": environment, "user_id": user_id, "challenge_id": challenge_id}
        row = self._row(sql.CONSUME_CHALLENGE, **which, at=at)
        return None if row is None else _terms(*row)

    def delete_challenges(self, user_id: str) -> None:
        self._row(sql.FORGET["challenges"], user_id=user_id)

    # Grants

    def add_grant(
        self, environment: str, user_id: str, *,
        grant_hash: bytes, action_type: str, one_time: bool, issued_at: float, expires_at: float,
    ) -> None:  # fmt: skip
        self._row(
            sql.ADD_GRANT,
            environment=environment, user_id=user_id, grant_hash=grant_hash,
            action_type=action_type.encode(), one_time=int(one_time),
            issued_at=issued_at, expires_at=expires_at,
        )  # fmt: skip

    def grant_is_one_time(
        self, environment: str, user_id: str, action_type: str, grant_hash: bytes, *, at: float
    ) -> bool | None:
        row = self._row(
            sql.GRANT_IS_ONE_TIME, environment=environment, user_id=user_id,
            action_type=action_type.encode(), grant_hash=grant_hash, at=at,
        )  # fmt: skip
        return None if row is None else bool(row[0])

    def consume_grant(
        self, environment: str, user_id: str, action_type: str, grant_hash: bytes, *, at: float
    ) -> bool:
        row = self._row(
            sql.CONSUME_GRANT, environment=environment, user_id=user_id,
            action_type=action_type.encode(), grant_hash=grant_hash, at=at,
        )  # fmt: skip
        return row is not None

    def delete_grants(self, user_id: str) -> None:
        self._row(sql.FORGET["grants"], user_id=user_id)

    # Keys and worlds

    def add_api_key(self, record: ApiKeyRecord) -> None:
        permissions = None if record.permissions is None else orjson.dumps(sorted(record.permissions))
        self._row(
            sql.ADD_API_KEY,
            key_hash=record.key_hash, environment=record.environment,
            permissions=permissions and permissions.decode(), feature_gated=int(record.feature_gated),
        )  # fmt: skip

    def api_keys(self) -> list[ApiKeyRecord]:
        return [
            ApiKeyRecord(
                key_hash, environment, None if text is None else frozenset(orjson.loads(text)), bool(gated)
            )
            for key_hash, environment, text, gated in self._rows(sql.API_KEYS)
        ]

    def add_world(self, record: WorldRecord) -> None:
        self._row(sql.ADD_WORLD, **record._asdict())

    def worlds(self) -> list[WorldRecord]:
        return [WorldRecord(*row) for row in self._rows(sql.WORLDS)]

    # Lists, for the control API

    def users(self) -> list[UserDetails]:
        return [
            UserDetails(
                user_id, environment, bool(enabled), factor, _phones(phones), secret, wrong, locked_until
            )
            for user_id, environment, enabled, factor, phones, secret, wrong, locked_until in self._rows(
                sql.USERS
            )
        ]

    def challenges(self, *, at: float, limit: int) -> list[ChallengeDetails]:
        return [
            ChallengeDetails(challenge_id, environment, user_id, phone_id, _terms(*terms), tries, expires_at)
            for challenge_id, environment, user_id, phone_id, *terms, tries, expires_at in self._rows(
                sql.CHALLENGES, at=at, limit=limit
            )
        ]

    def grants(self, *, at: float) -> list[GrantDetails]:
        return [
            GrantDetails(
                grant_hash, environment, user_id, action_type.decode(), bool(one_time), issued, expires
            )
            for grant_hash, environment, user_id, action_type, one_time, issued, expires in self._rows(
                sql.GRANTS, at=at
            )
        ]

    # Time

    def sweep(self, *, at: float, sends_since: float) -> None:
        with self.transaction():
            for statement in sql.SWEEP:
                self._row(statement, at=at, sends_since=sends_since)

    def last_sweep(self) -> float:
        row = self._row(sql.LAST_SWEEP)
        return 0.0 if row is None else float(row[0])

    def save_clock(self, offset: float, frozen_at: float | None) -> None:
        self._row(sql.SAVE_CLOCK, offset=offset, frozen_at=frozen_at)

    def saved_clock(self) -> tuple[float, float | None]:
        row: tuple[float, float | None] = self._row(sql.CLOCK) or (0.0, None)
        return row

    def clear(self) -> None:
        with self.transaction():
            for statement in sql.CLEAR:
                self._row(statement)


def _phones(text: str) -> tuple[tuple[str, str], ...]:
    return tuple(map(tuple, orjson.loads(text)))


def _terms(action_type: bytes, one_time: int, valid_for: int) -> Terms:
    return Terms(action_type.decode(), bool(one_time), valid_for)


def _private_file(path: Path) -> None:
    """Create a file with mode 0600, or restrict an existing one to it."""
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
