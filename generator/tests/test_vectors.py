"""The conformance runner passes a client that does as it should, and names one that does not."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from stepup_generator.client.error_bodies import error_bodies
from stepup_generator.openapi.model import Api

FOLDER = Path(__file__).parents[2] / "client_vectors"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-B", str(FOLDER / "run.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def runner() -> ModuleType:
    specification = importlib.util.spec_from_file_location("vectors_run", FOLDER / "run.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["vectors_run"] = module  # where dataclasses look their module up
    specification.loader.exec_module(module)
    return module


def test_the_python_client_does_as_all_should(client_folder: Path) -> None:
    """Every vector of the operation that matters most, played to the freshly generated client."""
    done = run("--language", "python", "--match", "verifyStepUpGrant", "--client", f"python={client_folder}")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("change", "match", "named"),
    [
        (("_codecs/constant.py", "if type(value) is not type(self.value) or value != self.value:",
          "if False:"),
         "success is", "success is false"),
        (("_outcome.py", "_backoff(tries) if operation.repeatable or not outcome.sent else None",
          "_backoff(tries)"), "not repeated when dropped", "expected 1 requests, found 2"),
        (("_request.py", '.replace(self._key.value, "***")', ""), "echoes", "a secret is shown"),
        (("errors.py", ', code="user_not_found"', ""), "no more",
         'error.type: expected "UserNotFoundError", found ""'),
    ],
)  # fmt: skip
def test_a_client_that_drifts_fails_by_name(
    client_folder: Path, tmp_path: Path, change: tuple[str, str, str], match: str, named: str
) -> None:
    """A client with one thing wrong fails, and the failure says where and what was expected."""
    file, old, new = change
    client = shutil.copytree(client_folder, tmp_path / "python")
    source = client / "stepup_mfa_client" / file
    text = source.read_text(encoding="utf-8")
    assert old in text
    source.write_text(text.replace(old, new), encoding="utf-8")
    done = run("--language", "python", "--match", match, "--client", f"python={client}")
    assert done.returncode == 1, done.stderr
    assert named in done.stdout
    assert done.stdout.startswith("python: ")


def test_the_vectors_cover_the_document(api: Api, runner: ModuleType) -> None:
    """They know every operation with its path and fields, every refusal, and every status of an answer."""
    document = yaml.safe_load((FOLDER / "vectors.yaml").read_text(encoding="utf-8"))
    assert list(document["operations"]) == [operation.id for operation in api.operations]
    for operation in api.operations:
        known = document["operations"][operation.id]
        assert known["request"] == [operation.method.upper(), operation.path]
        assert known.get("repeatable", False) == operation.repeatable
        fields = {item.name for item in operation.parameters}
        if operation.request_body is not None:
            fields |= {item.name for item in api.resolve(operation.request_body.schema).properties}
        assert known["arguments"].keys() == fields
    vectors = list(runner.vectors(document))
    refusals = {(vector.expect.get("error") or {}).get("type") for vector in vectors}
    assert refusals >= {body.schema.name for body in error_bodies(api).bodies}
    for operation in api.operations:
        mine = [vector for vector in vectors if vector.operation == operation.id]
        assert len(mine) > 100
        statuses = {str(answer.get("status")) for vector in mine for answer in vector.answers}
        assert statuses >= {response.status for response in operation.responses}


def test_misuse_is_said() -> None:
    """A text that no vector has in its name is misuse, and so is a language without a driver."""
    assert run("--match", "no such vector").returncode == 2
    assert run("--language", "cobol").returncode == 2
