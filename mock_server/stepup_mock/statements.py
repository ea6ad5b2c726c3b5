"""The store's tables and the statements on them, as text.

A statement that consumes holds every condition of the consumption itself. All are written in what SQLite and
PostgreSQL have in common; of the tables, BLOB and WITHOUT ROWID are SQLite's own.
"""

import re
from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any


class Statement:
    """One statement with named values, such as ``:user_id``; bound by position, which costs half as much."""

    def __init__(self, text: str) -> None:
        names = re.findall(r":([a-z_]+)", text)
        self.text = re.sub(r":[a-z_]+", "?", text)
        # itemgetter gives a tuple only for two names or more.
        self.values: Callable[[Mapping[str, Any]], tuple[Any, ...]] = (
            itemgetter(*names) if len(names) > 1 else lambda values: tuple(values[name] for name in names)
        )


# Goes up with every change after which an older file cannot be used.
VERSION = 1
# Secrets lie apart from what a lookup reads. Spent steps are kept for each secret, so that enrolling the same
# secret again makes no code valid, and as times: they stay comparable when the length of a step changes.
# `worlds` has rows in the first world's database only.
SCHEMA = """
CREATE TABLE IF NOT EXISTS users (
    user_id TEXT NOT NULL PRIMARY KEY, environment TEXT NOT NULL, enabled INTEGER NOT NULL, factor TEXT,
    phones TEXT NOT NULL, position INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS totp_secrets (
    user_id TEXT NOT NULL PRIMARY KEY, environment TEXT NOT NULL, secret_id BLOB NOT NULL,
    secret BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spent_steps (
    environment TEXT NOT NULL, user_id TEXT NOT NULL, secret_id BLOB NOT NULL, spent_until BIGINT NOT NULL,
    PRIMARY KEY (environment, user_id, secret_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS attempts (
    environment TEXT NOT NULL, user_id TEXT NOT NULL, wrong INTEGER NOT NULL, locked_until DOUBLE PRECISION,
    PRIMARY KEY (environment, user_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sends (
    environment TEXT NOT NULL, user_id TEXT NOT NULL, phone_id TEXT NOT NULL,
    sent_at DOUBLE PRECISION NOT NULL);
CREATE INDEX IF NOT EXISTS sends_by_phone ON sends (environment, user_id, phone_id, sent_at);
CREATE TABLE IF NOT EXISTS challenges (
    challenge_id TEXT NOT NULL PRIMARY KEY, environment TEXT NOT NULL, user_id TEXT NOT NULL,
    phone_id TEXT NOT NULL, code_mac BLOB NOT NULL, action_type BLOB NOT NULL, one_time INTEGER NOT NULL,
    valid_for INTEGER NOT NULL, tries INTEGER NOT NULL, expires_at DOUBLE PRECISION NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS challenges_by_user ON challenges (user_id);
CREATE INDEX IF NOT EXISTS challenges_by_end ON challenges (expires_at);
CREATE TABLE IF NOT EXISTS grants (
    grant_hash BLOB NOT NULL PRIMARY KEY, environment TEXT NOT NULL, user_id TEXT NOT NULL,
    action_type BLOB NOT NULL, one_time INTEGER NOT NULL, issued_at DOUBLE PRECISION NOT NULL,
    expires_at DOUBLE PRECISION NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS grants_by_user ON grants (user_id);
CREATE INDEX IF NOT EXISTS grants_by_end ON grants (expires_at);
CREATE TABLE IF NOT EXISTS api_keys (
    key_hash BLOB NOT NULL PRIMARY KEY, environment TEXT NOT NULL, permissions TEXT,
    feature_gated INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS clock (
    id INTEGER PRIMARY KEY, moved_by DOUBLE PRECISION NOT NULL, frozen_at DOUBLE PRECISION);
CREATE TABLE IF NOT EXISTS worlds (
    world_id TEXT NOT NULL PRIMARY KEY, api_key_hash BLOB NOT NULL, control_key_hash BLOB NOT NULL,
    position INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS latest (id INTEGER PRIMARY KEY, at DOUBLE PRECISION NOT NULL);
"""
OF_USERS = ("users", "totp_secrets", "spent_steps", "attempts", "sends", "challenges", "grants")

PUT_USER = Statement("""
INSERT INTO users (user_id, environment, enabled, factor, phones, position)
VALUES (:user_id, :environment, :enabled, :factor, :phones,
        (SELECT coalesce(max(position), 0) + 1 FROM users))
ON CONFLICT (user_id) DO UPDATE SET environment = excluded.environment, enabled = excluded.enabled,
    factor = excluded.factor, phones = excluded.phones""")
USER = Statement("""
SELECT factor, phones FROM users
WHERE user_id = :user_id AND environment = :environment AND enabled = 1""")
ENVIRONMENT_OF = Statement("SELECT environment FROM users WHERE user_id = :user_id")
TOTP = Statement("""
SELECT secret_id, secret FROM totp_secrets WHERE user_id = :user_id AND environment = :environment""")
PUT_TOTP = Statement("""
INSERT INTO totp_secrets (environment, user_id, secret_id, secret)
VALUES (:environment, :user_id, :secret_id, :secret)""")

LOCKED_UNTIL = Statement("""
SELECT locked_until FROM attempts
WHERE environment = :environment AND user_id = :user_id AND locked_until > :at""")
# Counts an attempt as wrong before its code is looked at; no row comes back while the user is locked, and
# the attempt that reaches the limit locks at once: parallel attempts get no extra guesses. A lock that is
# over starts a new count.
COUNT_ATTEMPT = Statement("""
INSERT INTO attempts (environment, user_id, wrong, locked_until)
VALUES (:environment, :user_id, 1, CASE WHEN 1 >= :limit THEN :lock_until END)
ON CONFLICT (environment, user_id) DO UPDATE SET
    wrong = CASE WHEN attempts.locked_until IS NULL THEN attempts.wrong + 1 ELSE 1 END,
    locked_until = CASE WHEN attempts.locked_until IS NULL AND attempts.wrong + 1 >= :limit OR 1 >= :limit
        THEN :lock_until END
WHERE attempts.locked_until IS NULL OR attempts.locked_until <= :at
RETURNING wrong""")
CLEAR_ATTEMPTS = Statement("DELETE FROM attempts WHERE environment = :environment AND user_id = :user_id")

# RFC 6238 section 5.2: a code verifies once. Neither it nor an older one passes again.
SPEND_STEP = Statement("""
INSERT INTO spent_steps (environment, user_id, secret_id, spent_until)
SELECT environment, user_id, secret_id, :step_end FROM totp_secrets
WHERE environment = :environment AND user_id = :user_id AND secret_id = :secret_id
ON CONFLICT (environment, user_id, secret_id) DO UPDATE SET spent_until = excluded.spent_until
WHERE spent_steps.spent_until <= :step_start
RETURNING spent_until""")

SPENT_UNTIL = Statement("""
SELECT spent_until FROM spent_steps
WHERE environment = :environment AND user_id = :user_id AND secret_id = :secret_id""")

COUNT_SEND = Statement("""
INSERT INTO sends (environment, user_id, phone_id, sent_at)
SELECT :environment, :user_id, :phone_id, :at
WHERE (SELECT count(*) FROM sends WHERE environment = :environment AND user_id = :user_id
       AND phone_id = :phone_id AND sent_at > :since) < :limit
RETURNING sent_at""")
BLOCKING_SEND = Statement("""
SELECT sent_at FROM sends
WHERE environment = :environment AND user_id = :user_id AND phone_id = :phone_id
ORDER BY sent_at DESC LIMIT 1 OFFSET :limit - 1""")

ADD_CHALLENGE = Statement("""
INSERT INTO challenges (challenge_id, environment, user_id, phone_id, code_mac, action_type, one_time,
    valid_for, tries, expires_at)
VALUES (:challenge_id, :environment, :user_id, :phone_id, :code_mac, :action_type, :one_time,
    :valid_for, 0, :expires_at)""")
CHALLENGE_ACTION = Statement("""
SELECT action_type FROM challenges
WHERE challenge_id = :challenge_id AND environment = :environment AND user_id = :user_id""")
# As with attempts, a try is counted before its code is looked at.
COUNT_TRY = Statement("""
UPDATE challenges SET tries = tries + 1
WHERE challenge_id = :challenge_id AND environment = :environment AND user_id = :user_id
  AND expires_at > :at AND tries < :limit
RETURNING code_mac""")
CONSUME_CHALLENGE = Statement("""
DELETE FROM challenges
WHERE challenge_id = :challenge_id AND environment = :environment AND user_id = :user_id AND expires_at > :at
RETURNING action_type, one_time, valid_for""")

ADD_GRANT = Statement("""
INSERT INTO grants (grant_hash, environment, user_id, action_type, one_time, issued_at, expires_at)
VALUES (:grant_hash, :environment, :user_id, :action_type, :one_time, :issued_at, :expires_at)""")
_LIVE_GRANT = """
FROM grants
WHERE grant_hash = :grant_hash AND environment = :environment AND user_id = :user_id
  AND action_type = :action_type AND expires_at > :at"""
GRANT_IS_ONE_TIME = Statement(f"SELECT one_time {_LIVE_GRANT}")
CONSUME_GRANT = Statement(f"DELETE {_LIVE_GRANT} AND one_time = 1 RETURNING 1")

ADD_API_KEY = Statement("""
INSERT INTO api_keys (key_hash, environment, permissions, feature_gated)
VALUES (:key_hash, :environment, :permissions, :feature_gated)""")
API_KEYS = Statement("SELECT key_hash, environment, permissions, feature_gated FROM api_keys")
ADD_WORLD = Statement("""
INSERT INTO worlds (world_id, api_key_hash, control_key_hash, position)
VALUES (:world_id, :api_key_hash, :control_key_hash,
        (SELECT coalesce(max(position), 0) + 1 FROM worlds))""")
WORLDS = Statement("SELECT world_id, api_key_hash, control_key_hash FROM worlds ORDER BY position")

# Lists, for the control API.
USERS = Statement("""
SELECT users.user_id, users.environment, enabled, factor, phones, secret, coalesce(wrong, 0), locked_until
FROM users
LEFT JOIN totp_secrets ON totp_secrets.user_id = users.user_id
LEFT JOIN attempts ON attempts.user_id = users.user_id AND attempts.environment = users.environment
ORDER BY position""")
CHALLENGES = Statement("""
SELECT challenge_id, environment, user_id, phone_id, action_type, one_time, valid_for, tries, expires_at
FROM challenges WHERE expires_at > :at AND tries < :limit ORDER BY expires_at, challenge_id""")
GRANTS = Statement("""
SELECT grant_hash, environment, user_id, action_type, one_time, issued_at, expires_at FROM grants
WHERE expires_at > :at ORDER BY issued_at, grant_hash""")

# Locks that still hold and spent steps are not swept.
SWEEP = (
    Statement("DELETE FROM grants WHERE expires_at <= :at"),
    Statement("DELETE FROM challenges WHERE expires_at <= :at"),
    Statement("DELETE FROM attempts WHERE locked_until <= :at"),
    Statement("DELETE FROM sends WHERE sent_at <= :sends_since"),
    Statement("INSERT INTO latest (id, at) VALUES (1, :at) ON CONFLICT (id) DO UPDATE SET at = excluded.at"),
)
SAVE_CLOCK = Statement("""
INSERT INTO clock (id, moved_by, frozen_at) VALUES (1, :offset, :frozen_at)
ON CONFLICT (id) DO UPDATE SET moved_by = excluded.moved_by, frozen_at = excluded.frozen_at""")
CLOCK = Statement("SELECT moved_by, frozen_at FROM clock")
LAST_SWEEP = Statement("SELECT at FROM latest")


def forget(table: str) -> Statement:
    """Return the statement that deletes a user's rows of one table."""
    return Statement(f"DELETE FROM {table} WHERE user_id = :user_id")  # noqa: S608 - names of our own


FORGET = {table: forget(table) for table in OF_USERS}
CLEAR = tuple(Statement(f"DELETE FROM {table}") for table in (*OF_USERS, "api_keys", "clock", "latest"))  # noqa: S608
