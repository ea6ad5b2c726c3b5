"""How Python writes the types of the view: as annotations."""

from collections.abc import Iterator
from dataclasses import dataclass

from stepup_generator.client.types import Enum, Field, Object, Type, Union
from stepup_generator.languages.python.names import PYTHON
from stepup_generator.openapi.model import Json

__all__ = ["Alias", "alias", "annotation", "argument", "attribute", "shown"]

_SCALARS = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "any": "Any",
    "null": "None",
}


def annotation(item: Type, prefix: str = "") -> str:
    """The annotation of a value that the API returns; ``prefix`` stands before the names of models."""
    text = _read(item, prefix)
    return f"{text} | None" if item.nullable and text != "None" else text


def argument(field: Field, prefix: str = "models.") -> str:
    """The annotation of an argument: closed where it is an enum, and wide in what it accepts as a list."""
    text = _sent(field.type, prefix)
    nullable = (field.type.nullable or not field.required) and text not in ("Any", "None")
    return f"{text} | None" if nullable else text


def attribute(field: Field) -> str:
    """The annotation of a field of a model, with its default."""
    text = annotation(field.type)
    if field.required:
        return text
    return f"{text} = None" if field.type.nullable or text in ("Any", "None") else f"{text} | None = None"


def shown(model: Object) -> str:
    """The inside of the f-string for ``repr`` of a model that holds a secret."""
    return ", ".join(
        f"{item.name}=***" if item.secret else f"{item.name}={{self.{item.name}!r}}" for item in model.fields
    )


@dataclass(frozen=True, slots=True)
class Alias:
    """Another name for a union, or for the values of an enum."""

    name: str
    annotation: str
    doc: str


def alias(model: Union | Enum) -> Alias:
    """The alias for a model that is not a class."""
    if isinstance(model, Enum):
        return Alias(model.name, _literal(tuple(item.value for item in model.values)), model.doc)
    names = (*(annotation(item.type) for item in model.variants), *filter(None, (model.unknown,)))
    text = " | ".join(dict.fromkeys(names))
    recursive = any(inner.recursive for item in model.variants for inner in _inside(item.type))
    return Alias(model.name, PYTHON.text(text) if recursive else text, model.doc)


def _inside(item: Type) -> Iterator[Type]:
    """A type, and what its items are."""
    inner: Type | None = item
    while inner is not None:
        yield inner
        inner = inner.item


def _literal(values: tuple[Json, ...]) -> str:
    """``Literal`` has no numbers with a fraction."""
    if any(isinstance(value, float) for value in values):
        return "float"
    return f"Literal[{', '.join(map(PYTHON.literal, values))}]"


def _read(item: Type, prefix: str) -> str:
    if item.kind == "const":
        return _literal(item.values)
    if item.values:
        named = prefix + item.name if item.name else _literal(item.values)
        return f"{named} | {_SCALARS[item.kind]}"
    if item.item is not None:
        inner = annotation(item.item, prefix)
        return f"list[{inner}]" if item.kind == "array" else f"dict[str, {inner}]"
    return prefix + item.name if item.name else _SCALARS[item.kind]


def _sent(item: Type, prefix: str) -> str:
    if item.kind == "const" or (item.values and not item.name):
        return _literal(item.values)
    if item.name:
        return prefix + item.name
    if item.item is not None:
        inner = _sent(item.item, prefix)
        inner = f"{inner} | None" if item.item.nullable and inner != "None" else inner
        return f"Sequence[{inner}]" if item.kind == "array" else f"Mapping[str, {inner}]"
    return "str | UUID" if item.format == "uuid" else _SCALARS[item.kind]
