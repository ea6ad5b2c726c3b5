"""The Python client of a small document for each feature: clean, with what the feature needs alone."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stepup_generator.languages.python.codecs import MODULES
from stepup_generator.languages.python.target import python_client
from stepup_generator.openapi.read import read
from stepup_generator.write import write

DOCUMENTS = sorted((Path(__file__).resolve().parents[1] / "documents").glob("*.yaml"))
NAMES = [path.stem for path in DOCUMENTS]
CODECS = "stepup_mfa_client/_codecs/"


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of the client of each document, by its name."""
    root = tmp_path_factory.mktemp("documents")
    for path in DOCUMENTS:
        write(python_client(read(path)), root / path.stem)
    return {path.stem: root / path.stem for path in DOCUMENTS}


@pytest.mark.parametrize("name", NAMES)
def test_a_client_is_clean(clients: dict[str, Path], name: str, mypy_cache: Path) -> None:
    """Nothing is found under mypy (strict) and ruff, and the package can be imported."""
    checks = (
        ["mypy", "--strict", "--cache-dir", str(mypy_cache), "-p", "stepup_mfa_client"],
        ["ruff", "check", "--isolated", "--no-cache", "--line-length", "110", "--select", "F,I,B,UP", "."],
        ["ruff", "format", "--isolated", "--no-cache", "--line-length", "110", "--check", "."],
    )
    commands = [["-m", *check] for check in checks] + [["-W", "error", "-c", "import stepup_mfa_client"]]
    for command in commands:
        done = subprocess.run(
            [sys.executable, *command], cwd=clients[name], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_client_is_clean_under_pyright(
    clients: dict[str, Path], pyright: Callable[[Path], str]
) -> None:
    """Nothing is found under pyright (strict), unused imports and variables included."""
    for folder in clients.values():
        assert "0 errors, 0 warnings" in pyright(folder), folder.name


def test_every_module_of_the_runtime_is_needed_by_some_document(clients: dict[str, Path]) -> None:
    """Each codec module is copied for a document that needs it, and for no other."""
    found = {name: {path.stem for path in (folder / CODECS).glob("*.py")} for name, folder in clients.items()}
    assert set().union(*found.values()) == {"__init__", *MODULES}
    assert found["no-body"] == {"__init__"}
    assert found["arrays"] == {"__init__", "array", "object", "sizes", "text", "unique"}


def test_a_path_parameter_stays_one_segment(
    clients: dict[str, Path], server: Any, answer: Callable[..., bytes]
) -> None:
    """Any text is encoded, so that it cannot change the path; one that cannot be a segment is not sent."""
    code = """if True:
        import sys
        from stepup_mfa_client import InvalidArgumentError, StepUpMfa
        with StepUpMfa(sys.argv[1], "key") as auth:
            for name in ("../org/abc", "a/b", "a?b=c#d", "%2e%2e", "é\\0\\n", "..;", "a b", "..%2f"):
                auth.find(id=name)
            for name in ("", ".", ".."):
                try:
                    auth.find(id=name)
                except InvalidArgumentError as error:
                    print(error)
        """
    server.script(answer(204))
    done = subprocess.run(
        [sys.executable, "-c", code, server.url],
        cwd=clients["parameters"], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    expected = "find: id: expected a value that can be a segment of a path"
    assert done.stdout.splitlines() == [expected] * 3
    paths = [request.split(b" ")[1].partition(b"?")[0] for request in server.requests]
    assert len(paths) == 8
    for path in paths:
        assert path.startswith(b"/a/")
        assert not set(path.removeprefix(b"/a/")) & set(b"/?# ")
