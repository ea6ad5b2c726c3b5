"""`stepup-mfa docs serve` over HTTP, and the try-it forms and the search as a keyboard user meets them.

One server of a copied contract and one browser serve the whole file.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

import stepup_spec

WIDE = Path(__file__).parents[1] / "generator" / "tests" / "wide.yaml"
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
COMMAND = [sys.executable, "-m", "stepup_mfa", "docs"]
SCRIPTS_OWN = {"Sec-Fetch-Site": "same-origin"}
API_KEY = "stepup-mock-api-key"
STANDARDS = ["wcag2a", "wcag2aa", "wcag2aaa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


class Served:
    """A running `docs serve` over a contract of its own; ``options`` are further ones of the command."""

    def __init__(self, folder: Path, *more: str) -> None:
        # The package that finds the contract lies beside it, so that site and mock both read this copy.
        self.document = folder / "spec" / "openapi.yaml"
        shutil.copytree(stepup_spec.find(stepup_spec.OPENAPI).parent, folder / "spec", ignore=_only_documents)
        shutil.copytree(Path(stepup_spec.__file__).parent, folder / "spec" / "stepup_spec")
        self.log = folder / "log.txt"
        self.ready = folder / "ready"
        options = ["--port", "0", "--ready-file", str(self.ready), *more]
        path = os.pathsep.join((str(folder / "spec"), os.environ.get("PYTHONPATH", "")))
        environment = os.environ | {"PYTHONPATH": path}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "serve", *options], stdout=log, stderr=log, env=environment
            )
        wait_for(lambda: self.ready.is_file() or self.process.poll() is not None, "the server to be ready")
        assert self.process.poll() is None, self.said
        self.url = self.ready.read_text(encoding="utf-8").strip()

    def edit(self, old: str, new: str) -> None:
        text = self.document.read_text(encoding="utf-8")
        assert old in text
        self.document.write_text(text.replace(old, new), encoding="utf-8")

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=10)


def _only_documents(_folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not name.endswith((".yaml", ".json"))]


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    running = Served(tmp_path_factory.mktemp("served"))
    yield running
    if running.process.poll() is None:
        running.stop()
    print(running.said)  # shown with a failure


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as it is published."""
    out = tmp_path_factory.mktemp("built") / "site"
    subprocess.run([*COMMAND, "build", "--out", str(out)], check=True, capture_output=True)
    return out


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        message = f"NOT CHECKED: the site needs a browser at {CHROMIUM} (apt-get install chromium)"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that is watched: at the end it has neither failed nor broken its own policy."""
    context = browser.new_context(reduced_motion="reduce")
    context.set_default_timeout(8000)
    page, problems = watched(context)
    yield page
    context.close()
    assert problems == []


def watched(context: BrowserContext) -> tuple[Page, list[str]]:
    problems: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: problems.append(f"failed: {error}"))
    page.on("console", lambda it: "Content Security" in it.text and problems.append(it.text))
    return page, problems


# By keyboard


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until the target has the focus."""
    expect(target).to_be_visible()
    for _ in range(120):
        if target.evaluate("it => it === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to {target}")


def press(page: Page, name: str | re.Pattern[str]) -> None:
    tab_to(page, page.locator(".try").get_by_role("button", name=name))
    page.keyboard.press("Enter")


def open_try(page: Page, url: str) -> Locator:
    """Open the try-it form of a page and return the place where it says what happened."""
    page.goto(url)
    tab_to(page, page.locator(".try > summary"))
    page.keyboard.press("Enter")
    expect(page.locator(".try form")).to_be_visible()
    return page.locator(".try > [role=status]")


def send(page: Page, status: Locator) -> None:
    press(page, "Send the request")
    expect(status).to_contain_text("Returned 200")


def follow(page: Page, title: str) -> None:
    press(page, f"Next: {title}")
    expect(page.locator(".try form h3")).to_have_text(title)
    expect(page.locator(".try form h3")).to_be_focused()


def field(page: Page, name: str) -> Locator:
    return page.locator(f'.try [data-name="{name}"]')


def test_a_totp_flow_is_completed_by_keyboard(page: Page, served: Served) -> None:
    """Lookup, live code, grant and its verification: each form is filled from the answer before."""
    status = open_try(page, f"{served.url}/reference/fetchUserMfaMethods/")
    send(page, status)
    follow(page, "Verify TOTP Challenge")
    press(page, "Fill in the live code")
    expect(status).to_have_text("code is filled in.")
    assert re.fullmatch(r"\d{6}", field(page, "code").input_value())
    send(page, status)
    grant = json.loads(page.locator(".try-result pre").first.inner_text())["step_up_grant"]
    follow(page, "Verify Step-Up Grant")
    assert field(page, "grant").input_value() == grant
    send(page, status)
    assert json.loads(page.locator(".try-result pre").first.inner_text()) == {"success": True}
    # Newest first, each with the command and the answer.
    past = page.locator(".try ol > li > details")
    assert past.count() == 3
    tab_to(page, past.first.locator("summary").first)
    page.keyboard.press("Enter")
    expect(past.first).to_contain_text('"success": true')


def test_an_sms_flow_is_completed_by_keyboard(page: Page, served: Served) -> None:
    """The challenge goes on to the next form, and the code is that of its own message."""
    status = open_try(page, f"{served.url}/reference/sendSmsMfaCode/")
    send(page, status)
    challenge = json.loads(page.locator(".try-result pre").first.inner_text())["challenge_id"]
    follow(page, "Verify SMS Challenge")
    assert field(page, "challenge_id").input_value() == challenge
    press(page, "Fill in the live code")
    expect(status).to_have_text("code is filled in.")
    send(page, status)
    follow(page, "Verify Step-Up Grant")
    send(page, status)
    assert json.loads(page.locator(".try-result pre").first.inner_text()) == {"success": True}


def test_refusals_and_what_cannot_be_sent_are_told(page: Page, served: Served) -> None:
    """A refusal is shown, an input that cannot be sent gets the focus, and both are announced."""
    status = open_try(page, f"{served.url}/reference/fetchUserMfaMethods/")
    tab_to(page, field(page, "user_id"))
    page.keyboard.press("Control+a")
    page.keyboard.type("..")
    press(page, "Send the request")
    expect(status).to_contain_text("Not sent")
    expect(field(page, "user_id")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("nobody/at all")
    press(page, "Send the request")
    expect(status).to_contain_text("Returned 404")
    expect(page.locator(".try-result")).to_contain_text("user_not_found")


def test_the_key_is_shown_when_asked_and_kept_nowhere(page: Page, served: Served) -> None:
    """The command names a variable instead of the key, and no storage, address or history ever holds it."""
    status = open_try(page, f"{served.url}/reference/fetchUserMfaMethods/")
    command = page.locator(".try form pre")
    assert API_KEY not in command.inner_text()
    assert "$STEPUP_MFA_API_KEY" in command.inner_text()
    send(page, status)
    assert API_KEY not in page.locator(".try > div").last.inner_text()
    tab_to(page, page.get_by_label("Show the key in the command"))
    page.keyboard.press("Space")
    assert f"Bearer {API_KEY}" in command.inner_text()
    kept = page.evaluate(
        """async () => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href,
        history.state, await indexedDB.databases(), await caches.keys(), window.name])"""
    )
    assert API_KEY not in kept
    assert "control-" not in kept
    page.reload()
    expect(page.locator(".try form")).to_be_hidden()


def violations(page: Page, part: str) -> list[tuple[str, list[str]]]:
    found = Axe().run(page, context=part, options={"runOnly": STANDARDS}).response["violations"]
    return [(it["id"], [node["html"] for node in it["nodes"]]) for it in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_open_form_has_no_violation(browser: Browser, served: Served, scheme: str) -> None:
    """Form, answer, history and search please axe, at 375 px and in either colour scheme."""
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": 375, "height": 800}, reduced_motion="reduce"
    )
    page, problems = watched(context)
    status = open_try(page, f"{served.url}/reference/verifyStepUpTotpChallenge/")
    press(page, "Fill in the live code")
    expect(status).to_have_text("code is filled in.")
    press(page, "Send the request")
    expect(status).to_contain_text("Returned")
    page.evaluate("for (const it of document.querySelectorAll('.try details')) it.open = true")
    found = violations(page, ".try")
    page.locator("#search").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox", name="Search")).to_be_focused()
    page.keyboard.type("code")
    expect(page.locator(".find [role=option]").first).to_be_visible()
    found += violations(page, ".find")
    assert found == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    context.close()
    assert problems == []


def test_search_goes_by_keyboard(page: Page, served: Served) -> None:
    """`/` opens it, arrows choose, Enter goes there, Escape closes it."""
    page.goto(f"{served.url}/reference/")
    page.keyboard.press("/")
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("valid for sec")
    first = page.locator(".find [role=option]").first
    expect(first).to_contain_text("valid_for_seconds")
    expect(first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    expect(first).to_have_attribute("aria-selected", "false")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"#.*valid_for_seconds$"))
    assert page.evaluate("document.querySelector(':target') !== null")
    page.keyboard.press("/")
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("rate_limited")
    expect(page.locator(".find [role=option]").first).to_contain_text("error")
    page.keyboard.press("Escape")
    expect(page.get_by_role("combobox")).to_be_hidden()


def test_forms_of_another_api_send_what_they_show(page: Page, tmp_path: Path) -> None:
    """Whatever kinds of parameters and bodies a document has, each form makes a request and sends it."""
    running = Served(tmp_path, "--spec", str(WIDE))
    try:
        sent: list[tuple[str, str]] = []
        page.on("request", lambda it: sent.append((it.method, it.url.removeprefix(running.url))))
        for path, item in yaml.safe_load(WIDE.read_text(encoding="utf-8"))["paths"].items():
            for method, operation in item.items():
                if method not in ("get", "put", "post", "delete", "patch"):
                    continue
                status = open_try(page, f"{running.url}/reference/{operation['operationId']}/")
                for part in page.locator('.try [data-in=path][value=""]').all():
                    part.fill("7")
                for several in page.locator(".try [data-in=query][data-kind=json]").all():
                    several.fill('["red", "blue"]')
                command = page.locator(".try form pre").inner_text()
                assert command.startswith(f"curl -i -X {method.upper()} "), command
                sent.clear()
                press(page, "Send the request")
                expect(status).to_contain_text(re.compile("Returned 40[45]"))
                pattern = re.sub(r"\\\{[^}]*\}", "[^/?]+", re.escape(path))
                assert sent[0][0] == method.upper()
                assert re.fullmatch(pattern + r"(\?.*)?", sent[0][1]), sent
                assert f"{running.url}{sent[0][1]}" in command
                if operation["operationId"] == "list-things":
                    assert "tag=red&tag=blue&limit=10" in sent[0][1]
        assert "implements the toolkit's own contract" in running.said
    finally:
        running.stop()


# Elsewhere


def test_search_works_from_a_folder_and_the_form_says_what_it_needs(page: Page, built: Path) -> None:
    """Opened from a disk, search finds and goes; the form names the command that brings it to life."""
    page.goto((built / "reference/verifyStepUpGrant/index.html").as_uri())
    page.keyboard.press("/")
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("send sms")
    expect(page.locator(".find [role=option]").first).to_contain_text("Send SMS MFA Code")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"sendSmsMfaCode/index\.html"))
    tab_to(page, page.locator(".try > summary"))
    page.keyboard.press("Enter")
    expect(page.locator(".try-note")).to_contain_text("stepup-mfa docs serve")
    expect(page.locator(".try form")).to_be_hidden()


def test_a_static_host_is_asked_for_nothing(page: Page, built: Path) -> None:
    """On a plain host the form says how to start a server, and asks the host for no more than its script."""
    handler = partial(_Quiet, directory=str(built))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as host:
        thread = threading.Thread(target=host.serve_forever)
        thread.start()
        try:
            page.goto(f"http://127.0.0.1:{host.server_port}/reference/sendSmsMfaCode/index.html")
            asked: list[str] = []
            # The browser itself asks for the icon, when it likes.
            page.on("request", lambda it: it.url.endswith(".svg") or asked.append(it.url))
            with page.expect_response("**/try.js"):
                tab_to(page, page.locator(".try > summary"))
                page.keyboard.press("Enter")
            page.wait_for_timeout(300)
            expect(page.locator(".try-note")).to_contain_text("stepup-mfa docs serve")
            expect(page.locator(".try form")).to_be_hidden()
            assert [url.rpartition("/")[2] for url in asked] == ["try.js"]
        finally:
            host.shutdown()
            thread.join()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def test_the_built_site_holds_nothing_of_the_server(built: Path) -> None:
    """Reload script, marks and keys are in served pages only."""
    for path in built.rglob("*"):
        text = path.read_bytes() if path.is_file() else b""
        assert b"EventSource" not in text, path
        assert b'name="docs-serve"' not in text or path.name == "try.js", path
        assert re.search(rb"control-[0-9a-f]{16}", text) is None, path


# Changes


def verified(served: Served, **fields: str) -> httpx.Response:
    body = {"action_type": "A", "user_id": "31c41c16-c281-44ae-9602-8a047e3bf33d"}
    body |= {"grant_type": "TIME_BASED", "valid_for_seconds": 60, **fields}
    address = f"{served.url}/api/backend/v1/mfa/step-up/verify-totp"
    return httpx.post(address, json=body, headers={"Authorization": f"Bearer {API_KEY}"})


def test_pages_follow_what_changes(page: Page, served: Served) -> None:
    """A change reloads the page; a broken one keeps the old site and says where it is wrong, until mended."""
    address = f"{served.url}/reference/verifyStepUpGrant/"
    page.goto(address)
    expect(page.locator("h1")).to_have_text("Verify Step-Up Grant")
    with page.expect_navigation(timeout=20_000):
        served.edit("summary: Verify Step-Up Grant", "summary: Verify the Grant")
    expect(page.locator("h1")).to_have_text("Verify the Grant")
    assert verified(served, code="123456").json()["error_code"] == "incorrect_mfa_code"
    with page.expect_navigation(timeout=20_000):
        served.edit("maxLength: 16\n", "maxLength: 4\n")
    assert verified(served, code="123456").json()["field_errors"] == {"code": "invalid_value"}
    with page.expect_navigation(timeout=20_000):
        served.edit("maxLength: 4\n", "maxLength: 16\n")
    served.edit("summary: Verify the Grant", "summary: [Verify the Grant]")
    banner = page.locator("[data-docs-problems]")
    expect(banner).to_be_visible()
    line = served.document.read_text(encoding="utf-8").split("[Verify the Grant]")[0].count("\n") + 1
    shown = banner.evaluate("it => it.shadowRoot.textContent")
    assert f"openapi.yaml:{line}:" in shown
    assert f"openapi.yaml:{line}:" in served.said
    assert "Verify the Grant" in httpx.get(address).text
    with page.expect_navigation(timeout=20_000):
        served.edit("summary: [Verify the Grant]", "summary: Verify Step-Up Grant")
    expect(page.locator("h1")).to_have_text("Verify Step-Up Grant")
    expect(banner).to_be_hidden()
    # The mock answers as before.
    status = open_try(page, f"{served.url}/reference/fetchUserMfaMethods/")
    send(page, status)


# Over HTTP


def test_every_kind_of_file_has_its_type(served: Served) -> None:
    """Pages, Markdown pages, documents and scripts have a type, a tag and headers that keep others out."""
    for path, media_type in {
        "": "text/html; charset=utf-8",
        "index.md": "text/markdown; charset=utf-8",
        "llms.txt": "text/plain; charset=utf-8",
        "openapi.yaml": "application/yaml",
        "openapi.json": "application/json",
        "search.js": "text/javascript; charset=utf-8",
        "favicon.svg": "image/svg+xml",
    }.items():
        got = httpx.get(f"{served.url}/{path}")
        assert (got.status_code, got.headers["content-type"]) == (200, media_type), path
        assert got.headers["x-content-type-options"] == "nosniff"
        assert got.headers["cross-origin-resource-policy"] == "same-origin"
        assert got.headers["x-frame-options"] == "DENY"
        again = httpx.get(f"{served.url}/{path}", headers={"If-None-Match": f'"x", W/{got.headers["etag"]}'})
        assert (again.status_code, again.content) == (304, b""), path
        head = httpx.head(f"{served.url}/{path}")
        assert (head.headers["content-length"], head.content) == (str(len(got.content)), b"")


def test_site_and_mock_share_the_address(served: Served) -> None:
    """Files of the site come first, whatever else is asked is the mock's, and a lost reader gets a page."""
    key = {"Authorization": f"Bearer {API_KEY}"}
    user = "/api/backend/v1/user/31c41c16-c281-44ae-9602-8a047e3bf33d/mfa"
    assert httpx.get(served.url + user, headers=key).json() == {"mfa_setup": {"type": "Totp"}}
    assert httpx.get(served.url + user).status_code == 401
    assert httpx.get(f"{served.url}/__control__/ready").json() == {"status": "ready"}
    assert "<title>" in httpx.get(f"{served.url}/__control__/console").text
    moved = httpx.get(f"{served.url}/reference")
    assert (moved.status_code, moved.headers["location"]) == (308, "./reference/")
    assert httpx.post(f"{served.url}/reference/").status_code == 405
    assert httpx.get(f"{served.url}/nothing").json()["error_code"] == "not_found"
    lost = httpx.get(f"{served.url}/nothing/here", headers={"Accept": "text/html,*/*"})
    assert (lost.status_code, lost.headers["content-type"]) == (404, "text/html; charset=utf-8")


@pytest.mark.parametrize(
    "path",
    [
        "/../spec/openapi.yaml",
        "/%2e%2e/log.txt",
        "/reference/..%2f..%2flog.txt",
        "//etc/passwd",
        "/.\\log.txt",
    ],
)
def test_no_path_leads_to_the_disk(served: Served, path: str) -> None:
    """Whatever a path tries, it finds no file but those that were built."""
    host, port = served.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 404 ")


def test_the_keys_are_for_scripts_of_these_pages(served: Served) -> None:
    """Other sites, rebound names and plain links get neither keys nor events; scripts of the pages do."""
    address = f"{served.url}/__docs__/keys"
    for headers in (
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {**SCRIPTS_OWN, "Host": "rebound.test"},
        {**SCRIPTS_OWN, "Host": f"rebound.test:{served.url.rpartition(':')[2]}"},
    ):
        for name in ("keys", "events"):
            got = httpx.get(f"{served.url}/__docs__/{name}", headers=headers)
            assert got.status_code in (403, 421), headers
            assert "control" not in got.text
    assert httpx.get(f"{served.url}/", headers={"Host": "rebound.test"}).status_code == 421
    got = httpx.get(address, headers=SCRIPTS_OWN)
    assert got.json()["api_key"] == API_KEY
    assert got.headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in got.headers
    control = {"Authorization": f"Bearer {got.json()['control_key']}"}
    assert httpx.get(f"{served.url}/__control__/clock", headers=control).status_code == 200
    foreign = {**control, "Origin": "http://elsewhere.test"}
    assert httpx.get(f"{served.url}/__control__/clock", headers=foreign).status_code == 403


def test_other_machines_are_kept_out() -> None:
    """An address that others could reach is refused before anything is bound."""
    done = subprocess.run(
        [*COMMAND, "serve", "--host", "0.0.0.0", "--port", "0"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "other machines could reach 0.0.0.0" in done.stderr


def test_a_site_that_cannot_be_built_is_not_served(tmp_path: Path) -> None:
    """Without an old site to keep, the command names the place and ends."""
    document = tmp_path / "openapi.yaml"
    document.write_text("openapi: 3.1.0\ninfo: {title: X}\npaths: {}\n", encoding="utf-8")
    done = subprocess.run(
        [*COMMAND, "serve", "--port", "0", "--spec", str(document)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "openapi.yaml:2:" in done.stderr


def test_it_ends_cleanly(served: Served) -> None:
    """Ctrl+C finishes open streams and ends the server without a complaint; the ready file goes."""
    with httpx.stream("GET", f"{served.url}/__docs__/events", headers=SCRIPTS_OWN) as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith("data: ")
        served.process.send_signal(signal.SIGINT)
        # A stream that was cut off instead of finished would raise here.
        assert [line for line in lines if line.startswith("event")] == []
    assert served.process.wait(timeout=10) == 0
    assert not served.ready.exists()
    assert "Traceback" not in served.said
