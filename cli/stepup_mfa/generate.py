"""Renders the clients from the OpenAPI document, or with --check says how the committed ones differ from it.

The output folder of each client is replaced whole. A document that cannot be used, or a folder with files of
yours in it, changes nothing. A client whose document, templates, tools and files are as they were is left
alone, by what .stepup-mfa/ beside the clients remembers; --check always renders.
"""

import argparse
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from stepup_mfa import extras
from stepup_mfa.errors import CommandError

if TYPE_CHECKING:
    from stepup_generator.errors import SpecError
    from stepup_generator.generate import Outcome

HELP = "render the clients from the spec"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--spec", type=Path, metavar="FILE", help="the OpenAPI document (default: the one of this project)"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", default=Path("generated_client"),
        help="where each client gets a folder (default: ./generated_client)",
    )  # fmt: skip
    parser.add_argument(
        "--check", action="store_true", help="write nothing; print a diff and exit with 1 if any"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="form of the report")


def run(args: argparse.Namespace) -> int:
    """Generate or check; 0 done or in step, 1 not in step, 2 where --check lacks a formatter."""
    extras.require("generate", "generate")

    import stepup_spec
    from stepup_generator import generate
    from stepup_generator.errors import OutputError, SpecError, ToolError

    started = time.monotonic()
    spec = _short(args.spec or stepup_spec.find(stepup_spec.OPENAPI))
    try:
        if args.check:
            clients = generate.render(spec)
            unchecked = [name for name, client in clients.items() if not client.formatted]
            return _report_check(args, spec, generate.difference_of(args.out, clients), unchecked)
        outcomes = generate.update(spec, args.out)
    except SpecError as error:
        raise CommandError(_problems(error), "Nothing was written.") from error
    except OutputError as error:
        raise CommandError(str(error), "Give another folder with --out, or move those files away.") from error
    except ToolError as error:
        raise CommandError(f"{error}", "Nothing was written.") from error
    _report(args, spec, outcomes, time.monotonic() - started)
    return 0


def _report(args: argparse.Namespace, spec: Path, outcomes: "dict[str, Outcome]", seconds: float) -> None:
    if args.format == "json":
        clients = [
            {
                "client": name,
                "folder": str(args.out / name),
                "files": item.files,
                "changed": item.changed,
                "formatted": item.formatted,
            }
            for name, item in outcomes.items()
        ]
        print(json.dumps({"spec": str(spec), "clients": clients, "seconds": round(seconds, 3)}))
        return
    for name, item in outcomes.items():
        what = "written" if item.changed else "already up to date"
        what += "" if item.formatted else f", UNFORMATTED: {_formatter(name)} is not on the PATH"
        print(f"{args.out / name}: {item.files} files, {what}")
    print(f"From {spec} in {seconds:.1f} s. Next: pip install {args.out / 'python'}")


def _report_check(args: argparse.Namespace, spec: Path, diff: str, unchecked: list[str]) -> int:
    """A difference counts before what could not be checked: it is certain."""
    if args.format == "json":
        report = {"spec": str(spec), "out": str(args.out), "in_step": not diff and not unchecked}
        print(json.dumps({**report, "diff": diff, "unchecked": unchecked}))
    elif diff:
        print(diff, end="")
        print(f"{args.out} is not what {spec} gives. Run: stepup-mfa generate")
    elif not unchecked:
        print(f"{args.out} is what {spec} gives.")
    for name in unchecked if args.format == "text" else ():
        print(f"NOT CHECKED: {args.out / name}, since {_formatter(name)} is not on the PATH")
    return 1 if diff else 2 if unchecked else 0


def _formatter(name: str) -> str:
    from stepup_generator.languages import CLIENTS

    formatter = CLIENTS[name].formatter
    return formatter.program if formatter else ""


def _problems(error: "SpecError") -> str:
    count = len(error.problems)
    return "\n".join((f"{count} problem{'s' * (count != 1)} in {error.path}", *error.lines()))


def _short(path: Path) -> Path:
    """The path as seen from here, where it lies below."""
    return Path(os.path.relpath(path)) if path.resolve().is_relative_to(Path.cwd()) else path
