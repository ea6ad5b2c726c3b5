"""Python samples: programs that use the Python client."""

import ast
from collections.abc import Iterable, Iterator, Mapping

from stepup_generator.arazzo.model import InputReference, Reference
from stepup_generator.client.names import Names
from stepup_generator.client.types import Object, Type, Union
from stepup_generator.client.view import ClientSettings
from stepup_generator.languages.python.names import PYTHON
from stepup_generator.languages.python.view import arguments, python_view
from stepup_generator.openapi.model import Api, Json, Operation
from stepup_generator.samples.plan import Call, Code, Flow, Narrowing, Refusal, bound, prompt
from stepup_generator.samples.typed import ANY, Typed
from stepup_generator.samples.values import Inputs, inputs
from stepup_generator.samples.writer import block, called, comment

__all__ = ["PythonSamples"]

_INDENT, _WIDTH = "    ", 88
_MODULES = ("os", "sys")


class PythonSamples:
    """Writes samples with the names of the Python client; ``Writer`` says what each function gives."""

    def __init__(self, api: Api, settings: ClientSettings | None = None) -> None:
        self._api = api
        self._view = python_view(api, settings)
        self._settings = self._view.settings
        self._typed = Typed(self._view)
        self._errors = {item.code: item.name for item in self._view.errors}

    def request(self, operation: Operation) -> str:
        sent = inputs(self._api, operation)
        call = self._call(operation, sent)
        shows = any(item.schema is not None for item in operation.successes)
        lines = [f"response = {call}", "print(response)"] if shows else [call]
        return self._program([self._client(), "\n".join(lines)])

    def flow(self, flow: Flow) -> str:
        names = Names((*PYTHON.reserved, *_MODULES, "error", self._settings.sample_name))
        variables = {item.name: names.take(PYTHON.member(item.name)) for item in flow.workflow.inputs}
        answers = {item.step.id: names.take(PYTHON.member(item.step.id)) for item in flow.calls}

        def write(found: Reference) -> str:
            if isinstance(found, InputReference):
                return variables[found.name]
            return self._path(flow.call(found.step), flow.pointer(found), answers[found.step])

        known = (f"{variables[item.name]} = {PYTHON.literal(value)}" for item, value in flow.known)
        parts = [self._client(), "\n".join(known)]
        for call in flow.calls:
            lines = [comment(call.step.description, "#")] if call.step.description else []
            for item in call.asked:
                lines.append(f"{variables[item.name]} = input({PYTHON.text(prompt(item))})")
            sent = Inputs(
                {key: bound(value, write) for key, value in call.inputs.parameters.items()},
                call.inputs.body and type(call.inputs.body)(bound(call.inputs.body.value, write)),
            )
            lines += self._step(call, sent, answers[call.step.id])
            parts.append("\n".join(lines))
        return self._program([part for part in parts if part])

    def _step(self, call: Call, sent: Inputs, name: str) -> Iterator[str]:
        made = self._call(call.operation, sent)
        if call.refused is not None:
            kind = self._error(call.refused)
            yield f"try:\n{block([made], _INDENT)}\nexcept {kind} as error:"
            yield f"    print(error.{self._detail(call.refused)})"
            return
        made = made if call.answer is None else f"{name} = {made}"
        handlers = [self._handler(item) for item in call.refusals]
        yield f"try:\n{block([made], _INDENT)}" if handlers else made
        yield from handlers
        if call.answer is not None:
            yield f"print({name})"
        for item in call.narrowings:
            yield from self._narrowed(call, item, name)

    def _handler(self, refusal: Refusal) -> str:
        kind = self._error(refusal)
        if refusal.about:
            return f'except {kind} as error:\n    sys.exit(f"Refused: {{error.{self._detail(refusal)}}}")'
        if refusal.waits:
            text = f"{refusal.text}; wait {{error.retry_after}} seconds"
            return f"except {kind} as error:\n    sys.exit(f{PYTHON.text(_braced(text))})"
        return f"except {kind}:\n    sys.exit({PYTHON.text(refusal.text)})"

    def _error(self, refusal: Refusal) -> str:
        return self._errors.get(refusal.code, "ApiError")

    def _detail(self, refusal: Refusal) -> str:
        """The attribute of an error that says most of a refusal."""
        fields = (item.name for item in self._view.error_fields if refusal.about in item.wires)
        return next(fields, self._view.code_name or "status")

    def _narrowed(self, call: Call, item: Narrowing, name: str) -> Iterator[str]:
        reached = [self._typed.answer(call), *(hop.type for hop in self._typed.way(call, item.pointer))][-1]
        union = self._typed.union(reached)
        variants = union.variants if union is not None else ()
        kind = next((each.type.name for each in variants if each.value == item.value), "")
        if kind:
            yield f"if not isinstance({self._path(call, item.pointer, name)}, {kind}):"
            yield f"    sys.exit({PYTHON.text(f'expected {item.tag} {item.value}')})"

    def _path(self, call: Call, pointer: Iterable[str], name: str) -> str:
        """The expression for a part of a result."""
        for hop in self._typed.way(call, pointer):
            if hop.field is not None:
                name += f".{hop.field.name}"
            elif hop.variant is None:
                name += f"[{hop.key}]" if hop.key.isdigit() else f"[{PYTHON.text(hop.key)}]"
        return name

    def _client(self) -> str:
        prefix, client = self._settings.environment, self._settings.client
        values = (f'os.environ["{prefix}_{name}"]' for name in ("AUTH_URL", "API_KEY"))
        return f"{self._settings.sample_name} = {client}({', '.join(values)})"

    def _program(self, parts: list[str]) -> str:
        """The parts, below the imports of what they name."""
        tree = ast.parse("\n".join(parts))
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        modules = "\n".join(f"import {name}" for name in _MODULES if name in used)
        package = self._settings.package
        names = sorted(used & {self._settings.client, *self._view.error_names, *self._view.model_names})
        line = f"from {package} import {', '.join(names)}"
        if len(line) > _WIDTH:
            line = called(f"from {package} import ", names, _INDENT)
        return "\n\n".join((modules, line, *parts)) + "\n"

    def _call(self, operation: Operation, sent: Inputs) -> str:
        made = self._typed.operation(operation.id)
        values = {
            field.name: self._written(field.type, item) for field, item in self._typed.arguments(made, sent)
        }
        ordered = [(item.name, values[item.name]) for item in arguments(made) if item.name in values]
        name = f"{self._settings.sample_name}.{made.name}"
        if made.positional or not ordered:
            return f"{name}({', '.join(text for _, text in ordered)})"
        return called(name, (f"{argument}={text}" for argument, text in ordered), _INDENT)

    def _written(self, item: Type, value: Json) -> str:
        """A value as source."""
        if isinstance(value, Code) or value is None:
            return str(value)
        if (union := self._typed.union(item)) is not None:
            return self._variant(union, value)
        if (model := self._typed.object(item)) is not None and isinstance(value, Mapping):
            return self._object(model, value)
        if isinstance(value, tuple):
            return f"[{', '.join(self._written(item.item or ANY, each) for each in value)}]"
        if isinstance(value, Mapping):
            inner = item.item or ANY
            pairs = (f"{PYTHON.literal(key)}: {self._written(inner, each)}" for key, each in value.items())
            return f"{{{', '.join(pairs)}}}"
        return PYTHON.literal(value)

    def _object(self, model: Object, value: Mapping[str, Json]) -> str:
        fields = (
            f"{field.name}={self._written(field.type, value[field.wire])}"
            for field in model.fields
            if field.wire in value
        )
        return f"{model.name}({', '.join(fields)})"

    def _variant(self, union: Union, value: Json) -> str:
        variant = self._typed.variant(union, value)
        return self._written(variant.type if variant is not None else ANY, value)


def _braced(text: str) -> str:
    """Text for an f-string, in which only our own placeholder keeps its braces."""
    escaped = text.replace("{", "{{").replace("}", "}}")
    return escaped.replace("{{error.retry_after}}", "{error.retry_after}")
