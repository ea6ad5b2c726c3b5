"""Go samples: programs that use the Go client."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from stepup_generator.arazzo.model import InputReference, OutputReference, Reference
from stepup_generator.client.names import Names
from stepup_generator.client.types import Field, Type
from stepup_generator.client.view import ClientSettings
from stepup_generator.languages.go.literals import field_literal
from stepup_generator.languages.go.target import go_view
from stepup_generator.languages.go.types import GO, is_uuid
from stepup_generator.openapi.model import Api, Json, Operation
from stepup_generator.samples.plan import Call, Code, Flow, Refusal, bound, prompt
from stepup_generator.samples.typed import ANY, Typed
from stepup_generator.samples.values import Inputs, inputs, success
from stepup_generator.samples.writer import block, comment

__all__ = ["GoSamples"]

_STANDARD = ("context", "encoding/json", "errors", "fmt", "log", "os")
_FAIL = "if err != nil {\n\tlog.Fatal(err)\n}"


@dataclass(frozen=True, slots=True)
class _Source:
    """An expression, and what it is."""

    text: str
    type: Type
    secret: bool = False


class GoSamples:
    """Writes samples with the names of the Go client; ``Writer`` says what each function gives."""

    def __init__(self, api: Api, settings: ClientSettings | None = None) -> None:
        self._api = api
        self._view = go_view(api, settings)
        self._typed = Typed(self._view)
        self._types = self._view.types
        self._package = self._view.package
        self._errors = {item.code: item.name for item in self._view.errors}

    def request(self, operation: Operation) -> str:
        call = self._call(operation, inputs(self._api, operation), {})
        return self._program([self._client(call), "\n".join(self._printing(operation, call, "response"))])

    def flow(self, flow: Flow) -> str:
        taken = (
            "context",
            "errors",
            "fmt",
            "log",
            "models",
            "ok",
            "os",
            "refused",
            "stop",
            "uuid",
            self._package,
        )
        names = Names((*GO.reserved, *taken, self._view.settings.sample_name), joint="")
        sources: dict[Reference, _Source] = {}
        known = []
        values = {item.name: value for item, value in flow.known}
        for item in flow.workflow.inputs:
            variable, field = names.take(GO.argument(item.name)), self._typed.fed(flow, item.name)
            if field is not None and item.name in values:
                literal = field_literal(self._types, values[item.name], field)
                kind = self._types.annotation(field.type)
                literal = f"{kind}({literal})" if kind in ("int64", "float64") else literal
                known.append(f"{variable} := {literal}")
            given = field.type if field is not None and item.name in values else Type("string")
            sources[InputReference(item.name)] = _Source(variable, given)
        parts = ["\n".join(known)]
        for call in flow.calls:
            parts.append("\n".join(self._step(flow, call, names, sources)))
        stop = self._stop(flow)
        return self._program([self._client("ctx"), *parts], [stop] if stop else [])

    def _step(self, flow: Flow, call: Call, names: Names, sources: dict[Reference, _Source]) -> Iterator[str]:
        if call.step.description:
            yield comment(call.step.description, "//")
        for item in call.asked:
            variable = sources[InputReference(item.name)].text
            yield f"fmt.Print({GO.text(prompt(item))})\nvar {variable} string"
            yield f"if _, err := fmt.Scanln(&{variable}); err != nil {{\n\tlog.Fatal(err)\n}}"
        texts = {source.text: source for source in sources.values()}
        sent = Inputs(
            {k: bound(v, lambda found: sources[found].text) for k, v in call.inputs.parameters.items()},
            call.inputs.body
            and type(call.inputs.body)(bound(call.inputs.body.value, lambda found: sources[found].text)),
        )
        made = self._call(call.operation, sent, texts)
        if call.refused is not None:
            yield from self._refusing(call, made)
            return
        name = names.take(GO.argument(call.step.id))
        stop = "if err != nil {\n\tstop(err)\n}" if call.refusals else _FAIL
        yield from self._printing(call.operation, made, name, stop)
        yield from self._narrowed(flow, call, name, names, sources)

    def _refusing(self, call: Call, made: str) -> Iterator[str]:
        assert call.refused is not None
        kind = self._errors.get(call.refused.code, "APIError")
        blank = "_, err" if self._typed.operation(call.operation.id).result else "err"
        yield f"{blank} = {made}"
        yield f"var refused *{self._package}.{kind}"
        yield "if !errors.As(err, &refused) {\n\tlog.Fatal(err)\n}"
        yield f"fmt.Println(refused.{self._detail(call.refused)}())"

    def _narrowed(
        self, flow: Flow, call: Call, name: str, names: Names, sources: dict[Reference, _Source]
    ) -> Iterator[str]:
        """What has to hold of an answer, and the expressions for what later steps take from it."""
        wanted = {output.name: output.pointer for output in flow.taken_from(call)}
        narrowed: dict[tuple[str, ...], str] = {}
        for item in call.narrowings:
            used = any(pointer[: len(item.pointer)] == item.pointer for pointer in wanted.values())
            variable = names.take(GO.argument(item.value)) if used else "_"
            hops = list(self._typed.way(call, (*item.pointer, item.tag)))
            kind = next((hop.type.name for hop in hops if hop.variant is not None), "")
            path = self._path(call, item.pointer, name, narrowed)
            fail = f"\tlog.Fatal({GO.text(f'expected {item.tag} {item.value}')})\n}}"
            test = f"{variable}, ok := {path.text}.(models.{kind})"
            yield f"{test}\nif !ok {{\n{fail}" if used else f"if {test}; !ok {{\n{fail}"
            narrowed[item.pointer] = variable
        for output, pointer in wanted.items():
            source = self._path(call, pointer, name, narrowed)
            sources[OutputReference(call.step.id, output)] = source

    def _path(
        self, call: Call, pointer: tuple[str, ...], name: str, narrowed: Mapping[tuple[str, ...], str]
    ) -> _Source:
        keys: tuple[str, ...] = ()
        source = _Source(name, self._typed.answer(call))
        for hop in self._typed.way(call, pointer):
            if hop.variant is not None:
                source = _Source(narrowed.get(keys, source.text), hop.type)
                continue
            keys = (*keys, hop.key)
            if hop.field is not None:
                source = _Source(f"{source.text}.{hop.field.name}", hop.type, hop.field.secret)
            else:
                key = hop.key if hop.key.isdigit() else GO.text(hop.key)
                source = _Source(f"{source.text}[{key}]", hop.type)
        return source

    def _stop(self, flow: Flow) -> str:
        """The function that says what a user has to know of a refusal, and ends the program."""
        found = {item.code: item for call in flow.calls for item in call.refusals}
        if not found:
            return ""
        names = Names((*GO.reserved, "errors", "log", "stop", "wait"), joint="")
        variables = {code: names.take(GO.argument(self._kind(code))) for code in found}
        declared = (f"var {variables[code]} *{self._package}.{self._kind(code)}" for code in found)
        cases = (
            f"case errors.As(err, &{variables[code]}):\n{block(self._told(item, variables[code]), chr(9))}"
            for code, item in found.items()
        )
        lines = (*declared, "switch {", *cases, "default:\n\tlog.Fatal(err)", "}")
        head = "// stop says why a call was refused, and ends the program.\nfunc stop(err error) {\n"
        return f"{head}{block(lines, chr(9))}\n}}"

    def _kind(self, code: str) -> str:
        return self._errors.get(code, "APIError")

    def _told(self, refusal: Refusal, name: str) -> Iterator[str]:
        if refusal.about:
            yield f'log.Fatal("Refused: ", {name}.{self._detail(refusal)}())'
        elif refusal.waits:
            yield f"wait, _ := {name}.RetryAfter()"
            yield f"log.Fatal({GO.text(f'{refusal.text}; wait ')}, wait)"
        else:
            yield f"log.Fatal({GO.text(refusal.text)})"

    def _detail(self, refusal: Refusal) -> str:
        fields = (item.name for item in self._view.error_fields if refusal.about in item.wires)
        return next(fields, self._view.code_name or "Status")

    def _client(self, code: str) -> str:
        settings = self._view.settings
        values = (f'os.Getenv("{settings.environment}_{name}")' for name in ("AUTH_URL", "API_KEY"))
        context = "ctx := context.Background()\n" if "ctx" in code else ""
        return f"{context}{settings.sample_name}, err := {self._package}.New({', '.join(values)})\n{_FAIL}"

    def _program(self, parts: list[str], functions: Iterable[str] = ()) -> str:
        body = "\n\n".join(part for part in parts if part)
        main = f"func main() {{\n{block([body], chr(9))}\n}}"
        code = re.sub(r'"(?:[^"\\]|\\.)*"', "", "\n".join((main, *functions)))
        standard = [name for name in _STANDARD if re.search(rf"\b{name.split('/')[-1]}\.", code)]
        module = self._view.settings.package
        others = {"uuid": '"github.com/google/uuid"', self._package: f"{self._package} {GO.text(module)}",
                  "models": GO.text(f"{module}/models")}  # fmt: skip
        own = sorted((text for name, text in others.items() if re.search(rf"\b{name}\.", code)), key=_path_of)
        imports = "\n".join(("\n".join(map(GO.text, standard)), "", *own))
        head = f"package main\n\nimport (\n{block([imports], chr(9))}\n)"
        return "\n\n".join((head, main, *functions)) + "\n"

    def _printing(self, operation: Operation, call: str, name: str, stop: str = _FAIL) -> Iterator[str]:
        """The statements that make a call and print its answer."""
        if self._typed.operation(operation.id).result is None:
            yield f"if err := {call}; err != nil {{\n\t{stop.split(chr(10))[1].strip()}\n}}"
            return
        yield f"{name}, err := {call}\n{stop}"
        if self._has_pointers(operation):
            yield f"if err := json.NewEncoder(os.Stdout).Encode({name}); err != nil {{\n\tlog.Fatal(err)\n}}"
        else:
            yield f'fmt.Printf("%+v\\n", {name})'

    def _has_pointers(self, operation: Operation) -> bool:
        """Does a response hold pointers that ``%+v`` would show as addresses? Then it is printed as JSON."""
        result, response = self._typed.operation(operation.id).result or ANY, success(operation)
        item = self._typed.answered(self._typed.operation(operation.id), response.status if response else "")
        if result.name != item.name:
            return True
        return (self._typed.object(item) is None and self._points(item, ())) or self._holds_pointer(item, ())

    def _points(self, item: Type, inside: tuple[str, ...]) -> bool:
        pointer = (item.nullable or item.recursive) and not self._types.is_nilable(item)
        return pointer or self._holds_pointer(item, inside)

    def _holds_pointer(self, item: Type, inside: tuple[str, ...]) -> bool:
        """``inside`` are the models that ``item`` is a part of."""
        if item.name in inside:
            return True
        path = (*inside, item.name) if item.name else inside
        if (union := self._typed.union(item)) is not None:
            variants = (replace(each.type, nullable=False, recursive=False) for each in union.variants)
            return not union.tag or any(self._points(each, path) for each in variants)
        if (found := self._typed.object(item)) is not None:
            return any(
                self._points(replace(each.type, nullable=each.type.nullable or not each.required), path)
                for each in found.fields
                if not each.secret
            )
        return item.item is not None and self._points(item.item, path)

    def _call(self, operation: Operation, sent: Inputs, known: Mapping[str, _Source]) -> str:
        made = self._typed.operation(operation.id)
        values = [
            (field, self._argument(field, value, known)) for field, value in self._typed.arguments(made, sent)
        ]
        name = f"{self._view.settings.sample_name}.{made.name}"
        if made.input is None:
            return f"{name}(ctx)"
        if made.positional is not None:
            return f"{name}(ctx, {', '.join(text for _, text in values)})"
        return f"{name}(ctx, {_struct(made.input.name, values)})"

    def _argument(self, field: Field, value: Json, known: Mapping[str, _Source]) -> str:
        if not isinstance(value, Code):
            return field_literal(self._types, value, field)
        source, item = known[str(value)], field.type
        text = f"{source.text}.Reveal()" if source.secret and not field.secret else source.text
        if is_uuid(item) != is_uuid(source.type):
            text = f"uuid.MustParse({text})" if is_uuid(item) else f"{text}.String()"
        elif item.name and item.name != source.type.name:
            text = f"models.{item.name}({text})"
        text = f"models.NewSecret({text})" if field.secret and not source.secret else text
        optional = not field.required or item.nullable
        return f"models.Ptr({text})" if optional and not self._types.is_nilable(item) else text


def _struct(name: str, values: list[tuple[Field, str]]) -> str:
    """A struct, a field a line."""
    lines = (f"\t{field.name}: {text},\n" for field, text in values)
    return f"models.{name}{{\n{''.join(lines)}}}" if values else f"models.{name}{{}}"


def _path_of(line: str) -> str:
    return line.split('"')[1]
