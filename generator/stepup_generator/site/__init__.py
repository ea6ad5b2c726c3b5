"""The reference site: static pages that need no script, from what the document and its neighbours say.

Every string of the sources stays text. The pages ask nothing of any other host, and their policy (CSP)
forbids it. What does not hold together (a link that leads nowhere, say) is refused, with nothing written.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from markupsafe import Markup

from stepup_generator.errors import GeneratorError, SiteError, SiteProblem
from stepup_generator.languages import TARGETS, samples_of_flows, samples_of_operations
from stepup_generator.samples import Sample
from stepup_generator.site import links
from stepup_generator.site.addresses import Addresses
from stepup_generator.site.diagrams import diagram
from stepup_generator.site.flows import flow_pages
from stepup_generator.site.guide_pages import guide_pages
from stepup_generator.site.landing import landing_page, other_pages, rules_page
from stepup_generator.site.layout import layout
from stepup_generator.site.machine_files import machine_files
from stepup_generator.site.markdown_pages import with_markdown
from stepup_generator.site.page import Reference
from stepup_generator.site.pages import Page
from stepup_generator.site.panels import Panel, code, panels
from stepup_generator.site.reference import ReferencePages
from stepup_generator.site.shell import Group, Shell
from stepup_generator.site.social_card import FAVICON, social_card
from stepup_generator.site.sources import Settings, Sources
from stepup_generator.site.text import one_line

__all__ = ["Settings", "Site", "Sources", "build", "render"]

_Samples: TypeAlias = Mapping[str, Sequence[Sample]]
_SECTIONS = ("Guides", "Flows", "Guarantees")


@dataclass(frozen=True, slots=True)
class Site:
    """A site as {path: content}, and the samples whose output is not captured: the document's is shown."""

    files: dict[str, str | bytes]
    not_captured: tuple[str, ...]


def render(sources: Sources) -> dict[str, str | bytes]:
    """Return the site as {path: content}, the same for the same sources. Raises SiteError."""
    return build(sources).files


def build(sources: Sources) -> Site:
    """As ``render``, with what there is to say about the build."""
    reference = layout(sources.api)
    shown, programs = _samples(sources)
    pages = with_markdown(sources, reference, shown, tuple(_pages(sources, reference, shown, programs)))
    shell = Shell(sources, [item.language.id for item in TARGETS])
    groups = _navigation(sources, reference, pages)
    files: dict[str, str | bytes] = {page.path: shell.render(page, groups) for page in pages}
    files |= {page.path.replace(".html", ".md"): page.markdown for page in pages if page.markdown}
    files |= machine_files(sources, pages, shown)
    files["favicon.svg"] = FAVICON
    settings = sources.settings
    if settings.home:
        files["card.png"] = social_card(sources.api.title, one_line(sources.api.summary))
    beside = ("../index.html",) if settings.version else ()
    if problems := links.problems(files, settings.base_path, beside):
        raise SiteError(problems)
    samples = ((name, item) for each in (shown, programs) for name, items in each.items() for item in items)
    missing = tuple(f"{name} ({item.language.name})" for name, item in samples if not item.captured)
    return Site(files, missing)


def _samples(sources: Sources) -> tuple[_Samples, _Samples]:
    """The samples of operations and workflows. Raises SiteError for an example no program can hold."""
    api, goldens = sources.api, sources.goldens
    try:
        return samples_of_operations(api, goldens), samples_of_flows(api, sources.workflows, goldens)
    except GeneratorError as error:
        raise SiteError([SiteProblem(sources.document, 1, str(error))]) from None


def _pages(sources: Sources, reference: Reference, shown: _Samples, programs: _Samples) -> Iterator[Page]:
    api, titles = sources.api, {item.id: item.summary or item.id for item in sources.api.operations}
    others = [*ReferencePages(api, reference, sources.rules, _rails(shown), sources.hints).pages()]
    if sources.rules:
        others.append(rules_page(sources, titles))
    others += guide_pages(sources.guides, api, sources.workflows)
    others += flow_pages(api, sources.workflows, sources.guides, programs)
    flow = sources.workflows[0] if sources.workflows else None
    yield landing_page(sources, others, diagram(api, flow, "picture") if flow else None)
    yield from others
    yield from other_pages(sources)


def _rails(shown: _Samples) -> dict[str, Markup]:
    """For each operation the request in every language, with the answer as that language shows it."""
    return {
        name: panels(
            f"{name}~", [Panel(item.language.id, item.language.name, _sample(name, item)) for item in items]
        )
        for name, items in shown.items()
    }


def _sample(operation_id: str, sample: Sample) -> Markup:
    language = sample.language.id
    body = code(sample.request, sample.language.lexer, f"{operation_id}.{language}.request")
    if sample.response:
        response = code(sample.response, sample.response_lexer, f"{operation_id}.{language}.response")
        body += Markup('<p class="soft">Response</p>\n') + response
    return body


def _navigation(
    sources: Sources, reference: Reference, pages: Iterable[Page]
) -> Callable[[Page], tuple[Group, ...]]:
    """What the navigation of a page shows: all there is, but of many operations only those of its own tag."""
    addresses = Addresses(sources.api)
    links = {
        section: tuple((page.title, page.path) for page in pages if page.section == section)
        for section in _SECTIONS
    }
    lists = {
        section.tag: tuple((call.title, addresses.operation(call.operation.id)) for call in section.calls)
        for section in reference.sections
    }
    tag_of = {path: tag for tag, items in lists.items() for _, path in items}
    tag_of |= {addresses.tag(tag): tag for tag in lists if addresses.is_split}
    tags = tuple((section.tag or "Others", addresses.tag(section.tag)) for section in reference.sections)
    before = tuple(Group(section, links[section]) for section in _SECTIONS[:2] if links[section])
    after = tuple(Group(section, links[section]) for section in _SECTIONS[2:] if links[section])
    whole = ("All operations", "reference/index.html")

    def groups(page: Page) -> tuple[Group, ...]:
        if not addresses.is_split:
            every = [link for items in lists.values() for link in items]
            return (*before, Group("Reference", (whole, *every)), *after)
        own = tag_of.get(page.path)
        inside = () if own is None else (Group(own or "Others", lists[own]),)
        return (*before, *inside, Group("Reference", (whole, *tags)), *after)

    return groups
