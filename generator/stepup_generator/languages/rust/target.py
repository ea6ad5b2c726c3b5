"""Makes the Rust client: types, shapes and operations of the view in Rust, templates around them.

Texts of the document reach a file as a literal, as lines of a comment, or as Markdown of the README, never
bare. The layout is the one that rustfmt leaves alone.
"""

from collections.abc import Callable

from stepup_generator.client.docs import sections, wrapped
from stepup_generator.client.types import Field, Object, Variant
from stepup_generator.client.view import ClientSettings, ErrorField, Operation
from stepup_generator.languages.render import cell, render
from stepup_generator.languages.rust import docs as rust_docs
from stepup_generator.languages.rust import examples as rust_examples
from stepup_generator.languages.rust import types as rs
from stepup_generator.languages.rust import wire as rust_wire
from stepup_generator.languages.rust.layout import Array, Call, Struct, arm, fitted, parameters
from stepup_generator.languages.rust.types import RUST
from stepup_generator.languages.rust.view import Group, RustView, rust_view
from stepup_generator.openapi.model import Api

__all__ = ["rust_client", "rust_view"]

_ARM = " " * 12


def rust_client(api: Api, settings: ClientSettings | None = None) -> dict[str, str]:
    """Return the whole crate as {path: text}, the same for the same model."""
    shown = rust_view(api, settings)
    return render("common", {}, shown) | render("rust", _filters(shown), shown)


def _filters(view: RustView) -> dict[str, Callable[..., object]]:
    """What templates write with; those on the view itself take any value before the bar."""
    cases = rust_examples.cases(view)
    return {
        "as_str_arm": lambda item: arm(f"Self::{item.name}", RUST.text(str(item.value)), _ARM),
        "body": lambda item, client: _body(view, item, client),
        "cases": lambda _: cases,
        "cell": cell,
        "class_doc": lambda api: rust_docs.doc(sections(api.title, wrapped(api.summary))),
        "client_uses": lambda _: _client_uses(view),
        "crate_doc": lambda _: rust_docs.crate_doc(view),
        "call_head": lambda case: _call_head(view, case),
        "credential_list": lambda items: fitted(_texts(items), "", "const CREDENTIALS: &[&str] = ", ";"),
        "definition": lambda item: rust_wire.definition(item, view.constants[item.name]),
        "doc": rust_docs.doc,
        "enum_base": lambda item: "String" if item.base == "string" else "i64",
        "error_accessor": _error_accessor,
        "field_doc": rust_docs.field_doc,
        "group": _group,
        "head": lambda item: _head(view, item),
        "is_open": lambda item: item.name in view.given,
        "is_read": lambda item: item.name in view.given,
        "is_written": lambda item: item.name in view.taken,
        "line": rust_docs.line,
        "lints": lambda _: _lints(),
        "member": _member,
        "named": _named,
        "members": lambda item: tuple(rs.struct(item, view.tagged)),
        "operation_doc": lambda item: rust_docs.operation_doc(view, item),
        "program": lambda _: rust_examples.program(view, rust_docs.line),
        "reading": lambda item: rust_wire.reading(item, view.tagged),
        "refusal_arm": lambda item: arm(RUST.text(item.code), f"Self::{item.variant}", _ARM),
        "repeatable_note": _repeatable_note,
        "signature": _signature,
        "test_uses": lambda _: rust_examples.used_in_tests(view, cases),
        "text": RUST.text,
        "use": lambda package, source: _program_use(view, package, source),
        "value_doc": lambda item: rust_docs.line(f"`{item.value}`."),
        "variant": _variant,
        "variant_doc": _variant_doc,
        "writing": lambda item: rust_wire.writing(item, view.tagged, item.name in view.given),
    }


def _texts(items: tuple[str, ...]) -> Array:
    return Array("&", tuple(map(RUST.text, items)))


def _lints() -> str:
    """For modules in which the document's own names and texts stand."""
    names = (
        "clippy::doc_lazy_continuation", "clippy::doc_overindented_list_items", "non_camel_case_types",
        "rustdoc::all",
    )  # fmt: skip
    inside = ",\n".join(f"    {name}" for name in names)
    return f"// Names and texts are the document's own.\n#![allow(\n{inside}\n)]"


def _repeatable_note(items: tuple[Operation, ...]) -> str:
    names = ", ".join(f"`{item.name}`" for item in items)
    if not names:
        return "No call is repeated once its request may have arrived."
    return f"Once a request may have arrived, only {names} is tried again, with growing pauses."


def _program_use(view: RustView, package: str, source: str) -> str:
    return rust_examples.use(package, ["Error", view.settings.client, *view.imports(source)])


def _client_uses(view: RustView) -> str:
    """The modules that the client calls into."""
    source = "\n".join(_body(view, item, "x") + _signature(item, True) for item in view.operations)
    modules = ("models", "operations", "shapes", "wire")
    return rust_examples.use("crate", [name for name in modules if f"{name}::" in source])


def _group(item: Group) -> str:
    """The method of the client that gives a group."""
    head = parameters(f"pub fn {item.name}", ["&self"], f" -> {item.type}<'_> {{", "    ")
    return f"{head}\n{fitted(Struct(item.type, (('client', 'self'),)), ' ' * 8)}\n    }}"


def _signature(item: Operation, grouped: bool) -> str:
    given = ["self" if grouped else "&self"]
    given += [f"params: models::{item.input.name}"] if item.input else []
    after = f" -> Result<{rust_wire.returns(item)}, Error> {{"
    return parameters(f"pub async fn {item.name}", given, after, "    ")


def _call_head(view: RustView, case: rust_examples.Case) -> str:
    """The head of the function that makes the call of a test."""
    given = [f"auth: {view.settings.client}"]
    return parameters(f"pub async fn {case.name}", given, " -> Result<String, Error> {", "    ")


def _body(view: RustView, item: Operation, client: str) -> str:
    return rust_wire.body(item, view.constants[item.name], client, view.by_name)


def _head(view: RustView, item: Object) -> str:
    """The attributes of a struct: whether it may gain fields, and what can be done with it."""
    members = tuple(rs.struct(item, view.tagged))
    sent = item.name in view.input_names or item.name in view.taken
    default = sent and bool(members) and not any(field.required for field in members)
    derived = ["Clone", "Debug", *(["Default"] if default else []), "PartialEq"]
    return f"#[derive({', '.join(derived)})]" + ("" if sent else "\n#[non_exhaustive]")


def _member(field: Field) -> str:
    """A field of a struct."""
    kind = rs.field_type(field)
    one = f"    pub {field.name}: {kind},"
    return one if len(one) <= 100 else f"    pub {field.name}:\n        {kind},"


def _variant(item: Variant) -> str:
    return f"{item.name}({rs.annotation(item.type)}),"


def _variant_doc(item: Variant) -> str:
    return rust_docs.line(f"Told by `{item.value}`." if item.value else "One of its forms.")


def _named(fields: tuple[ErrorField, ...]) -> str:
    """The statement that takes the texts a message names from a body; "" where there are none."""
    found = next((field for field in fields if field.kind == "texts"), None)
    if found is None:
        return ""
    return fitted(Call("texts_of", ("&body", _texts(found.wires))), " " * 8, "let named = ", ";")


def _error_accessor(field: ErrorField) -> str:
    """The method of a refusal that reads a field of its body."""
    kinds = {
        "text": ("Option<&str>", "text_of"),
        "texts": ("BTreeMap<String, String>", "texts_of"),
        "any": ("Option<&Value>", "value_of"),
    }
    kind, reader = kinds[field.kind]
    head = parameters(f"pub fn {field.name}", ["&self"], f" -> {kind} {{", "    ")
    return f"{head}\n{fitted(Call(reader, ('&self.body', _texts(field.wires))), ' ' * 8)}\n    }}"
