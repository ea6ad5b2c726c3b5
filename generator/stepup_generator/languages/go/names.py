"""Names, literals and comments in Go."""

import re

from stepup_generator.client.docs import wrapped
from stepup_generator.client.names import Language, comment_lines, name_set, scalar, words
from stepup_generator.openapi.model import Json

__all__ = ["GO", "Go", "doc"]


class Go(Language):
    """Go. Members are exported, since callers set and read them; ``argument`` is not."""

    name = "go"
    reserved = name_set(
        """
        break case chan const continue default defer else fallthrough for func go goto if import interface
        map package range return select struct switch type var any append bool byte cap clear close complex
        complex64 complex128 copy delete error false float32 float64 imag int int8 int16 int32 int64 iota
        len make max min new nil panic print println real recover rune string true uint uint8 uint16 uint32
        uint64 uintptr ctx err init main
        """
    )
    # Go's style: ID and URL, never Id and Url.
    _INITIALISMS = name_set("API HTML HTTP HTTPS ID IP JSON SQL TLS UI URI URL UUID XML")

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
        return scalar(value, "nil")

    def doc_lines(self, value: str) -> list[str]:
        """Lines for the right of ``// ``: none is a directive or a build constraint."""
        return [re.sub(r"^\+", "\\+", line) for line in comment_lines(value)]

    def _word(self, word: str) -> str:
        return word.upper() if word.upper() in self._INITIALISMS else word[0].upper() + word[1:]

    def _char(self, char: str) -> str:
        code = ord(char)
        if char in '"\\':
            return "\\" + char
        if char.isascii() and char.isprintable():
            return char
        return f"\\U{0xFFFD if 0xD800 <= code < 0xE000 else code:08x}"


GO = Go()


def doc(text: str) -> str:
    """The lines of a comment around a text, its prose filled; gofmt does the rest."""
    return "\n".join(f"// {line}".rstrip() for line in GO.doc_lines(wrapped(text)))
