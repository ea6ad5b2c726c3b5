"""The rules as pytest items, in a stranger's test suite, against running servers: good, broken, not there."""

import re
from collections.abc import Iterator

import httpx
import pytest

from stepup_contract.rules import read_rules
from stepup_mock.testing import MockForTests, running_mock

pytest_plugins = ["pytester"]

# A live server; the control URL of the environment is another host.
FAR = ("--stepup-url", "http://192.0.2.1", "--stepup-live", "--stepup-allow-host=192.0.2.1")
# Another library's plugin, which is in this environment too and takes a second to load.
QUICK = ("-p", "no:schemathesis")


@pytest.fixture(scope="module")
def server() -> Iterator[MockForTests]:
    """A mock of this module's own: its clock is moved."""
    with running_mock() as mock:
        # pytester unloads what a test loads, and httpx loads httpcore at its first call: here, for good.
        httpx.get(mock.base_url)
        yield mock


@pytest.fixture
def clean(server: MockForTests) -> Iterator[MockForTests]:
    """The mock, without faults and as it started."""
    yield server
    _control(server, "PUT", "faults", {"enabled": []})
    _control(server, "PUT", "client-faults", {"client_faults": []})
    server.reset()


@pytest.fixture
def stranger(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, clean: MockForTests
) -> pytest.Pytester:
    """A suite with a test of its own, strict settings, and the keys in its environment."""
    pytester.makepyfile("def test_of_their_own():\n    pass\n")
    pytester.makeini("[pytest]\naddopts = --strict-markers --strict-config -W error\nxfail_strict = true\n")
    monkeypatch.setenv("STEPUP_MFA_API_KEY", clean.api_key)
    monkeypatch.setenv("STEPUP_MFA_CONTROL_URL", clean.base_url)
    monkeypatch.setenv("STEPUP_MFA_CONTROL_KEY", clean.control_key)
    monkeypatch.delenv("STEPUP_MFA_AUTH_URL", raising=False)
    return pytester


def _control(mock: MockForTests, method: str, path: str, body: dict[str, object]) -> None:
    headers = {"Authorization": f"Bearer {mock.control_key}"}
    httpx.request(
        method, f"{mock.base_url}/__control__/{path}", headers=headers, json=body
    ).raise_for_status()


@pytest.mark.parametrize("arguments", [(), ("-n", "2", "--import-mode=importlib")])
def test_a_good_server_passes_every_rule_that_can_be_checked(
    stranger: pytest.Pytester, clean: MockForTests, arguments: tuple[str, ...]
) -> None:
    """One item for each rule beside the suite's own test; the three that need more say what, alone and with
    workers.
    """
    rules = len(read_rules())
    ran = stranger.runpytest_subprocess(*QUICK, "-rs", "--stepup-url", clean.base_url, *arguments)
    ran.assert_outcomes(passed=rules + 1 - 3, skipped=3)
    assert (
        f"collected {rules + 1} items" in ran.stdout.str()
        or f"2 workers [{rules + 1} items]" in ran.stdout.str()
    )
    ran.stdout.fnmatch_lines(["*not exercised: needs a command that restarts the server*"])
    assert clean.api_key not in ran.stdout.str()


@pytest.mark.parametrize("arguments", [(), ("-n", "2")])
def test_a_reusable_one_time_grant_fails_the_rule_that_forbids_it(
    stranger: pytest.Pytester, clean: MockForTests, arguments: tuple[str, ...]
) -> None:
    """The failure shows the rule, what was observed, and the request as a curl line, without a traceback;
    rules that use no grant twice pass.
    """
    _control(clean, "PUT", "faults", {"enabled": ["v2-reusable-grant"]})
    ran = stranger.runpytest_subprocess(
        *QUICK, "-m", "stepup", "--stepup-url", clean.base_url, "--stepup-rules", "T1,V2,V3,H1", *arguments
    )
    ran.assert_outcomes(failed=1, passed=3)
    ran.stdout.fnmatch_lines(
        ["*stepup::V2*", "V2 promises: *never again*", "V2  verifyStepUpGrant: *got 200*"]
    )
    ran.stdout.fnmatch_lines(['curl -i *"${STEPUP_MFA_API_KEY}"*', "FAILED stepup::V2*"])
    text = ran.stdout.str()
    assert "Traceback" not in text
    assert "pytest_rules.py" not in text
    for secret in (clean.api_key, clean.control_key):
        assert secret not in text


def test_a_seed_is_shown_and_repeated(stranger: pytest.Pytester, clean: MockForTests) -> None:
    """The header names server, rules and seed; collecting items sends nothing, running them does."""
    requests = ("--stepup-url", clean.base_url, "--stepup-rules", "E", "--stepup-seed", "7", "--collect-only")
    before = _journal(clean)
    ran = stranger.runpytest_subprocess(*QUICK, *requests)
    ran.stdout.fnmatch_lines([f"stepup-mfa: {clean.base_url}, 5 rules, seed 7"])
    assert re.findall(r"<RuleItem (\w+)>", ran.stdout.str()) == [f"E{n}" for n in range(1, 6)]
    assert _journal(clean) == before
    stranger.runpytest_subprocess(*QUICK, *requests[:-1]).assert_outcomes(passed=6)
    assert _journal(clean) != before


def _journal(mock: MockForTests) -> list[int]:
    headers = {"Authorization": f"Bearer {mock.control_key}"}
    response = httpx.get(f"{mock.base_url}/__control__/requests", headers=headers)
    response.raise_for_status()
    return [request["sequence"] for request in response.json()["requests"]]


def test_without_control_a_rule_is_skipped_with_the_reason(
    stranger: pytest.Pytester, clean: MockForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule that needs prepared users does not pass without them."""
    monkeypatch.delenv("STEPUP_MFA_CONTROL_URL")
    monkeypatch.delenv("STEPUP_MFA_CONTROL_KEY")
    ran = stranger.runpytest_subprocess(
        *QUICK, "-rs", "--stepup-url", clean.base_url, "--stepup-rules", "A1,V2"
    )
    ran.assert_outcomes(passed=2, skipped=1)
    ran.stdout.fnmatch_lines(["*not exercised: needs users with known secrets*"])


@pytest.fixture
def named(
    stranger: pytest.Pytester, clean: MockForTests, monkeypatch: pytest.MonkeyPatch
) -> tuple[str, str, str]:
    """An app user, a phone user and a plain one without control, their secrets in the environment and all of
    them in the profile ``own``; the options that name them.
    """
    monkeypatch.delenv("STEPUP_MFA_CONTROL_URL")
    monkeypatch.delenv("STEPUP_MFA_CONTROL_KEY")
    app, user, plain = clean.add_totp_user(), clean.add_phone_user(), clean.add_user()
    phone = user.phones[0]
    assert app.secret is not None
    monkeypatch.setenv("APP_SECRET", app.secret)
    monkeypatch.setenv("PHONE_NUMBER", phone.phone_number)
    stranger.makefile(
        ".toml",
        stepup=f"""
        [profiles.own]
        url = "{clean.base_url}"
        live = true
        allow_hosts = ["127.0.0.1"]
        plain_users = ["{plain.id}"]
        budgets = {{ requests = 40 }}
        [profiles.own.totp_users]
        "{app.id}" = "APP_SECRET"
        [profiles.own.phone_users]
        "{user.id}:{phone.mfa_phone_id}" = "PHONE_NUMBER"
        """,
    )
    return (
        f"--stepup-totp-user={app.id}:APP_SECRET",
        f"--stepup-phone-user={user.id}:{phone.mfa_phone_id}:PHONE_NUMBER",
        f"--stepup-plain-user={plain.id}",
    )


def test_named_users_are_used_without_control(
    stranger: pytest.Pytester, clean: MockForTests, named: tuple[str, str, str]
) -> None:
    """Rules are checked with the users that options name; what these do not allow is skipped."""
    rules = ("--stepup-url", clean.base_url, "--stepup-rules", "E1,E2,E3,R1,S4", "--stepup-skip", "S4")
    ran = stranger.runpytest_subprocess(*QUICK, "-m", "stepup", "-rs", *rules, *named)
    ran.assert_outcomes(passed=3, skipped=1)
    ran.stdout.fnmatch_lines(["*not exercised: locks users*--stepup-allow-lockout USER_ID*"])


def test_a_profile_keeps_its_budget(
    stranger: pytest.Pytester, clean: MockForTests, named: tuple[str, str, str]
) -> None:
    """A live profile needs permission; the run says what it may cost, and stops when that is spent."""
    arguments = (*QUICK, "-m", "stepup", "--stepup-profile", "own", "--stepup-rules", "E1,E2,E3,E4")
    rejected = stranger.runpytest_subprocess(*arguments)
    assert rejected.ret == pytest.ExitCode.USAGE_ERROR
    rejected.stderr.fnmatch_lines(["*is a live server*--stepup-live*"])
    ran = stranger.runpytest_subprocess(*arguments, "--stepup-live", "--stepup-max-requests", "30")
    ran.stdout.fnmatch_lines(["stepup-mfa: *, at most 30 requests, 0 text messages*"])
    ran.stdout.fnmatch_lines(["stepup-mfa spent: 30 requests*"])
    assert ran.ret == pytest.ExitCode.TESTS_FAILED
    ran.stdout.fnmatch_lines(["*the budget of 30 requests is spent*"])


def test_a_server_that_rejects_the_key_fails_every_rule(
    stranger: pytest.Pytester, clean: MockForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing passes on a server that cannot be checked, and the message says what to do."""
    monkeypatch.setenv("STEPUP_MFA_API_KEY", "a-key-of-somebody-else")
    ran = stranger.runpytest_subprocess(
        *QUICK, "-m", "stepup", "--stepup-url", clean.base_url, "--stepup-rules", "E1,V2"
    )
    ran.assert_outcomes(failed=2)
    ran.stdout.fnmatch_lines(["the server cannot be checked: *rejected the API key*", "Give a key of this*"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--stepup-url", "ftp://x"), "not a plain http or https URL"),
        (("--stepup-url", "http://127.0.0.1:9", "--stepup-rules", "Z9"), "no rule or group Z9"),
        (("--stepup-url", "http://127.0.0.1:9", "--stepup-api-key", "ä"), "printable ASCII"),
        (
            ("--stepup-url", "http://127.0.0.1:9", "--stepup-totp-user", "x:Y"),
            "--stepup-totp-user: an id",
        ),
        (
            (*FAR, "--stepup-allow-host=127.0.0.1", "-n", "2"),
            "budgets belong to one process",
        ),
        (("--stepup-profile", "nobody"), "--stepup-config FILE"),
        (("--stepup-url", "http://192.0.2.1"), "is a live server*--stepup-live"),
        (
            ("--stepup-url", "http://192.0.2.1", "--stepup-live"),
            "not an allowed host*--stepup-allow-host 192",
        ),
    ],
)
def test_misuse_is_reported_before_any_test(
    stranger: pytest.Pytester, arguments: tuple[str, ...], message: str
) -> None:
    """A setting that names no server or no rule ends the run with pytest's own code for misuse."""
    ran = stranger.runpytest_subprocess(*QUICK, *arguments)
    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    ran.stderr.fnmatch_lines([f"*{message}*"])


def test_a_live_server_is_checked_with_permission(stranger: pytest.Pytester) -> None:
    """With the permission and all hosts allowed its rules are collected."""
    hosts = ("--stepup-allow-host", "192.0.2.1", "--stepup-allow-host", "127.0.0.1")
    ran = stranger.runpytest_subprocess(
        *QUICK, "--collect-only", "-q", "--stepup-url", "http://192.0.2.1", "--stepup-live", *hosts
    )
    assert ran.ret == pytest.ExitCode.OK
    ran.stdout.fnmatch_lines(["stepup::V2"])


def test_without_the_option_there_are_no_rules_and_no_suite(
    stranger: pytest.Pytester, clean: MockForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment alone starts no check, and nothing of the suite is loaded."""
    monkeypatch.setenv("STEPUP_MFA_AUTH_URL", clean.base_url)
    stranger.makepyfile(
        "import sys\n"
        "def test_nothing_is_loaded():\n"
        "    suite = {'stepup_contract', 'stepup_mfa.pytest_rules', 'httpx', 'pyotp'}\n"
        "    assert not suite & sys.modules.keys()\n"
    )
    stranger.runpytest_subprocess(*QUICK).assert_outcomes(passed=1)
