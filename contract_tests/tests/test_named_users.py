"""A server without the control API, judged with users that somebody made before and named to the run.

The tests make these users through a control API of which the suite is told nothing.
"""

import asyncio
import json
import os
import secrets
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from stepup_contract.named import MOST_WRONG, NotExercised, Pool
from stepup_contract.people import Named, Phone, PhoneUser, TotpUser, encode_secret
from stepup_contract.report import Report
from stepup_contract.suite import Options, judge
from stepup_contract.target import Request, Target

# Seconds of a time step: waiting for a fresh code is most of what these tests do.
STEP = 2
Judged = Callable[..., Report]


class Maker:
    """Makes users on a server through its control API, and returns a target that knows no control."""

    def __init__(self, target: Target, step: int = STEP) -> None:
        self.target = target
        self.step = step
        self.put("limits", {"totp_step_seconds": step})

    def put(self, path: str, body: object) -> None:
        headers = {"Authorization": f"Bearer {self.target.control_key}"}
        url = f"{self.target.control_url}/__control__/{path}"
        httpx.put(url, headers=headers, json=body).raise_for_status()

    def app(self) -> TotpUser:
        user = TotpUser(str(uuid.uuid4()), encode_secret(secrets.token_bytes(20)), self.step)
        self.put(f"users/{user.id}", {"mfa": {"type": "Totp", "secret": user.secret}})
        return user

    def phones(self, count: int) -> PhoneUser:
        phones = tuple(
            Phone(str(uuid.uuid4()), f"+1555{secrets.randbelow(10**11):011}") for _ in range(count)
        )
        user = PhoneUser(str(uuid.uuid4()), phones)
        listed = [{"mfa_phone_id": phone.id, "phone_number": phone.number} for phone in phones]
        self.put(f"users/{user.id}", {"mfa": {"type": "Phone", "phone_numbers": listed}})
        return user

    def plain(self) -> str:
        user_id = str(uuid.uuid4())
        self.put(f"users/{user_id}", {"mfa": None})
        return user_id

    def inbox(self) -> tuple[str, ...]:
        """Return a command that reads the inbox as a user's own script would."""
        script = (
            "import json, sys, urllib.request as u\n"
            f"url = '{self.target.control_url}/__control__/inbox?challenge_id=' + sys.argv[1]\n"
            f"key = {{'Authorization': 'Bearer {self.target.control_key}'}}\n"
            "messages = json.load(u.urlopen(u.Request(url, headers=key)))['messages']\n"
            "print(next(m['code'] for m in messages if m['mfa_phone_id'] == sys.argv[2]))\n"
        )
        return (sys.executable, "-c", script)

    def naming(self, named: Named) -> Target:
        return replace(self.target, control_url=None, control_key=None, named=named)


def outcomes(report: Report) -> dict[str, str]:
    return {result.rule.id: result.outcome for result in report.results.rules}


def told(report: Report) -> str:
    return "\n".join(finding.message for finding in report.findings)


def test_rules_about_codes_and_grants_are_judged_with_a_few_users(
    other_make: Callable[..., Target], judged: Judged
) -> None:
    """Four users with apps are enough to judge codes, grants and lookups of a good server."""
    maker = Maker(other_make())
    target = maker.naming(Named(tuple(maker.app() for _ in range(4)), (), (maker.plain(),)))
    rules = ("A1", "E1", "E3", "T1", "T3", "T7", "V1", "V4", "V5", "V6", "C2")
    report = judged(target, *rules)
    assert outcomes(report) == dict.fromkeys(rules, "passed"), told(report)
    assert report.results.errors == []
    assert report.answers["sendSmsMfaCode", 200] == 0


@pytest.fixture(scope="module")
def mock_maker(mock_server: Target) -> Iterator[Maker]:
    yield Maker(mock_server)
    Maker(mock_server, 30)


def test_a_mock_without_control_passes_with_named_users(mock_maker: Maker, judged: Judged) -> None:
    """The rules about text messages are judged through the inbox command, those about an app with its codes,
    on phones and apps of several users.
    """
    named = Named(
        (mock_maker.app(), mock_maker.app()),
        tuple(mock_maker.phones(3) for _ in range(4)),
        (mock_maker.plain(),),
        inbox_command=mock_maker.inbox(),
    )
    rules = ("A2", "A3", "E2", "T8", "T9", "S1", "S3", "S4", "V3", "I3", "H1", "H4")
    report = judged(mock_maker.naming(named), *rules)
    assert outcomes(report) == dict.fromkeys(rules, "passed"), told(report)
    assert report.results.errors == []


@pytest.mark.parametrize(
    ("bug", "rule"),
    [("replay", "T3"), ("one-time-reusable", "V2"), ("grant-of-anyone", "V5"), ("never-expires", "V4")],
)
def test_bugs_are_found_without_control(
    other_make: Callable[..., Target], judged: Judged, bug: str, rule: str
) -> None:
    """A bug is found by its own rule with users that were named."""
    maker = Maker(other_make(bug))
    report = judged(maker.naming(Named((maker.app(), maker.app()))), rule)
    assert outcomes(report)[rule] == "failed"
    assert all(finding.curl for finding in report.findings)


def test_what_is_missing_is_told_with_what_would_enable_it(
    other_make: Callable[..., Target], judged: Judged
) -> None:
    """Without the kind of user that a rule needs it is not exercised, and the option is named."""
    maker = Maker(other_make())
    plain_only = judged(maker.naming(Named(plain=(maker.plain(),))), "T1", "S4", "E3", "R1")
    reasons = {result.rule.id: result.reason for result in plain_only.results.rules}
    assert outcomes(plain_only) == {
        "T1": "not_exercised", "S4": "not_exercised", "E3": "passed", "R1": "not_exercised"
    }  # fmt: skip
    assert "--totp-user" in reasons["T1"]
    assert "--phone-user" in reasons["S4"]
    assert "--allow-lockout" in reasons["R1"]
    no_inbox = judged(maker.naming(Named(phone=(maker.phones(2),))), "S4")
    assert "--inbox-command" in no_inbox.results.rules[0].reason
    nobody = judged(maker.naming(Named()), "T1")
    assert "--totp-user" in nobody.results.rules[0].reason


def test_only_the_user_named_for_it_is_locked(other_make: Callable[..., Target], judged: Judged) -> None:
    """Lockout rules run last and on that user alone; all others can still step up afterwards."""
    maker = Maker(other_make())
    spared, victim = maker.app(), maker.app()
    target = maker.naming(Named((spared, victim), lockout=frozenset({victim.id})))
    order: list[str] = []
    options = Options(
        rules=("R1", "T1"), phases=(), seed=1, on_check=lambda r, *_: order.append(r.check.rule)
    )
    report = asyncio.run(judge(target, options))
    assert outcomes(report) == {"T1": "passed", "R1": "passed"}, told(report)
    assert order == sorted(order, key=lambda rule: rule == "R1")
    assert report.answers["verifyStepUpTotpChallenge", 429] > 0
    again = judged(maker.naming(Named((spared,))), "T1")
    assert outcomes(again) == {"T1": "passed"}
    locked = judged(target, "T6")
    assert outcomes(locked)["T6"] == "not_exercised"
    assert "locked" in locked.results.rules[0].reason or "throttles" in locked.results.rules[0].reason


def test_a_user_not_named_for_it_gets_no_code_that_would_lock() -> None:
    """A volley of wrong codes is refused before it is sent, for a user that may be locked it is not."""
    user = TotpUser(str(uuid.uuid4()), encode_secret(bytes(range(20))))
    now = 1_700_000_000.0
    wrong = next(
        f"{n:06}" for n in range(9) if f"{n:06}" not in {user.code(int(now // 30) + s) for s in (-1, 0, 1)}
    )
    body = json.dumps({"user_id": user.id.upper(), "code": wrong}).encode()
    request = Request("verifyStepUpTotpChallenge", "POST", "/", (), body)
    pool = Pool(Named((user,)), now)
    pool.guard([request] * MOST_WRONG, False, now)
    with pytest.raises(NotExercised, match="--allow-lockout"):
        pool.guard([request] * (MOST_WRONG + 1), False, now)
    Pool(Named((user,), lockout=frozenset({user.id})), now).guard([request] * 40, True, now)


def contract(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``stepup-mfa contract`` in a folder."""
    command = [sys.executable, "-c", "from stepup_mfa.main import main; raise SystemExit(main())", "contract"]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("STEPUP_MFA_")}
    return subprocess.run(
        [*command, *words], env={**inherited, **environment}, cwd=folder, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip


def test_a_profile_names_users_and_no_secret_is_told(
    other_make: Callable[..., Target], tmp_path: Path
) -> None:
    """Ids come from the profile, secrets from the environment, and no secret or number reaches a report."""
    maker = Maker(other_make(), 30)
    app, user = maker.app(), maker.phones(1)
    phone = user.phones[0]
    (tmp_path / "stepup.toml").write_text(
        f'[profiles.own]\nurl = "{maker.target.url}"\nlive = true\nallow_hosts = ["127.0.0.1"]\n'
        f'[profiles.own.totp_users]\n"{app.id}" = "APP_SECRET"\n'
        f'[profiles.own.phone_users]\n"{user.id}:{phone.id}" = "PHONE_NUMBER"\n'
    )
    keys = {
        "STEPUP_MFA_API_KEY": maker.target.api_key,
        "APP_SECRET": app.secret,
        "PHONE_NUMBER": phone.number,
    }
    words = ("--profile", "own", "--live", "--rules", "E1,E2", "--format", "json")
    ran = contract(tmp_path, *words, **keys)
    assert ran.returncode == 0, ran.stderr
    report = json.loads(ran.stdout)
    assert [rule["outcome"] for rule in report["rules"]] == ["passed", "passed"]
    assert report["conformance"]["reason"] == "not made on a live server"
    shown = ran.stdout + ran.stderr
    assert app.secret not in shown
    assert phone.number not in shown


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--totp-user", "no-uuid:APP_SECRET"), "an id is no UUID"),
        (("--totp-user", "{id}:JBSWY3DP secret"), "a value is not ID:VARIABLE"),
        (("--totp-user", "{id}:NOT_THERE"), "the environment has no NOT_THERE"),
        (("--totp-user", "{id}:SHORT"), "SHORT holds no base32 secret"),
        (("--totp-user", "{id}:APP_SECRET", "--plain-user", "{id}"), "is named twice"),
        (("--allow-lockout", "{id}"), "is no user with an app or a phone"),
        (("--inbox-command", "x"), "without a user with a phone"),
    ],
)
def test_wrong_names_are_refused(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    """What names no user is refused with what to do, and no value that may be a secret is shown."""
    given = [word.replace("{id}", "11111111-1111-4111-8111-111111111111") for word in words]
    secret = encode_secret(bytes(range(20)))
    where = ("--url", "http://127.0.0.1:9", "--api-key", "k", "--dry-run")
    ran = contract(tmp_path, *where, *given, APP_SECRET=secret, SHORT="JBSWY3DP")
    assert ran.returncode == 2, ran.stdout
    assert told in ran.stderr
    assert "JBSWY3DP" not in ran.stderr


def test_the_plan_counts_what_it_plans(tmp_path: Path) -> None:
    """A plan without rules about text messages costs none, one with them some."""
    where = ("--url", "http://127.0.0.1:9", "--api-key", "k", "--control-url", "http://127.0.0.1:9")
    words = (*where, "--control-key", "c", "--dry-run", "--rules")
    assert ", 0 text messages" in contract(tmp_path, *words, "E1,T1,T3").stdout
    assert ", 0 text messages" not in contract(tmp_path, *words, "S1").stdout
    quiet = contract(tmp_path, "--url", "http://127.0.0.1:9", "--api-key", "k", "--dry-run", "--rules", "T1")
    assert "0 checks of 1 rules, about 5 requests, 0 text messages" in quiet.stdout
