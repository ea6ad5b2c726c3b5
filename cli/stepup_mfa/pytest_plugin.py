"""The pytest plugin: ``stepup_mock``, a real mock server for each test, and the rules as tests of a server.

One server runs for the session, on a free loopback port, and forgets everything after each test. Under
pytest-xdist every worker has its own, so parallel tests never see each other.

With ``--stepup-url URL``, or ``--stepup-profile NAME``, every rule of the contract becomes a test of that
server. The options are those of ``stepup-mfa contract``, with a prefix.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stepup_mock.testing import MockForTests

# Mock and suite are imported when they are first asked for: the plugin loads in every pytest run.


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("stepup-mfa", "step-up MFA: judge a server by the rules of the contract")
    add = group.addoption
    add("--stepup-url", metavar="URL", help="root of the server; each rule becomes a test of it")
    add("--stepup-api-key", metavar="KEY", help="its API key; prefer STEPUP_MFA_API_KEY")
    add("--stepup-control-url", metavar="URL", help="root of its control API (STEPUP_MFA_CONTROL_URL)")
    add("--stepup-control-key", metavar="KEY", help="its control key; prefer STEPUP_MFA_CONTROL_KEY")
    add("--stepup-profile", metavar="NAME", help="take settings from this profile of stepup.toml")
    add("--stepup-config", metavar="FILE", type=Path, help="the file of the profiles")
    add("--stepup-rules", metavar="IDS", help="only these rules or groups, such as A1,T,V2")
    add("--stepup-skip", metavar="IDS", help="leave out these rules or groups")
    add("--stepup-operation", metavar="IDS", help="only rules about these operationIds")
    add("--stepup-seed", metavar="N", type=int, help="seed of all choices (default: random)")
    add("--stepup-timeout", metavar="SECONDS", type=float, default=10.0, help="how long one answer may take")
    add("--stepup-restart-command", metavar="COMMAND", help="restarts the server; run without a shell")
    add("--stepup-log-file", metavar="FILE", type=Path, help="what the server logs to")
    add(
        "--stepup-exclusive",
        action="store_true",
        help="move clock and limits though the server holds other users than its demo users",
    )
    add("--stepup-totp-user", metavar="ID:VARIABLE", action="append", help="a user with an app; repeatable")
    add(
        "--stepup-phone-user",
        metavar="ID:PHONE_ID:VARIABLE",
        action="append",
        help="a user with a phone; repeatable",
    )
    add("--stepup-plain-user", metavar="ID", action="append", help="a user without MFA; repeatable")
    add("--stepup-inbox-command", metavar="COMMAND", help="prints the code of a text message")
    add("--stepup-live", action="store_true", help="judge a server that others may use")
    add("--stepup-allow-host", metavar="HOST", action="append", help="a live host that may be sent to")
    add("--stepup-allow-sms", action="store_true", help="judge rules that send text messages when live")
    add(
        "--stepup-allow-lockout",
        metavar="USER_ID",
        nargs="?",
        const="",
        action="append",
        help="judge rules that lock users; without the control API on this named user, repeatable",
    )
    for kind in ("requests", "sms", "failures", "grants"):
        add(f"--stepup-max-{kind}", metavar="N", type=int, help="at most so many in a live run")


def pytest_configure(config: pytest.Config) -> None:
    if not (config.getoption("stepup_url") or config.getoption("stepup_profile")):
        return
    from stepup_mfa.errors import CommandError
    from stepup_mfa.extras import require

    try:
        require("contract", "contract")
    except CommandError as error:
        raise pytest.UsageError(f"stepup-mfa: {error}. {error.remedy}") from None
    from stepup_mfa import pytest_rules

    pytest_rules.configure(config)


@pytest.fixture(scope="session")
def _stepup_mock_server() -> Iterator["MockForTests"]:
    from stepup_mock.testing import running_mock

    with running_mock() as mock:
        yield mock


@pytest.fixture
def stepup_mock(_stepup_mock_server: "MockForTests") -> Iterator["MockForTests"]:
    """A step-up MFA server without users: base_url, api_key, add_totp_user(), totp_code(user), …"""
    yield _stepup_mock_server
    _stepup_mock_server.reset()
