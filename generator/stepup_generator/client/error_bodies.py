"""Finds what error bodies have in common, so that a client can raise an error of its own for each.

The code of an error is a constant: a required property that is a ``const`` string and that most error
schemas share. Nothing of it is known by name here.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from stepup_generator.openapi.model import Api, Operation, Property, Response, Schema

__all__ = ["ErrorBodies", "ErrorBody", "error_bodies"]


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """One kind of API error: its code, and the schema of its body."""

    code: str
    schema: Schema


@dataclass(frozen=True)  # no slots: the index is made once, when first asked for
class ErrorBodies:
    """``code_property`` is the wire name of the telling property, "" where the document has none.

    ``properties`` are all the others that any body has.
    """

    code_property: str
    bodies: tuple[ErrorBody, ...]
    properties: tuple[Property, ...]

    def of(self, api: Api, operation: Operation) -> tuple[ErrorBody, ...]:
        """The API errors that an operation documents, each once, in the order of its statuses."""
        names = {
            schema.name: None for response in operation.errors for schema in _alternatives(api, response)
        }
        return tuple(self._by_name[name] for name in names if name in self._by_name)

    @cached_property
    def _by_name(self) -> Mapping[str, ErrorBody]:
        return {body.schema.name: body for body in self.bodies}


def error_bodies(api: Api) -> ErrorBodies:
    """Collect every kind of API error in the document's order; the first schema of a code stands for it."""
    schemas = [
        schema
        for operation in api.operations
        for response in operation.errors
        for schema in _alternatives(api, response)
        if schema.kind == "object" and schema.name
    ]
    telling = Counter(item.name for schema in schemas for item in schema.properties if _tells(item))
    if not telling:
        return ErrorBodies("", (), ())
    code_property = max(telling, key=lambda name: telling[name])
    bodies: dict[str, ErrorBody] = {}
    properties: dict[str, Property] = {}
    for schema in schemas:
        for item in schema.properties:
            if item.name == code_property and _tells(item):
                bodies.setdefault(str(item.schema.const), ErrorBody(str(item.schema.const), schema))
            elif item.name != code_property:
                properties.setdefault(item.name, item)
    return ErrorBodies(code_property, tuple(bodies.values()), tuple(properties.values()))


def _alternatives(api: Api, response: Response) -> tuple[Schema, ...]:
    return () if response.schema is None else api.variants(response.schema)


def _tells(item: Property) -> bool:
    return item.required and item.schema.is_const and isinstance(item.schema.const, str)
