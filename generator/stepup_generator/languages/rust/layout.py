"""Expressions of Rust, laid out as rustfmt leaves them, since who generates a client need not have Rust.

Only what generated code is made of, under rustfmt's default settings: a line of at most 100 columns, the
arguments of a call at most 60, and so on. A text is a node too; it is never broken.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Array", "Call", "Chain", "Node", "Struct", "arm", "fitted", "parameters", "unlaid"]

_LINE = 100
# rustfmt's fn_call_width, chain_width, array_width and struct_lit_width.
_CALL, _CHAIN, _ARRAY, _STRUCT = 60, 60, 60, 18
_STEP = "    "
_INTO = ".into()"


@dataclass(frozen=True, slots=True)
class Call:
    """``head(arguments)``, and what stands directly behind it, such as ``?``."""

    head: str
    arguments: tuple["Node", ...]
    after: str = ""


@dataclass(frozen=True, slots=True)
class Struct:
    """``head { field: value }``; a field without a value is written in short."""

    head: str
    fields: tuple[tuple[str, "Node"], ...]


@dataclass(frozen=True, slots=True)
class Array:
    """``[items]`` behind a head such as ``vec!`` or ``&``."""

    head: str
    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """``parent.link.link``; each link is a call or a text, without its dot."""

    parent: str
    links: tuple["Node", ...]


Node: TypeAlias = str | Call | Struct | Array | Chain


def fitted(node: Node, indent: str, before: str = "", after: str = "") -> str:
    """A node behind ``indent`` and ``before``; ``after`` follows it directly. All of it is returned."""
    one = _single(node)
    if before.endswith(" = ") and one is not None:
        # What is assigned goes to the next line where it fits there, and not here.
        width = len(indent) + len(one) + len(after)
        if width + len(before) > _LINE >= width + len(_STEP):
            return f"{indent}{before[:-1]}\n{indent}{_STEP}{one}{after}"
    return f"{indent}{before}{_lay(node, indent, len(indent) + len(before), after)}"


def arm(pattern: str, body: Node, indent: str) -> str:
    """An arm of a match; a body that does not fit beside its pattern stands in a block."""
    before = f"{pattern} => "
    one = _single(body)
    if one is not None and len(indent) + len(before) + len(one) + 1 <= _LINE:
        return f"{indent}{before}{one},"
    inner = indent + _STEP
    if one is None or len(inner) + len(one) > _LINE:
        whole = fitted(body, indent, before, ",")
        if isinstance(body, Call) and len(whole.split("\n")[0]) < _LINE:
            return whole
    return f"{indent}{before}{{\n{fitted(body, inner)}\n{indent}}}"


def unlaid(node: Node) -> str:
    """A node in one line, for rustfmt to lay out."""
    if isinstance(node, str):
        return node
    if isinstance(node, Struct):
        return f"{node.head} {{ {''.join(f'{name}: {unlaid(value)}, ' for name, value in node.fields)}}}"
    if isinstance(node, Chain):
        return ".".join((node.parent, *map(unlaid, node.links)))
    items = ", ".join(map(unlaid, node.items if isinstance(node, Array) else node.arguments))
    return f"{node.head}[{items}]" if isinstance(node, Array) else f"{node.head}({items}){node.after}"


def parameters(before: str, items: Sequence[str], after: str, indent: str) -> str:
    """The head of a function; ``after`` is what follows its parameters, to the brace."""
    one = f"{indent}{before}({', '.join(items)}){after}"
    if len(one) <= _LINE:
        return one
    lines = "".join(f"{indent}{_STEP}{item},\n" for item in items)
    return f"{indent}{before}(\n{lines}{indent}){after}"


def _single(node: Node) -> str | None:
    """The node in one line, None where rustfmt would not write it so."""
    if isinstance(node, str):
        return node
    if isinstance(node, Struct):
        inner = _joined([_field(name, value) for name, value in node.fields])
        if not node.fields:
            return f"{node.head} {{}}"
        return None if inner is None or len(inner) > _STRUCT else f"{node.head} {{ {inner} }}"
    if isinstance(node, Chain):
        links = [_single(link) for link in node.links]
        text = ".".join((node.parent, *(link for link in links if link is not None)))
        return None if None in links or (len(links) > 1 and len(text) >= _CHAIN) else text
    items = node.arguments if isinstance(node, Call) else node.items
    inner = _joined([_single(item) for item in items])
    alone = len(items) == 1 and isinstance(items[0], str if isinstance(node, Array) else str | Array)
    if inner is None or len(inner) > (_LINE if alone else _CALL if isinstance(node, Call) else _ARRAY):
        return None
    return f"{node.head}({inner}){node.after}" if isinstance(node, Call) else f"{node.head}[{inner}]"


def _field(name: str, value: Node) -> str | None:
    one = _single(value)
    return None if one is None else name if one == name else f"{name}: {one}"


def _joined(parts: Sequence[str | None]) -> str | None:
    texts = [part for part in parts if part is not None]
    return ", ".join(texts) if len(texts) == len(parts) else None


def _lay(node: Node, indent: str, column: int, after: str, broken: bool = False) -> str:
    """``broken``: in several lines, even where one would do."""
    one = _single(node)
    fits = one is not None and column + len(one) + len(after) <= _LINE
    inner = indent + _STEP
    if isinstance(node, str):
        # A text and what it turns into are a chain.
        begin, found, _ = node.rpartition(_INTO)
        return f"{begin}\n{inner}{_INTO}{after}" if found and not fits else f"{node}{after}"
    if fits and not broken:
        return f"{one}{after}"
    if isinstance(node, Struct):
        lines = [_struct_field(name, value, inner) for name, value in node.fields]
        return f"{node.head} {{\n" + "".join(lines) + f"{indent}}}{after}"
    if isinstance(node, Chain):
        links = "\n".join(fitted(link, inner, ".") for link in node.links)
        return f"{node.parent}\n{links}{after}"
    items, begin, end = node.items if isinstance(node, Array) else node.arguments, "(", ")"
    if isinstance(node, Array):
        begin, end = "[", "]"
    else:
        end += node.after
    hugging = isinstance(node, Call) or node.head.endswith("!")
    if (
        hugging
        and len(items) == 1
        and isinstance(items[0], Call | Struct | Array)
        and not _is_empty(items[0])
    ):
        # An only argument is not pushed to a line of its own, where its beginning fits.
        before = column + len(node.head) + 1
        hugged = f"{node.head}{begin}{_lay(items[0], indent, before, end, True)}{after}"
        first = len(hugged.split("\n", 1)[0])
        if column + first + len(after) < _LINE and not (broken and first > _CALL):
            return hugged
    lines = [f"{fitted(item, inner, after=',')}\n" for item in items]
    return f"{node.head}{begin}\n" + "".join(lines) + f"{indent}{end}{after}"


def _is_empty(node: Node) -> bool:
    return isinstance(node, Struct) and not node.fields


def _struct_field(name: str, value: Node, indent: str) -> str:
    if value == name:
        return f"{indent}{name},\n"
    first = f"{indent}{name}: {value.removesuffix(_INTO)}," if isinstance(value, str) else ""
    if len(first) > _LINE:
        return f"{indent}{name}:\n{fitted(value, indent + _STEP, after=',')}\n"
    return f"{fitted(value, indent, f'{name}: ', ',')}\n"
