"""Renders the Go client: types, and functions that decode and encode them, in Go, templates around them.

Texts of the document reach a file as a literal, as lines of a comment, or as Markdown of the README, never
bare.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property

from stepup_generator.client.docs import sections
from stepup_generator.client.types import Enum, Field, Model, Object, Type, Union
from stepup_generator.client.view import (
    ClientSettings,
    ClientView,
    ErrorField,
    ErrorKind,
    Operation,
    Success,
    view,
)
from stepup_generator.languages.go.codecs import GoCodecs
from stepup_generator.languages.go.literals import field_literal, struct_literal
from stepup_generator.languages.go.names import doc
from stepup_generator.languages.go.runtime_files import RUNTIME, completed, with_runtime
from stepup_generator.languages.go.types import GO, GoTypes
from stepup_generator.languages.render import cell, render
from stepup_generator.openapi.model import Api, Json, Response, plain

__all__ = ["GoView", "go_client", "go_view"]

_FIXED_ATTRIBUTES = (
    "APIError", "Body", "Error", "Format", "RequestID", "RetryAfter", "Status", "Unwrap",
)  # fmt: skip


def go_client(api: Api, settings: ClientSettings | None = None) -> dict[str, str]:
    """Return the whole client as {path: text}, the same for the same model; ``package`` is a module path.

    gofmt has yet to lay it out.
    """
    client = go_view(api, settings)
    rendered = {
        path: completed(text, client.settings.package, client.package)
        for path, text in render("go", client.filters, client).items()
    }
    if not api.operations:
        del rendered["example_test.go"]
        del rendered["codecs.go"]
    files = with_runtime(rendered, client.settings.package, client.package, pointers=client.uses_pointers)
    return render("common", {}, client) | files


def go_view(api: Api, settings: ClientSettings | None = None) -> "GoView":
    """What the client is rendered from, and whatever is written in its terms."""
    settings = settings or ClientSettings("github.com/stepup-mfa/stepup-mfa-go")
    types = RUNTIME.exported
    common = view(api, GO, settings, types=types, methods=("String",), attributes=_FIXED_ATTRIBUTES)
    return GoView(**{item.name: getattr(common, item.name) for item in fields(common)})


@dataclass(frozen=True)  # no slots: what is computed once is kept
class GoView(ClientView):
    """The view with what only Go needs."""

    @property
    def package(self) -> str:
        return self.settings.client.lower()

    @property
    def title(self) -> str:
        return " ".join(self.api.title.split())

    @property
    def user_agent(self) -> str:
        return f"{self.settings.package.rsplit('/', 1)[-1]}/{self.settings.version} "

    @property
    def package_doc(self) -> str:
        return sections(
            f"Package {self.package} calls the {self.title}. It fails closed: a call returns without an "
            "error only for exactly the status, media type and body that the API documents.",
            self.api.summary,
            "Every error is a type of this package, for [errors.As]: an [APIError] or what unwraps to one "
            "where the API rejected the call, else [InvalidArgumentError], [NotSentError], [NoAnswerError] "
            "or [UnexpectedAnswerError]. None shows the API key or an argument that is a secret.",
        )

    @property
    def models_doc(self) -> str:
        return sections(
            f"Package models has the arguments and results of the operations of the {self.title}.",
            "Values that are secrets are of the type [Secret]. They can be written as JSON for logs and "
            "callers of your own; the client itself does not read or write them that way.",
        )

    @cached_property
    def types(self) -> GoTypes:
        return GoTypes(self.models, self.structs, RUNTIME.exported)

    @cached_property
    def codecs(self) -> GoCodecs:
        return GoCodecs(self.types)

    @cached_property
    def structs(self) -> tuple[Object, ...]:
        """The inputs that are passed as a struct."""
        passed = (item.input for item in self.operations if item.input and not item.positional)
        return tuple(dict.fromkeys(passed))

    @cached_property
    def decoded_models(self) -> tuple[Model, ...]:
        """Those of responses, without enums."""
        return self._reached(item.type for op in self.operations for item in op.successes)

    @cached_property
    def encoded_models(self) -> tuple[Model, ...]:
        """Those of requests, without enums."""
        return self._reached(field.type for op in self.operations for field in op.fields)

    def _reached(self, types: Iterable[Type | None]) -> tuple[Model, ...]:
        names: set[str] = set()
        waiting = [item for item in types if item is not None]
        while waiting:
            item = waiting.pop()
            if item.item is not None:
                waiting.append(item.item)
            model = self.types.models.get(item.name)
            if model is None or model.name in names:
                continue
            names.add(model.name)
            waiting += [field.type for field in model.fields] if isinstance(model, Object) else []
            waiting += [variant.type for variant in model.variants] if isinstance(model, Union) else []
        return tuple(item for item in self.models if item.name in names and item.kind != "enum")

    @property
    def uses_pointers(self) -> bool:
        """Does any argument hold a pointer that the address of a literal cannot be?"""
        inputs = [*self.structs, *(item for item in self.encoded_models if isinstance(item, Object))]
        unions = (item for item in self.encoded_models if isinstance(item, Union) and not item.tag)
        return any(
            self.types.field(field).startswith("*") for item in inputs for field in item.fields
        ) or any(unions)

    # Methods.

    def parameters(self, item: Operation) -> str:
        if item.positional is not None:
            return f"ctx context.Context, {_argument(item.positional)} {self.types.field(item.positional)}"
        return "ctx context.Context" + (f", request models.{item.input.name}" if item.input else "")

    def returns(self, item: Operation) -> str:
        result = self._result(item)
        return f"({result}, error)" if result else "error"

    def _result(self, item: Operation) -> str:
        """What is returned beside the error, a pointer where it is a struct; "" where nothing is."""
        result = item.result
        if result is None:
            return ""
        is_struct = result.kind == "object" or (result.kind == "union" and not self.types.is_nilable(result))
        return self.types.annotation(replace(result, nullable=True) if is_struct else result)

    def arguments(self, item: Operation) -> list[str]:
        """The lines that put the arguments of an operation into its call."""
        lines: list[str] = []
        for field in item.fields:
            value = _argument(field) if item.positional is not None else f"request.{field.name}"
            place = field.location.capitalize()
            call = f"call.in{place}({GO.text(field.wire)}, " if field.wire else "call.asBody("
            lines += self.codecs.argument(field, value, call)
        return lines

    def running(self, item: Operation) -> str:
        """The end of a method: what counts as success."""
        result = self._result(item) or "any"
        successes = "".join(f", {self._success(item, success, result)}" for success in item.successes)
        call = f"run(ctx, c, call{successes})"
        if not successes:
            call = call.replace("run(", f"run[{result}](", 1)
        return f"return {call}" if item.result else f"_, err := {call}\n\treturn err"

    def _success(self, item: Operation, success: Success, result: str) -> str:
        if success.type is None:
            return f'on[{result}]({GO.text(success.status)}, "", nil)'
        body = success.type
        decode = self.codecs.decode_function(body)
        union = self.types.models.get(item.result.name) if item.result else None
        if isinstance(union, Union) and not union.tag and body.name != union.name:
            (variant,) = (each for each in union.variants if each.type == body)
            decode = decode if self.types.is_nilable(body) else f"reference({decode})"
            value = f"&models.{union.name}{{{variant.name}: {decode}(v)}}"
            decode = f"func(v value) *models.{union.name} {{ return {value} }}"
        elif result.startswith("*") and not body.nullable:
            decode = f"reference({decode})"
        return f"on({GO.text(success.status)}, {GO.text(success.media_type)}, {decode})"

    def operation_doc(self, item: Operation) -> str:
        """The comment above a method."""
        argument = item.positional
        errors = ", ".join(f"[{error.name}]" for error in item.errors)
        text = sections(
            f"{item.name} calls the operation {_quoted(item.title)}.",
            item.source.description,
            f"Argument {_argument(argument)}: {argument.doc}" if argument and argument.doc else "",
            f"Errors of the API: {errors}." if errors else "",
            "Deprecated: the API marks it as such." if item.source.deprecated else "",
        )
        return doc(text)

    def _model_doc(self, item: Model) -> str:
        match item:
            case Object():
                head = "is an object of the API."
            case Enum():
                head = "is one of a list of values."
            case Union(tag=""):
                head = "is one of several types. Exactly one field is set."
            case Union():
                head = "is one of several objects."
        return sections(f"{item.name} {head}", item.doc)

    # Examples.

    def call(self, item: Operation) -> str:
        """A call with the arguments of the document's example."""
        name = f"{self.settings.sample_name}.{item.name}"
        if item.positional is not None:
            values = [field_literal(self.types, value, field) for field, value in item.example]
            return f"{name}(ctx, {''.join(values) or f'*new({self.types.field(item.positional)})'})"
        if item.input is None:
            return f"{name}(ctx)"
        return f"{name}(ctx, {struct_literal(self.types, item.input.name, item.example)})"

    @property
    def test_cases(self) -> tuple[tuple[Operation, str], ...]:
        """What the package's own test calls: the operations of which the document shows enough."""
        return tuple((item, self.call(item)) for item in self.operations if _is_shown(item))

    def test_response(self, item: Operation) -> str:
        """The body of a success, as a literal."""
        response = item.source.successes[0]
        return GO.text(json.dumps(plain(response.examples[0].value)) if response.schema else "")

    def issued_secrets(self, item: Operation) -> list[str]:
        """The secrets in the body of a success."""
        response = item.source.successes[0]
        body = response.examples[0].value if response.schema else None
        schema = self.api.resolve(response.schema) if response.schema else None
        names = [each.name for each in schema.properties if each.secret] if schema else []
        return _texts(body[name] for name in names if name in body) if isinstance(body, Mapping) else []

    @property
    def repeatable_note(self) -> str:
        names = ", ".join(f"`{item.name}`" for item in self.repeatable)
        if not names:
            return "No call is retried once its request may have arrived."
        return f"Once a request may have arrived, only {names} is retried, with growing pauses."

    @property
    def filters(self) -> dict[str, Callable[..., object]]:
        return {
            "accessor": _accessor,
            "arguments": self.arguments,
            "call": self.call,
            "cell": cell,
            "constants": self.types.constants,
            "credential": lambda item: item.credentials[0] if item.credentials else "",
            "decoder": self.codecs.decoder,
            "doc": doc,
            "encoder": self.codecs.encoder,
            "enum_base": lambda item: self.types.enum_base(item.name),
            "error_doc": _error_doc,
            "input_doc": lambda item: sections(f"{item.name} holds the arguments of a call.", item.doc),
            "issued_secrets": self.issued_secrets,
            "line": lambda text: " ".join(GO.doc_lines(text)),
            "model_doc": self._model_doc,
            "operation_doc": self.operation_doc,
            "parameters": self.parameters,
            "pointer": self._pointer,
            "returns": self.returns,
            "running": self.running,
            "struct": self.types.struct,
            "test_response": self.test_response,
            "sent_secrets": lambda item: _texts(value for field, value in item.example if field.secret),
            "text": GO.text,
            "texts": lambda items: ", ".join(map(GO.text, items)),
            "variants": lambda item: list(dict.fromkeys(variant.type.name for variant in item.variants)),
        }

    def _pointer(self, item: Type, prefix: str) -> str:
        return self.types.annotation(replace(item, nullable=True), prefix)


def _argument(field: Field) -> str:
    # An argument may not hide what the body of a method names.
    return f"{field.argument}_" if field.argument in RUNTIME.unexported else field.argument


def _quoted(title: str) -> str:
    return f"“{' '.join(title.split())}”"


def _is_shown(item: Operation) -> bool:
    response: Response = item.source.successes[0]
    complete = {field for field in item.fields if field.required} <= {field for field, _ in item.example}
    return complete and response.status.isdigit() and (response.schema is None or bool(response.examples))


def _texts(values: Iterable[Json]) -> list[str]:
    return [value for value in values if isinstance(value, str) and value]


def _error_doc(error: ErrorKind) -> str:
    return sections(f"{error.name} is the error of the code {GO.text(error.code)}.", error.doc)


def _accessor(field: ErrorField) -> str:
    """The method that reads a field of error bodies."""
    function, result, otherwise = {
        "texts": ("textsOf", "map[string]string", "by the names of the fields in the API"),
        "text": ("textOf", "string", '"" without one'),
        "any": ("anyOf", "any", "nil without one"),
    }[field.kind]
    comment = doc(sections(f"{field.name} returns a member of the error body, {otherwise}.", field.doc))
    wires = ", ".join(map(GO.text, field.wires))
    return f"{comment}\nfunc (e *APIError) {field.name}() {result} {{ return {function}(*e.body, {wires}) }}"
