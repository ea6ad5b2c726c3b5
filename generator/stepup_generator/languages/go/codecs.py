"""The functions that decode values of responses and encode those of requests. Each method returns Go source.

What they call is in ``runtime/value_*.go`` and ``runtime/encoded_*.go``; gofmt lays all of it out.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from stepup_generator.client.types import Field, Model, Object, Type, Union
from stepup_generator.languages.go.constraints import constraints, decoded_minimum
from stepup_generator.languages.go.types import GO, GoTypes, bare, field_type, is_uuid, item_type
from stepup_generator.openapi.model import Json

__all__ = ["GoCodecs"]


def _closure(parameter: str, result: str, source: str) -> str:
    return f"func({parameter}) {result} {{ return {source} }}"


class GoCodecs:
    """The functions for one document's types."""

    def __init__(self, types: GoTypes) -> None:
        self._types = types

    def decoder(self, item: Model) -> str:
        """The function that decodes values of a model."""
        if isinstance(item, Union):
            return self._tagged_decoder(item) if item.tag else self._untagged_decoder(item)
        assert isinstance(item, Object)
        lines = [f"m.{field.name} = {self._decode_field(field)}" for field in item.fields] or ["v.object()"]
        return _function(f"decode{item.name}(v value) (m models.{item.name})", *lines, "return m")

    def decode_function(self, item: Type) -> str:
        """An expression for the function that decodes values of a type."""
        if item.kind in ("object", "union") and not (item.nullable or item.recursive):
            return f"decode{item.name}"
        source = self._decode(item, "v")
        method = re.fullmatch(r"v\.(\w+)\(\)", source)
        if method:
            return f"value.{method[1]}"
        return "null" if source == "null(v)" else _closure("v value", self._types.annotation(item), source)

    def _decode_field(self, field: Field) -> str:
        item, key = field_type(field), GO.text(field.wire)
        member = f"v.required({key})" if field.required else f"v.member({key})"
        if not field.secret:
            return self._decode(item, member)
        if not item.nullable:
            return f"models.NewSecret({self._decode(item, member)})"
        kind = f"models.Secret[{self._types.annotation(bare(item))}]"
        inner = f"models.NewSecret({self._decode(bare(item), 'v')})"
        return f"nullable({member}, {_closure('v value', kind, inner)})"

    def _decode(self, item: Type, value: str) -> str:
        if item.nullable:
            helper = "nilable" if self._types.is_nilable(item) else "nullable"
            return f"{helper}({value}, {self.decode_function(bare(item))})"
        if item.recursive and not self._types.is_nilable(item):
            return f"reference({self.decode_function(bare(item))})({value})"
        if item.kind in ("object", "union"):
            return f"decode{item.name}({value})"
        if item.kind == "const":
            return self._decode_const(item.const, value)
        if item.item is not None:
            inner = self.decode_function(item_type(item.item))
            return (
                f"mapOf({value}, {inner})"
                if item.kind == "map"
                else f"arrayOf({value}, {decoded_minimum(item)}, {inner})"
            )
        if item.kind == "null":
            return f"null({value})"
        if item.kind == "any":
            return f"{value}.json"
        method = "uuid()" if is_uuid(item) else f"{item.kind}()"
        method = f"string({decoded_minimum(item)})" if method == "string()" else method
        return f"models.{item.name}({value}.{method})" if self._types.is_enum(item) else f"{value}.{method}"

    def _decode_const(self, expected: Json, value: str) -> str:
        if expected is None:
            return f"null({value})"
        return f"constant({value}, {_typed(expected)})"

    def _tagged_decoder(self, item: Union) -> str:
        cases = (
            f"case {GO.text(variant.value)}:\nreturn {self._decode(bare(variant.type), 'v')}"
            for variant in item.variants
        )
        return _function(
            f"decode{item.name}(v value) models.{item.name}",
            f"tag := v.required({GO.text(item.tag)}).string(0)",
            "switch tag {",
            *cases,
            "}",
            f"return models.{item.unknown}{{{item.tag_name}: tag, Raw: v.raw()}}",
        )

    def _untagged_decoder(self, item: Union) -> str:
        is_nullable = any(variant.type.nullable for variant in item.variants)
        lines = ["if v.json == nil {\nreturn m\n}"] if is_nullable else []
        for variant in item.variants:
            inner = bare(variant.type)
            star = "*" if self._types.is_nilable(inner) else ""
            lines += [
                f"if result, ok := fits(v, {self.decode_function(inner)}); ok {{",
                f"m.{variant.name} = {star}result\nreturn m\n}}",
            ]
        lines += ['v.fail("fits none of the forms it may have")', "return m"]
        return _function(f"decode{item.name}(v value) (m models.{item.name})", *lines)

    def encoder(self, item: Model) -> str:
        """The function that encodes values of a model."""
        head = f"encode{item.name}(m models.{item.name}) encoded"
        if isinstance(item, Union):
            return _function(
                head, *(self._tagged_encoder(item) if item.tag else self._untagged_encoder(item))
            )
        assert isinstance(item, Object)
        lines = [
            line
            for field in item.fields
            for line in self.argument(field, f"m.{field.name}", f"o.put({GO.text(field.wire)}, ")
        ]
        return _function(head, "var o members", *lines, "return o.encoded()")

    def argument(self, field: Field, value: str, call: str) -> list[str]:
        """The lines that pass a field on, if it is set; ``call`` is a call up to its last argument."""
        if field.required:
            return [f"{call}{self._encode_field(field, value)})"]
        inner = replace(field, required=True, type=bare(field.type))
        # A method needs no dereference.
        pointer = not field.secret and not self._types.is_nilable(inner.type)
        source = self._encode_field(inner, f"*{value}" if pointer else value)
        return [f"if {value} != nil {{", f"{call}{source})", "}"]

    def _encode_field(self, field: Field, value: str) -> str:
        item = field_type(field)
        if not field.secret:
            return self._encode(item, value)
        if not item.nullable:
            return f"asSecret({self._encode(item, f'{value}.Reveal()')})"
        kind = f"models.Secret[{self._types.annotation(bare(item))}]"
        encode = _closure(f"value {kind}", "encoded", self._encode(bare(item), "value.Reveal()"))
        return f"asSecret(jsonPointer({value}, {encode}))"

    def _encode_function(self, item: Type) -> str:
        if item.kind in ("object", "union") and not (item.nullable or item.recursive):
            return f"encode{item.name}"
        source = self._encode(item, "value")
        direct = re.fullmatch(r"(jsonBoolean|jsonAny)\(value\)", source)
        return direct[1] if direct else _closure(f"value {self._types.annotation(item)}", "encoded", source)

    def _encode(self, item: Type, value: str) -> str:
        if (item.nullable or item.recursive) and not self._types.is_nilable(item):
            return f"jsonPointer({value}, {self._encode_function(bare(item))})"
        if item.nullable:
            return f"nullIf({value} == nil, {self._encode(bare(item), value)})"
        if item.kind in ("object", "union"):
            return f"encode{item.name}({value})"
        if item.kind == "const":
            return "encoded{}" if item.const is None else f"jsonConstant({value}, {_typed(item.const)})"
        if item.kind == "null":
            return "encoded{}"
        arguments = [value]
        if item.item is not None:
            arguments.append(self._encode_function(item_type(item.item)))
        elif self._types.is_enum(item):
            base = self._types.enum_base(item.name)
            arguments = [f"{base}({value})"]
        helper = "UUID" if is_uuid(item) else item.kind.capitalize()
        return f"json{helper}({', '.join((*arguments, *constraints(item)))})"

    def _tagged_encoder(self, item: Union) -> Iterator[str]:
        names = list(dict.fromkeys(variant.type.name for variant in item.variants))
        yield "switch m := m.(type) {"
        for name in names:
            yield f"case models.{name}:\nreturn encode{name}(m)"
            yield f"case *models.{name}:\nif m != nil {{\nreturn encode{name}(*m)\n}}"
        yield f'}}\nreturn invalid("expected one of {", ".join(names)}")'

    def _untagged_encoder(self, item: Union) -> Iterator[str]:
        yield "switch {"
        for variant in item.variants:
            inner, value = bare(variant.type), f"m.{variant.name}"
            source = self._encode(inner, value if self._types.is_nilable(inner) else f"*{value}")
            yield f"case {value} != nil:\nreturn {source}"
        is_nullable = any(variant.type.nullable for variant in item.variants)
        yield "}"
        yield "return encoded{}" if is_nullable else 'return invalid("expected one of its fields to be set")'


def _function(head: str, *lines: str) -> str:
    return "\n".join((f"func {head} {{", *lines, "}"))


def _typed(value: Json) -> str:
    """A literal of a constant that is not null, with its type."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return GO.literal(value)
    return f"{'int64' if isinstance(value, int) else 'float64'}({value!r})"
