"""Builds the server under test from options, profile and environment, for the command and for pytest.

It rejects a URL or a key that is not one, half a control API, and named users beside a control API.
"""

import argparse
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from stepup_mfa.contract_options import BUDGETS, BY_NAME, settle
from stepup_mfa.errors import CommandError

if TYPE_CHECKING:
    from stepup_contract.server.budget import Budget
    from stepup_contract.server.target import Target


# 47 lines: each value of the target is read and checked once, in the order in which a user should hear of it.
def read_target(args: argparse.Namespace) -> "Target":
    """Settle the options and return the target that they name. Raises CommandError."""
    from stepup_contract.server.target import Target
    from stepup_mfa.named_users import read_named

    profile = _profile(args)
    settle(args, profile, os.environ)
    if args.allow_lockout is None and profile.get("allow_lockout"):
        args.allow_lockout = []
    url, control_url = _url(args, "url"), _url(args, "control-url")
    api_key, control_key = _key(args, "api-key"), _key(args, "control-key")
    if url is None:
        raise CommandError("no server to check", "Give its root URL with --url or STEPUP_MFA_AUTH_URL.")
    if api_key is None:
        raise CommandError("no API key", "Give one in STEPUP_MFA_API_KEY or with --api-key.")
    if (control_url is None) != (control_key is None):
        present, missing = ("URL", "key") if control_key is None else ("key", "URL")
        raise CommandError(
            f"a control {present} without a control {missing}",
            f"Give --control-{missing.lower()} (STEPUP_MFA_CONTROL_{missing.upper()}) too, or neither.",
        )
    if not 0.1 <= args.timeout <= 600:
        default = BY_NAME["timeout"].default
        raise CommandError("--timeout: not between 0.1 and 600 seconds", f"The default is {default}.")
    named = read_named(args)
    if named and control_url is not None:
        raise CommandError(
            "named users beside the control API, which creates its own",
            "Leave out the users, or --control-url.",
        )
    return Target(
        url,
        api_key,
        control_url,
        control_key,
        restart_command=tuple(shlex.split(args.restart_command or "")),
        log_file=args.log_file,
        response_seconds=float(args.timeout),
        called_live=profile.get("live", False),
        permitted=args.live,
        # Hosts of options come on top of those of the profile.
        allow_hosts=tuple(dict.fromkeys((*(args.allow_host or ()), *profile.get("allow_hosts", ())))),
        allow_sms=args.allow_sms,
        allow_lockout=args.allow_lockout is not None,
        named=named,
        budget=_budget(args),
    )


def _profile(args: argparse.Namespace) -> dict[str, Any]:
    from stepup_mfa.profiles import FILE, read_profile

    if args.profile is not None:
        return read_profile(args.config or Path(FILE), args.profile)
    if args.config is not None:
        raise CommandError("--config without --profile", "Name a profile of the file with --profile NAME.")
    return {}


def _budget(args: argparse.Namespace) -> "Budget":
    from stepup_contract.server.budget import Budget

    limits = {option.name.removeprefix("max-"): getattr(args, option.attribute) for option in BUDGETS}
    if limits["sms"] is None:
        limits["sms"] = 20 if args.allow_sms else 0
    return Budget(**limits)


def _url(args: argparse.Namespace, name: str) -> str | None:
    url: str | None = getattr(args, BY_NAME[name].attribute)
    if url is not None:
        try:
            parts = urlsplit(url)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable or parts.query or parts.fragment or parts.username:
            raise CommandError(
                f"--{name}: not a plain http or https URL", "For example http://127.0.0.1:8765"
            )
    return url


def _key(args: argparse.Namespace, name: str) -> str | None:
    option = BY_NAME[name]
    key: str | None = getattr(args, option.attribute)
    if key is not None and not all("!" <= letter <= "~" for letter in key):
        raise CommandError(f"--{name}: a key is printable ASCII without spaces", f"Check {option.variable}.")
    return key
