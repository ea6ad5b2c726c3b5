"""A real server on a real socket for every test, and a caller that knows both of its APIs.

The clock is frozen at START until a test moves it. Codes come from pyotp: the server's own arithmetic checks
nothing here.
"""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pyotp
import pytest

from stepup_mock.server import RunningMock, running

START = 1_700_000_000
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
BASE = "/api/backend/v1"
PATHS = {
    "verify_totp": f"{BASE}/mfa/step-up/verify-totp",
    "send": f"{BASE}/mfa/step-up/phone/send",
    "verify_sms": f"{BASE}/mfa/step-up/phone/verify",
    "verify_grant": f"{BASE}/mfa/step-up/verify-grant",
}


class Caller:
    """Calls one running mock: the five operations with a key, and the control API."""

    paths = PATHS
    secret = SECRET
    start = START

    def __init__(self, mock: RunningMock) -> None:
        self.mock = mock
        self.http = httpx.Client(base_url=mock.base_url, trust_env=False)
        self.key = mock.api_key

    def control(self, method: str, path: str, document: Any = None, expect: int | None = None) -> Any:
        """Call the control API and return the parsed response, None for 204."""
        response = self.http.request(
            method,
            f"/__control__{path}",
            headers={"Authorization": f"Bearer {self.mock.control_key}"},
            json=document if method != "GET" and document is not None else None,
            params=document if method == "GET" else None,
        )
        assert response.status_code == expect if expect else response.is_success, response.text
        return response.json() if response.content else None

    def totp_user(self, secret: str | None = None, **fields: Any) -> str:
        user_id = str(uuid.uuid4())
        mfa = {"type": "Totp", "secret": secret or pyotp.random_base32()}
        self.control("PUT", f"/users/{user_id}", {"mfa": mfa, **fields})
        return user_id

    def known_totp_user(self) -> str:
        return self.totp_user(SECRET)

    def phone_user(self, *numbers: str) -> tuple[str, list[str]]:
        """Return a new user with these phones, and the ids of the phones."""
        user_id = str(uuid.uuid4())
        phones = [
            {"mfa_phone_id": str(uuid.uuid4()), "phone_number": number}
            for number in numbers or (f"+1555{uuid.uuid4().int % 10**7:07}",)
        ]
        self.control("PUT", f"/users/{user_id}", {"mfa": {"type": "Phone", "phone_numbers": phones}})
        return user_id, [str(phone["mfa_phone_id"]) for phone in phones]

    def plain_user(self) -> str:
        user_id = str(uuid.uuid4())
        self.control("PUT", f"/users/{user_id}", {"mfa": None})
        return user_id

    def lookup(self, user_id: str, key: str | None = None) -> httpx.Response:
        return self.http.get(f"{BASE}/user/{user_id}/mfa", headers=self.bearer(key))

    def bearer(self, key: str | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {key or self.key}"}

    def post(self, operation: str, document: dict[str, Any], key: str | None = None) -> httpx.Response:
        return self.http.post(PATHS[operation], json=document, headers=self.bearer(key))

    def totp_body(self, user_id: str, code: str, **changes: Any) -> dict[str, Any]:
        body: dict[str, Any] = {
            "action_type": "PAYOUT",
            "user_id": user_id,
            "code": code,
            "grant_type": "ONE_TIME_USE",
            "valid_for_seconds": 60,
        }
        return body | changes

    def verify_totp(self, user_id: str, code: str, key: str | None = None, **changes: Any) -> httpx.Response:
        return self.post("verify_totp", self.totp_body(user_id, code, **changes), key)

    def send(self, user_id: str, phone_id: str, key: str | None = None, **changes: Any) -> httpx.Response:
        body = self.totp_body(user_id, "", **changes) | {"mfa_phone_id": phone_id}
        del body["code"]
        return self.post("send", body, key)

    def verify_sms(
        self, user_id: str, challenge_id: str, code: str, key: str | None = None, **extra: Any
    ) -> httpx.Response:
        body = {"challenge_id": challenge_id, "user_id": user_id, "code": code, **extra}
        return self.post("verify_sms", body, key)

    def verify_grant(
        self, user_id: str, grant: str, action_type: str = "PAYOUT", key: str | None = None
    ) -> httpx.Response:
        body = {"action_type": action_type, "user_id": user_id, "grant": grant}
        return self.post("verify_grant", body, key)

    def now(self) -> float:
        return float(self.control("GET", "/clock")["now"])

    def advance(self, seconds: float) -> None:
        self.control("POST", "/clock", {"advance_seconds": seconds})

    def code(self, user_secret: str = SECRET, steps: int = 0) -> str:
        """Return the code of the known secret, now or some steps away."""
        return pyotp.TOTP(user_secret).at(int(self.now()), counter_offset=steps)

    def wrong_code(self, user_secret: str = SECRET) -> str:
        near = {self.code(user_secret, steps) for steps in range(-5, 6)}
        return next(code for code in (f"{number:06}" for number in range(20)) if code not in near)

    def sent_code(self, challenge_id: str) -> str:
        (message,) = self.control("GET", "/inbox", {"challenge_id": challenge_id})["messages"]
        return str(message["code"])

    def totp_grant(self, user_id: str, **changes: Any) -> str:
        response = self.verify_totp(user_id, self.code(), **changes)
        assert response.status_code == 200, response.text
        return str(response.json()["step_up_grant"])


@pytest.fixture(scope="session")
def mock() -> Iterator[RunningMock]:
    with running() as server:
        yield server


@pytest.fixture
def caller(mock: RunningMock) -> Iterator[Caller]:
    caller = Caller(mock)
    caller.control("POST", "/reset")
    caller.control("POST", "/clock", {"freeze_at": START})
    yield caller
    caller.http.close()


@pytest.fixture
def make_caller() -> Iterator[Callable[[RunningMock], Caller]]:
    """Make callers for servers that a test starts itself."""
    callers: list[Caller] = []

    def make(mock: RunningMock) -> Caller:
        callers.append(Caller(mock))
        return callers[-1]

    yield make
    for caller in callers:
        caller.http.close()
