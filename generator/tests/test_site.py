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
from stepup_generator.errors import SpecError
from stepup_generator.read import read
from stepup_generator.rules import read_rules

SPEC = stepup_spec.find("openapi.yaml")
RULES = stepup_spec.find("rules.yaml")
REFERENCE = "reference/index.html"
# What may stand in a page. Whatever else appears came out of the document as markup.
TAGS = frozenset(
    re.findall(
        r"\w+",
        """html head meta title link style body a div nav ul ol li strong em b i u code pre p span main
        section article details summary footer h1 h2 h3 h4 h5 h6 dl dt dd table thead tbody tr th td
        blockquote hr br""",
    )
)
ATTRIBUTES = {"lang", "charset", "http-equiv", "content", "name", "rel", "href", "class", "id", "aria-label"}
ATTRIBUTES |= {"open", "start"}
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
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
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


@pytest.fixture(scope="module")
def document() -> dict:
    """The document as any YAML reader sees it, not as ours does."""
    return yaml.safe_load(SPEC.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def pages() -> dict[str, Page]:
    api = read(SPEC)
    return {
        name: Page(text)
        for name, text in site.render(site.Sources(api, SPEC, read_rules(RULES, api))).items()
    }


@pytest.fixture
def render(tmp_path: Path) -> Callable[[dict], dict[str, str]]:
    """Render a document that a test has changed."""

    def run(changed: dict) -> dict[str, str]:
        path = tmp_path / "openapi.json"
        path.write_text(json.dumps(changed), encoding="utf-8")
        return site.render(site.Sources(read(path), path))

    return run


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
    """Each operation has its anchor, method, path and summary."""
    page = pages[REFERENCE]
    for path, method, operation in operations(document):
        assert operation["operationId"] in page.ids
        assert f"{method.upper()} {path}" in page.text
        assert operation["summary"] in page.text
        assert f"operation {operation['operationId']}" in page.text


def test_every_field_of_a_request_has_its_anchor(pages: dict[str, Page], document: dict) -> None:
    """A parameter or body property of an operation is found at ``#operation.field``."""
    wanted = []
    for _, _, operation in operations(document):
        wanted += [f"{operation['operationId']}.{item['name']}" for item in operation.get("parameters", ())]
        for media in operation.get("requestBody", {"content": {}})["content"].values():
            schema = follow(document, media["schema"])
            wanted += [f"{operation['operationId']}.{name}" for name in schema["properties"]]
    assert len(wanted) > 15
    assert not set(wanted) - set(pages[REFERENCE].ids)


def test_every_property_is_shown_with_what_it_says(pages: dict[str, Page], document: dict) -> None:
    """Each property of each schema ends an anchor, and its pattern, bounds and choices are printed."""
    page = pages[REFERENCE]
    ends = {anchor.rpartition(".")[2] for anchor in page.ids}
    for schema in document["components"]["schemas"].values():
        assert not set(schema.get("properties", {})) - ends
        for item in schema.get("properties", {}).values():
            assert str(item.get("pattern", "")) in page.text
            for bound in ("minimum", "maximum", "minLength", "maxLength"):
                assert str(item.get(bound, "")) in page.text
            for choice in item.get("enum", []):
                assert f'"{choice}"' in page.text


def test_every_answer_is_shown(pages: dict[str, Page], document: dict) -> None:
    """Each status of each operation has its anchor, its description and its headers."""
    page = pages[REFERENCE]
    for _, _, operation in operations(document):
        for status, node in operation["responses"].items():
            response = follow(document, node)
            assert f"{operation['operationId']}.{status}" in page.ids
            assert re.sub(r"[`*]", "", response["description"]) in page.text
            for header in response.get("headers", {}):
                assert header in page.text


def test_every_example_is_shown(pages: dict[str, Page], document: dict) -> None:
    """Each example body is printed under each status that names it, and each request example in a command."""
    text = pages[REFERENCE].text
    wanted: dict[str, int] = {}
    for _, _, operation in operations(document):
        bodies = [operation.get("requestBody", {})]
        bodies += [follow(document, node) for node in operation["responses"].values()]
        for body in bodies:
            for media in body.get("content", {}).values():
                for example in media.get("examples", {}).values():
                    value = follow(document, example)["value"]
                    shown = json.dumps(value, indent=2, ensure_ascii=False)
                    wanted[shown] = wanted.get(shown, 0) + 1
    assert len(wanted) > 20
    for shown, times in wanted.items():
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


def test_a_union_shows_each_form_by_its_tag(pages: dict[str, Page], document: dict) -> None:
    """Each value of the discriminator heads a form of its own, and null is a form too."""
    mapping = document["components"]["schemas"]["MfaSetup"]["discriminator"]
    heads = [f'{mapping["propertyName"]} is "{value}"' for value in mapping["mapping"]]
    places = [pages[REFERENCE].text.index(head) for head in [*heads, "\nnull\n"]]
    assert places == sorted(places)


def test_secret_deprecated_and_repeatable_are_marked(pages: dict[str, Page], document: dict) -> None:
    """A secret or deprecated property is marked, and each operation says whether it may be repeated."""
    text = pages[REFERENCE].text
    assert len(re.findall(r"^code.*required ?secret", text, re.MULTILINE)) == 2
    assert "optionaldeprecated" in text
    safe = sum(item[2]["x-stepup-repeatable"] for item in operations(document))
    assert text.count("\nmay be repeated\n") == safe
    assert text.count("never repeat once") == sum(1 for _ in operations(document)) - safe


def test_next_calls_link_to_their_operations(pages: dict[str, Page], document: dict) -> None:
    """Each link of the document is a link of the page, with the values it carries over."""
    page = pages[REFERENCE]
    for links in found(document["paths"], "links"):
        for link in links.values():
            assert f"#{link['operationId']}" in page.links
            for name in link["requestBody"]:
                assert re.search(rf"{name} from this (request|answer), ", page.text)


def test_every_rule_is_printed_and_linked(pages: dict[str, Page]) -> None:
    """The page of rules holds every sentence; each operation links every rule that names it."""
    catalogue = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    for rule in (rule for group in catalogue["groups"] for rule in group["rules"]):
        assert rule["id"] in pages["rules/index.html"].ids
        assert re.sub("`", "", rule["sentence"]) in pages["rules/index.html"].text
        linked = pages[REFERENCE].links.count(f"../rules/index.html#{rule['id']}")
        assert linked == len(rule["operations"]), rule["id"]


def test_anchors_are_unique_and_links_resolve(pages: dict[str, Page]) -> None:
    """No anchor stands twice on a page, and every link leads to a page and anchor that exist."""
    for name, page in pages.items():
        assert len(page.ids) == len(set(page.ids))
        inner = [link for link in page.links if not urlsplit(link).scheme]
        assert inner
        for link in inner:
            target, _, anchor = link.partition("#")
            goal = posixpath.normpath(posixpath.join(posixpath.dirname(name), target)) if target else name
            assert goal in pages, link
            assert not anchor or unquote(anchor) in pages[goal].ids, link


def assert_inert(text: str) -> Page:
    """The page holds no markup but ours, no script, and nothing that would be fetched."""
    page = Page(text)
    for tag, attrs in page.tags:
        assert tag in TAGS, tag
        assert set(attrs) <= ATTRIBUTES, (tag, attrs)
        if tag == "a":
            assert urlsplit(attrs["href"]).scheme in ("", "http", "https", "mailto")
        if tag == "link":
            assert attrs["href"].startswith("data:image/svg+xml,")
    return page


def test_the_pages_are_inert_and_their_policy_holds(pages: dict[str, Page]) -> None:
    """A page holds no script and no style attribute, and its policy allows the one style sheet it has."""
    api = read(SPEC)
    for text in site.render(site.Sources(api, SPEC, read_rules(RULES, api))).values():
        page = assert_inert(text)
        policy = next(item["content"] for _, item in page.tags if "http-equiv" in item)
        (style,) = re.findall("<style>(.*?)</style>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        allowed = f"style-src 'sha256-{digest}'; img-src data:"
        assert policy == f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"
        assert "url(" not in style
        assert "@import" not in style


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
    properties["mfa_phone_number_suffix"].update(pattern=HOSTILE, examples=[HOSTILE], enum=[HOSTILE])
    body = changed["paths"]["/api/backend/v1/mfa/step-up/verify-grant"]["post"]["requestBody"]["content"]
    body["application/json"]["examples"]["grant"]["value"] = {"grant": HOSTILE, HOSTILE: [HOSTILE]}
    lookup = changed["paths"]["/api/backend/v1/user/{user_id}/mfa"]["get"]["responses"]["200"]["content"]
    lookup["application/json"]["examples"]["none"]["value"] = {HOSTILE: HOSTILE}
    output = render(changed)
    for text in output.values():
        page = assert_inert(text)
        assert "<img src=x onerror=alert(1)> </script></style><script>alert(2)</script>" in page.text
        assert "{{ 7*7 }}" in page.text
        assert not [link for link in page.links if "alert" in unquote(link)]
    text = Page(output[REFERENCE]).text
    assert (
        json.dumps(body["application/json"]["examples"]["grant"]["value"], indent=2).replace("'", "'\"'\"'")
        in text
    )
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
    assert 'found "nobody"; wanted an operationId of the document' in str(refusal.value)
    assert re.search(r"rules\.yaml:\d+:\d+ #/groups/0/rules/1", str(refusal.value))
    assert sum(len(group.rules) for group in read_rules(RULES, api)) == 60


def test_curl_samples_say_what_they_mean_to_a_shell(
    render: Callable[[dict], dict[str, str]], tmp_path: Path
) -> None:
    """A real shell hands curl the path, key and body of the example, whatever characters these hold."""
    nasty = 'it\'s $(touch pwned) `touch pwned` "$HOME" \\ \n [1-9] {a,b} é 漢'
    changed = fresh()
    lookup = changed["paths"]["/api/backend/v1/user/{user_id}/mfa"]["get"]
    lookup["parameters"][0]["example"] = nasty
    verify = changed["paths"]["/api/backend/v1/mfa/step-up/verify-grant"]["post"]
    body = {"action_type": nasty, nasty: [1, None, True]}
    verify["requestBody"]["content"]["application/json"]["examples"]["grant"]["value"] = body
    text = render(changed)[REFERENCE]
    commands = [Page(item).text for item in re.findall("<pre><code>(curl .*?)</code></pre>", text, re.DOTALL)]
    assert len(commands) == 7
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
    assert calls[0][0].startswith("http://x y/api/backend/v1/user/it%27s%20%24%28touch")
    assert unquote(calls[0][0]) == f"http://x y/api/backend/v1/user/{nasty}/mfa"
    assert calls[0][1:] == ["-H", "Authorization: Bearer k e"]
    assert calls[-1][0] == "http://x y/api/backend/v1/mfa/step-up/verify-grant"
    assert calls[-1][3:5] == ["-H", "Content-Type: application/json"]
    assert calls[-1][5] == "--data-raw"
    assert json.loads(calls[-1][6]) == body


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
    """In both themes ink, soft text and the accent stand out by 7:1 on paper and on panels (WCAG 1.4.6)."""
    style = (Path(site.__file__).parents[1] / "templates/docs/style.css").read_text()
    themes = [
        dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block))
        for block in style.split("@media print")[0].split("dark)")
    ]
    assert len(themes) == 2
    for theme in themes:
        for text in ("ink", "soft", "accent"):
            for ground in ("paper", "panel"):
                high, low = sorted((luminance(theme[text]), luminance(theme[ground])), reverse=True)
                assert (high + 0.05) / (low + 0.05) >= 7, (text, ground)


def test_the_reference_stays_small() -> None:
    """The reference of this document is at most 15 KiB on the wire."""
    api = read(SPEC)
    text = site.render(site.Sources(api, SPEC, read_rules(RULES, api)))[REFERENCE]
    assert len(gzip.compress(text.encode(), 9)) <= 15 * 1024


def test_the_code_knows_no_name_of_this_api(document: dict) -> None:
    """What makes the site holds no operationId, path, error code or telling property name of the document."""
    home = Path(site.__file__).parents[1]
    files = [home / "rules.py", *(home / "site").glob("*.py")]
    files += [path for path in (home / "templates/docs").rglob("*") if path.is_file()]
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
