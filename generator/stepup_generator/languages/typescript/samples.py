"""JavaScript samples: modules that use the TypeScript client, and what the console shows of its answers."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from stepup_generator.arazzo.model import InputReference, Reference
from stepup_generator.client.names import Names
from stepup_generator.client.types import Type
from stepup_generator.client.view import ClientSettings
from stepup_generator.languages.typescript import types as ts
from stepup_generator.languages.typescript.target import typescript_view
from stepup_generator.openapi.model import Api, Json, Operation, Response, plain
from stepup_generator.samples.plan import Call, Code, Flow, Narrowing, Refusal, bound, prompt
from stepup_generator.samples.typed import ANY, Typed
from stepup_generator.samples.values import Inputs, answers, inputs, success
from stepup_generator.samples.writer import comment

__all__ = ["JavaScriptSamples"]

# What console.log shows of an object: Node's util.inspect with its defaults for a console.
_WIDTH, _DEPTH, _UNGROUPED = 80, 2, 6
_QUOTES = ("'", '"', "`")
_TERMINAL = "const terminal = createInterface({ input: process.stdin, output: process.stdout });"
_ESCAPES = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
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
        return self._program((), [f"const response = {call};\n{self._shown(operation, None, 'response')}"])

    def answer(self, operation: Operation, response: Response, value: Json) -> str:
        return self._shown(operation, value) if response.schema is not None else ""

    def refused(self, operation: Operation, refusal: Refusal) -> str:
        found = refusal.body.get(refusal.about) if isinstance(refusal.body, Mapping) else None
        if not isinstance(found, Mapping):
            return refusal.code
        names = {item.wire: item.name for item in self._typed.operation(operation.id).fields}
        return _inspected({names.get(key, key): value for key, value in found.items()})

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
        yield self._shown(call.operation, None, name)
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

    def _shown(self, operation: Operation, value: Json, name: str = "") -> str:
        """What is printed of an answer; or, with the name of a variable, the statement that prints it."""
        response = success(operation)
        status = response.status if response is not None else ""
        item = self._typed.answered(self._typed.operation(operation.id), status)
        documented = answers(self._api, response) if response is not None else ()
        logged = all(_is_plain(self._cased(each.value, item)) for each in documented)
        if name:
            return f"console.log({name});" if logged else f"console.log(JSON.stringify({name}, null, 2));"
        found = self._cased(value, item, hide=True)
        return _inspected(found) if logged else json.dumps(plain(found), indent=2, ensure_ascii=False)

    def _cased(self, value: Json, item: Type, hide: bool = False) -> Json:
        """A value with the names that objects have here; with ``hide``, as results show their secrets."""
        if isinstance(value, Code) or value is None:
            return value
        union = self._typed.union(item)
        if union is not None:
            variant = self._typed.variant(union, value)
            if variant is not None:
                return self._cased(value, variant.type, hide)
            return {union.tag_name: value[union.tag], "raw": value} if isinstance(value, Mapping) else value
        found = self._typed.object(item)
        if found is not None and isinstance(value, Mapping):
            return {
                field.name: "***"
                if hide and field.secret
                else self._cased(value[field.wire], field.type, hide)
                for field in found.fields
                if field.wire in value and (field.required or value[field.wire] is not None)
            }
        if isinstance(value, Mapping):
            return {key: self._cased(each, item.item or ANY, hide) for key, each in value.items()}
        if isinstance(value, tuple):
            return tuple(self._cased(each, item.item or ANY, hide) for each in value)
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


def _is_plain(value: Json, depth: int = 0) -> bool:
    """Does console.log show all of a value, and in a way that is simple to foretell?"""
    if isinstance(value, Mapping):
        return depth <= _DEPTH and all(_is_plain(item, depth + 1) for item in value.values())
    if isinstance(value, tuple):
        few = depth <= _DEPTH and len(value) <= _UNGROUPED
        return few and all(_is_plain(item, depth + 1) for item in value)
    return not isinstance(value, str) or "\n" not in value


def _inspected(value: Json, depth: int = 0) -> str:
    """What util.inspect makes of a plain value, with the settings of a console that is no terminal."""
    if isinstance(value, str):
        return _quoted(value) if depth else value
    if not isinstance(value, Mapping | tuple):
        return json.dumps(value)
    if isinstance(value, Mapping):
        opening, closing = "{", "}"
        entries = [f"{_key(key)}: {_inspected(item, depth + 1)}" for key, item in value.items()]
    else:
        opening, closing = "[", "]"
        entries = [_inspected(item, depth + 1) for item in value]
    if not entries:
        return opening + closing
    indent = "  " * depth
    length = sum(map(len, entries)) + 2 * len(entries) + len(indent) + len(opening) + 10
    if length <= _WIDTH and not any("\n" in item for item in entries):
        return f"{opening} {', '.join(entries)} {closing}"
    inside = f",\n{indent}  ".join(entries)
    return f"{opening}\n{indent}  {inside}\n{indent}{closing}"


def _key(key: str) -> str:
    return key if _IDENTIFIER.fullmatch(key) else _quoted(key)


def _quoted(text: str) -> str:
    """A text inside an object, in the first quotes that need no escape."""
    fitting = (quote for quote in _QUOTES if quote not in text and (quote != "`" or "${" not in text))
    quote = next(fitting, "'")
    escaped = text.replace("\\", "\\\\").replace(quote, "\\" + quote)
    return quote + "".join(map(_escaped, escaped)) + quote


def _escaped(char: str) -> str:
    control = char < " " or "\x7f" <= char <= "\x9f"
    return _ESCAPES.get(char, f"\\x{ord(char):02X}") if control else char
