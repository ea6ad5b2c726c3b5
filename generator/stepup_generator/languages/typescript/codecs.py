"""The source of the codecs of types: which function of the runtime, with which constraints."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import assert_never

from stepup_generator.client.types import Field, Object, Type, Union
from stepup_generator.client.view import Success
from stepup_generator.languages.typescript.names import TYPESCRIPT
from stepup_generator.openapi import constraints
from stepup_generator.openapi.constraints import Constraint

__all__ = ["Codecs"]


@dataclass
class Codecs:
    """Writes codecs, and remembers what they need: ``used`` are files of ``runtime/src/codecs``.

    ``constants`` are the names of the codecs of named types, which stand behind ``prefix``; ``named`` says
    whether one of them was written.
    """

    constants: Mapping[str, str]
    prefix: str = ""
    named: bool = False
    _used: set[str] = field(default_factory=set)

    @property
    def used(self) -> tuple[str, ...]:
        return tuple(sorted(self._used))

    def type(self, item: Type) -> str:
        """The codec of a type."""
        text = self._not_null(item)
        return self._call("nullable", text) if item.nullable else text

    def success(self, item: Success) -> str:
        """Media type and codec of a success; null where it has no body."""
        return (
            "null" if item.type is None else f"[{TYPESCRIPT.text(item.media_type)}, {self.type(item.type)}]"
        )

    def field(self, item: Field) -> str:
        """A field of an object, or an argument of an operation: a tuple without what is false at its end."""
        parts = [TYPESCRIPT.text(text) for text in (item.name, item.wire)]
        parts += [TYPESCRIPT.text(item.location)] if item.location else []
        parts += [self.type(item.type), str(item.required).lower(), str(item.secret).lower()]
        while parts[-1] == "false":
            parts.pop()
        return f"[{', '.join(parts)}]"

    def definition(self, item: Object | Union) -> str:
        """The codec of a named type."""
        if isinstance(item, Object):
            lines = "".join(f"  {self.field(each)},\n" for each in item.fields)
            return self._call(f"object<models.{item.name}>", f"\n{lines}" if lines else "")
        codecs = [self.type(variant.type) for variant in item.variants]
        if not item.tag:
            return self._call(f"one_of<models.{item.name}>", ", ".join(codecs))
        pairs = "".join(
            f"  [{TYPESCRIPT.text(variant.value)}, {codec}],\n"
            for variant, codec in zip(item.variants, codecs, strict=True)
        )
        tag, name = TYPESCRIPT.text(item.tag), TYPESCRIPT.text(item.tag_name)
        return self._call(f"tagged<models.{item.name}>", f"{tag}, {name}, [\n{pairs}]")

    def _not_null(self, item: Type) -> str:
        match item.kind:
            case "object" | "union":
                self.named = True
                text = self.prefix + self.constants[item.name]
                return self._call("lazy", f"() => {text}") if item.recursive else text
            case "const":
                return self._call("constant", TYPESCRIPT.literal(item.const))
            case "null":
                return self._call("constant", "null")
            case "array" | "map":
                inner = self.type(item.item or Type("any"))
                return self._call(item.kind, ", ".join((inner, *self._constraints(item.constraints))))
            case "string" | "integer" | "number":
                return self._call(item.kind, ", ".join(self._constraints(item.constraints)))
            case "boolean":
                self._used.add("boolean")
                return "boolean"
            case "any":
                self._used.add("unknown")
                return "unknown"
            case _:
                assert_never(item.kind)

    def _constraints(self, items: tuple[Constraint, ...]) -> Iterator[str]:
        """The arguments of a codec: its options, and then its rules, each from a file of its own."""
        enforced = [_enforced(item) for item in items]
        options = ", ".join(text for rule, text in enforced if text and not rule)
        rules = {text: rule for rule, text in enforced if rule}
        self._used.update(rules.values())
        if options or rules:
            yield f"{{ {options} }}" if options else "{}"
        yield from rules

    def _call(self, name: str, arguments: str = "") -> str:
        file, bracket, rest = name.partition("<")
        self._used.add(file)
        return f"{TYPESCRIPT.member(file)}{bracket}{rest}({arguments})"


def _enforced(item: Constraint) -> tuple[str, str]:
    """The file of the runtime that has the rule ("" for an option of the codec), and the source."""
    match item:
        case constraints.Format("int64"):
            return "", ""  # every integer that is exact here fits
        case constraints.Format(name):
            file = name.replace("-", "_")
            return file, TYPESCRIPT.member(file)
        case constraints.Pattern(regex):
            return "pattern", f"pattern({TYPESCRIPT.text(regex)})"
        case constraints.MultipleOf(factor):
            return "multiple_of", f"multipleOf({factor})"
        case constraints.UniqueItems():
            return "unique_items", "uniqueItems"
        case constraints.MinLength(length):
            return "", f"minLength: {length}"
        case constraints.MaxLength(length):
            return "", f"maxLength: {length}"
        case constraints.Minimum(value):
            return "", f"minimum: {value}"
        case constraints.Maximum(value):
            return "", f"maximum: {value}"
        case constraints.ExclusiveMinimum(value):
            return "", f"exclusiveMinimum: {value}"
        case constraints.ExclusiveMaximum(value):
            return "", f"exclusiveMaximum: {value}"
        case constraints.MinItems(count):
            return "", f"minItems: {count}"
        case constraints.MaxItems(count):
            return "", f"maxItems: {count}"
        case constraints.MinProperties(count):
            return "", f"minProperties: {count}"
        case constraints.MaxProperties(count):
            return "", f"maxProperties: {count}"
        case constraints.Enum(values):
            return "", f"values: {TYPESCRIPT.literal(values)}"
        case constraints.Const(only):
            return "", f"values: {TYPESCRIPT.literal((only,))}"
        case _:
            assert_never(item)
