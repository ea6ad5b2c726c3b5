"""What Go's ``fmt`` shows of the answers of the Go client, or ``encoding/json`` where fmt shows addresses."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from stepup_generator.client.types import Field, Type
from stepup_generator.languages.go.types import GoTypes, is_uuid
from stepup_generator.openapi.model import Api, Json, Operation, Response, plain
from stepup_generator.samples.typed import ANY, Typed
from stepup_generator.samples.values import answers, success

__all__ = ["GoPrinted"]

# From here on, and below 0.0001, numbers are written with an exponent.
_EXPONENT = 6
# What a field that may be left out is left out for.
_NOTHING: tuple[Json, ...] = (None, (), {})


class _Pointed(Exception):
    """A value that ``%+v`` shows as an address."""


class GoPrinted:
    """Foretells the output of programs; ``as_json`` says which of the two they use for an operation."""

    def __init__(self, api: Api, typed: Typed, types: GoTypes) -> None:
        self._api = api
        self._typed = typed
        self._types = types

    def answer(self, operation: Operation, response: Response, value: Json) -> str:
        if response.schema is None:
            return ""
        item = self._typed.answered(self._typed.operation(operation.id), response.status)
        if self.as_json(operation):
            text = json.dumps(plain(self._encoded(value, item)), separators=(",", ":"), ensure_ascii=False)
            return re.sub("[<>&]", lambda found: f"\\u{ord(found[0]):04x}", text)
        text = self._shown(value, item)
        return f"&{text}" if self._typed.object(item) is not None else text

    def as_json(self, operation: Operation) -> bool:
        """Does ``%+v`` show an address in any answer that is documented?"""
        response = success(operation)
        if response is None or response.schema is None:
            return False
        made = self._typed.operation(operation.id)
        item = self._typed.answered(made, response.status)
        result = made.result or ANY
        is_struct = self._typed.object(item) is not None
        if result.name != item.name or (
            result.nullable and not is_struct and not self._types.is_nilable(item)
        ):
            return True
        try:
            for example in answers(self._api, response):
                self._shown(example.value, item)
        except _Pointed:
            return True
        return False

    def _shown(self, value: Json, item: Type, inside: bool = False) -> str:
        """What ``%+v`` makes of a value. Raises _Pointed."""
        if value is None:
            nil = {"array": "[]", "map": "map[]"}
            return nil.get(item.kind, "<nil>")
        if is_uuid(item):
            return str(value).lower()
        pointer = inside and (item.nullable or item.recursive) and not self._types.is_nilable(item)
        union = self._typed.union(item)
        if pointer or (union is not None and not union.tag):
            raise _Pointed
        if union is not None:
            variant = self._typed.variant(union, value)
            if variant is None:
                raise _Pointed  # bytes, which nobody reads
            return self._shown(value, replace(variant.type, nullable=False, recursive=False), True)
        found = self._typed.object(item)
        if found is not None and isinstance(value, Mapping):
            return f"{{{' '.join(self._member(field, value) for field in found.fields)}}}"
        if isinstance(value, Mapping):
            inner = item.item or ANY
            return (
                f"map[{' '.join(f'{key}:{self._shown(value[key], inner, True)}' for key in sorted(value))}]"
            )
        if isinstance(value, tuple):
            return f"[{' '.join(self._shown(each, item.item or ANY, True) for each in value)}]"
        return _number(value, item) if isinstance(value, int | float) else str(value)

    def _member(self, field: Field, value: Mapping[str, Json]) -> str:
        given = value.get(field.wire)
        if field.secret:
            return f"{field.name}:{'***' if given is not None or field.required else '<nil>'}"
        item = field.type if field.required else replace(field.type, nullable=True)
        return f"{field.name}:{self._shown(given, item, True)}"

    def _encoded(self, value: Json, item: Type) -> Json:
        """A value as ``encoding/json`` writes it."""
        union = self._typed.union(item)
        if union is not None and value is not None:
            variant = self._typed.variant(union, value)
            return value if variant is None else self._encoded(value, variant.type)
        found = self._typed.object(item)
        if found is not None and isinstance(value, Mapping):
            return {
                field.wire: "***" if field.secret and given is not None else self._encoded(given, field.type)
                for field in found.fields
                if (given := value.get(field.wire)) not in _NOTHING or field.required
            }
        if isinstance(value, Mapping):
            return {key: self._encoded(value[key], item.item or ANY) for key in sorted(value)}
        if isinstance(value, tuple):
            return tuple(self._encoded(each, item.item or ANY) for each in value)
        return value.lower() if is_uuid(item) and isinstance(value, str) else value


def _number(value: int | float, item: Type) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and item.kind != "number":
        return str(value)
    number = Decimal(repr(float(value))).normalize()
    exponent = number.adjusted()
    if number == 0 or -5 < exponent < _EXPONENT:
        return f"{number:f}"
    digits = "".join(map(str, number.as_tuple().digits))
    point = "." if len(digits) > 1 else ""
    return f"{'-' * (number < 0)}{digits[0]}{point}{digits[1:]}e{exponent:+03d}"
