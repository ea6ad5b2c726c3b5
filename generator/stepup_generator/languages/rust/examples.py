"""Calls as the document's examples show them: for comments, the README and the crate's own test."""

import json
import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from stepup_generator.client.types import Field
from stepup_generator.client.view import Operation
from stepup_generator.languages.rust.literals import Unwritable
from stepup_generator.languages.rust.types import RUST
from stepup_generator.languages.rust.view import RustView
from stepup_generator.languages.rust.wire import credentials
from stepup_generator.openapi.model import Json, Response, plain

__all__ = ["Case", "call", "cases", "program", "use", "used_in_tests"]


def call(view: RustView, item: Operation) -> str:
    """A call with the inputs of the document's example, "" where it does not show enough."""
    params = _params(view, item)
    if item.input is not None and not params:
        return ""
    return _chain(view, item, view.settings.sample_name, params)


def _chain(view: RustView, item: Operation, client: str, params: str) -> str:
    """A link a line: nothing lays out the code of comments and of the README."""
    group = view.group_names[item.name]
    links = [f"{group}()"] if group else []
    links += [f"{item.name}({params})", "await?"]
    return client + textwrap.indent("".join(f"\n.{link}" for link in links), "    ")


def _params(view: RustView, item: Operation) -> str:
    if item.input is None:
        return ""
    values = {field.name: value for field, value in item.example}
    try:
        fields = [(field.name, _argument(view, field, values)) for field in item.input.fields]
    except Unwritable:
        return ""
    inside = "".join(f"    {name}: {text},\n" for name, text in fields)
    return f"{item.input.name} {{\n{inside}}}"


def _argument(view: RustView, field: Field, values: Mapping[str, Json]) -> str:
    if field.name in values:
        return view.literals.field(values[field.name], field)
    if field.required:
        raise Unwritable
    return "None"


def use(package: str, names: list[str]) -> str:
    """The statement that imports names from a crate; "" for no names."""
    if not names:
        return ""
    ordered = sorted(names, key=lambda name: (name[0].isupper(), name))
    if len(ordered) == 1:
        return f"use {package}::{ordered[0]};"
    one = f"use {package}::{{{', '.join(ordered)}}};"
    if len(one) <= 100:
        return one
    return f"use {package}::{{\n" + "".join(f"    {name},\n" for name in ordered) + "};"


def program(view: RustView, line: Callable[[str], str]) -> str:
    """The calls of a whole program, each printed: those of which the document shows enough."""
    calls = []
    for item in view.operations:
        text = call(view, item)
        if text and not item.source.deprecated:
            text = f"{text};" if item.result is None else f"let response = {text};"
            printed = "" if item.result is None else '\nprintln!("{response:?}");'
            calls.append(textwrap.indent(f"// {line(item.title)}\n{text}{printed}", "    "))
    return "\n\n".join(calls)


@dataclass(frozen=True, slots=True)
class Case:
    """A test of an operation: what it should do, and the call; both as statements."""

    name: str
    case: str
    call: str


def cases(view: RustView) -> tuple[Case, ...]:
    """The operations that the crate's own test calls: those of which the document shows enough."""
    found = (_case(view, item, item.source.successes[0]) for item in view.operations)
    return tuple(case for case in found if case is not None)


def _case(view: RustView, item: Operation, response: Response) -> Case | None:
    params = _params(view, item)
    shown = response.schema is None or bool(response.examples)
    if (not params and item.input is not None) or not response.status.isdigit() or not shown:
        return None
    case = f"""\
let case = super::Case {{
    method: {RUST.text(item.method)},
    credentials: {credentials(item)},
    repeatable: {RUST.literal(item.repeatable)},
    status: {response.status},
    response: {_response(response)},
    secrets: {_texts(value for field, value in item.example if field.secret)},
    issued: {_texts(_issued(view, response))},
}};"""
    lines = [f"let params = {params};"] if params else []
    begin = "" if item.result is None else "let response = "
    lines.append(f"{begin}{_chain(view, item, 'auth', 'params' if params else '')};")
    printed = "String::new()" if item.result is None else 'format!("{response:?}")'
    return Case(item.name, case, "\n".join((*lines, f"Ok({printed})")))


def _response(response: Response) -> str:
    if response.schema is None:
        return "None"
    return f"Some({RUST.text(json.dumps(plain(response.examples[0].value)))})"


def _issued(view: RustView, response: Response) -> Iterable[Json]:
    """The secrets that an example of a response holds."""
    if response.schema is None or not isinstance(response.examples[0].value, Mapping):
        return ()
    found, schema = response.examples[0].value, view.api.resolve(response.schema)
    return [found[item.name] for item in schema.properties if item.secret and item.name in found]


def _texts(values: Iterable[Json]) -> str:
    return f"&[{', '.join(RUST.text(value) for value in values if isinstance(value, str))}]"


def used_in_tests(view: RustView, found: tuple[Case, ...]) -> str:
    """The imports of the calls in the crate's own test."""
    source = "\n".join(case.call for case in found)
    paths = ["std::collections::BTreeMap"] if "BTreeMap" in source else []
    macros = (name for name in view.imports(source) if "::" in name)
    paths += [f"{view.settings.package}::{path}" for path in (*macros, "*")]
    return "\n".join(f"use {path};" for path in paths)
