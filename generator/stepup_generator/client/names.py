"""What each target language wants of names and texts: casing, reserved words, literals, comments.

Identifiers are built from ASCII letters and digits alone, whatever the document says, so that no name can
become code; texts are encoded, never pasted. A language is one subclass of ``Language``.
"""

import builtins
import json
import keyword
import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import ClassVar

from stepup_generator.openapi.model import Json

__all__ = ["Go", "Language", "Names", "Python", "Rust", "TypeScript", "words"]

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+[a-z]*")


def words(name: str) -> tuple[str, ...]:
    """Split a name at case changes and at whatever is no ASCII letter or digit: ``aBigID`` is a, Big, ID."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    return tuple(_WORD.findall(plain)) or ("value",)


def _names(text: str) -> frozenset[str]:
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


class Python(Language):
    """Python 3.11 and later."""

    name = "python"
    joint = "_"
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


def _pascal(wire: str) -> str:
    return "".join(word[0].upper() + word[1:] for word in words(wire))


def _capital(word: str) -> str:
    return word.capitalize() if word.isupper() else word[0].upper() + word[1:]


def _lines(value: str) -> list[str]:
    """Text as the lines of a comment, with an escape for whatever does not print as itself."""
    plain = value.replace("\r\n", "\n").replace("\t", "    ").strip()
    return ["".join(map(_escaped, line.rstrip(" "))) for line in plain.split("\n")]


class TypeScript(Language):
    """TypeScript, and with it JavaScript."""

    name = "typescript"
    reserved = _names(
        """
        await break case catch class const continue debugger default delete do else enum export extends
        false finally for function if import in instanceof new null return super switch this throw true try
        typeof var void while with yield let static implements interface package private protected public
        arguments eval undefined NaN Infinity async of
        """
    )
    # Types of the language and of its standard library that generated code names.
    reserved_types = _names(
        """
        Array AggregateError Boolean Date Error Headers Map Number Object Promise Readonly Record Reflect
        Request RequestInit Response Set String Symbol URL Uint8Array
        """
    )

    def member(self, wire: str) -> str:
        """Any word may name a property; ``argument`` avoids the reserved ones."""
        name = _pascal(wire)
        first = words(wire)[0]
        name = (first.lower() if first.isupper() else first[0].lower() + first[1:]) + name[len(first) :]
        return "n" + name if name[0].isdigit() else name

    def argument(self, wire: str) -> str:
        return self.safe(self.member(wire), "n")

    def type_name(self, wire: str) -> str:
        return self.safe(_pascal(wire), "N")

    def text(self, value: str) -> str:
        """JSON in ASCII is a literal of ECMAScript too; ``<`` is escaped for pages that hold the code."""
        return json.dumps(value).replace("<", "\\u003c")

    def literal(self, value: Json) -> str:
        if isinstance(value, Mapping):
            items = (f"{self._key(key)}: {self.literal(item)}" for key, item in value.items())
            return "{ " + ", ".join(items) + " }" if value else "{}"
        if isinstance(value, tuple):
            return "[" + ", ".join(self.literal(item) for item in value) + "]"
        return self.text(value) if isinstance(value, str) else json.dumps(value)

    def _key(self, key: str) -> str:
        # Computed, since a plain `__proto__` would set the prototype.
        if key == "__proto__":
            return '["__proto__"]'
        return key if re.fullmatch(r"[A-Za-z_]\w*", key, re.ASCII) else self.text(key)

    def doc_lines(self, value: str) -> list[str]:
        """Lines for the inside of a ``/** … */`` comment: they cannot end it, nor be a tag of JSDoc."""
        return [re.sub(r"(?<!\w)@", "&#64;", line.replace("*/", "*\\/")) for line in _lines(value)]


class Go(Language):
    """Go. Members are exported, since callers set and read them; ``argument`` is not."""

    name = "go"
    reserved = _names(
        """
        break case chan const continue default defer else fallthrough for func go goto if import interface
        map package range return select struct switch type var any append bool byte cap clear close complex
        complex64 complex128 copy delete error false float32 float64 imag int int8 int16 int32 int64 iota
        len make max min new nil panic print println real recover rune string true uint uint8 uint16 uint32
        uint64 uintptr ctx err init main
        """
    )
    # As Go's own style has it: ID and URL, never Id and Url.
    _INITIALISMS = _names("API HTML HTTP HTTPS ID IP JSON SQL TLS UI URI URL UUID XML")

    def member(self, wire: str) -> str:
        return self.safe("".join(map(self._word, words(wire))), "N")

    def type_name(self, wire: str) -> str:
        return self.member(wire)

    def argument(self, wire: str) -> str:
        first, *rest = words(wire)
        return self.safe(first.lower() + "".join(map(self._word, rest)), "n")

    def text(self, value: str) -> str:
        """In double quotes; a lone surrogate, which no Go string can hold, becomes U+FFFD."""
        return '"' + "".join(map(self._char, value)) + '"'

    def literal(self, value: Json) -> str:
        """A scalar; Go has no literal of its own for arbitrary JSON."""
        if isinstance(value, str):
            return self.text(value)
        return _scalar(value, "nil")

    def doc_lines(self, value: str) -> list[str]:
        """Lines for the right of ``// ``: none is a directive or a build constraint."""
        return [re.sub(r"^\+", "\\+", line) for line in _lines(value)]

    def _word(self, word: str) -> str:
        return word.upper() if word.upper() in self._INITIALISMS else word[0].upper() + word[1:]

    def _char(self, char: str) -> str:
        code = ord(char)
        if char in '"\\':
            return "\\" + char
        if char.isascii() and char.isprintable():
            return char
        return f"\\U{0xFFFD if 0xD800 <= code < 0xE000 else code:08x}"


class Rust(Language):
    """Rust, edition 2021 and later."""

    name = "rust"
    input_suffix = "Params"
    joint = "_"
    reserved = _names(
        """
        as async await break const continue crate dyn else enum extern false fn for gen if impl in let loop
        match mod move mut pub ref return self static struct super trait true type unsafe use where while
        abstract become box do final macro override priv try typeof unsized virtual yield union
        """
    )
    # Types of the language and its prelude.
    reserved_types = _names(
        """
        Box Clone Copy Default Drop Err Error Fn FnMut FnOnce From Into Iterator None Ok Option Result Self
        Send Some String Sync ToString Vec
        """
    )

    def member(self, wire: str) -> str:
        return self.safe("_".join(word.lower() for word in words(wire)), "n_")

    def type_name(self, wire: str) -> str:
        # Rust wants Uuid and Http in types, not UUID and HTTP.
        name = "".join(
            word[0].upper() + (word[1:].lower() if word.isupper() else word[1:]) for word in words(wire)
        )
        return self.safe(name, "N")

    def text(self, value: str) -> str:
        """In double quotes; a lone surrogate, which no Rust string can hold, becomes U+FFFD."""
        return '"' + "".join(map(self._char, value)) + '"'

    def literal(self, value: Json) -> str:
        """A scalar; for arbitrary JSON Rust has a macro, not a literal."""
        if isinstance(value, str):
            return self.text(value)
        return _scalar(value, "None")

    def doc_lines(self, value: str) -> list[str]:
        """Lines for the right of ``/// ``. No code in them is a doc test: rustdoc would run it."""
        # Neither a fence nor an indentation of four.
        shallow = (re.sub(" {4,}", "   ", line) for line in _lines(value))
        return [
            re.sub(r"`{3,}|~{3,}", lambda found: re.sub("(.)", r"\\\1", found[0]), line) for line in shallow
        ]

    def _char(self, char: str) -> str:
        code = ord(char)
        if char in '"\\':
            return "\\" + char
        if char.isascii() and char.isprintable():
            return char
        return f"\\u{{{0xFFFD if 0xD800 <= code < 0xE000 else code:x}}}"


def _scalar(value: Json, null: str) -> str:
    if value is None:
        return null
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    raise TypeError(f"no literal for {type(value).__name__}")


def _escaped(char: str) -> str:
    """A character of a Python string literal; ``isprintable`` knows controls, formats and surrogates."""
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
