"""How types and signatures are written in TypeScript. Each function returns source."""

import re
from collections.abc import Mapping

from stepup_generator.client.types import Field, Model, Object, Type, Union
from stepup_generator.client.view import Operation
from stepup_generator.languages.typescript.names import TYPESCRIPT
from stepup_generator.openapi.model import Json

__all__ = [
    "TYPESCRIPT",
    "alternatives",
    "annotation",
    "argument",
    "call_input",
    "cased",
    "literal",
    "member",
    "returns",
    "signature",
]

_SCALARS = {
    "string": "string", "integer": "number", "number": "number", "boolean": "boolean", "any": "unknown",
    "null": "null",
}  # fmt: skip


def literal(value: Json) -> str:
    return TYPESCRIPT.literal(value)


def annotation(item: Type, is_argument: bool = False, prefix: str = "") -> str:
    """The type of a result or, with ``is_argument``, of an argument, which is stricter on enums."""
    text = _plain_annotation(item, is_argument, prefix)
    return f"{text} | null" if item.nullable and text != "unknown" else text


def _plain_annotation(item: Type, is_argument: bool, prefix: str) -> str:
    if item.kind in ("object", "union"):
        return prefix + item.name
    if item.kind == "const":
        return literal(item.const)
    if item.values:
        known = prefix + item.name if item.name else " | ".join(map(literal, item.values))
        if is_argument:
            return known
        # Editors still suggest the known values, and any other one is assignable.
        return f"{known} | (string & {{}})" if item.kind == "string" else _SCALARS[item.kind]
    if item.kind in ("array", "map") and item.item is not None:
        inner = annotation(item.item, is_argument, prefix)
        if item.kind == "map":
            return f"Readonly<Record<string, {inner}>>"
        return f"readonly {inner}[]" if re.fullmatch(r"[\w.]+", inner) else f"readonly ({inner})[]"
    return _SCALARS[item.kind]


def member(field: Field) -> str:
    """A property of an interface. An optional one may be undefined as well as left out."""
    written = annotation(field.type, is_argument=bool(field.location))
    if field.required:
        return f"{field.name}: {written}"
    return f"{field.name}?: {written}" + ("" if written == "unknown" else " | undefined")


def alternatives(item: Union) -> str:
    names = dict.fromkeys(annotation(variant.type) for variant in item.variants)
    return " | ".join((*names, *((item.unknown,) if item.unknown else ())))


def returns(item: Operation, prefix: str = "") -> str:
    """What a method resolves with; where some success has no body, it may be nothing."""
    if item.result is None:
        return "void"
    bare = any(success.type is None for success in item.successes)
    typed = next(success.type for success in item.successes if success.type is not None)
    result = item.result if item.result.kind == "union" and item.result.name != typed.name else typed
    return annotation(result, prefix=prefix) + (" | undefined" if bare else "")


def argument(field: Field) -> str:
    return f"{field.argument}_" if field.argument == "options" else field.argument


def signature(item: Operation) -> str:
    options = "options?: CallOptions"
    if item.input is None:
        return options
    if item.positional is not None:
        return f"{argument(item.positional)}: {annotation(item.positional.type, True, 'models.')}, {options}"
    default = "" if any(field.required for field in item.fields) else " = {}"
    return f"input: models.{item.input.name}{default}, {options}"


def call_input(item: Operation) -> str:
    """The expression for the record of an operation's arguments."""
    if item.positional is None:
        return "input" if item.input else "{}"
    name, variable = item.positional.name, argument(item.positional)
    return f"{{ {name} }}" if name == variable else f"{{ {name}: {variable} }}"


def cased(value: Json, item: Type, models: Mapping[str, Model]) -> Json:
    """An example with the names that objects have here."""
    model = models.get(item.name)
    if isinstance(model, Union) and isinstance(value, Mapping):
        fitting = (each.type for each in model.variants if each.value == value.get(model.tag))
        found = next(fitting, None)
        return value if found is None else cased(value, found, models)
    if isinstance(model, Object) and isinstance(value, Mapping):
        known = (field for field in model.fields if field.wire in value)
        return {field.name: cased(value[field.wire], field.type, models) for field in known}
    if item.item is not None and isinstance(value, tuple):
        return tuple(cased(each, item.item, models) for each in value)
    if item.item is not None and isinstance(value, Mapping):
        return {key: cased(each, item.item, models) for key, each in value.items()}
    return value
