"""Rust samples: programs that use the Rust client."""

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from stepup_generator.arazzo.model import InputReference, OutputReference, Reference
from stepup_generator.client.names import Names
from stepup_generator.client.types import Field, Type
from stepup_generator.client.view import ClientSettings
from stepup_generator.errors import GeneratorError
from stepup_generator.languages.rust import types as rs
from stepup_generator.languages.rust.examples import use
from stepup_generator.languages.rust.literals import Unwritable
from stepup_generator.languages.rust.types import RUST
from stepup_generator.languages.rust.view import rust_view
from stepup_generator.openapi.model import Api, Json, Operation
from stepup_generator.samples.plan import Call, Code, Flow, Narrowing, Refusal, bound, prompt
from stepup_generator.samples.typed import Typed
from stepup_generator.samples.values import Inputs, inputs
from stepup_generator.samples.writer import comment

__all__ = ["RustSamples"]

_INDENT = "    "
_BOXED = "Box<dyn std::error::Error>"
_LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"')


@dataclass(frozen=True, slots=True)
class _Source:
    """An expression, and what it is; ``owned`` where it is no mere reference."""

    text: str
    type: Type
    secret: bool = False
    owned: bool = True


class RustSamples:
    """Writes samples with the names of the Rust client; ``Writer`` says what each function gives."""

    def __init__(self, api: Api, settings: ClientSettings | None = None) -> None:
        self._api = api
        self._view = rust_view(api, settings)
        self._typed = Typed(self._view)
        self._kinds = {item.code: item.variant for item in self._view.refusals}

    def request(self, operation: Operation) -> str:
        call = self._call(operation, inputs(self._api, operation), {})
        name = "response" if self._typed.operation(operation.id).result else ""
        return self._program([self._printing(name, f"{call}.await?")])

    def flow(self, flow: Flow) -> str:
        taken = ("explain", "main", "refusal", "refused", "std", self._view.settings.sample_name)
        names = Names((*RUST.reserved, *taken))
        sources: dict[Reference, _Source] = {}
        known = []
        values = {item.name: value for item, value in flow.known}
        for item in flow.workflow.inputs:
            variable, field = names.take(RUST.member(item.name)), self._typed.fed(flow, item.name)
            kind = Type("string")
            if field is not None and item.name in values:
                kind = field.type
                text = self._view.literals.field(values[item.name], field)
                known.append(f"let {variable} = {text.removesuffix('.into()')};")
            owned = kind.kind != "string" or bool(kind.name)
            sources[InputReference(item.name)] = _Source(variable, kind, owned=owned)
        parts = ["\n".join(known)]
        parts += ["\n".join(self._step(flow, call, names, sources)) for call in flow.calls]
        explain = self._explain(flow)
        return self._program(parts, [explain] if explain else [])

    def _step(self, flow: Flow, call: Call, names: Names, sources: dict[Reference, _Source]) -> Iterator[str]:
        if call.step.description:
            yield comment(call.step.description, "//")
        for item in call.asked:
            variable = sources[InputReference(item.name)].text
            yield f"print!({RUST.text(_braced(prompt(item)))});\nstd::io::stdout().flush()?;"
            yield f"let mut {variable} = String::new();\nstd::io::stdin().read_line(&mut {variable})?;"
            sources[InputReference(item.name)] = _Source(f"{variable}.trim()", Type("string"), owned=False)

        def write(found: Reference) -> str:
            return sources[found].text

        sent = Inputs(
            {key: bound(value, write) for key, value in call.inputs.parameters.items()},
            call.inputs.body and replace(call.inputs.body, value=bound(call.inputs.body.value, write)),
        )
        known = {source.text: source for source in sources.values()}
        made = self._call(call.operation, sent, known)
        if call.refused is not None:
            yield f"let refused = {made}.await;"
            fail = '    return Err("this should have been refused".into());'
            yield f"let Err(Error::Refused(refusal)) = refused else {{\n{fail}\n}};"
            yield f'println!("{{:?}}", refusal.{self._detail(call.refused)}());'
            return
        name = names.take(RUST.member(call.step.id)) if call.answer is not None else ""
        yield self._printing(name, f"{made}.await.map_err(explain)?" if call.refusals else f"{made}.await?")
        yield from self._narrowed(flow, call, name, names, sources)

    def _narrowed(
        self, flow: Flow, call: Call, name: str, names: Names, sources: dict[Reference, _Source]
    ) -> Iterator[str]:
        """What has to hold of an answer, and the expressions for what later steps take from it."""
        outputs = flow.taken_from(call)
        narrowed: dict[tuple[str, ...], str] = {}
        for item in call.narrowings:
            used = any(each.pointer[: len(item.pointer)] == item.pointer for each in outputs)
            variable = names.take(RUST.member(item.value)) if used else "_"
            source = self._path(call, item.pointer, name, narrowed)
            pattern = self._pattern(call, item, source.type, variable)
            yield f"let {pattern} = &{source.text} else {{"
            yield f"    return Err({RUST.text(f'expected {item.tag} {item.value}')}.into());\n}};"
            narrowed[item.pointer] = variable
        for output in outputs:
            sources[OutputReference(call.step.id, output.name)] = self._path(
                call, output.pointer, name, narrowed
            )

    def _pattern(self, call: Call, item: Narrowing, union: Type, variable: str) -> str:
        found = self._typed.union(union)
        variants = found.variants if found is not None else ()
        variant = next(each.name for each in variants if each.value == item.value)
        pattern = f"{union.name}::{variant}({variable})"
        return f"Some({pattern})" if union.nullable else pattern

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
                key = hop.key if hop.key.isdigit() else RUST.text(hop.key)
                source = _Source(f"{source.text}[{key}]", hop.type)
        return source

    def _explain(self, flow: Flow) -> str:
        """The function that says what a user has to know of a refusal."""
        found = {item.code: item for call in flow.calls for item in call.refusals}
        if not found:
            return ""
        arms = [
            f"        RefusalKind::{self._kinds.get(code, 'Unknown')} => {self._told(item)},"
            for code, item in found.items()
        ]
        lines = (
            "/// Why a call was refused.", "fn explain(error: Error) -> String {",
            "    let Error::Refused(refusal) = &error else {", "        return error.to_string();", "    };",
            "    match refusal.kind() {", *arms, "        _ => error.to_string(),", "    }", "}",
        )  # fmt: skip
        return "\n".join(lines)

    def _told(self, refusal: Refusal) -> str:
        if refusal.about:
            return f'format!("Refused: {{:?}}", refusal.{self._detail(refusal)}())'
        if refusal.waits:
            text = RUST.text(f"{_braced(refusal.text)}; wait {{:?}}")
            return f"format!({text}, refusal.retry_after().unwrap_or_default())"
        return f"{RUST.text(refusal.text)}.to_owned()"

    def _detail(self, refusal: Refusal) -> str:
        fields = (item.name for item in self._view.error_fields if refusal.about in item.wires)
        return next(fields, self._view.code_name or "kind")

    def _printing(self, name: str, call: str) -> str:
        return f'let {name} = {call};\nprintln!("{{{name}:?}}");' if name else f"{call};"

    def _program(self, parts: list[str], functions: Iterable[str] = ()) -> str:
        settings = self._view.settings
        pair = (("auth_url", "AUTH_URL"), ("api_key", "API_KEY"))
        lines = [
            f'let {name} = std::env::var("{settings.environment}_{variable}")?;' for name, variable in pair
        ]
        lines.append(f"let {settings.sample_name} = {settings.client}::builder(auth_url, api_key).build()?;")
        body = "\n\n".join(("\n".join(lines), *parts, "Ok(())"))
        main = textwrap.indent(body, _INDENT)
        head = f"#[tokio::main]\nasync fn main() -> Result<(), {_BOXED}> {{\n{main}\n}}"
        code = "\n\n".join((head, *functions))
        return f"{self._uses(code)}\n\n{code}\n"

    def _uses(self, code: str) -> str:
        """The imports of a program, those of the standard library apart."""
        bare = _LITERAL.sub("", code)
        standard = {"BTreeMap::": "std::collections::BTreeMap", ".flush()": "std::io::Write"}
        first = [f"use {path};" for name, path in standard.items() if name in bare]
        known = (self._view.settings.client, "Error", "RefusalKind")
        found = [name for name in known if re.search(rf"(?<!::)\b{name}\b", bare)]
        own = use(self._view.settings.package, [*found, *self._view.imports(code)])
        return "\n".join((*first, *([""] if first else []), own))

    def _call(self, operation: Operation, sent: Inputs, known: Mapping[str, _Source]) -> str:
        """The call, not yet awaited."""
        made = self._typed.operation(operation.id)
        given = {field.name: (field, value) for field, value in self._typed.arguments(made, sent)}
        arguments = ""
        if made.input is not None:
            fields = ((field.name, self._field(operation, field, given, known)) for field in made.fields)
            inside = "".join(f"{name if name == text else f'{name}: {text}'}, " for name, text in fields)
            arguments = f"{made.input.name} {{ {inside}}}"
        group, sample = self._view.group_names[made.name], self._view.settings.sample_name
        return f"{sample}{f'.{group}()' if group else ''}.{made.name}({arguments})"

    def _field(
        self,
        operation: Operation,
        field: Field,
        given: Mapping[str, tuple[Field, Json]],
        known: Mapping[str, _Source],
    ) -> str:
        if field.name not in given:
            return "None"
        value = given[field.name][1]
        if isinstance(value, Code):
            return _converted(known[str(value)], field)
        try:
            return self._view.literals.field(value, field)
        except Unwritable:
            message = f"{operation.id}: the example of {field.wire or 'the body'} is not a value of its type"
            raise GeneratorError(message) from None


def _converted(source: _Source, field: Field) -> str:
    """An expression as the value of a field."""
    item, text = field.type, source.text
    if source.secret:
        text = f"{text}.clone()" if field.secret else f"{text}.expose().clone()"
    elif rs.is_id(item) or item.kind in ("integer", "number", "boolean"):
        text = text if rs.is_id(item) == rs.is_id(source.type) else f"{text}.parse()?"
    elif rs.is_id(source.type):
        text = f"{text}.to_string()"
    else:
        text = f"{text}.clone()" if source.owned else f"{text}.into()"
    if field.secret and not source.secret and not text.endswith(".into()"):
        text += ".into()"
    return f"Some({text})" if item.nullable or not field.required else text


def _braced(text: str) -> str:
    """Text for a format string."""
    return text.replace("{", "{{").replace("}", "}}")
