"""Samples as they are rendered: they parse, say what the document says, and follow every edit of it."""

import ast
import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import openapi_spec_validator
import pytest
import yaml

import stepup_spec
from stepup_generator.arazzo import read as workflows
from stepup_generator.bundle import bundle
from stepup_generator.errors import SiteError
from stepup_generator.format import formatted
from stepup_generator.languages import (
    TARGETS,
    Target,
    programs_of_operations,
    samples_of_flows,
    samples_of_operations,
)
from stepup_generator.openapi.model import Api, Value, plain
from stepup_generator.openapi.read import read
from stepup_generator.samples import Exchange, Program, Sample
from stepup_generator.samples.goldens import (
    Golden,
    Goldens,
    capture,
    digest,
    read_goldens,
    write_goldens,
)
from stepup_generator.site.inputs import SAMPLES

WIDE = Path(__file__).with_name("wide.yaml")


def everything(api: Api) -> Iterator[tuple[str, Sample]]:
    flows = samples_of_flows(api, workflows.read(stepup_spec.find(stepup_spec.WORKFLOWS), api))
    for name, found in (*samples_of_operations(api).items(), *flows.items()):
        for sample in found:
            yield name, sample


@pytest.fixture(scope="module")
def made(api: Api) -> list[tuple[str, Sample]]:
    """Every sample of the contract, and of a document with odd names, no examples and every kind of body."""
    wide = [
        (f"wide {name}", sample)
        for name, found in samples_of_operations(read(WIDE)).items()
        for sample in found
    ]
    return [*everything(api), *wide]


@pytest.fixture(scope="module")
def goldens() -> Goldens:
    """What the committed samples print."""
    return read_goldens(Path(__file__).parents[2] / "docs" / SAMPLES)


def of(made: list[tuple[str, Sample]], language: str) -> list[tuple[str, Sample]]:
    found = [(name, sample) for name, sample in made if sample.language.id == language]
    assert len(found) == 5 + 4 + 4
    return found


def needs(tool: str) -> None:
    if shutil.which(tool) is None:
        message = f"NOT CHECKED: the samples need `{tool}`, which is not on the PATH"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)


def parsed(command: list[str], text: str, suffix: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    path = tmp_path / f"sample{suffix}"
    path.write_text(text, encoding="utf-8")
    return subprocess.run([*command, str(path)], capture_output=True, text=True, check=False)


def test_each_operation_has_a_sample_in_each_language(api: Api) -> None:
    """Languages come in one order everywhere, each with a program and what it prints."""
    for found in samples_of_operations(api).values():
        assert tuple(item.language for item in found) == tuple(item.language for item in TARGETS)
        assert all(item.request.endswith("\n") and item.response for item in found)
    assert list(samples_of_operations(api)) == [item.id for item in api.operations]


def test_python_samples_parse_and_import_what_they_use(made: list[tuple[str, Sample]]) -> None:
    """Each is a module whose every name is defined, imported or built in, and none is imported in vain."""
    for name, sample in of(made, "python"):
        tree = ast.parse(sample.request, name)
        imported = {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        loaded = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        stored = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        caught = {n.name for n in ast.walk(tree) if isinstance(n, ast.ExceptHandler) and n.name}
        assert loaded - stored - caught - {"print", "input", "isinstance"} == imported, name


def test_javascript_samples_parse(made: list[tuple[str, Sample]], tmp_path: Path) -> None:
    """Node takes each of them for a module."""
    needs("node")
    for name, sample in of(made, "javascript"):
        done = parsed(["node", "--check"], sample.request, ".mjs", tmp_path)
        assert done.returncode == 0, (name, done.stderr)


def test_curl_samples_parse(made: list[tuple[str, Sample]], tmp_path: Path) -> None:
    """Bash takes each of them for a script; the variables in those of one request are the two of ours."""
    for name, sample in of(made, "curl"):
        done = parsed(["bash", "-n"], sample.request, ".sh", tmp_path)
        assert done.returncode == 0, (name, done.stderr)
        if not sample.request.startswith("#!"):
            variables = set(re.findall(r"\$\w+", sample.request))
            assert variables == {"$STEPUP_MFA_AUTH_URL", "$STEPUP_MFA_API_KEY"}, name


@pytest.mark.parametrize("target", [item for item in TARGETS if item.formatter], ids=lambda item: item.folder)
def test_samples_are_formatted(made: list[tuple[str, Sample]], target: Target, tmp_path: Path) -> None:
    """The formatter of the language would change nothing in any of them."""
    formatter = target.formatter
    assert formatter is not None
    needs(formatter.program)
    found = {f"{number}{formatter.suffixes[0]}": sample.request
             for number, (_, sample) in enumerate(of(made, target.language.id))}  # fmt: skip
    assert formatted(formatter, found) == found


def test_no_secret_of_a_response_is_shown_by_a_client(goldens: Goldens) -> None:
    """A client prints a secret as three stars; only the JSON that curl prints has it."""
    secrets = {
        secret
        for golden in goldens["curl"].values()
        for text in golden.output
        for secret in re.findall(r'"step_up_grant": "(\w+)"', text)
    }
    assert secrets
    clients = [
        golden for language, found in goldens.items() if language != "curl" for golden in found.values()
    ]
    printed = [text for golden in clients for text in golden.output]
    assert any("***" in text for text in printed)
    assert not [text for text in printed for secret in secrets if secret in text]


def test_a_golden_shows_what_was_captured(api: Api) -> None:
    """Program and output are those of the golden of this program and of these examples."""
    programs = programs_of_operations(api)["rust"]
    name = "verifyStepUpGrant"
    golden = Golden(digest(programs[name]), "formatted", ("printed",))
    shown = samples_of_operations(api, {"rust": {name: golden}})
    (rust,) = (item for item in shown[name] if item.language.id == "rust")
    assert (rust.request, rust.response, rust.captured) == ("formatted", "printed", True)
    others = [item for items in shown.values() for item in items if item is not rust]
    assert others
    assert not any(item.captured for item in others)


def test_a_golden_of_other_examples_is_not_shown(api: Api) -> None:
    """Without a golden that holds, the document's own example stands below the program, as JSON."""
    program = programs_of_operations(api)["python"]["verifyStepUpGrant"]
    changed = replace(program, runs=((replace(program.runs[0][0], body=Value({"success": False})),),))
    golden = Golden(digest(changed), "formatted", ("printed",))
    (sample,) = (
        item
        for item in samples_of_operations(api, {"python": {"verifyStepUpGrant": golden}})["verifyStepUpGrant"]
        if item.language.id == "python"
    )
    assert (sample.request, sample.response_lexer) == (program.source, "json")
    assert json.loads(sample.response) == {"success": True}


def test_goldens_are_read_as_they_are_written(tmp_path: Path) -> None:
    """Blank lines and odd characters survive; a file that is something else is an error."""
    written = {"a": Golden("d", "x\n\n\u2028y\n", ("1\n2", "")), "b": Golden("e", "", ("é",))}
    write_goldens(tmp_path, TARGETS[0].language, written)
    assert read_goldens(tmp_path) == {TARGETS[0].language.id: written}
    (tmp_path / "go.json").write_text('{"a": {"digest": "d"}}', encoding="utf-8")
    with pytest.raises(SiteError, match=r"go\.json:1: not a file of captured samples"):
        read_goldens(tmp_path)


def test_what_a_user_types_stands_behind_its_question(api: Api) -> None:
    """As a terminal shows it; a program that does not ask is an error."""
    exchange = Exchange(200, "", None, typed=(("Code: ", "123"),))
    program = Program("", ((exchange, exchange),))
    assert capture(program, "", ["a\nCode: b\nCode: c\n"]).output == ("a\nCode: 123\nb\nCode: 123\nc",)
    with pytest.raises(LookupError, match="did not print its question"):
        capture(program, "", ["a\nCode: b\n"])


def test_the_bundle_is_the_document_with_samples(api: Api) -> None:
    """Nothing of the document is lost or moved, and each operation shows a sample for each language."""
    path = stepup_spec.find(stepup_spec.OPENAPI)
    bundled = json.loads(bundle(path, samples_of_operations(api)))
    plain = json.loads(bundle(path, {}))
    for item in bundled["paths"].values():
        for operation in item.values():
            shown = operation.pop("x-codeSamples")
            assert [each["label"] for each in shown] == [
                language.name for language in (item.language for item in TARGETS)
            ]
            assert {each["lang"] for each in shown} >= {"JavaScript", "Python", "Shell"}
            assert all(each["source"] for each in shown)
    assert json.dumps(bundled) == json.dumps(plain)
    assert list(bundled) == ["openapi", "info", "servers", "tags", "paths", "components"]
    openapi_spec_validator.validate(json.loads(bundle(path, samples_of_operations(api))))


@pytest.fixture
def connected(package: ModuleType, server: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The scripted server, where programs that run here in an empty folder find it."""
    monkeypatch.setenv("STEPUP_MFA_AUTH_URL", server.url)
    monkeypatch.setenv("STEPUP_MFA_API_KEY", "key")
    monkeypatch.chdir(tmp_path)
    return server


def test_python_prints_what_was_captured_for_every_documented_response(
    api: Api, goldens: Goldens, connected: Any, answer: Any
) -> None:
    """Each program runs as it is, against a server that returns one documented response after the other."""
    ran = 0
    for operation in api.operations:
        golden = goldens["python"][operation.id]
        for example, text in zip(operation.successes[0].examples, golden.output, strict=True):
            connected.script(answer(200, json.dumps(plain(example.value))))
            assert printed(golden.program) == f"{text}\n"
            ran += 1
    assert ran == 7


def printed(program: str) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(program, "sample", "exec"), {})
    return out.getvalue()


HOSTILE = '"\'`$(touch pwned) ${HOME} {x} %s \\ </code></pre> */ \\( */ # // """ \u2028 é'


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> tuple[Api, list[tuple[str, Sample]]]:
    """The samples of documents that have code of every language in their texts."""
    folder = tmp_path_factory.mktemp("hostile")
    document = yaml.safe_load(stepup_spec.find(stepup_spec.OPENAPI).read_text(encoding="utf-8"))
    flows = yaml.safe_load(stepup_spec.find(stepup_spec.WORKFLOWS).read_text(encoding="utf-8"))

    def spoil(node: Any) -> None:
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            if isinstance(value, dict | list):
                spoil(value)
            elif key in ("summary", "description", "action_type", "code", "challenge_id", "grant"):
                # References, and the codes of errors, are no texts.
                text = HOSTILE[:16] if key == "code" else f"{HOSTILE}\n{HOSTILE}"
                node[key] = value if value.startswith("$") or value.islower() else text

    for name, found in (("openapi.yaml", document), ("flows.yaml", flows)):
        spoil(found)
        (folder / name).write_text(yaml.safe_dump(found, sort_keys=False), encoding="utf-8")
    api = read(folder / "openapi.yaml")
    made = samples_of_flows(api, workflows.read(folder / "flows.yaml", api))
    return api, [
        (key, item)
        for each in (samples_of_operations(api), made)
        for key, found in each.items()
        for item in found
    ]


@pytest.mark.parametrize(
    "tool",
    [
        ("javascript", ["node", "--check"], ".mjs"),
        ("python", [sys.executable, "-m", "py_compile"], ".py"),
        ("rust", ["rustfmt", "--check", "--edition", "2021"], ".rs"),
        ("go", ["gofmt", "-d"], ".go"),
        ("curl", ["bash", "-n"], ".sh"),
    ],
)
def test_hostile_texts_stay_texts(
    hostile: tuple[Api, list[tuple[str, Sample]]], tool: tuple[str, list[str], str], tmp_path: Path
) -> None:
    """Quotes, comments, expansions and placeholders in texts of the documents leave every program whole."""
    language, command, suffix = tool
    needs(command[0])
    found = [(name, sample) for name, sample in hostile[1] if sample.language.id == language]
    assert len(found) == 9
    for name, sample in found:
        done = parsed(command, sample.request, suffix, tmp_path)
        assert done.returncode == 0, (name, done.stdout, done.stderr, sample.request)


def test_hostile_texts_arrive_as_they_are(
    hostile: tuple[Api, list[tuple[str, Sample]]], connected: Any, answer: Any, tmp_path: Path
) -> None:
    """What Python and the shell send is what the example says, and no command in it is run."""
    for operation in hostile[0].operations:
        if operation.request_body is None:
            continue
        wanted = plain(operation.request_body.examples[0].value)
        given = {item.language.id: item.request for name, item in hostile[1] if name == operation.id}
        connected.script(answer(200, json.dumps(plain(operation.successes[0].examples[0].value))))
        printed(given["python"])
        subprocess.run(["bash", "-c", given["curl"]], capture_output=True, check=True)
        for request in connected.requests:
            assert json.loads(request.split(b"\r\n\r\n", 1)[1]) == wanted
        assert len(connected.requests) == 2
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Mapping[str, Sample]]:
    """Samples, by operation and language, of the document with a field, a variant and an operation more."""
    document = yaml.safe_load(stepup_spec.find(stepup_spec.OPENAPI).read_text(encoding="utf-8"))
    schemas, paths = document["components"]["schemas"], document["paths"]
    device = {"type": "string", "examples": ["Pixel"]}
    schemas["VerifyStepUpGrantRequest"]["properties"]["device_name"] = device
    schemas["PasskeyMfa"] = {
        "type": "object", "required": ["type", "key_count"],
        "properties": {"type": {"const": "Passkey"}, "key_count": {"type": "integer"},
                       "label": {"type": "string"}},
    }  # fmt: skip
    schemas["MfaSetup"]["oneOf"].append({"$ref": "#/components/schemas/PasskeyMfa"})
    schemas["MfaSetup"]["discriminator"]["mapping"]["Passkey"] = "#/components/schemas/PasskeyMfa"
    look_up = next(item["get"] for item in paths.values() if "get" in item)
    media = look_up["responses"]["200"]["content"]["application/json"]
    media["examples"] = {"passkey": {"value": {"mfa_setup": {"type": "Passkey", "key_count": 2}}}}
    paths["/v1/grants/{grant_id}"] = {
        "post": {
            "operationId": "revokeGrant", "tags": ["mfa"], "security": [{"BackendApiKey": []}],
            "parameters": [{"name": "grant_id", "in": "path", "required": True, "example": "g-1",
                            "schema": {"type": "string"}}],
            "responses": {"200": {"description": "Gone.", "content": {"application/json": {
                "schema": {"type": "object", "required": ["revoked"],
                           "properties": {"revoked": {"type": "boolean"}}},
                "example": {"revoked": True}}}}},
        }
    }  # fmt: skip
    path = tmp_path_factory.mktemp("grown") / "openapi.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    found = samples_of_operations(read(path))
    return {name: {item.language.id: item for item in items} for name, items in found.items()}


def test_a_new_optional_field_shows_in_every_language(grown: Mapping[str, Mapping[str, Sample]]) -> None:
    """A field with an example of its own is sent, by the name that each language gives it."""
    names = {
        "javascript": 'deviceName: "Pixel",', "python": 'device_name="Pixel",',
        "rust": 'device_name: Some("Pixel".into()),', "go": 'DeviceName: models.Ptr("Pixel"),',
        "curl": '"device_name": "Pixel"',
    }  # fmt: skip
    for language in (item.language for item in TARGETS):
        assert names[language.id] in grown["verifyStepUpGrant"][language.id].request


def test_a_new_operation_shows_in_every_language(grown: Mapping[str, Mapping[str, Sample]]) -> None:
    """It has a program in each language, with no template touched; its output is not captured yet."""
    calls = {
        "javascript": 'auth.revokeGrant("g-1")', "python": 'auth.revoke_grant("g-1")',
        "rust": ".revoke_grant(RevokeGrantParams {", "go": 'auth.RevokeGrant(ctx, "g-1")',
        "curl": "/v1/grants/g-1",
    }  # fmt: skip
    for language in (item.language for item in TARGETS):
        sample = grown["revokeGrant"][language.id]
        assert calls[language.id] in sample.request
        assert json.loads(sample.response) == {"revoked": True}
