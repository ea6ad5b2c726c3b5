"""Types, annotations and shapes of the Python client for the schemas that its results and inputs reach."""

from dataclasses import dataclass

from stepup_generator.client.bounds import bounds
from stepup_generator.client.names import Names, words
from stepup_generator.languages.python.names import PYTHON as _PYTHON
from stepup_generator.openapi.constraints import MaxItems, MaxLength, MinItems, MinLength
from stepup_generator.openapi.model import Api, Schema

__all__ = ["Alias", "Model", "ModelField", "NamedShape", "Types"]

_SCALARS = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "any": "Any",
    "null": "None",
}
_FORMATS = {"date-time": ("_datetime.datetime", "Moment()"), "date": ("_datetime.date", "Day()")}


@dataclass(frozen=True, slots=True)
class ModelField:
    name: str
    annotation: str
    default: str
    doc: str
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Model:
    """A dataclass; ``is_unknown`` marks the stand-in for variants of a newer API."""

    name: str
    doc: str
    fields: tuple[ModelField, ...]
    is_unknown: bool = False

    @property
    def has_secret(self) -> bool:
        return any(member.secret for member in self.fields)

    @property
    def shown(self) -> str:
        """The inside of the f-string for ``repr``."""
        parts = (
            f"{item.name}=***" if item.secret else f"{item.name}={{self.{item.name}!r}}"
            for item in self.fields
        )
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Alias:
    """Another name for a union, or for the values of an enum."""

    name: str
    annotation: str
    doc: str


@dataclass(frozen=True, slots=True)
class NamedShape:
    constant: str
    annotation: str
    expression: str


class Types:
    """Collects, as annotations and shapes are asked for, the types these need."""

    def __init__(self, api: Api, scope: Names) -> None:
        self._api = api
        self._scope = scope
        self._constants = Names()
        self._names: dict[str, str] = {}
        self._shapes: dict[str, str] = {}
        self._unfinished: set[str] = set()
        # Names for schemas written in place, by identity: the model lives as long as this does.
        self._suggested: dict[int, str] = {}
        self.models: list[Model] = []
        self.aliases: list[Alias] = []
        self.shapes: list[NamedShape] = []

    @property
    def names(self) -> tuple[str, ...]:
        return (*(model.name for model in self.models), *(alias.name for alias in self.aliases))

    def suggest(self, schema: Schema, name: str) -> None:
        """Say what a schema that is written in place may be called, should it need a name."""
        self._suggested[id(schema)] = name
        for inner in (schema.items, schema.additional):
            if inner is not None:
                self.suggest(inner, f"{name} item")
        for number, variant in enumerate(schema.variants, start=1):
            self.suggest(variant, f"{name} {number}")

    def bounds(self, schema: Schema) -> tuple[str, ...]:
        """What the API bounds, in sentences."""
        return tuple(bounds(self._api, schema, _PYTHON.literal, _PYTHON.comment))

    def annotation(
        self, schema: Schema, *, prefix: str = "", taken: bool = False, optional: bool = False
    ) -> str:
        """The annotation of a result or, with ``taken``, of an argument, which is stricter on enums."""
        resolved = self._api.resolve(schema)
        text = self._annotation(schema, resolved, prefix, taken)
        nullable = (schema.nullable or resolved.nullable or optional) and text not in ("Any", "None")
        return f"{text} | None" if nullable else text

    def _annotation(self, schema: Schema, resolved: Schema, prefix: str, taken: bool) -> str:
        if resolved.is_const:
            return f"Literal[{_PYTHON.literal(resolved.const)}]" if _literal(resolved) else "float"
        if resolved.is_enum and _literal(resolved):
            named = prefix + self._enum(resolved) if resolved.name else self._literals(resolved)
            return named if taken else f"{named} | {_SCALARS[resolved.kind]}"
        if resolved.kind == "string" and resolved.format == "uuid" and taken:
            return "str | UUID"
        if resolved.kind == "string" and resolved.format in _FORMATS:
            return _FORMATS[resolved.format][0]
        if resolved.kind == "array":
            item = self.annotation(resolved.items or Schema("any"), prefix=prefix, taken=taken)
            return f"Sequence[{item}]" if taken else f"list[{item}]"
        if resolved.kind == "map":
            item = self.annotation(resolved.additional or Schema("any"), prefix=prefix, taken=taken)
            return f"Mapping[str, {item}]" if taken else f"dict[str, {item}]"
        if resolved.kind in ("object", "union"):
            return prefix + self._name(resolved)
        return _SCALARS[resolved.kind]

    def shape(self, schema: Schema, *, prefix: str = "") -> str:
        """The source of the shape that reads and writes values of a schema."""
        resolved = self._api.resolve(schema)
        text = self._shape(resolved, prefix)
        return f"Nullable({text})" if schema.nullable or resolved.nullable else text

    def _shape(self, item: Schema, prefix: str) -> str:
        if item.is_const:
            return f"Constant({_PYTHON.literal(item.const)})"
        if item.kind == "string" and item.format in _FORMATS:
            return _FORMATS[item.format][1]
        values = f"[{', '.join(_PYTHON.literal(value) for value in item.enum)}]" if item.enum else None
        if item.kind == "string":
            return _call(
                "Text", min_length=limit(item, MinLength), max_length=limit(item, MaxLength), values=values
            )
        if item.kind == "integer":
            return _call("Whole", minimum=item.lowest, maximum=item.highest, values=values)
        if item.kind == "number":
            return _call("Number", minimum=item.lowest, maximum=item.highest)
        if item.kind == "array":
            inner = self.shape(item.items or Schema("any"), prefix=prefix)
            return _call("Array", inner, minimum=limit(item, MinItems), maximum=limit(item, MaxItems))
        if item.kind == "map":
            return f"Map({self.shape(item.additional or Schema('any'), prefix=prefix)})"
        if item.kind in ("object", "union"):
            return self._named_shape(item, prefix)
        return {"boolean": "Flag()", "null": "Constant(None)"}.get(item.kind, "Anything()")

    def _named_shape(self, item: Schema, prefix: str) -> str:
        name = self._name(item)
        if name in self._unfinished:
            return f"Late(lambda: {prefix}{self._shapes[name]})"
        return prefix + self._shapes[name]

    def _name(self, item: Schema) -> str:
        """The type of an object or union, made when it is first asked for."""
        key = item.name or f"in place {id(item)}"
        if key in self._names:
            return self._names[key]
        wire = item.name or self._suggested.get(id(item)) or item.title
        name = self._names[key] = self._scope.take(_PYTHON.type_name(wire))
        self._shapes[name] = self._constants.take(_PYTHON.constant(wire))
        self._unfinished.add(name)
        expression = self._object(item, name) if item.kind == "object" else self._union(item, name)
        self._unfinished.discard(name)
        annotation = f"models.{name}"
        self.shapes.append(NamedShape(self._shapes[name], annotation, expression))
        return name

    def _object(self, item: Schema, name: str) -> str:
        scope = Names(_PYTHON.reserved)
        fields, shapes = [], []
        for member in item.properties:
            self.suggest(member.schema, f"{name} {member.name}")
            attribute = scope.take(_PYTHON.member(member.name))
            optional = not member.required
            default = " = None" if optional else ""
            annotation = self.annotation(member.schema, optional=optional)
            doc = " ".join((member.description, *self.bounds(member.schema))).strip()
            fields.append(ModelField(attribute, annotation, default, doc, member.secret))
            required = ", required=True" if member.required else ""
            texts = f"{_PYTHON.text(attribute)}, {_PYTHON.text(member.name)}"
            shapes.append(f"Field({texts}, {self.shape(member.schema)}{required})")
        self.models.append(Model(name, item.description or "An object.", tuple(fields)))
        return f"Object({', '.join((f'models.{name}', *shapes))})"

    def _union(self, item: Schema, name: str) -> str:
        variants = [self.annotation(variant) for variant in item.variants]
        shapes = {variant.reference: self.shape(variant) for variant in item.variants}
        if item.discriminator is None:
            self.aliases.append(Alias(name, " | ".join(dict.fromkeys(variants)), item.description))
            return f"OneOf({', '.join(self.shape(variant) for variant in item.variants)})"
        unknown = self._unknown(name, variants, item.discriminator.property)
        self.aliases.append(Alias(name, " | ".join(dict.fromkeys((*variants, unknown))), item.description))
        pairs = (
            f"{_PYTHON.text(value)}: {shapes[reference]}" for value, reference in item.discriminator.mapping
        )
        tag = _PYTHON.text(item.discriminator.property)
        return f"Tagged({tag}, models.{unknown}, {{{', '.join(pairs)}}})"

    def _unknown(self, name: str, variants: list[str], tag: str) -> str:
        """``Unknown`` and the words that all variants end in, or else the name of the union."""
        common: list[str] = []
        for column in zip(*(reversed(words(variant)) for variant in variants), strict=False):
            if len(set(column)) > 1:
                break
            common.insert(0, column[0])
        unknown = self._scope.take("Unknown" + ("".join(common) or name))
        fields = (
            ModelField(Names(("raw",)).take(_PYTHON.member(tag)), "str", "", ""),
            ModelField("raw", "Mapping[str, Any]", " = _field(repr=False)", ""),
        )
        self.models.append(
            Model(unknown, f"A variant of {name} that this version does not know.", fields, True)
        )
        return unknown

    def _enum(self, item: Schema) -> str:
        if item.name not in self._names:
            self._names[item.name] = self._scope.take(_PYTHON.type_name(item.name))
            alias = Alias(self._names[item.name], self._literals(item), item.description)
            self.aliases.insert(0, alias)
        return self._names[item.name]

    def _literals(self, item: Schema) -> str:
        return f"Literal[{', '.join(_PYTHON.literal(value) for value in item.enum)}]"


def _literal(item: Schema) -> bool:
    """May the values stand in a ``Literal``? Numbers with a fraction may not."""
    return not any(isinstance(value, float) for value in item.enum)


def _call(name: str, *first: str, **options: object) -> str:
    given = (f"{key}={value}" for key, value in options.items() if value is not None)
    return f"{name}({', '.join((*first, *given))})"


def limit(schema: Schema, kind: type) -> int | None:
    for item in schema.constraints:
        if isinstance(item, kind):
            return getattr(item, "length", None) or getattr(item, "count", None)
    return None
