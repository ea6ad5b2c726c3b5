"""The pages around reference, guides and flows: landing page, rules with their bugs, and the small ones."""

from collections.abc import Iterator, Mapping, Sequence

from markupsafe import Markup

from stepup_generator.site.addresses import Addresses
from stepup_generator.site.pages import Entry, Page
from stepup_generator.site.shell import environment
from stepup_generator.site.sources import Sources
from stepup_generator.site.text import first_sentence, markdown, one_line

__all__ = ["landing_page", "other_pages", "rules_page"]


def landing_page(sources: Sources, pages: Sequence[Page], picture: Markup | None) -> Page:
    """The landing page: where to begin, and every page by its section. ``picture`` shows the idea."""
    api, guides = sources.api, [page for page in pages if page.section == "Guides"]
    groups = [
        (
            section,
            [
                (page.title, page.path, first_sentence(page.summary))
                for page in pages
                if page.section == section
            ],
        )
        for section in ("Guides", "Flows", "Reference", "Guarantees")
    ]
    body = environment().get_template("landing.html.jinja").render(
        api=api,
        start=guides[0] if guides else None,
        picture=picture,
        groups=[(section, links) for section, links in groups if links],
        matrix=sources.matrix,
        rules=sum(len(group.rules) for group in sources.rules),
    )  # fmt: skip
    return Page("index.html", api.title, one_line(api.summary) or api.title, "", Markup(body), "")  # noqa: S704


def rules_page(sources: Sources, titles: Mapping[str, str]) -> Page:
    """Every rule, where it comes from, how it is judged, and the seeded bugs that break it."""
    matrix = sources.matrix
    groups = [
        (group, [trial for rule in group.rules for trial in matrix.of(rule.id)] if matrix else [])
        for group in sources.rules
    ]
    body = environment().get_template("rules.html.jinja").render(
        groups=groups, matrix=matrix, addresses=Addresses(sources.api), titles=titles
    )  # fmt: skip
    path = "rules/index.html"
    entries = tuple(
        Entry("rule", f"{rule.id} {group.title}", f"{path}#{rule.id}", one_line(rule.sentence))
        for group in sources.rules
        for rule in group.rules
    )
    summary = "What a server must do beyond the shape of its messages, and how each promise is judged."
    return Page(path, "Behaviour rules", summary, "Guarantees", Markup(body), "", entries)  # noqa: S704


def other_pages(sources: Sources) -> Iterator[Page]:
    """What belongs to no section: the page for a wrong address and, where there are any, the changes."""
    missing = '<h1>Page not found</h1>\n<p class="lead">There is no page at this address. Try the search.</p>'
    yield Page("404.html", "Page not found", "There is no page at this address.", "", Markup(missing), "")  # noqa: S704
    if sources.changelog:
        title = sources.api.title
        body = markdown(sources.changelog, 1)
        yield Page(
            "changelog/index.html", "Changes", f"What changed in {title}.", "", body, sources.changelog
        )
