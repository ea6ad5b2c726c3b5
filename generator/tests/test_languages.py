"""The registry of languages: what each of them has to bring, and what other tools are told of it."""

import json
import subprocess
import sys
from pathlib import Path

from stepup_generator.languages import CLIENTS, TARGETS

ROOT = Path(__file__).parents[2]


def test_each_client_brings_its_tests_its_benchmark_and_its_driver() -> None:
    """The list that nox reads names every client, and each file in it exists."""
    command = [sys.executable, "-m", "stepup_generator.languages"]
    listed = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert [item["folder"] for item in listed] == list(CLIENTS)
    for item in listed:
        folder = item["folder"]
        for path in (
            item["tests"],
            item["bench"],
            f"client_vectors/drivers/{folder}",
            f"generated_client/{folder}",
        ):
            assert (ROOT / path).exists(), path


def test_each_language_brings_the_tools_that_run_its_samples() -> None:
    """No list names them: the runner of samples finds the module of a language by its folder."""
    found = {path.stem for path in (ROOT / "tests" / "toolchains").glob("*.py")}
    assert found == {item.folder for item in TARGETS}


def test_ids_and_fences_are_unique() -> None:
    """Two languages never meet in an address, a mark or a guide."""
    for names in zip(
        *((t.folder, t.language.id, t.language.name, t.language.fence) for t in TARGETS), strict=True
    ):
        assert len(set(names)) == len(TARGETS)
