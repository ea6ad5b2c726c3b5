"""Print the code that a user of a running mock would enter now.

For a user with an authenticator app that is the current code; for one with a phone, the code of the last
message. The control API is found through STEPUP_MFA_CONTROL_URL and STEPUP_MFA_CONTROL_KEY, or the options.
"""

import argparse
import os
import sys
from typing import Any

from stepup_mfa.errors import CommandError

HELP = "print the current code of a user of the mock"
_URL, _KEY = "STEPUP_MFA_CONTROL_URL", "STEPUP_MFA_CONTROL_KEY"
_DEFAULT_URL = "http://127.0.0.1:8765"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("user", metavar="USER", help="the user's id")
    parser.add_argument(
        "--control-url", metavar="URL", help=f"root of the server (default: {_URL} or {_DEFAULT_URL})"
    )
    parser.add_argument("--control-key", metavar="KEY", help=f"key of the control API (default: {_KEY})")


def run(args: argparse.Namespace) -> int:
    from urllib.parse import quote

    url = args.control_url or os.environ.get(_URL) or _DEFAULT_URL
    key = args.control_key or os.environ.get(_KEY)
    if not url.startswith(("http://", "https://")):
        raise CommandError(f"{url!r} is not a URL.", f"Give one such as {_DEFAULT_URL}.")
    if not key:
        raise CommandError(
            "the key of the control API is missing.", f"Set {_KEY}; `stepup-mfa mock` prints it."
        )
    status, body = _get(url, key, f"/users/{quote(args.user, safe='')}/totp-code")
    if status == 200:
        if body["spent"]:
            wait = f"the next one comes in {body['seconds_remaining']:.0f} s"
            print(f"This code was used already; {wait}.", file=sys.stderr)
        print(body["code"])
        return 0
    if body.get("error_code") == "mfa_not_enabled":
        print(_last_sms(url, key, args.user.lower()))
        return 0
    raise CommandError(*_explain(status, body, url))


def _last_sms(url: str, key: str, user_id: str) -> str:
    _, body = _get(url, key, "/inbox")
    codes = [message["code"] for message in body.get("messages", []) if message["user_id"] == user_id]
    if not codes:
        raise CommandError(
            "this user has no authenticator app and got no message.", "Send a code first: phone/send."
        )
    return str(codes[-1])


def _explain(status: int, body: dict[str, Any], url: str) -> tuple[str, str]:
    match status, body.get("error_code"):
        case 401, _:
            return (
                f"{url} does not accept this control key.",
                f"`stepup-mfa mock` prints the right one; set {_KEY}.",
            )
        case 400, _:
            return "a user's id is a UUID.", "The demo users' ids are printed by `stepup-mfa mock`."
        case 404, "user_not_found":
            return "there is no such user.", "The demo users' ids are printed by `stepup-mfa mock`."
        case 404, _:
            return (
                f"{url} has no control API.",
                "Start the mock with --control-key, or correct --control-url.",
            )
    return f"{url} returned {status}.", "Is that address a step-up mock?"


def _get(url: str, key: str, path: str) -> tuple[int, dict[str, Any]]:
    """Return status and JSON document of a call, {} for any other body."""
    import http.client
    import json
    from urllib.error import HTTPError, URLError
    from urllib.request import ProxyHandler, Request, build_opener

    request = Request(f"{url.rstrip('/')}/__control__{path}", headers={"Authorization": f"Bearer {key}"})  # noqa: S310
    try:
        # No proxy: the key is for a server that this machine reaches itself.
        with build_opener(ProxyHandler({})).open(request, timeout=5) as response:
            status, body = response.status, response.read(1_000_000)
    except HTTPError as error:
        status, body = error.code, error.read(1_000_000)
    except (URLError, OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise CommandError(f"cannot reach {url}: {reason}.", "Is `stepup-mfa mock` running there?") from error
    try:
        document = json.loads(body)
    except ValueError:
        document = {}
    return status, document if isinstance(document, dict) else {}
