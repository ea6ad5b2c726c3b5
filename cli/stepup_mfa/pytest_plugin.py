"""The pytest plugin: ``stepup_mock``, a real mock server for each test.

One server runs for the session, on a free loopback port, and forgets everything after each test. Under
pytest-xdist every worker has its own, so parallel tests never see each other.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stepup_mock.testing import MockForTests

# The mock is imported when a test first asks for it: the plugin loads in every pytest run.


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
