"""Docstrings of the Python client, in the sections that Python's tools know: Args, Raises, Example."""

import re
import textwrap
from collections.abc import Iterable

from stepup_generator.languages.python.parts import PyArgument, PyError
from stepup_generator.openapi.model import Operation

__all__ = ["operation", "wrapped"]

_WIDTH = 100
# Lines that begin like a list, a heading, a quotation, a table, a fence or code.
_NOT_PROSE = re.compile(r"^(\s|[-*+#>|`~]|[0-9]+[.)])", re.MULTILINE)


def operation(
    title: str, source: Operation, arguments: Iterable[PyArgument], errors: Iterable[PyError], root: str
) -> str:
    """The text above a method's example: what it does, takes and raises."""
    parts = [wrapped(title)]
    if source.deprecated:
        parts.append("Deprecated.")
    parts.append(wrapped(source.description))
    parts.append(_section("Args", ((item.name, item.doc) for item in arguments)))
    raises = [(item.name, item.doc) for item in errors]
    parts.append(_section("Raises", (*raises, (root, "Any other failure; see ``errors``."))))
    return "\n\n".join(part for part in parts if part)


def wrapped(text: str) -> str:
    """Fill paragraphs of prose; lists, tables, code and the like stay as they were written."""
    return "\n\n".join(
        block if _NOT_PROSE.search(block) else textwrap.fill(block, _WIDTH, break_long_words=False)
        for block in text.split("\n\n")
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
