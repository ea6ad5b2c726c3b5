"""A YAML or JSON document as a tree of nodes that remember where they stand.

Follows the core schema of YAML 1.2: ``yes``, ``on`` and dates are strings. Refused: several documents,
anchors and aliases (a few lines of them can stand for gigabytes), tags, duplicate keys, keys that are no
scalars, and nesting deeper than any honest document has.
"""

import math
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from stepup_generator.errors import Problem, SpecError

__all__ = ["Node", "Scalar", "load", "pointer_to"]

Scalar = str | int | float | bool | None

_MAX_BYTES = 32 * 1024 * 1024
_MAX_DEPTH = 100
# Two escapes for one character, as JSON writes those beyond U+FFFF; an escaped backslash begins no escape.
_SURROGATES = re.compile(r"\\\\|\\u([Dd][89ABab][0-9A-Fa-f]{2})\\u([Dd][C-Fc-f][0-9A-Fa-f]{2})")
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_TRUE = frozenset(("true", "True", "TRUE"))
_FALSE = frozenset(("false", "False", "FALSE"))
_INTEGER = re.compile(r"[-+]?[0-9]{1,400}\Z")
_NOT_PRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?\Z")

# PyYAML's own type, written out: libyaml's parser where it was built, six to ten times faster.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A value and the place where it begins; ``keys`` are the places of a mapping's keys."""

    value: "dict[str, Node] | list[Node] | Scalar"
    line: int
    column: int
    keys: dict[str, tuple[int, int]]

    @property
    def type_name(self) -> str:
        """The JSON type, as messages call it."""
        names: dict[type, str] = {
            dict: "an object", list: "an array", str: "a string", bool: "a boolean",
            int: "an integer", float: "a number", type(None): "null",
        }  # fmt: skip
        return names[type(self.value)]

    def plain(self) -> object:
        """The value as plain dicts, lists and scalars."""
        if isinstance(self.value, dict):
            return {key: item.plain() for key, item in self.value.items()}
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        return self.value


def pointer_to(pointer: str, *keys: str | int) -> str:
    """Extend a JSON pointer (RFC 6901 section 3: ``~`` and ``/`` are escaped)."""
    return pointer + "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in keys)


def load(path: Path) -> Node:
    """Read the one document of a file.

    Raises SpecError naming every duplicate key, alias and tag, and the place where the YAML itself breaks.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise SpecError(path, (Problem(1, 1, "#", f"the file is larger than {_MAX_BYTES >> 20} MiB"),))
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        where = Problem(1, 1, "#", f"byte {error.start} is not UTF-8")
        raise SpecError(path, (where,)) from None
    except OSError as error:
        raise SpecError(path, (Problem(1, 1, "#", f"cannot be read: {error.strerror}"),)) from None
    builder = _Builder()
    try:
        builder.build(_SURROGATES.sub(_joined, text) if text.lstrip().startswith("{") else text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        builder.problems.append(Problem(line, column, builder.pointer(), f"broken YAML: {error.problem}"))
    except yaml.YAMLError as error:
        line, column = _bad_character(text)
        first_line = str(error).splitlines()[0]
        builder.problems.append(Problem(line, column, builder.pointer(), f"broken YAML: {first_line}"))
    except _Stop as error:
        builder.problems.append(error.problem)
    if builder.problems or builder.root is None:
        empty = Problem(1, 1, "#", "the document is empty; expected an OpenAPI 3.1 document")
        raise SpecError(path, tuple(builder.problems) or (empty,))
    return builder.root


def _joined(match: re.Match[str]) -> str:
    """One escape for a pair: the one thing of JSON (RFC 8259 section 7) that YAML 1.2 does not have."""
    if not match[1]:
        return match[0]
    code = 0x10000 + ((int(match[1], 16) - 0xD800) << 10) + (int(match[2], 16) - 0xDC00)
    return f"\\U{code:08X}"


class _Stop(Exception):
    """What follows cannot be made sense of."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem


class _Builder:
    """Builds nodes from parser events with a stack of its own: nothing recurses, nothing is expanded."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self.problems: list[Problem] = []
        self._open: list[Node] = []
        # The key whose value comes next, for each open mapping; None where a key comes next.
        self._keys: list[str | None] = []

    def pointer(self) -> str:
        """Where the parser stands."""
        steps: list[str | int] = []
        for node, key in zip(self._open, self._keys, strict=True):
            if isinstance(node.value, list):
                # An open child was added already; otherwise the next item is meant.
                steps.append(len(node.value) - (node is not self._open[-1]))
            elif key is not None:
                steps.append(key)
        return pointer_to("#", *steps)

    def build(self, text: str) -> None:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.AliasEvent):
                self._refuse(event, "YAML aliases are not supported; use $ref")
                self._add(Node(None, *_place(event), {}))
                self._value_is_done()
            elif isinstance(event, yaml.ScalarEvent):
                self._check(event)
                self._scalar(event)
            elif isinstance(event, yaml.CollectionStartEvent):
                self._check(event)
                self._start(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._open.pop()
                self._keys.pop()
                self._value_is_done()
            elif isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
                self._refuse(event, "a second document begins here; a file holds one")
                return

    def _start(self, event: yaml.CollectionStartEvent) -> None:
        line, column = _place(event)
        if len(self._open) >= _MAX_DEPTH:
            raise _Stop(Problem(line, column, "#", f"nested deeper than {_MAX_DEPTH} levels"))
        if self._wants_key():
            raise _Stop(Problem(line, column, self.pointer(), "a key must be a scalar"))
        mapping = isinstance(event, yaml.MappingStartEvent)
        node = Node({} if mapping else [], line, column, {})
        self._add(node)
        self._open.append(node)
        self._keys.append(None)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        if not self._wants_key():
            value = _resolve(event.value) if event.implicit[0] else event.value
            self._add(Node(value, *_place(event), {}))
            self._value_is_done()
            return
        mapping = self._open[-1]
        if event.value in mapping.keys:
            line, _ = mapping.keys[event.value]
            self._refuse(event, f"key {event.value!r} stands twice in this object, first in line {line}")
        mapping.keys[event.value] = _place(event)
        self._keys[-1] = event.value

    def _wants_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1].value, dict) and self._keys[-1] is None

    def _add(self, node: Node) -> None:
        if not self._open:
            self.root = node
            return
        parent, key = self._open[-1].value, self._keys[-1]
        if isinstance(parent, list):
            parent.append(node)
        elif isinstance(parent, dict) and key is not None:
            parent[key] = node

    def _value_is_done(self) -> None:
        if self._keys:
            self._keys[-1] = None

    def _check(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        if event.anchor is not None:
            self._refuse(event, "YAML anchors are not supported; use $ref")
        if event.tag is not None:
            self._refuse(event, f"YAML tag {event.tag!r} is not supported")

    def _refuse(self, event: yaml.Event, message: str) -> None:
        line, column = _place(event)
        self.problems.append(Problem(line, column, self.pointer(), message))


def _place(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _bad_character(text: str) -> tuple[int, int]:
    """Where the first character stands that YAML 1.2 section 5.1 does not allow; its reader does not say."""
    match = _NOT_PRINTABLE.search(text)
    if match is None:
        return 1, 1
    before = text[: match.start()]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _resolve(text: str) -> Scalar:
    """YAML 1.2 section 10.3.2, less octal, hexadecimal, infinities and NaN, which JSON does not have."""
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if _INTEGER.match(text):
        return int(text)
    if _NUMBER.match(text) and math.isfinite(float(text)):
        return float(text)
    return text
