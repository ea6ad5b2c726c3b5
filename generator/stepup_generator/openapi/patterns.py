r"""The regular expressions that mean the same in Python, JavaScript, Go and Rust.

Literals, escaped punctuation, classes of single characters and ranges, groups, alternation, quantifiers, and
the anchors ``^`` and ``$`` for the very ends. Whatever differs between the languages is not portable: ``.``,
``\d`` and its like, word boundaries, lazy and possessive quantifiers, references and looking around.
"""

import re

__all__ = ["portable"]

_TOKEN = re.compile(
    r"""
    (?P<literal> \\[\\^$.|?*+()\[\]{}/] | [^\\^$.|?*+()\[\]{}] )
    | (?P<class> \[ \^? (?: \\[\\\]\[^-] | [^\\\[\]^] ) (?: \\[\\\]\[^-] | [^\\\[\]] )* \] )
    | (?P<quantifier> [*+?] | \{ [0-9]{1,3} (?: , (?:[0-9]{1,3})? )? \} )
    | (?P<open> \( (?: \?: )? )
    | (?P<close> \) )
    | (?P<other> [|^$] )
    """,
    re.VERBOSE,
)
# Rust reads these within a class as operations on sets.
_SET_OPERATION = re.compile(r"&&|--|~~")


def portable(regex: str) -> bool:
    """Does ``regex`` mean the same in every language?"""
    place, before = 0, ""
    while place < len(regex):
        token = _TOKEN.match(regex, place)
        if token is None:
            return False
        kind = str(token.lastgroup)
        if kind == "quantifier" and before not in ("literal", "class", "close"):
            return False
        if kind == "class" and _SET_OPERATION.search(token[0]):
            return False
        place, before = token.end(), kind
    try:
        re.compile(regex)
    except re.error:  # groups or ranges that do not close
        return False
    return True
