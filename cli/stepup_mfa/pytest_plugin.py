"""The pytest plugin: ``stepup_mock``, a real mock server for each test, and the rules as tests of a server.

One server runs for the session, on a free loopback port, and forgets everything after each test. Under
pytest-xdist every worker has its own, so parallel tests never see each other.

With ``--stepup-url URL`` every rule of the contract becomes a test of the server at that address.
"""

from collections.abc import Iterator
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
    add("--stepup-rules", metavar="IDS", help="only these rules or groups, such as A1,T,V2")
    add("--stepup-seed", metavar="N", type=int, help="seed of all choices (default: random)")
    add("--stepup-live", action="store_true", help="judge a server that is not on loopback")
    add("--stepup-allow-host", metavar="HOST", action="append", help="a live host that may be sent to")
    add(
        "--stepup-exclusive",
        action="store_true",
        help="move clock and limits though the server holds other users than its demo users",
    )


def pytest_configure(config: pytest.Config) -> None:
    if not config.getoption("stepup_url"):
        return
    from stepup_mfa.errors import CommandError
    from stepup_mfa.extras import require

    try:
        require("contract", "contract")
    except CommandError as error:
        raise pytest.UsageError(f"--stepup-url: {error}. {error.remedy}") from None
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
