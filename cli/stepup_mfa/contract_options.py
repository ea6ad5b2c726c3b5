"""The options of ``stepup-mfa contract``, each declared once.

From these declarations follow the options of the command, those of pytest (``--stepup-…``), the keys of a
profile in ``stepup.toml``, the inputs of ``action.yml``, and what ``stepup-mfa faults`` shares with them. It
imports nothing of the suite: the pytest plugin loads it in every test run.
"""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Any

from stepup_mfa.errors import CommandError

PREFIX = "stepup-"


class Kind(Enum):
    """What an option holds, which decides how each place spells it."""

    TEXT = auto()
    SECRET = auto()  # in a profile the name of an environment variable, `<key>_env`; no input of the action
    FILE = auto()
    INTEGER = auto()
    COUNT = auto()  # an integer of 0 or more
    SECONDS = auto()
    BOOLEAN = auto()
    CHOICE = auto()
    NAMES = auto()  # separated by commas, a list in a profile
    LIST = auto()  # repeatable, a list in a profile, one per line in the action
    OPTIONAL_LIST = auto()  # as LIST, and the option may stand without a value
    TABLE = auto()  # repeatable `ID:VARIABLE`, in a profile a table of ids and variables


@dataclass(frozen=True, slots=True)
class Option:
    """One option; ``default`` holds where option, profile and environment are silent.

    ``variable`` is the environment variable that may give it, ``profile`` its key in a profile, with a dot
    before a key of a table. ``pytest`` and ``action`` say whether it is offered there.
    """

    name: str
    kind: Kind
    metavar: str
    help: str
    default: Any = None
    variable: str = ""
    profile: str = ""
    pytest: bool = False
    action: bool = False
    choices: tuple[str, ...] = ()

    @property
    def attribute(self) -> str:
        """Its name in the namespace of argparse."""
        return self.name.replace("-", "_")

    @property
    def is_list(self) -> bool:
        return self.kind in (Kind.LIST, Kind.OPTIONAL_LIST, Kind.TABLE)

    @property
    def negative(self) -> bool:
        """Whether it turns something off: the action has an input without the "no-", true by default."""
        return self.name.startswith("no-")

    @property
    def empty(self) -> Any:
        """What argparse holds where the option is absent: None where a profile or a variable may give it."""
        if self.kind is Kind.BOOLEAN:
            return False
        return None if self.profile or self.variable else self.default

    def help_with(self, default: Any) -> str:
        """Return the help of the option, with its variable and its default."""
        text = self.help
        if self.is_list:
            text += "; repeatable"
        if self.kind is Kind.SECRET:
            text += f"; other users of this machine can see options, so prefer {self.variable}"
        elif self.variable:
            text += f" ({self.variable})"
        return text if default is None else f"{text} (default: {default})"


_TEXT, _FILE, _BOOLEAN, _NAMES = Kind.TEXT, Kind.FILE, Kind.BOOLEAN, Kind.NAMES
_ALL: Mapping[str, Any] = {"pytest": True, "action": True}

OPTIONS = (
    Option("profile", _TEXT, "NAME", "take settings from this profile of stepup.toml", **_ALL),
    Option("config", _FILE, "FILE", "file with the profiles, instead of stepup.toml", **_ALL),
    Option(
        "url", _TEXT, "URL", "root URL of the server under test",
        variable="STEPUP_MFA_AUTH_URL", profile="url", **_ALL,
    ),
    Option(
        "api-key", Kind.SECRET, "KEY", "API key of the server",
        variable="STEPUP_MFA_API_KEY", profile="api_key_env", pytest=True,
    ),
    Option(
        "control-url", _TEXT, "URL",
        "root URL of the control API; without it only what needs no prepared users is checked",
        variable="STEPUP_MFA_CONTROL_URL", profile="control_url", **_ALL,
    ),
    Option(
        "control-key", Kind.SECRET, "KEY", "key of the control API",
        variable="STEPUP_MFA_CONTROL_KEY", profile="control_key_env", pytest=True,
    ),
    Option(
        "rules", _NAMES, "IDS", "check only these rules or groups, such as A1,T,V2", profile="rules", **_ALL
    ),
    Option("skip", _NAMES, "IDS", "leave out these rules or groups", profile="skip", **_ALL),
    Option(
        "operation", _NAMES, "IDS", "check only rules about these operationIds", profile="operations", **_ALL
    ),
    Option(
        "thorough", _BOOLEAN, "",
        "use the thorough figures of the rules (rounds, tries, sizes), not the quick ones; takes minutes",
        profile="thorough", **_ALL,
    ),
    Option(
        "seed", Kind.INTEGER, "N", "seed of all random choices, to repeat a run; random if absent",
        profile="seed", **_ALL,
    ),
    Option("baseline", _FILE, "FILE", "known findings that do not fail the run (TOML)", action=True),
    Option("fail-fast", _BOOLEAN, "", "start nothing more after the first finding"),
    Option("dry-run", _BOOLEAN, "", "print what would be done, and send nothing"),
    Option("timeout", Kind.SECONDS, "SECONDS", "how long one response may take", default=10, pytest=True),
    Option(
        "restart-command", _TEXT, "COMMAND",
        "restarts the server, for the rule about restarts; run without a shell",
        profile="restart_command", pytest=True,
    ),
    Option(
        "log-file", _FILE, "FILE", "what the server logs to, for the rule about leaks",
        profile="log_file", pytest=True,
    ),
    Option(
        "exclusive", _BOOLEAN, "",
        "move the clock and the limits even though the server holds other users than its demo users",
        profile="exclusive", pytest=True,
    ),
    Option(
        "totp-user", Kind.TABLE, "ID:VARIABLE",
        "a user with an authenticator app: id, and the variable that holds its base32 secret",
        profile="totp_users", **_ALL,
    ),
    Option(
        "phone-user", Kind.TABLE, "ID:PHONE_ID:VARIABLE",
        "a user with a phone: both ids, and the variable that holds its full number",
        profile="phone_users", **_ALL,
    ),
    Option("plain-user", Kind.LIST, "ID", "a user without MFA", profile="plain_users", **_ALL),
    Option(
        "inbox-command", _TEXT, "COMMAND",
        "prints the code of a text message, given the ids of challenge and phone; run without a shell",
        profile="inbox_command", **_ALL,
    ),
    Option(
        "live", _BOOLEAN, "", "allow a server that is not on loopback, or that its profile calls live", **_ALL
    ),
    Option(
        "allow-host", Kind.LIST, "HOST", "a host that a live run may send requests to",
        profile="allow_hosts", **_ALL,
    ),
    Option(
        "allow-sms", _BOOLEAN, "", "check rules that send text messages on a live server",
        profile="allow_sms", **_ALL,
    ),
    Option(
        "allow-lockout", Kind.OPTIONAL_LIST, "USER_ID",
        "check rules that lock users created through the control API, or without it this named user",
        profile="lockout_users", **_ALL,
    ),
    Option(
        "max-requests", Kind.COUNT, "N", "requests that a live run may cost", default=1000,
        profile="budgets.requests", **_ALL,
    ),
    Option(
        "max-sms", Kind.COUNT, "N", "text messages that a live run may cost (default: 0, or 20 if allowed)",
        profile="budgets.sms", **_ALL,
    ),
    Option(
        "max-failures", Kind.COUNT, "N", "wrong codes that a live run may cost", default=20,
        profile="budgets.failures", **_ALL,
    ),
    Option(
        "max-grants", Kind.COUNT, "N", "grants that a live run may cost", default=100,
        profile="budgets.grants", **_ALL,
    ),
    Option("no-workflows", _BOOLEAN, "", "leave out the workflows of spec/step-up.arazzo.yaml"),
    Option(
        "no-state-machine", _BOOLEAN, "",
        "leave out the random interleavings, which run only where no rules are selected",
    ),
    Option("no-conformance", _BOOLEAN, "", "leave out the conformance to the schema", action=True),
    Option(
        "phases", _NAMES, "NAMES", "conformance phases: examples, coverage, fuzzing, stateful (default: all)"
    ),
    Option("max-examples", Kind.COUNT, "N", "examples for each operation in a conformance phase", default=40),
    Option("report-json", _FILE, "FILE", "write the report as JSON", action=True),
    Option("report-junit", _FILE, "FILE", "write the verdicts as JUnit XML", action=True),
    Option("report-sarif", _FILE, "FILE", "write the findings as SARIF 2.1.0", action=True),
    Option("report-html", _FILE, "FILE", "write the report as one HTML page", action=True),
    Option(
        "format", Kind.CHOICE, "FORMAT", "format of the report on stdout",
        default="text", choices=("text", "json"),
    ),
)  # fmt: skip

BY_NAME = {option.name: option for option in OPTIONS}
BUDGETS = tuple(option for option in OPTIONS if option.profile.startswith("budgets."))

# Keys of a profile that are not options: whether others use the server, and whether lockouts are allowed.
PROFILE_ONLY: Mapping[str, type] = {"live": bool, "allow_lockout": bool}

_PYTHON: Mapping[Kind, Callable[[str], Any]] = {
    Kind.FILE: Path, Kind.INTEGER: int, Kind.COUNT: int, Kind.SECONDS: float,
}  # fmt: skip


def add_option(
    add: Callable[..., Any], option: Option, *, prefix: str = "", default: Any = None, help: str = ""
) -> None:
    """Declare an option by ``add``, the method of argparse or of pytest.

    ``default`` and ``help`` replace the option's own, for another command.
    """
    how: dict[str, Any] = {"default": option.empty if default is None else default}
    if option.kind is Kind.BOOLEAN:
        how["action"] = "store_true"
    else:
        how["metavar"] = option.metavar
    if option.kind in _PYTHON:
        how["type"] = _PYTHON[option.kind]
    if option.choices:
        how["choices"] = option.choices
    if option.is_list:
        how["action"] = "append"
    if option.kind is Kind.OPTIONAL_LIST:
        how |= {"nargs": "?", "const": ""}
    text = help or option.help_with(option.default if default is None else default)
    add(f"--{prefix}{option.name}", help=text, **how)


def settle(args: argparse.Namespace, profile: Mapping[str, Any], environment: Mapping[str, str]) -> None:
    """Fill in what no option gives: from the profile, else from the environment, else the default.

    Raises CommandError for a variable that a profile names and the environment lacks, or a negative count.
    """
    for option in OPTIONS:
        value: Any = getattr(args, option.attribute, None)
        if value is None or value is False:
            value = _from_profile(option, profile, environment)
        if value is None and option.variable:
            value = environment.get(option.variable) or None
        if value is None:
            value = option.empty if option.kind is Kind.BOOLEAN else option.default
        if option.kind is Kind.COUNT and value is not None and value < 0:
            raise CommandError(f"--{option.name}: less than 0", "Give 0 or more.")
        setattr(args, option.attribute, value)


def _from_profile(option: Option, profile: Mapping[str, Any], environment: Mapping[str, str]) -> Any:
    table, _, key = option.profile.rpartition(".")
    value = (profile.get(table, {}) if table else profile).get(key)
    if value is None:
        return None
    match option.kind:
        case Kind.NAMES:
            return ",".join(value)
        case Kind.FILE:
            return Path(value)
        case Kind.TABLE:
            return [f"{name}:{variable}" for name, variable in value.items()]
        case Kind.SECRET:
            if not environment.get(value):
                raise CommandError(f"the environment has no {value}", f"Put the {option.name} there.")
            return environment[value]
        case _:
            return value
