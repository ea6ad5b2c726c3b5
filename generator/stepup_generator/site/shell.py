"""The page shell: head, policy, navigation, footer. One style and one small script, both inline.

The policy (CSP) allows just these two by their digests, and what the script itself loads when it is expected
(CSP 3, section 8.2, 'strict-dynamic': unlike a list of hosts it holds in a folder on a disk as well).
"""

import base64
import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup

from stepup_generator.site.pages import Page
from stepup_generator.site.panels import code, panels
from stepup_generator.site.sources import Settings, Sources
from stepup_generator.site.text import line, markdown, safe_url, sample

__all__ = ["TEMPLATES", "Group", "Shell", "environment", "policy", "root"]

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Group:
    """A heading of the navigation with its links: (title, path of the page)."""

    title: str
    links: tuple[tuple[str, str], ...]


@cache
def environment() -> jinja2.Environment:
    """The templates of the site: strict, escaping, and compiled once a process."""
    jinja = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        keep_trailing_newline=True,
    )
    jinja.filters |= {"markdown": markdown, "line": line, "json": sample, "safe_url": safe_url}
    jinja.globals |= {"code": code, "panels": panels}
    return jinja


def root(path: str) -> str:
    """The way from a page to the root of the site: ``../`` for each folder that it stands in."""
    return "../" * path.count("/")


def policy(style: str, script: str) -> str:
    """The Content-Security-Policy of a page with this style and script and nothing else of its own."""
    return (
        f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)} 'strict-dynamic'; "
        "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


class Shell:
    """Turns pages of one build into HTML."""

    def __init__(self, sources: Sources, languages: Iterable[str]) -> None:
        names = tuple(languages)
        style = _style(names)
        script = _squeezed((TEMPLATES / "site.js").read_text(encoding="utf-8"))
        script = script.replace("LANGUAGES", " ".join(names))
        self._base = sources.settings.base_path
        self._template = environment().get_template("base.html.jinja")
        self._values = {
            "api": sources.api,
            "settings": sources.settings,
            "home": sources.settings.home,
            "has_changes": bool(sources.changelog),
            "style": Markup(style),  # noqa: S704  our own files
            "script": Markup(script),  # noqa: S704
            "policy": policy(style, script),
        }

    def render(self, page: Page, groups: Callable[[Page], Iterable[Group]]) -> str:
        """The whole page; ``groups`` gives the navigation that it shows."""
        top = self._base if page.path == "404.html" else root(page.path)  # it is served at any depth
        return self._template.render(self._values, page=page, groups=groups(page), root=top)

    def bare(self, page: Page) -> str:
        """The page without navigation and search, for what stands above the versions of the site."""
        top = self._base if page.path == "404.html" else ""
        return self._template.render(
            self._values, page=page, groups=(), root=top, settings=Settings(), has_changes=False
        )


def _style(languages: Iterable[str]) -> str:
    """The style sheet, with a rule for each language: shown where chosen, else the first that is there."""
    text = "".join((TEMPLATES / name).read_text(encoding="utf-8") for name in ("tokens.css", "style.css"))
    rules = "".join(
        f".js[data-language={name}] .panels:has(>[data-language={name}])>[data-language]"
        f":not([data-language={name}]),.js[data-language={name}] .panels:not(:has(>[data-language={name}]))"
        ">[data-language]~[data-language]{display:none}"
        for name in languages
    )
    text = re.sub(r"/\*.*?\*/", "", text + rules, flags=re.DOTALL)
    return re.sub(r"\s*([{};,])\s*", r"\1", text).replace(": ", ":").replace(";}", "}").strip()


def _squeezed(script: str) -> str:
    """The script without comments on lines of their own, and without indents."""
    lines = (line.strip() for line in script.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))
