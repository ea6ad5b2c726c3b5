"""The view as the Python templates see it: what is written differently in Python than in other languages.

A property of a body that is an object becomes a keyword argument; an operation whose only input is a path
parameter takes it by position.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property

from stepup_generator.client.types import Enum, Field, Object, Union
from stepup_generator.client.view import ClientSettings, ClientView, ErrorField, Operation, Success, view
from stepup_generator.languages.python import types
from stepup_generator.languages.python.codecs import Codecs, Definition, modules
from stepup_generator.languages.python.docs import operation_doc
from stepup_generator.languages.python.names import PYTHON
from stepup_generator.languages.render import cell
from stepup_generator.openapi.model import Api

__all__ = ["PythonView", "arguments", "python_view"]

_FIXED_ERRORS = ("ApiError", "InvalidArgumentError", "NoAnswerError", "NotSentError", "UnexpectedAnswerError")
_FIXED_TYPES = (
    "Any", "AsyncClient", "Call", "ErrorFields", "Literal", "Mapping", "Product", "RawResponse", "Sequence",
    "SyncClient", "TypeAlias", "UUID", "raw_responses",
)  # fmt: skip
_ERROR_ATTRIBUTES = (
    "add_note", "args", "body", "problems", "request_id", "retry_after", "status", "timed_out",
    "with_traceback",
)  # fmt: skip
_EXAMPLE_WIDTH = 80


def python_view(api: Api, settings: ClientSettings | None = None) -> "PythonView":
    """Choose the names of the client, which samples use as well."""
    settings = settings or ClientSettings("stepup_mfa_client")
    client = settings.client
    fixed = (client, f"Async{client}", f"{client}Error", *_FIXED_ERRORS, *_FIXED_TYPES)
    made = view(
        api,
        PYTHON,
        settings,
        types=(*PYTHON.reserved_types, *fixed),
        methods=("aclose", "close"),
        attributes=_ERROR_ATTRIBUTES,
    )
    return PythonView(**{item.name: getattr(made, item.name) for item in fields(made)})


def arguments(item: Operation) -> tuple[Field, ...]:
    """The arguments of a method: Python has those with a default last."""
    return tuple(sorted(item.fields, key=lambda field: not field.required))


@dataclass(frozen=True)  # no slots: what is computed once is kept
class PythonView(ClientView):
    """The view with what only Python needs."""

    @property
    def distribution(self) -> str:
        return self.settings.package.replace("_", "-")

    @property
    def root(self) -> str:
        return f"{self.settings.client}Error"

    @property
    def error_names(self) -> tuple[str, ...]:
        return tuple(sorted((self.root, *_FIXED_ERRORS, *(item.name for item in self.errors))))

    @property
    def model_names(self) -> tuple[str, ...]:
        unknown = (item.unknown for item in self.models if isinstance(item, Union) and item.unknown)
        return tuple(sorted((*(item.name for item in self.models), *unknown)))

    @property
    def public_names(self) -> tuple[str, ...]:
        client = self.settings.client
        fixed = (client, f"Async{client}", "RawResponse", "raw_responses", "__version__")
        return tuple(sorted((*fixed, *self.error_names, *self.model_names)))

    @property
    def classes(self) -> tuple[Object | Union, ...]:
        """The models that are classes; of a union with a tag that is the variant of a newer API."""
        return tuple(
            item
            for item in self.models
            if isinstance(item, Object) or (isinstance(item, Union) and item.unknown)
        )

    @property
    def aliases(self) -> tuple[types.Alias, ...]:
        enums = [item for item in self.models if isinstance(item, Enum)]
        unions = [item for item in self.models if isinstance(item, Union)]
        return tuple(types.alias(item) for group in (enums, unions) for item in group)

    @cached_property
    def codecs(self) -> Codecs:
        """With all that operations reach."""
        made = Codecs(self.models)
        for item in self.operations:
            self._expressions(item, made)
        return made

    @property
    def definitions(self) -> tuple[Definition, ...]:
        return self.codecs.definitions

    @property
    def wire_modules(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return tuple(modules(item.expression for item in self.definitions))

    @property
    def operation_modules(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return tuple(modules(text for op in self.operations for text in self._expressions(op, self.codecs)))

    @staticmethod
    def _expressions(item: Operation, codecs: Codecs) -> list[str]:
        taken = (field.type for field in item.fields)
        returned = (success.type for success in item.successes if success.type is not None)
        return [codecs.codec(each) for each in (*taken, *returned)]

    def body(self, item: Success) -> str:
        """The source of the body of a success."""
        if item.type is None:
            return "None"
        return f"Body({PYTHON.text(item.media_type)}, {self.codecs.codec(item.type)})"

    def doc(self, item: Operation) -> str:
        return operation_doc(item, arguments(item), self.root)

    @staticmethod
    def returns(item: Operation) -> str:
        return "None" if item.result is None else types.annotation(item.result, "models.")

    @staticmethod
    def example(item: Operation) -> str:
        """A call with the inputs of the document's example."""
        values = {field.name: value for field, value in item.example}
        given = []
        for field in arguments(item):
            if field.name not in values and not field.required:
                continue
            value = values.get(field.name)
            text = PYTHON.literal(value) if isinstance(value, str | int | float) else "..."
            given.append(text if item.positional else f"{field.name}={text}")
        call = f"{item.name}({', '.join(given)})"
        if len(call) > _EXAMPLE_WIDTH:
            lines = "".join(f"    {argument},\n" for argument in given)
            call = f"{item.name}(\n{lines})"
        return call

    @property
    def repeatable_note(self) -> str:
        names = ", ".join(f"`{item.name}`" for item in self.repeatable)
        if not names:
            return "No call is repeated once its request may have arrived."
        return f"Once a request may have arrived, only {names} is tried again, with growing pauses."

    @property
    def filters(self) -> dict[str, Callable[..., object]]:
        return {
            "argument": types.argument,
            "arguments": arguments,
            "attribute": types.attribute,
            "body": self.body,
            "cell": cell,
            "codec": self.codecs.codec,
            "comment": PYTHON.comment,
            "constant": lambda item: PYTHON.constant(item.name),
            "credentials": lambda pair: f"({', '.join(map(PYTHON.text, pair))})" if pair else "None",
            "doc": self.doc,
            "docstring": PYTHON.docstring,
            "error_field": _error_field,
            "example": self.example,
            "reader": _reader,
            "returns": self.returns,
            "shown": types.shown,
            "text": PYTHON.text,
            "texts": lambda items: ", ".join(map(PYTHON.text, items)),
        }


_ERROR_KINDS = {
    "text": ("str | None = None", "text_of"),
    "texts": ("Mapping[str, str] = MappingProxyType({})", "texts_of"),
    "any": ("Any = None", "value_of"),
}


def _error_field(item: ErrorField) -> str:
    """The annotation of an attribute of errors, with the value for an error without a body."""
    return _ERROR_KINDS[item.kind][0]


def _reader(item: ErrorField) -> str:
    """The call that reads an attribute of errors from a body."""
    return f"{_ERROR_KINDS[item.kind][1]}(body, {', '.join(map(PYTHON.text, item.wires))})"
