"""The command line: one subcommand a module, each imported for its arguments only.

Exit codes: 0 fine, 1 findings, 2 misuse or something missing.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence
from importlib.metadata import version

from stepup_mfa.errors import CommandError

# Each module offers HELP, add_arguments(parser) and run(args) -> exit code,
# and imports what is heavy inside run: `--help` must stay quick.
_COMMANDS = ("demo", "mock", "code", "contract", "faults", "generate", "lint", "docs")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="stepup-mfa",
        description="Contract, clients, mock server and contract tests for a step-up MFA API.",
        epilog="Exit codes: 0 fine, 1 findings, 2 misuse. Start with: stepup-mfa mock",
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    for name in _COMMANDS:
        module = importlib.import_module(f"stepup_mfa.{name}")
        command = commands.add_parser(name, help=module.HELP, description=module.__doc__)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = _parser()
    args = parser.parse_args(argv)
    if args.version:
        print(f"stepup-mfa {version('stepup-mfa')}")
        return 0
    if args.command is None:
        parser.print_help()
        return 2
    try:
        return int(args.run(args))
    except CommandError as error:
        print(f"stepup-mfa {args.command}: {error}", file=sys.stderr)
        if error.remedy:
            print(f"  {error.remedy}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output went away, as `| head` does
        sys.stderr.close()
        return 141
