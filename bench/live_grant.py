"""A mock process for the benchmarks, with a user and a time-based grant that outlives the run."""

import contextlib
import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from stepup_mock.launch import MockProcess, start_mock

ACTION = "SENSITIVE_ACTION"
# The demo user with an authenticator app.
USER = "31c41c16-c281-44ae-9602-8a047e3bf33d"


@dataclass(frozen=True, slots=True)
class LiveGrant:
    """A running mock and the arguments that verify a grant on it."""

    mock: MockProcess
    user_id: str
    action_type: str
    grant: str


@contextlib.contextmanager
def mock_with_grant() -> Iterator[LiveGrant]:
    """Run a mock and issue a grant for the user's current code."""
    with start_mock() as mock:
        yield LiveGrant(mock, USER, ACTION, issue(mock))


def issue(mock: MockProcess) -> str:
    """Verify the user's current code for a time-based grant."""
    code = _json(mock.base_url, f"/__control__/users/{USER}/totp-code", mock.control_key)["code"]
    terms = {"action_type": ACTION, "grant_type": "TIME_BASED", "valid_for_seconds": 86400}
    body = {"user_id": USER, "code": code, **terms}
    issued = _json(mock.base_url, "/api/backend/v1/mfa/step-up/verify-totp", mock.api_key, body)
    return str(issued["step_up_grant"])


def _json(url: str, path: str, key: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    call = urllib.request.Request(url + path, data=data, headers=headers)
    with urllib.request.urlopen(call, timeout=5) as response:
        return json.load(response)
