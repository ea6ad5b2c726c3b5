"""The functions that read values of answers and write those of requests, in Go. Each method returns source.

What they call is in ``templates/go/read.go.jinja`` and ``write.go.jinja``.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from stepup_generator.client.types import Field, Model, Object, Type, Union
from stepup_generator.languages.go.types import GO, GoTypes, bare, given_type, held, is_uuid
from stepup_generator.openapi.model import Json, plain

__all__ = ["GoShapes", "closure", "indented"]

_LEAST, _MOST = -(2**63), 2**63 - 1


def closure(parameter: str, result: str, source: str) -> str:
    """A function literal. gofmt would break a long one, so that all are broken."""
    return f"func({parameter}) {result} {{\n\treturn {indented(source)}\n}}"


def indented(source: str) -> str:
    """Source whose lines but the first are a level deeper. No literal holds a line break."""
    return source.replace("\n", "\n\t")


class GoShapes:
    """The functions for one document's types."""

    def __init__(self, types: GoTypes) -> None:
        self._types = types

    def reader(self, item: Model) -> str:
        """The function that reads values of a model."""
        name = f"models.{item.name}"
        if isinstance(item, Union):
            return self._tagged_reader(item) if item.tag else self._untagged_reader(item)
        assert isinstance(item, Object)
        lines = [f"m.{field.name} = {self._read_field(field)}" for field in item.fields] or ["v.object()"]
        body = "\n".join(f"\t{indented(line)}" for line in lines)
        return f"func read{item.name}(v value) (m {name}) {{\n{body}\n\treturn m\n}}"

    def read_function(self, item: Type) -> str:
        """An expression for the function that reads values of a type."""
        if item.kind in ("object", "union") and not (item.nullable or item.recursive):
            return f"read{item.name}"
        source = self._read(item, "v")
        method = re.fullmatch(r"v\.(\w+)\(\)", source)
        if method:
            return f"value.{method[1]}"
        return "null" if source == "null(v)" else closure("v value", self._types.annotation(item), source)

    def _read_field(self, field: Field) -> str:
        item, key = given_type(field), GO.text(field.wire)
        found = f"v.need({key})" if field.required else f"v.get({key})"
        if not field.secret:
            return self._read(item, found)
        if not item.nullable:
            return f"models.NewSecret({self._read(item, found)})"
        kind = f"models.Secret[{self._types.annotation(bare(item))}]"
        inner = f"models.NewSecret({self._read(bare(item), 'v')})"
        return f"nullable({found}, {closure('v value', kind, inner)})"

    def _read(self, item: Type, value: str) -> str:
        if item.nullable:
            helper = "nilable" if self._types.is_nilable(item) else "nullable"
            return f"{helper}({value}, {self.read_function(bare(item))})"
        if item.recursive and not self._types.is_nilable(item):
            return f"ref({self.read_function(bare(item))})({value})"
        if item.kind in ("object", "union"):
            return f"read{item.name}({value})"
        if item.kind == "const":
            return self._read_const(item.const, value)
        if item.item is not None:
            inner = self.read_function(held(item.item))
            return (
                f"entries({value}, {inner})"
                if item.kind == "map"
                else f"array({value}, {item.min_items or 0}, {inner})"
            )
        if item.kind == "null":
            return f"null({value})"
        methods = {"integer": "whole()", "number": "decimal()", "boolean": "flag()", "any": "anything()"}
        method = "id()" if is_uuid(item) else methods.get(item.kind, f"text({item.min_length or 0})")
        return f"models.{item.name}({value}.{method})" if self._types.is_enum(item) else f"{value}.{method}"

    def _read_const(self, wanted: Json, value: str) -> str:
        if wanted is None:
            return f"null({value})"
        if isinstance(wanted, Mapping | tuple):
            return f"exactly({value}, {GO.text(_compact(wanted))})"
        return f"constant({value}, {_typed(wanted)})"

    def _tagged_reader(self, item: Union) -> str:
        tag = GO.text(item.tag)
        cases = "".join(
            f"\tcase {GO.text(variant.value)}:\n\t\treturn {self._read(bare(variant.type), 'v')}\n"
            for variant in item.variants
        )
        return (
            f"func read{item.name}(v value) models.{item.name} {{\n"
            f"\ttag := v.need({tag}).text(0)\n\tswitch tag {{\n"
            f"{cases}\t}}\n\treturn models.{item.unknown}{{{item.tag_name}: tag, Raw: v.raw()}}\n}}"
        )

    def _untagged_reader(self, item: Union) -> str:
        lines = [f"func read{item.name}(v value) (m models.{item.name}) {{"]
        if any(variant.type.nullable for variant in item.variants):
            lines += ["\tif v.json == nil {", "\t\treturn m", "\t}"]
        for variant in item.variants:
            inner = bare(variant.type)
            star = "*" if self._types.is_nilable(inner) else ""
            lines += [
                f"\tif found, ok := fits(v, {indented(self.read_function(inner))}); ok {{",
                f"\t\tm.{variant.name} = {star}found", "\t\treturn m", "\t}",
            ]  # fmt: skip
        return "\n".join((*lines, '\tv.fail("fits none of the forms it may have")', "\treturn m", "}"))

    def writer(self, item: Model) -> str:
        """The function that writes values of a model."""
        head = f"func write{item.name}(m models.{item.name}) written {{"
        if isinstance(item, Union):
            return "\n".join(
                (head, *(self._tagged_writer(item) if item.tag else self._untagged_writer(item)), "}")
            )
        assert isinstance(item, Object)
        lines = ["var o object"]
        for field in item.fields:
            lines += self.given(field, f"m.{field.name}", f"o.put({GO.text(field.wire)}, ")
        return "\n".join((head, *(f"\t{indented(line)}" for line in lines), "\treturn o.written()", "}"))

    def given(self, field: Field, value: str, call: str) -> list[str]:
        """The lines that pass a field on, if it is given; ``call`` is a call up to its last argument."""
        if field.required:
            return [f"{call}{self.write_field(field, value)})"]
        inner = replace(field, required=True, type=bare(field.type))
        # A method finds its way through a pointer.
        pointer = not field.secret and not self._types.is_nilable(inner.type)
        source = self.write_field(inner, f"*{value}" if pointer else value)
        return [f"if {value} != nil {{", "\t" + indented(f"{call}{source})"), "}"]

    def write_field(self, field: Field, value: str) -> str:
        item = given_type(field)
        if not field.secret:
            return self._write(item, value)
        if not item.nullable:
            return f"secret({self._write(item, f'{value}.Reveal()')})"
        kind = f"models.Secret[{self._types.annotation(bare(item))}]"
        write = closure(f"given {kind}", "written", self._write(bare(item), "given.Reveal()"))
        return f"secret(pointed({value}, {write}))"

    def _write_function(self, item: Type) -> str:
        if item.kind in ("object", "union") and not (item.nullable or item.recursive):
            return f"write{item.name}"
        source = self._write(item, "given")
        direct = re.fullmatch(r"(\w+)\(given\)", source)
        return direct[1] if direct else closure(f"given {self._types.annotation(item)}", "written", source)

    def _write(self, item: Type, value: str) -> str:
        if (item.nullable or item.recursive) and not self._types.is_nilable(item):
            return f"pointed({value}, {self._write_function(bare(item))})"
        if item.nullable:
            return f"unless({value} == nil, {self._write(bare(item), value)})"
        if item.kind in ("object", "union"):
            return f"write{item.name}({value})"
        if item.kind == "const":
            constant = _typed(item.const)
            return (
                f"always({value}, {constant})" if constant else f"literally({GO.text(_compact(item.const))})"
            )
        if item.item is not None:
            inner = self._write_function(held(item.item))
            if item.kind == "map":
                return f"pairs({value}, {inner})"
            return f"items({value}, {item.min_items or 0}, {_length(item.max_items)}, {inner})"
        return self._write_scalar(item, value)

    def _write_scalar(self, item: Type, value: str) -> str:
        values = "".join(f", {GO.literal(each)}" for each in item.values)
        match item.kind:
            case "string" if is_uuid(item):
                return f"id({value})"
            case "string":
                value = f"string({value})" if self._types.is_enum(item) else value
                return f"text({value}, {item.min_length or 0}, {_length(item.max_length)}{values})"
            case "integer":
                return (
                    f"whole({value}, {_whole(item.minimum, _LEAST)}, {_whole(item.maximum, _MOST)}{values})"
                )
            case "number":
                value = f"float64({value})" if self._types.is_enum(item) else value
                bounds = (item.minimum, item.maximum, item.exclusive_minimum, item.exclusive_maximum)
                return (
                    f"decimal({value}, {', '.join('nan' if each is None else repr(each) for each in bounds)})"
                )
            case "boolean":
                return f"flag({f'bool({value})' if self._types.is_enum(item) else value})"
            case "null":
                return "written{}"
        return f"anything({value})"

    def _tagged_writer(self, item: Union) -> Iterator[str]:
        names = list(dict.fromkeys(variant.type.name for variant in item.variants))
        yield "\tswitch m := m.(type) {"
        for name in names:
            yield f"\tcase models.{name}:\n\t\treturn write{name}(m)"
            yield f"\tcase *models.{name}:\n\t\tif m != nil {{\n\t\t\treturn write{name}(*m)\n\t\t}}"
        yield f'\t}}\n\treturn wrong("wanted one of {", ".join(names)}")'

    def _untagged_writer(self, item: Union) -> Iterator[str]:
        yield "\tswitch {"
        for variant in item.variants:
            inner, value = bare(variant.type), f"m.{variant.name}"
            yield f"\tcase {value} != nil:"
            source = self._write(inner, value if self._types.is_nilable(inner) else f"*{value}")
            yield f"\t\treturn {indented(indented(source))}"
        nullable = any(variant.type.nullable for variant in item.variants)
        yield (
            "\t}\n\treturn written{}"
            if nullable
            else '\t}\n\treturn wrong("wanted one of its fields to be set")'
        )


def _length(most: int | None) -> str:
    return "unbounded" if most is None else str(most)


def _whole(bound: int | float | None, default: int) -> str:
    if bound is None:
        return "leastWhole" if default < 0 else "mostWhole"
    exact = math.ceil(bound) if default < 0 else math.floor(bound)
    return str(min(max(exact, _LEAST), _MOST))


def _typed(value: Json) -> str:
    """A literal of a constant with its type, "" for what no constant can be."""
    if isinstance(value, bool | str):
        return GO.literal(value)
    if isinstance(value, int | float):
        return f"{'int64' if isinstance(value, int) else 'float64'}({value!r})"
    return ""


def _compact(value: Json) -> str:
    return json.dumps(plain(value), separators=(",", ":"), sort_keys=True, ensure_ascii=False)
