"""The site in a real browser: read by anyone, kept as the reader likes it, and never more than a page."""

import contextlib
import json
import os
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

import stepup_spec
from stepup_generator import site
from stepup_generator.openapi.read import read
from stepup_generator.site.inputs import SiteInputs

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
SPEC = stepup_spec.find("openapi.yaml")
GUIDES = SPEC.parents[1] / "docs"
STANDARDS = ["wcag2a", "wcag2aa", "wcag2aaa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
HOSTILE = (
    "</script></style><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    "<svg onload=\"document.title='owned'\"> [a](javascript:document.title='owned') ]]> --> \" onfocus=1 '"
)
REFERENCE = "reference/index.html"
OWN = "reference/verifyStepUpTotpChallenge/index.html"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: a test asks the browser what was asked for."""


@contextlib.contextmanager
def served(files: dict[str, str | bytes], folder: Path) -> Iterator[str]:
    """Serve a build from a folder, as any static host would."""
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str | bytes]:
    matrix = tmp_path_factory.mktemp("matrix") / "faults.json"
    rows = [("", "", "", "clean"), ("v2-twice", "V2", "A grant verifies twice.", "caught"),
            ("t3-again", "T3", "A code works again.", "missed")]  # fmt: skip
    keys = ("fault", "rule", "description", "verdict")
    matrix.write_text(json.dumps({"faults": [dict(zip(keys, row, strict=True)) for row in rows]}))
    inputs = SiteInputs(SPEC, stepup_spec.find(stepup_spec.WORKFLOWS), guides=GUIDES, matrix=matrix)
    return site.render(inputs.read())


@pytest.fixture(scope="module")
def home(built: dict[str, str | bytes], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(built, tmp_path_factory.mktemp("site")) as address:
        yield address


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
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open pages that are watched: at the end none has failed, broken its policy or left its host."""
    contexts, problems = [], []

    def open_page(url: str, **options: Any) -> Page:
        context = browser.new_context(**{"reduced_motion": "reduce"} | options)
        context.set_default_timeout(5000)
        contexts.append(context)
        page = context.new_page()
        host = urlsplit(url).netloc
        page.on("request", lambda it: urlsplit(it.url).netloc != host and problems.append(it.url))
        page.on("pageerror", lambda error: problems.append(f"failed: {error}"))
        page.on("console", lambda it: "Content Security" in it.text and problems.append(it.text))
        page.on("dialog", lambda it: problems.append(f"a dialog: {it.message}"))
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


def violations(page: Page, *, contrast: bool) -> list[str]:
    # The enhanced rule of contrast asks for more than the plain one. Either costs more than all the others.
    rules = {"color-contrast": {"enabled": False}, "color-contrast-enhanced": {"enabled": contrast}}
    only = {"runOnly": {"type": "tag", "values": STANDARDS}, "rules": rules}
    found = Axe().run(page, options=only).response["violations"]
    return [
        f"{urlsplit(page.url).path}: {item['id']}: {node['html'][:200]}"
        for item in found
        for node in item["nodes"]
    ]


def of_each_kind(built: dict[str, str | bytes]) -> set[str]:
    """One page of those that are made alike."""
    pages = [path for path in built if path.endswith(".html")]
    return {*{path if path.count("/") < 2 else path.split("/")[0]: path for path in pages}.values()}


def too_wide(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 375)])
def test_every_page_is_accessible(
    home: str, built: dict[str, str | bytes], open_page: Callable[..., Page], scheme: str, width: int
) -> None:
    """No violation for axe with all disclosures open; contrast is 7:1 in both themes, by kind of page."""
    page = open_page(home, color_scheme=scheme, viewport={"width": width, "height": 900})
    some = of_each_kind(built)
    wrong = []
    for path in built if width > 600 else some:
        if not path.endswith(".html"):
            continue
        page.goto(home + path)
        page.evaluate("document.querySelectorAll('main details').forEach(item => item.open = true)")
        if width < 600:  # as a reader without scripts sees it: all panels at once
            page.evaluate("document.documentElement.classList.remove('js')")
        wrong += violations(page, contrast=path in some)
        wrong += [f"{path} is wider than {width}"] * too_wide(page)
    assert wrong == []


@pytest.mark.parametrize("width", [320, 3840])
def test_no_page_is_wider_than_the_screen(
    home: str, built: dict[str, str | bytes], open_page: Callable[..., Page], width: int
) -> None:
    """From the narrowest phone to 4K nothing has to be scrolled sideways, and lines stay readable."""
    page = open_page(home, viewport={"width": width, "height": 700})
    for path in built:
        if path.endswith(".html"):
            page.goto(home + path)
            assert not too_wide(page), path
    page.goto(home + OWN)
    prose = page.locator(".prose > p:not(.call)").first.evaluate(
        "item => item.getBoundingClientRect().width / parseFloat(getComputedStyle(item).fontSize)"
    )
    assert prose < 48  # em


def test_everything_is_there_without_scripts(
    home: str, built: dict[str, str | bytes], open_page: Callable[..., Page]
) -> None:
    """Without JavaScript every sample in every language can be read, and no button is dead."""
    page = open_page(home + REFERENCE, java_script_enabled=False)
    samples = page.locator("[data-sample]")
    assert samples.count() == str(built[REFERENCE]).count("data-sample=") > 25
    for sample in samples.all():
        expect(sample).to_be_visible()
    expect(page.locator("#search")).to_be_hidden()
    expect(page.get_by_role("tab")).to_have_count(0)
    page.set_viewport_size({"width": 375, "height": 700})
    expect(page.locator("#contents")).to_be_hidden()
    page.get_by_role("button", name="Contents").click()
    expect(page.locator("#contents")).to_be_visible()


def test_one_language_for_the_whole_site(home: str, open_page: Callable[..., Page]) -> None:
    """A language chosen once holds for every sample of every page, and the tab stays where it was."""
    page = open_page(home + REFERENCE)
    last = page.locator("[role=tablist]").last
    last.scroll_into_view_if_needed()
    tab = last.get_by_role("tab", name="Python")
    before = tab.bounding_box()
    tab.click()
    after = tab.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(before["y"] - after["y"]) < 2
    for path in (REFERENCE, OWN):
        page.goto(home + path)
        for panels in page.locator(".panels").all():
            expect(panels.get_by_role("tab", selected=True)).to_have_text("Python")
            expect(panels.get_by_role("tabpanel")).to_have_count(1)
            expect(panels.locator("[data-language=python]")).to_be_visible()


def test_tabs_obey_the_arrow_keys(home: str, open_page: Callable[..., Page]) -> None:
    """The tabs are one stop of the Tab key; arrows, Home and End choose among them."""
    page = open_page(home + OWN)
    tabs = page.locator("[role=tablist]").first.get_by_role("tab")
    count = tabs.count()
    tabs.first.focus()
    for key, number in (
        ("ArrowRight", 1),
        ("End", count - 1),
        ("ArrowRight", 0),
        ("ArrowLeft", count - 1),
        ("Home", 0),
    ):
        page.keyboard.press(key)
        expect(tabs.nth(number)).to_be_focused()
        expect(tabs.nth(number)).to_have_attribute("aria-selected", "true")
    assert [tab.get_attribute("tabindex") for tab in tabs.all()] == ["0", *["-1"] * (count - 1)]


def test_the_theme_is_kept_and_there_from_the_first_moment(home: str, open_page: Callable[..., Page]) -> None:
    """A chosen theme goes before the system's, and is set before there is a body to be drawn."""
    page = open_page(home + REFERENCE, color_scheme="light")
    page.add_init_script(
        "new MutationObserver((_, watcher) => { if (document.body) {"
        "window.atFirst = document.documentElement.dataset.theme; watcher.disconnect() } })"
        ".observe(document, { childList: true, subtree: true })"
    )
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.get_by_role("button", name="Light or dark").click()
    dark = page.evaluate(paper)
    assert dark != light
    page.goto(home + OWN)
    assert page.evaluate("window.atFirst") == "dark"
    assert page.evaluate(paper) == dark
    page.get_by_role("button", name="Light or dark").click()
    assert page.evaluate(paper) == light


def test_the_keyboard_alone_is_enough(home: str, open_page: Callable[..., Page]) -> None:
    """The first stop skips to the content; the contents of a phone open, close and hand the focus back."""
    page = open_page(home + OWN, viewport={"width": 375, "height": 700})
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#contents")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.locator("#contents a").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#contents")).to_be_hidden()
    expect(page.get_by_role("button", name="Contents")).to_be_focused()


def test_code_can_be_copied(home: str, open_page: Callable[..., Page]) -> None:
    """The button puts the code, and nothing but the code, on the clipboard."""
    page = open_page(home + OWN, permissions=["clipboard-read", "clipboard-write"])
    sample = page.locator("[data-sample$='.javascript.request']")
    text = sample.locator("code").text_content()
    sample.get_by_role("button", name="Copy").click()
    expect(sample.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == text


def test_an_anchor_leads_to_its_field(home: str, open_page: Callable[..., Page]) -> None:
    """The address of a field scrolls to it and marks it."""
    page = open_page(f"{home}{OWN}#verifyStepUpTotpChallenge.valid_for_seconds")
    field = page.locator("li:target")
    expect(field).to_be_in_viewport()
    expect(field).to_contain_text("valid_for_seconds")


def test_nothing_moves_while_a_page_loads(home: str, open_page: Callable[..., Page]) -> None:
    """The layout does not shift, whatever language was chosen before."""
    page = open_page(home + REFERENCE)
    page.locator("[role=tablist]").first.get_by_role("tab", name="cURL").click()
    page.reload()
    shift = page.evaluate(
        "new Promise(done => { let sum = 0; new PerformanceObserver(list => list.getEntries().forEach("
        "item => { sum += item.value })).observe({ type: 'layout-shift', buffered: true });"
        "setTimeout(() => done(sum), 300) })"
    )
    assert shift <= 0.01


def test_all_is_open_on_paper(home: str, open_page: Callable[..., Page]) -> None:
    """Printed pages have no navigation, and what is folded on the screen is there."""
    page = open_page(home + OWN)
    details = page.locator("main details p, main details li").first
    expect(details).to_be_hidden()
    page.emulate_media(media="print")
    expect(page.locator("#contents")).to_be_hidden()
    expect(details).to_be_visible()


def spoil(node: object, key: str = "") -> object:
    """The document with hostile text wherever it may hold free text."""
    if isinstance(node, dict):
        return {name: spoil(item, name) for name, item in node.items()}
    if isinstance(node, list):
        return [spoil(item, key) for item in node]
    return f"{node} {HOSTILE}" if key in ("description", "summary", "title") else node


def test_text_from_right_to_left_keeps_its_direction(tmp_path: Path, open_page: Callable[..., Page]) -> None:
    """A paragraph in Hebrew begins at the right; in an example it stays before the comma that follows it."""
    hebrew = "שלום עולם"
    changed = yaml.safe_load(SPEC.read_text(encoding="utf-8"))
    verify = changed["paths"]["/api/backend/v1/mfa/step-up/verify-grant"]["post"]
    verify["description"] = hebrew
    changed["components"]["examples"]["InvalidFields"]["value"]["user_facing_error"] = hebrew
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(changed), encoding="utf-8")
    left_of_text = (
        "item => { const range = document.createRange(); range.selectNodeContents(item);"
        "return range.getBoundingClientRect().left - item.getBoundingClientRect().left }"
    )
    with served(site.render(site.Sources(read(document), document)), tmp_path / "site") as address:
        page = open_page(f"{address}reference/verifyStepUpGrant/index.html")
        assert page.locator(".prose > p", has_text=hebrew).first.evaluate(left_of_text) > 50
        sample = page.locator(".form pre u", has_text=hebrew).first
        assert sample.evaluate(
            "item => { const comma = document.createRange(); comma.setStart(item.nextSibling, 0);"
            "comma.setEnd(item.nextSibling, 1);"
            "return comma.getBoundingClientRect().left >= item.getBoundingClientRect().right - 1 }"
        )


def test_hostile_text_runs_nothing(tmp_path: Path, open_page: Callable[..., Page]) -> None:
    """Whatever a document says, its pages run no script of it, ask for nothing else, and print it."""
    changed = spoil(yaml.safe_load(SPEC.read_text(encoding="utf-8")))
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(changed), encoding="utf-8")
    files = site.render(site.Sources(read(document), document))
    with served(files, tmp_path / "site") as address:
        page = open_page(address)
        for path in files:
            if path.endswith(".html"):
                page.goto(address + path)
                page.locator("main").hover()
                assert "<script>" in page.title() or path == "404.html"
                assert page.evaluate("document.scripts.length") == 1
                assert page.locator("img, svg, [onload], [onerror], [onfocus]").count() == 0
