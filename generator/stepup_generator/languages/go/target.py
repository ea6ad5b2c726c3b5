"""Makes the Go client: types, and functions that read and write them, in Go, templates around them.

The output is as gofmt would have it, without gofmt. Texts of the document reach a file as a literal, as lines
of a comment, or as Markdown of the README, never bare.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property

from stepup_generator.client.docs import sections
from stepup_generator.client.types import Field, Model, Object, Type, Union
from stepup_generator.client.view import ClientSettings, ClientView, ErrorField, Operation, Success, view
from stepup_generator.languages.go.docs import doc
from stepup_generator.languages.go.literals import field_literal, struct_literal
from stepup_generator.languages.go.shapes import GoShapes, closure, indented
from stepup_generator.languages.go.types import GO, GoTypes
from stepup_generator.languages.render import cell, render
from stepup_generator.openapi.model import Api, Json, Response, plain

__all__ = ["GoView", "go_client", "go_view"]

_UUID = "github.com/google/uuid"
_FIXED_TYPES = (
    "APIError", "Client", "InvalidArgumentError", "New", "NewSecret", "NoAnswerError", "NotSentError",
    "Option", "Ptr", "Secret", "UnexpectedAnswerError", "WithHTTPClient", "WithHeader", "WithRetries",
    "WithTimeout",
)  # fmt: skip
_FIXED_ATTRIBUTES = (
    "APIError", "Body", "Error", "Format", "RequestID", "RetryAfter", "Status", "Unwrap",
)  # fmt: skip
# What the body of a method names; an argument may not hide it.
_LOCALS = frozenset((
    "always", "anything", "c", "call", "context", "decimal", "flag", "id", "items", "leastWhole", "literally",
    "models", "mostWhole", "nan", "on", "pairs", "pointed", "ref", "run", "secret", "text", "unbounded",
    "unless", "uuid", "value", "whole", "written", "wrong",
))  # fmt: skip


def go_client(api: Api, settings: ClientSettings | None = None) -> dict[str, str]:
    """Return the whole client as {path: text}, the same for the same model; ``package`` is a module path."""
    shown = go_view(api, settings)
    files = render("common", {}, shown) | render("go", shown.filters, shown)
    if not api.operations:
        # Without an example its imports would be in vain.
        del files["example_test.go"]
    return files


def go_view(api: Api, settings: ClientSettings | None = None) -> "GoView":
    """What the client is made from, and whatever is written in its terms."""
    settings = settings or ClientSettings("github.com/stepup-mfa/stepup-mfa-go")
    made = view(api, GO, settings, types=_FIXED_TYPES, methods=("String",), attributes=_FIXED_ATTRIBUTES)
    return GoView(**{item.name: getattr(made, item.name) for item in fields(made)})


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
            "where the API refused, else [InvalidArgumentError], [NotSentError], [NoAnswerError] or "
            "[UnexpectedAnswerError]. None shows the API key or an argument that is a secret.",
        )

    @cached_property
    def types(self) -> GoTypes:
        return GoTypes(self.models, self.structs, _FIXED_TYPES)

    @cached_property
    def shapes(self) -> GoShapes:
        return GoShapes(self.types)

    @cached_property
    def structs(self) -> tuple[Object, ...]:
        """The inputs that are passed as a struct."""
        passed = (item.input for item in self.operations if item.input and not item.positional)
        return tuple(dict.fromkeys(passed))

    @cached_property
    def read_models(self) -> tuple[Model, ...]:
        """Those that answers hold, but for enums."""
        return self._reached(item.type for op in self.operations for item in op.successes)

    @cached_property
    def written_models(self) -> tuple[Model, ...]:
        """Those that requests hold, but for enums."""
        return self._reached(field.type for op in self.operations for field in op.fields)

    def _reached(self, types: Iterable[Type | None]) -> tuple[Model, ...]:
        found: set[str] = set()
        waiting = [item for item in types if item is not None]
        while waiting:
            item = waiting.pop()
            if item.item is not None:
                waiting.append(item.item)
            model = self.types.models.get(item.name)
            if model is None or model.name in found:
                continue
            found.add(model.name)
            waiting += [field.type for field in model.fields] if isinstance(model, Object) else []
            waiting += [variant.type for variant in model.variants] if isinstance(model, Union) else []
        return tuple(item for item in self.models if item.name in found and item.kind != "enum")

    # Imports: an unused one does not compile.

    @property
    def models_imports(self) -> tuple[str, ...]:
        used = [self.types.struct(item) for item in (*self.models, *self.structs) if isinstance(item, Object)]
        unions = [item for item in self.models if isinstance(item, Union)]
        used += [self.types.annotation(variant.type, "") for item in unions for variant in item.variants]
        uuid = (_UUID,) if _mentions("uuid", used) else ()
        # An empty line keeps the standard library apart.
        return (*(("encoding/json",) if unions else ()), *(("",) if unions and uuid else ()), *uuid)

    @property
    def client_imports(self) -> tuple[str, ...]:
        used = [self.parameters(item) + self.returns(item) + self.running(item) for item in self.operations]
        found = (_UUID if _mentions("uuid", used) else "", self._models if _mentions("models", used) else "")
        return tuple(sorted(filter(None, found)))

    @property
    def test_imports(self) -> tuple[str, ...]:
        return self._sample_imports(case for _, case in self.test_cases)

    @property
    def example_imports(self) -> tuple[str, ...]:
        return self._sample_imports(self.call(item) for item in self.operations)

    @property
    def readme_imports(self) -> tuple[str, ...]:
        return self._sample_imports(self.call(item) for item in self.operations[:1])

    def _sample_imports(self, sources: Iterable[str]) -> tuple[str, ...]:
        used = list(sources)
        found = (_UUID if _mentions("uuid", used) else "", self._models if _mentions("models", used) else "")
        return tuple(sorted(filter(None, (*found, self.settings.package))))

    def _import(self, name: str) -> str:
        # The path of the module does not end in the name of its package.
        return f"{self.package} {GO.text(name)}" if name == self.settings.package else GO.text(name)

    @property
    def _models(self) -> str:
        return f"{self.settings.package}/models"

    @property
    def uses_pointers(self) -> bool:
        """Does any input hold a pointer that no address of a literal gives?"""
        inputs = [*self.structs, *(item for item in self.written_models if isinstance(item, Object))]
        fields = (field for item in inputs for field in item.fields)
        unions = (item for item in self.written_models if isinstance(item, Union) and not item.tag)
        return any(self.types.field(field).startswith("*") for field in fields) or any(unions)

    # Methods.

    def parameters(self, item: Operation) -> str:
        if item.positional is not None:
            return f"ctx context.Context, {_argument(item.positional)} {self.types.field(item.positional)}"
        return "ctx context.Context" + (f", request models.{item.input.name}" if item.input else "")

    def returns(self, item: Operation) -> str:
        found = self._result(item)
        return f"({found}, error)" if found else "error"

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
            lines += map(indented, self.shapes.given(field, value, call))
        return lines

    def running(self, item: Operation) -> str:
        """The end of a method: what is wanted of its answer."""
        result = self._result(item) or "any"
        wanted = "".join(f", {self._success(item, success, result)}" for success in item.successes)
        call = f"run(ctx, c, call{wanted})"
        if not wanted:
            call = call.replace("run(", f"run[{result}](", 1)
        call = indented(call)
        return f"return {call}" if item.result else f"_, err := {call}\n\treturn err"

    def _success(self, item: Operation, success: Success, result: str) -> str:
        if success.type is None:
            return f'on[{result}]({GO.text(success.status)}, "", nil)'
        found = success.type
        read = self.shapes.read_function(found)
        union = self.types.models.get(item.result.name) if item.result else None
        if isinstance(union, Union) and not union.tag and found.name != union.name:
            (variant,) = (each for each in union.variants if each.type == found)
            read = read if self.types.is_nilable(found) else f"ref({read})"
            value = f"&models.{union.name}{{{variant.name}: {read}(v)}}"
            read = closure("v value", f"*models.{union.name}", value)
        elif result.startswith("*") and not found.nullable:
            read = f"ref({read})"
        return f"on({GO.text(success.status)}, {GO.text(success.media_type)}, {read})"

    def operation_doc(self, item: Operation) -> str:
        """The comment above a method."""
        argument = item.positional
        errors = ", ".join(f"[{error.name}]" for error in item.errors)
        text = sections(
            f"{item.name}: {' '.join(item.title.split())}",
            item.source.description,
            f"Argument {_argument(argument)}: {argument.doc}"
            if argument is not None and argument.doc
            else "",
            f"The API may refuse it with {errors}." if errors else "",
            "Deprecated: the API marks it as such." if item.source.deprecated else "",
        )
        return doc(text)

    # Examples.

    def call(self, item: Operation, indent: str = "\t") -> str:
        """A call with the inputs of the document's example."""
        name = f"{self.settings.sample_name}.{item.name}"
        if item.positional is not None:
            values = [field_literal(self.types, value, field) for field, value in item.example]
            return f"{name}(ctx, {''.join(values) or f'*new({self.types.field(item.positional)})'})"
        if item.input is None:
            return f"{name}(ctx)"
        return f"{name}(ctx, {struct_literal(self.types, item.input.name, item.example, indent)})"

    @cached_property
    def test_cases(self) -> tuple[tuple[Operation, str], ...]:
        """What the package's own test calls: the operations of which the document shows enough."""
        return tuple((item, self.call(item, "\t\t\t")) for item in self.operations if _is_shown(item))

    def test_answer(self, item: Operation) -> str:
        """The answer of a success, as a literal."""
        response = item.source.successes[0]
        return GO.text(json.dumps(plain(response.examples[0].value)) if response.schema else "")

    def issued_secrets(self, item: Operation) -> list[str]:
        """The secrets that the answer of a success holds."""
        response = item.source.successes[0]
        answer = response.examples[0].value if response.schema else None
        schema = self.api.resolve(response.schema) if response.schema else None
        names = [each.name for each in schema.properties if each.secret] if schema else []
        return _texts(answer[name] for name in names if name in answer) if isinstance(answer, Mapping) else []

    @property
    def repeatable_note(self) -> str:
        names = ", ".join(f"`{item.name}`" for item in self.repeatable)
        if not names:
            return "No call is repeated once its request may have arrived."
        return f"Once a request may have arrived, only {names} is tried again, with growing pauses."

    @property
    def filters(self) -> dict[str, Callable[..., object]]:
        return {
            "accessor_doc": _accessor_doc,
            "alias": self._import,
            "arguments": self.arguments,
            "call": self.call,
            "cell": cell,
            "constants": self.types.constants,
            "credential": lambda item: item.credentials[0] if item.credentials else "",
            "doc": doc,
            "enum_base": self.types.enum_base,
            "issued_secrets": self.issued_secrets,
            "line": lambda text: " ".join(GO.doc_lines(text)),
            "operation_doc": self.operation_doc,
            "parameters": self.parameters,
            "pointed": self._pointed,
            "reader": self.shapes.reader,
            "returns": self.returns,
            "running": self.running,
            "struct": self.types.struct,
            "test_answer": self.test_answer,
            "sent_secrets": lambda item: _texts(value for field, value in item.example if field.secret),
            "text": GO.text,
            "texts": lambda items: ", ".join(map(GO.text, items)),
            "marker": _marker,
            "variants": lambda item: list(dict.fromkeys(variant.type.name for variant in item.variants)),
            "writer": self.shapes.writer,
        }

    def _pointed(self, item: Type, prefix: str) -> str:
        return self.types.annotation(replace(item, nullable=True), prefix)


def _argument(field: Field) -> str:
    return f"{field.argument}_" if field.argument in _LOCALS else field.argument


def _marker(variant: str, union: str) -> str:
    head = f"func ({variant}) is{union}() {{"
    # gofmt keeps short ones in a line, and breaks long ones.
    return head + "}" if len(head) < 80 else head + "\n}"


def _mentions(package: str, sources: Iterable[str]) -> bool:
    # Texts stand in quotes.
    return any(
        re.search(rf"\b{package}\.", re.sub(r'"(?:[^"\\]|\\.)*"|//.*', "", source)) for source in sources
    )


def _is_shown(item: Operation) -> bool:
    response: Response = item.source.successes[0]
    whole = {field for field in item.fields if field.required} <= {field for field, _ in item.example}
    return whole and response.status.isdigit() and (response.schema is None or bool(response.examples))


def _texts(values: Iterable[Json]) -> list[str]:
    return [value for value in values if isinstance(value, str) and value]


def _accessor_doc(field: ErrorField) -> str:
    names = {
        "texts": "by the names of the fields in the API",
        "text": '"" without one',
        "any": "nil without one",
    }
    return doc(sections(f"{field.name} returns what the error body holds, {names[field.kind]}.", field.doc))
