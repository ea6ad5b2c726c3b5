"""Highlights code with Pygments while the site is built, so that the page needs no script.

Three marks are enough for short samples: ``<b>`` for keywords and keys, ``<u>`` for strings, ``<i>`` for
comments. They are short, say nothing to a screen reader, and the style sheet alone decides what they look
like. Code that Pygments does not know, or whose text it would change, is printed as it is.
"""

from functools import cache
from html import escape
from itertools import groupby

from markupsafe import Markup
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Keyword, Name, String, _TokenType
from pygments.util import ClassNotFound

__all__ = ["highlight"]

_MARKS = ((Comment, "i"), (String, "u"), (Keyword, "b"), (Name.Tag, "b"), (Name.Attribute, "b"))


def highlight(code: str, language: str) -> Markup:
    """``code`` as HTML for the content of an element, marked up as ``language`` (``python``, ``sh``, …)."""
    lexer = _lexer(language)
    if lexer is None:
        return Markup(_text(code))  # noqa: S704  escaped
    # Without Pygments' preparation of its input, which strips and adds line ends.
    tokens = [(_mark(kind), text) for _, kind, text in lexer.get_tokens_unprocessed(code)]
    if "".join(text for _, text in tokens) != code:
        return Markup(_text(code))  # noqa: S704  some lexers (console) end every line
    pieces = []
    for mark, group in groupby(tokens, key=lambda token: token[0]):
        text = _text("".join(part for _, part in group))
        pieces.append(f"<{mark}>{text}</{mark}>" if mark else text)
    return Markup("".join(pieces))  # noqa: S704  every piece of the code is escaped


def _text(code: str) -> str:
    return escape(code, quote=False)  # element content: quotes stay quotes


def _mark(kind: _TokenType) -> str:
    return next((mark for parent, mark in _MARKS if kind in parent), "")


@cache
def _lexer(language: str) -> Lexer | None:
    try:
        return get_lexer_by_name(language)
    except ClassNotFound:
        return None
