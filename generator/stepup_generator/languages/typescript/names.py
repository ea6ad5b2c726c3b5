"""Names, literals and comments in TypeScript."""

import json
import re
from collections.abc import Mapping

from stepup_generator.client.names import Language, comment_lines, name_set, pascal, words
from stepup_generator.openapi.model import Json

__all__ = ["TYPESCRIPT", "TypeScript"]


class TypeScript(Language):
    """TypeScript, and with it JavaScript."""

    name = "typescript"
    reserved = name_set(
        """
        await break case catch class const continue debugger default delete do else enum export extends
        false finally for function if import in instanceof new null return super switch this throw true try
        typeof var void while with yield let static implements interface package private protected public
        arguments eval undefined NaN Infinity async of
        """
    )
    # Types of the language and of its standard library that generated code names.
    reserved_types = name_set(
        """
        Array AggregateError Boolean Date Error Headers Map Number Object Promise Readonly Record Reflect
        Request RequestInit Response Set String Symbol URL Uint8Array
        """
    )

    def member(self, wire: str) -> str:
        """Any word may name a property; ``argument`` avoids the reserved ones."""
        name = pascal(wire)
        first = words(wire)[0]
        name = (first.lower() if first.isupper() else first[0].lower() + first[1:]) + name[len(first) :]
        return "n" + name if name[0].isdigit() else name

    def argument(self, wire: str) -> str:
        return self.safe(self.member(wire), "n")

    def type_name(self, wire: str) -> str:
        return self.safe(pascal(wire), "N")

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
        return [re.sub(r"(?<!\w)@", "&#64;", line.replace("*/", "*\\/")) for line in comment_lines(value)]


TYPESCRIPT = TypeScript()
