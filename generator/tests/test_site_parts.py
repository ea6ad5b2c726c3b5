"""The parts of the site that the real document does not show: links, versions, odd names, many operations."""

import json
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from markupsafe import Markup

import stepup_spec
from stepup_generator import site
from stepup_generator.errors import OutputError, SiteError
from stepup_generator.openapi.model import Api, Operation, Response
from stepup_generator.openapi.read import read
from stepup_generator.site.addresses import Addresses
from stepup_generator.site.highlight import highlight
from stepup_generator.site.links import problems
from stepup_generator.site.matrix import read_matrix
from stepup_generator.site.panels import Panel, panels
from stepup_generator.site.social_card import social_card
from stepup_generator.site.versions import publish

SPEC = stepup_spec.find("openapi.yaml")
ROOT = Path(__file__).parents[2]


def many(count: int, tags: int) -> Api:
    done = (Response(status="200", description="Done."),)
    return Api(
        title="Many",
        version="1",
        operations=tuple(
            Operation(
                id=f"doThing{n}", method="get", path=f"/things/{n}", tags=(f"tag {n % tags}",), responses=done
            )
            for n in range(count)
        ),
    )


@pytest.mark.parametrize(
    ("link", "message"),
    [
        ("other.html", "leads to guides/other.html, which is not there"),
        ("../index.html#nowhere", 'leads to index.html, which has no anchor "nowhere"'),
        ("#nowhere", 'leads to guides/page.html, which has no anchor "nowhere"'),
        ("/elsewhere/", "leads to /elsewhere/, which is not there"),
        ("../../outside.html", "leads to ../outside.html, which is not there"),
        ("javascript:alert(1)", "is no absolute web or mail address"),
        ("https://", "is no absolute web or mail address"),
        ("http://[broken", "is not an address"),
    ],
)
def test_a_link_that_leads_nowhere_is_named_with_its_line(link: str, message: str) -> None:
    """Each kind of dead link is a problem with its page and line; good links of every kind are none."""
    good = '<p id="here"><a href="../data.json">6</a><a href="#here">1</a> <a href="/base/">3</a>\n'
    good += '<a href="../index.html#top">2</a> <a href="mailto:a@b.test">5</a>'
    good += '<a href="https://example.test/a?b#c">4</a>\n'
    files: dict[str, str | bytes] = {"index.html": '<h1 id="top"></h1>', "data.json": b"{}"}
    assert problems({**files, "guides/page.html": good}, "/base/") == ()
    (problem,) = problems({**files, "guides/page.html": f'{good}<a href="{link}">7</a>'}, "/base/")
    assert (str(problem.path), problem.line) == ("guides/page.html", 3)
    assert message in problem.message


def test_a_repeated_anchor_is_a_problem() -> None:
    """Two elements of one id are named."""
    (problem,) = problems({"index.html": '<p id="a"></p><p id="a"></p>'})
    assert 'the anchor "a" is 2 times' in problem.message


def test_names_of_any_kind_get_addresses_of_their_own() -> None:
    """Names with slashes, in other scripts or alike but for capitals never share a file or leave it."""
    names = ("a/../b", "a b", "a-b", "A-B", "index", "été", "漢字", "漢", "..")
    operations = tuple(Operation(id=name, method="get", path="/", tags=(), responses=()) for name in names)
    addresses = Addresses(Api(title="", version="", operations=operations))
    found = [addresses.operation(name) for name in names]
    assert len({item.lower() for item in found}) == len(names)
    assert all(re.fullmatch(r"reference/[A-Za-z0-9_-]+/index\.html", item) for item in found)
    assert "reference/index/index.html" not in found


def test_many_operations_are_split_by_tag() -> None:
    """Above 50 operations there is a page a tag, and navigation holds the operations of its tag alone."""
    files = site.render(site.Sources(many(120, 3), SPEC))
    whole, tag = str(files["reference/index.html"]), str(files["reference/tags/tag-1/index.html"])
    own = str(files["reference/doThing1/index.html"])
    assert "doThing1<" not in whole
    assert all(f"tags/tag-{n}/index.html" in whole for n in range(3))
    assert tag.count('<section class="op"') == 40
    for page in (tag, own):
        (navigation,) = re.findall("<nav.*?</nav>", page, re.DOTALL)
        assert "reference/doThing4/" in navigation
        assert "reference/doThing5/" not in navigation
    together = site.render(site.Sources(many(50, 3), SPEC))
    assert str(together["reference/index.html"]).count('<section class="op"') == 50
    assert not [path for path in together if path.startswith("reference/tags/")]


@pytest.mark.parametrize(
    "language", ["python", "js", "go", "rust", "sh", "json", "yaml", "toml", "console", "elvish"]
)
def test_highlighting_loses_nothing(language: str) -> None:
    """The text of highlighted code is the code, whatever is in it."""
    code = (
        'a = "b" # <i> \'c\n"""d""" // e /* f */ `g` $ h --i: null\n\\ r#"j"# \'k\' é漢\u202e &amp; "unclosed'
    )
    marked = highlight(code, language)
    assert Markup(re.sub(r"</?[biu]>", "", marked)).unescape() == code
    assert "<i>" in highlight("# a comment", "python")


def test_languages_become_tabs_with_their_roles() -> None:
    """Each tab controls its panel, the first is chosen, and a lone panel has no tabs."""
    text = panels("x", [Panel("python", "Python", Markup("1")), Panel("go", "Go", Markup("2"))])
    tabs = re.findall(r'role="tab" id="(.*?)" aria-controls="(.*?)" aria-selected="(.*?)"', text)
    bodies = re.findall(r'role="tabpanel" data-language="(.*?)" id="(.*?)" aria-labelledby="(.*?)"', text)
    assert [(name, owner) for owner, name, _ in tabs] == [(name, owner) for _, name, owner in bodies]
    assert [chosen for _, _, chosen in tabs] == ["true", "false"]
    assert panels("x", [Panel("python", "Python", Markup("1"))]) == "1"


def test_another_file_than_a_matrix_is_an_error(tmp_path: Path) -> None:
    """A file of another kind is named with what was expected; rows know what became of them."""
    path = tmp_path / "faults.json"
    for text in ("", "[]", "{}", '{"faults": 1}', '{"faults": [{"fault": 1}]}'):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(
            SiteError, match=r"faults\.json:1: not a fault matrix; expected what `stepup-mfa faults"
        ):
            read_matrix(path)
    with pytest.raises(SiteError, match="cannot be read"):
        read_matrix(tmp_path / "missing.json")
    rows = [("", "", "clean"), ("a-one", "A1", "caught"), ("a-two", "A1", "missed")]
    lines = [
        {"fault": fault, "rule": rule, "description": "", "verdict": verdict} for fault, rule, verdict in rows
    ]
    path.write_text(json.dumps({"faults": lines}), encoding="utf-8")
    matrix = read_matrix(path)
    assert (matrix.clean, matrix.caught, [trial.fault for trial in matrix.of("A1")]) == (
        True,
        1,
        ["a-one", "a-two"],
    )


def built(version: str, **more: str) -> tuple[site.Sources, dict[str, str | bytes]]:
    sources = site.Sources(many(1, 1), SPEC, settings=site.Settings(version=version, **more))
    return sources, site.render(sources)


def test_versions_are_kept_side_by_side(tmp_path: Path) -> None:
    """A version is replaced alone, `latest` is the newest by number, and the list names them all."""
    out = tmp_path / "site"
    assert publish(*built("v1.9"), out)
    (out / "v1.9" / "reference" / "index.html").write_text("old")
    assert publish(*built("v1.10"), out)
    assert not publish(*built("v1.10-rc1"), out)
    assert (out / "v1.9" / "reference" / "index.html").read_text() == "old"
    text = (out / "index.html").read_text()
    assert re.findall(r'<li><p><a href="(.*?)/index.html">', text) == ["v1.10", "v1.10-rc1", "v1.9"]
    assert ">v1.10<" in (out / "latest" / "reference" / "index.html").read_text()
    assert 'href="../../index.html">v1.10<' in (out / "v1.10" / "reference" / "index.html").read_text()
    assert publish(*built("v1.10"), out)


def test_a_folder_of_something_else_is_no_place_for_versions(tmp_path: Path) -> None:
    """Somebody's files are not touched, and a label that can be no folder is refused."""
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(OutputError, match="not versions of the site"):
        publish(*built("v1"), tmp_path)
    for label in ("latest", "../v1", "", ".v1"):
        sources = site.Sources(many(1, 1), SPEC, settings=site.Settings(version=label))
        with pytest.raises(OutputError, match="not a version label"):
            publish(sources, {}, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_known_address_gives_canonical_links_and_a_card(tmp_path: Path) -> None:
    """With an address pages name their own for good, and the card shown for them is a PNG of its size."""
    _, files = built("v1", site_url="https://docs.example.test/x/")
    page = str(files["reference/index.html"])
    assert '<link rel="canonical" href="https://docs.example.test/x/latest/reference/">' in page
    assert 'content="https://docs.example.test/x/latest/card.png"' in page
    assert "<loc>https://docs.example.test/x/latest/reference/</loc>" in str(files["sitemap.xml"])
    content = files["card.png"]
    assert isinstance(content, bytes)
    assert content.startswith(b"\x89PNG")
    assert struct.unpack(">II", content[16:24]) == (1200, 630)
    assert social_card("A title " * 40, "About " * 200)[:4] == b"\x89PNG"
    assert "card.png" not in built("")[1]


def test_the_page_for_wrong_addresses_works_at_any_depth() -> None:
    """Its links begin at the base path, since it is shown in the place of any page."""
    _, files = built("", base_path="/repo/")
    page = str(files["404.html"])
    links = re.findall(r'<a href="([^"]*)"', page)
    assert [link for link in links if not link.startswith(("/repo/", "#"))] == []
    assert 'data-root="/repo/"' in page


def test_the_change_log_becomes_a_page() -> None:
    """A change log of the document is shown where there is one."""
    sources = site.Sources(read(SPEC), SPEC, changelog="# Changes\n\n## 1.1\n\n- A **new** field.\n")
    files = site.render(sources)
    assert "<strong>new</strong> field" in str(files["changelog/index.html"])
    assert '<a href="../changelog/index.html">Changes</a>' in str(files["reference/index.html"])


def test_the_publishing_workflow_calls_what_there_is() -> None:
    """The workflow file is sound YAML, and every option it gives to the command is one of the command's."""
    path = ROOT / ".github" / "workflows" / "publish-site.yml"
    steps = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]["publish"]["steps"]
    commands = [line for step in steps for line in [step.get("run", "")] if line.startswith("stepup-mfa")]
    assert len(commands) == 2
    for command in commands:
        words = [word for word in command.split()[1:] if re.fullmatch("[a-z]+", word)][:2]
        words = words if words[0] == "docs" else words[:1]
        usage = subprocess.run(
            [sys.executable, "-m", "stepup_mfa", *words, "--help"], capture_output=True, text=True, check=True
        ).stdout
        options = re.findall(r"--[a-z-]+", command)
        assert options
        assert [option for option in options if option not in usage] == []
