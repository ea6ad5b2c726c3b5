"""The console as a person uses it: headless Chromium against a real mock, and product calls as a backend
makes them.

Whatever a test does, the page may neither fail, nor break its own policy, nor talk to another origin.
"""

import asyncio
import io
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import pyotp
import pytest
import zxingcpp
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from stepup_mock.server import RunningMock, create_app, running

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CONSOLE = "/__control__/console"
HOSTILE = "<img src=x onerror=\"document.title='owned'\">"
STANDARDS = ["wcag2a", "wcag2aa", "wcag2aaa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        message = f"NOT CHECKED: the console needs a browser at {CHROMIUM} (apt-get install chromium)"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open pages that are watched: at the end none has failed, broken its policy or left its origin."""
    contexts, problems = [], []

    def open_page(url: str, **options: Any) -> Page:
        context = browser.new_context(**{"reduced_motion": "reduce"} | options)
        context.set_default_timeout(5000)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        contexts.append(context)
        page = context.new_page()
        origin = "{0.scheme}://{0.netloc}/".format(urlsplit(url))
        page.on("request", lambda it: it.url.startswith(origin) or problems.append(f"asked for {it.url}"))
        page.on("pageerror", lambda error: problems.append(f"failed: {error}"))
        page.on("console", lambda it: "Content Security" in it.text and problems.append(it.text))
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture
def console(caller: Any, open_page: Callable[..., Page]) -> Page:
    """The page of the test's server, connected."""
    page = open_page(link(caller.mock))
    expect(page.locator("#connection")).to_have_text("Connected")
    return page


def link(mock: RunningMock) -> str:
    return f"{mock.base_url}{CONSOLE}#key={mock.control_key}"


def rows(page: Page, section: str) -> Locator:
    return page.locator(f"#{section} .list > li")


def user_row(page: Page, user_id: str) -> Locator:
    return page.get_by_role("listitem", name=f"User {user_id}")


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def clipboard(page: Page) -> str:
    return str(page.evaluate("navigator.clipboard.readText()"))


# Getting in


@pytest.fixture
def printed() -> Iterator[str]:
    """What the command prints when it is up."""
    run = [sys.executable, "-m", "stepup_mfa", "mock", "--port", "0"]
    with subprocess.Popen(run, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        text = ""
        while CONSOLE not in text:
            line = process.stdout.readline()
            assert line, f"no link to the console in: {text}"
            text += line
        yield text
        process.kill()


def test_the_printed_link_opens_the_console(printed: str, open_page: Callable[..., Page]) -> None:
    """The link that the command prints shows the demo users at once."""
    found = re.search(rf"http://\S+{CONSOLE}#key=\S+", printed)
    assert found, printed
    page = open_page(found[0])
    expect(rows(page, "users")).to_have_count(3)
    expect(page.locator(".totp-code")).to_have_text(re.compile(r"^\d{3} \d{3}$"))


def test_the_key_stays_in_memory(console: Page, caller: Any) -> None:
    """The key is in no address, store, cookie or element, and a reload asks for it."""
    assert console.url == caller.mock.base_url + CONSOLE
    assert console.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
    assert console.evaluate("indexedDB.databases()") == []
    assert console.evaluate("history.length") == 2  # the blank page and this one
    assert caller.mock.control_key not in console.content()
    console.reload()
    key = console.get_by_label("Control key")
    expect(key).to_be_focused()
    key.fill("wrong")
    press(console, "Connect")
    expect(console.locator("#key-error")).to_have_text("The server does not accept this key.")
    expect(key).to_have_value("")
    key.fill(caller.mock.control_key)
    press(console, "Connect")
    expect(console.locator("#connection")).to_have_text("Connected")
    assert key.input_value() == ""


def test_a_new_link_in_an_open_page(console: Page, caller: Any) -> None:
    """A link pasted into the bar of an open page is used like a first one; one without a key asks."""
    console.evaluate("location.hash = '#key=…'")
    expect(console.get_by_label("Control key")).to_be_focused()
    expect(console.locator("#key-error")).to_have_text("")
    console.evaluate("location.hash = '#key=wrong'")
    expect(console.locator("#key-error")).to_have_text("The server does not accept this key.")
    assert "#" not in console.url
    console.evaluate(f"location.hash = '#key={caller.mock.control_key}'")
    expect(console.locator("#connection")).to_have_text("Connected")


def test_the_page_is_public_and_strict(caller: Any) -> None:
    """Page and files need no key and hold none; their policy allows nothing inline and nothing foreign."""
    page = caller.http.get(CONSOLE)
    assets = re.findall(r'(?:href|src)="(/[^"]+)"', page.text)
    assert len(assets) == 3
    for response in (page, *(caller.http.get(asset) for asset in assets)):
        assert response.status_code == 200
        policy = response.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "require-trusted-types-for 'script'" in policy
        assert "unsafe" not in policy
        assert caller.mock.control_key not in response.text
    assert not re.search(r"<style|\sstyle=|<script[^>]*>[^<]|\son\w+=", page.text)
    assert caller.http.get(f"{CONSOLE}/__init__.py").status_code in (401, 404)


def test_a_page_of_another_origin_gets_nothing(caller: Any) -> None:
    """The control API rejects a foreign Origin even with the key, and accepts its own."""
    bearer = {"Authorization": f"Bearer {caller.mock.control_key}"}
    for origin in ("https://evil.test", caller.mock.base_url.replace("127.0.0.1", "localhost"), "null"):
        response = caller.http.get("/__control__/users", headers=bearer | {"Origin": origin})
        assert (response.status_code, response.json()["error_code"]) == (403, "forbidden")
    own = caller.http.get("/__control__/users", headers=bearer | {"Origin": caller.mock.base_url})
    assert own.status_code == 200


def test_without_control_api_there_is_no_console() -> None:
    """A server whose control API is off has no console either."""

    async def get() -> int:
        transport = httpx.ASGITransport(app=create_app(control_key=None))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return (await client.get(CONSOLE)).status_code

    # In a thread: Playwright's event loop runs in this one.
    with ThreadPoolExecutor() as threads:
        assert threads.submit(asyncio.run, get()).result() == 404


# Users


def test_enrolling_an_authenticator(console: Page, caller: Any) -> None:
    """A user added here shows a QR code whose URI, in another TOTP program, gives codes that verify."""
    press(console, "Add user")
    expect(rows(console, "users")).to_have_count(1)
    row = rows(console, "users").first
    expect(row).to_be_focused()
    row.get_by_text("QR code and secret").click()
    (symbol,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(row.get_by_role("img").screenshot())))
    uri = urlsplit(symbol.text)
    issuer, user_id = unquote(uri.path).removeprefix("/").split(":")
    fields = {name: value for name, (value,) in parse_qs(uri.query, strict_parsing=True).items()}
    assert (uri.scheme, uri.netloc, issuer) == ("otpauth", "totp", fields["issuer"])
    assert (fields["algorithm"], fields["digits"], fields["period"]) == ("SHA1", "6", "30")
    app = pyotp.parse_uri(symbol.text)
    code = app.at(int(caller.now()))
    expect(row.locator(".totp-code")).to_have_text(f"{code[:3]} {code[3:]}")
    assert caller.verify_totp(user_id, code).status_code == 200
    expect(row.locator(".spent")).to_have_text("already used")


def test_every_kind_of_user(console: Page, caller: Any) -> None:
    """Users with a given secret, with two phones and without a factor come as they were described."""
    console.get_by_label("Secret, base32").fill("gezdgnbvgy3tqojqgezdgnbvgy3tqojq")
    press(console, "Add user")
    expect(rows(console, "users")).to_have_count(1)
    console.get_by_label("Phone", exact=True).check()
    console.get_by_label("Phone numbers").fill("+1 555 555 0123\n+15555550124\n")
    console.get_by_label("Environment").fill("staging")
    press(console, "Add user")
    expect(rows(console, "users")).to_have_count(2)
    console.get_by_label("None", exact=True).check()
    press(console, "Add user")
    expect(rows(console, "users")).to_have_count(3)
    totp, phone, plain = caller.control("GET", "/users")["users"]
    assert totp["mfa"] == {"type": "Totp", "secret": caller.secret}
    assert [it["phone_number"] for it in phone["mfa"]["phone_numbers"]] == ["+15555550123", "+15555550124"]
    assert (phone["environment"], plain["mfa"]) == ("staging", None)


def test_what_the_server_refuses_is_said(console: Page) -> None:
    """A field that the server rejects is named beside the form, and nothing is added."""
    console.get_by_label("Phone", exact=True).check()
    console.get_by_label("Phone numbers").fill("0123")
    press(console, "Add user")
    expect(console.locator("#add-user .problem")).to_contain_text("invalid_value")
    expect(rows(console, "users")).to_have_count(0)


def test_disabling_and_deleting_a_user(console: Page, caller: Any) -> None:
    """A user is disabled and enabled at once, and deleted after a question."""
    user_id = caller.known_totp_user()
    row = user_row(console, user_id)
    row.get_by_role("button", name="Disable").click()
    expect(row.locator(".facts")).to_contain_text("disabled")
    assert caller.lookup(user_id).status_code == 404
    row.get_by_role("button", name="Enable").click()
    expect(row.locator(".facts")).not_to_contain_text("disabled")
    assert caller.lookup(user_id).status_code == 200
    row.get_by_role("button", name="Delete").click()
    press(console, "Cancel")
    assert caller.lookup(user_id).status_code == 200
    row.get_by_role("button", name="Delete").click()
    press(console, "Delete user")
    expect(rows(console, "users")).to_have_count(0)
    assert caller.lookup(user_id).status_code == 404


def test_a_lock_is_seen_and_ends(console: Page, caller: Any) -> None:
    """Wrong codes are counted, the lock counts down, and it ends with the clock."""
    user_id = caller.known_totp_user()
    row = user_row(console, user_id)
    for _ in range(5):
        caller.verify_totp(user_id, caller.wrong_code())
    expect(row.locator(".lock")).to_have_text("Locked for15:00")
    press(console, "+10 min")
    expect(row.locator(".lock")).to_have_text("Locked for5:00")
    press(console, "+10 min")
    expect(row.locator(".lock")).to_have_count(0)


# Flows


def test_a_totp_flow(console: Page, caller: Any) -> None:
    """The shown code verifies, and the grant is shown with its lifetime until the clock passes its end."""
    user_id = caller.known_totp_user()
    shown = user_row(console, user_id).locator(".totp-code")
    expect(shown).to_have_text(re.compile(r"^\d{3} \d{3}$"))
    response = caller.verify_totp(user_id, shown.inner_text().replace(" ", ""), grant_type="TIME_BASED")
    grant = rows(console, "grants")
    expect(grant).to_have_count(1)
    expect(grant).to_contain_text("PAYOUT")
    expect(grant.locator(".remaining")).to_have_text("1:00")
    expect(rows(console, "timeline").first).to_contain_text("verifyStepUpTotpChallenge")
    press(console, "+30 s")
    expect(grant.locator(".remaining")).to_have_text("30 s")
    assert caller.verify_grant(user_id, response.json()["step_up_grant"]).status_code == 200
    expect(shown).not_to_have_text("")
    press(console, "+10 min")
    expect(grant).to_have_count(0)
    expect(console.get_by_text("No valid grants.")).to_be_visible()
    assert caller.verify_grant(user_id, response.json()["step_up_grant"]).status_code == 400
    expect(rows(console, "timeline").first).to_contain_text("invalid_request_fields")


def test_a_grant_dies_by_itself(console: Page, caller: Any) -> None:
    """With a running clock a grant counts down to its end and is gone, without a reload."""
    press(console, "Resume")
    user_id = caller.known_totp_user()
    caller.totp_grant(user_id, valid_for_seconds=2)
    expect(rows(console, "grants").locator(".remaining")).to_have_text(re.compile("^[12] s$"))
    expect(rows(console, "grants")).to_have_count(0)


def test_an_sms_flow(console: Page, caller: Any) -> None:
    """A sent code appears in the inbox at once and verifies; its challenge goes and its grant comes."""
    user_id, (phone_id,) = caller.phone_user("+15555550123")
    challenge_id = caller.send(user_id, phone_id).json()["challenge_id"]
    message = rows(console, "inbox")
    expect(message).to_have_count(1)
    expect(message).to_contain_text("+15555550123")
    expect(console.locator("#inbox .list")).to_have_attribute("aria-live", "polite")
    expect(rows(console, "challenges").locator(".remaining")).to_have_text("10:00")
    assert caller.verify_sms(user_id, challenge_id, "wrong").status_code == 400
    expect(rows(console, "challenges")).to_contain_text("1 wrong code")
    message.get_by_role("button", name="Copy").click()
    assert caller.verify_sms(user_id, challenge_id, clipboard(console)).status_code == 200
    expect(rows(console, "challenges")).to_have_count(0)
    expect(rows(console, "grants")).to_have_count(1)


def test_the_clock(console: Page, caller: Any) -> None:
    """The shown time is the server's: it freezes, runs and moves, from here or elsewhere."""
    expect(console.locator("#clock-state")).to_have_text("frozen")
    expect(console.locator("#time")).to_have_text("22:13:20")
    press(console, "+30 s")
    expect(console.locator("#time")).to_have_text("22:13:50")
    assert caller.now() == caller.start + 30
    caller.advance(10)
    expect(console.locator("#time")).to_have_text("22:14:00")
    press(console, "Resume")
    expect(console.locator("#time")).not_to_have_text("22:14:00")
    press(console, "Freeze")
    expect(console.locator("#clock-state")).to_have_text("frozen")
    assert caller.control("GET", "/clock")["frozen"]


def test_a_fault(console: Page, caller: Any) -> None:
    """A fault is found by a word, switched on and felt, and switched off again."""
    user_id = caller.known_totp_user()
    grant = caller.totp_grant(user_id)
    fault = next(it for it in caller.control("GET", "/faults")["available"] if it["rule"] == "V2")
    console.get_by_label("Find a fault").fill(fault["id"])
    console.get_by_role("checkbox", name=fault["id"]).check()
    expect(console.locator("#faults .count")).to_contain_text("1 of")
    assert [caller.verify_grant(user_id, grant).status_code for _ in range(2)] == [200, 200]
    press(console, "All off")
    expect(console.get_by_role("checkbox", name=fault["id"])).not_to_be_checked()
    caller.advance(60)
    grant = caller.totp_grant(user_id)
    assert [caller.verify_grant(user_id, grant).status_code for _ in range(2)] == [200, 400]


def test_client_faults(console: Page, caller: Any) -> None:
    """A client fault applies as often as requested, then leaves the list; another is removed by hand."""
    user_id = caller.plain_user()
    console.get_by_label("What happens").select_option(label="Another status")
    console.get_by_label("Status", exact=True).fill("502")
    console.get_by_label("Operation").select_option("fetchUserMfaMethods")
    press(console, "Add fault")
    expect(rows(console, "client-faults")).to_contain_text("status 502")
    assert [caller.lookup(user_id).status_code for _ in range(2)] == [502, 200]
    expect(rows(console, "client-faults")).to_have_count(0)
    console.get_by_label("What happens").select_option(label="An HTML page with 200")
    console.get_by_label("How often").fill("")
    press(console, "Add fault")
    expect(rows(console, "client-faults")).to_contain_text("until removed")
    assert caller.lookup(user_id).headers["content-type"].startswith("text/html")
    press(console, "Remove")
    expect(rows(console, "client-faults")).to_have_count(0)
    assert caller.lookup(user_id).json() == {"mfa_setup": None}


def test_a_request_copies_as_curl(console: Page, caller: Any) -> None:
    """A journal entry shows no secret; its curl line runs in a shell and does the same."""
    user_id = caller.known_totp_user()
    code = caller.code()
    grant = caller.totp_grant(user_id, action_type="it's $HOME", grant_type="TIME_BASED")
    assert caller.verify_grant(user_id, grant, "it's $HOME").status_code == 200
    entry = rows(console, "requests").first
    expect(entry).to_contain_text("verify-grant")
    entry.locator("summary").click()
    content = console.content()
    assert grant not in content
    entry.get_by_role("button", name="Copy as curl").click()
    line = clipboard(console)
    environment = os.environ | {"KEY": caller.key, "GRANT": grant, "CODE": code}
    done = subprocess.run(["bash", "-c", line], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == '{"success":true}'
    expect(rows(console, "requests")).to_have_count(3)


def test_text_from_callers_stays_text(console: Page, caller: Any) -> None:
    """Markup in an action is shown as it is, everywhere, and runs nowhere."""
    user_id, (phone_id,) = caller.phone_user()
    caller.send(user_id, phone_id, action_type=HOSTILE)
    expect(rows(console, "challenges")).to_contain_text(HOSTILE)
    totp_user = caller.known_totp_user()
    caller.totp_grant(totp_user, action_type=HOSTILE)
    expect(rows(console, "grants")).to_contain_text(HOSTILE)
    expect(rows(console, "timeline").first).to_contain_text(HOSTILE)
    rows(console, "requests").first.locator("summary").click()
    expect(rows(console, "requests").first.locator("pre").first).to_contain_text("onerror")
    caller.lookup(f"{HOSTILE}%2F..")
    caller.verify_totp(HOSTILE, "123456")
    expect(rows(console, "requests")).to_have_count(4)
    assert console.locator("img, script:not([src])").count() == 0
    assert console.title() == "Step-up MFA mock"


def test_a_lost_server_is_said_and_found_again(open_page: Callable[..., Page]) -> None:
    """When the server goes the page says so, keeps trying, and shows the new one's users when it is back."""
    with running(control_key="control-key-of-this-test") as mock:
        port = urlsplit(mock.base_url).port
        page = open_page(link(mock))
        expect(rows(page, "users")).to_have_count(3)
    expect(page.locator("#connection")).to_have_text(re.compile(r"^No connection\. Trying again in \d+ s$"))
    with running(port=port, control_key="control-key-of-this-test", demo_users=False):
        press(page, "Try now")
        expect(page.locator("#connection")).to_have_text("Connected")
        expect(rows(page, "users")).to_have_count(0)


def test_reset(console: Page, caller: Any) -> None:
    """Reset asks first, then forgets users and history and lets real time run."""
    caller.totp_grant(caller.known_totp_user())
    expect(rows(console, "timeline")).to_have_count(1)
    press(console, "Reset the server")
    press(console, "Reset")
    for section in ("users", "grants", "timeline", "requests"):
        expect(rows(console, section)).to_have_count(0)
    expect(console.locator("#clock-state")).to_have_text("")
    assert caller.control("GET", "/users")["users"] == []


# Everybody can use it


def arrange_everything(page: Page, caller: Any) -> None:
    """Fill every section, open every fold and show every state that a person may meet."""
    user_id = caller.known_totp_user()
    locked = caller.totp_user()
    phone_user, (phone_id, _) = caller.phone_user("+15555550123", "+15555550124")
    caller.plain_user()
    caller.totp_grant(user_id)
    for _ in range(5):
        caller.verify_totp(locked, caller.wrong_code())
    for _ in range(5):
        caller.send(phone_user, phone_id, action_type=HOSTILE * 3)
    fault = {"kind": "latency", "seconds": 0.1, "operation_id": None, "count": 3}
    caller.control("PUT", "/client-faults", {"client_faults": [fault]})
    expect(rows(page, "client-faults")).to_have_count(1)
    expect(rows(page, "challenges")).to_have_count(5)
    expect(rows(page, "timeline")).to_have_count(10)
    page.evaluate("document.querySelectorAll('details').forEach((it) => (it.open = true))")


@pytest.mark.parametrize(
    ("scheme", "width"), [("light", 1440), ("dark", 1440), ("light", 375), ("dark", 375)]
)
def test_nothing_stands_in_anybody_s_way(
    caller: Any, open_page: Callable[..., Page], scheme: str, width: int
) -> None:
    """No violation for axe, contrast of 7:1 included, and nothing is wider than the screen."""
    page = open_page(
        caller.mock.base_url + CONSOLE, color_scheme=scheme, viewport={"width": width, "height": 800}
    )
    expect(page.get_by_label("Control key")).to_be_visible()
    assert violations(page) == []
    page.get_by_label("Control key").fill(caller.mock.control_key)
    press(page, "Connect")
    arrange_everything(page, caller)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.get_by_label("Phone", exact=True).check()
    assert violations(page, "#add-user") == []
    press(page, "Reset the server")
    assert violations(page, "#confirm") == []


def violations(page: Page, part: str | None = None) -> list[str]:
    found = Axe().run(page, part, options={"runOnly": STANDARDS, "resultTypes": ["violations"]}).response
    assert found["passes"]
    return [f"{it['id']}: {node['html']}" for it in found["violations"] for node in it["nodes"]]


def test_motion_is_left_out_on_request(caller: Any, open_page: Callable[..., Page]) -> None:
    """New rows glow, but not for people who asked for less motion."""
    caller.plain_user()
    for motion, animation in (("no-preference", "arrive"), ("reduce", "none")):
        page = open_page(link(caller.mock), reduced_motion=motion)
        expect(rows(page, "users")).to_have_css("animation-name", animation)


def test_the_keyboard_alone(console: Page, caller: Any) -> None:
    """Every control is reached by Tab, says its name and shows its focus; a user is added without a mouse."""
    keys = console.keyboard
    seen = tab_to(console, "Reset the server")
    assert seen[0] == "Skip to the content"
    for name in ("+30 s", "Resume", "Users", "Secret, base32", "Add user", "Find a fault", "Add fault"):
        assert name in seen
    keys.press("Tab")
    tab_to(console, "Authenticator app")
    keys.press("ArrowRight")
    tab_to(console, "Phone numbers, one on each line")
    keys.press("Control+A")
    keys.type("+15555550177")
    tab_to(console, "Add user")
    keys.press("Enter")
    row = rows(console, "users")
    expect(row).to_be_focused()
    expect(row).to_contain_text("+15555550177")
    tab_to(console, "Delete")
    keys.press("Enter")
    assert focused(console)["name"] == "Cancel"
    tab_to(console, "Delete user")
    keys.press("Enter")
    expect(row).to_have_count(0)
    expect(console.locator("#users-title")).to_be_focused()


def tab_to(page: Page, name: str) -> list[str]:
    """Press Tab until the control of this name has the focus; return the names on the way.

    Each control on the way must have a name and a visible outline.
    """
    seen = []
    for _ in range(120):
        page.keyboard.press("Tab")
        control = focused(page)
        if control["tag"] == "BODY":  # past the last control, before the first
            continue
        assert control["name"], control
        assert control["outline"] >= 2, control
        seen.append(control["name"])
        if control["name"] == name:
            return seen
    raise AssertionError(f"no {name!r} among {seen}")


def focused(page: Page) -> dict[str, Any]:
    """The accessible name of the focused element, roughly, and how thick its outline is drawn."""
    found: dict[str, Any] = page.evaluate("""() => {
        const it = document.activeElement, style = getComputedStyle(it);
        return {
            tag: it.tagName,
            name: it.getAttribute("aria-label") ?? it.labels?.[0]?.innerText ?? it.innerText,
            outline: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
        };
    }""")
    return found


def test_qr_codes_of_every_size(console: Page) -> None:
    """Another program reads symbols of each version, up to the longest secret; a longer text is rejected."""
    modules = "async (text) => (await import('/__control__/console/qr.js')).modules(text)"
    sizes = set()
    for length in (1, 15, 30, 50, 70, 90, 110, 130, 160, 190, 230, 270, 300, 331):
        text = "".join(chr(33 + (at * 7 + length) % 90) for at in range(length))
        drawn = console.evaluate(modules, text)
        sizes.add(len(drawn))
        image = Image.new("L", (len(drawn) + 8, len(drawn) + 8), 255)
        image.putdata(
            [
                0 if 0 <= x < len(drawn) and 0 <= y < len(drawn) and drawn[y][x] else 255
                for y in range(-4, len(drawn) + 4)
                for x in range(-4, len(drawn) + 4)
            ]
        )
        (symbol,) = zxingcpp.read_barcodes(image.resize((image.width * 3, image.height * 3), 0))
        assert symbol.text == text
    assert sizes == {17 + 4 * version for version in range(1, 14)}
    with pytest.raises(Exception, match="too many for a QR code"):
        console.evaluate(modules, "x" * 332)
