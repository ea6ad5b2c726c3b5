"""A server without the control API, judged with users that somebody made before and named to the run.

The tests make these users through a control API of which the suite is told nothing.
"""

import asyncio
import json
import os
import secrets
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from stepup_contract.report import Report
from stepup_contract.server.named import MOST_WRONG, NotExercised, Pool
from stepup_contract.server.people import Named, Phone, PhoneUser, TotpUser, encode_secret
from stepup_contract.server.target import Request, Target, tls
from stepup_contract.suite import Options, judge

# Seconds of a time step: waiting for a fresh code is most of what these tests do.
STEP, LONG_STEP = 2, 6
# Seconds of a lock, so short that its end is seen.
LOCK = 4
Judged = Callable[..., Report]


class Maker:
    """Makes users on a server through its control API, and returns a target that knows no control."""

    def __init__(self, target: Target, step: int = STEP, lock: int = LOCK) -> None:
        self.target = target
        self.step = step
        self.put("limits", {"totp_step_seconds": step, "lock_seconds": lock})

    def put(self, path: str, body: object) -> None:
        headers = {"Authorization": f"Bearer {self.target.control_key}"}
        url = f"{self.target.control_url}/__control__/{path}"
        httpx.put(url, headers=headers, json=body, verify=tls()).raise_for_status()

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


def problem(report: Report) -> str:
    return "\n".join(finding.message for finding in report.findings)


# Rules that share the users of one run; the runs wait for codes at the same time.
GROUPS = (
    ("A1",),
    ("E1", "E3", "E4", "H2", "H3", "T7"),
    ("A2", "A3", "E2", "T8", "T9", "S1"),
    ("C1", "C2", "T1", "T3"),
    ("H1", "H4", "I3"),
    ("I1", "I2"),
    ("I4",),
    ("R1", "R2"),
    ("R3",),
    ("R4", "C3"),
    ("S3", "S4"),
    ("S5", "S7", "S8"),
    ("T6",),
    ("V1",),
    ("V3", "V4"),
    ("V5", "V6"),
)
# Rules with a story of many requests about one code, which are judged with longer steps.
LONG = frozenset({"A1", "I1", "I2", "R3"})
# A bug of the other make, its rule, and what comes of it: what no server must do is told as seen, no more.
BUGS = {
    "replay": ("T3", "failed"),
    "replay-for-another-action": ("T3", "failed"),
    "one-time-reusable": ("V2", "failed"),
    "grant-of-anyone": ("V5", "failed"),
    "never-expires": ("V4", "failed"),
    "unknown-user-null": ("E4", "failed"),
    "malformed-id-500": ("E4", "failed"),
    "null-action": ("I1", "failed"),
    "codes-coerced": ("I2", "failed"),
    "codes-from-arrays": ("I2", "failed"),
    "actions-in-ascii": ("I4", "failed"),
    "challenge-of-anyone": ("S5", "failed"),
    "any-code-of-the-user": ("S5", "failed"),
    "challenges-never-die": ("S7", "failed"),
    "send-clears-count": ("S8", "failed"),
    "codes-stripped-after-spending": ("T6", "failed"),
    "no-lock": ("R1", "failed"),
    "lock-by-spelling": ("R2", "failed"),
    "lock-by-action": ("R2", "failed"),
    "lock-for-all": ("R3", "failed"),
    "right-code-unlocks": ("R3", "failed"),
    "locked-code-spent": ("R3", "failed"),
    "lock-extends": ("R4", "failed"),
    "no-retry-after": ("R4", "observed"),
    "cors": ("H3", "failed"),
    "any-method": ("H3", "failed"),
    "storable": ("H2", "observed"),
}
CASES = [
    *((bug, *expected) for bug, expected in BUGS.items()),
    ("races", "C1", "failed"),
    ("races", "C3", "failed"),
]


def cast_of(maker: Maker) -> Target:
    """Return a target with users of all kinds, two of a kind to be spared and two to be locked."""
    apps = tuple(maker.app() for _ in range(4))
    phones = (maker.phones(3), maker.phones(3), maker.phones(2), maker.phones(2))
    lockable = frozenset(user.id for user in (*apps[2:], *phones[2:]))
    return maker.naming(Named(apps, phones, (maker.plain(),), lockable, maker.inbox()))


Run = Callable[[str, tuple[str, ...]], Report]


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop in a thread of its own: all runs of this module are made at the same time, as they mostly
    wait.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture(scope="module")
def run(
    other_makes: Callable[..., Target], mock_server: Target, loop: asyncio.AbstractEventLoop
) -> Iterator[Run]:
    """Check servers without control, and wait for the report of one."""
    mock, others = Maker(mock_server), {step: Maker(other_makes(), step) for step in (STEP, LONG_STEP)}
    servers = {("mock", rules): mock for rules in GROUPS if not LONG.issuperset(rules)}
    servers |= {("other", rules): others[LONG_STEP if LONG.issuperset(rules) else STEP] for rules in GROUPS}
    for bug, rule, _ in CASES:
        servers[bug, (rule,)] = Maker(other_makes(bug), LONG_STEP if rule in LONG else STEP)
    runs = {
        (name, rules): asyncio.run_coroutine_threadsafe(
            judge(cast_of(maker), Options(rules=rules, phases=(), seed=1, connections=4)), loop
        )
        for (name, rules), maker in servers.items()
    }
    yield lambda server, rules: runs[server, rules].result()
    wait(runs.values())
    mock.put("limits", {"totp_step_seconds": 30, "lock_seconds": 900})


@pytest.fixture(scope="module")
def locked_last(
    other_makes: Callable[..., Target], loop: asyncio.AbstractEventLoop
) -> Future[tuple[Report, ...]]:
    """Check with one user to be spared and one to be locked for long, then with each of them again."""
    maker = Maker(other_makes(), lock=900)
    spared, victim = maker.app(), maker.app()
    both = maker.naming(Named((spared, victim), lockout=frozenset({victim.id})))

    async def work() -> tuple[Report, ...]:
        order: list[str] = []
        first = Options(
            rules=("R1", "T4"), phases=(), seed=1, on_check=lambda r, *_: order.append(r.check.rule)
        )
        report = await judge(both, first)
        assert order == sorted(order, key=lambda rule: rule == "R1")
        again = await judge(maker.naming(Named((spared,))), Options(rules=("T4",), phases=(), seed=1))
        return report, again, await judge(both, Options(rules=("R2",), phases=(), seed=1))

    return asyncio.run_coroutine_threadsafe(work(), loop)


@pytest.mark.parametrize(
    ("server", "rules"),
    [
        (server, rules)
        for server in ("other", "mock")
        for rules in GROUPS
        if server == "other" or not LONG.issuperset(rules)
    ],
)
@pytest.mark.usefixtures("locked_last")
def test_a_good_server_passes_without_control(run: Run, server: str, rules: tuple[str, ...]) -> None:
    """With users named to the run every rule that can be judged without control is passed, with evidence."""
    report = run(server, rules)
    assert outcomes(report) == dict.fromkeys(rules, "passed"), problem(report)
    assert report.results.errors == []
    assert report.results.stopped == ""


@pytest.mark.parametrize(("bug", "rule", "outcome"), CASES)
def test_bugs_are_found_without_control(run: Run, bug: str, rule: str, outcome: str) -> None:
    """A bug is found by its own rule with users that were named."""
    report = run(bug, (rule,))
    assert outcomes(report)[rule] == outcome, report.results.rules[0].reason
    findings = [finding for finding in report.findings if finding.rule == rule]
    assert findings
    assert all(finding.curl for finding in findings)


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


def test_only_the_user_named_for_it_is_locked(run: Run, locked_last: Future[tuple[Report, ...]]) -> None:
    """Lockout rules run last and on that user alone; all others can still step up afterwards."""
    report, again, locked = locked_last.result()
    assert outcomes(report) == {"T4": "passed", "R1": "passed"}, problem(report)
    assert report.responses["verifyStepUpTotpChallenge", 429] > 0
    assert outcomes(again) == {"T4": "passed"}
    assert outcomes(locked)["R2"] == "not_exercised"
    assert "locked already" in locked.results.rules[0].reason


def test_a_user_not_named_for_it_gets_no_code_that_would_lock() -> None:
    """A volley of wrong codes is rejected before it is sent, for a user that may be locked it is not."""
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
    assert report["conformance"]["reason"] == "does not run on a live server"
    shown = ran.stdout + ran.stderr
    assert app.secret not in shown
    assert phone.number not in shown


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--totp-user", "no-uuid:APP_SECRET"), "an id is not a UUID"),
        (("--totp-user", "{id}:JBSWY3DP secret"), "a value is not ID:VARIABLE"),
        (("--totp-user", "{id}:NOT_THERE"), "the environment has no NOT_THERE"),
        (("--totp-user", "{id}:SHORT"), "SHORT does not hold a base32 secret"),
        (("--totp-user", "{id}:APP_SECRET", "--plain-user", "{id}"), "is named twice"),
        (("--allow-lockout", "{id}"), "is not a user with an app or a phone"),
        (("--inbox-command", "x"), "without a user with a phone"),
    ],
)
def test_wrong_names_are_refused(tmp_path: Path, words: tuple[str, ...], problem: str) -> None:
    """What names no user is rejected with what to do, and no value that may be a secret is shown."""
    given = [word.replace("{id}", "11111111-1111-4111-8111-111111111111") for word in words]
    secret = encode_secret(bytes(range(20)))
    where = ("--url", "http://127.0.0.1:9", "--api-key", "k", "--dry-run")
    ran = contract(tmp_path, *where, *given, APP_SECRET=secret, SHORT="JBSWY3DP")
    assert ran.returncode == 2, ran.stdout
    assert problem in ran.stderr
    assert "JBSWY3DP" not in ran.stderr


def test_the_plan_counts_what_it_plans(tmp_path: Path) -> None:
    """A plan without rules about text messages costs none, one with them some."""
    where = ("--url", "http://127.0.0.1:9", "--api-key", "k", "--control-url", "http://127.0.0.1:9")
    words = (*where, "--control-key", "c", "--dry-run", "--rules")
    assert ", 0 text messages" in contract(tmp_path, *words, "E1,T1,T3").stdout
    assert ", 0 text messages" not in contract(tmp_path, *words, "S1").stdout
    quiet = contract(tmp_path, "--url", "http://127.0.0.1:9", "--api-key", "k", "--dry-run", "--rules", "T1")
    assert "0 checks of 1 rules, about 5 requests, 0 text messages" in quiet.stdout
