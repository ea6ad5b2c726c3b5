"""Reads a named profile of ``stepup.toml``: where a server is, what may be done to it, and which environment
variables hold its keys.

It refuses keys it does not know, values of another type, and a secret where the name of a variable is due.
"""

import re
import tomllib
from pathlib import Path
from typing import Any

from stepup_mfa.errors import CommandError

FILE = "stepup.toml"
_STRINGS = (
    "url",
    "control_url",
    "api_key_env",
    "control_key_env",
    "restart_command",
    "log_file",
    "inbox_command",
)
_LISTS = ("rules", "skip", "operations", "allow_hosts", "plain_users", "lockout_users")
_TABLES = ("totp_users", "phone_users")
_FLAGS = ("live", "exclusive", "allow_sms", "allow_lockout")
_TYPES: dict[str, type] = {
    **dict.fromkeys(_STRINGS, str),
    **dict.fromkeys(_LISTS, list),
    **dict.fromkeys(_FLAGS, bool),
    "seed": int,
    "budgets": dict,
    **dict.fromkeys(_TABLES, dict),
}
_BUDGETS = ("requests", "sms", "failures", "grants")
_WORDS = {str: "a string", list: "a list of strings", bool: "true or false", int: "a number", dict: "a table"}
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def read_profile(path: Path, name: str) -> dict[str, Any]:
    """Return the settings of one profile by key. Raises CommandError naming the place and the remedy."""
    try:
        text = path.read_text("utf-8")
        document = tomllib.loads(text)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}", "Name the file with --config FILE.") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CommandError(f"{path}: no TOML: {error}", "Correct the file.") from None
    _known(path, text, "", document, ("profiles",))
    profiles = document.get("profiles", {})
    if not isinstance(profiles, dict) or not isinstance(profiles.get(name), dict):
        known = ", ".join(profiles) if isinstance(profiles, dict) and profiles else "none"
        raise CommandError(f"{path}: no profile {name} (there is {known})", f"Add [profiles.{name}].")
    profile: dict[str, Any] = profiles[name]
    where = f"profiles.{name}"
    _known(path, text, where, profile, tuple(_TYPES))
    for key, value in profile.items():
        _typed(f"{path}: {where}.{key}", value, _TYPES[key])
    for key in ("api_key_env", "control_key_env"):
        if key in profile and not _VARIABLE.fullmatch(profile[key]):
            raise CommandError(
                f"{path}: {where}.{key} is no name of an environment variable",
                "Put the key into the environment and name its variable here.",
            )
    for table in _TABLES:
        for key, value in profile.get(table, {}).items():
            place = f"{path}: {where}.{table}.{key}"
            _typed(place, value, str)
            if not _VARIABLE.fullmatch(value.rpartition(":")[2]):
                raise CommandError(
                    f"{place} names no environment variable",
                    "Put the secret or the number into the environment and name its variable here.",
                )
    budgets = profile.get("budgets", {})
    _known(path, text, f"{where}.budgets", budgets, _BUDGETS)
    for key, value in budgets.items():
        _typed(f"{path}: {where}.budgets.{key}", value, int)
        if value < 0:
            raise CommandError(f"{path}: {where}.budgets.{key} is less than 0", "Give 0 or more.")
    return profile


def _known(path: Path, text: str, where: str, table: dict[str, Any], known: tuple[str, ...]) -> None:
    unknown = [key for key in table if key not in known]
    if unknown:
        place = ", ".join(f"{key}{_line(text, where, key)}" for key in unknown)
        inside = f" in {where}" if where else ""
        raise CommandError(f"{path}: unknown{inside}: {place}", f"Known are {', '.join(known)}.")


def _line(text: str, where: str, key: str) -> str:
    """Return the line of a key below its table's heading, as far as plain TOML shows it."""
    heading = ""
    for number, line in enumerate(text.splitlines(), 1):
        if found := re.match(r"\s*\[([^\[\]]+)\]", line):
            heading = found[1].replace(" ", "").replace('"', "")
            if heading == f"{where}.{key}".lstrip("."):
                return f" (line {number})"
        elif heading == where and re.match(rf"""\s*["']?{re.escape(key)}["']?\s*=""", line):
            return f" (line {number})"
    return ""


def _typed(place: str, value: Any, kind: type) -> None:
    right = type(value) is kind
    if isinstance(value, list):
        right = kind is list and all(isinstance(item, str) for item in value)
    if not right:
        raise CommandError(f"{place} is not {_WORDS[kind]}", f"Give {_WORDS[kind]}.")
