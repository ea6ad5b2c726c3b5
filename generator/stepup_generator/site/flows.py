"""A page for each workflow: what it is for, its diagram, its steps, whole programs, and where to read on.

Says nothing of its own: every word comes from the workflow, the operations it calls, the samples and the
guides that link to it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from stepup_generator.arazzo.read import Input, Workflow
from stepup_generator.openapi.model import Api
from stepup_generator.samples import Sample
from stepup_generator.site.addresses import Addresses
from stepup_generator.site.diagrams import diagram
from stepup_generator.site.guide_pages import relative
from stepup_generator.site.guides import Guide
from stepup_generator.site.markdown_pages import markdown_of
from stepup_generator.site.pages import Entry, Page
from stepup_generator.site.panels import Panel, code, panels
from stepup_generator.site.shell import environment
from stepup_generator.site.targets import flow_address
from stepup_generator.site.text import one_line

__all__ = ["flow_pages"]


@dataclass(frozen=True, slots=True)
class _Link:
    """A thing of the site as a flow's page names it; ``link`` and ``markdown`` are relative to that page."""

    id: str
    title: str
    link: str
    markdown: str
    text: str = ""
    status: int | None = None
    waits: tuple[Input, ...] = ()


def flow_pages(
    api: Api,
    workflows: Iterable[Workflow],
    guides: Sequence[Guide],
    samples: Mapping[str, Sequence[Sample]],
) -> tuple[Page, ...]:
    """The pages of all workflows, in their order. ``samples`` are whole programs by the workflow's id."""
    writer = _Writer(api, guides)
    return tuple(writer.page(flow, samples.get(flow.id, ())) for flow in workflows)


class _Writer:
    def __init__(self, api: Api, guides: Sequence[Guide]) -> None:
        self._api = api
        self._guides = guides
        self._addresses = Addresses(api)
        self._html = environment().get_template("flow.html.jinja")
        self._markdown = environment().overlay(autoescape=False).get_template("flow.md.jinja")

    def page(self, flow: Workflow, samples: Sequence[Sample]) -> Page:
        path = flow_address(flow.id)
        title = flow.summary or flow.id
        shown = {
            "title": title,
            "description": flow.description,
            "steps": tuple(self._steps(flow, path)),
            "guides": tuple(self._next(path)),
        }
        texts = [text for sample in samples for text in (sample.request, sample.response)]
        runs = [len(run) for text in texts for run in re.findall("`+", text)]
        fence = "`" * (max((2, *runs)) + 1)  # nothing in a program ends its block
        drawn = diagram(self._api, flow, "diagram")
        body = self._html.render(flow=shown, diagram=drawn, samples=_samples(flow, samples))
        return Page(
            path=path,
            title=title,
            summary=one_line(flow.description) or title,
            section="Flows",
            body=Markup(body),  # noqa: S704  the template escapes
            markdown=self._markdown.render(flow=shown, samples=samples, fence=fence),
            entries=(Entry("flow", title, path, one_line(flow.description)),),
        )

    def _steps(self, flow: Workflow, page: str) -> Iterator[_Link]:
        for step in flow.steps:
            operation = self._api.operation(step.operation_id)
            address = self._addresses.operation(operation.id)
            yield _Link(
                step.id,
                operation.summary or operation.id,
                relative(address, page),
                relative(markdown_of(address), page),
                step.description,
                step.status,
                tuple(item for item in flow.inputs if item.resolved_after == step.id),
            )

    def _next(self, page: str) -> Iterator[_Link]:
        """The guides that link to a page."""
        for guide in self._guides:
            if page in guide.links.values():
                link, markdown = relative(guide.address, page), relative(markdown_of(guide.address), page)
                yield _Link(guide.slug, guide.title, link, markdown, guide.summary)


def _samples(flow: Workflow, samples: Sequence[Sample]) -> Markup:
    """Each language's program with what it prints below it."""
    items = []
    for sample in samples:
        mark = f"{flow.id}.{sample.language.id}"
        printed = code(sample.response, "text", f"{mark}.response")
        body = code(sample.request, sample.language.lexer, f"{mark}.request")
        body += Markup('<p class="file">{}</p>\n').format(_heading(sample)) + printed
        items.append(Panel(sample.language.id, sample.language.name, body))
    return panels("program", items) if items else Markup()


def _heading(sample: Sample) -> str:
    return "Prints" if sample.captured else "Responses"
