"""Samples as they are rendered: they parse, say what the document says, and follow every edit of it."""

import ast
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import stepup_spec
from stepup_generator import samples, workflows
from stepup_generator.bundle import bundle
from stepup_generator.model import Api
from stepup_generator.read import read
from stepup_generator.samples import Sample

WIDE = Path(__file__).with_name("wide.yaml")


def everything(api: Api) -> Iterator[tuple[str, Sample]]:
    flows = samples.flows(api, workflows.read(stepup_spec.find(stepup_spec.WORKFLOWS), api))
    for name, found in (*samples.of(api).items(), *flows.items()):
        for sample in found:
            yield name, sample


@pytest.fixture(scope="module")
def made(api: Api) -> list[tuple[str, Sample]]:
    """Every sample of the contract, and of a document with odd names, no examples and every kind of body."""
    wide = [(f"wide {name}", sample) for name, found in samples.of(read(WIDE)).items() for sample in found]
    return [*everything(api), *wide]


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
    for found in samples.of(api).values():
        assert tuple(item.language for item in found) == samples.LANGUAGES
        assert all(item.request.endswith("\n") and item.response for item in found)
    assert list(samples.of(api)) == [item.id for item in api.operations]


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


def test_go_samples_are_as_gofmt_has_them(made: list[tuple[str, Sample]], tmp_path: Path) -> None:
    """Each of them parses, and gofmt would change nothing."""
    needs("gofmt")
    for name, sample in of(made, "go"):
        done = parsed(["gofmt", "-d"], sample.request, ".go", tmp_path)
        assert (done.returncode, done.stdout) == (0, ""), (name, done.stderr)


def test_no_secret_of_an_answer_is_shown_by_a_client(api: Api) -> None:
    """A client prints a secret as three stars; only the JSON that curl prints has it."""
    for found in samples.of(api).values():
        bodies = [item.response for item in found if item.language.id == "curl"]
        secrets = re.findall(r'"step_up_grant": "(\w+)"', bodies[0])
        for item in found:
            for secret in secrets:
                assert (secret in item.response) == (item.language.id == "curl")
                assert item.language.id == "curl" or "***" in item.response


def test_the_bundle_is_the_document_with_samples(api: Api) -> None:
    """Nothing of the document is lost or moved, and each operation shows a sample for each language."""
    path = stepup_spec.find(stepup_spec.OPENAPI)
    bundled = json.loads(bundle(path, samples.of(api)))
    plain = json.loads(bundle(path, {}))
    for item in bundled["paths"].values():
        for operation in item.values():
            shown = operation.pop("x-codeSamples")
            assert [each["label"] for each in shown] == [language.name for language in samples.LANGUAGES]
            assert {each["lang"] for each in shown} >= {"JavaScript", "Python", "Shell"}
            assert all(each["source"] for each in shown)
    assert json.dumps(bundled) == json.dumps(plain)
    assert list(bundled) == ["openapi", "info", "servers", "tags", "paths", "components"]
