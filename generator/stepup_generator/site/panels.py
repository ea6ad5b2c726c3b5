"""Code blocks, and panels of several languages of which a reader sees one.

The roles of the tabs stand in the page as it was built. Without a script there are no tabs: every panel is
shown, headed by its language. With it the style sheet shows the reader's language before anything is drawn.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup, escape

from stepup_generator.site.highlight import highlight

__all__ = ["Panel", "code", "panels"]


@dataclass(frozen=True, slots=True)
class Panel:
    """What one language shows: ``language`` is its short name (``python``), ``label`` what readers say."""

    language: str
    label: str
    body: Markup


def code(text: str, language: str, mark: str = "") -> Markup:
    """A code block; ``mark`` names the sample, so that a test finds it: ``<operationId>.python.request``."""
    sample = Markup(' data-sample="{}"').format(mark) if mark else ""
    return Markup("<pre{}><code>{}</code></pre>\n").format(sample, highlight(text.rstrip("\n"), language))


def panels(name: str, items: Iterable[Panel], label: str = "Language") -> Markup:
    """Panels with their tabs. ``name`` is unique on the page; one panel alone gets no tabs."""
    shown = tuple(items)
    if len(shown) == 1:
        return shown[0].body
    tabs, bodies = Markup(), Markup()
    for number, panel in enumerate(shown):
        tab, own = f"{name}.{panel.language}.tab", f"{name}.{panel.language}"
        chosen = (
            Markup(' aria-selected="true"') if number == 0 else Markup(' aria-selected="false" tabindex="-1"')
        )
        tabs += Markup('<button role="tab" id="{}" aria-controls="{}"{}>{}</button>').format(
            tab, own, chosen, panel.label
        )
        bodies += Markup(
            '<div role="tabpanel" data-language="{}" id="{}" aria-labelledby="{}">'
            '<p class="language">{}</p>\n{}</div>\n'
        ).format(panel.language, own, tab, panel.label, panel.body)
    return Markup('<div class="panels"><div role="tablist" aria-label="{}">{}</div>\n{}</div>\n').format(
        escape(label), tabs, bodies
    )
