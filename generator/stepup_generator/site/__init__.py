"""The reference site: static pages without any script, from the model and the behaviour rules.

Every string of the document stays text: Jinja escapes it, Markdown knows no HTML, no images and only
absolute web and mail links. The pages ask nothing of any other host, and their policy (CSP) forbids it.
"""

import base64
import hashlib
import json
import re
from html import escape
from pathlib import Path

import jinja2
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from stepup_generator.model import Json, plain
from stepup_generator.rules import kept_by
from stepup_generator.site.layout import layout
from stepup_generator.site.sources import Settings, Sources

__all__ = ["Settings", "Sources", "render"]

_TEMPLATES = Path(__file__).parents[1] / "templates" / "docs"
_SAFE_LINK = re.compile(r"(https?://|mailto:)", re.IGNORECASE)
# A key of an object, and whatever else is a string: keys are set apart in samples.
_JSON_STRING = re.compile(r'("(?:[^"\\]|\\.)*")(:?)')


def render(sources: Sources) -> dict[str, str | bytes]:
    """Return the site as {path: content}, the same for the same sources. Raises SiteError."""
    api, rules = sources.api, sources.rules
    names = ["index.html", "reference/index.html"] + ["rules/index.html"] * bool(rules)
    page = layout(api)
    jinja = _environment()
    jinja.globals |= {
        "api": api,
        "page": page,
        "groups": rules,
        "kept": {operation.id: kept_by(operation.id, rules) for operation in api.operations},
        "calls": {call.operation.id: call for section in page.sections for call in section.calls},
    }
    return {name: jinja.get_template(f"{name}.jinja").render() for name in names}


def _environment() -> jinja2.Environment:
    jinja = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    style = re.sub(r"\s*([{};,])\s*", r"\1", (_TEMPLATES / "style.css").read_text(encoding="utf-8"))
    jinja.globals |= {"style": Markup(style), "policy": _policy(style)}  # noqa: S704  our own file
    jinja.filters |= {"markdown": markdown, "line": line, "json": sample, "safe_url": safe_url}
    return jinja


def _policy(style: str) -> str:
    """The Content-Security-Policy: this one style sheet, the icon, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )


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


def sample(value: Json) -> Markup:
    """A JSON value, indented, with the keys of objects marked up. For element content: quotes stay quotes."""
    text = escape(json.dumps(plain(value), indent=2, ensure_ascii=False), quote=False)
    return Markup(_JSON_STRING.sub(_mark_key, text))  # noqa: S704  escaped above


def _mark_key(match: re.Match[str]) -> str:
    string, colon = match.groups()
    return f"<b>{string}</b>:" if colon else string
