"""JavaScript samples: modules that use the TypeScript client."""

import re
from collections.abc import Iterable, Iterator, Mapping

from stepup_generator.arazzo.model import InputReference, Reference
from stepup_generator.client.names import Names
from stepup_generator.client.types import Type
from stepup_generator.client.view import ClientSettings
from stepup_generator.languages.typescript import types as ts
from stepup_generator.languages.typescript.target import typescript_view
from stepup_generator.openapi.model import Api, Json, Operation
from stepup_generator.samples.plan import Call, Code, Flow, Narrowing, Refusal, bound, prompt
from stepup_generator.samples.typed import ANY, Typed
from stepup_generator.samples.values import Inputs, answers, inputs, success
from stepup_generator.samples.writer import comment

__all__ = ["JavaScriptSamples"]

# How many levels console.log shows: Node's util.inspect with its default depth.
_DEPTH = 3
_TERMINAL = "const terminal = createInterface({ input: process.stdin, output: process.stdout });"
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")


class JavaScriptSamples:
    """Writes samples with the names of the TypeScript client; ``Writer`` says what each function gives."""

    def __init__(self, api: Api, settings: ClientSettings | None = None) -> None:
        self._api = api
        self._view = typescript_view(api, settings)
        self._typed = Typed(self._view)
        self._errors = {item.code: item.name for item in self._view.errors}

    def request(self, operation: Operation) -> str:
        call = f"await {self._call(operation, inputs(self._api, operation))}"
        response = success(operation)
        if response is None or response.schema is None:
            return self._program((), [f"{call};"])
        return self._program((), [f"const response = {call};\n{self._printing(operation, 'response')}"])

    def flow(self, flow: Flow) -> str:
        taken = ("createInterface", "error", "process", "stop", "terminal", self._view.settings.sample_name)
        names = Names((*ts.TYPESCRIPT.reserved, *taken), joint="")
        variables = {i.name: names.take(ts.TYPESCRIPT.argument(i.name)) for i in flow.workflow.inputs}
        made = {item.step.id: names.take(ts.TYPESCRIPT.argument(item.step.id)) for item in flow.calls}

        def write(found: Reference) -> str:
            if isinstance(found, InputReference):
                return variables[found.name]
            return self._path(flow.call(found.step), flow.pointer(found), made[found.step])

        asked = [item for call in flow.calls for item in call.asked]
        known = (f"const {variables[item.name]} = {ts.literal(value)};" for item, value in flow.known)
        parts = ["\n".join(known)]
        for call in flow.calls:
            lines = [comment(call.step.description, "//")] if call.step.description else []
            for item in call.asked:
                if item in asked[:1]:
                    lines.append(_TERMINAL)
                lines.append(
                    f"const {variables[item.name]} = await terminal.question({ts.literal(prompt(item))});"
                )
                if item in asked[-1:]:
                    lines.append("terminal.close();")
            sent = Inputs(
                {key: bound(value, write) for key, value in call.inputs.parameters.items()},
                call.inputs.body and type(call.inputs.body)(bound(call.inputs.body.value, write)),
            )
            parts.append("\n".join((*lines, *self._step(call, sent, made[call.step.id]))))
        stop = self._stop(flow)
        return self._program(self._used(flow), [*parts, *([stop] if stop else [])])

    def _step(self, call: Call, sent: Inputs, name: str) -> Iterator[str]:
        made = f"await {self._call(call.operation, sent)}"
        if call.refused is not None:
            made = "\n".join(f"  {line}" for line in made.split("\n"))
            kind = self._errors.get(call.refused.code, "ApiError")
            yield f"try {{\n{made};\n}} catch (error) {{"
            yield f"  if (!(error instanceof {kind})) throw error;"
            yield f"  console.log(error.{self._detail(call.refused)});\n}}"
            return
        made += ".catch(stop)" if call.refusals else ""
        if call.answer is None:
            yield f"{made};"
            return
        yield f"const {name} = {made};"
        yield self._printing(call.operation, name)
        for narrowing in call.narrowings:
            yield self._narrowed(call, narrowing, name)

    def _stop(self, flow: Flow) -> str:
        """The function that says what a user has to know of a refusal, and ends the program."""
        found = {item.code: item for call in flow.calls for item in call.refusals}
        if not found:
            return ""
        tests = (
            f"if (error instanceof {self._errors.get(code, 'ApiError')}) {self._told(item)}"
            for code, item in found.items()
        )
        chain = "\n  else ".join((*tests, "throw error;"))
        return f"function stop(error) {{\n  {chain}\n  process.exit(1);\n}}"

    def _told(self, refusal: Refusal) -> str:
        if refusal.about:
            return f'console.error("Refused:", error.{self._detail(refusal)});'
        if refusal.waits:
            return f"console.error({ts.literal(f'{refusal.text}; seconds to wait:')}, error.retryAfter);"
        return f"console.error({ts.literal(refusal.text)});"

    def _used(self, flow: Flow) -> list[str]:
        found = [item for call in flow.calls for item in (*call.refusals, call.refused) if item is not None]
        return [self._errors.get(item.code, "ApiError") for item in found]

    def _detail(self, refusal: Refusal) -> str:
        fields = (item.name for item in self._view.error_fields if refusal.about in item.wires)
        return next(fields, self._view.code_name or "status")

    def _narrowed(self, call: Call, item: Narrowing, name: str) -> str:
        path = self._path(call, item.pointer, name)
        last = [ANY, *(hop.type for hop in self._typed.way(call, item.pointer))][-1]
        union = self._typed.union(last)
        tag = union.tag_name if union else item.tag
        text = ts.literal(f"wanted {item.tag} {item.value}")
        access = f"{path}{'?.' if last.nullable else '.'}{tag}"
        return f"if ({access} !== {ts.literal(item.value)}) throw new Error({text});"

    def _path(self, call: Call, pointer: Iterable[str], name: str) -> str:
        for hop in self._typed.way(call, pointer):
            if hop.field is not None:
                name += f".{hop.field.name}"
            elif hop.variant is None:
                name += f"[{hop.key}]" if hop.key.isdigit() else f"[{ts.literal(hop.key)}]"
        return name

    def _program(self, errors: Iterable[str], parts: list[str]) -> str:
        settings, code = self._view.settings, "\n".join(parts)
        prefix, names = settings.environment, sorted({settings.client, *errors})
        line = f"import {{ {', '.join(names)} }} from {ts.literal(settings.package)};"
        if len(line) > 100:
            inside = "".join(f"  {name},\n" for name in names)
            line = f"import {{\n{inside}}} from {ts.literal(settings.package)};"
        if "createInterface" in code:
            line = f'import {{ createInterface }} from "node:readline/promises";\n\n{line}'
        client = (
            f"const {settings.sample_name} = new {settings.client}({{\n"
            f"  authUrl: process.env.{prefix}_AUTH_URL,\n  apiKey: process.env.{prefix}_API_KEY,\n}});"
        )
        return "\n\n".join((line, client, *filter(None, parts))) + "\n"

    def _call(self, operation: Operation, sent: Inputs) -> str:
        made = self._typed.operation(operation.id)
        name = f"{self._view.settings.sample_name}.{made.name}"
        given = [
            (field, self._cased(value, field.type)) for field, value in self._typed.arguments(made, sent)
        ]
        if made.positional is not None:
            return f"{name}({', '.join(_source(value) for _, value in given)})"
        lines = (_member(field.name, value) for field, value in given)
        inside = "".join(f"  {line},\n" for line in lines)
        return f"{name}({{\n{inside}}})" if inside else f"{name}()"

    def _printing(self, operation: Operation, name: str) -> str:
        """The statement that prints a response: as JSON where console.log would leave out what lies deep."""
        response = success(operation)
        documented = answers(self._api, response) if response is not None else ()
        if any(_depth(item.value) > _DEPTH for item in documented):
            return f"console.log(JSON.stringify({name}, null, 2));"
        return f"console.log({name});"

    def _cased(self, value: Json, item: Type) -> Json:
        """A value with the names that objects have here."""
        if isinstance(value, Code) or value is None:
            return value
        union = self._typed.union(item)
        if union is not None:
            variant = self._typed.variant(union, value)
            if variant is not None:
                return self._cased(value, variant.type)
            return {union.tag_name: value[union.tag], "raw": value} if isinstance(value, Mapping) else value
        found = self._typed.object(item)
        if found is not None and isinstance(value, Mapping):
            return {
                field.name: self._cased(value[field.wire], field.type)
                for field in found.fields
                if field.wire in value and (field.required or value[field.wire] is not None)
            }
        if isinstance(value, Mapping):
            return {key: self._cased(each, item.item or ANY) for key, each in value.items()}
        if isinstance(value, tuple):
            return tuple(self._cased(each, item.item or ANY) for each in value)
        return value


def _member(name: str, value: Json) -> str:
    """A property of an object literal, in short where a variable has its name."""
    return name if isinstance(value, Code) and value == name else f"{name}: {_source(value)}"


def _source(value: Json) -> str:
    if isinstance(value, Code):
        return str(value)
    if isinstance(value, Mapping):
        items = ", ".join(
            _member(key, item) if _IDENTIFIER.fullmatch(key) and key != "__proto__"
            else f"{'[' * (key == '__proto__')}{ts.literal(key)}{']' * (key == '__proto__')}: {_source(item)}"
            for key, item in value.items()
        )  # fmt: skip
        return f"{{ {items} }}" if items else "{}"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_source, value))}]"
    return ts.literal(value)


def _depth(value: Json) -> int:
    """How many objects and arrays lie inside one another."""
    if isinstance(value, Mapping | tuple):
        items = value.values() if isinstance(value, Mapping) else value
        return 1 + max(map(_depth, items), default=0)
    return 0
