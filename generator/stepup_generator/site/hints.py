"""Reads where a test server tells a value that only it knows: a code that was sent to a user, say.

The control document says so by links: the answer of one of its calls feeds a request of the product's API.
Refused is a link to an operation that the document does not have; whatever else the control document says is
left to its own readers.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from stepup_generator.errors import SiteError, SiteProblem
from stepup_generator.openapi.document import Node, load, pointer_to
from stepup_generator.openapi.model import Api, Operation

__all__ = ["Hint", "read_hints"]

_TOLD = re.compile(r"\$response\.body#(/.*)")
_ASKED = re.compile(r"\$request\.(path|query)\.(.+)")


@dataclass(frozen=True, slots=True)
class Hint:
    """A GET that tells the value of ``field``, a field or parameter of ``operation_id``.

    ``inputs`` are (location, name, field): which parameter of the call takes the value of which field.
    ``pointer`` is a JSON pointer into the answer.
    """

    operation_id: str
    field: str
    path: str
    inputs: tuple[tuple[str, str, str], ...]
    pointer: str


def read_hints(path: Path, api: Api, document: Path) -> tuple[Hint, ...]:
    """Read the links of the control document at ``path`` that lead to operations of ``document``."""
    problems: list[SiteProblem] = []
    hints: list[Hint] = []
    for call, link in _links(load(path)):
        file, _, pointer = str(_get(link, "operationRef")).partition("#")
        if Path(file).name != document.name:
            continue
        operation = _operation(api, unquote(pointer))
        if operation is None:
            found = f'operationRef leads to "{pointer}", which is no operation of {document.name}'
            problems.append(SiteProblem(path, link.line, f"{found}; expected #/paths/<path>/<method>"))
        else:
            hints += _hints(call, operation, link)
    if problems:
        raise SiteError(problems)
    return tuple(hints)


def _links(root: Node) -> Iterator[tuple[str, Node]]:
    """The links of all GETs, each with the path of its call."""
    for path, item in _entries(root, "paths"):
        for _, response in _entries(_child(item, "get"), "responses"):
            for _, link in _entries(response, "links"):
                yield path, link


def _hints(path: str, operation: Operation, link: Node) -> Iterator[Hint]:
    pairs = [
        (name, str(node.value))
        for part in ("parameters", "requestBody")
        for name, node in _entries(link, part)
    ]
    inputs = tuple((found[1], found[2], name) for name, text in pairs if (found := _ASKED.fullmatch(text)))
    for name, text in pairs:
        if found := _TOLD.fullmatch(text):
            yield Hint(operation.id, name, path, inputs, found[1])


def _operation(api: Api, pointer: str) -> Operation | None:
    for operation in api.operations:
        if pointer == pointer_to("", "paths", operation.path, operation.method):
            return operation
    return None


def _child(node: Node | None, key: str) -> Node | None:
    return node.value.get(key) if node is not None and isinstance(node.value, dict) else None


def _entries(node: Node | None, key: str) -> Iterator[tuple[str, Node]]:
    child = _child(node, key)
    value: Any = child.value if child is not None else None
    if isinstance(value, Mapping):
        yield from value.items()


def _get(node: Node, key: str) -> object:
    child = _child(node, key)
    return child.value if child is not None else None
