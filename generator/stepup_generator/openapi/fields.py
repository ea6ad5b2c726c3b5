"""Reads one object of the document by keyword and collects what is wrong with it.

Every object has a closed list of keywords: one that is not on it is a problem, never ignored, since an
ignored keyword would be a promise that nothing keeps. Only extensions (``x-…``) of others are let through.
"""

from collections.abc import Iterable, Iterator
from types import MappingProxyType

from stepup_generator.errors import Problem
from stepup_generator.openapi.document import Node, pointer_to
from stepup_generator.openapi.model import Json, Value

__all__ = ["Fields", "Problems", "frozen", "shown"]

_OURS = "x-stepup-"


class Problems:
    """Collects problems; the same one found twice, through two references, counts once."""

    def __init__(self) -> None:
        self._found: dict[Problem, None] = {}

    def add(self, place: Node | tuple[int, int], pointer: str, message: str) -> None:
        line, column = (place.line, place.column) if isinstance(place, Node) else place
        self._found[Problem(line, column, pointer, message)] = None

    def __bool__(self) -> bool:
        return bool(self._found)

    def sorted(self) -> tuple[Problem, ...]:
        """In the order of the document."""
        return tuple(sorted(self._found))


def frozen(node: Node) -> Json:
    """The value of a node as JSON that cannot be changed."""
    if isinstance(node.value, dict):
        return MappingProxyType({key: frozen(item) for key, item in node.value.items()})
    if isinstance(node.value, list):
        return tuple(frozen(item) for item in node.value)
    return node.value


class Fields:
    """One object of the document, called ``what`` in messages. A reader asks for each keyword by its type."""

    def __init__(
        self, problems: Problems, node: Node, pointer: str, what: str, keywords: Iterable[str] | None
    ) -> None:
        self.problems = problems
        self.node = node
        self.pointer = pointer
        self.what = what
        self._values = node.value if isinstance(node.value, dict) else {}
        if not isinstance(node.value, dict):
            problems.add(node, pointer, f"found {node.type_name}; expected an object ({what})")
        elif keywords is not None:
            self._reject_others(tuple(keywords))

    def _reject_others(self, keywords: tuple[str, ...]) -> None:
        for key in self._values:
            if key in keywords or (key.startswith("x-") and not key.startswith(_OURS)):
                continue
            supported = ", ".join(keywords)
            self.problems.add(
                self.node.keys[key],
                self.pointer,
                f'keyword "{shown(key)}" is not supported in {self.what} (supported: {supported})',
            )

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def at(self, key: str) -> str:
        """The JSON pointer of a keyword's value."""
        return pointer_to(self.pointer, key)

    def reject(self, key: str, message: str) -> None:
        """Report a problem with the value of ``key``, or with the object where it has none."""
        if key in self._values:
            self.problems.add(self._values[key], self.at(key), message)
        else:
            self.problems.add(self.node, self.pointer, message)

    def require(self, *keys: str) -> None:
        """Report every key that is missing."""
        for key in keys:
            if key not in self._values and isinstance(self.node.value, dict):
                self.problems.add(self.node, self.pointer, f'"{key}" is missing; {self.what} needs it')

    def get(self, key: str) -> Node | None:
        return self._values.get(key)

    def text(self, key: str, default: str = "") -> str:
        value = self._typed(key, str, "a string")
        return value if isinstance(value, str) else default

    def boolean(self, key: str, default: bool = False) -> bool:
        value = self._typed(key, bool, "a boolean")
        return value if isinstance(value, bool) else default

    def count(self, key: str) -> int | None:
        """A non-negative integer."""
        value = self.number(key)
        if value is None or (isinstance(value, int) and value >= 0):
            return value
        self.reject(key, f"found {value}; expected a non-negative integer")
        return None

    def number(self, key: str) -> int | float | None:
        node = self._values.get(key)
        if node is None:
            return None
        if isinstance(node.value, int | float) and not isinstance(node.value, bool):
            return node.value
        self.reject(key, f"found {node.type_name}; expected a number")
        return None

    def one_of(self, key: str, allowed: Iterable[str]) -> str:
        """A string out of a closed list; "" where it is missing or another."""
        value, choices = self.text(key), tuple(allowed)
        if key in self._values and isinstance(self._values[key].value, str) and value not in choices:
            self.reject(key, f'found "{shown(value)}"; supported: {", ".join(choices)}')
            return ""
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """An array of strings."""
        found = []
        for node, pointer in self.items(key):
            if isinstance(node.value, str):
                found.append(node.value)
            else:
                self.problems.add(node, pointer, f"found {node.type_name}; expected a string")
        return tuple(found)

    def items(self, key: str) -> Iterator[tuple[Node, str]]:
        """The items of an array with their pointers."""
        value = self._typed(key, list, "an array")
        if isinstance(value, list):
            for index, node in enumerate(value):
                yield node, pointer_to(self.at(key), index)

    def entries(self, key: str) -> Iterator[tuple[str, Node, str]]:
        """The names, nodes and pointers of an object whose keys are names."""
        value = self._typed(key, dict, "an object")
        if isinstance(value, dict):
            for name, node in value.items():
                yield name, node, pointer_to(self.at(key), name)

    def child(self, key: str, what: str, keywords: Iterable[str] | None) -> "Fields | None":
        """The object under ``key`` with its own closed list."""
        node = self._values.get(key)
        return None if node is None else Fields(self.problems, node, self.at(key), what, keywords)

    def json(self, key: str) -> Value | None:
        node = self._values.get(key)
        return None if node is None else Value(frozen(node))

    def _typed(self, key: str, expected: type, name: str) -> object:
        node = self._values.get(key)
        if node is None:
            return None
        if isinstance(node.value, expected):
            return node.value
        self.reject(key, f"found {node.type_name}; expected {name}")
        return None


def shown(text: str) -> str:
    """A piece of the document in a message: one line, no control or direction-changing characters."""
    text = text if len(text) <= 80 else text[:77] + "…"
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)
