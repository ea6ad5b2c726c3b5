"""Build the reference site of an OpenAPI document: static pages that need no script and no other host."""

import argparse
from pathlib import Path

from stepup_mfa.errors import CommandError
from stepup_mfa.extras import require

HELP = "build the reference site"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", metavar="ACTION", dest="action", required=True)
    build = actions.add_parser("build", help="write the pages into a folder")
    build.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder, replaced whole")
    build.add_argument(
        "--spec",
        type=Path,
        metavar="FILE",
        help="the document (default: the toolkit's own); behaviour rules are read from rules.yaml beside it",
    )


def run(args: argparse.Namespace) -> int:
    """Build the site; return 0. Whatever is wrong with the document or the rules raises CommandError."""
    require("docs", "generate")
    return _build(args.out, args.spec)


def _build(out: Path, spec: Path | None) -> int:
    import stepup_spec
    from stepup_generator.errors import OutputError, SpecError
    from stepup_generator.read import read
    from stepup_generator.rules import read_rules
    from stepup_generator.site import Sources, render
    from stepup_generator.write import write

    path = spec or stepup_spec.find(stepup_spec.OPENAPI)
    if not path.is_file():
        raise CommandError(f"{path}: no such file.", "Name the document with --spec FILE.")
    rules = path.with_name(stepup_spec.RULES)
    try:
        api = read(path)
        pages = render(Sources(api, path, read_rules(rules, api) if rules.is_file() else ()))
        write(pages, out)
    except SpecError as error:
        raise CommandError(
            "\n".join(("the document cannot be used.", *error.lines())),
            "Nothing was written. Mend these places; `stepup-mfa lint` looks further.",
        ) from None
    except OutputError as error:
        raise CommandError(str(error), "Nothing was written. Choose another folder with --out.") from None
    if not rules.is_file():
        print(f"No {rules.name} beside {path.name}: the site says nothing of behaviour rules.")
    print(f"{len(pages)} pages in {out}. Open {out / 'index.html'}")
    return 0
