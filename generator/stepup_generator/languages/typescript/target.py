"""Makes the TypeScript client: types, shapes and operations of the view in TypeScript, templates around them.

Texts of the document reach a file as a literal, as lines of a comment, or as Markdown of the README, never
bare.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property

from stepup_generator.client.docs import sections, wrapped
from stepup_generator.client.names import Names, words
from stepup_generator.client.types import Field, Union
from stepup_generator.client.view import ClientSettings, ClientView, ErrorField, Operation, view
from stepup_generator.languages.render import cell, render
from stepup_generator.languages.typescript import types as ts
from stepup_generator.languages.typescript.types import TYPESCRIPT
from stepup_generator.openapi.model import Api, Json, Response, plain

__all__ = ["TypeScriptView", "typescript_client", "typescript_view"]

_FIXED_TYPES = (
    "ApiError", "CallOptions", "InvalidArgumentError", "NoAnswerError", "NotSentError",
    "UnexpectedAnswerError", "UnknownTag",
)  # fmt: skip
# A `then` would make the client look like a promise.
_FIXED_METHODS = (
    "catch", "constructor", "finally", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "then",
    "toJSON", "toLocaleString", "toString", "valueOf",
)  # fmt: skip
_FIXED_ATTRIBUTES = (
    *_FIXED_METHODS, "body", "cause", "message", "name", "problems", "requestId", "retryAfter", "stack",
    "status", "timedOut",
)  # fmt: skip


def typescript_client(api: Api, settings: ClientSettings | None = None) -> dict[str, str]:
    """Return the whole client as {path: text}, the same for the same model."""
    shown = typescript_view(api, settings)
    return render("common", {}, shown) | render("typescript", shown.filters, shown)


def typescript_view(api: Api, settings: ClientSettings | None = None) -> "TypeScriptView":
    """Choose the names of the client, which samples use as well."""
    settings = settings or ClientSettings("stepup-mfa-client")
    client = settings.client
    fixed = (client, f"{client}Error", f"{client}Options", *_FIXED_TYPES, *TYPESCRIPT.reserved_types)
    made = view(api, TYPESCRIPT, settings, types=fixed, methods=_FIXED_METHODS, attributes=_FIXED_ATTRIBUTES)
    return TypeScriptView(**{item.name: getattr(made, item.name) for item in fields(made)})


@dataclass(frozen=True)  # no slots: what is computed once is kept
class TypeScriptView(ClientView):
    """The view with what only TypeScript needs."""

    @cached_property
    def constants(self) -> dict[str, str]:
        """The constants of shapes and operations, by the names of types and methods."""
        return {
            item.name: names.take("_".join(words(item.name)).upper())
            for items, names in ((self.models, Names(joint="")), (self.operations, Names(joint="")))
            for item in items
        }

    @property
    def has_unknown(self) -> bool:
        return any(isinstance(item, Union) and item.unknown for item in self.models)

    @property
    def wire_shapes(self) -> tuple[str, ...]:
        """The functions of the shapes module that types are written with."""
        return ts.called(ts.definition(item, self.constants) for item in self.models)

    @property
    def operation_shapes(self) -> tuple[str, ...]:
        fields_used = (
            ts.shape(field.type, self.constants, "wire.") for op in self.operations for field in op.fields
        )
        answers = (ts.answer(item, self.constants) for op in self.operations for item in op.successes)
        return ts.called((*fields_used, *answers))

    @property
    def uses_wire(self) -> bool:
        taken = (field.type for op in self.operations for field in op.fields)
        return any(
            map(ts.is_named, (*taken, *(item.type for op in self.operations for item in op.successes)))
        )

    def example(self, item: Operation) -> list[tuple[Field, Json]]:
        """The inputs of the document's example, as they are written here."""
        models = {model.name: model for model in self.models}
        return [(field, ts.cased(value, field.type, models)) for field, value in item.example]

    def call(self, item: Operation) -> str:
        """A call with the inputs of the document's example, without a semicolon."""
        values = [(field, ts.literal(value)) for field, value in self.example(item)]
        if item.positional is not None:
            inside = ", ".join(value for _, value in values)
        elif item.input is not None:
            lines = "".join(f"  {field.name}: {value},\n" for field, value in values)
            inside = f"{{\n{lines}}}" if lines else "{}"
        else:
            inside = ""
        return f"{self.settings.sample_name}.{item.name}({inside})"

    def operation_doc(self, item: Operation) -> str:
        """The comment above a method."""
        text = sections(wrapped(item.title), wrapped(item.source.description))
        lines = [*TYPESCRIPT.doc_lines(text), ""]
        if item.positional is not None:
            lines.append(f"@param {ts.argument(item.positional)} {_line(item.positional.doc)}")
        lines += [f"@throws {{@link {error.name}}} {_line(error.doc)}" for error in item.errors]
        lines.append(f"@throws {{@link {self.settings.client}Error}} Any other failure.")
        lines += ["@example", "```ts", *TYPESCRIPT.doc_lines(f"await {self.call(item)};"), "```"]
        lines += ["@deprecated"] if item.source.deprecated else []
        return _comment(lines, "  ")

    @property
    def test_cases(self) -> tuple[str, ...]:
        """The operations that the package's own test calls: those of which the document shows enough."""
        cases = (self._test_case(item, item.source.successes[0]) for item in self.operations)
        return tuple(case for case in cases if case)

    def _test_case(self, item: Operation, response: Response) -> str:
        inputs = self.example(item)
        whole = {field for field in item.fields if field.required} <= {field for field, _ in inputs}
        if not whole or not response.status.isdigit() or (response.schema and not response.examples):
            return ""
        arguments: Json = {field.name: value for field, value in inputs}
        case: dict[str, Json] = {
            "name": item.name,
            "method": item.method,
            "inputs": tuple(value for _, value in inputs)
            if item.positional
            else (arguments,)
            if inputs
            else (),
            "credentials": item.credentials,
            "repeatable": item.repeatable,
            "secrets": tuple(value for field, value in inputs if field.secret),
            "status": int(response.status),
        }
        if response.schema is not None:
            answer, schema = response.examples[0].value, self.api.resolve(response.schema)
            secret = [member.name for member in schema.properties if member.secret]
            found = answer if isinstance(answer, Mapping) else {}
            case |= {"answer": answer, "issued": tuple(found[name] for name in secret if name in found)}
        # A plain `__proto__` would set the prototype.
        text = json.dumps(plain(case), indent=2).replace('"__proto__":', '["__proto__"]:')
        return text.replace("\n", "\n  ")

    @property
    def repeatable_note(self) -> str:
        names = ", ".join(f"`{item.name}`" for item in self.repeatable)
        if not names:
            return "No call is repeated once its request may have arrived."
        return f"Once a request may have arrived, only {names} is tried again, with growing pauses."

    @property
    def class_doc(self) -> str:
        example = f"const {self.settings.sample_name} = new {self.settings.client}({{ authUrl, apiKey }});"
        return sections(self.api.title, wrapped(self.api.summary), f"```ts\n{example}\n```")

    @property
    def filters(self) -> dict[str, Callable[..., object]]:
        constants = self.constants
        return {
            "alternatives": ts.alternatives,
            "annotation": ts.annotation,
            "answer": lambda item: ts.answer(item, constants),
            "call": self.call,
            "cell": cell,
            "constant": constants.__getitem__,
            "credentials": ts.literal,
            "definition": lambda item: ts.definition(item, constants),
            "doc": _doc,
            "field_doc": _field_doc,
            "enumeration": lambda item: " | ".join(ts.literal(value.value) for value in item.values),
            "list_literal": ts.literal,
            "member": ts.member,
            "operation_doc": self.operation_doc,
            "passed": ts.passed,
            "returns": ts.returns,
            "line": _line,
            "shape": lambda item: ts.shape(item, constants, "wire."),
            "signature": ts.signature,
            "text": TYPESCRIPT.text,
            "texts": lambda items: ", ".join(map(TYPESCRIPT.text, items)),
            "texts_doc": _texts_doc,
        }


def _doc(text: str, indent: str = "") -> str:
    """A comment of documentation around a text of the document."""
    return _comment(TYPESCRIPT.doc_lines(wrapped(text)), indent)


def _field_doc(field: Field) -> str:
    lines = TYPESCRIPT.doc_lines(wrapped(field.doc)) if field.doc else []
    lines += ["@deprecated"] if field.deprecated else []
    return _comment(lines, "  ")


def _line(text: str) -> str:
    return " ".join(TYPESCRIPT.doc_lines(text))


def _comment(lines: list[str], indent: str = "") -> str:
    if len(lines) == 1:
        return f"{indent}/** {lines[0]} */"
    return "\n".join((f"{indent}/**", *(f"{indent} * {line}".rstrip() for line in lines), f"{indent} */"))


def _texts_doc(field: ErrorField) -> str:
    return sections(field.doc, "By the names of the arguments, where it is about them.")
