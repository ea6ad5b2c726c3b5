"""Finds references between schemas that lead round in a circle."""

from collections.abc import Iterator

from stepup_generator.openapi.model import Schema

__all__ = ["circles"]


def circles(schemas: tuple[Schema, ...]) -> Iterator[str]:
    """The names of schemas that are references to themselves in the end.

    A reference may lead back to its schema only through a property, an item or a map's value.
    """
    following = {item.name: [item.reference, *(v.reference for v in item.variants)] for item in schemas}
    settled: set[str] = set()
    for start in following:
        open_names, todo = set[str](), [(start, False)]
        while todo:
            name, leave = todo.pop()
            if leave:
                open_names.discard(name)
                settled.add(name)
            elif name in open_names:
                yield name
            elif name and name not in settled:
                open_names.add(name)
                todo.append((name, True))
                todo.extend((other, False) for other in following[name])
