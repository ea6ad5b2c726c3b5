"""What every page of a report shares: one look, and a policy under which a page can do nothing.

A page needs nothing else: no script, no font, no picture, no network. Every text is escaped, and the policy
forbids whatever could still be smuggled in.
"""

import base64
import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_HERE = Path(__file__).parent


def render(template: str, **context: object) -> str:
    """Render a template of this package that extends ``page.html.jinja``."""
    style = (_HERE / "report.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return _environment().get_template(template).render(style=style, style_hash=digest, **context)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["words"] = lambda outcome: outcome.replace("_", " ")
    return environment
