"""Judge a step-up MFA server over HTTP: its behaviour by the rules, its messages by the schema.

With the control API of the server (--control-url) every rule can be judged; without it, what needs no
arranged users. Keys are best given in the environment: STEPUP_MFA_API_KEY and STEPUP_MFA_CONTROL_KEY. Exit
codes: 0 no findings, 1 findings, 2 misuse, unreachable, or a run that broke off.
"""

import argparse
import asyncio
import os
import random
import shlex
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from stepup_mfa.errors import CommandError
from stepup_mfa.extras import require

if TYPE_CHECKING:
    from stepup_contract.baseline import Known
    from stepup_contract.report import Report
    from stepup_contract.server.budget import Budget
    from stepup_contract.server.target import Target

HELP = "judge a server by the rules and the schema"

_PHASES = ("examples", "coverage", "fuzzing", "stateful")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("--profile", metavar="NAME", help="take settings from this profile of stepup.toml")
    parser.add_argument("--config", metavar="FILE", type=Path, help="the file of the profiles")
    parser.add_argument("--url", metavar="URL", help="root of the server (STEPUP_MFA_AUTH_URL)")
    parser.add_argument(
        "--api-key", metavar="KEY", help="API key; other users of this machine can see options, so prefer "
        "STEPUP_MFA_API_KEY"
    )  # fmt: skip
    parser.add_argument(
        "--control-url",
        metavar="URL",
        help="root of the server that has the control API (STEPUP_MFA_CONTROL_URL)",
    )
    parser.add_argument("--control-key", metavar="KEY", help="its key; prefer STEPUP_MFA_CONTROL_KEY")
    parser.add_argument("--report-json", metavar="FILE", type=Path, help="write the whole report as JSON")
    parser.add_argument("--report-junit", metavar="FILE", type=Path, help="write the verdicts as JUnit XML")
    parser.add_argument("--report-sarif", metavar="FILE", type=Path, help="write the findings as SARIF 2.1.0")
    parser.add_argument(
        "--report-html", metavar="FILE", type=Path, help="write the whole report as one page to look at"
    )
    parser.add_argument(
        "--exclusive", action="store_true",
        help="move the clock and the limits even though the server holds other users than its demo users",
    )  # fmt: skip
    parser.add_argument(
        "--restart-command",
        metavar="COMMAND",
        help="restarts the server, for the rule about restarts; run without a shell",
    )
    parser.add_argument(
        "--log-file", metavar="FILE", type=Path, help="what the server logs to, for the rule about leaks"
    )
    parser.add_argument("--rules", metavar="IDS", help="judge only these rules or groups, such as A1,T,V2")
    parser.add_argument("--skip", metavar="IDS", help="leave out these rules or groups")
    parser.add_argument("--operation", metavar="IDS", help="judge only rules about these operationIds")
    parser.add_argument("--fail-fast", action="store_true", help="begin nothing more after the first finding")
    parser.add_argument(
        "--baseline", metavar="FILE", type=Path, help="known findings that do not fail the run (TOML)"
    )
    parser.add_argument("--dry-run", action="store_true", help="print what would be done, and send nothing")
    _add_named(parser)
    _add_live(parser)
    parser.add_argument(
        "--phases", metavar="NAMES", help=f"conformance phases (default: {','.join(_PHASES)})"
    )
    parser.add_argument(
        "--no-workflows", action="store_true", help="leave out the workflows of spec/step-up.arazzo.yaml"
    )
    parser.add_argument(
        "--no-state-machine",
        action="store_true",
        help="leave out the random interleavings, which are only played where all rules are judged",
    )
    parser.add_argument("--no-conformance", action="store_true", help="leave out the conformance phases")
    parser.add_argument(
        "--max-examples", metavar="N", type=int, default=40, help="examples for each operation (default: 40)"
    )
    parser.add_argument(
        "--timeout", metavar="SECONDS", type=float, default=10.0,
        help="how long one answer may take (default: 10)",
    )  # fmt: skip
    parser.add_argument("--seed", metavar="N", type=int, help="seed of all choices (default: random)")
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="form of the report on stdout"
    )


def _add_named(parser: argparse.ArgumentParser) -> None:
    """Declare the users of a server without the control API; a secret comes from the environment."""
    for kind, form, what in (
        (
            "totp",
            "ID:VARIABLE",
            "a user with an authenticator app, and the variable that holds its base32 secret",
        ),
        ("phone", "ID:PHONE_ID:VARIABLE", "a user with a phone, and the variable that holds its full number"),
        ("plain", "ID", "a user without MFA"),
    ):
        parser.add_argument(f"--{kind}-user", metavar=form, action="append", help=f"{what}; repeatable")
    parser.add_argument(
        "--inbox-command",
        metavar="COMMAND",
        help="prints the code of a text message, given the ids of challenge and phone; run without a shell",
    )


def _add_live(parser: argparse.ArgumentParser) -> None:
    """Declare what allows a run on a server that others use."""
    parser.add_argument(
        "--live", action="store_true",
        help="judge a server that is not on loopback, or that its profile calls live",
    )  # fmt: skip
    parser.add_argument(
        "--allow-host", metavar="HOST", action="append", help="a live host that may be sent to; repeatable"
    )
    parser.add_argument(
        "--allow-sms", action="store_true", help="judge rules that send text messages on a live server"
    )
    parser.add_argument(
        "--allow-lockout", metavar="USER_ID", nargs="?", const="", action="append",
        help="judge rules that lock users, made for it through the control API; without the control API on "
        "this named user, repeatable",
    )  # fmt: skip
    for name, (what, default) in _BUDGETS.items():
        parser.add_argument(
            f"--max-{name}",
            metavar="N",
            type=int,
            help=f"{what} that a live run may cost (default: {default})",
        )


_BUDGETS = {
    "requests": ("requests", "1000"),
    "sms": ("text messages", "0; 20 with --allow-sms"),
    "failures": ("wrong codes", "20"),
    "grants": ("grants", "100"),
}


def run(args: argparse.Namespace) -> int:
    """Judge the target, print and write the reports, and return the exit code."""
    require("contract", "contract")
    try:
        return _run(args)
    except (CommandError, BrokenPipeError):
        raise
    except Exception as error:
        # Its text may hold what a server said: kind and place must do.
        where = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(where.filename).name}:{where.lineno}"
        raise CommandError(
            f"the suite itself broke down: {type(error).__name__} in {place}",
            "Nothing can be said of the server. The same --seed and --rules show it again; please report it.",
        ) from None


def _run(args: argparse.Namespace) -> int:
    from stepup_contract.baseline import apply
    from stepup_contract.report import write
    from stepup_contract.report.as_html import as_html
    from stepup_contract.report.as_json import as_json
    from stepup_contract.report.as_junit import as_junit
    from stepup_contract.report.as_sarif import as_sarif
    from stepup_contract.report.terminal import as_text

    profile = _apply_profile(args)
    target = _target(args, profile)
    if args.dry_run:
        return _dry_run(target, args)
    forms = (
        (args.report_json, as_json),
        (args.report_junit, as_junit),
        (args.report_sarif, as_sarif),
        (args.report_html, as_html),
    )
    for path, _ in forms:
        if path is not None and not path.absolute().parent.is_dir():
            raise CommandError(
                f"{path}: its folder does not exist", "Create the folder, or name another file."
            )
    if target.live and target.budget is not None:
        sys.stderr.write(f"{target.url} is live: at most {target.budget.told()}\n")
    known = _baseline(args)
    report, notes = apply(_judge(target, args), known, datetime.now(UTC).date())
    sys.stderr.writelines(f"{note}\n" for note in notes)
    if target.live and target.budget is not None:
        sys.stderr.write(f"spent: {target.budget.told_spent()}\n")
    sys.stdout.write(as_json(report) if args.format == "json" else as_text(report))
    for path, form in forms:
        if path is not None:
            try:
                write(path, form(report))
            except OSError as error:
                raise CommandError(f"{path}: {error.strerror}", "Name a file that can be written.") from None
    return report.exit_code


def read_target(args: argparse.Namespace) -> "Target":
    """Return the target that options, profile and environment name. Raises CommandError."""
    return _target(args, _apply_profile(args))


def _apply_profile(args: argparse.Namespace) -> dict[str, Any]:
    """Fill in from the profile what no option says, and return it; options are stronger, variables weaker."""
    from stepup_mfa.profiles import FILE, read_profile

    if args.profile is None:
        if args.config is not None:
            raise CommandError(
                "--config without --profile", "Name a profile of the file with --profile NAME."
            )
        return {}
    profile = read_profile(args.config or Path(FILE), args.profile)
    for key in ("url", "control_url", "restart_command", "seed", "inbox_command"):
        if getattr(args, key) is None:
            setattr(args, key, profile.get(key))
    for key, option in (("rules", "rules"), ("skip", "skip"), ("operations", "operation")):
        if getattr(args, option) is None and key in profile:
            setattr(args, option, ",".join(profile[key]))
    if args.log_file is None and "log_file" in profile:
        args.log_file = Path(profile["log_file"])
    for key in ("exclusive", "allow_sms"):
        setattr(args, key, getattr(args, key) or profile.get(key, False))
    if args.allow_lockout is None and (profile.get("allow_lockout") or "lockout_users" in profile):
        args.allow_lockout = ["", *profile.get("lockout_users", ())]
    for key in ("api_key", "control_key"):
        variable = profile.get(f"{key}_env")
        if variable is not None and getattr(args, key) is None:
            if not os.environ.get(variable):
                raise CommandError(f"the environment has no {variable}", f"Put the {key} there.")
            setattr(args, key, os.environ[variable])
    return profile


def _baseline(args: argparse.Namespace) -> "list[Known]":
    from stepup_contract.baseline import BaselineError, read_baseline

    try:
        return read_baseline(args.baseline) if args.baseline is not None else []
    except BaselineError as error:
        raise CommandError(str(error), "Give each [[known]] a rule, a reason and a date `expires`.") from None
    except OSError as error:
        raise CommandError(f"{args.baseline}: {error.strerror}", "Name a file that can be read.") from None


def _budget(args: argparse.Namespace, profile: dict[str, Any]) -> "Budget":
    from stepup_contract.server.budget import Budget

    limits: dict[str, int] = {"sms": 20 if args.allow_sms else 0, **profile.get("budgets", {})}
    for name in _BUDGETS:
        given = getattr(args, f"max_{name}")
        if given is not None:
            if given < 0:
                raise CommandError(f"--max-{name}: less than 0", "Give 0 or more.")
            limits[name] = given
    budget = Budget()
    for name, limit in limits.items():
        setattr(budget, name, limit)
    return budget


def _target(args: argparse.Namespace, profile: dict[str, Any] | None = None) -> "Target":
    from stepup_contract.server.target import Target
    from stepup_mfa.named_users import read_named

    profile = profile or {}

    url = checked_url(args.url, "--url", "STEPUP_MFA_AUTH_URL")
    api_key = checked_key(args.api_key, "--api-key", "STEPUP_MFA_API_KEY")
    if url is None:
        raise CommandError("no server to judge", "Give its root with --url or STEPUP_MFA_AUTH_URL.")
    if api_key is None:
        raise CommandError("no API key", "Give one in STEPUP_MFA_API_KEY or with --api-key.")
    control_url = checked_url(args.control_url, "--control-url", "STEPUP_MFA_CONTROL_URL")
    control_key = checked_key(args.control_key, "--control-key", "STEPUP_MFA_CONTROL_KEY")
    if (control_url is None) != (control_key is None):
        given, missing = ("URL", "key") if control_key is None else ("key", "URL")
        raise CommandError(
            f"a control {given} without a control {missing}",
            f"Give --control-{missing.lower()} (STEPUP_MFA_CONTROL_{missing.upper()}) too, or neither.",
        )
    if not 0.1 <= args.timeout <= 600:
        raise CommandError("--timeout: not between 0.1 and 600 seconds", "The default is 10.")
    command = tuple(shlex.split(args.restart_command or ""))
    named = read_named(args, profile)
    if named and control_url is not None:
        raise CommandError(
            "named users beside the control API, which makes its own",
            "Leave out the users, or --control-url.",
        )
    return Target(
        url,
        api_key,
        control_url,
        control_key,
        restart_command=command,
        log_file=args.log_file,
        answer_seconds=args.timeout,
        called_live=profile.get("live", False),
        permitted=args.live,
        allow_hosts=(*(args.allow_host or ()), *profile.get("allow_hosts", ())),
        allow_sms=args.allow_sms,
        allow_lockout=args.allow_lockout is not None,
        named=named,
        budget=_budget(args, profile),
    )


def _dry_run(target: "Target", args: argparse.Namespace) -> int:
    """Print the plan, and send nothing."""
    from stepup_contract.report.plan import as_plan
    from stepup_contract.suite import UnknownRule, select

    try:
        rules = select(ids(args.rules), ids(args.skip), ids(args.operation))
    except UnknownRule as error:
        raise CommandError(str(error)) from None
    sys.stdout.write(as_plan(target, rules))
    return 0


def ids(words: str | None) -> tuple[str, ...]:
    return tuple(filter(None, (words or "").replace(" ", "").split(",")))


def checked_url(given: str | None, option: str, variable: str) -> str | None:
    url = given or os.environ.get(variable) or None
    if url is not None:
        try:
            parts = urlsplit(url)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable or parts.query or parts.fragment or parts.username:
            raise CommandError(
                f"{option}: not a plain http or https URL", "For example http://127.0.0.1:8765"
            )
    return url


def checked_key(given: str | None, option: str, variable: str) -> str | None:
    key = given or os.environ.get(variable) or None
    if key is not None and not all("!" <= letter <= "~" for letter in key):
        raise CommandError(f"{option}: a key is printable ASCII without spaces", f"Check {variable}.")
    return key


def _judge(target: "Target", args: argparse.Namespace) -> "Report":
    from stepup_contract.report.terminal import Progress
    from stepup_contract.server.connect import TargetError
    from stepup_contract.suite import Options, UnknownRule, judge

    progress = Progress(sys.stderr)
    try:
        options = Options(
            rules=ids(args.rules),
            skip=ids(args.skip),
            operations=ids(args.operation),
            fail_fast=args.fail_fast,
            phases=_phases(args),
            max_examples=args.max_examples,
            seed=random.SystemRandom().randrange(1 << 32) if args.seed is None else args.seed,
            workflows=not args.no_workflows,
            documented_statuses=not args.no_conformance,
            state_machine=not (args.no_state_machine or args.rules or args.skip or args.operation),
            exclusive=args.exclusive,
            on_check=progress.check,
            on_phase=progress.phase,
        )
        return asyncio.run(judge(target, options))
    except UnknownRule as error:
        raise CommandError(f"--rules, --skip, --operation: {error}") from None
    except TargetError as error:
        raise CommandError(str(error), error.remedy) from None
    finally:
        progress.clear()


def _phases(args: argparse.Namespace) -> tuple[str, ...]:
    if args.no_conformance:
        return ()
    wanted = tuple(filter(None, (args.phases or ",".join(_PHASES)).replace(" ", "").split(",")))
    unknown = [phase for phase in wanted if phase not in _PHASES]
    if unknown:
        raise CommandError(f"--phases: no phase {', '.join(unknown)}", f"There are {', '.join(_PHASES)}.")
    if args.max_examples < 1:
        raise CommandError("--max-examples: less than 1", "Give a positive number.")
    return wanted
