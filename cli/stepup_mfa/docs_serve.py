"""Serve the site and a mock on one address, so that the pages can send real requests.

It listens on this machine only. When the document, the rules, the workflows, a guide or a template changes,
the site is rebuilt and open pages reload; a build that fails keeps the old site and says why, here and on the
page. A changed document also restarts the mock.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from stepup_mfa.errors import CommandError

if TYPE_CHECKING:
    from stepup_generator.site.inputs import SiteInputs
    from stepup_mock.app import App

HELP = "serve the site and a mock on one address, and reload on change"
DEFAULT_PORT = 8766


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to bind to, of this machine only (default: %(default)s)")
    add("--port", type=int, default=DEFAULT_PORT, help="port; 0 takes a free one (default: %(default)s)")
    add(
        "--ready-file",
        metavar="FILE",
        type=Path,
        help="write the URL there once the server is up; removed at the end",
    )


def run(args: argparse.Namespace, inputs: "SiteInputs") -> int:
    """Serve until Ctrl+C. Raises CommandError for a site that cannot be built at all."""
    from stepup_generator.errors import GeneratorError
    from stepup_mfa import docs_watch
    from stepup_mfa.docs_app import DocsApp, Site
    from stepup_mfa.mock import ready_file
    from stepup_mock import access, hosts, server

    if not hosts.is_loopback(args.host):
        raise CommandError(
            f"other machines could reach {args.host}, and these pages know the mock's keys.",
            "Leave --host out. To publish the site: stepup-mfa docs build --out DIR",
        )
    try:
        files = docs_watch.build(inputs)
    except (GeneratorError, OSError) as error:
        raise CommandError(
            f"the site cannot be built.\n{docs_watch.reason(error)}", "Fix this and start again."
        ) from error
    keys = {"api_key": access.DEFAULT_API_KEY, "control_key": access.new_control_key()}

    def new_mock() -> "App":
        return server.create_app(host=args.host, api_key=keys["api_key"], control_key=keys["control_key"])

    try:
        listener = server.bind(args.host, args.port)
    except (OSError, ValueError) as error:
        raise CommandError(
            f"cannot listen on {args.host} port {args.port}.", "Try --port 0 for a free port."
        ) from error
    url = server.url_of(listener, args.host)
    app = DocsApp(Site(files), new_mock(), args.host, keys)
    with ready_file(args.ready_file) as announce:

        def on_ready() -> None:
            print(_welcome(url, inputs, keys), flush=True)
            announce(url)

        docs_watch.DocsServer(app, inputs, new_mock, on_ready).run_until_stopped(listener)
    return 0


def _welcome(url: str, inputs: "SiteInputs", keys: Mapping[str, str]) -> str:
    from stepup_mfa.docs_watch import OWN

    watched = "the document, rules, workflows, templates" + (" and guides" if inputs.guides else "")
    lines = [
        f"Site and mock on {url}, for this machine only. Ctrl+C ends both.",
        "",
        f"  Read and try:  {url}/",
        f"  Mock console:  {url}/__control__/console#key={keys['control_key']}",
        f"  API key:       {keys['api_key']}",
        "",
        f"  Watching {watched}: pages reload when they change.",
    ]
    if inputs.document != OWN:
        lines.append(
            f"  The mock implements the toolkit's own contract, not what {inputs.document} adds to it."
        )
    return "\n".join(lines)
