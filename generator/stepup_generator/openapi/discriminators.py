"""Tells the variants of a union apart: reads a discriminator, completes it, or finds one that was left out.

It looks at variants before they are read, since they may contain the union.
"""

from stepup_generator.openapi.document import Node
from stepup_generator.openapi.fields import Fields, Problems, shown
from stepup_generator.openapi.model import Discriminator, Schema

__all__ = ["SCHEMAS", "Discriminators", "keyword_of"]

SCHEMAS = "#/components/schemas/"


class Discriminators:
    """Reads the discriminators of a document whose named schemas are ``nodes``."""

    def __init__(self, problems: Problems, nodes: dict[str, Node]) -> None:
        self._problems = problems
        self._nodes = nodes

    def read(self, fields: Fields, variants: tuple[Schema, ...]) -> Discriminator | None:
        """The discriminator of a union, None where its variants have no property to distinguish them."""
        given = fields.child("discriminator", "a discriminator", ("propertyName", "mapping"))
        if given is None:
            return self._found(variants)
        given.require("propertyName")
        name, mapping = given.text("propertyName"), {}
        references = [item.reference for item in variants]
        if "" in references:
            fields.reject(
                "discriminator", "a discriminator wants every variant to be a $ref to a named schema"
            )
        for value, node, pointer in given.entries("mapping"):
            target = str(node.value).removeprefix(SCHEMAS)
            mapping[value] = target
            if target not in references:
                self._problems.add(node, pointer, f'"{shown(target)}" is none of the variants')
        for reference in filter(None, references):
            constant = self._constant(reference, name)
            if reference not in mapping.values():
                mapping[reference if constant is None else constant] = reference
            elif constant is not None and mapping.get(constant) != reference:
                message = f'the const of "{name}" in {reference} is "{shown(constant)}", which maps elsewhere'
                fields.reject("discriminator", message)
        return Discriminator(name, tuple(mapping.items()))

    def _found(self, variants: tuple[Schema, ...]) -> Discriminator | None:
        """The one required property that is a different constant in each variant, where there is one."""
        if len(variants) < 2 or not all(item.reference for item in variants):
            return None
        first = keyword_of(self._nodes[variants[0].reference], "properties")
        for name in first if isinstance(first, dict) else ():
            mapping = {self._constant(item.reference, name): item.reference for item in variants}
            if None not in mapping and len(mapping) == len(variants):
                return Discriminator(name, tuple((str(key), value) for key, value in mapping.items()))
        return None

    def _constant(self, schema: str, name: str) -> str | None:
        properties = keyword_of(self._nodes[schema], "properties")
        node = properties.get(name) if isinstance(properties, dict) else None
        const = node.value.get("const") if node is not None and isinstance(node.value, dict) else None
        return const.value if const is not None and isinstance(const.value, str) else None


def keyword_of(node: Node, key: str) -> object:
    """A keyword's value in a schema that need not have been read."""
    found = node.value.get(key) if isinstance(node.value, dict) else None
    return found.value if found is not None else None
