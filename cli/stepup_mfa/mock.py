"""Run a mock of the step-up MFA API on this machine.

It keeps the whole contract: real TOTP codes, SMS codes in an inbox, grants that end, and a throttle. It
starts with three demo users and prints lines to paste. It is for tests and demos and refuses keys that look
like real ones.
"""

import argparse
import base64
import contextlib
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from stepup_mfa.errors import CommandError

if TYPE_CHECKING:
    from stepup_mock.app import App

HELP = "run a mock server of the API"
DEFAULT_PORT = 8765
_WEBHOOK_SECRET = "STEPUP_MFA_WEBHOOK_SECRET"  # noqa: S105 - the name of a variable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to bind to (default: %(default)s)")
    add("--port", type=int, default=DEFAULT_PORT, help="port; 0 takes a free one (default: %(default)s)")
    add("--api-key", metavar="KEY", help="the key callers use (default: a public one, loopback only)")
    add(
        "--control-key", metavar="KEY", help="key of the control API (default: fresh, printed; loopback only)"
    )
    add(
        "--allow-host",
        metavar="NAME",
        action="append",
        default=[],
        help="answer to this name too; repeatable",
    )
    add("--state", metavar="FILE", type=Path, help="keep the state in this SQLite file (default: in memory)")
    add("--fault", metavar="ID", action="append", default=[], help="switch on a fault; repeatable")
    add("--list-faults", action="store_true", help="list the faults and exit")
    add(
        "--ready-file",
        metavar="FILE",
        type=Path,
        help="write the URL there once the server is up; removed at the end",
    )
    add(
        "--sms-webhook",
        metavar="URL",
        help=f"post SMS codes there, signed with the secret in {_WEBHOOK_SECRET} (default: a fresh one)",
    )


def run(args: argparse.Namespace) -> int:
    from stepup_mock import access, demo, hosts, server

    if args.list_faults:
        return _list_faults()
    loopback = hosts.is_loopback(args.host)
    _check_keys(args, public_key_is_enough=loopback)
    api_key = args.api_key or access.DEFAULT_API_KEY
    control_key = args.control_key or (access.new_control_key() if loopback else None)
    webhook_secret = os.environ.get(_WEBHOOK_SECRET)
    fresh_secret = None
    if args.sms_webhook and webhook_secret is None:
        webhook_secret = fresh_secret = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
    app = _app(args, api_key, control_key, webhook_secret)
    try:
        listener = server.bind(args.host, args.port)
    except (OSError, ValueError) as error:
        raise CommandError(
            f"cannot listen on {args.host} port {args.port}: {_reason(error)}.",
            "Try --port 0 for a free port.",
        ) from error
    url = server.url_of(listener, args.host)
    text = demo.instructions(
        url,
        # A key that the caller gave is the caller's secret: it is not printed.
        api_key=None if args.api_key else api_key,
        control_key=None if args.control_key else control_key,
        control=control_key is not None,
        webhook_secret=fresh_secret,
        faults=app.world.faults.enabled,
    )

    with ready_file(args.ready_file) as announce:

        def on_ready() -> None:
            print(text, flush=True)
            announce(url)

        server.serve(app, listener, on_ready)
    return 0


def _app(
    args: argparse.Namespace, api_key: str, control_key: str | None, webhook_secret: str | None
) -> "App":
    from stepup_mock import faults, server, store
    from stepup_mock.sms_webhook import BadWebhook

    try:
        return server.create_app(
            host=args.host,
            api_key=api_key,
            control_key=control_key,
            state=args.state,
            allow_hosts=args.allow_host,
            faults=args.fault,
            sms_webhook=args.sms_webhook,
            webhook_secret=webhook_secret,
        )
    except faults.UnknownFault as error:
        raise CommandError(f"there is no fault {error}.", "See stepup-mfa mock --list-faults.") from error
    except BadWebhook as error:
        raise CommandError(
            f"the SMS webhook cannot be used: {error}.", f"See --sms-webhook and {_WEBHOOK_SECRET}."
        ) from error
    except store.BadState as error:
        raise CommandError(
            f"cannot keep the state in {args.state}: {error}.",
            "Give a file of its own in a folder that exists.",
        ) from error


def _list_faults() -> int:
    from stepup_mock import faults

    width = max(map(len, faults.available()))
    for fault in faults.available().values():
        print(f"{fault.rule}  {fault.id:{width}}  {fault.description}")
    return 0


@contextlib.contextmanager
def ready_file(path: Path | None) -> Iterator[Callable[[str], None]]:
    """Give a function that writes the URL into ``path``, whole or not at all; remove the file at the end."""

    def announce(url: str) -> None:
        if path is not None:
            unfinished = path.with_name(f"{path.name}.{os.getpid()}")
            unfinished.write_text(url + "\n", encoding="utf-8")
            unfinished.replace(path)

    if path is not None:
        try:
            path.unlink(missing_ok=True)
            path.touch()
            path.unlink()
        except OSError as error:
            raise CommandError(
                f"cannot write {path}: {_reason(error)}.", "Give a file in a folder that exists."
            ) from error
    try:
        yield announce
    finally:
        if path is not None:
            path.unlink(missing_ok=True)


def _check_keys(args: argparse.Namespace, *, public_key_is_enough: bool) -> None:
    from stepup_mock import access

    if not public_key_is_enough and args.api_key in (None, access.DEFAULT_API_KEY):
        raise CommandError(
            f"other machines could reach {args.host}, and everybody knows the default API key.",
            "Give --api-key (for the control API --control-key too), or leave --host out.",
        )
    for option, key in (("--api-key", args.api_key), ("--control-key", args.control_key)):
        if key is not None:
            _check_key(option, key)
    if args.api_key is not None and args.api_key == args.control_key:
        raise CommandError("the API key must not open the control API.", "Give two different keys.")


def _check_key(option: str, key: str) -> None:
    from stepup_mock import access

    if access.looks_real(key):
        raise CommandError(
            f"the value of {option} looks like a key of the real service; it was not used.",
            f"Make one up, such as {option} mock-{os.urandom(4).hex()}.",
        )
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise CommandError(
            f"the value of {option} cannot travel in a header.",
            f"Use visible ASCII without spaces, such as {option} mock-{os.urandom(4).hex()}.",
        )


def _reason(error: OSError | ValueError) -> str:
    # Python's own text repeats the address; name resolution has numbers of its own, below zero.
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno) if error.errno > 0 else str(error.strerror)
    return str(error)
