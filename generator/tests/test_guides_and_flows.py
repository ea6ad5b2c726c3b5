"""Guides, diagrams and flow pages for the document of another API, and what is refused in a guide."""

import xml.etree.ElementTree as ET
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from stepup_generator.arazzo import read as workflows
from stepup_generator.arazzo.read import Workflow
from stepup_generator.errors import SiteError
from stepup_generator.languages import TARGETS, samples_of_flows
from stepup_generator.openapi.model import Api
from stepup_generator.openapi.read import read
from stepup_generator.site import Sources, render
from stepup_generator.site.diagrams import diagram, messages
from stepup_generator.site.flows import flow_pages
from stepup_generator.site.guide_pages import guide_pages
from stepup_generator.site.guides import Guide, read_guides
from stepup_generator.site.targets import targets

HOSTILE = "<img src=x onerror=alert(1)></svg></title>&amp;"
DOCUMENT = """\
openapi: 3.1.0
info: {title: Parcel API, version: "1"}
servers: [{url: "https://parcels.test"}]
paths:
  /parcels:
    post:
      operationId: announce
      summary: Announce a parcel
      tags: [parcels]
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [weight]
              properties: {weight: {type: integer, examples: [3]}}
      responses:
        "200":
          description: Announced.
          content:
            application/json:
              schema: {type: object, required: [label], properties: {label: {type: string, examples: [L7]}}}
  /parcels/{label}:
    delete:
      operationId: collect
      summary: Collect
      tags: [parcels]
      parameters:
        - {name: label, in: path, required: true, schema: {type: string}, example: L7}
        - {name: pin, in: query, required: true, schema: {type: string}, example: "0042"}
      responses:
        "200":
          description: Collected.
          content:
            application/json:
              schema: {type: object, required: [ok], properties: {ok: {type: boolean, examples: [true]}}}
        "404":
          description: Gone.
          content:
            application/json:
              schema: {$ref: "#/components/schemas/Gone"}
components:
  schemas:
    Gone:
      type: object
      required: [error_code]
      properties: {error_code: {type: string, const: gone}}
"""
FLOWS = """\
arazzo: 1.0.1
info: {title: Parcels, version: "1"}
sourceDescriptions: [{name: parcels, url: openapi.yaml, type: openapi}]
workflows:
  - workflowId: once
    summary: A parcel is collected once
    description: Announce it, then collect it with the `pin`.
    inputs:
      type: object
      properties:
        weight: {type: integer}
        pin: {type: string, description: Sent by *post*., x-stepup-resolved-after: drop}
    steps:
      - stepId: drop
        description: Hand it in.
        operationId: announce
        requestBody: {contentType: application/json, payload: {weight: $inputs.weight}}
        successCriteria: [{condition: $statusCode == 200}]
        outputs: {label: $response.body#/label}
      - stepId: first
        operationId: collect
        parameters: &collect
          - {name: label, in: path, value: $steps.drop.outputs.label}
          - {name: pin, in: query, value: $inputs.pin}
        successCriteria: [{condition: $statusCode == 200}, {condition: "$response.body#/ok == true"}]
      - stepId: second
        operationId: collect
        parameters: *collect
        successCriteria: [{condition: $statusCode == SECOND}]
"""
GUIDE = """\
---
summary: How a parcel travels.
order: 1
---

# Parcels & people

See [collect](../api/openapi.yaml#collect), [`gone`](../api/openapi.yaml#error.gone), [below](#two-ways)
and [the web](https://parcels.test/?a=1&b=2).

[A parcel, step by step](../api/parcels.arazzo.yaml#once)

## Two ways

```python group=call file=call.py
print("<b>")
```

```js group=call
console.log("<b>")
```

```text output
<b>
```
"""


@pytest.fixture
def parcels(make_spec: Callable[[str], Path]) -> tuple[Path, Api]:
    path = make_spec(DOCUMENT)
    return path, read(path)


@pytest.fixture
def flow_of(parcels: tuple[Path, Api], tmp_path: Path) -> Callable[..., Workflow]:
    """Reads the workflow, with the second collection answered by a status, and words replaced."""

    def make(second: int = 404, **words: str) -> Workflow:
        # The reader refuses YAML anchors, so the parameters are written out.
        head, _, rest = FLOWS.partition("&collect\n")
        lines, _, rest = rest.partition("        successCriteria")
        text = f"{head}\n{lines}        successCriteria{rest}".replace("*collect", "\n" + lines.rstrip())
        text = text.replace("SECOND", str(second))
        for old, new in words.items():
            text = text.replace(old, new)
        path = tmp_path / "parcels.arazzo.yaml"
        path.write_text(text, encoding="utf-8")
        return workflows.read(path, parcels[1])[0]

    return make


@pytest.fixture
def read_them(
    parcels: tuple[Path, Api], flow_of: Callable[..., Workflow], tmp_path: Path
) -> Callable[..., tuple[Guide, ...]]:
    """Reads guides, given by their file names without the ending."""

    def make(**texts: str) -> tuple[Guide, ...]:
        folder = tmp_path / "guides"
        folder.mkdir(exist_ok=True)
        for name, text in texts.items():
            (folder / f"{name}.md").write_text(text, encoding="utf-8")
        path, api = parcels
        return read_guides(folder, targets(api, path, None, (tmp_path / "parcels.arazzo.yaml", [flow_of()])))

    return make


class Tags(HTMLParser):
    """The elements of a piece of HTML, by name, with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.all: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.all.append((tag, dict(attrs)))

    def links(self) -> list[str | None]:
        return [attrs["href"] for tag, attrs in self.all if tag == "a"]


def test_a_guide_becomes_a_page(
    parcels: tuple[Path, Api], flow_of: Callable[..., Workflow], read_them: Callable[..., tuple[Guide, ...]]
) -> None:
    """Links lead to pages, blocks of a group become tabs, a link to a workflow alone shows its diagram."""
    (page,) = guide_pages(read_them(parcels=GUIDE), parcels[1], [flow_of()])
    assert (page.path, page.title, page.section) == (
        "guides/parcels/index.html",
        "Parcels & people",
        "Guides",
    )
    tags = Tags(page.body)
    assert tags.links() == [
        "../../reference/collect/index.html", "../../reference/index.html#error.gone", "#two-ways",
        "https://parcels.test/?a=1&b=2", "../../flows/once/index.html",
    ]  # fmt: skip
    names = [tag for tag, _ in tags.all]
    assert (names.count("svg"), names.count("button"), names.count("h1")) == (1, 2, 1)
    assert "<b>&lt;b&gt;" not in page.body
    assert 'file">call.py' in page.body
    assert 'file">Output' in page.body
    assert [entry.address for entry in page.entries] == [page.path, f"{page.path}#two-ways"]
    assert "](../../reference/collect/index.md)" in page.markdown
    assert "](../../flows/once/index.md)" in page.markdown
    assert "```python\nprint" in page.markdown
    assert page.markdown.startswith("# Parcels & people\n")


@pytest.mark.parametrize(
    ("edit", "line", "told"),
    [
        (("openapi.yaml#collect", "openapi.yaml#collet"), 8, "openapi.yaml#collet"),
        (("openapi.yaml#error.gone", "openapi.yaml#error.lost"), 8, "leads nowhere"),
        (("arazzo.yaml#once", "arazzo.yaml#twice"), 11, "arazzo.yaml#twice"),
        (
            ("(#two-ways)", "(#three-ways)"),
            8,
            "leads to no heading; expected one of parcels--people, two-ways",
        ),
        (("(#two-ways)", "(other.md)"), 8, "leads to no guide; expected one of parcels.md"),
        (("https://parcels.test", "javascript:alert"), 9, "leads nowhere"),
        (("(https://parcels.test/?a=1&b=2)", "[web]"), 9, "[the web][web] has no definition"),
        (("```text output\n<b>\n```", "```text output\n<b>\n"), 23, "never closed"),
        (("```js", "```cobol"), 19, 'a block in "cobol"'),
        (("group=call\n", "group=call loud\n"), 19, 'the mark "loud"'),
        (("## Two", "# Two"), 6, "found 2 titles"),
        (("and [the", "<i>and</i> [the"), 9, "found <i>; expected Markdown"),
        (("order: 1", "order: first"), 1, "lacks its summary or its order"),
        (("order: 1", "ordre: 1"), 3, 'found "ordre: 1" in the front matter'),
    ],
)
def test_what_is_wrong_with_a_guide_is_told_with_its_line(
    read_them: Callable[..., tuple[Guide, ...]], edit: tuple[str, str], line: int, told: str
) -> None:
    """The file, the line, what was found and what was expected; the guide without the mistake is read."""
    assert GUIDE.replace(*edit) != GUIDE
    with pytest.raises(SiteError) as caught:
        read_them(parcels=GUIDE.replace(*edit))
    assert any(f"parcels.md:{line}: " in item and told in item for item in caught.value.lines()), caught.value
    assert len(read_them(parcels=GUIDE)) == 1


def test_everything_that_is_wrong_is_told_at_once(read_them: Callable[..., tuple[Guide, ...]]) -> None:
    """Problems of all guides come in the order of files and lines, two guides of one place among them."""
    broken = GUIDE.replace("#collect", "#collet").replace("#once", "#twice")
    with pytest.raises(SiteError) as caught:
        read_them(a=broken, b=GUIDE)
    places = [(problem.path.name, problem.line) for problem in caught.value.problems]
    assert places == [("a.md", 1), ("a.md", 8), ("a.md", 11), ("b.md", 1)]


def test_a_guide_that_is_not_text_is_reported_with_its_line(
    read_them: Callable[..., tuple[Guide, ...]], tmp_path: Path
) -> None:
    """Bytes that are no UTF-8 are refused where they stand."""
    read_them(parcels=GUIDE)
    (tmp_path / "guides" / "parcels.md").write_bytes(GUIDE.encode().replace(b"See", b"\xffSee"))
    with pytest.raises(SiteError, match=r"parcels\.md:8: is not UTF-8"):
        read_them()


def test_guides_come_in_their_order_and_link_to_each_other(
    read_them: Callable[..., tuple[Guide, ...]],
) -> None:
    """The order is that of the front matter, and a link to a guide may name a heading of it."""
    second = GUIDE.replace("order: 1", "order: 2").replace("(#two-ways)", "(z.md#two-ways)")
    first, other = read_them(a=second, z=GUIDE)
    assert (first.slug, other.slug) == ("z", "a")
    assert other.links["z.md#two-ways"] == "guides/z/index.html#two-ways"


def test_a_diagram_shows_who_sends_what(parcels: tuple[Path, Api], flow_of: Callable[..., Workflow]) -> None:
    """Calls with what they carry, answers, and what comes into being after a step on a lane of its own."""
    found = [(arrow.start, arrow.end, *arrow.lines) for arrow in messages(parcels[1], flow_of())]
    assert found == [
        (0, 1, "weight"),
        (1, 2, "1. Announce a parcel"),
        (2, 1, "200 label"),
        (2, 3, "pin"),
        (0, 1, "pin"),
        (1, 2, "2. Collect", "with label"),
        (2, 1, "200 ok: true"),
        (1, 2, "3. Collect", "with label"),
        (2, 1, "404"),
    ]


def test_what_is_spent_and_what_lasts_look_different(
    parcels: tuple[Path, Api], flow_of: Callable[..., Workflow]
) -> None:
    """The bar of a value ends with the last use that is accepted, and a refusal ends in a cross."""
    heights = {}
    for second in (404, 200):
        drawn = ET.fromstring(diagram(parcels[1], flow_of(second), "d"))
        (bar,) = drawn.findall(".//{*}rect")
        heights[second] = float(bar.attrib["height"])
        crosses = [item for item in drawn.findall(".//{*}path") if item.get("stroke-width") == "2"]
        assert len(crosses) == (second == 404)
    assert heights[404] < heights[200]


def test_a_diagram_is_inert_and_told_in_words(
    parcels: tuple[Path, Api], flow_of: Callable[..., Workflow]
) -> None:
    """Hostile names stay text, there is no style attribute, and the description says every message."""
    path, _ = parcels
    path.write_text(
        DOCUMENT.replace("Announce a parcel", f"'{HOSTILE * 9}'").replace("Parcel API", f"'{HOSTILE}'")
    )
    drawn = diagram(read(path), flow_of(), "d")
    root = ET.fromstring(drawn)
    assert {item.tag.partition("}")[2] for item in root.iter()} == {
        "svg", "title", "desc", "path", "rect", "text",
    }  # fmt: skip
    assert not [item for item in root.iter() if "style" in item.attrib or "onerror" in item.attrib]
    told = root.findtext("{*}desc") or ""
    assert HOSTILE in told
    assert "(error)" in told
    assert root.get("aria-labelledby") == "d.title d.desc"
    lowest = max(float(item.attrib["y"]) for item in root.findall(".//{*}text"))
    assert lowest < float(root.attrib["height"])


def test_a_flow_has_a_page(
    parcels: tuple[Path, Api], flow_of: Callable[..., Workflow], read_them: Callable[..., tuple[Guide, ...]]
) -> None:
    """It links to each operation and to the guides that speak of it, and holds programs in every language."""
    _, api = parcels
    flow = flow_of()
    (page,) = flow_pages(api, [flow], read_them(parcels=GUIDE), samples_of_flows(api, [flow]))
    assert (page.path, page.title, page.section) == (
        "flows/once/index.html",
        "A parcel is collected once",
        "Flows",
    )
    links = Tags(page.body).links()
    assert links[:3] == ["../../reference/announce/index.html", *["../../reference/collect/index.html"] * 2]
    assert links[-1] == "../../guides/parcels/index.html"
    for language in (item.language for item in TARGETS):
        assert f'data-sample="once.{language.id}.request"' in page.body
        assert f'data-sample="once.{language.id}.response"' in page.body
    assert "Sent by <em>post</em>." in page.body
    assert page.markdown.count("```") == 4 * len(TARGETS)
    assert "[Collect](../../reference/collect/index.md)" in page.markdown


def test_hostile_words_of_guides_and_flows_stay_text(
    parcels: tuple[Path, Api], flow_of: Callable[..., Workflow], read_them: Callable[..., tuple[Guide, ...]]
) -> None:
    """What looks like markup in a summary, a title, a heading or a block is printed and does nothing."""
    path, api = parcels
    flow = flow_of(**{"Hand it in.": f"'{HOSTILE}'", "Announce it": HOSTILE, "A parcel is": HOSTILE})
    text = GUIDE.replace("How a parcel", f"{HOSTILE} how").replace('print("<b>")', f"print('{HOSTILE}')")
    text = text.replace("# Parcels & people", "# Parcels `</h1><script>`")
    files = render(Sources(api, path, workflows=(flow,), guides=read_them(parcels=text)))
    for name in ("guides/parcels/index.html", "flows/once/index.html"):
        body = str(files[name]).partition('<main id="main">')[2].partition("</main>")[0]
        tags = Tags(body)
        assert not {"img", "script"} & {tag for tag, _ in tags.all}
        assert not [attrs for _, attrs in tags.all if "onerror" in attrs or "style" in attrs]
        assert "onerror=alert(1)" in body
