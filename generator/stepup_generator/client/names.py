"""What each target language wants of names and texts: casing, reserved words, literals, comments.

Identifiers are built from ASCII letters and digits alone, whatever the document says, so that no name can
become code; texts are encoded, never pasted. A language is one subclass of ``Language``.
"""

import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar

from stepup_generator.openapi.model import Json

__all__ = [
    "Language",
    "Names",
    "capital",
    "comment_lines",
    "escaped",
    "name_set",
    "pascal",
    "scalar",
    "words",
]

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+[a-z]*")


def words(name: str) -> tuple[str, ...]:
    """Split a name at case changes and at all but ASCII letters and digits: ``aBigID`` is a, Big, ID."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    return tuple(_WORD.findall(plain)) or ("value",)


def name_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


class Names:
    """The names of one scope: each wire name gets one of its own, in the order asked, reserved ones never."""

    def __init__(self, reserved: Iterable[str] = (), joint: str = "_") -> None:
        self._taken = set(reserved)
        self._joint = joint

    def take(self, name: str) -> str:
        """Return ``name``, or with ``_2``, ``_3`` … behind it (``_`` is ``joint``) the first that is free."""
        chosen, number = name, 1
        while chosen in self._taken:
            number += 1
            chosen = f"{name}{self._joint}{number}"
        self._taken.add(chosen)
        return chosen


class Language(ABC):
    """How one language writes names and values."""

    name: ClassVar[str]
    reserved: ClassVar[frozenset[str]]
    # What the type of an operation's inputs is called behind its own name, and what makes a name unique.
    input_suffix: ClassVar[str] = "Request"
    joint: ClassVar[str] = ""
    # The same between the name of a type and its number.
    type_joint: ClassVar[str] = ""

    @abstractmethod
    def member(self, wire: str) -> str:
        """The name of a function, parameter or field."""

    def argument(self, wire: str) -> str:
        """The name of a parameter or local variable, where that differs from a field's."""
        return self.member(wire)

    def variant(self, wire: str) -> str:
        """The name of one value of an enum, or of one variant of a union, within its type."""
        return self.type_name("_".join(word.capitalize() for word in words(wire)))

    @abstractmethod
    def type_name(self, wire: str) -> str:
        """The name of a type."""

    @abstractmethod
    def text(self, value: str) -> str:
        """A string literal."""

    @abstractmethod
    def literal(self, value: Json) -> str:
        """A literal of any JSON value."""

    def safe(self, name: str, prefix: str) -> str:
        """Put ``prefix`` before a leading digit, and ``_`` behind a reserved word."""
        name = prefix + name if name[0].isdigit() else name
        return name + "_" if name in self.reserved else name


def pascal(wire: str) -> str:
    return "".join(word[0].upper() + word[1:] for word in words(wire))


def capital(word: str) -> str:
    return word.capitalize() if word.isupper() else word[0].upper() + word[1:]


def comment_lines(value: str) -> list[str]:
    """Text as the lines of a comment, with an escape for whatever does not print as itself."""
    plain = value.replace("\r\n", "\n").replace("\t", "    ").strip()
    return ["".join(map(escaped, line.rstrip(" "))) for line in plain.split("\n")]


def scalar(value: Json, null: str) -> str:
    if value is None:
        return null
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    raise TypeError(f"no literal for {type(value).__name__}")


def escaped(char: str) -> str:
    """A character of a Python string literal; ``isprintable`` knows controls, formats and surrogates."""
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
