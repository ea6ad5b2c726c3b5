"""Rendering, writing and comparing: whole or not at all, the same each time, no text becomes code."""

import ast
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import stepup_generator
from stepup_generator.errors import OutputError
from stepup_generator.languages.go.names import Go
from stepup_generator.languages.python.names import Python
from stepup_generator.languages.python.target import python_client
from stepup_generator.languages.rust.names import Rust
from stepup_generator.languages.typescript.names import TypeScript
from stepup_generator.openapi.model import Api
from stepup_generator.openapi.read import read
from stepup_generator.write import MARKER, difference, write
from stepup_mfa.main import main

WIDE = Path(__file__).with_name("wide.yaml")


def literally(text: str) -> str:
    """A regular expression for the text itself."""
    return re.sub(r"([\\^$.|?*+()\[\]{}/])", r"\\\1", text)


def test_no_name_of_the_api_stands_in_the_generator(api: Api, spec_path: Path) -> None:
    """What a client does follows from the document: no operationId, field, path or error code stands here."""
    names = {operation.id for operation in api.operations}
    members = [member for schema in api.schemas for member in schema.properties]
    names |= {schema.name for schema in api.schemas} | {member.name for member in members}
    names |= {str(member.schema.const) for member in members if member.schema.is_const}
    names |= {language.member(name) for name in names for language in (Python(), TypeScript(), Go(), Rust())}
    names |= {operation.path for operation in api.operations}
    # Words that mean something of their own in code that deals with HTTP and with these languages.
    common = {"type", "body", "code", "true", "forbidden", "unauthorized", "success"}
    names -= common | {word.capitalize() for word in common}
    folder = Path(stepup_generator.__file__).parent
    sources = [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    sources = [path for path in sources if "site" not in path.relative_to(folder).parts]
    sources = [path for path in sources if path.name != "LICENSE.jinja"]
    assert len(sources) > 20
    assert len(names) > 40
    for path in sources:
        found = set(
            re.findall(r"[A-Za-z_][A-Za-z0-9_]*|/api/[a-z0-9/{}_-]*", path.read_text(encoding="utf-8"))
        )
        assert not found & names, path


def test_the_committed_client_is_in_step(surfaces: dict[str, dict[str, str]]) -> None:
    """generated_client/ is what the document gives, byte for byte."""
    committed = Path(stepup_generator.__file__).parents[2] / "generated_client"
    for name, files in surfaces.items():
        assert difference(files, committed / name) == ""


def test_the_same_bytes_every_time(
    surfaces: dict[str, dict[str, str]], spec_path: Path, tmp_path: Path
) -> None:
    """Another process with another hash seed, folder and locale gives the same bytes."""
    code = (
        "import json,sys; from pathlib import Path; from stepup_generator.generate import render\n"
        "clients = {name: item.files for name, item in render(Path(sys.argv[1])).items()}\n"
        "json.dump(clients, sys.stdout)"
    )
    environment = {
        **os.environ,
        "PYTHONHASHSEED": "4242",
        "LC_ALL": "C",
        "TMPDIR": str(tmp_path),
        "TZ": "Asia/Tokyo",
    }
    done = subprocess.run(
        [sys.executable, "-c", code, str(spec_path)],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout) == surfaces


def test_a_wide_document_gives_a_typed_client(tmp_path: Path) -> None:
    """Every supported feature of documents comes out as a client that is clean under mypy (strict)."""
    write(python_client(read(WIDE)), tmp_path / "wide")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "-p", "stepup_mfa_client"],
        cwd=tmp_path / "wide", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_a_wide_client_is_clean_under_pyright(tmp_path: Path, pyright: Callable[[Path], str]) -> None:
    """Every supported feature of documents comes out as a client that is clean under pyright (strict)."""
    write(python_client(read(WIDE)), tmp_path / "wide")
    assert "0 errors, 0 warnings" in pyright(tmp_path / "wide")


def test_a_wide_client_reads_and_writes(tmp_path: Path, server: Any, answer: Callable[..., bytes]) -> None:
    """Parameters, nested and recursive objects, unions, several successes and 204 work over a socket."""
    write(python_client(read(WIDE)), tmp_path / "wide")
    server.script(
        answer(
            200,
            '[{"name": "n", "parent": null, "type": "c", "secret": "canary", "children": [{"name": "m"}]}]',
        ),
        answer(204),
        answer(202),
        answer(200, '{"kind": "hexagon", "size": 3}'),
        answer(201, '{"at": "2026-01-02T03:04:05Z", "inner": {"x": 1}, "error": {"None": "x"}}'),
        answer(200, '{"kind": "circle", "r": 2}'),
        answer(200, "5"),
        answer(404, '{"why": "too-bad", "fields": {"a": "b"}, "weight": 3}'),
    )
    done = subprocess.run(
        [sys.executable, str(WIDE.with_name("wide_calls.py")), server.url],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "wide")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "[Node(name='n', secret=***, children=[Node(name='m', secret=***, children=None, parent=None, "
        "date=None, type=None, field=None)], parent=None, date=None, type='c', field=None)]",
        "None",
        "UnknownShape(kind='hexagon')",
        "2026-01-02T03:04:05Z",
        "Circle(kind='circle', r=2) 5",
        "['id']", "['limit']", "['tag']", "['since']", "['class_']",
        "too-bad {'a': 'b'} 3 404",
    ]  # fmt: skip
    lines = [request.split(b"\r\n")[0].decode() for request in server.requests]
    assert lines[0] == (
        "GET /things/a%20b/parts/7?from=2026-01-02&since=2026-01-02T00%3A00%3A00Z&tag=red&tag=blue"
        "&limit=5&self=true HTTP/1.1"
    )
    assert b"x-trace: t\r\n" in server.requests[0].lower()
    assert b"x-api-key: key\r\n" in server.requests[0].lower()
    sent = [json.loads(request.partition(b"\r\n\r\n")[2] or b"null") for request in server.requests]
    assert sent[3] == {
        "shape": {"kind": "circle", "r": 1.5}, "str": 0.5, "2nd": None, "kwargs": {"a": 1}, "any": [1],
        "level": 2,
        "node": {"name": "n", "secret": "canary", "children": [{"name": "m"}], "date": "2026-01-02"},
    }  # fmt: skip
    assert sent[4] == {"shape": {"kind": "square", "side": 2}, "str": 1, "2nd": "x"}
    assert sent[5] == [{"kind": "circle", "r": 2}]


HOSTILE = (
    '"""', "'''", "\\", "\\\"", "*/", "${x}", "{{ 7*7 }}", "{% raw %}", "#}", "\n", "\r", "\0", "\u202e",
    "\u2028", "`", "../..", "<script>", "$(id)", "%s", "{x}", "\ud7ff", "import os", "class",
    "é", "\U0001f600",
)  # fmt: skip
hostile = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=5), max_size=12).map("".join)


def poisoned(texts: list[str]) -> dict[str, Any]:
    """A document with ``texts`` wherever a document is free to say what it likes."""
    words = (f"x{text}" for text in texts)
    take = words.__next__
    first, second, tag = f"p{take()}", f"q{take()}", take()
    schema = {
        "type": "object", "title": take(), "description": take(), "required": [first],
        "properties": {
            first: {
                "type": "string", "description": take(), "pattern": literally(take()), "examples": [take()],
            },
            second: {"type": "string", "enum": [take(), "other"], "default": take()},
        },
    }  # fmt: skip
    code = {"const": take(), "description": take()}
    refusal = {"type": "object", "description": take(), "required": ["c"], "properties": {"c": code}}
    result = {"application/json": {"schema": {"$ref": "#/components/schemas/S"}}}
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/E"}}}
    operation = {
        "operationId": take(), "tags": [tag], "summary": take(), "description": take(),
        "parameters": [
            {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}, "example": take()},
            {"name": f"r{take()}", "in": "query", "description": take(), "schema": {"type": "string"}},
        ],
        "requestBody": {"required": True, "content": result},
        "responses": {
            "200": {"description": take(), "content": result},
            "400": {"description": take(), "content": error},
        },
    }  # fmt: skip
    return {
        "openapi": "3.1.0",
        "info": {"title": take(), "version": take(), "description": take()},
        "tags": [{"name": tag, "description": take()}],
        "paths": {"/a/{id}": {"post": operation}},
        "components": {"schemas": {"S": schema, "E": refusal}},
    }


def outline(files: dict[str, str]) -> tuple[Counter[str], list[str], dict[str, Any]]:
    """What a client is whatever its names and texts are: kinds of syntax nodes, our files, its metadata."""
    trees = [ast.parse(text) for path, text in files.items() if path.endswith(".py")]
    nodes = Counter(type(node).__name__ for tree in trees for node in ast.walk(tree))
    ours = [path for path in files if "_transport/" not in path]
    return nodes, ours, tomllib.loads(files["pyproject.toml"])


@pytest.fixture(scope="module")
def harmless() -> tuple[Counter[str], list[str], dict[str, Any]]:
    """The outline of the client of the same document without any hostile text."""
    return outline(python_client(read_document(poisoned([""] * 25))))


# Not shrunk: each example is a whole generation.
@settings(max_examples=8, deadline=None, database=None, phases=[Phase.generate])
@given(st.lists(hostile, min_size=25, max_size=25))
def test_no_text_of_a_document_becomes_code(harmless: Any, texts: list[str]) -> None:
    """Whatever a document says, its client has the same structure, and no file hides a character."""
    made = python_client(read_document(poisoned(texts)))
    assert outline(made) == harmless
    for path, text in made.items():
        assert not re.search("[\u202a-\u202e\u2066-\u2069\\0]", text), path
    prose = re.sub(r"(?ms)^```.*?^```$", "", made["README.md"])
    assert "## What it promises" in prose
    assert "<script" not in prose


def read_document(document: dict[str, Any]) -> Api:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "openapi.yaml"
        # Through JSON, so that nothing is shared and written as an alias.
        path.write_text(yaml.safe_dump(json.loads(json.dumps(document))), encoding="utf-8")
        return read(path)


def test_output_is_replaced_whole(tmp_path: Path) -> None:
    """Nothing stale survives, and an unchanged output is not touched."""
    out = tmp_path / "out"
    assert write({"a.py": "1\n", "b/c.py": "2\n"}, out)
    (out / "__pycache__").mkdir()
    before = (out / "a.py").stat().st_ino
    assert not write({"a.py": "1\n", "b/c.py": "2\n"}, out)
    assert (out / "a.py").stat().st_ino == before
    assert write({"a.py": "3\n"}, out)
    assert sorted(path.name for path in out.rglob("*")) == [MARKER, "a.py"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_of_others_is_left_alone(tmp_path: Path) -> None:
    """A folder that holds something the generator did not write is rejected, and so is a path out of it."""
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(OutputError, match=r"mine\.txt"):
        write({"a.py": ""}, tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "precious"
    with pytest.raises(OutputError, match="is not a folder"):
        write({"a.py": ""}, tmp_path / "mine.txt")
    for path in ("../a", "/a", "a/../../b", "a\\b", "", ".", "a//b", "a\n"):
        with pytest.raises(OutputError, match="not a path for output"):
            write({path: ""}, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_failed_write_leaves_the_old_output(tmp_path: Path) -> None:
    """Where a file cannot be written halfway through, the old output stays and nothing is left beside it."""
    out = tmp_path / "out"
    write({"a.py": "old\n"}, out)
    with pytest.raises(OutputError, match="the old output was left"):
        write({"a.py": "new\n", "x" * 200 + "/" + "y" * 300: ""}, out)
    assert (out / "a.py").read_text() == "old\n"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_difference_is_a_unified_diff(tmp_path: Path) -> None:
    """Changed, missing and surplus files show as a diff from what lies there to what is wanted."""
    write({"same": "s\n", "changed": "1\n2\n", "gone": "", "surplus": "x\n"}, tmp_path / "out")
    (tmp_path / "out" / "gone").unlink()
    diff = difference({"same": "s\n", "changed": "1\n3\n", "gone": ""}, tmp_path / "out")
    assert "--- a/changed\n+++ b/changed\n@@ -1,2 +1,2 @@\n 1\n-2\n+3\n" in diff
    assert "--- a/surplus\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n" in diff
    assert "--- /dev/null\n+++ b/gone\n" in diff
    assert "same" not in diff


def test_the_command_generates_and_checks(
    spec_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`generate` writes and says what; `--check` is quiet in step, and exits with 1 and a diff otherwise."""
    monkeypatch.chdir(tmp_path)
    assert main(["generate"]) == 0
    assert re.search("generated_client/python: [0-9]+ files, written", capsys.readouterr().out)
    assert main(["generate", "--check"]) == 0
    assert capsys.readouterr().out.count("\n") == 1
    (tmp_path / "generated_client/python/README.md").write_text("edited\n")
    assert main(["generate", "--check"]) == 1
    assert "-edited" in capsys.readouterr().out
    assert main(["generate", "--check", "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["in_step"] is False
    assert main(["generate", "--format", "json", "--spec", str(spec_path)]) == 0
    clients = json.loads(capsys.readouterr().out)["clients"]
    assert {item["client"] for item in clients if item["changed"]} == {"python"}


def test_a_bad_document_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Problems are printed with their places, the exit code is 2, and the old output is as it was."""
    monkeypatch.chdir(tmp_path)
    write({"a.py": "old\n"}, tmp_path / "generated_client/python")
    (tmp_path / "openapi.yaml").write_text(
        "openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths: {}\nnot: 1\n"
    )
    assert main(["generate", "--spec", "openapi.yaml"]) == 2
    assert 'openapi.yaml:4:1 #: keyword "not" is not supported' in capsys.readouterr().err
    assert (tmp_path / "generated_client/python/a.py").read_text() == "old\n"
    assert main(["generate", "--spec", "missing.yaml"]) == 2
    assert "missing.yaml:1:1 #: cannot be read" in capsys.readouterr().err
