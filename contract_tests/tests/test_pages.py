"""The reports for other eyes: SARIF and the page, and that no form of a report holds a secret."""

import asyncio
import json
import re
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from stepup_contract.report import Report
from stepup_contract.report.as_html import as_html
from stepup_contract.report.as_json import as_json
from stepup_contract.report.as_junit import as_junit
from stepup_contract.report.as_sarif import as_sarif
from stepup_contract.report.terminal import as_text
from stepup_contract.run import Results
from stepup_contract.scenario.finding import Finding
from stepup_contract.server.target import Target

FORMS = (as_json, as_junit, as_sarif, as_html, as_text)
BUGS = ("code-in-answer", "secret-in-lookup", "suffix-of-seven", "replay", "one-time-reusable", "key-prefix")
HOSTILE = "</style><img src=x onerror=alert(1)><script>alert(2)</script>"


class Page(HTMLParser):
    """The tags, the attributes and the text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def hostile_report() -> Report:
    """Return a report in which every text of the server is an attack."""
    finding = Finding(
        "T3", HOSTILE, HOSTILE, f"curl '{HOSTILE}'", HOSTILE, HOSTILE, HOSTILE, True,
        sequence=((f"curl -H 'a: b' 'http://x/{HOSTILE}'", 200), ("curl 'unbalanced", 0)),
    )  # fmt: skip
    results = Results(findings=[finding], errors=[HOSTILE])
    return Report(f"http://x/{HOSTILE}", False, 1, results, None, 2, 0.1)


def test_the_page_holds_no_markup_of_a_server() -> None:
    """What a server says is text on the page, whatever it says, and the page allows no script at all."""
    page = Page(as_html(hostile_report()))
    assert not {"script", "img", "link", "iframe", "base"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name == "style" or name.startswith("on")]
    assert HOSTILE in "".join(page.words)
    policy = next(
        value for name, value in page.attributes if name == "content" and "default-src" in str(value)
    )
    assert str(policy).startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in str(policy)
    assert not [value for name, value in page.attributes if name in ("src", "href")]


def test_the_page_tells_findings_with_their_sequence_and_coverage(
    other_make: Callable[..., Target], judged: Callable[..., Report]
) -> None:
    """A finding shows promise, observation and every request; the tables count all responses."""
    report = judged(other_make("replay"), "T3", "E1")
    text = " ".join("".join(Page(as_html(report)).words).split())
    finding = next(finding for finding in report.findings if finding.rule == "T3")
    assert finding.expected in text
    assert finding.got in text
    assert all(curl in text for curl, _ in finding.sequence)
    assert len(finding.sequence) >= 2
    assert "POST /api/backend/v1/mfa/step-up/verify-totp" in text
    assert sum(report.responses.values()) == report.requests
    assert str(report.responses["verifyStepUpTotpChallenge", 200]) in text


def test_a_page_of_a_good_server_says_so(
    other_make: Callable[..., Target], judged: Callable[..., Report]
) -> None:
    """Without findings there is no drawn sequence, and the page says that none was seen."""
    page = Page(as_html(judged(other_make(), "E1")))
    assert "article" not in page.tags
    assert "No promise was seen broken." in "".join(page.words)


def test_sarif_names_rules_and_results(
    other_make: Callable[..., Target], judged: Callable[..., Report]
) -> None:
    """Every finding is a result that points at its rule, and keeps its fingerprint from run to run."""
    target = other_make("replay")
    runs = [json.loads(as_sarif(judged(target, "T3", seed=seed)))["runs"][0] for seed in (1, 2)]
    for run in runs:
        rules = run["tool"]["driver"]["rules"]
        assert run["results"]
        for result in run["results"]:
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
            assert result["message"]["text"]
        assert run["invocations"][0]["executionSuccessful"] is True
    prints = [{result["partialFingerprints"]["promise/v1"] for result in run["results"]} for run in runs]
    assert prints[0] & prints[1]
    log = json.loads(as_sarif(hostile_report()))
    assert log["version"] == "2.1.0"
    assert log["runs"][0]["invocations"][0]["executionSuccessful"] is False


def test_no_form_of_a_report_holds_a_secret(
    other_make: Callable[..., Target], judged: Callable[..., Report], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys, TOTP secrets, codes, grants and phone numbers that went over the wire are in no report, although
    the server leaks them.
    """
    from stepup_contract.server.redact import Redactor

    met: dict[str, str] = {}
    learn = Redactor.learn

    def listening(self: Redactor, value: str, name: str) -> None:
        met.setdefault(value, name)
        learn(self, value, name)

    monkeypatch.setattr(Redactor, "learn", listening)
    report = judged(other_make(*BUGS), "A1", "E", "T3", "S1", "V2", phases=("examples",))
    # The examples of the contract are public, and so short codes occur within hashes and ids by chance.
    secrets = {value for value, name in met.items() if len(value) >= 10 and "example" not in value.lower()}
    assert {met[value] for value in secrets} >= {"TOTP_SECRET", "GRANT", "PHONE_NUMBER"}
    codes = {value for value, name in met.items() if name == "CODE" and re.fullmatch(r"\d{6}", value)}
    assert codes
    for form in FORMS:
        text = form(report)
        assert not [met[value] for value in secrets if value in text], form.__name__
        alone = set(re.findall(r"(?<![\w-])\d{6}(?![\w-])", text))
        assert not alone & codes, form.__name__
        for key in ("other-control", "Bearer other-key"):
            assert key not in text


def test_a_check_that_breaks_down_tells_no_secret(other_make: Callable[..., Target]) -> None:
    """The error of a broken check passes the redactor like every other text, traceback or not."""
    from stepup_contract.checks import Check
    from stepup_contract.rules import read_rules
    from stepup_contract.run import run
    from stepup_contract.scenario.check_run import CheckRun
    from stepup_contract.server.connect import connect

    target = other_make()

    async def breaks(check_run: CheckRun) -> None:
        async with check_run.session() as session:
            user = await session.totp_user()
            raise RuntimeError(
                f"{user.secret} {check_run.server.target.api_key} {check_run.server.target.control_key}"
            )

    async def judge() -> Results:
        check = Check("T1", "breaks", "breaks", breaks, frozenset(), None, False)
        async with connect(target) as server:
            return await run(server, [check], [read_rules()["T1"]], 1, lambda *_: None)

    [problem] = asyncio.run(judge()).errors
    assert problem.endswith(")")
    assert "$TOTP_SECRET $STEPUP_MFA_API_KEY $STEPUP_MFA_CONTROL_KEY" in problem


def test_the_style_is_what_the_policy_allows(tmp_path: object) -> None:
    """The hash in the policy is that of the style on the page, byte for byte."""
    text = as_html(hostile_report())
    style = text.partition("<style>")[2].partition("</style>")[0]
    digest = subprocess.run(
        ["openssl", "dgst", "-sha256", "-binary"], input=style.encode(), capture_output=True, check=True
    ).stdout
    import base64

    assert f"sha256-{base64.b64encode(digest).decode()}" in text
