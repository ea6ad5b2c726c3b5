"""Client faults: responses broken on their way, for the next requests of an operation."""

import time

import httpx
import pytest

from stepup_mock.server import create_app


@pytest.fixture
def wait(caller):
    """Put client faults in wait; what is left out is null."""

    def put(*faults):
        documents = [{"operation_id": None, "count": None} | fault for fault in faults]
        return caller.control("PUT", "/client-faults", {"client_faults": documents})["client_faults"]

    return put


def test_they_are_listed_as_they_were_given(caller, wait):
    """The list is kept in order and replaced as one."""
    first = {"kind": "latency", "seconds": 0.01, "operation_id": None, "count": None}
    second = {"kind": "status", "status": 503, "operation_id": "sendSmsMfaCode", "count": 2}
    assert wait(first, second) == [first, second]
    assert caller.control("GET", "/client-faults") == {"client_faults": [first, second]}
    assert wait() == []


@pytest.mark.parametrize(
    "bad",
    [
        {"kind": "explode"},
        {"kind": "latency"},
        {"kind": "latency", "seconds": 0},
        {"kind": "status", "status": 99},
        {"kind": "html", "count": 0},
        {"kind": "html", "operation_id": "fly"},
        {"kind": "html", "seconds": 5},
    ],
)
def test_bad_ones_are_refused(caller, wait, bad):
    """An invalid fault is rejected, and the list stays."""
    wait({"kind": "html", "count": 3})
    document = {"client_faults": [{"operation_id": None, "count": None} | bad]}
    assert caller.control("PUT", "/client-faults", document, expect=400)["field_errors"]
    assert len(caller.control("GET", "/client-faults")["client_faults"]) == 1


def test_they_count_meetings_of_their_operation(caller, wait):
    """A fault meets only its operation, as often as it says, and the first that fits is met first."""
    user_id = caller.plain_user()
    wait(
        {"kind": "status", "status": 502, "operation_id": "fetchUserMfaMethods", "count": 2},
        {"kind": "status", "status": 503, "count": 1},
    )
    assert caller.http.get("/no/such/path").status_code == 404
    assert caller.http.put(caller.paths["send"]).status_code == 405
    assert [caller.lookup(user_id).status_code for _ in range(4)] == [502, 502, 503, 200]
    assert caller.control("GET", "/client-faults") == {"client_faults": []}


def test_the_control_api_is_spared(caller, wait):
    """Client faults never break the control API."""
    wait({"kind": "status", "status": 500})
    assert caller.control("GET", "/clock")["frozen"] is True


def test_latency(caller, wait):
    """The response is late and the request is carried out."""
    user_id = caller.known_totp_user()
    code = caller.code()
    wait({"kind": "latency", "seconds": 0.3, "count": 1})
    started = time.monotonic()
    assert caller.verify_totp(user_id, code).status_code == 200
    assert 0.25 < time.monotonic() - started < 2
    assert caller.verify_totp(user_id, code).status_code == 400


@pytest.mark.parametrize(("after_effect", "then"), [(True, 400), (False, 200)])
def test_drop(caller, wait, after_effect, then):
    """The connection ends without a response, before the effect or after it."""
    user_id = caller.known_totp_user()
    code = caller.code()
    wait({"kind": "drop", "after_effect": after_effect, "count": 1})
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        caller.verify_totp(user_id, code)
    assert caller.verify_totp(user_id, code).status_code == then


def test_slow_body(caller, wait):
    """The head comes at once, the body over the given time, and all of it."""
    user_id = caller.plain_user()
    wait({"kind": "slow_body", "seconds": 0.3, "count": 1})
    started = time.monotonic()
    with caller.http.stream(
        "GET", f"/api/backend/v1/user/{user_id}/mfa", headers=caller.bearer()
    ) as response:
        assert response.status_code == 200
        assert time.monotonic() - started < 0.2
        assert response.read() == b'{"mfa_setup":null}'
    assert time.monotonic() - started > 0.25


@pytest.mark.parametrize("status", [200, 204, 302, 304, 400, 429, 500, 503, 599])
def test_status(caller, wait, status):
    """The response has the status, JSON from 400 up and no body below, and nothing is carried out."""
    user_id = caller.known_totp_user()
    code = caller.code()
    wait({"kind": "status", "status": status, "count": 1})
    response = caller.verify_totp(user_id, code)
    assert response.status_code == status
    assert isinstance(response.json()["error_code"], str) if status >= 400 else response.content == b""
    assert caller.verify_totp(user_id, code).status_code == 200


def test_rate_limit(caller, wait):
    """429 with the wait, on operations too that never send it otherwise."""
    wait({"kind": "rate_limit", "retry_after_seconds": 3, "count": 1})
    response = caller.lookup(caller.plain_user())
    assert (response.status_code, response.json()["error_code"]) == (429, "rate_limited")
    assert response.headers["Retry-After"] == "3"


def test_html_and_not_success(caller, wait):
    """200 with a page, and 200 that says no: neither spends the grant."""
    user_id = caller.known_totp_user()
    grant = caller.totp_grant(user_id)
    wait({"kind": "html", "count": 1}, {"kind": "not_success", "count": 1})
    page, no = (caller.verify_grant(user_id, grant) for _ in range(2))
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.text.startswith("<!doctype html>")
    assert (no.status_code, no.json()) == (200, {"success": False})
    assert caller.verify_grant(user_id, grant).json() == {"success": True}


def test_a_drop_in_process():
    """In process, where there is no connection to cut, no response is sent either."""
    import asyncio

    from stepup_mock.client_faults import ClientFault

    app = create_app()
    app.world.client_faults.waiting = [ClientFault("drop", None, 1, {"after_effect": False})]

    async def ask():
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://localhost"
        ) as client:
            return await client.get(f"/api/backend/v1/user/{'0' * 8}-0000-4000-8000-000000000000/mfa")

    with pytest.raises((AssertionError, httpx.HTTPError)):
        asyncio.run(ask())
