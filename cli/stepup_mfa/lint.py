"""Say everything that is wrong with an OpenAPI document: what the generator cannot read, what the standard
forbids, and examples that break their own schema. Each problem comes with its place in the file.
"""

import argparse
import json
from pathlib import Path

from stepup_mfa.errors import CommandError

HELP = "say everything that is wrong with the spec"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--spec", type=Path, metavar="FILE", help="the document (default: the toolkit's own)")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to print the result")


def run(args: argparse.Namespace) -> int:
    """Return 0 for a clean document and 1 for one with problems."""
    import stepup_spec
    from stepup_generator.errors import SpecError
    from stepup_generator.lint import lint

    path = args.spec or stepup_spec.find(stepup_spec.OPENAPI)
    if not path.is_file():
        raise CommandError(f"{path}: no such file.", "Name the document with --spec FILE.")
    problems = lint(path)
    if args.format == "json":
        found = [{name: getattr(item, name) for name in item.__slots__} for item in problems]
        print(json.dumps({"file": str(path), "problems": found}, indent=2))
    elif problems:
        print("\n".join(SpecError(path, problems).lines()))
        print(f"{len(problems)} problem{'s' if len(problems) > 1 else ''} in {path}.")
    else:
        print(f"{path}: no problems. Next: stepup-mfa generate")
    return 1 if problems else 0
