"""The pytest plugin: ``stepup_mock``, a real mock server for each test, and the rules as tests of a server.

One server runs for the session, on a free loopback port, and forgets everything after each test. Under
pytest-xdist every worker has its own, so parallel tests never see each other.

With ``--stepup-url URL``, or ``--stepup-profile NAME``, every rule of the contract becomes a test of that
server. The options are those of ``stepup-mfa contract``, with a prefix.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from stepup_mfa.contract_options import OPTIONS, PREFIX, add_option

if TYPE_CHECKING:
    from stepup_mock.testing import MockForTests

# Mock and suite are imported when first used: the plugin loads in every pytest run.


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("stepup-mfa", "step-up MFA: check a server against the rules of the contract")
    for option in OPTIONS:
        if option.pytest:
            add_option(group.addoption, option, prefix=PREFIX)


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
