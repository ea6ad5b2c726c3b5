"""Documentation comments of the Rust client. rustdoc makes pages of them; no text is markup of a page."""

from collections.abc import Iterator

from stepup_generator.client.docs import sections, wrapped
from stepup_generator.client.types import Field
from stepup_generator.client.view import Operation
from stepup_generator.languages.rust.examples import call, use
from stepup_generator.languages.rust.types import RUST
from stepup_generator.languages.rust.view import RustView

__all__ = ["crate_doc", "doc", "field_doc", "line", "operation_doc"]

_NOTHING = "No description."


def _lines(text: str) -> list[str]:
    return [each.replace("<", "&lt;") for each in RUST.doc_lines(text)]


def line(text: str) -> str:
    """A text in one line of a comment."""
    return " ".join(_lines(" ".join(text.split())))


def _comment(lines: list[str], mark: str = "///") -> str:
    return "\n".join(f"{mark} {each}".rstrip() for each in lines)


def doc(text: str) -> str:
    """Documentation around a text of the document."""
    return _comment(_lines(wrapped(text)) if text.strip() else [_NOTHING])


def crate_doc(view: RustView) -> str:
    return _comment(_lines(f"{view.api.title}: {view.settings.description}."), "//!")


def field_doc(field: Field) -> str:
    # No attribute: the client itself would be warned of it.
    return doc(sections(field.doc, "Deprecated." if field.deprecated else ""))


def operation_doc(view: RustView, item: Operation) -> str:
    """The comment above a method."""
    text = sections(wrapped(item.title), wrapped(item.source.description))
    lines = [*_lines(text), "", "# Errors", "", *_errors(view, item), *_example(view, item)]
    deprecated = ["#[deprecated]"] if item.source.deprecated else []
    return "\n".join((_comment(lines), *deprecated))


def _errors(view: RustView, item: Operation) -> Iterator[str]:
    if not item.errors:
        yield "Any [`Error`]."
        return
    kinds = {error.code: error.variant for error in view.refusals}
    yield from ("[`Error::Refused`], among others of kind", "")
    for error in item.errors:
        kind = kinds[error.code]
        yield f"- [`{kind}`](crate::RefusalKind::{kind}): {line(error.doc)}"
    yield from ("", "or any other [`Error`].")


def _example(view: RustView, item: Operation) -> Iterator[str]:
    source = call(view, item)
    if not source:
        return
    source = f"{source};" if item.result is None else f"let response = {source};"
    package, sample = view.settings.package, view.settings.sample_name
    yield from ("", "# Example", "", "```no_run")
    imported = use(package, view.imports(source))
    yield from (*imported.split("\n"), "") if imported else ()
    client = f"{package}::{view.settings.client}"
    yield f"# async fn example({sample}: {client}) -> Result<(), {package}::Error> {{"
    yield from source.split("\n")
    yield from ("# Ok(())", "# }", "```")
