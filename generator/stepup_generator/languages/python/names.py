"""Names, literals and comments in Python."""

import builtins
import keyword
import re
from collections.abc import Mapping

from stepup_generator.client.names import Language, escaped, words
from stepup_generator.openapi.model import Json

__all__ = ["PYTHON", "Python"]


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
        inside = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return '"' + "".join(map(escaped, inside)) + '"'

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
        inside = value.replace("\\", "\\\\").replace("\r\n", "\n").strip()
        inside = re.sub(r'"(?="|\Z)', r'\\"', inside)
        return "".join(char if char == "\n" else escaped(char) for char in inside)

    def comment(self, value: str) -> str:
        """Text for one line behind ``#``."""
        return "".join(map(escaped, " ".join(value.split())))


PYTHON = Python()
