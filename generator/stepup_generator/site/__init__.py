"""The reference site: static pages without any script, from the model and the behaviour rules.

Every string of the document stays text: Jinja escapes it, Markdown knows no HTML, no images and only
absolute web and mail links. The pages ask nothing of any other host, and their policy (CSP) forbids it.
"""

import base64
import hashlib
import re
from pathlib import Path

import jinja2
from markupsafe import Markup

from stepup_generator.rules import kept_by
from stepup_generator.site.layout import layout
from stepup_generator.site.sources import Settings, Sources
from stepup_generator.site.text import line, markdown, safe_url, sample

__all__ = ["Settings", "Sources", "render"]

_TEMPLATES = Path(__file__).parents[1] / "templates" / "docs"


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
