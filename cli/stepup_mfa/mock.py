"""Run a mock of the step-up MFA API on this machine.

It keeps the whole contract: real TOTP codes, SMS codes in an inbox, grants that end, and a throttle. It
starts with three demo users and prints lines to paste. It is for tests and demos and refuses keys that look
like real ones.
"""

import argparse
import os

from stepup_mfa.errors import CommandError

HELP = "run a mock server of the API"
DEFAULT_PORT = 8765


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to bind to (default: %(default)s)")
    parser.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help="port; 0 takes a free one (default: %(default)s)"
    )
    parser.add_argument(
        "--api-key", metavar="KEY", help="the key callers use (default: a public one, loopback only)"
    )
    parser.add_argument(
        "--control-key",
        metavar="KEY",
        help="the key of the control API (default: a fresh one, printed, loopback only)",
    )


def run(args: argparse.Namespace) -> int:
    from stepup_mock import access, demo, hosts, mock, server

    loopback = hosts.is_loopback(args.host)
    if not loopback and args.api_key in (None, access.DEFAULT_API_KEY):
        raise CommandError(
            f"other machines could reach {args.host}, and everybody knows the default API key.",
            "Give --api-key (for the control API --control-key too), or leave --host out.",
        )
    for option, key in (("--api-key", args.api_key), ("--control-key", args.control_key)):
        if key is not None:
            _check_key(option, key)
    if args.api_key is not None and args.api_key == args.control_key:
        raise CommandError("the API key must not open the control API.", "Give two different keys.")
    api_key = args.api_key or access.DEFAULT_API_KEY
    control_key = args.control_key or (mock.new_control_key() if loopback else None)
    try:
        listener = server.bind(args.host, args.port)
    except (OSError, ValueError) as error:
        reason = _reason(error)
        raise CommandError(
            f"cannot listen on {args.host} port {args.port}: {reason}.", "Try --port 0 for a free port."
        ) from error
    app = server.create_app(host=args.host, api_key=api_key, control_key=control_key)
    text = demo.instructions(
        server.url_of(listener, args.host),
        # A key that the caller gave is the caller's secret: it is not printed.
        api_key=None if args.api_key else api_key,
        control_key=None if args.control_key else control_key,
        control=control_key is not None,
    )
    server.serve(app, listener, on_ready=lambda: print(text, flush=True))
    return 0


def _reason(error: OSError | ValueError) -> str:
    # Python's own text repeats the address; name resolution has numbers of its own, below zero.
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno) if error.errno > 0 else str(error.strerror)
    return str(error)


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
