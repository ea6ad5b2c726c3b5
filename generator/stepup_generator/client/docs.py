"""Prose of the document as comments of the rendered clients: filled, but lists and code as they were."""

import re
import textwrap

__all__ = ["sections", "wrapped"]

# Lines that begin like a list, a heading, a quotation, a table, a fence or code.
_NOT_PROSE = re.compile(r"^(\s|[-*+#>|`~]|[0-9]+[.)])", re.MULTILINE)


def wrapped(text: str, width: int = 100) -> str:
    """Fill paragraphs of prose; lists, tables, code and the like stay as they were written."""
    return "\n\n".join(
        block if _NOT_PROSE.search(block) else textwrap.fill(block, width, break_long_words=False)
        for block in text.strip().split("\n\n")
    )


def sections(*parts: str) -> str:
    """Paragraphs with an empty line between them; empty ones are left out."""
    return "\n\n".join(part.strip("\n") for part in parts if part.strip())
