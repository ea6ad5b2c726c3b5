"""What the site has for programs: Markdown pages, indexes, documents, collection and form data."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
import yaml

import stepup_spec
from stepup_generator import site
from stepup_generator.errors import SiteError
from stepup_generator.openapi.constraints import MaxLength
from stepup_generator.openapi.model import Api
from stepup_generator.openapi.read import read
from stepup_generator.site.addresses import Addresses
from stepup_generator.site.hints import read_hints
from stepup_generator.site.inputs import SiteInputs
from stepup_generator.site.tryit import form

SPEC = stepup_spec.find(stepup_spec.OPENAPI)
WIDE = Path(__file__).parent / "wide.yaml"
URL = "https://docs.example.test/v1/"


def build(document: Path = SPEC, **settings: str) -> dict[str, str]:
    guides = document.parents[1] / "docs"
    inputs = SiteInputs(
        document,
        document.with_name(stepup_spec.WORKFLOWS),
        guides=guides if document == SPEC and guides.is_dir() else None,
        **settings,
    )
    files = site.render(inputs.read())
    return {path: content for path, content in files.items() if isinstance(content, str)} | {
        path: content.decode() for path, content in files.items() if path.endswith((".yaml", ".svg"))
        if isinstance(content, bytes)
    }  # fmt: skip


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return build()


@pytest.fixture(scope="module")
def wide() -> dict[str, str]:
    return build(WIDE)


def pages(files: Mapping[str, str]) -> list[str]:
    return [path for path in files if path.endswith(".html") and path != "404.html"]


def test_every_page_has_markdown_and_links_to_it(files: dict[str, str]) -> None:
    """Beside each page lies its Markdown, and the page says so."""
    for path in pages(files):
        markdown = path.replace(".html", ".md")
        assert files[markdown].startswith("# "), path
        assert f'<link rel="alternate" type="text/markdown" href="{Path(markdown).name}">' in files[path]


def test_the_markdown_of_an_operation_is_complete(files: dict[str, str]) -> None:
    """It holds every field with its bounds, every status, header, error, rule, link, example and sample."""
    api = read(SPEC)
    rules = yaml.safe_load(SPEC.with_name("rules.yaml").read_text(encoding="utf-8"))
    for operation in api.operations:
        text = files[f"reference/{operation.id}/index.md"]
        expected = {operation.summary, operation.id, operation.path}
        expected |= {f"`{item.name}`" for item in operation.parameters}
        for schema in [operation.request_body.schema] if operation.request_body else []:
            for item in api.resolve(schema).properties:
                expected.add(f"- `{item.name}` (")
                limits = api.resolve(item.schema).constraints
                expected |= {str(limit.length) for limit in limits if isinstance(limit, MaxLength)}
        for answer in operation.responses:
            expected |= {f"## Response {answer.status}", " ".join(answer.description.split())[:60]}
            expected |= {f"- `{header.name}` (" for header in answer.headers}
            expected |= {link.description for link in answer.links}
            for example in answer.examples:
                expected.add(example.summary)
                if isinstance(example.value, Mapping) and "error_code" in example.value:
                    expected.add(f"- `{example.value['error_code']}`: ")
        for group in rules["groups"]:
            for rule in group["rules"]:
                if operation.id in rule["operations"]:
                    expected.add(
                        f"- [{rule['id']}](../../rules/index.md): {rule['sentence'].split('.')[0][:40]}"
                    )
        expected |= {"```python", "```javascript", "```bash"}
        assert [item for item in expected if item not in text] == []


def test_links_of_markdown_and_indexes_lead_somewhere(files: dict[str, str], wide: dict[str, str]) -> None:
    """Each relative link of a Markdown file or of llms.txt leads to a file of the site."""
    for site_files in (files, wide):
        for path, text in site_files.items():
            if not path.endswith((".md", "llms.txt")):
                continue
            for link in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", text)):
                if re.match(r"[a-z]+:", link):
                    continue
                goal = Path("/", path).parent / unquote(link.partition("#")[0])
                name = Path(*goal.parts[1:]).as_posix()
                parts: list[str] = []
                for part in name.split("/"):
                    parts = parts[:-1] if part == ".." else [*parts, part]
                assert "/".join(parts) in site_files, (path, link)


def test_the_index_for_language_models_has_its_form(files: dict[str, str]) -> None:
    """A title, a summary and lists of links, absolute where the site's address is known."""
    lines = files["llms.txt"].splitlines()
    assert lines[0].startswith("# ")
    assert lines[2].startswith("> ")
    link = re.compile(r"- \[[^\]]+\]\(([^)]+)\)(: .+)?")
    links = [found[1] for line in lines if (found := link.fullmatch(line))]
    assert len(links) + 2 + sum(line.startswith("## ") for line in lines) == len([it for it in lines if it])
    assert "reference/index.md" in links
    full = files["llms-full.txt"]
    for operation in read(SPEC).operations:
        assert full.count(f"operation `{operation.id}`") == 1
    absolute = build(site_url=URL)["llms.txt"]
    assert all(URL in line for line in absolute.splitlines() if line.startswith("- ["))


def test_the_documents_are_the_documents(files: dict[str, str]) -> None:
    """OpenAPI and workflows as they are written, and as JSON with the samples of every operation."""
    assert files["openapi.yaml"] == SPEC.read_text(encoding="utf-8")
    workflows = SPEC.with_name(stepup_spec.WORKFLOWS)
    assert files[workflows.name] == workflows.read_text(encoding="utf-8")
    document = json.loads(files["openapi.json"])
    for path in document["paths"].values():
        for operation in path.values():
            assert operation.pop("x-codeSamples")
    assert document == yaml.safe_load(SPEC.read_text(encoding="utf-8"))


def test_the_collection_is_one_of_postman(files: dict[str, str], wide: dict[str, str]) -> None:
    """Every operation stands in it with its examples; key and address are variables, and nothing runs."""
    for document, text in ((SPEC, files["postman.json"]), (WIDE, wide["postman.json"])):
        collection = json.loads(text)
        assert set(collection) == {"info", "item", "variable"}
        assert collection["info"]["schema"].endswith("/v2.1.0/collection.json")
        assert {item["key"] for item in collection["variable"]} == {"baseUrl", "apiKey"}
        assert next(it for it in collection["variable"] if it["key"] == "apiKey")["value"] == ""
        assert '"event"' not in text
        requests = [item for entry in collection["item"] for item in entry.get("item", [entry])]
        operations = read(document).operations
        assert [item["name"] for item in requests] == [it.summary or it.id for it in grouped(read(document))]
        for item, operation in zip(requests, grouped(read(document)), strict=True):
            request = item["request"]
            assert request["method"] == operation.method.upper()
            assert request["url"]["raw"].startswith("{{baseUrl}}/")
            named = [part[1:] for part in request["url"]["path"] if part.startswith(":")]
            assert named == [it["key"] for it in request["url"].get("variable", [])]
            if operation.request_body is None:
                assert "body" not in request
            else:
                json.loads(request["body"]["raw"])
            examples = [len(it.examples) for it in operation.responses if it.status.isdigit()]
            assert len(item["response"]) == sum(examples)
            assert request["auth"]["type"] in ("bearer", "apikey", "noauth")
        assert len(requests) == len(operations)


def grouped(api: Api) -> list:
    tags = dict.fromkeys((it.tags or ("",))[0] for it in api.operations)
    return [it for tag in tags for it in api.operations if (it.tags or ("",))[0] == tag]


def test_a_sitemap_needs_an_address(files: dict[str, str]) -> None:
    """With the site's address it names every page once; without, neither it nor robots.txt is there."""
    assert not {"sitemap.xml", "robots.txt"} & files.keys()
    built = build(site_url=URL)
    root = ElementTree.fromstring(built["sitemap.xml"])
    found = [item.text for item in root.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    assert sorted(found) == sorted(URL + path.removesuffix("index.html") for path in pages(built))
    assert f"Sitemap: {URL}sitemap.xml" in built["robots.txt"]


def test_what_search_finds_is_there(files: dict[str, str]) -> None:
    """The index knows operations, fields, errors and rules, and every address leads to an anchor."""
    rows = json.loads(files["search.json"])
    assert files["search.js"].count(files["search.json"].strip()) == 1
    titles = {kind: {row[1] for row in rows if row[0] == kind} for kind in {row[0] for row in rows}}
    assert titles["operation"] == {item.summary for item in read(SPEC).operations}
    assert {"valid_for_seconds", "challenge_id", "mfa_phone_id"} <= titles["field"]
    assert {"rate_limited", "incorrect_mfa_code"} <= titles["error"]
    workflows = yaml.safe_load(SPEC.with_name(stepup_spec.WORKFLOWS).read_text(encoding="utf-8"))["workflows"]
    assert len(titles["flow"]) == len(workflows)
    assert "Quick start" in titles["guide"]
    assert len(titles["rule"]) == len(
        re.findall(r"^      - id: ", SPEC.with_name("rules.yaml").read_text(), re.M)
    )
    for kind, title, address, text in rows:
        path, _, anchor = address.partition("#")
        assert not anchor or f'id="{anchor}"' in files[path], (kind, title, address)
        assert len(text) <= 160


def test_scripts_are_small(files: dict[str, str]) -> None:
    """The form's script is under 8 KB when it travels."""
    import gzip

    assert len(gzip.compress(files["try.js"].encode(), 9, mtime=0)) <= 8 * 1024


def test_a_form_has_an_input_for_everything() -> None:
    """Parameters and fields of a wide document come with kind, bounds, choices and the example's value."""
    api = read(WIDE)
    addresses = Addresses(api)
    for operation in api.operations:
        shown = form(api, operation, addresses)
        names = [item.name for item in shown.inputs if item.location != "whole"]
        fields = api.flat_body(operation) or ()
        assert names == [item.name for item in (*operation.parameters, *fields)]
        whole = [item for item in shown.inputs if item.location == "whole"]
        assert len(whole) == (operation.request_body is not None and api.flat_body(operation) is None)
        assert len({item.id for item in shown.inputs}) == len(shown.inputs)
        json.dumps(dict(shown.call))
    kinds = {item.kind for operation in api.operations for item in form(api, operation, addresses).inputs}
    assert kinds == {"text", "number", "choice", "json"}


def test_a_live_value_is_told_by_a_link_of_the_control_document(tmp_path: Path) -> None:
    """Links of the control API say where a value comes from; one that leads nowhere is refused."""
    api = read(SPEC)
    control = SPEC.with_name(stepup_spec.CONTROL)
    hints = read_hints(control, api, SPEC)
    assert {(hint.operation_id, hint.field) for hint in hints} == {
        ("verifyStepUpTotpChallenge", "code"),
        ("verifySmsChallenge", "code"),
    }
    for hint in hints:
        shown = form(api, api.operation(hint.operation_id), Addresses(api), hints)
        assert set(shown.call["live"]) == {"code"}
        known = {item.name for item in shown.inputs}
        assert {field for _, _, field in hint.inputs} <= known
    text = control.read_text(encoding="utf-8")
    moved = tmp_path / control.name
    moved.write_text(text.replace("step-up~1verify-totp", "step-up~1verify-nothing"), encoding="utf-8")
    with pytest.raises(SiteError) as caught:
        read_hints(moved, api, SPEC)
    line = text[: text.index("operationRef")].count("\n") + 1
    assert f"{moved}:{line}: operationRef leads to" in str(caught.value)


HOSTILE = "`````` </script><img src=x onerror=alert(1)> ]]> {{ 7*7 }} {% x %} \"' \u2028 \\"


def test_hostile_text_stays_text_for_programs_too(tmp_path: Path) -> None:
    """Whatever a string of the document holds, indexes stay JSON, code blocks closed and forms attributes."""
    document = yaml.safe_load(SPEC.read_text(encoding="utf-8"))

    def spoil(node: object, key: str = "") -> object:
        if isinstance(node, dict):
            return {name: spoil(item, name) for name, item in node.items()}
        if isinstance(node, list):
            return [spoil(item, key) for item in node]
        hostile = key in ("description", "summary", "action_type", "user_facing_error")
        return f"{node} {HOSTILE}" if hostile and isinstance(node, str) else node

    path = tmp_path / "openapi.yaml"
    path.write_text(json.dumps(spoil(document)), encoding="utf-8")
    files = build(path)
    rows = json.loads(files["search.json"])
    assert any(HOSTILE[:6] in row[3] or "<img" in row[3] for row in rows)
    json.loads(files["postman.json"])
    for name, text in files.items():
        assert "49 {% x" not in text, name
        if name.endswith(".html"):
            assert "<img" not in text, name
            for call in re.findall(r"data-call='([^']*)'", text):
                assert "<" not in call
        if name.startswith("reference/") and name.endswith(".md"):
            fences = re.findall(r"^(`{3,})", text, re.M)
            open_fence = ""
            for fence in fences:
                open_fence = "" if open_fence and len(fence) >= len(open_fence) else open_fence or fence
            assert open_fence == "", name
