"""Check a step-up MFA server over HTTP: its behaviour by the rules, its messages by the schema.

With the control API of the server (--control-url) every rule can be checked; without it, what needs no
prepared users. Pass the keys in the environment: STEPUP_MFA_API_KEY and STEPUP_MFA_CONTROL_KEY. Exit codes:
0 no findings, 1 findings, 2 misuse, unreachable, or a run that broke off.
"""

import argparse
import asyncio
import random
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from stepup_mfa.contract_options import OPTIONS, add_option
from stepup_mfa.errors import CommandError
from stepup_mfa.extras import require
from stepup_mfa.report_files import check_folders, write_reports
from stepup_mfa.target_options import read_target

if TYPE_CHECKING:
    from stepup_contract.baseline import Known
    from stepup_contract.report import Report
    from stepup_contract.server.target import Target

HELP = "check a server against the rules and the schema"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    for option in OPTIONS:
        add_option(parser.add_argument, option)


def run(args: argparse.Namespace) -> int:
    """Check the target, print and write the reports, and return the exit code."""
    require("contract", "contract")
    try:
        return _run(args)
    except (CommandError, BrokenPipeError):
        raise
    except Exception as error:
        # Its text may hold what a server sent: type and place must do.
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(last.filename).name}:{last.lineno}"
        raise CommandError(
            f"internal error of the suite: {type(error).__name__} in {place}",
            "It says nothing about the server. The same --seed and --rules reproduce it; please report it.",
        ) from None


def _run(args: argparse.Namespace) -> int:
    from stepup_contract.baseline import apply
    from stepup_contract.report.as_html import as_html
    from stepup_contract.report.as_json import as_json
    from stepup_contract.report.as_junit import as_junit
    from stepup_contract.report.as_sarif import as_sarif
    from stepup_contract.report.terminal import as_text

    target = read_target(args)
    if args.dry_run:
        return _dry_run(target, args)
    outputs = (
        (args.report_json, as_json),
        (args.report_junit, as_junit),
        (args.report_sarif, as_sarif),
        (args.report_html, as_html),
    )
    check_folders(*(path for path, _ in outputs))
    if target.live and target.budget is not None:
        sys.stderr.write(f"{target.url} is live: at most {target.budget.told()}\n")
    known = _baseline(args.baseline)
    report, notes = apply(_report(target, args), known, datetime.now(UTC).date())
    sys.stderr.writelines(f"{note}\n" for note in notes)
    if target.live and target.budget is not None:
        sys.stderr.write(f"spent: {target.budget.told_spent()}\n")
    sys.stdout.write(as_json(report) if args.format == "json" else as_text(report))
    write_reports(report, outputs)
    return report.exit_code


def _dry_run(target: "Target", args: argparse.Namespace) -> int:
    """Print the plan, and send nothing."""
    from stepup_contract.report.plan import as_plan
    from stepup_contract.suite import UnknownRule, select

    try:
        rules = select(names(args.rules), names(args.skip), names(args.operation))
    except UnknownRule as error:
        raise CommandError(str(error)) from None
    sys.stdout.write(as_plan(target, rules))
    return 0


def _baseline(path: Path | None) -> "list[Known]":
    from stepup_contract.baseline import BaselineError, read_baseline

    try:
        return read_baseline(path) if path is not None else []
    except BaselineError as error:
        raise CommandError(str(error), "Give each [[known]] a rule, a reason and a date `expires`.") from None
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}", "Name a file that can be read.") from None


def _report(target: "Target", args: argparse.Namespace) -> "Report":
    from stepup_contract.report.terminal import Progress
    from stepup_contract.server.connect import TargetError
    from stepup_contract.suite import Options, UnknownRule, judge

    progress = Progress(sys.stderr)
    options = Options(
        rules=names(args.rules),
        skip=names(args.skip),
        operations=names(args.operation),
        fail_fast=args.fail_fast,
        phases=_phases(args),
        max_examples=args.max_examples,
        seed=seed_of(args),
        workflows=not args.no_workflows,
        documented_statuses=not args.no_conformance,
        state_machine=not (args.no_state_machine or args.rules or args.skip or args.operation),
        exclusive=args.exclusive,
        thorough=args.thorough,
        on_check=progress.check,
        on_phase=progress.phase,
    )
    try:
        return asyncio.run(judge(target, options))
    except UnknownRule as error:
        raise CommandError(f"--rules, --skip, --operation: {error}") from None
    except TargetError as error:
        raise CommandError(str(error), error.remedy) from None
    finally:
        progress.clear()


def names(text: str | None) -> tuple[str, ...]:
    """Return the names of a list that is separated by commas."""
    return tuple(filter(None, (text or "").replace(" ", "").split(",")))


def seed_of(args: argparse.Namespace) -> int:
    """Return the seed of a run, a random one where none is given."""
    return random.SystemRandom().randrange(1 << 32) if args.seed is None else int(args.seed)


def _phases(args: argparse.Namespace) -> tuple[str, ...]:
    from stepup_contract.conformance import PHASES

    if args.no_conformance:
        return ()
    selected = names(args.phases) or PHASES
    unknown = [phase for phase in selected if phase not in PHASES]
    if unknown:
        raise CommandError(f"--phases: no phase {', '.join(unknown)}", f"Valid phases: {', '.join(PHASES)}.")
    if args.max_examples < 1:
        raise CommandError("--max-examples: less than 1", "Give a positive number.")
    return selected
