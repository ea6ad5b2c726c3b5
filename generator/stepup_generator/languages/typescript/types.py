"""How types, shapes and signatures are written in TypeScript. Each function returns source."""

import re
from collections.abc import Iterable, Mapping

from stepup_generator.client.types import Enum, Field, Model, Object, Type, Union
from stepup_generator.client.view import Operation, Success
from stepup_generator.languages.typescript.names import TYPESCRIPT
from stepup_generator.openapi.model import Json

__all__ = [
    "TYPESCRIPT",
    "alternatives",
    "annotation",
    "answer",
    "argument",
    "called",
    "cased",
    "definition",
    "is_named",
    "literal",
    "member",
    "passed",
    "returns",
    "shape",
    "signature",
]

_SCALARS = {
    "string": "string", "integer": "number", "number": "number", "boolean": "boolean", "any": "unknown",
    "null": "null",
}  # fmt: skip

_SHAPES = frozenset(
    ("anything", "array", "constant", "decimal", "flag", "late", "map", "nullable", "object", "oneOf",
     "tagged", "text", "whole")
)  # fmt: skip


def literal(value: Json) -> str:
    return TYPESCRIPT.literal(value)


def called(sources: Iterable[str]) -> tuple[str, ...]:
    """Which functions of the shapes module some sources call."""
    # Texts stand in quotes, and names of types behind a prefix: neither is taken for a call.
    code = re.sub(r'"(?:[^"\\]|\\.)*"|\w+\.\w+', "", "\n".join(sources))
    return tuple(sorted(set(re.findall(r"\b[a-z]\w*\b", code)) & _SHAPES))


def is_named(item: Type | None) -> bool:
    return item is not None and (item.kind in ("object", "union") or is_named(item.item))


def annotation(item: Type, taken: bool = False, prefix: str = "") -> str:
    """The type of a result or, with ``taken``, of an argument, which is stricter on enums."""
    text = _plain_annotation(item, taken, prefix)
    return f"{text} | null" if item.nullable and text != "unknown" else text


def _plain_annotation(item: Type, taken: bool, prefix: str) -> str:
    if item.kind in ("object", "union"):
        return prefix + item.name
    if item.kind == "const":
        return literal(item.const)
    if item.values:
        known = prefix + item.name if item.name else " | ".join(map(literal, item.values))
        if taken:
            return known
        # What follows keeps the known values in an editor's list, and any other one assignable.
        return f"{known} | (string & {{}})" if item.kind == "string" else _SCALARS[item.kind]
    if item.kind in ("array", "map") and item.item is not None:
        inner = annotation(item.item, taken, prefix)
        if item.kind == "map":
            return f"Readonly<Record<string, {inner}>>"
        return f"readonly {inner}[]" if re.fullmatch(r"[\w.]+", inner) else f"readonly ({inner})[]"
    return _SCALARS[item.kind]


def shape(item: Type, constants: dict[str, str], prefix: str = "") -> str:
    """The source of the shape that reads and writes values of a type."""
    if item.kind in ("object", "union"):
        text = prefix + constants[item.name]
        text = f"late(() => {text})" if item.recursive else text
    elif item.kind == "const":
        text = f"constant({literal(item.const)})"
    elif item.kind in ("array", "map") and item.item is not None:
        inner = shape(item.item, constants, prefix)
        text = (
            _applied("array", inner, item.min_items, item.max_items)
            if item.kind == "array"
            else f"map({inner})"
        )
    else:
        text = _scalar(item)
    return f"nullable({text})" if item.nullable else text


def _scalar(item: Type) -> str:
    values = literal(item.values) if item.values else None
    match item.kind:
        case "string":
            return _applied("text", item.min_length, item.max_length, values)
        case "integer":
            return _applied("whole", item.minimum, item.maximum, values)
        case "number":
            bounds = (item.minimum, item.maximum, item.exclusive_minimum, item.exclusive_maximum)
            return _applied("decimal", *bounds)
        case "boolean":
            return "flag"
        case "null":
            return "constant(null)"
    return "anything"


def _applied(name: str, *arguments: object) -> str:
    """A call whose last arguments are left out where there are none."""
    given = list(arguments)
    while given and given[-1] is None:
        given.pop()
    return f"{name}({', '.join('undefined' if item is None else str(item) for item in given)})"


def definition(item: Model, constants: dict[str, str]) -> str:
    if isinstance(item, Object):
        lines = "".join(f"  {_field(field, constants)},\n" for field in item.fields)
        return f"object<models.{item.name}>(\n{lines})" if lines else f"object<models.{item.name}>()"
    if isinstance(item, Enum):
        return ""
    shapes = [shape(variant.type, constants) for variant in item.variants]
    if not item.tag:
        return f"oneOf<models.{item.name}>({', '.join(shapes)})"
    pairs = (
        f"  [{TYPESCRIPT.text(variant.value)}, {shape}],\n"
        for variant, shape in zip(item.variants, shapes, strict=True)
    )
    names = f"{TYPESCRIPT.text(item.tag)}, {TYPESCRIPT.text(item.tag_name)}"
    return f"tagged<models.{item.name}>({names}, [\n{''.join(pairs)}])"


def _field(field: Field, constants: dict[str, str]) -> str:
    names = f"{TYPESCRIPT.text(field.name)}, {TYPESCRIPT.text(field.wire)}"
    flags = ", true, true" if field.required and field.secret else ", true" if field.required else ""
    flags = ", false, true" if field.secret and not field.required else flags
    return f"[{names}, {shape(field.type, constants)}{flags}]"


def member(field: Field) -> str:
    """A property of an interface. An optional one may be undefined as well as left out."""
    written = annotation(field.type, taken=bool(field.location))
    if field.required:
        return f"{field.name}: {written}"
    return f"{field.name}?: {written}" + ("" if written == "unknown" else " | undefined")


def alternatives(item: Union) -> str:
    names = dict.fromkeys(annotation(variant.type) for variant in item.variants)
    return " | ".join((*names, *((item.unknown,) if item.unknown else ())))


def answer(item: Success, constants: dict[str, str]) -> str:
    if item.type is None:
        return "null"
    return f"[{TYPESCRIPT.text(item.media_type)}, {shape(item.type, constants, 'wire.')}]"


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


def passed(item: Operation) -> str:
    if item.positional is None:
        return "input" if item.input else "{}"
    name, given = item.positional.name, argument(item.positional)
    return f"{{ {name} }}" if name == given else f"{{ {name}: {given} }}"


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
