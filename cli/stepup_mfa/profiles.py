"""Reads a named profile of ``stepup.toml``: where a server is, what may be done to it, and which environment
variables hold its keys.

Its keys follow from the options of the command. It rejects unknown keys, values of another type, and a secret
where the name of a variable is expected.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stepup_mfa.contract_options import OPTIONS, PROFILE_ONLY, Kind, Option
from stepup_mfa.errors import CommandError

FILE = "stepup.toml"
_TYPES: Mapping[Kind, type] = {
    Kind.TEXT: str,
    Kind.SECRET: str,
    Kind.FILE: str,
    Kind.INTEGER: int,
    Kind.COUNT: int,
    Kind.BOOLEAN: bool,
    Kind.NAMES: list,
    Kind.LIST: list,
    Kind.OPTIONAL_LIST: list,
    Kind.TABLE: dict,
}
_DESCRIPTIONS: Mapping[type, str] = {
    str: "a string", list: "a list of strings", bool: "true or false", int: "an integer", dict: "a table",
}  # fmt: skip
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def read_profile(path: Path, name: str) -> dict[str, Any]:
    """Return the settings of one profile by key. Raises CommandError naming the place and the remedy."""
    try:
        text = path.read_text("utf-8")
        document = tomllib.loads(text)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}", "Name the file with --config FILE.") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CommandError(f"{path}: not valid TOML: {error}", "Correct the file.") from None
    _check_keys(path, text, "", document, ("profiles",))
    profiles = document.get("profiles", {})
    if not isinstance(profiles, dict) or not isinstance(profiles.get(name), dict):
        known = ", ".join(profiles) if isinstance(profiles, dict) and profiles else "none"
        raise CommandError(f"{path}: no profile {name} (there is {known})", f"Add [profiles.{name}].")
    profile: dict[str, Any] = profiles[name]
    _check_profile(path, text, f"profiles.{name}", profile)
    return profile


def _check_profile(path: Path, text: str, place: str, profile: dict[str, Any]) -> None:
    options = {option.profile: option for option in OPTIONS if option.profile}
    tables = {key.partition(".")[0] for key in options if "." in key}
    known = [*PROFILE_ONLY, *tables, *(key for key in options if "." not in key)]
    _check_keys(path, text, place, profile, known)
    for key, value in profile.items():
        here = f"{path}: {place}.{key}"
        if key in PROFILE_ONLY:
            _check_type(here, value, PROFILE_ONLY[key])
        elif key in tables:
            _check_type(here, value, dict)
            inner = {
                name.partition(".")[2]: option
                for name, option in options.items()
                if name.startswith(f"{key}.")
            }
            _check_keys(path, text, f"{place}.{key}", value, inner)
            for name, item in value.items():
                _check_value(f"{here}.{name}", inner[name], item)
        else:
            _check_value(here, options[key], value)


def _check_value(place: str, option: Option, value: Any) -> None:
    _check_type(place, value, _TYPES[option.kind])
    if option.kind is Kind.COUNT and value < 0:
        raise CommandError(f"{place} is less than 0", "Give 0 or more.")
    if option.kind is Kind.SECRET and not _VARIABLE.fullmatch(value):
        raise CommandError(
            f"{place} is not the name of an environment variable",
            "Put the key into the environment and name its variable here.",
        )
    if option.kind is Kind.TABLE:
        for key, variable in value.items():
            _check_type(f"{place}.{key}", variable, str)
            if not _VARIABLE.fullmatch(variable.rpartition(":")[2]):
                raise CommandError(
                    f"{place}.{key} names no environment variable",
                    "Put the secret or the number into the environment and name its variable here.",
                )


def _check_keys(path: Path, text: str, place: str, table: dict[str, Any], known: Any) -> None:
    unknown = [key for key in table if key not in known]
    if unknown:
        listed = ", ".join(f"{key}{_line(text, place, key)}" for key in unknown)
        inside = f" in {place}" if place else ""
        raise CommandError(f"{path}: unknown{inside}: {listed}", f"Known are {', '.join(known)}.")


def _line(text: str, place: str, key: str) -> str:
    """Return the line of a key below its table's heading, as far as plain TOML shows it."""
    heading = ""
    for number, line in enumerate(text.splitlines(), 1):
        if match := re.match(r"\s*\[([^\[\]]+)\]", line):
            heading = match[1].replace(" ", "").replace('"', "")
            if heading == f"{place}.{key}".lstrip("."):
                return f" (line {number})"
        elif heading == place and re.match(rf"""\s*["']?{re.escape(key)}["']?\s*=""", line):
            return f" (line {number})"
    return ""


def _check_type(place: str, value: Any, expected: type) -> None:
    right = type(value) is expected
    if isinstance(value, list):
        right = expected is list and all(isinstance(item, str) for item in value)
    if not right:
        raise CommandError(f"{place} is not {_DESCRIPTIONS[expected]}", f"Give {_DESCRIPTIONS[expected]}.")
