"""Highlights code while the site is built: a few regular expressions a language, and no script in the page.

Three marks are enough for short samples: ``<b>`` for keywords and keys, ``<u>`` for strings, ``<i>`` for
comments. They are short, say nothing to a screen reader, and the style sheet alone decides what they look
like. A language that is not known is printed as it is. Nothing is dropped: the text content is the code.
"""

import re
from collections.abc import Mapping
from functools import cache
from html import escape

from markupsafe import Markup

__all__ = ["highlight"]

_DOUBLE, _SINGLE = r'"(?:\\.|[^"\\\n])*"', r"'(?:\\.|[^'\\\n])*'"
_C_COMMENT = r"//[^\n]*|/\*.*?\*/"
_HASH = r"(?:(?<=\s)|^)\#[^\n]*"

_PYTHON_WORDS = """and as assert async await break case class continue def del elif else except False finally
    for from global if import in is lambda match None nonlocal not or pass raise return True try while with
    yield"""
_JS_WORDS = """as async await break case catch class const continue default delete do else export extends
    false finally for from function if implements import in instanceof interface let new null of return
    static super switch this throw true try type typeof undefined var void while yield"""
_GO_WORDS = """break case chan const continue default defer else fallthrough false for func go goto if import
    interface map nil package range return select struct switch true type var"""
_RUST_WORDS = """as async await break const continue crate dyn else enum false fn for if impl in let loop
    match mod move mut None pub ref return self Self Some static struct super trait true type unsafe use
    where while"""
_SHELL_WORDS = "case do done elif else esac export fi for function if in set then while"


def _words(text: str) -> str:
    return rf"(?<![\w.$-])(?:{'|'.join(text.split())})(?![\w-])"


# Of each language: comments, strings, keywords and keys. An empty expression never matches.
_JS = (_C_COMMENT, rf"{_DOUBLE}|{_SINGLE}|`(?:\\.|[^`\\])*`", _words(_JS_WORDS))
_SHELL = (_HASH, r"\"(?:\\.|[^\"\\])*\"|'[^']*'", rf"{_words(_SHELL_WORDS)}|^\$ |(?<=\s)--?[a-zA-Z][\w-]*")
_GRAMMARS: Mapping[str, tuple[str, str, str]] = {
    "python": (
        _HASH,
        rf'[rbfRBF]{{0,2}}(?:"""(?:\\.|[^\\])*?"""|{_DOUBLE}|{_SINGLE})',
        rf"{_words(_PYTHON_WORDS)}|^\s*@[\w.]+",
    ),
    "javascript": _JS,
    "typescript": _JS,
    "go": (_C_COMMENT, rf"{_DOUBLE}|`[^`]*`|{_SINGLE}", _words(_GO_WORDS)),
    "rust": (_C_COMMENT, rf'{_DOUBLE}|r#*"[^"]*"#*|\'(?:\\.|[^\'\\])\'', _words(_RUST_WORDS)),
    "shell": _SHELL,
    "json": ("", rf"{_DOUBLE}(?!\s*:)", rf"{_DOUBLE}(?=\s*:)|\b(?:true|false|null)\b"),
    "yaml": (_HASH, rf"{_DOUBLE}|{_SINGLE}", r"^[ \t]*(?:- )?[\w./$-]+(?=:(?:\s|$))"),
    "toml": (_HASH, rf"{_DOUBLE}|{_SINGLE}", r"^\s*\[[^\]\n]*\]|^[\w.-]+(?=\s*=)"),
}
_ALSO = {
    "py": "python", "js": "javascript", "mjs": "javascript", "ts": "typescript", "rs": "rust", "sh": "shell",
    "bash": "shell", "curl": "shell", "console": "shell", "yml": "yaml", "pycon": "python",
}  # fmt: skip
_MARKS = {"comment": "i", "string": "u", "word": "b"}


def highlight(code: str, language: str) -> Markup:
    """``code`` as HTML for the content of an element, marked up as ``language`` (``python``, ``sh``, …)."""
    grammar = _grammar(_ALSO.get(language, language))
    pieces, done = [], 0
    for match in grammar.finditer(code) if grammar else ():
        mark = _MARKS[str(match.lastgroup)]
        pieces += [_text(code[done : match.start()]), f"<{mark}>{_text(match[0])}</{mark}>"]
        done = match.end()
    return Markup("".join(pieces) + _text(code[done:]))  # noqa: S704  every piece of the code is escaped


def _text(code: str) -> str:
    return escape(code, quote=False)  # element content: quotes stay quotes


@cache
def _grammar(language: str) -> re.Pattern[str] | None:
    if language not in _GRAMMARS:
        return None
    parts = zip(_MARKS, _GRAMMARS[language], strict=True)
    return re.compile("|".join(f"(?P<{name}>{part})" for name, part in parts if part), re.DOTALL | re.M)
