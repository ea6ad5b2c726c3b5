"""Texts of the document as Go's doc comments, in the one form that gofmt leaves as it is.

gofmt rewrites the comments above declarations: it indents lists, moves link definitions, turns lonely lines
into headings and doubled quotes into typographic ones. So a text is brought into that form beforehand;
whatever is no prose and no list is shown as it was written.
"""

import re
import textwrap
from collections.abc import Iterator
from itertools import groupby, takewhile

from stepup_generator.languages.go.names import GO as _GO

__all__ = ["doc"]

_WIDTH = 100
_ITEM = re.compile(r"(?:[-*+•]|([0-9]+)[.)])\s+(?=\S)")
# Lines that begin like code, a list, a heading, a quotation, a table, a fence or the definition of a link.
_NOT_PROSE = re.compile(r"\s|[-*+#>|~•]|```|[0-9]+[.)]|\[.*\]:")


def doc(text: str, indent: str = "") -> str:
    """The lines of a comment around a text."""
    lines = (line if line.startswith("\t") else f" {line}" for line in _lines(text))
    return "\n".join(f"{indent}//{line}".rstrip() for line in lines)


def _lines(text: str) -> list[str]:
    found: list[str] = []
    for is_prose, group in groupby(_blocks(text), key=_is_prose):
        run = list(group)
        for piece in map(_paragraph, run) if is_prose else (_indented(run),):
            found += ["", *piece] if found else piece
    return found


def _blocks(text: str) -> Iterator[list[str]]:
    """What stands between empty lines; prose, and what follows it in the next line, are two blocks."""
    for is_empty, group in groupby(_GO.doc_lines(text), key=lambda line: not line):
        lines = [] if is_empty else textwrap.dedent("\n".join(group)).split("\n")
        prose = list(takewhile(lambda line: not _NOT_PROSE.match(line), lines))
        rest = textwrap.dedent("\n".join(lines[len(prose) :])).split("\n")
        yield from filter(any, (prose, rest))


def _is_prose(block: list[str]) -> bool:
    return not any(map(_NOT_PROSE.match, block))


def _paragraph(block: list[str]) -> list[str]:
    # A lonely line without a mark at its end would become a heading.
    line = _quoted(" ".join(block))
    return _filled(f"{line}." if line[-1].isalnum() else line, "", "")


def _indented(run: list[list[str]]) -> list[str]:
    """Blocks that stand together are one list, where they are lists, or else one listing."""
    marks = [_ITEM.match(block[0]) for block in run]
    # Bullets or numbers: an item of the other kind would belong to the one before it.
    if all(marks) and len({bool(mark[1]) for mark in marks if mark}) == 1:
        return [line for item in _items([line.strip() for block in run for line in block]) for line in item]
    listing = [line for block in run for line in (*block, "")][:-1]
    # What begins like an item would be one.
    bar = "| " if marks[0] or listing[0] in "-*+•" else ""
    return [f"\t{bar}{line}" if line else "" for line in listing]


def _items(lines: list[str]) -> Iterator[list[str]]:
    items: list[tuple[str, list[str]]] = []
    numbered = lines[0][0].isdigit()
    for line in lines:
        mark = _ITEM.match(line)
        if mark and bool(mark[1]) == numbered:
            items.append((f" {mark[1]}. " if numbered else "  - ", [line[mark.end() :]]))
        else:
            items[-1][1].append(line)
    for mark_text, texts in items:
        yield _filled(_quoted(" ".join(texts)), mark_text, "    ")


def _filled(text: str, first: str, further: str) -> list[str]:
    lines = textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=further,
        break_long_words=False,
        break_on_hyphens=False,
    )
    # A break must not make what follows look like anything but prose.
    return lines if not any(_NOT_PROSE.match(line.strip()) for line in lines[1:]) else [first + text]


def _quoted(text: str) -> str:
    # Of three gofmt keeps its hands; of more it takes pairs.
    text = re.sub("`{4,}", "```", re.sub(r"(?<!`)``(?!`)", "“", text))
    return re.sub("''", "”", text)
