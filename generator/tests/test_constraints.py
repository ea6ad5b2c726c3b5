"""Constraints as the reader accepts them, and those it rejects since clients could not enforce them alike."""

import itertools
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import get_args

import pytest
import yaml

from stepup_generator.client.bounds import bounds
from stepup_generator.errors import SpecError
from stepup_generator.openapi.constraints import Constraint
from stepup_generator.openapi.patterns import portable
from stepup_generator.openapi.read import read

VECTORS = yaml.safe_load(
    (Path(__file__).parents[2] / "client_vectors" / "constraints.yaml").read_text(encoding="utf-8")
)
NAMES = [member.__name__ for member in get_args(Constraint)]


def test_the_clients_are_tested_with_every_constraint() -> None:
    """A member of the union without a vector is one that some client may not enforce."""
    assert {entry.get("constraint", name) for name, entry in VECTORS.items()} == set(NAMES)
    assert all(entry["fits"] and entry["breaks"] for entry in VECTORS.values())


def document(folder: Path, schema: dict[str, object]) -> Path:
    body = {"content": {"application/json": {"schema": {
        "type": "object", "required": ["value"], "properties": {"value": schema},
    }}}, "required": True}  # fmt: skip
    operation = {"operationId": "send", "requestBody": body, "responses": {"200": {"description": "Done."}}}
    path = folder / "openapi.json"
    info = {"title": "T", "version": "1"}
    path.write_text(json.dumps({"openapi": "3.1.0", "info": info, "paths": {"/send": {"post": operation}}}))
    return path


@pytest.mark.parametrize("name", NAMES)
def test_each_constraint_is_read_and_documented(name: str, tmp_path: Path) -> None:
    """Every member of the union is read from a document, and documented for callers."""
    api = read(document(tmp_path, VECTORS[name]["schema"]))
    (member,) = api.flat_body(api.operations[0]) or ()
    assert [type(item).__name__ for item in member.schema.constraints] == [name]
    sentences = list(bounds(api, member.schema, str))
    assert len(sentences) == (0 if name == "Const" else 1)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string", "format": "email"}, "supported: uuid, date-time, date"),
        ({"type": "number", "format": "double"}, "none is supported"),
        ({"type": "number", "multipleOf": 0.1}, "expected a positive integer"),
        ({"type": "integer", "multipleOf": 0}, "expected a positive integer"),
        ({"type": "number", "enum": [0.5]}, "expected strings or integers"),
        ({"type": "array", "items": {"type": "number"}, "uniqueItems": True}, "expected items"),
        ({"type": "object", "properties": {"a": {"type": "string"}}, "minProperties": 1}, "expected a map"),
        ({"type": "string", "pattern": r"\d+"}, "mean the same in every language"),
        ({"type": "string", "format": "uuid", "pattern": "^a"}, "leave it out"),
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": 1}, "expected one of the two"),
    ],
)  # fmt: skip
def test_what_clients_cannot_enforce_is_rejected(
    schema: dict[str, object], words: str, tmp_path: Path
) -> None:
    """A constraint that some client could not enforce is an error, not a sentence in the documentation."""
    with pytest.raises(SpecError, match=re.escape(words)):
        read(document(tmp_path, schema))


TEXTS = ["", "a", "abc", "a\n", "\n", "x-1", "ABC", "a b", "é", "😀", "a.b", "[", "--"]
PORTABLE = [
    "^abc?$",
    "[a-z]+",
    "^[^a]$",
    "^(a|b){1,2}$",
    r"\.",
    r"^[\-\]a]+$",
    "$",
    "(?:x|^)-",
    "^.{0}".replace(".", "a"),
    "😀",
]
NOT_PORTABLE = [
    ".",
    r"\d",
    r"\w",
    r"\bx",
    "a*?",
    "a++",
    "(?=a)",
    "(?i)a",
    "[[:alpha:]]",
    "[a&&b]",
    "(",
    "[b-a]",
    "^*",
    r"(a)\1",
]


def test_only_portable_patterns_are_accepted() -> None:
    """What differs between languages is not portable."""
    assert [item for item in PORTABLE if not portable(item)] == []
    assert [item for item in NOT_PORTABLE if portable(item)] == []


def test_portable_patterns_mean_the_same_in_another_language() -> None:
    """Python, with $ as the very end, and JavaScript agree on every portable pattern and text."""
    if shutil.which("node") is None:
        message = "NOT CHECKED: portable patterns in JavaScript need `node`, which is not on the PATH"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    pairs = list(itertools.product(PORTABLE, TEXTS))
    script = (
        "console.log(JSON.stringify(JSON.parse(process.argv[1]).map(([p, t]) => new RegExp(p, 'u').test(t))))"
    )
    done = subprocess.run(["node", "-e", script, json.dumps(pairs)], capture_output=True, check=True)
    ends = [re.sub(r"(?<!\\)\$", r"\\Z", pattern) for pattern, _ in pairs]
    here = [bool(re.search(end, text)) for end, (_, text) in zip(ends, pairs, strict=True)]
    assert json.loads(done.stdout) == here
