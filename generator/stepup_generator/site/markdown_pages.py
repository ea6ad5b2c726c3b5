"""Markdown pages beside those that templates make: everything a page says, for programs that read.

A guide is Markdown already. Here are the reference, the rules and the landing page.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import jinja2

from stepup_generator.openapi.model import Json, plain
from stepup_generator.samples import Sample
from stepup_generator.site.addresses import Addresses
from stepup_generator.site.page import Call, Error, Field, Reference, Section, Shape
from stepup_generator.site.pages import SECTIONS, Page
from stepup_generator.site.rules import kept_by
from stepup_generator.site.shell import environment, root
from stepup_generator.site.sources import Sources

__all__ = ["markdown_of", "with_markdown"]


def markdown_of(address: str) -> str:
    """The address of a page's Markdown; an anchor in it stays."""
    path, mark, anchor = address.partition("#")
    return f"{path.removesuffix('.html')}.md{mark}{anchor}"


def with_markdown(
    sources: Sources,
    reference: Reference,
    samples: Mapping[str, Sequence[Sample]],
    pages: Sequence[Page],
) -> tuple[Page, ...]:
    """The pages, each with its Markdown."""
    markdown = _MarkdownPages(sources, reference, samples)
    texts = dict(markdown.texts())
    full = [replace(page, markdown=page.markdown or texts.get(page.path, "")) for page in pages]
    landing = markdown.landing([page for page in full if page.markdown])
    return tuple(replace(page, markdown=landing) if page.path == "index.html" else page for page in full)


class _MarkdownPages:
    def __init__(
        self, sources: Sources, reference: Reference, samples: Mapping[str, Sequence[Sample]]
    ) -> None:
        self.sources = sources
        self.reference = reference
        self.samples = samples
        self.addresses = Addresses(sources.api)
        # The same templates' folder; only what is HTML wants escaping.
        self.jinja = environment().overlay(autoescape=False)
        filters = {"one_line": _line, "fields": _fields, "fence": _fence, "json_fence": _json_fence}
        self.jinja.filters = self.jinja.filters | filters
        self.jinja.globals = self.jinja.globals | {
            "api": sources.api,
            "titles": {item.id: item.summary or item.id for item in sources.api.operations},
            "operation_markdown": lambda name: markdown_of(self.addresses.operation(name)),
        }

    def texts(self) -> Iterator[tuple[str, str]]:
        """Path of a page and its Markdown."""
        sections, errors = self.reference.sections, self.reference.errors
        split = self.addresses.is_split
        first = "reference/index.html"
        yield first, self.overview(first, () if split else sections, () if split else errors)
        for section in sections:
            path = self.addresses.tag(section.tag)
            if split:
                own = {call.anchor for call in section.calls}
                here = [error for error in errors if not own.isdisjoint(call.anchor for call in error.calls)]
                yield path, self.overview(path, (section,), here)
            for call in section.calls:
                path = self.addresses.operation(call.operation.id)
                yield path, self.operation(path, call)
        if self.sources.rules:
            values = {"groups": self.sources.rules, "matrix": self.sources.matrix, "root": "../"}
            yield "rules/index.html", self.render("rules.md.jinja", values)

    def overview(self, path: str, sections: Sequence[Section], errors: Sequence[Error]) -> str:
        first = path == "reference/index.html"
        elsewhere = self.reference.sections if first and not sections else ()
        values = {
            "title": "Reference" if first else (sections[0].tag or "Others"),
            "is_first": first,
            "sections": [
                (section, [(call, *self.beside(call)) for call in section.calls]) for section in sections
            ],
            "elsewhere": [
                (item.tag or "Others", markdown_of(self.addresses.tag(item.tag)), item.description)
                for item in elsewhere
            ],
            "errors": errors,
            "root": root(path),
        }
        return self.render("overview.md.jinja", values)

    def operation(self, path: str, call: Call) -> str:
        samples, kept = self.beside(call)
        values = {"call": call, "samples": samples, "kept": kept, "root": root(path)}
        return self.render("operation.md.jinja", values)

    def beside(self, call: Call) -> tuple[Sequence[Sample], Any]:
        name = call.operation.id
        return self.samples.get(name, ()), kept_by(name, self.sources.rules)

    def landing(self, pages: Iterable[Page]) -> str:
        listed = list(pages)
        sections = [(name, [page for page in listed if page.section == name]) for name in SECTIONS]
        values = {"sections": [section for section in sections if section[1]], "markdown_of": markdown_of}
        return self.render("landing.md.jinja", values)

    def render(self, name: str, values: Mapping[str, object]) -> str:
        template: jinja2.Template = self.jinja.get_template(name)
        return re.sub(r"\n{3,}", "\n\n", template.render(values)).strip() + "\n"


def _line(text: str) -> str:
    """All of a Markdown text on one line."""
    return " ".join(text.split())


def _fence(text: str, language: str = "") -> str:
    """A code block that nothing in the text can end."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def _json_fence(value: Json) -> str:
    return _fence(json.dumps(plain(value), indent=2, ensure_ascii=False), "json")


def _code(text: str) -> str:
    """A code span that nothing in the text can end (CommonMark 0.31, section 6.1)."""
    text = _line(text)
    if "`" not in text:
        return f"`{text}`"
    longest = max(len(run) for run in re.findall(r"`+", text))
    return f"{'`' * (longest + 1)} {text} {'`' * (longest + 1)}"


def _fields(fields: Iterable[Field], indent: str = "") -> str:
    """Fields as a nested list, down to the last."""
    return "\n".join(line for field in fields for line in _field(field, indent))


def _field(field: Field, indent: str) -> Iterator[str]:
    marks = [field.type, "required" if field.required else "optional"]
    marks += ["secret"] * field.secret + ["deprecated"] * field.deprecated
    words = [f"{_code(field.name)} ({', '.join(marks)})" if field.name else f"({', '.join(marks)})"]
    words += [_line(field.description)] if field.description else []
    words += [f"Use {_code(field.replaced_by)} instead."] if field.replaced_by else []
    words += [f"{fact.label}: {', '.join(map(_code, fact.codes))}." for fact in field.facts]
    words += [f"From {', '.join(field.source)}."] if field.source else []
    yield f"{indent}- {words[0]}{':' * (len(words) > 1)} {' '.join(words[1:])}".rstrip()
    yield from _shapes(field.shapes, f"{indent}  ")


def _shapes(shapes: Sequence[Shape], indent: str) -> Iterator[str]:
    for shape in shapes:
        inside = indent
        if len(shapes) > 1:
            name = f"{_code(shape.tag.name)} is {_code(shape.tag_value)}" if shape.tag else _code(shape.label)
            yield f"{indent}- {name}{': ' + _line(shape.description) if shape.description else ''}"
            inside = f"{indent}  "
        for field in shape.fields:
            yield from _field(field, inside)
        if shape.note:
            yield f"{inside}- {_line(shape.note)}"
