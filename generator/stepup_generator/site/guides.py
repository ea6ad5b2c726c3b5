"""Reads the hand-written guides: Markdown files that read well as they are and become pages of the site.

A guide begins with a front matter of ``summary`` and ``order``, then its title as the only ``#`` heading. It
links to other guides by file name (``other.md#heading``) and to the contract by the file in which the thing
is written: ``../spec/openapi.yaml#<operationId, or an anchor of the reference page>``, the rules' file with
``#<rule>``, the workflows' file with ``#<workflowId>``. A paragraph that is nothing but a link to a workflow
shows its diagram.

Refused, all at once and each with its line: a link that leads nowhere, a block that is never closed, a mark
or a language that is not known, raw HTML.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token

from stepup_generator.errors import SiteError, SiteProblem
from stepup_generator.languages import TARGETS

__all__ = ["LANGUAGES", "Block", "Guide", "address_of", "is_external", "parse", "read_guides"]

# What a block may be written in, and what readers call it.
LANGUAGES = {
    **{item.language.fence: item.language.linguist for item in TARGETS},
    "console": "Terminal", "json": "JSON", "yaml": "YAML", "toml": "TOML", "text": "Text",
}  # fmt: skip
_EXTERNAL = re.compile(r"(https?://|mailto:)", re.IGNORECASE)
_FRONT_MATTER = re.compile(r"---\n(.*?)^---\n", re.DOTALL | re.MULTILINE)
# `checked` takes the rest of the line: why the block is not run, and what is done instead.
_MARK = re.compile(r"(?:(group|file)=([A-Za-z0-9_./-]+)|(output|background)|checked: (.+))(?:\s+|\Z)")
_UNRESOLVED = re.compile(r"\[[^][]+\]\[[^][]*\]")
_HTML = re.compile(r"<(!--|/?[a-zA-Z][a-zA-Z0-9-]*(\s[^<>]*)?/?>)")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block. ``group`` joins the blocks in a row that say one thing in several languages.

    ``file`` is the name that the reader gives it, ``output`` says that it is what the block before prints,
    ``background`` that it keeps running; ``checked`` is why and how it is checked without being run.
    """

    line: int
    language: str
    text: str
    group: str = ""
    file: str = ""
    output: bool = False
    background: bool = False
    checked: str = ""


@dataclass(frozen=True, slots=True)
class Guide:
    """One guide; ``links`` are its links as written, with addresses relative to the site's root."""

    slug: str
    title: str
    summary: str
    order: int
    path: Path
    text: str  # Markdown, from the title on
    blocks: tuple[Block, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return address_of(self.slug)


def address_of(slug: str) -> str:
    """Where the page of a guide stands."""
    return f"guides/{slug}/index.html"


def is_external(link: str) -> bool:
    """Does the link lead out of the site, to the web or to a mailbox?"""
    return bool(_EXTERNAL.match(link))


def _parser() -> MarkdownIt:
    parser = (
        MarkdownIt("commonmark", {"html": False}).enable("table").disable(["image", "html_block", "code"])
    )
    parser.validateLink = lambda url: True  # type: ignore[method-assign]  # judged below, not dropped
    return parser


_PARSER = _parser()


def parse(text: str) -> list[Token]:
    """The tokens of a guide's Markdown; every heading has an ``id``, made as GitHub makes it."""
    tokens: list[Token] = _PARSER.parse(text)
    taken: Counter[str] = Counter()
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            slug = re.sub(r"[^\w\- ]", "", _plain(inline).lower()).replace(" ", "-")
            opening.attrSet("id", f"{slug}-{taken[slug]}" if taken[slug] else slug)
            taken[slug] += 1
    return tokens


def _plain(inline: Token) -> str:
    return "".join(item.content for item in inline.children or () if item.type in ("text", "code_inline"))


def read_guides(folder: Path, targets: Mapping[str, str]) -> tuple[Guide, ...]:
    """Read every ``*.md`` of ``folder``, in their order. Raises SiteError with everything that is wrong.

    ``targets`` are the things of the contract that a guide may link to, as ``file`` and ``file#name``, with
    their addresses on the site.
    """
    drafts = [_Draft(path) for path in sorted(folder.glob("*.md"))]
    pages = {draft.path.name: draft for draft in drafts}
    for draft in drafts:
        draft.resolve(pages, targets)
    orders = Counter(draft.order for draft in drafts)
    for draft in drafts:
        if draft.order and orders[draft.order] > 1:
            draft.refuse(1, f"order: {draft.order} is in use; expected a number of its own")
    problems = [problem for draft in drafts for problem in sorted(draft.problems)]
    if problems:
        raise SiteError(problems)
    return tuple(sorted((draft.guide() for draft in drafts), key=lambda guide: guide.order))


class _Draft:
    """A file on its way to a guide; lines count from the first of the file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[SiteProblem] = []
        self.links: dict[str, str] = {}
        whole = self._whole()
        found = _FRONT_MATTER.match(whole)
        self._front_matter(found[1] if found else "")
        self.text = whole[found.end() :].lstrip("\n") if found else whole
        self._before = whole[: len(whole) - len(self.text)].count("\n")
        self._lines = self.text.split("\n")
        self._tokens = parse(self.text)
        self.anchors = {token.attrGet("id") for token in self._tokens if token.type == "heading_open"}
        self._title()
        self.blocks = tuple(self._blocks())
        for before, block in pairwise(self.blocks):
            if block.output and before.output:
                self.refuse(block.line, "an output of an output; expected it right after what prints it")

    def _whole(self) -> str:
        try:
            return self.path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            line = self.path.read_bytes()[: error.start].count(b"\n") + 1
            raise SiteError([SiteProblem(self.path, line, "is not UTF-8; expected a text file")]) from None

    def refuse(self, line: int, message: str) -> None:
        self.problems.append(SiteProblem(self.path, line, message))

    def guide(self) -> Guide:
        return Guide(
            self.path.stem,
            self.title,
            self.summary,
            self.order,
            self.path,
            self.text,
            self.blocks,
            self.links,
        )

    def _front_matter(self, text: str) -> None:
        found: dict[str, str] = {}
        for number, line in enumerate(text.splitlines(), 2):
            key, colon, value = (part.strip() for part in line.partition(":"))
            if not colon or not value or key not in ("summary", "order") or key in found:
                self.refuse(
                    number, f'found "{line}" in the front matter; expected "summary: …" or "order: …", once'
                )
            found[key] = value
        self.summary = found.get("summary", "")
        self.order = int(found.get("order", "0")) if found.get("order", "0").isdecimal() else 0
        if not self.summary or not self.order:
            expected = "expected, between lines of ---, a summary of one line and an order above 0"
            self.refuse(1, f"the front matter lacks its summary or its order; {expected}")

    def _title(self) -> None:
        tokens = self._tokens
        titles = [n for n, token in enumerate(tokens) if (token.type, token.tag) == ("heading_open", "h1")]
        self.title = _plain(tokens[titles[0] + 1]) if titles else ""
        if titles != [0]:
            self.refuse(
                self._before + 1, f"found {len(titles)} titles; expected one, on the first line: # Title"
            )

    def _blocks(self) -> Iterator[Block]:
        for token in self._tokens:
            if token.type == "fence" and token.map:
                yield self._block(token, *token.map)

    def _block(self, token: Token, start: int, end: int) -> Block:
        line = self._before + start + 1
        closing = self._lines[end - 1].strip()
        if end - 1 == start or not closing.startswith(token.markup) or closing.strip(token.markup[0]):
            self.refuse(line, f"the block is never closed; expected a line of {token.markup}")
        language, _, info = token.info.strip().partition(" ")
        if language not in LANGUAGES:
            self.refuse(line, f'found a block in "{language}"; expected one of {", ".join(LANGUAGES)}')
        marks: dict[str, str] = {}
        info = info.strip()
        while info:
            found = _MARK.match(info)
            if found is None:
                expected = "expected group=…, file=…, output, background or checked: …"
                self.refuse(line, f'found the mark "{info}"; {expected}')
                break
            key, value, flag, reason = found.groups()
            marks |= {key: value} if key else {flag: flag} if flag else {"checked": reason}
            info = info[found.end() :]
        return Block(
            line,
            language,
            token.content,
            group=marks.get("group", ""),
            file=marks.get("file", ""),
            output="output" in marks,
            background="background" in marks,
            checked=marks.get("checked", ""),
        )

    def resolve(self, pages: Mapping[str, "_Draft"], targets: Mapping[str, str]) -> None:
        """Find where each link leads, now that all files are read."""
        for token in self._tokens:
            if token.type != "inline" or token.map is None:
                continue
            for child in token.children or ():
                if child.type == "text" and (lost := _UNRESOLVED.search(child.content)):
                    self.refuse(self._line(token.map, lost[0]), f"the link {lost[0]} has no definition")
                if child.type == "text" and (tag := _HTML.search(child.content)):
                    self.refuse(
                        self._line(token.map, tag[0]), f"found {tag[0]}; expected Markdown, without HTML"
                    )
                if child.type == "link_open":
                    link = str(child.attrGet("href"))
                    if problem := self._resolve(link, pages, targets):
                        self.refuse(self._line(token.map, unquote(link)), f'the link "{link}" {problem}')

    def _line(self, lines: list[int], text: str) -> int:
        start, end = lines
        inside = (n for n in range(start, end) if text in self._lines[n])
        return self._before + 1 + next(inside, start)

    def _resolve(self, link: str, pages: Mapping[str, "_Draft"], targets: Mapping[str, str]) -> str:
        """Note where a link leads; return what is wrong with it, or ""."""
        if is_external(link):
            self.links[link] = link
            return ""
        file, _, anchor = unquote(link).partition("#")
        if file.endswith(".md") or not file:
            page = pages.get(file or self.path.name)
            if page is None:
                return f"leads to no guide; expected one of {', '.join(pages)}"
            if anchor and anchor not in page.anchors:
                return f"leads to no heading; expected one of {', '.join(sorted(map(str, page.anchors)))}"
            self.links[link] = address_of(page.path.stem) + (f"#{anchor}" if anchor else "")
            return ""
        name = file.rpartition("/")[2] + (f"#{anchor}" if anchor else "")
        if name not in targets:
            files = ", ".join(key for key in targets if "#" not in key)
            return f"leads nowhere; expected a guide, a web address, or a name in {files}"
        self.links[link] = targets[name]
        return ""
