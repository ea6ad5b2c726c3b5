"""The pages of the reference: a page for each operation with everything, and all of them on one with what is
needed to call them. A document of many operations has such a page for each tag instead.
"""

from collections.abc import Iterator, Mapping, Sequence

from markupsafe import Markup

from stepup_generator.openapi.model import Api
from stepup_generator.site.addresses import Addresses
from stepup_generator.site.hints import Hint
from stepup_generator.site.page import Call, Error, Field, Reference, Section
from stepup_generator.site.pages import Entry, Page
from stepup_generator.site.rules import Group, kept_by
from stepup_generator.site.shell import environment, root
from stepup_generator.site.text import one_line
from stepup_generator.site.tryit import form

__all__ = ["ReferencePages"]

_REFERENCE = "reference/index.html"


class ReferencePages:
    """Makes the pages of one API from its layout. ``rails`` are the samples that stand beside operations."""

    def __init__(
        self,
        api: Api,
        reference: Reference,
        rules: Sequence[Group],
        rails: Mapping[str, Markup],
        hints: Sequence[Hint] = (),
    ) -> None:
        self.api = api
        self.reference = reference
        self.rules = rules
        self.rails = rails
        self.hints = hints
        self.addresses = Addresses(api)
        self.titles = {item.id: item.summary or item.id for item in api.operations}
        self._bodies = {error.anchor: error.root for error in reference.errors}
        self._overview = environment().get_template("overview.html.jinja")
        self._operation = environment().get_template("operation.html.jinja").module
        self._try = environment().get_template("try.html.jinja").module

    def pages(self) -> Iterator[Page]:
        """The page of all operations, those of tags where there are too many, and one for each operation."""
        sections, errors = self.reference.sections, self.reference.errors
        if self.addresses.is_split:
            yield self._together(_REFERENCE, "Reference", (), (), elsewhere=sections)
            for section in sections:
                own = {call.anchor for call in section.calls}
                here = [error for error in errors if not own.isdisjoint(call.anchor for call in error.calls)]
                title = section.tag or "Others"
                yield self._together(self.addresses.tag(section.tag), title, (section,), here)
        else:
            yield self._together(_REFERENCE, "Reference", sections, errors)
        for section in sections:
            for call in section.calls:
                yield self._alone(call)

    def _together(
        self,
        path: str,
        title: str,
        sections: Sequence[Section],
        errors: Sequence[Error],
        elsewhere: Sequence[Section] = (),
    ) -> Page:
        body = self._overview.render(
            api=self.api,
            title=title,
            is_first=path == _REFERENCE,
            sections=sections,
            elsewhere=elsewhere,
            errors=errors,
            rails=self.rails,
            addresses=self.addresses,
            root=root(path),
        )
        entries = tuple(
            Entry("error", error.code, f"{path}#{error.anchor}", one_line(error.root.description))
            for error in errors
        )
        summary = one_line(self.api.summary) or title
        return Page(path, title, summary, "Reference", Markup(body), "", entries)  # noqa: S704  Jinja escapes

    def _alone(self, call: Call) -> Page:
        operation = call.operation
        path = self.addresses.operation(operation.id)
        body = self._operation.whole(  # type: ignore[attr-defined]
            call=call,
            rail=self.rails[operation.id],
            kept=kept_by(operation.id, self.rules),
            root=root(path),
            addresses=self.addresses,
            overview=self.addresses.overview(operation.id),
            titles=self.titles,
            bodies=self._bodies,
            panel=self._try.panel(form(self.api, operation, self.addresses, self.hints)),  # type: ignore[attr-defined]
        )
        summary = one_line(operation.description) or f"{operation.method.upper()} {operation.path}"
        entries = (
            Entry(
                "operation", call.title, path, f"{operation.id} {operation.method.upper()} {operation.path}"
            ),
            *(
                Entry(
                    "field",
                    field.name,
                    f"{path}#{field.anchor}",
                    f"{call.title}: {one_line(field.description)}",
                )
                for field in _fields(call)
            ),
        )
        return Page(path, call.title, summary, "Reference", Markup(body), "", entries, ("try.js",))  # noqa: S704


def _fields(call: Call) -> Iterator[Field]:
    """Every field of the request and of successful answers that can be linked to."""
    bodies = [call.body, *(status.body for status in call.successes)]
    roots = [body.root for body in bodies if body is not None and body.root is not None]
    for field in (*(item for _, items in call.parameters for item in items), *roots):
        yield from _inside(field)


def _inside(field: Field) -> Iterator[Field]:
    if field.anchor:
        yield field
    for shape in field.shapes:
        for member in shape.fields:
            yield from _inside(member)
