"""The TypeScript client: compiled, linted, packed, run, and safe against whatever a document says."""

import fcntl
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from stepup_generator.languages.typescript.target import typescript_client
from stepup_generator.openapi.model import Api
from stepup_generator.openapi.read import read
from stepup_generator.write import write

CHECKS = Path(__file__).with_name("typescript")
WIDE = Path(__file__).with_name("wide.yaml")
VECTORS = Path(__file__).parents[2] / "client_vectors" / "run.py"
Run = Callable[..., str]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def tools() -> Path:
    """The npm packages that the client is checked with, installed where they are missing."""
    if shutil.which("npm") is None:
        message = "NOT CHECKED: the TypeScript client needs `npm`, which is not on the PATH"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    modules, lock = CHECKS / "node_modules", CHECKS / "package-lock.json"
    with locked(Path(tempfile.gettempdir()) / "stepup-mfa-typescript-checks.lock"):
        marker = modules / ".package-lock.json"
        if not marker.exists() or marker.stat().st_mtime < lock.stat().st_mtime:
            run(["npm", "ci", "--ignore-scripts"], CHECKS)
            marker.touch()
    return modules


def run(arguments: list[str], folder: Path, **environment: str) -> str:
    """What a program prints; it must end with 0."""
    done = subprocess.run(
        arguments, cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "npm_config_update_notifier": "false", **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def build(tools: Path) -> Callable[[dict[str, str], Path], Path]:
    """Writes a client and compiles it as its own package.json says."""

    def built(files: dict[str, str], folder: Path) -> Path:
        write(files, folder)
        (folder / "node_modules").symlink_to(tools)
        run(["npm", "run", "--silent", "build"], folder)
        return folder

    return built


@pytest.fixture(scope="session")
def client(api: Api, build: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The freshly generated client, compiled (tsc, strict)."""
    return Path(build(typescript_client(api), tmp_path_factory.mktemp("typescript") / "client"))


@pytest.fixture(scope="session")
def wide(build: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client of a document with every supported feature, compiled (tsc, strict)."""
    return Path(build(typescript_client(read(WIDE)), tmp_path_factory.mktemp("typescript") / "wide"))


DOCUMENTS = sorted(Path(__file__).with_name("documents").glob("*.yaml"))


def unused_exports(folder: Path) -> set[str]:
    """What is exported for no other file; a type may also be exported for a signature of its own file.

    What callers use is exported by `index.ts`, which counts as a file, and by `models.ts`.
    """
    texts = {path: path.read_text(encoding="utf-8") for path in (folder / "src").rglob("*.ts")}
    kinds = "(async function|function|const|class|interface|type)"
    found = set()
    for path in texts.keys() - {folder / "src" / "models.ts"}:
        for kind, name in re.findall(rf"^export {kinds} (\w+)", texts[path], re.M):
            uses = {other: len(re.findall(rf"\b{name}\b", text)) for other, text in texts.items()}
            own = uses.pop(path)
            in_signature = kind in ("interface", "type") and own > 1
            if not in_signature and not any(uses.values()):
                found.add(name)
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_a_document_with_one_feature_compiles(document: Path, build: Any, tmp_path: Path) -> None:
    """Nothing stands in the client that the document does not need: tsc and eslint find nothing unused."""
    folder = build(typescript_client(read(document)), tmp_path / "client")
    assert lint(folder) == ""
    assert unused_exports(folder) == set()


def test_unused_exports_are_noticed(client: Path, tmp_path: Path) -> None:
    """The check above finds an export that is put in."""
    copy = shutil.copytree(client, tmp_path / "client", symlinks=True)
    assert unused_exports(copy) == set()
    with (copy / "src" / "json.ts").open("a", encoding="utf-8") as file:
        file.write("export const unneeded = 1;\n")
    assert unused_exports(copy) == {"unneeded"}


@pytest.mark.parametrize("check", ["format", "lint", "types", "test"])
def test_the_runtime_as_a_package_of_its_own(tools: Path, check: str) -> None:
    """The runtime's sources pass prettier, eslint, tsc and unit tests before anything is rendered."""
    run(["npm", "run", "--silent", check], CHECKS)


def lint(folder: Path) -> str:
    shutil.copy(CHECKS / "eslint.config.mjs", folder)
    try:
        return run(["node_modules/.bin/eslint", "--max-warnings=0", "src"], folder)
    finally:
        (folder / "eslint.config.mjs").unlink()


def test_eslint_finds_nothing(client: Path, wide: Path) -> None:
    """typescript-eslint's strict rules find nothing, and find a fault that is put in."""
    assert lint(client) == lint(wide) == ""
    source = client / "src" / "index.ts"
    text = source.read_text(encoding="utf-8")
    source.write_text(text + "\nexport const loose: any = 1;\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="no-explicit-any"):
        lint(client)
    source.write_text(text, encoding="utf-8")


def test_its_own_tests_pass(client: Path, wide: Path) -> None:
    """`npm test` passes, with a case for each operation."""
    assert "\n# pass 21\n" in run(["npm", "test", "--silent"], client)
    assert "\n# fail 0\n" in run(["npm", "test", "--silent"], wide)


def test_it_behaves(client: Path) -> None:
    """Settings, signals, a fetch of one's own, and what is printed."""
    script = str(CHECKS / "behaviour.test.mjs")
    output = run(["node", "--test", script], client, STEPUP_MFA_CLIENT=str(client))
    assert "\n# fail 0\n" in output
    assert int(re.findall(r"\n# pass (\d+)\n", output)[0]) == 10


def test_it_does_as_all_clients_should(client: Path) -> None:
    """Every vector of the operation that matters most."""
    command = [sys.executable, "-B", str(VECTORS), "--language", "typescript", "--match", "verifyStepUpGrant"]
    assert "as expected" in run([*command, "--client", f"typescript={client}"], client)


def test_a_client_that_drifts_fails_by_name(client: Path, tmp_path: Path) -> None:
    """The runner names the TypeScript client when it accepts anything as a success."""
    drifted = shutil.copytree(client, tmp_path / "client", symlinks=True)
    codec = drifted / "src" / "codecs" / "constant.ts"
    text = codec.read_text(encoding="utf-8")
    assert "check(value === expected, at" in text
    codec.write_text(
        text.replace("check(value === expected, at", "check(value === expected || at > '', at"),
        encoding="utf-8",
    )
    command = [sys.executable, "-B", str(VECTORS), "--language", "typescript", "--match", "success is"]
    with pytest.raises(AssertionError, match="typescript: verifyStepUpGrant: success is false"):
        run([*command, "--client", f"typescript={drifted}"], drifted)


def test_flows_on_the_mock(client: Path, stepup_mock: Any) -> None:
    """A TOTP flow, an SMS flow and errors of the API, as a caller would write them."""
    totp, phone = stepup_mock.add_totp_user(), stepup_mock.add_phone_user(None, "+15555550123")
    output = run(
        ["node", "--test", str(CHECKS / "mock.test.mjs")],
        client,
        STEPUP_MFA_CLIENT=str(client),
        STEPUP_MFA_AUTH_URL=stepup_mock.base_url,
        STEPUP_MFA_API_KEY=stepup_mock.api_key,
        STEPUP_MFA_CONTROL_KEY=stepup_mock.control_key,
        MOCK_TOTP=json.dumps({"id": totp.id, "code": stepup_mock.totp_code(totp)}),
        MOCK_PHONE=json.dumps({"id": phone.id, "number": "+15555550123"}),
    )
    assert "\n# pass 3\n" in output
    assert "\n# fail 0\n" in output


@pytest.fixture(scope="session")
def installed(client: Path, tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that has the packed client installed, and nothing else."""
    folder = tmp_path_factory.mktemp("project")
    run(["npm", "pack", "--silent", "--pack-destination", str(folder)], client)
    (folder / "package.json").write_text('{"type": "module", "private": true}')
    (tarball,) = folder.glob("*.tgz")
    run(["npm", "install", "--silent", "--offline", "--no-audit", "--no-fund", str(tarball)], folder)
    assert [path.name for path in (folder / "node_modules").glob("[!.]*")] == ["stepup-mfa-client"]
    return folder


def test_the_quick_start_runs_where_only_the_package_is_installed(installed: Path, stepup_mock: Any) -> None:
    """The README's own lines, with the address and key of a server, up to the first invented code."""
    (code,) = re.findall(
        r"```js\n(.*?)```", (installed / "node_modules/stepup-mfa-client/README.md").read_text(), re.S
    )
    code = code.replace("https://auth.example.com", stepup_mock.base_url)
    code = code.replace("your-api-key", stepup_mock.api_key)
    code = code.replace("await auth.fetch", "console.log(await auth.fetch", 1).replace(
        '");\n\n// Verify', '"));\n\n// Verify', 1
    )
    stepup_mock.add_totp_user("31c41c16-c281-44ae-9602-8a047e3bf33d")
    (installed / "quick.mjs").write_text(code)
    done = subprocess.run(["node", "quick.mjs"], cwd=installed, capture_output=True, text=True, check=False)
    assert done.stdout == "{ mfaSetup: { type: 'Totp' } }\n"
    assert "IncorrectMfaCodeError: verifyStepUpTotpChallenge: status 400 [request " in done.stderr
    assert stepup_mock.api_key not in done.stderr


def test_types_say_what_may_be_done(installed: Path, tools: Path) -> None:
    """A type checker narrows the factor to its variants, and rejects what would fail."""
    shutil.copy(CHECKS / "types.ts", installed)
    options = ["--strict", "--noEmit", "--module", "NodeNext", "--target", "ES2022", "--lib", "ES2022,DOM"]
    run(["node", str(tools / "typescript" / "bin" / "tsc"), *options, "types.ts"], installed)


def test_the_bundle_is_small(client: Path, tools: Path) -> None:
    """Everything together, minified and gzipped, is under 6 kB."""
    command = [str(tools / ".bin" / "esbuild"), "dist/index.js", "--bundle", "--minify", "--format=esm"]
    bundle = run(command, client).encode()
    assert b"verify-grant" in bundle
    assert len(gzip.compress(bundle, 9)) < 6000


HOSTILE = (
    '"', "'", "\\", "*/", "/*", "${x}", "{{ 7*7 }}", "{% raw %}", "\n", "\r", "\0", "\u202e", "\u2028", "`",
    "```", "../..", "<script>", "//", "@ts-nocheck", "__proto__", "constructor", "\ud7ff", "class", "é",
    "\U0001f600",
)  # fmt: skip
hostile = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=5), max_size=6).map("".join)
_TEXTS = 22


def with_texts(texts: list[str]) -> dict[str, str]:
    """The client of a document with ``texts`` wherever a document may have any text."""
    next_text = (f"x{text}" for text in texts).__next__
    first, second = f"p{next_text()}", f"q{next_text()}"
    schema = {
        "type": "object", "title": next_text(), "description": next_text(), "required": [first],
        "properties": {
            first: {"type": "string", "description": next_text()},
            second: {"type": "string", "enum": [next_text(), "other"], "x-stepup-secret": True},
        },
    }  # fmt: skip
    error = {
        "type": "object",
        "description": next_text(),
        "required": ["c"],
        "properties": {"c": {"const": next_text()}},
    }
    result = {
        "schema": {"$ref": "#/components/schemas/S"},
        "example": {first: next_text(), second: next_text()},
    }
    document = {
        "openapi": "3.1.0",
        "info": {"title": next_text(), "version": next_text()},
        "tags": [{"name": next_text(), "description": next_text()}],
        "paths": {"/a/{id}": {"post": {
            "operationId": next_text(), "summary": next_text(), "description": next_text(),
            "parameters": [
                {"name": "id", "in": "path", "required": True, "example": next_text(),
                 "schema": {"type": "string"}},
                {"name": f"r{next_text()}", "in": "query", "description": next_text(),
                 "schema": {"type": "string"}},
            ],
            "requestBody": {"required": True, "content": {"application/json": result}},
            "responses": {
                "200": {"description": next_text(), "content": {"application/json": result}},
                "400": {"description": "x", "content": {
                    "application/json": {"schema": {"$ref": "#/components/schemas/E"}}}},
            },
        }}},
        "components": {"schemas": {"S": schema, "E": error}},
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "openapi.yaml"
        # Through JSON, so that nothing is shared and written as an alias.
        path.write_text(yaml.safe_dump(json.loads(json.dumps(document))), encoding="utf-8")
        return typescript_client(read(path))


def outlines(clients: dict[str, dict[str, str]], tools: Path) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(CHECKS / "outline.mjs", folder)
        (Path(folder) / "node_modules").symlink_to(tools)
        done = subprocess.run(
            ["node", "outline.mjs"],
            input=json.dumps(clients),
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


many_texts = st.lists(st.lists(hostile, min_size=_TEXTS, max_size=_TEXTS), min_size=4, max_size=4)


# Not shrunk: each example is several clients.
@settings(max_examples=10, deadline=None, database=None, phases=[Phase.generate])
@given(many_texts)
def test_no_text_of_a_document_becomes_code(tools: Path, many: list[list[str]]) -> None:
    """Whatever a document says, its client parses to the same syntax nodes, and hides no character."""
    clients = {str(number): with_texts(texts) for number, texts in enumerate(many)}
    found = outlines(clients | {"harmless": with_texts([""] * _TEXTS)}, tools)
    harmless = found.pop("harmless")
    assert sum(kinds["errors"] for kinds in harmless.values()) == 0
    for number, outline in found.items():
        assert outline == harmless, many[int(number)]
        for path, text in clients[number].items():
            assert not re.search("[\u202a-\u202e\u2066-\u2069\u2028\0]", text), path
    prose = [re.sub(r"(?ms)^```.*?^```$", "", files["README.md"]) for files in clients.values()]
    assert not any("<script" in text for text in prose)
