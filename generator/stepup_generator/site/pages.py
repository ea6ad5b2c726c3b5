"""What a build of the site is made of: pages, and what search finds on them.

Plain data, frozen. A page's paths and addresses are relative to the root of this version of the site.
"""

from dataclasses import dataclass

from markupsafe import Markup

__all__ = ["SECTIONS", "Entry", "Page"]

# Headings that pages stand under, in the order in which people want them.
SECTIONS = ("Guides", "Flows", "Reference", "Guarantees")


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that search finds: an operation, a field, an error, a rule, a guide or a flow."""

    kind: str
    title: str
    address: str  # relative to the site's root, with #anchor
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page, without the page shell."""

    path: str  # "guides/quick-start/index.html"
    title: str
    summary: str  # one line of plain text, for search engines and programs
    section: str  # its heading in the navigation; "" for the landing page and the like
    body: Markup  # what stands inside <main>
    markdown: str  # the complete text, written to the same folder as index.md
    entries: tuple[Entry, ...] = ()
    scripts: tuple[str, ...] = ()  # names of the scripts that it loads when they are expected: "try.js"
