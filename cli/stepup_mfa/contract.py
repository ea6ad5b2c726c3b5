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
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from stepup_mfa.errors import CommandError
from stepup_mfa.extras import require

if TYPE_CHECKING:
    from stepup_contract.report import Report
    from stepup_contract.target import Target

HELP = "judge a server by the rules and the schema"

_PHASES = ("examples", "coverage", "fuzzing", "stateful")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
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
    parser.add_argument("--seed", metavar="N", type=int, help="seed of all choices (default: random)")
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="form of the report on stdout"
    )


def run(args: argparse.Namespace) -> int:
    """Judge the target, print and write the reports, and return the exit code."""
    require("contract", "contract")
    from stepup_contract.report import write
    from stepup_contract.report.as_html import as_html
    from stepup_contract.report.as_json import as_json
    from stepup_contract.report.as_junit import as_junit
    from stepup_contract.report.as_sarif import as_sarif
    from stepup_contract.report.terminal import as_text

    target = _target(args)
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
    report = _judge(target, args)
    sys.stdout.write(as_json(report) if args.format == "json" else as_text(report))
    for path, form in forms:
        if path is not None:
            try:
                write(path, form(report))
            except OSError as error:
                raise CommandError(f"{path}: {error.strerror}", "Name a file that can be written.") from None
    return report.exit_code


def _target(args: argparse.Namespace) -> "Target":
    from stepup_contract.target import Target

    url = _url(args.url, "--url", "STEPUP_MFA_AUTH_URL")
    api_key = _key(args.api_key, "--api-key", "STEPUP_MFA_API_KEY")
    if url is None:
        raise CommandError("no server to judge", "Give its root with --url or STEPUP_MFA_AUTH_URL.")
    if api_key is None:
        raise CommandError("no API key", "Give one in STEPUP_MFA_API_KEY or with --api-key.")
    control_url = _url(args.control_url, "--control-url", "STEPUP_MFA_CONTROL_URL")
    control_key = _key(args.control_key, "--control-key", "STEPUP_MFA_CONTROL_KEY")
    if (control_url is None) != (control_key is None):
        given, missing = ("URL", "key") if control_key is None else ("key", "URL")
        raise CommandError(
            f"a control {given} without a control {missing}",
            f"Give --control-{missing.lower()} (STEPUP_MFA_CONTROL_{missing.upper()}) too, or neither.",
        )
    command = tuple(shlex.split(args.restart_command or ""))
    return Target(url, api_key, control_url, control_key, restart_command=command, log_file=args.log_file)


def _url(given: str | None, option: str, variable: str) -> str | None:
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


def _key(given: str | None, option: str, variable: str) -> str | None:
    key = given or os.environ.get(variable) or None
    if key is not None and not all("!" <= letter <= "~" for letter in key):
        raise CommandError(f"{option}: a key is printable ASCII without spaces", f"Check {variable}.")
    return key


def _judge(target: "Target", args: argparse.Namespace) -> "Report":
    from stepup_contract.report.terminal import Progress
    from stepup_contract.server import TargetError
    from stepup_contract.suite import Options, UnknownRule, judge

    progress = Progress(sys.stderr)
    try:
        options = Options(
            rules=tuple(filter(None, (args.rules or "").replace(" ", "").split(","))),
            phases=_phases(args),
            max_examples=args.max_examples,
            seed=random.SystemRandom().randrange(1 << 32) if args.seed is None else args.seed,
            workflows=not args.no_workflows,
            documented_statuses=not args.no_conformance,
            state_machine=not (args.no_state_machine or args.rules),
            exclusive=args.exclusive,
            on_check=progress.check,
            on_phase=progress.phase,
        )
        return asyncio.run(judge(target, options))
    except UnknownRule as error:
        raise CommandError(f"--rules: {error}") from None
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
