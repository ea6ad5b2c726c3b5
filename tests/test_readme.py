"""The README, followed to the letter in a fresh copy and a fresh environment."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PORT = 8765


def _blocks(text: str) -> list[tuple[str, str]]:
    """The fenced blocks as (language, content), in order."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def test_ci_runs_the_two_commands_as_written() -> None:
    """Both set-up commands of the README stand in .ci/run, to the letter."""
    section = README.partition("## Two commands")[2].partition("## A tour")[0]
    commands = [content.strip() for language, content in _blocks(section) if language == "sh"]
    assert len(commands) == 2
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    for command in commands:
        assert command in script


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A copy of what git tracks or would track, as a user gets it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True,
    ).stdout  # fmt: skip
    folder = tmp_path / "clone"
    for name in filter(None, listed.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


class _Shell:
    """One bash that runs block after block, as a reader's terminal would."""

    def __init__(self, folder: Path) -> None:
        keep = ("HOME", "LANG", "PATH", "TMPDIR")
        environment = {name: value for name, value in os.environ.items() if name in keep}
        # The tests' own environment must not lend its packages: `python3` is the interpreter behind it.
        bare = str(Path(sys.base_prefix) / "bin")
        environment["PATH"] = os.pathsep.join((bare, environment["PATH"]))
        self._process = subprocess.Popen(
            ["bash"], cwd=folder, env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def run(self, command: str) -> tuple[int, str]:
        """Run a block; return the exit code of its last command and what it printed."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{command}\nprintf '\\n<<%s>>\\n' $?\n")
        self._process.stdin.flush()
        shown = ""
        for line in self._process.stdout:
            if end := re.fullmatch(r"<<(\d+)>>\n", line):
                return int(end[1]), shown.strip()
            shown += line
        raise AssertionError(f"the shell ended:\n{shown}")

    def close(self) -> None:
        self._process.communicate("kill %1\nwait\nexit\n", timeout=30)


def _wait_for_the_mock() -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", PORT)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens on port {PORT}")


def test_the_tour_works_as_written(clone: Path) -> None:
    """Every command of the tour exits with 0, and what is printed stands beside it."""
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", PORT)) != 0, f"port {PORT} is in use; the tour needs it"
    blocks = _blocks(README.partition("## A tour")[2])
    assert [language for language, _ in blocks].count("sh") >= 7
    shell = _Shell(clone)
    shown = ""
    try:
        for language, content in blocks:
            if content.startswith("stepup-mfa mock"):
                shell.run(f"{content.strip()} >mock.log 2>&1 &")
                _wait_for_the_mock()
            elif language == "sh":
                code, shown = shell.run(content)
                assert code == 0, f"{content}\n{shown}"
            elif language == "python" and "def test_" in content:
                (clone / "test_sample.py").write_text(content, encoding="utf-8")
                code, shown = shell.run("pip install -q pytest && pytest -q -c /dev/null test_sample.py")
                assert code == 0, f"{content}\n{shown}"
            elif language == "python":
                (clone / "sample.py").write_text(content, encoding="utf-8")
                code, shown = shell.run("python sample.py")
                assert code == 0, f"{content}\n{shown}"
            else:
                assert shown == content.strip()
    finally:
        shell.close()
    assert (clone / "build" / "site" / "reference" / "index.html").is_file()
    assert (clone / "report.json").is_file()
