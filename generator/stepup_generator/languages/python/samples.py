"""Python samples: programs that use the Python client."""

import ast
from collections.abc import Iterable, Iterator, Mapping

from stepup_generator.arazzo.model import InputReference, Reference
from stepup_generator.client.names import Names
from stepup_generator.languages.python.parts import (
    PyArgument,
    PyOperation,
    PythonSettings,
    TransportOperation,
)
from stepup_generator.languages.python.types import Model, ModelField
from stepup_generator.languages.python.view import PYTHON, view
from stepup_generator.openapi.model import Api, Json, Operation, Schema
from stepup_generator.samples.plan import Call, Code, Flow, Narrowing, Refusal, bound, prompt
from stepup_generator.samples.values import Inputs, inputs
from stepup_generator.samples.writer import block, called, comment

__all__ = ["PythonSamples"]

_INDENT, _WIDTH = "    ", 88
_MODULES = ("datetime", "os", "sys")
_TIMES = {
    "_datetime.datetime": "datetime.datetime.fromisoformat",
    "_datetime.date": "datetime.date.fromisoformat",
}


class PythonSamples:
    """Writes samples with the names of the Python client; ``Writer`` says what each function gives."""

    def __init__(self, api: Api, settings: PythonSettings | None = None) -> None:
        self._api = api
        self._settings = settings or PythonSettings()
        # Samples call the facade; how that builds requests is of no concern to them.
        below = {item.id: TransportOperation("", "", ()) for item in api.operations}
        made = self._view = view(api, self._settings, below)
        pairs = zip(api.operations, made.operations, strict=True)
        self._operations = {source.id: item for source, item in pairs}
        self._models = {item.name: item for item in made.types.models}
        self._errors = {item.code: item.name for item in made.error_classes}

    def request(self, operation: Operation) -> str:
        sent = inputs(self._api, operation)
        call = self._call(operation, sent)
        shows = any(item.schema is not None for item in operation.successes)
        lines = [f"response = {call}", "print(response)"] if shows else [call]
        return self._program([self._client(), "\n".join(lines)])

    def flow(self, flow: Flow) -> str:
        names = Names((*PYTHON.reserved, "os", "sys", "datetime", "error", self._settings.sample_name))
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
        name = self._errors.get(refusal.code, "ApiError")
        return name

    def _detail(self, refusal: Refusal) -> str:
        """The attribute of an error that says most of a refusal."""
        fields = (item.name for item in self._view.error_fields if refusal.about in item.wires)
        return next(fields, self._view.code_attribute or "status")

    def _narrowed(self, call: Call, item: Narrowing, name: str) -> Iterator[str]:
        schema = self._variant(call, item)
        if schema is None:
            return
        kind = self._type(schema)
        yield f"if not isinstance({self._path(call, item.pointer, name)}, {kind}):"
        yield f"    sys.exit({PYTHON.text(f'expected {item.tag} {item.value}')})"

    def _variant(self, call: Call, item: Narrowing) -> Schema | None:
        _, union = self._walk(call, item.pointer, "")
        found = union and union.discriminator and dict(union.discriminator.mapping).get(item.value)
        return self._api.schema(found) if found else None

    def _path(self, call: Call, pointer: Iterable[str], name: str) -> str:
        return self._walk(call, pointer, name)[0]

    def _walk(self, call: Call, pointer: Iterable[str], text: str) -> tuple[str, Schema | None]:
        """The expression for a part of an answer, and its schema."""
        response = next((item for item in call.operation.successes if item.schema is not None), None)
        schema = response.schema if response else None
        chosen = {item.pointer: item.value for item in call.narrowings}
        keys: tuple[str, ...] = ()
        for key in pointer:
            if schema is None:
                break
            resolved = self._api.resolve(schema)
            if keys in chosen and resolved.discriminator is not None:
                resolved = self._api.schema(dict(resolved.discriminator.mapping)[chosen[keys]])
            keys = (*keys, key)
            if resolved.kind == "array":
                text, schema = f"{text}[{key}]", resolved.items
            else:
                members = dict(self._members(resolved))
                text = f"{text}.{members[key].name}" if key in members else f"{text}[{PYTHON.text(key)}]"
                schema = next((i.schema for i in resolved.properties if i.name == key), resolved.additional)
        return text, self._api.resolve(schema) if schema else None

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
        made = self._operations[operation.id]
        values = list(self._arguments(operation, made, sent))
        name = f"{self._settings.sample_name}.{made.name}"
        if not made.keyword_only:
            return f"{name}({', '.join(text for _, text in values)})"
        return called(name, (f"{item.name}={text}" for item, text in values), _INDENT)

    def _arguments(
        self, operation: Operation, made: PyOperation, sent: Inputs
    ) -> Iterator[tuple[PyArgument, str]]:
        schemas = {(item.location, item.name): item.schema for item in operation.parameters}
        body = operation.request_body
        given = dict(sent.parameters)
        if body is not None and sent.body is not None:
            schemas["body", ""] = body.schema  # type: ignore[index]  # a place of ours beside the locations
            given["body", ""] = sent.body.value
            for item in self._api.flat_body(operation) or ():
                schemas["body", item.name] = item.schema  # type: ignore[index]
                if isinstance(sent.body.value, Mapping) and item.name in sent.body.value:
                    given["body", item.name] = sent.body.value[item.name]
        for argument in made.arguments:
            key = (argument.place, argument.wire)
            if key in given:
                yield argument, self._written(schemas[key], given[key])  # type: ignore[index]

    def _type(self, schema: Schema) -> str:
        return self._view.types.annotation(schema).removesuffix(" | None")

    def _members(self, schema: Schema) -> Iterator[tuple[str, ModelField]]:
        """The fields of a model by their wire names: they come in the order of its schema."""
        model: Model | None = self._models.get(self._type(schema)) if schema.kind == "object" else None
        if model is not None:
            names = (item.name for item in schema.properties)
            yield from zip(names, model.fields, strict=True)

    def _written(self, schema: Schema, value: Json) -> str:
        """A value as source."""
        resolved = self._api.resolve(schema)
        if isinstance(value, Code) or value is None:
            return str(value)
        if resolved.kind == "union":
            return self._variant_written(resolved, value)
        if isinstance(value, tuple):
            items = (self._written(resolved.items or Schema("any"), item) for item in value)
            return f"[{', '.join(items)}]"
        if resolved.kind == "object" and isinstance(value, Mapping):
            return self._object(resolved, value)
        if isinstance(value, Mapping):
            inner = resolved.additional or Schema("any")
            pairs = (f"{PYTHON.literal(key)}: {self._written(inner, item)}" for key, item in value.items())
            return f"{{{', '.join(pairs)}}}"
        kind = _TIMES.get(self._type(resolved)) if resolved.kind == "string" and not resolved.enum else None
        if kind is not None and isinstance(value, str):
            return f"{kind}({PYTHON.text(value)})"
        return PYTHON.literal(value)

    def _object(self, schema: Schema, value: Mapping[str, Json]) -> str:
        schemas = {item.name: item.schema for item in schema.properties}
        fields = (
            f"{member.name}={self._written(schemas[wire], value[wire])}"
            for wire, member in self._members(schema)
            if wire in value
        )
        return f"{self._type(schema)}({', '.join(fields)})"

    def _variant_written(self, union: Schema, value: Json) -> str:
        if union.discriminator is not None and isinstance(value, Mapping):
            tag = value.get(union.discriminator.property)
            name = dict(union.discriminator.mapping).get(str(tag))
            if name is not None:
                return self._written(self._api.schema(name), value)
        fitting = (item for item in self._api.variants(union) if fits(self._api, item, value))
        return self._written(next(fitting, Schema("any")), value)


def fits(api: Api, schema: Schema, value: Json) -> bool:
    """Might a value be of a schema? Enough to choose between the variants of a union."""
    schema = api.resolve(schema)
    if schema.enum and value not in schema.enum:
        return False
    if schema.kind == "object":
        return isinstance(value, Mapping) and all(
            fits(api, item.schema, value[item.name]) if item.name in value else not item.required
            for item in schema.properties
        )
    if schema.kind == "union":
        return any(fits(api, item, value) for item in schema.variants)
    wanted: dict[str, type | tuple[type, ...]] = {
        "boolean": bool, "integer": int, "number": (int, float), "string": str, "array": tuple,
        "map": Mapping, "null": type(None),
    }  # fmt: skip
    kind = wanted.get(schema.kind, object)
    return isinstance(value, kind) and isinstance(value, bool) == (schema.kind == "boolean")


def _braced(text: str) -> str:
    """Text for an f-string, in which only our own placeholder keeps its braces."""
    escaped = text.replace("{", "{{").replace("}", "}}")
    return escaped.replace("{{error.retry_after}}", "{error.retry_after}")
