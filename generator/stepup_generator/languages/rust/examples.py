"""Calls as the document's examples show them: for comments, the README and the crate's own test."""

import json
import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from stepup_generator.client.types import Field
from stepup_generator.client.view import Operation
from stepup_generator.languages.rust import types as rs
from stepup_generator.languages.rust.layout import Array, Call, Chain, Node, Struct, fitted
from stepup_generator.languages.rust.types import RUST
from stepup_generator.languages.rust.view import RustView
from stepup_generator.languages.rust.wire import credentials
from stepup_generator.openapi.model import Json, Response, plain

__all__ = ["Case", "call", "cases", "program", "use", "used_in_tests"]


def call(view: RustView, item: Operation) -> Node | None:
    """A call with the inputs of the document's example, None where it does not show enough."""
    params = _params(view, item)
    if item.input is not None and params is None:
        return None
    return _chain(view, item, view.settings.sample_name, params)


def _chain(view: RustView, item: Operation, client: str, params: Node | None) -> Node:
    group = view.group_names[item.name]
    links = (Call(group, ()),) if group else ()
    return Chain(client, (*links, Call(item.name, () if params is None else (params,)), "await?"))


def _params(view: RustView, item: Operation) -> Node | None:
    if item.input is None:
        return None
    values = {field.name: value for field, value in item.example}
    try:
        made = [(field.name, _argument(view, field, values)) for field in item.input.fields]
    except rs.Unwritable:
        return None
    return Struct(item.input.name, tuple(made))


def _argument(view: RustView, field: Field, values: Mapping[str, Json]) -> Node:
    if field.name in values:
        return rs.field_literal(values[field.name], field, view.by_name, view.tagged)
    if field.required:
        raise rs.Unwritable
    return "None"


def use(package: str, names: list[str]) -> str:
    """The statement that imports names from a crate, as rustfmt fills it; "" for no names."""
    if not names:
        return ""
    listed = ", ".join(sorted(names, key=lambda name: (name[0].isupper(), name)))
    one = f"use {package}::{{{listed}}};" if len(names) > 1 else f"use {package}::{listed};"
    if len(one) <= 100:
        return one
    filled = textwrap.fill(listed + ",", 100, initial_indent="    ", subsequent_indent="    ")
    return f"use {package}::{{\n{filled}\n}};"


def program(view: RustView, line: Callable[[str], str]) -> str:
    """The calls of a whole program, each printed: those of which the document shows enough."""
    calls = []
    for item in view.operations:
        node = call(view, item)
        if node is not None and not item.source.deprecated:
            begin = "" if item.result is None else "let answer = "
            printed = "" if item.result is None else '\n    println!("{answer:?}");'
            calls.append(f"    // {line(item.title)}\n{fitted(node, '    ', begin, ';')}{printed}")
    return "\n\n".join(calls)


@dataclass(frozen=True, slots=True)
class Case:
    """A test of an operation: what it should do, and the call; both as statements."""

    name: str
    case: str
    call: str


_INDENT = " " * 8


def cases(view: RustView) -> tuple[Case, ...]:
    """The operations that the crate's own test calls: those of which the document shows enough."""
    found = (_case(view, item, item.source.successes[0]) for item in view.operations)
    return tuple(case for case in found if case is not None)


def _case(view: RustView, item: Operation, response: Response) -> Case | None:
    params = _params(view, item)
    shown = response.schema is None or bool(response.examples)
    if (params is None and item.input is not None) or not response.status.isdigit() or not shown:
        return None
    case = Struct("super::Case", (
        ("method", RUST.text(item.method)),
        ("credentials", credentials(item)),
        ("repeatable", "true" if item.repeatable else "false"),
        ("status", response.status),
        ("answer", _answer(response)),
        ("secrets", _texts(value for field, value in item.example if field.secret)),
        ("issued", _texts(_issued(view, response))),
    ))  # fmt: skip
    given = None if params is None else "params"
    lines = [fitted(params, _INDENT, "let params = ", ";")] if params is not None else []
    begin = "" if item.result is None else "let answer = "
    lines.append(fitted(_chain(view, item, "auth", given), _INDENT, begin, ";"))
    printed = "String::new()" if item.result is None else 'format!("{answer:?}")'
    lines.append(f"{_INDENT}Ok({printed})")
    return Case(item.name, fitted(case, _INDENT, "let case = ", ";"), "\n".join(lines))


def _answer(response: Response) -> Node:
    if response.schema is None:
        return "None"
    return Call("Some", (RUST.text(json.dumps(plain(response.examples[0].value))),))


def _issued(view: RustView, response: Response) -> Iterable[Json]:
    """The secrets that an example of an answer holds."""
    if response.schema is None or not isinstance(response.examples[0].value, Mapping):
        return ()
    answer, schema = response.examples[0].value, view.api.resolve(response.schema)
    return [answer[item.name] for item in schema.properties if item.secret and item.name in answer]


def _texts(values: Iterable[Json]) -> Node:
    return Array("&", tuple(RUST.text(value) for value in values if isinstance(value, str)))


def used_in_tests(view: RustView, found: tuple[Case, ...]) -> str:
    """The imports of the calls in the crate's own test."""
    source = "\n".join(case.call for case in found)
    paths = ["std::collections::BTreeMap"] if "BTreeMap" in source else []
    macros = (name for name in view.imports(source) if "::" in name)
    paths += [f"{view.settings.package}::{path}" for path in (*macros, "*")]
    return "\n    ".join(f"use {path};" for path in paths)
