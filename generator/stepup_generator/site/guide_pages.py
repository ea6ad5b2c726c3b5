"""Turns guides into pages: their Markdown as HTML in which every string stays text, and as Markdown."""

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import groupby
from typing import TypeAlias

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

from stepup_generator.arazzo.read import Workflow
from stepup_generator.languages import TARGETS
from stepup_generator.openapi.model import Api
from stepup_generator.site.diagrams import diagram
from stepup_generator.site.guides import LANGUAGES, Block, Guide, is_external, parse
from stepup_generator.site.highlight import highlight
from stepup_generator.site.markdown_pages import markdown_of
from stepup_generator.site.pages import Entry, Page
from stepup_generator.site.panels import Panel, code, panels
from stepup_generator.site.targets import flow_address

__all__ = ["guide_pages", "relative"]

# What draws a flow under an anchor, by the flow's address.
_Diagrams: TypeAlias = Mapping[str, Callable[[str], Markup]]
_RENDERER = MarkdownIt("commonmark").enable("table")
# What a language is called where a reader chooses between several: by the names of the samples.
_CHOICE = {item.language.fence: (item.language.id, item.language.name) for item in TARGETS}
_FENCE = re.compile(r"^( *)(`{3,}|~{3,})(\w*)[^\n]*$")


def relative(address: str, page: str) -> str:
    """``address``, relative to the site's root, as a link from ``page``; others stay as they are."""
    if is_external(address):
        return address
    file, mark, anchor = address.partition("#")
    if file == page and anchor:
        return f"#{anchor}"
    return posixpath.relpath(file, posixpath.dirname(page)) + mark + anchor


def guide_pages(guides: Iterable[Guide], api: Api, workflows: Iterable[Workflow]) -> tuple[Page, ...]:
    """The pages of all guides, in their order, with the diagrams of the workflows that they show."""
    drawn = {flow_address(item.id): partial(diagram, api, item) for item in workflows}
    return tuple(_page(guide, drawn) for guide in guides)


def _page(guide: Guide, diagrams: _Diagrams) -> Page:
    body = Markup('<h1>{}</h1>\n<p class="lead">{}</p>\n').format(guide.title, guide.summary)
    return Page(
        path=guide.address,
        title=guide.title,
        summary=guide.summary,
        section="Guides",
        body=body + Markup('<div class="prose guide">\n{}</div>\n').format(_html(guide, diagrams)),
        markdown=_markdown(guide),
        entries=tuple(_entries(guide)),
    )


def _html(guide: Guide, diagrams: _Diagrams) -> Markup:
    """What stands below the title: the reader's own tokens, with blocks and diagrams laid in."""
    blocks = iter(guide.blocks)
    tokens: list[Token] = []
    for key, run in groupby(_parts(parse(guide.text)[3:]), key=lambda part: part[0].type == "fence"):
        if key:
            tokens += [_raw(html) for html in _fences(list(_take(blocks, run)))]
            continue
        for part in run:
            address = _only_link(part, guide)
            draw = diagrams.get(address)
            tokens += [_raw(_figure(part, guide, address, draw))] if draw else part
    tokens = [laid for token in tokens for laid in _scrolling(token)]
    for token in tokens:
        token.attrs.pop("style", None)  # how tables are aligned; the policy allows none
        for child in token.children or ():
            if child.type == "link_open":
                child.attrSet("href", relative(guide.links[str(child.attrGet("href"))], guide.address))
    return Markup(_RENDERER.renderer.render(tokens, _RENDERER.options, {}))  # noqa: S704  escaped by markdown-it


def _scrolling(token: Token) -> Iterator[Token]:
    """A table in an element of its own, that a narrow screen can scroll by keyboard too."""
    if token.type == "table_open":
        yield _raw(Markup('<div class="wide" role="group" tabindex="0" aria-label="Table">\n'))
    yield token
    if token.type == "table_close":
        yield _raw(Markup("</div>\n"))


def _parts(tokens: list[Token]) -> Iterator[list[Token]]:
    """The tokens, with each paragraph of the outermost level in one piece."""
    part: list[Token] = []
    for token in tokens:
        part.append(token)
        if token.type != "paragraph_open" and not (len(part) > 1 and token.type == "inline"):
            yield part
            part = []


def _take(blocks: Iterator[Block], run: Iterator[list[Token]]) -> Iterator[Block]:
    for _ in run:
        yield next(blocks)


def _raw(html: Markup) -> Token:
    return Token("html_block", "", 0, content=str(html))


def _fences(blocks: list[Block]) -> Iterator[Markup]:
    """Blocks in a row; those of one group become tabs."""
    for group, members in groupby(blocks, key=lambda block: block.group):
        if not group:
            yield from map(_block, members)
            continue
        items = sorted(members, key=lambda item: list(LANGUAGES).index(item.language))
        yield panels(
            f"{group}-{items[0].line}",
            [
                Panel(*_CHOICE.get(item.language, (item.language, LANGUAGES[item.language])), _block(item))
                for item in items
            ],
        )


def _block(block: Block) -> Markup:
    label = block.file or ("Output" if block.output else "")
    caption = Markup('<p class="file">{}</p>\n').format(label) if label else Markup()
    if block.language == "console":
        return caption + _terminal(block.text)
    return caption + code(block.text, block.language)


def _terminal(text: str) -> Markup:
    """Commands highlighted as such; what they print is left alone."""
    lines = (
        highlight(line, "sh") if line[:2] in ("$ ", "> ") else escape(line) for line in text.splitlines()
    )
    return Markup("<pre><code>{}</code></pre>\n").format(Markup("\n").join(lines))


def _only_link(part: list[Token], guide: Guide) -> str:
    """Where the one link leads that a paragraph consists of; "" for any other part."""
    children = part[1].children or [] if len(part) == 3 and part[0].level == 0 else []
    kinds = [child.type for child in children]
    if kinds[:1] == ["link_open"] and kinds[-1] == "link_close" and kinds.count("link_open") == 1:
        return guide.links[str(children[0].attrGet("href"))]
    return ""


def _figure(part: list[Token], guide: Guide, address: str, draw: Callable[[str], Markup]) -> Markup:
    text = "".join(child.content for child in part[1].children or ())
    anchor = f"flow-{(part[1].map or [0])[0]}"
    return Markup(
        '<figure class="flow"><div class="wide" role="group" tabindex="0" aria-label="{}">{}</div>\n'
        '<figcaption><a href="{}">{}</a></figcaption></figure>\n'
    ).format(text, draw(anchor), relative(address, guide.address), text)


def _markdown(guide: Guide) -> str:
    """The guide's own Markdown; its links lead to Markdown pages, and blocks keep only their language."""
    links = {link: _markdown_link(address, guide) for link, address in guide.links.items()}
    pattern = re.compile(rf"(?<=\]\()({'|'.join(map(re.escape, links)) or '(?!)'})(?=[\s)])")
    lines, fence = [], ""
    for line in guide.text.splitlines():
        found = _FENCE.match(line)
        if fence:
            fence = "" if line.strip() == fence else fence
            lines.append(line)
        elif found:
            fence = found[2]
            lines.append("".join(found.groups()))
        else:
            lines.append(pattern.sub(lambda match: links[match[0]], line))
    return "\n".join(lines).strip() + "\n"


def _markdown_link(address: str, guide: Guide) -> str:
    return address if is_external(address) else relative(markdown_of(address), guide.address)


def _entries(guide: Guide) -> Iterator[Entry]:
    """The guide itself and each of its parts."""
    yield Entry("guide", guide.title, guide.address, guide.summary)
    tokens = parse(guide.text)
    for number, token in enumerate(tokens):
        if token.type == "heading_open" and token.tag != "h1":
            title = "".join(child.content for child in tokens[number + 1].children or ())
            yield Entry("guide", title, f"{guide.address}#{token.attrGet('id')}", guide.title)
