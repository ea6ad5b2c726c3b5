"""Judges a document beyond what reading it needs: the OpenAPI standard, and whether its examples are true.

An example that breaks its own schema misleads every reader and every tool, so it counts as an error.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from stepup_generator.errors import Problem, SpecError
from stepup_generator.openapi.document import Node, load, pointer_to
from stepup_generator.openapi.read import read_node

__all__ = ["lint"]

# Below these keys lies data, not the document's own structure.
_DATA = frozenset(("example", "examples", "default", "enum", "const", "requestBody"))


def lint(path: Path) -> tuple[Problem, ...]:
    """Return every problem of a document, in its order; empty when it is fine.

    Raises nothing for a bad document; a file that cannot be read is a problem like any other.
    """
    try:
        root = load(path)
    except SpecError as error:
        return error.problems
    try:
        read_node(root, path)
    except SpecError as error:
        # The standard's own verdict on a document that we cannot read would say the same again, less clearly.
        return error.problems
    document = root.plain()
    assert isinstance(document, dict), "read_node rejects any other root"
    return tuple(sorted({*_standard(root, document), *_examples(root, document)}))


def _standard(root: Node, document: dict[str, Any]) -> Iterator[Problem]:
    from openapi_spec_validator import OpenAPIV31SpecValidator  # 0.2 s to import

    for error in OpenAPIV31SpecValidator(document).iter_errors():
        yield _problem(root, "#", error.absolute_path, error.message)


def _examples(root: Node, document: dict[str, Any]) -> Iterator[Problem]:
    import jsonschema_rs

    for pointer, schema, value in _examples_below(document, document, "#"):
        standalone = {"$schema": "https://json-schema.org/draft/2020-12/schema", "allOf": [schema]}
        # References in the schema start at the root of the document.
        standalone |= {"components": document.get("components", {})}
        validator = jsonschema_rs.validator_for(standalone, validate_formats=True)
        for error in validator.iter_errors(value):
            yield _problem(
                root, pointer, error.instance_path, f"the example breaks its schema: {error.message}"
            )


def _examples_below(document: dict[str, Any], node: Any, pointer: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield (pointer, schema, value) of every example: of media types, parameters, headers and schemas."""
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _examples_below(document, item, pointer_to(pointer, index))
        return
    if not isinstance(node, dict):
        return
    named = node.get("examples", {})
    if isinstance(named, list):
        for index, value in enumerate(named):
            yield pointer_to(pointer, "examples", index), node, value
    elif "schema" in node:
        if "example" in node:
            yield pointer_to(pointer, "example"), node["schema"], node["example"]
        for name, example in named.items():
            place = pointer_to(pointer, "examples", name, "value")
            if "$ref" in example:
                place, example = example["$ref"] + "/value", _at(document, example["$ref"])  # noqa: PLW2901
            if "value" in example:
                yield place, node["schema"], example["value"]
    for key, item in node.items():
        below_names = pointer.endswith(("/properties", "/schemas"))  # where `examples` may be a name
        if below_names or key not in _DATA or (key == "requestBody" and "content" in item):
            yield from _examples_below(document, item, pointer_to(pointer, key))


def _at(document: Mapping[str, Any], reference: str) -> Any:
    found: Any = document
    for key in reference.removeprefix("#/").split("/"):
        found = found[key.replace("~1", "/").replace("~0", "~")]
    return found


def _problem(root: Node, pointer: str, path: Iterable[str | int], message: str) -> Problem:
    """Place a problem at ``pointer`` and on along ``path``, as far as the document goes."""
    keys = [key.replace("~1", "/").replace("~0", "~") for key in pointer.split("/")[1:]]
    node = root
    for key in (*keys, *path):
        if isinstance(node.value, dict) and str(key) in node.value:
            node = node.value[str(key)]
        elif isinstance(node.value, list) and str(key).isdigit() and int(key) < len(node.value):
            node = node.value[int(key)]
    return Problem(node.line, node.column, pointer_to(pointer, *path), message)
