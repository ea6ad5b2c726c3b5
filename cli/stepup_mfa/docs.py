"""Build the reference site of an OpenAPI document, or serve it together with a mock while you write.

The site is static: its pages need no other host, and no script to be read.
"""

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from stepup_mfa import docs_serve
from stepup_mfa.errors import CommandError
from stepup_mfa.extras import require

if TYPE_CHECKING:
    from stepup_generator.site.inputs import SiteInputs

HELP = "build or serve the reference site"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", metavar="ACTION", dest="action", required=True)
    build = actions.add_parser("build", help="write the site into a folder")
    build.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder, replaced whole")
    _add_inputs(build)
    add = build.add_argument
    add(
        "--base-path", default="/", metavar="PATH", help="path that the site is published under, as in /repo/"
    )
    add(
        "--site-url",
        default="",
        metavar="URL",
        help="URL of the site's root, for the sitemap and social cards",
    )
    add(
        "--version",
        dest="label",
        default="",
        metavar="LABEL",
        help="keep this version beside others, as in v1.0",
    )
    serve = actions.add_parser("serve", help=docs_serve.HELP, description=docs_serve.__doc__)
    docs_serve.add_arguments(serve)
    _add_inputs(serve)


def _add_inputs(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--spec",
        type=Path,
        metavar="FILE",
        help="the document (default: the toolkit's own); rules.yaml and the workflows are read beside it",
    )
    add(
        "--workflows",
        type=Path,
        metavar="FILE",
        help="the Arazzo document (default: beside the spec)",
    )
    add(
        "--guides",
        type=Path,
        metavar="DIR",
        help="guides in Markdown (default: the toolkit's own)",
    )
    add("--matrix", type=Path, metavar="FILE", help="report of `stepup-mfa faults --report-json FILE`")


def run(args: argparse.Namespace) -> int:
    """Build or serve; return 0. Raises CommandError for wrong inputs."""
    require("docs", "generate")
    inputs = _inputs(args)
    return docs_serve.run(args, inputs) if args.action == "serve" else _build(args.out, inputs)


def _inputs(args: argparse.Namespace) -> "SiteInputs":
    import stepup_spec
    from stepup_generator.site.inputs import SiteInputs

    spec: Path = args.spec.resolve() if args.spec else stepup_spec.find(stepup_spec.OPENAPI)
    guides: Path | None = args.guides
    if guides is None and args.spec is None:
        own = spec.parents[1] / "docs"  # exists in the repository, not in an installed package
        guides = own if own.is_dir() else None
    _must_exist("--spec", spec)
    for option, path in (("--workflows", args.workflows), ("--guides", guides), ("--matrix", args.matrix)):
        if path is not None:
            _must_exist(option, path, folder=option == "--guides")
    inputs = SiteInputs(
        document=spec,
        workflows=args.workflows or spec.with_name(stepup_spec.WORKFLOWS),
        guides=guides,
        matrix=args.matrix,
    )
    return inputs if args.action == "serve" else _with_settings(inputs, args)


def _with_settings(inputs: "SiteInputs", args: argparse.Namespace) -> "SiteInputs":
    from dataclasses import replace

    base_path, site_url = args.base_path, args.site_url
    if not re.fullmatch(r"/([A-Za-z0-9._~-]+/)*", base_path):
        raise CommandError(
            f"--base-path {base_path!r} is not the path of a site.",
            "Begin and end it with a slash, as in /repo/.",
        )
    if site_url and not re.fullmatch(r"https?://[^\s?#\"'<>]+", site_url):
        raise CommandError(
            f"--site-url {site_url!r} is not an address.",
            "Give one that begins with https:// and ends with the path.",
        )
    if args.label and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", args.label):
        raise CommandError(
            f"--version {args.label!r} cannot name a folder.", "Use letters, digits, dots, as in v1.0."
        )
    site_url = site_url and site_url.rstrip("/") + "/"
    return replace(inputs, base_path=base_path, site_url=site_url, version=args.label)


def _must_exist(option: str, path: Path, *, folder: bool = False) -> None:
    if not (path.is_dir() if folder else path.is_file()):
        raise CommandError(f"{path}: no such {'folder' if folder else 'file'}.", f"Name it with {option}.")


def _build(out: Path, inputs: "SiteInputs") -> int:
    from stepup_generator import stamp
    from stepup_generator.errors import OutputError, SiteError, SpecError

    digest = inputs.digest()
    # Versions are folders side by side, and no cache should be among them.
    known = None if inputs.version else stamp.fresh(out, digest)
    if known is not None:
        print(f"{known} files in {out} are up to date. Open {out / 'index.html'}")
        return 0
    try:
        report = _write(out, inputs)
    except (SpecError, SiteError) as error:
        raise CommandError(
            "\n".join(("the site cannot be built.", *error.lines())),
            "Nothing was written. Fix these places; `stepup-mfa lint` looks further.",
        ) from None
    except OutputError as error:
        raise CommandError(str(error), "Nothing was written. Choose another folder with --out.") from None
    if not inputs.version:
        stamp.remember(out, digest)
    if not inputs.rules.is_file():
        print(f"No {inputs.rules.name} beside {inputs.document.name}: the site has no behaviour rules.")
    print(f"{report} Open {out / 'index.html'}")
    return 0


def _write(out: Path, inputs: "SiteInputs") -> str:
    """Build and write; say what was written."""
    from stepup_generator.site import build
    from stepup_generator.write import write

    sources = inputs.read()
    site = build(sources)
    files = site.files
    if site.not_captured:
        names = "\n".join(f"  {name}" for name in site.not_captured)
        print(
            "What these samples print is not captured; the site shows the document's example instead."
            f" To capture it: nox -s samples -- --update\n{names}"
        )
    if not inputs.version:
        write(files, out)
        return f"{len(files)} files in {out}."
    from stepup_generator.site.versions import publish

    newest = publish(sources, files, out)
    return f"{len(files)} files in {out / inputs.version}{', which is the newest version' if newest else ''}."
