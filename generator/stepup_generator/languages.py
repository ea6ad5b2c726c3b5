"""What each target language wants of names and texts: casing, reserved words, literals, comments.

Identifiers are built from ASCII letters and digits alone, whatever the document says, so that no name can
become code; texts are encoded, never pasted. A language is one subclass of ``Language``.
"""

import builtins
import keyword
import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import ClassVar

from stepup_generator.model import Json

__all__ = ["Language", "Names", "Python", "words"]

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+[a-z]*")


def words(name: str) -> tuple[str, ...]:
    """Split a name at case changes and at whatever is no ASCII letter or digit: ``aBigID`` is a, Big, ID."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    return tuple(_WORD.findall(plain)) or ("value",)


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

    @abstractmethod
    def member(self, wire: str) -> str:
        """The name of a function, parameter or field."""

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


class Python(Language):
    """Python 3.11 and later."""

    name = "python"
    # Beside the keywords: the builtins that generated annotations and defaults name, and the first argument.
    reserved = frozenset(
        (*keyword.kwlist, "self", "str", "int", "float", "bool", "list", "dict", "tuple", "object", "bytes")
    )
    # Names that a type must not hide in a module of generated code.
    reserved_types = frozenset(name for name in dir(builtins) if name[0].isupper())

    def member(self, wire: str) -> str:
        return self.safe("_".join(word.lower() for word in words(wire)), "n_")

    def constant(self, wire: str) -> str:
        return self.safe("_".join(word.upper() for word in words(wire)), "N_")

    def type_name(self, wire: str) -> str:
        return self.safe("".join(word[0].upper() + word[1:] for word in words(wire)), "N")

    def text(self, value: str) -> str:
        """In double quotes, with an escape for whatever does not print as itself."""
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return '"' + "".join(map(_escaped, escaped)) + '"'

    def literal(self, value: Json) -> str:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            items = (f"{self.text(key)}: {self.literal(item)}" for key, item in value.items())
            return "{" + ", ".join(items) + "}"
        if isinstance(value, tuple):
            return "[" + ", ".join(self.literal(item) for item in value) + "]"
        return repr(value)

    def docstring(self, value: str) -> str:
        """Text for the inside of a docstring of three double quotes; it cannot end it and reads as it was."""
        escaped = value.replace("\\", "\\\\").replace("\r\n", "\n").strip()
        escaped = re.sub(r'"(?="|\Z)', r'\\"', escaped)
        return "".join(char if char == "\n" else _escaped(char) for char in escaped)

    def comment(self, value: str) -> str:
        """Text for one line behind ``#``."""
        return "".join(map(_escaped, " ".join(value.split())))


def _escaped(char: str) -> str:
    """A character of a Python string literal; ``isprintable`` knows controls, formats and surrogates."""
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
