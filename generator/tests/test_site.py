"""The reference site: complete, inert, and the same every time."""

import base64
import gzip
import hashlib
import json
import os
import posixpath
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml

import stepup_spec
from stepup_generator import site
from stepup_generator.errors import SiteError, SpecError
from stepup_generator.openapi.read import read
from stepup_generator.site.rules import read_rules

SPEC = stepup_spec.find("openapi.yaml")
RULES = stepup_spec.find("rules.yaml")
REFERENCE = "reference/index.html"
# What may stand in a page. Whatever else appears came out of the document as markup.
TAGS = frozenset(
    re.findall(
        r"\w+",
        """html head meta title link style body a div nav ul ol li strong em b i u code pre p span main
        section article details summary header footer button kbd script form label input select option
        textarea h1 h2 h3 h4 h5 h6 dl dt dd table thead tbody tr th td blockquote hr br""",
    )
)
ATTRIBUTES = {"lang", "charset", "http-equiv", "content", "name", "rel", "href", "class", "id", "aria-label"}
ATTRIBUTES |= {"open", "start", "role", "tabindex", "popover", "popovertarget", "type", "hidden"}
ATTRIBUTES |= {"for", "value", "required", "min", "max", "pattern", "selected", "rows", "novalidate"}
ATTRIBUTES |= {"autocomplete", "autocapitalize", "spellcheck"}
HOSTILE = (
    "<img src=x onerror=alert(1)> </script></style><script>alert(2)</script> [a](javascript:alert(3)) "
    "<javascript:alert(4)> ![b](https://evil.test/p.png) {{ 7*7 }} \"' onload=alert(5) &lt;i&gt;"
)


class Page(HTMLParser):
    """One page, taken apart by a parser of another make."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.pieces: list[str] = []
        self.silent = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        self.silent = tag in ("style", "script")

    def handle_endtag(self, tag: str) -> None:
        self.silent = False

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.pieces.append(data)

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def ids(self) -> list[str]:
        return [attrs["id"] for _, attrs in self.tags if "id" in attrs]

    @property
    def links(self) -> list[str]:
        return [attrs["href"] for tag, attrs in self.tags if tag == "a"]


def literally(text: str) -> str:
    """A regular expression for the text itself."""
    return re.sub(r"([\\^$.|?*+()\[\]{}/])", r"\\\1", text)


@pytest.fixture(scope="module")
def document() -> dict:
    """The document as any YAML reader sees it, not as ours does."""
    return yaml.safe_load(SPEC.read_text(encoding="utf-8"))


def html(files: dict[str, str | bytes]) -> dict[str, str]:
    return {name: text for name, text in files.items() if isinstance(text, str) and name.endswith(".html")}


@pytest.fixture(scope="module")
def built() -> dict[str, str]:
    """The pages of the document as it is."""
    api = read(SPEC)
    return html(site.render(site.Sources(api, SPEC, read_rules(RULES, api))))


@pytest.fixture(scope="module")
def pages(built: dict[str, str]) -> dict[str, Page]:
    return {name: Page(text) for name, text in built.items()}


@pytest.fixture
def render(tmp_path: Path) -> Callable[[dict], dict[str, str]]:
    """Render a document that a test has changed."""

    def run(changed: dict) -> dict[str, str]:
        path = tmp_path / "openapi.json"
        path.write_text(json.dumps(changed), encoding="utf-8")
        return html(site.render(site.Sources(read(path), path)))

    return run


def own(operation_id: str) -> str:
    """The page of one operation."""
    return f"reference/{operation_id}/index.html"


def fresh() -> dict:
    return yaml.safe_load(SPEC.read_text(encoding="utf-8"))


def operations(document: dict) -> Iterator[tuple[str, str, dict]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def follow(document: dict, node: dict) -> dict:
    while "$ref" in node:
        target = document
        for key in node["$ref"].removeprefix("#/").split("/"):
            target = target[key]
        node = target
    return node


def found(node: object, key: str) -> Iterator[object]:
    """Every value that stands under ``key``, at any depth."""
    if isinstance(node, dict):
        for name, item in node.items():
            if name == key:
                yield item
            yield from found(item, key)
    elif isinstance(node, list):
        for item in node:
            yield from found(item, key)


def test_every_operation_is_shown(pages: dict[str, Page], document: dict) -> None:
    """Each operation has its anchor, method, path and summary, among the others and on a page of its own."""
    for path, method, operation in operations(document):
        for page in (pages[REFERENCE], pages[own(operation["operationId"])]):
            assert operation["operationId"] in page.ids
            assert f"{method.upper()} {path}" in page.text
            assert operation["summary"] in page.text
        assert f"operation {operation['operationId']}" in pages[own(operation["operationId"])].text


def test_every_field_of_a_request_has_its_anchor(pages: dict[str, Page], document: dict) -> None:
    """A parameter or body property of an operation is found at ``#operation.field`` on both its pages."""
    count = 0
    for _, _, operation in operations(document):
        name = operation["operationId"]
        expected = {f"{name}.{item['name']}" for item in operation.get("parameters", ())}
        for media in operation.get("requestBody", {"content": {}})["content"].values():
            schema = follow(document, media["schema"])
            expected |= {f"{name}.{item}" for item in schema["properties"]}
        count += len(expected)
        assert expected <= set(pages[REFERENCE].ids)
        assert expected <= set(pages[own(name)].ids)
    assert count > 15


def test_every_property_is_shown_with_what_it_says(pages: dict[str, Page], document: dict) -> None:
    """Each property of each schema ends an anchor, and its pattern, bounds and choices are printed."""
    shown = [pages[own(item["operationId"])] for _, _, item in operations(document)]
    ends = {anchor.rpartition(".")[2] for page in shown for anchor in page.ids}
    text = "".join(page.text for page in shown)
    for schema in document["components"]["schemas"].values():
        assert not set(schema.get("properties", {})) - ends
        for item in schema.get("properties", {}).values():
            assert str(item.get("pattern", "")) in text
            for bound in ("minimum", "maximum", "minLength", "maxLength"):
                assert str(item.get(bound, "")) in text
            for choice in item.get("enum", []):
                assert f'"{choice}"' in text


def test_every_answer_is_shown(pages: dict[str, Page], document: dict) -> None:
    """Each status has its anchor, its description and its headers on its operation's page."""
    for _, _, operation in operations(document):
        page = pages[own(operation["operationId"])]
        for status, node in operation["responses"].items():
            response = follow(document, node)
            assert f"{operation['operationId']}.{status}" in page.ids
            assert re.sub(r"[`*]", "", response["description"]) in page.text
            for header in response.get("headers", {}):
                assert re.search(rf"{header}[a-z]+.*\s+with [^\n]*{status}", page.text), (header, status)


def test_every_example_is_shown(pages: dict[str, Page], document: dict) -> None:
    """Each example body is printed on its operation's page, under each status that names it."""
    for _, _, operation in operations(document):
        text = pages[own(operation["operationId"])].text
        expected: dict[str, int] = {}
        bodies = [operation.get("requestBody", {})]
        bodies += [follow(document, node) for node in operation["responses"].values()]
        for body in bodies:
            for media in body.get("content", {}).values():
                for example in media.get("examples", {}).values():
                    value = follow(document, example)["value"]
                    shown = json.dumps(value, indent=2, ensure_ascii=False)
                    expected[shown] = expected.get(shown, 0) + 1
        assert len(expected) > 7
        for shown, times in expected.items():
            assert text.count(shown) >= times, shown


def test_every_error_code_has_an_anchor(pages: dict[str, Page], document: dict) -> None:
    """Whatever an error schema fixes as its code is found at ``#error.code``."""
    schemas = document["components"]["schemas"]
    codes = {
        schema["properties"]["error_code"]["const"]
        for name, schema in schemas.items()
        if name.endswith("Error")
    }
    assert len(codes) == 11
    assert codes <= {
        item.removeprefix("error.") for item in pages[REFERENCE].ids if item.startswith("error.")
    }


def test_every_error_tells_what_to_do(pages: dict[str, Page], document: dict) -> None:
    """Each failed status is followed by advice, and advice to repeat only where that does no harm."""
    for _, _, operation in operations(document):
        text = pages[own(operation["operationId"])].text
        failures = sum(status[0] != "2" for status in operation["responses"])
        assert text.count("What to do.") == failures
        assert ("Send it again." in text) <= operation["x-stepup-repeatable"]


def test_a_union_shows_each_form_by_its_tag(pages: dict[str, Page], document: dict) -> None:
    """Each value of the discriminator heads a form of its own, and null is a form too."""
    mapping = document["components"]["schemas"]["MfaSetup"]["discriminator"]
    heads = [f'{mapping["propertyName"]} is "{value}"' for value in mapping["mapping"]]
    for page in (pages[REFERENCE], pages[own("fetchUserMfaMethods")]):
        places = [page.text.index(head) for head in [*heads, "\nor null\n"]]
        assert places == sorted(places)


def test_secret_deprecated_and_repeatable_are_marked(pages: dict[str, Page], document: dict) -> None:
    """A secret or deprecated property is marked, and each operation says whether it may be repeated."""
    text = pages[REFERENCE].text
    assert len(re.findall(r"^code.*required ?secret", text, re.MULTILINE)) == 2
    for _, _, operation in operations(document):
        text = pages[own(operation["operationId"])].text
        has_body = "requestBody" in operation
        assert ("optionaldeprecated" in text) == has_body  # field_to_errors
        assert ("\nmay be repeated\n" in text) == operation["x-stepup-repeatable"]
        assert ("never repeat once" in text) != operation["x-stepup-repeatable"]


def test_next_calls_link_to_their_operations(pages: dict[str, Page], document: dict) -> None:
    """Each link of the document is a link of its operation's page, with the values it carries over."""
    for _, _, operation in operations(document):
        page = pages[own(operation["operationId"])]
        for links in found(operation, "links"):
            for link in links.values():
                assert f"../../{own(link['operationId'])}" in page.links
                for name in link["requestBody"]:
                    assert re.search(rf"{name} from this (request|answer), ", page.text)


def test_every_rule_is_printed_and_linked(pages: dict[str, Page]) -> None:
    """The page of rules holds every sentence; each operation links every rule that names it."""
    catalogue = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    for rule in (rule for group in catalogue["groups"] for rule in group["rules"]):
        assert rule["id"] in pages["rules/index.html"].ids
        assert re.sub("`", "", rule["sentence"]) in pages["rules/index.html"].text
        for name in rule["operations"]:
            assert f"../../rules/index.html#{rule['id']}" in pages[own(name)].links


def test_anchors_are_unique_and_links_resolve(pages: dict[str, Page]) -> None:
    """No anchor stands twice on a page, and every link leads to a page and anchor that exist."""
    for name, page in pages.items():
        assert len(page.ids) == len(set(page.ids))
        if name == "404.html":
            continue
        inner = [link for link in page.links if not urlsplit(link).scheme]
        assert inner
        for link in inner:
            target, _, anchor = link.partition("#")
            goal = posixpath.normpath(posixpath.join(posixpath.dirname(name), target)) if target else name
            assert goal in pages, link
            assert not anchor or unquote(anchor) in pages[goal].ids, link


def assert_inert(text: str) -> Page:
    """The page holds no markup but ours, no script but its own, and nothing of another host."""
    page = Page(text)
    for tag, attrs in page.tags:
        assert tag in TAGS, tag
        assert {name for name in attrs if not name.startswith(("aria-", "data-"))} <= ATTRIBUTES, (tag, attrs)
        if tag == "a":
            assert urlsplit(attrs["href"]).scheme in ("", "http", "https", "mailto")
        if tag == "link":
            assert not urlsplit(attrs["href"]).netloc
    assert [tag for tag, _ in page.tags].count("script") == 1
    return page


def test_the_pages_are_inert_and_their_policy_holds(built: dict[str, str]) -> None:
    """A page holds one script, no style attribute, and its policy allows just what it has."""
    for text in built.values():
        page = assert_inert(text)
        policy = next(item["content"] for _, item in page.tags if "http-equiv" in item)
        allowed = []
        for tag in ("style", "script"):
            (code,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
            allowed.append(base64.b64encode(hashlib.sha256(code.encode()).digest()).decode())
            assert "url(" not in code
            assert "@import" not in code
        assert policy == (
            f"default-src 'none'; style-src 'sha256-{allowed[0]}'; "
            f"script-src 'sha256-{allowed[1]}' 'strict-dynamic'; img-src 'self' data:; connect-src 'self'; "
            "base-uri 'none'; form-action 'none'"
        )


def spoil(node: object, key: str = "") -> object:
    """The document with hostile text wherever it may hold free text."""
    if isinstance(node, dict):
        return {name: spoil(item, name) for name, item in node.items()}
    if isinstance(node, list):
        return [spoil(item, key) for item in node]
    return f"{node} {HOSTILE}" if key in ("description", "summary", "title") else node


def test_hostile_text_stays_text(render: Callable[[dict], dict[str, str]]) -> None:
    """Markup, script links and template syntax anywhere in the document are printed as they are."""
    changed = spoil(fresh())
    assert isinstance(changed, dict)
    changed["tags"][1]["name"] = changed["paths"]["/api/backend/v1/mfa/step-up/verify-grant"]["post"]["tags"][
        0
    ] = HOSTILE
    changed["info"]["contact"] = {"name": HOSTILE, "url": "javascript:alert(6)"}
    changed["servers"][0]["description"] = (
        f"```\n{HOSTILE}\n```\n\n# {HOSTILE}\n\n| a |\n|:-:|\n| {HOSTILE} |"
    )
    properties = changed["components"]["schemas"]["MfaPhone"]["properties"]
    properties["mfa_phone_number_suffix"].update(
        pattern=literally(HOSTILE), examples=[HOSTILE], enum=[HOSTILE]
    )
    body = changed["paths"]["/api/backend/v1/mfa/step-up/verify-grant"]["post"]["requestBody"]["content"]
    body["application/json"]["examples"]["grant"]["value"] = {"grant": HOSTILE, HOSTILE: [HOSTILE]}
    lookup = changed["paths"]["/api/backend/v1/user/{user_id}/mfa"]["get"]["responses"]["200"]["content"]
    lookup["application/json"]["examples"]["none"]["value"] = {HOSTILE: HOSTILE}
    output = render(changed)
    for name, text in output.items():
        page = assert_inert(text)
        assert (
            name == "404.html"
            or "<img src=x onerror=alert(1)> </script></style><script>alert(2)</script>" in page.text
        )
        assert name == "404.html" or "{{ 7*7 }}" in page.text
        assert not [link for link in page.links if "alert" in unquote(link)]
    text = Page(output[REFERENCE]).text
    assert text.count(HOSTILE) >= 4  # tag in contents and heading, contact, pattern


def test_a_schema_that_contains_itself_is_shown_once(render: Callable[[dict], dict[str, str]]) -> None:
    """A recursive schema ends where it begins again, by its name."""
    changed = fresh()
    phone = changed["components"]["schemas"]["MfaPhone"]
    phone["properties"]["backup"] = {"$ref": "#/components/schemas/MfaPhone"}
    page = assert_inert(render(changed)[REFERENCE])
    assert "fetchUserMfaMethods.200.mfa_setup.Phone.phone_numbers.backup" in page.ids
    assert "As above." in page.text


def test_names_that_clash_get_anchors_of_their_own(render: Callable[[dict], dict[str, str]]) -> None:
    """A query parameter named like a property, and an operation named like a section, are both reachable."""
    changed = fresh()
    verify = changed["paths"]["/api/backend/v1/mfa/step-up/verify-grant"]["post"]
    verify["operationId"] = "errors"
    verify["parameters"] = [{"name": "grant", "in": "query", "schema": {"type": "string"}}]
    for links in found(changed["paths"], "links"):
        for link in links.values():
            link["operationId"] = link["operationId"].replace("verifyStepUpGrant", "errors")
    page = Page(render(changed)[REFERENCE])
    assert len(page.ids) == len(set(page.ids))
    assert {"errors", "errors~2", "errors~2.grant", "errors~2.grant~2"} <= set(page.ids)
    assert not [link for link in page.links if link.startswith("#") and unquote(link[1:]) not in page.ids]


def test_rules_about_an_unknown_operation_are_refused(tmp_path: Path) -> None:
    """Every fault of a catalogue is named with its place, and a whole catalogue reads well."""
    text = RULES.read_text(encoding="utf-8")
    broken = tmp_path / "rules.yaml"
    broken.write_text(
        text.replace("id: A2", "id: A1").replace("[fetchUserMfaMethods]", "[nobody]"), encoding="utf-8"
    )
    api = read(SPEC)
    with pytest.raises(SpecError) as refusal:
        read_rules(broken, api)
    assert '"A1" is the id of an earlier rule' in str(refusal.value)
    assert 'found "nobody"; expected an operationId of the document' in str(refusal.value)
    assert re.search(r"rules\.yaml:\d+:\d+ #/groups/0/rules/1", str(refusal.value))
    whole = yaml.safe_load(text)["groups"]
    assert [len(group.rules) for group in read_rules(RULES, api)] == [len(group["rules"]) for group in whole]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("for {rounds} rounds", "for 20 rounds", 'found "rounds", which is not in the method'),
        ("rounds: {quick", "turns: {quick", 'found "rounds", which is not in the figures'),
        ("{quick: 10, thorough: 50", "{quick: ten, thorough: 50", "found a string"),
        ("{quick: 10, thorough: 50", "{quick: 10, slow: 50", 'keyword "slow" is not supported in a figure'),
    ],
)
def test_a_method_without_its_numbers_is_rejected(tmp_path: Path, old: str, new: str, problem: str) -> None:
    """Each number of a method has its figure, and each figure stands in the method."""
    text = RULES.read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "rules.yaml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(SpecError) as rejection:
        read_rules(tmp_path / "rules.yaml", read(SPEC))
    assert problem in str(rejection.value)


def test_a_rule_with_a_number_of_two_digits_has_its_anchor(tmp_path: Path) -> None:
    """Ids are a letter and a number: T99 is read, printed and linked as T9 is."""
    (tmp_path / "rules.yaml").write_text(RULES.read_text("utf-8").replace("id: T9\n", "id: T99\n"), "utf-8")
    api = read(SPEC)
    built = html(site.render(site.Sources(api, SPEC, read_rules(tmp_path / "rules.yaml", api))))
    assert "T99" in Page(built["rules/index.html"]).ids
    assert "../../rules/index.html#T99" in Page(built[own("verifyStepUpTotpChallenge")]).links


def test_methods_are_printed_with_their_numbers(pages: dict[str, Page]) -> None:
    """What a run takes is what the page says: the quick number, the thorough one and that of named users."""
    text = pages["rules/index.html"].text
    assert "for 10 (thorough 50, named users 3) rounds" in text
    assert "In process, 5,000 interleaved samples" in text
    assert not re.search(r"\{[a-z_]+\}", text)


def test_curl_samples_say_what_they_mean_to_a_shell(
    render: Callable[[dict], dict[str, str]], tmp_path: Path
) -> None:
    """A real shell hands curl the path, key and body of the example, whatever characters these hold."""
    nasty = 'it\'s $(touch pwned) `touch pwned` "$HOME" \\ \n [1-9] {a,b} é 漢'
    changed = fresh()
    lookup = changed["paths"]["/api/backend/v1/user/{user_id}/mfa"]["get"]
    lookup["parameters"][0] |= {"schema": {"type": "string"}, "example": nasty}
    verify = changed["paths"]["/api/backend/v1/mfa/step-up/verify-grant"]["post"]
    body = {"action_type": nasty, nasty: [1, None, True]}
    verify["requestBody"]["content"]["application/json"]["examples"]["grant"]["value"] = body
    text = render(changed)[REFERENCE]
    commands = [Page(item).text for item in re.findall(r'curl\.request"><code>(.*?)</code>', text, re.DOTALL)]
    assert len(commands) == 5
    stand_in = tmp_path / "curl"  # prints its arguments, each ended by NUL
    stand_in.write_text("#!/bin/sh\nprintf '%s\\0' \"$@\"\n")
    stand_in.chmod(0o700)
    calls = []
    for command in commands:
        env = {
            "PATH": f"{tmp_path}:/usr/bin:/bin",
            "STEPUP_MFA_AUTH_URL": "http://x y",
            "STEPUP_MFA_API_KEY": "k e",
        }
        out = subprocess.run(
            ["sh", "-eu", "-c", command], env=env, cwd=tmp_path, capture_output=True, check=True
        )
        calls.append(out.stdout.decode().split("\0")[:-1])
    assert not (tmp_path / "pwned").exists()
    (address,) = (item for item in calls[0] if item.startswith("http"))
    assert address.startswith("http://x y/api/backend/v1/user/it%27s%20%24%28touch")
    assert unquote(address) == f"http://x y/api/backend/v1/user/{nasty}/mfa"
    assert "Authorization: Bearer k e" in calls[0]
    assert "http://x y/api/backend/v1/mfa/step-up/verify-grant" in calls[-1]
    assert "Content-Type: application/json" in calls[-1]
    sent = json.loads(calls[-1][calls[-1].index("--data-raw") + 1])
    assert body.items() <= sent.items()  # what the schema requires besides is filled in


def test_an_example_that_no_program_can_hold_is_an_error(render: Callable[[dict], dict[str, str]]) -> None:
    """An example that is not a value of its type is named with its document, not printed into a sample."""
    changed = fresh()
    changed["paths"]["/api/backend/v1/user/{user_id}/mfa"]["get"]["parameters"][0]["example"] = "nobody"
    with pytest.raises(
        SiteError, match=r"openapi\.json:1: fetchUserMfaMethods: the example of user_id is not a value"
    ):
        render(changed)


def test_a_request_without_examples_gets_one_from_its_schema(
    render: Callable[[dict], dict[str, str]],
) -> None:
    """Where the document shows no request, the command is made from what the schema shows."""
    changed = fresh()
    verify = changed["paths"]["/api/backend/v1/mfa/step-up/verify-grant"]["post"]
    del verify["requestBody"]["content"]["application/json"]["examples"]
    text = Page(render(changed)[REFERENCE]).text
    schema = changed["components"]["schemas"]["VerifyStepUpGrantRequest"]
    body = {name: schema["properties"][name]["examples"][0] for name in schema["required"]}
    assert json.dumps(body, indent=2) in text


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    parts = [int(digits[index : index + 2], 16) / 255 for index in (0, 2, 4)]
    low, mid, high = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * low + 0.7152 * mid + 0.0722 * high


def test_text_has_a_contrast_of_seven_to_one() -> None:
    """By day and by night every colour of text stands out by 7:1 on every ground (WCAG 1.4.6)."""
    tokens = (Path(site.__file__).parent / "templates/tokens.css").read_text()
    colours = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", tokens)
    themes = [{name: pair[number] for name, *pair in colours} for number in (0, 1)]
    pairs = [(text, ground) for text in ("ink", "soft") for ground in ("paper", "panel", "glow")]
    pairs += [(text, ground) for text in ("accent", "good", "bad", "note") for ground in ("paper", "panel")]
    for theme in themes:
        for text, ground in [*pairs, ("accent", "glow"), ("on-accent", "accent")]:
            high, low = sorted((luminance(theme[text]), luminance(theme[ground])), reverse=True)
            assert (high + 0.05) / (low + 0.05) >= 7, (text, ground)


def test_the_reference_stays_small(built: dict[str, str]) -> None:
    """All that the reference of this document needs, style and script among it, is 15 KB on the wire."""
    assert len(gzip.compress(built[REFERENCE].encode(), 9)) <= 15_000
    (script,) = re.findall("<script>(.*?)</script>", built[REFERENCE], re.DOTALL)
    assert len(gzip.compress(script.encode(), 9)) <= 4_000


def test_the_code_knows_no_name_of_this_api(document: dict) -> None:
    """What makes the site holds no operationId, path, error code or telling property name of the document."""
    home = Path(site.__file__).parent
    files = [*home.glob("*.py")]
    files += [path for path in (home / "templates").rglob("*") if path.is_file()]
    names = {operation["operationId"] for _, _, operation in operations(document)} | set(document["paths"])
    names |= {name for group in found(document, "properties") for name in group if "_" in name}
    names |= {name for name in found(document, "const") if isinstance(name, str) and "_" in name}
    assert len(names) > 25
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert not [name for name in names if re.search(rf"\b{re.escape(name)}\b", text)], path


def build(out: Path, *more: str, seed: str = "0") -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "stepup_mfa", "docs", "build", "--out", str(out), *more]
    env = {**os.environ, "PYTHONHASHSEED": seed}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_two_builds_give_the_same_bytes(tmp_path: Path) -> None:
    """The command writes the pages, byte for byte the same under another hash seed."""
    for name in ("1", "2"):
        result = build(tmp_path / name, seed=name)
        assert result.returncode == 0, result.stderr
    first, second = tree(tmp_path / "1"), tree(tmp_path / "2")
    assert {"index.html", REFERENCE, "rules/index.html"} <= set(first)
    assert first == second


def test_a_broken_document_leaves_the_old_site(tmp_path: Path) -> None:
    """A document that cannot be read ends with 2 and its places; the site stays until a good one comes."""
    out, broken = tmp_path / "site", tmp_path / "openapi.yaml"
    assert build(out).returncode == 0
    before = tree(out)
    broken.write_text(SPEC.read_text(encoding="utf-8").replace("oneOf:", "allOfThem:"), encoding="utf-8")
    result = build(out, "--spec", str(broken))
    assert result.returncode == 2
    assert re.search(r'openapi\.yaml:\d+:\d+ #/.*keyword "allOfThem" is not supported', result.stderr)
    assert "Traceback" not in result.stderr
    assert tree(out) == before
    broken.write_text(
        SPEC.read_text(encoding="utf-8").replace("title: Step-Up MFA API", "title: Renamed"), encoding="utf-8"
    )
    assert build(out, "--spec", str(broken)).returncode == 0
    assert "Renamed" in (out / REFERENCE).read_text(encoding="utf-8")
    assert not (out / "rules").exists()
