"""The pytest plugin, in another project's test suite: other settings, other plugins, parallel workers."""

import pytest

pytest_plugins = ["pytester"]

# Another library's plugin, which is in this environment too and takes a second to load.
QUICK = ("-p", "no:schemathesis")

SUITE = """
import httpx
import pytest


def call(mock, operation, **body):
    return httpx.post(
        f"{mock.base_url}/api/backend/v1/mfa/step-up/{operation}",
        headers={"Authorization": f"Bearer {mock.api_key}"},
        json=body,
    )


ACTION = {"action_type": "PAYOUT", "grant_type": "TIME_BASED", "valid_for_seconds": 60}


def test_totp(stepup_mock):
    user = stepup_mock.add_totp_user()
    response = call(stepup_mock, "verify-totp", user_id=user.id, code=stepup_mock.totp_code(user), **ACTION)
    assert response.status_code == 200, response.text
    grant = {"action_type": "PAYOUT", "user_id": user.id, "grant": response.json()["step_up_grant"]}
    stepup_mock.advance(59)
    assert call(stepup_mock, "verify-grant", **grant).status_code == 200
    stepup_mock.advance(1)
    assert call(stepup_mock, "verify-grant", **grant).status_code == 400


def test_sms(stepup_mock):
    user = stepup_mock.add_phone_user()
    (phone,) = user.phones
    with pytest.raises(LookupError, match=phone.suffix):
        stepup_mock.last_sms(phone)
    sent = call(stepup_mock, "phone/send", user_id=user.id, mfa_phone_id=phone.mfa_phone_id, **ACTION)
    response = call(
        stepup_mock, "phone/verify", user_id=user.id, code=stepup_mock.last_sms(phone),
        challenge_id=sent.json()["challenge_id"],
    )
    assert response.status_code == 200, response.text


FIXED = "31c41c16-c281-44ae-9602-8a047e3bf33d"


@pytest.mark.parametrize("number", range(6))
def test_each_test_starts_afresh(stepup_mock, number):
    url = f"{stepup_mock.base_url}/api/backend/v1/user/{FIXED}/mfa"
    headers = {"Authorization": f"Bearer {stepup_mock.api_key}"}
    assert httpx.get(url, headers=headers).status_code == 404
    stepup_mock.add_user(FIXED)
    assert httpx.get(url, headers=headers).json() == {"mfa_setup": None}
"""


@pytest.mark.parametrize("arguments", [(), ("-n", "2"), ("-p", "no:randomly", "--import-mode=importlib")])
def test_a_strangers_suite_passes(pytester: pytest.Pytester, arguments: tuple[str, ...]) -> None:
    """Codes, messages, clock and a clean slate for each test, alone and with parallel workers."""
    pytester.makepyfile(SUITE)
    pytester.makeini("[pytest]\naddopts = --strict-markers --strict-config -W error\nxfail_strict = true\n")
    pytester.runpytest_subprocess(*QUICK, *arguments).assert_outcomes(passed=8)


def test_a_suite_that_does_not_use_the_mock_does_not_load_it(pytester: pytest.Pytester) -> None:
    """The plugin costs a run nothing until the fixture is asked for."""
    pytester.makepyfile(
        "import sys\n"
        "def test_nothing_is_loaded():\n"
        "    assert 'stepup_mfa.pytest_plugin' in sys.modules\n"
        "    assert not {'stepup_mock', 'uvicorn', 'starlette'} & sys.modules.keys()\n"
    )
    pytester.runpytest_subprocess(*QUICK).assert_outcomes(passed=1)


def test_the_fixture_says_what_it_is(pytester: pytest.Pytester) -> None:
    """`pytest --fixtures` shows the fixture with its first line of help."""
    pytester.runpytest_subprocess(*QUICK, "--fixtures").stdout.fnmatch_lines(
        ["*stepup_mock*", "*A step-up MFA server*"]
    )
