"""The source of codecs: what reads and writes the types of the view, with the checks of their constraints."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, assert_never

from stepup_generator.client.names import Names
from stepup_generator.client.types import Enum as EnumModel
from stepup_generator.client.types import Model, Object, Type, Union
from stepup_generator.languages.python.names import PYTHON
from stepup_generator.openapi.constraints import (
    Const,
    Constraint,
    Enum,
    ExclusiveMaximum,
    ExclusiveMinimum,
    Format,
    FormatName,
    Maximum,
    MaxItems,
    MaxLength,
    MaxProperties,
    Minimum,
    MinItems,
    MinLength,
    MinProperties,
    MultipleOf,
    Pattern,
    UniqueItems,
)

__all__ = ["MODULES", "Codecs", "Definition", "modules"]

# What the runtime offers for expressions, by the module of ``_codecs`` that it is in.
MODULES: Mapping[str, tuple[str, ...]] = {
    "anything": ("Anything",),
    "array": ("Array",),
    "boolean": ("Boolean",),
    "constant": ("Constant",),
    "dates": ("date", "date_time"),
    "enums": ("one_of",),
    "integer": ("Integer",),
    "lazy": ("Lazy",),
    "map": ("Map",),
    "multiples": ("multiple_of",),
    "nullable": ("Nullable",),
    "number": ("Number",),
    "object": ("Field", "Object"),
    "one_of": ("OneOf",),
    "patterns": ("pattern",),
    "ranges": ("exclusive_maximum", "exclusive_minimum", "maximum", "minimum"),
    "sizes": ("max_size", "min_size"),
    "tagged": ("Tagged",),
    "text": ("Text",),
    "unique": ("unique_items",),
    "uuids": ("uuid",),
}
_SCALARS = {
    "string": "Text",
    "integer": "Integer",
    "number": "Number",
    "boolean": "Boolean",
    "any": "Anything",
}


class Definition(NamedTuple):
    """The codec of a named type."""

    constant: str
    annotation: str
    expression: str


class Codecs:
    """Writes the codecs of types, and collects those of the named types that they reach."""

    def __init__(self, models: Iterable[Model]) -> None:
        self._models = {item.name: item for item in models if not isinstance(item, EnumModel)}
        names = Names()
        self._constants = {name: names.take(PYTHON.constant(name)) for name in self._models}
        self._reached: dict[str, str] = {}

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """Those of all types reached so far, each after those it is made of."""
        return tuple(
            Definition(constant, f"models.{name}", self._reached[name])
            for name, constant in self._constants.items()
            if name in self._reached
        )

    def codec(self, item: Type, prefix: str = "_wire.") -> str:
        """The expression for a codec; ``prefix`` stands before the constants of definitions."""
        text = self._codec(item, prefix)
        return f"Nullable({text})" if item.nullable else text

    def _codec(self, item: Type, prefix: str) -> str:
        if item.name in self._models:
            self._reach(item.name)
            constant = prefix + self._constants[item.name]
            return f"Lazy(lambda: {constant})" if item.recursive else constant
        if item.kind == "const":
            return f"Constant({PYTHON.literal(item.const)})"
        if item.kind == "null":
            return "Constant(None)"
        arguments = list(filter(None, map(_check, item.constraints)))
        if any(isinstance(each, MinLength | MinItems) and _limit(each) for each in item.constraints):
            arguments.append("filled=True")
        if item.item is not None:
            inner = self.codec(item.item, prefix)
            return _call("Array" if item.kind == "array" else "Map", inner, *arguments)
        return _call(_SCALARS[item.kind], *arguments)

    def _reach(self, name: str) -> None:
        if name not in self._reached:
            self._reached[name] = ""
            model = self._models[name]
            self._reached[name] = self._object(model) if isinstance(model, Object) else self._union(model)

    def _object(self, model: Object) -> str:
        fields = (
            _call(
                "Field", PYTHON.text(item.name), PYTHON.text(item.wire), self.codec(item.type, ""),
                *(["required=True"] if item.required else []),
            )
            for item in model.fields
        )  # fmt: skip
        return _call("Object", f"models.{model.name}", *fields)

    def _union(self, model: Union | EnumModel) -> str:
        assert isinstance(model, Union)  # an enum has no codec of its own
        variants = [(item.value, self.codec(item.type, "")) for item in model.variants]
        if not model.tag:
            return _call("OneOf", *(codec for _, codec in variants))
        inside = ", ".join(f"{PYTHON.text(value)}: {codec}" for value, codec in variants)
        return _call("Tagged", PYTHON.text(model.tag), f"models.{model.unknown}", f"{{{inside}}}")


def modules(expressions: Iterable[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The modules of ``_codecs`` that expressions need, and the names they need of each."""
    trees = [ast.parse(text, mode="eval") for text in expressions]
    used = {node.id for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for module, names in MODULES.items():
        found = tuple(name for name in names if name in used)
        if found:
            yield module, found


def _check(item: Constraint) -> str:
    """The source of the check of a constraint, "" where the codec itself is one."""
    match item:
        case MinLength(length):
            return f'min_size({length}, "character")' if length else ""
        case MaxLength(length):
            return f'max_size({length}, "character")'
        case MinItems(count):
            return f'min_size({count}, "item")' if count else ""
        case MaxItems(count):
            return f'max_size({count}, "item")'
        case MinProperties(count):
            return f'min_size({count}, "key")' if count else ""
        case MaxProperties(count):
            return f'max_size({count}, "key")'
        case UniqueItems():
            return "unique_items"
        case Pattern(regex):
            return f"pattern({PYTHON.text(_python_regex(regex))})"
        case Format(name):
            return _format(name)
        case Minimum(value):
            return f"minimum({value})"
        case Maximum(value):
            return f"maximum({value})"
        case ExclusiveMinimum(value):
            return f"exclusive_minimum({value})"
        case ExclusiveMaximum(value):
            return f"exclusive_maximum({value})"
        case MultipleOf(factor):
            return f"multiple_of({factor})"
        case Enum(values):
            return f"one_of({', '.join(map(PYTHON.literal, values))})"
        case Const():
            return ""
        case _:
            assert_never(item)


def _format(name: FormatName) -> str:
    match name:
        case "uuid":
            return "uuid"
        case "date":
            return "date"
        case "date-time":
            return "date_time"
        case "int32" | "int64":
            bits = int(name.removeprefix("int")) - 1
            return f"minimum({-(2**bits)}), maximum({2**bits - 1})"
        case _:
            assert_never(name)


def _limit(item: MinLength | MinItems) -> int:
    return item.length if isinstance(item, MinLength) else item.count


def _python_regex(regex: str) -> str:
    r"""A portable expression in Python's syntax, where ``$`` also matches before a last end of line."""
    tokens = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|\$", re.DOTALL)
    return tokens.sub(lambda found: r"\Z" if found[0] == "$" else found[0], regex)


def _call(name: str, *arguments: str) -> str:
    return f"{name}({', '.join(arguments)})"
