"""Turns text of the document and of guides into HTML in which every string stays text.

Markdown knows no HTML, no images and only absolute web and mail links; what it does not know it prints.
"""

import json
import re

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from stepup_generator.openapi.model import Json, plain
from stepup_generator.site.highlight import highlight

__all__ = ["first_sentence", "line", "markdown", "one_line", "safe_url", "sample"]

_SAFE_LINK = re.compile(r"(https?://|mailto:)", re.IGNORECASE)


def safe_url(url: str) -> str:
    """The address if it is an absolute web or mail address, else ""."""
    return url if _SAFE_LINK.match(url) else ""


def _markdown() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    reader.validateLink = lambda url: bool(safe_url(url))  # type: ignore[method-assign]
    return reader


_MARKDOWN = _markdown()


def markdown(text: str, level: int = 2) -> Markup:
    """Render Markdown as HTML whose headings begin at ``level``."""
    tokens: list[Token] = _MARKDOWN.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, max(level, int(token.tag[1:])))}"
        token.attrs.pop("style", None)  # how tables are aligned; the policy allows none
    return Markup(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))  # noqa: S704  markdown-it escapes


def line(text: str) -> Markup:
    """Render one line of Markdown, without a paragraph around it."""
    return Markup(_MARKDOWN.renderInline(text))  # noqa: S704  markdown-it escapes


def one_line(text: str) -> str:
    """The first paragraph of Markdown as plain text on one line, for descriptions that hold no markup."""
    first = text.strip().split("\n\n")[0]
    return re.sub(r"[`*]", "", " ".join(first.split()))


def first_sentence(text: str) -> str:
    """The first sentence of plain text; all of it where it does not end."""
    return re.split(r"(?<=[.!?])\s", text, maxsplit=1)[0]


def sample(value: Json) -> Markup:
    """A JSON value, indented and highlighted, for the content of an element."""
    return highlight(json.dumps(plain(value), indent=2, ensure_ascii=False), "json")
