"""Docstrings of the Python client, in the sections that Python's tools know: Args, Raises, Example."""

import textwrap
from collections.abc import Iterable

from stepup_generator.client.docs import sections, wrapped
from stepup_generator.client.types import Field
from stepup_generator.client.view import Operation

__all__ = ["operation_doc"]

_WIDTH = 100


def operation_doc(item: Operation, arguments: Iterable[Field], root: str) -> str:
    """The text above a method's example: what it does, its arguments and its errors."""
    raises = [(error.name, error.doc) for error in item.errors]
    return sections(
        wrapped(item.title),
        "Deprecated." if item.source.deprecated else "",
        wrapped(item.source.description),
        _section("Args", ((field.name, field.doc or "No description.") for field in arguments)),
        _section("Raises", (*raises, (root, "Any other failure; see ``errors``."))),
    )


def _section(title: str, entries: Iterable[tuple[str, str]]) -> str:
    lines = [
        textwrap.fill(
            f"{name}: {' '.join(text.split())}",
            _WIDTH,
            initial_indent="    ",
            subsequent_indent="        ",
            break_long_words=False,
        )
        for name, text in entries
    ]
    return "\n".join((f"{title}:", *lines)) if lines else ""
