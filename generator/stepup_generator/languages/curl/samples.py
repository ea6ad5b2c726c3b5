"""cURL samples: shell programs that are safe to paste, and the JSON that they print.

Whatever comes from the document is quoted; only variables are left to the shell. The programs of workflows
take values out of answers with jq.
"""

import json
import re
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping
from urllib.parse import quote

from stepup_generator.arazzo.model import InputReference, OutputReference, Reference
from stepup_generator.client.names import Names
from stepup_generator.languages.python.names import PYTHON as _PYTHON
from stepup_generator.openapi.model import Api, Json, Operation, plain
from stepup_generator.samples.plan import Call, Code, Flow, bound, prompt
from stepup_generator.samples.values import Inputs, inputs
from stepup_generator.samples.writer import comment

__all__ = ["CurlSamples"]

_RESERVED = (
    "body", "case", "do", "done", "elif", "else", "esac", "fail", "fi", "for", "function", "if", "in", "path",
    "select", "then", "time", "until", "while",
)  # fmt: skip
_SAFE = "/:@!$&'()*+,;=~"
_NEXT = "\\\n  "
_HEAD = """\
#!/usr/bin/env bash
set -euo pipefail

# An error is JSON too, and says what is wrong.
fail() {
  echo "$1" >&2
  exit 1
}"""


class CurlSamples:
    """Writes samples for a POSIX shell, for workflows bash; ``Writer`` says what each function gives."""

    def __init__(self, api: Api, environment: str = "STEPUP_MFA") -> None:
        self._api = api
        self._url, self._key = f"${environment}_AUTH_URL", f"${environment}_API_KEY"

    def request(self, operation: Operation) -> str:
        sent = inputs(self._api, operation)
        words = list(self._words(operation, sent))
        if sent.body is not None:
            words.append(f"--data-raw {shlex.quote(_json(sent.body.value))}")
        return f" {_NEXT}".join(words) + "\n"

    def flow(self, flow: Flow) -> str:
        script = _Script(flow)
        parts = [_HEAD, "\n".join(script.known())]
        parts += ["\n".join(self._step(script, call)) for call in flow.calls]
        return "\n\n".join(part for part in parts if part) + "\n"

    def _step(self, script: "_Script", call: Call) -> Iterator[str]:
        if call.step.description:
            yield comment(call.step.description, "#")
        for item in call.asked:
            yield f"printf %s {_quoted(prompt(item))}\nread -r {script.variables[item.name]}"
        name = script.answers[call.step.id]
        words = list(self._words(call.operation, script.bound(call.inputs), script.plain))
        if call.inputs.body is not None:
            yield script.body(call.inputs.body.value)
            words.append('--data-raw "$body"')
        request = f"$({f' {_NEXT}'.join(words)})"
        if call.refused is not None:
            yield f"if {name}={request}; then\n  fail 'This should have failed.'\nfi"
        else:
            yield f'{name}={request} || fail "${name}"'
        yield f'jq . <<<"${name}"' if call.answer is not None else ""
        yield from script.checks(call, name)
        yield from script.outputs(call, name)

    def _words(
        self, operation: Operation, sent: Inputs, plain_variables: Collection[str] | None = None
    ) -> Iterator[str]:
        """The words of a command but for the body; with ``plain_variables`` as part of a script."""
        options = " -sS" if plain_variables is not None else ""
        usual = "get" if sent.body is None else "post"  # what curl sends unasked
        method = "" if operation.method == usual else f" -X {operation.method.upper()}"
        address = self._address(operation, sent, plain_variables or ())
        yield f"curl{options} --fail-with-body{method} {address}"
        for scheme in self._api.security_schemes:
            if scheme.name in operation.security[:1]:  # alternatives: the first will do
                if scheme.kind == "http":
                    yield f'-H "Authorization: Bearer {self._key}"'
                else:
                    yield f"-H {_header(scheme.parameter, self._key)}"
        for item in operation.header_parameters:
            if (item.location, item.name) in sent.parameters:
                value = sent.parameters[item.location, item.name]
                written = shlex.quote(f"{item.name}: {_text(value)}")
                yield f"-H {_header(item.name, value) if isinstance(value, Code) else written}"
        if sent.body is not None and operation.request_body is not None:
            yield f"-H {shlex.quote(f'Content-Type: {operation.request_body.media_type}')}"

    def _address(self, operation: Operation, sent: Inputs, plain_variables: Collection[str]) -> str:
        """The address in double quotes, with what would mean something to the shell in single ones."""
        values = {
            name: str(value) if value in plain_variables else _in_path(value)
            for (place, name), value in sent.parameters.items()
            if place == "path"
        }
        pieces = re.split(r"\{([^{}]*)\}", operation.path)
        path = "".join(
            values[text] if number % 2 else _shielded(quote(text, safe=_SAFE))
            for number, text in enumerate(pieces)
        )
        query = [(name, value) for (place, name), value in sent.parameters.items() if place == "query"]
        parts = [f"{quote(name)}={item}" for name, value in query for item in _in_query(value)]
        return f'"{self._url}{path}{"?" * bool(parts)}{"&".join(parts)}"'


class _Script:
    """The variables of one workflow's program."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._names = Names(_RESERVED)
        self.variables = {i.name: self._names.take(_PYTHON.member(i.name)) for i in flow.workflow.inputs}
        self.answers = {i.step.id: self._names.take(_PYTHON.member(i.step.id)) for i in flow.calls}
        self._outputs: dict[tuple[str, str], str] = {}
        self.plain = {
            f"${self.variables[item.name]}"
            for item, value in flow.known
            if quote(_text(value), safe="") == value
        }

    def known(self) -> Iterator[str]:
        for item, value in self._flow.known:
            yield f"{self.variables[item.name]}={shlex.quote(_text(value))}"

    def bound(self, sent: Inputs) -> Inputs:
        """The parameters with variables in them; a body is made by a statement of its own."""
        return Inputs(
            {
                key: bound(value, lambda found: f"${self._variable(found)}")
                for key, value in sent.parameters.items()
            },
            sent.body,
        )

    def body(self, value: Json) -> str:
        """The statement that makes a body of JSON out of variables."""
        used: dict[str, str] = {}

        def write(found: Reference) -> str:
            is_text = isinstance(self._flow.example(found), str)
            used[self._variable(found)] = "--arg" if is_text else "--argjson"
            return f"${self._variable(found)}"

        text = _program(bound(value, write))
        if not used:
            return f"body={shlex.quote(text)}"
        given = "".join(f' \\\n  {option} {name} "${name}"' for name, option in used.items())
        return f"body=$(jq -n{given} \\\n  {shlex.quote(text)})"

    def checks(self, call: Call, name: str) -> Iterator[str]:
        """No client judges the answer here: the program does."""
        tests = (
            f"{_path(item.pointer)} == {json.dumps(plain(item.value))}"
            for item in call.step.success_criteria
            if item.pointer
        )
        test = " and ".join(tests)
        if test:
            yield f"jq -e {_quoted(test)} <<<\"${name}\" >/dev/null || fail 'This is not what was expected.'"

    def outputs(self, call: Call, name: str) -> Iterator[str]:
        for item in call.step.outputs:
            found = OutputReference(call.step.id, item.name)
            if found in self._flow.references:
                variable = self._names.take(_PYTHON.member(item.name))
                self._outputs[call.step.id, item.name] = variable
                yield f'{variable}=$(jq -r {shlex.quote(_path(item.pointer))} <<<"${name}")'

    def _variable(self, found: Reference) -> str:
        if isinstance(found, InputReference):
            return self.variables[found.name]
        return self._outputs[found.step, found.name]


def _path(pointer: Iterable[str]) -> str:
    """A pointer as a path of jq."""
    keys = (
        f".{key}" if re.fullmatch(r"[A-Za-z_]\w*", key, re.ASCII)
        else f"[{key}]" if key.isdigit()
        else f"[{json.dumps(key)}]"
        for key in pointer
    )  # fmt: skip
    text = "".join(keys)
    return text if text.startswith(".") else f".{text}"


def _program(value: Json, indent: str = "  ") -> str:
    """A value as a program of jq: JSON, with variables."""
    if isinstance(value, Code):
        return str(value)
    inner = indent + "  "
    if isinstance(value, Mapping) and value:
        lines = (f"{inner}{json.dumps(key)}: {_program(item, inner)}" for key, item in value.items())
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    if isinstance(value, tuple) and value:
        return "[\n" + ",\n".join(f"{inner}{_program(item, inner)}" for item in value) + f"\n{indent}]"
    return json.dumps(plain(value), ensure_ascii=False)


def _in_path(value: Json) -> str:
    """A value between slashes; one from a variable is encoded when the program runs."""
    if isinstance(value, Code):
        return f"$(jq -rn --arg value \"{value}\" '$value | @uri')"
    return quote(_text(value), safe="")


def _in_query(value: Json) -> Iterator[str]:
    for item in value if isinstance(value, tuple) else (value,):
        yield _in_path(item)


def _shielded(text: str) -> str:
    """A piece of a path for the inside of double quotes."""
    return re.sub(r"[$!]+", lambda found: f"\"'{found[0]}'\"", text)


def _header(name: str, variable: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9_.-]+", name):
        return f'"{name}: {variable}"'
    return f'{shlex.quote(f"{name}: ")}"{variable}"'


def _quoted(text: str) -> str:
    """A word of the shell, in double quotes where that reads better."""
    return f'"{text}"' if "'" in text and not re.search(r'["$`\\!]', text) else shlex.quote(text)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(plain(value), ensure_ascii=False)


def _json(value: Json) -> str:
    return json.dumps(plain(value), indent=2, ensure_ascii=False)
