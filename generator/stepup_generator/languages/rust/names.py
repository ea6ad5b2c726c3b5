"""Names, literals and comments in Rust."""

import re

from stepup_generator.client.names import Language, comment_lines, name_set, scalar, words
from stepup_generator.openapi.model import Json

__all__ = ["RUST", "Rust"]


class Rust(Language):
    """Rust, edition 2021 and later."""

    name = "rust"
    input_suffix = "Params"
    joint = type_joint = "_"
    reserved = name_set(
        """
        as async await break const continue crate dyn else enum extern false fn for gen if impl in let loop
        match mod move mut pub ref return self static struct super trait true type unsafe use where while
        abstract become box do final macro override priv try typeof unsized virtual yield union
        """
    )
    # Types of the language and its prelude.
    reserved_types = name_set(
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
        return scalar(value, "None")

    def doc_lines(self, value: str) -> list[str]:
        """Lines for the right of ``/// ``. No code in them is a doc test: rustdoc would run it."""
        # Neither a fence nor an indentation of four.
        shallow = (re.sub(" {4,}", "   ", line) for line in comment_lines(value))
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


RUST = Rust()
