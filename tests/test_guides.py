"""The guides say what is so: every block of every guide is run, or checked in the way that it names.

The blocks of a guide run in their order, in one folder and one shell. What differs from a reader's terminal:
the toolkit and the clients are already installed, ports are free ones, and half a minute passes on the mock's
clock before each block, as it does for somebody who reads, so that an app shows another code.
"""

import ast
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib
import urllib.request
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

import stepup_spec
from stepup_generator.arazzo import read as workflows
from stepup_generator.openapi.read import read
from stepup_generator.site.guides import Block, Guide, read_guides
from stepup_generator.site.rules import read_rules
from stepup_generator.site.targets import targets

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
CLIENTS = ROOT / "generated_client"
SLUGS = sorted(path.stem for path in DOCS.glob("*.md"))
LEFT_OUT = shutil.ignore_patterns("node_modules", "dist", "target", "__pycache__")
# The ports that guides name; each gets a free one.
PORTS = ("8765", "8080", "8090")
# What runs a block that is no file and no output.
RUNS = {"python": "python {}", "js": "node {}"}
SUFFIX = {"python": "py", "js": "mjs"}


@pytest.fixture(scope="module")
def guides() -> dict[str, Guide]:
    document, rules = stepup_spec.find(stepup_spec.OPENAPI), stepup_spec.find(stepup_spec.RULES)
    flows = stepup_spec.find(stepup_spec.WORKFLOWS)
    api = read(document)
    known = targets(api, document, (rules, read_rules(rules, api)), (flows, workflows.read(flows, api)))
    return {guide.slug: guide for guide in read_guides(DOCS, known)}


@pytest.fixture(scope="module")
def javascript_client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of node modules that holds the committed TypeScript client, compiled as its package says."""
    modules = tmp_path_factory.mktemp("javascript") / "node_modules"
    package = modules / "stepup-mfa-client"
    shutil.copytree(CLIENTS / "typescript", package, ignore=LEFT_OUT)
    for command in (["npm", "ci", "--silent"], ["npm", "run", "--silent", "build"]):
        subprocess.run(command, cwd=package, check=True, timeout=180)
    return modules


def needed(guide: Guide) -> None:
    """Say out loud that a guide is not checked for want of a tool; in CI that is a failure."""
    tools = {"js": ("node", "npm"), "go": ("go",)}
    for language in {block.language for block in guide.blocks} & tools.keys():
        for tool in tools[language]:
            if shutil.which(tool) is None:
                message = f"NOT CHECKED: {guide.path.name} needs {tool}, which is not on the PATH"
                pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)


class Session:
    """One reader: a folder, a shell that stays, and free ports in the place of those in the text."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        temporary = folder.with_name("temporary")
        for new in (folder, temporary):
            new.mkdir()
        self.ports = {port: str(_free_port()) for port in PORTS}
        self.mock_url = ""
        environment = {
            "HOME": str(folder), "LANG": "C.UTF-8", "TMPDIR": str(temporary),
            "PYTHONPATH": str(CLIENTS / "python"),
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
            "PYTHONDONTWRITEBYTECODE": "1",
        }  # fmt: skip
        environment |= _go() | _rust()
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"], cwd=folder, env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def close(self) -> None:
        """End the shell and all that it has started, which is one group of processes."""
        self._end()
        self._shell.communicate(timeout=30)

    def _end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._shell.pid, signal.SIGKILL)

    def written(self, text: str) -> str:
        """Text of the guide as this session needs it."""
        return re.sub(r"\b(8765|8080|8090)\b", lambda match: self.ports[match[0]], text)

    def read(self, text: str) -> str:
        """What was printed, as the guide would show it."""
        for port, free in self.ports.items():
            text = text.replace(free, port)
        return text

    def run(self, command: str, timeout: float = 60) -> tuple[int, str]:
        """Run lines in the shell; return the last exit code and what they printed."""
        assert self._shell.stdin
        assert self._shell.stdout
        # The code stays what `$?` gives to the next command.
        end_mark = "ended=$?; printf '\\n<<%s>>\\n' $ended; (exit $ended)"
        self._shell.stdin.write(f"{self.written(command)}\n{end_mark}\n")
        self._shell.stdin.flush()
        shown, limit = "", threading.Timer(timeout, self._end)
        limit.start()
        try:
            for line in self._shell.stdout:
                if end := re.fullmatch(r"<<(\d+)>>\n", line):
                    return int(end[1]), self.read(shown).strip()
                shown += line
        finally:
            limit.cancel()
        raise AssertionError(f"{command}\nended the shell, or took longer than {timeout} s:\n{shown}")

    def start(self, command: str) -> None:
        """Start what keeps running, and wait until it is there: by the mock's file, else by its port."""
        if not command.startswith("stepup-mfa mock"):
            port = next(port for port in PORTS if port in command)
            self.run(f"{command} >>background.log 2>&1 &")
            wait_until(lambda: _listens(int(self.ports[port])), f"{command} does not listen")
            return
        command = command if "--port" in command else f"{command} --port 8765"
        ready = self.folder / "ready"
        ready.unlink(missing_ok=True)
        self.run(f"{command} --ready-file {ready} >>background.log 2>&1 &")
        wait_until(ready.exists, f"{command} does not start")
        self.mock_url = ready.read_text().strip()

    def time_passes(self) -> None:
        """Move the clock of the mock that was started last, once its control key is in the environment."""
        _, key = self.run('printf %s "$STEPUP_MFA_CONTROL_KEY"')
        if not (self.mock_url and key):
            return
        request = urllib.request.Request(
            f"{self.mock_url}/__control__/clock", b'{"advance_seconds": 31}',
            {"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200


def _go() -> dict[str, str]:
    """Where Go keeps what it has fetched and built: in the home of whoever runs the tests."""
    if shutil.which("go") is None:
        return {}
    names = ("GOCACHE", "GOMODCACHE", "GOPROXY", "GOPATH")
    told = subprocess.run(["go", "env", *names], check=True, capture_output=True, text=True).stdout
    return dict(zip(names, told.splitlines(), strict=True))


def _rust() -> dict[str, str]:
    """Where rustup keeps its toolchains: in the home of whoever runs the tests, unless set."""
    homes = {"RUSTUP_HOME": ".rustup", "CARGO_HOME": ".cargo"}
    return {name: os.environ.get(name, str(Path.home() / folder)) for name, folder in homes.items()}


def wait_until(there: Callable[[], bool], message: str) -> None:
    deadline = time.monotonic() + 20
    while not there():
        assert time.monotonic() < deadline, message
        time.sleep(0.02)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def same(shown: str, expected: str) -> bool:
    """Is it what the guide shows? ``...`` stands for anything."""
    pattern = ".*?".join(re.escape(part) for part in expected.strip().split("..."))
    return re.fullmatch(pattern, shown.strip(), re.DOTALL) is not None


def commands(text: str) -> Iterator[tuple[str, str]]:
    """The commands of a terminal's text, each with the output shown below it."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        lines = part.splitlines()
        first = 1
        while lines[first - 1].endswith("\\") or (first < len(lines) and lines[first].startswith("> ")):
            lines[first] = lines[first].removeprefix("> ")
            first += 1
        yield "\n".join(lines[:first]), "\n".join(lines[first:])


def play(guide: Guide, session: Session) -> None:
    """Do what the guide says, from its first block to its last."""
    printed: dict[str, list[str]] = {"": []}
    last = ""
    for number, block in enumerate(guide.blocks):
        where = f"{guide.path.name}:{block.line}"
        if block.checked:
            assert block.checked in CHECKS, f"{where}: nothing checks this block"
            CHECKS[block.checked](block, session)
        elif block.output:
            assert last, f"{where}: there is nothing before it whose output this could be"
            for shown in printed[last]:
                assert same(shown, block.text), f"{where}: expected\n{block.text}\nbut it printed\n{shown}"
        elif block.file:
            target = session.folder / block.file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(session.written(block.text), encoding="utf-8")
        elif block.background:
            session.start(block.text.strip())
        elif block.language == "console":
            session.time_passes()
            _terminal(block, session, where)
        else:
            session.time_passes()
            shown = _run(block, session, number, where)
            group = block.group or str(number)
            printed.setdefault(group, []).append(shown)
            last = group


def _terminal(block: Block, session: Session, where: str) -> None:
    for (command, expected), (then, _) in pairwise([*commands(block.text), ("", "")]):
        code, shown = session.run(command)
        assert same(shown, expected), f"{where}: {command}\nwanted\n{expected}\nbut it printed\n{shown}"
        told = expected.strip(".\n") or then == "echo $?"  # a guide that shows a refusal says so
        assert code == 0 or told, f"{where}: {command}\nexits with {code}\n{shown}"


def _run(block: Block, session: Session, number: int, where: str) -> str:
    command = block.text
    if block.language != "sh":
        assert block.language in RUNS, f"{where}: a block in {block.language} is neither run nor checked"
        name = f"block{number}.{SUFFIX[block.language]}"
        (session.folder / name).write_text(session.written(block.text), encoding="utf-8")
        command = RUNS[block.language].format(name)
    code, shown = session.run(command)
    assert code == 0, f"{where}: exits with {code}\n{shown}"
    return shown


def _readme_has(block: Block, session: Session) -> None:
    """Its lines stand in the README, whose test runs them in a fresh environment."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    for line in block.text.splitlines():
        assert line in readme, f"{line}: not in the README"


def _package_has_this_name(block: Block, session: Session) -> None:
    """The rest the tests of the TypeScript client do, as a stranger: pack it, and install the archive."""
    package = json.loads((CLIENTS / "typescript" / "package.json").read_text(encoding="utf-8"))
    assert f"./{package['name']}-{package['version']}.tgz" in block.text
    assert package["scripts"]["prepack"] == "npm run build"


def _parses(block: Block, session: Session) -> None:
    ast.parse(block.text)


def _moving_page_runs(block: Block, session: Session) -> None:
    """That test takes the page's blocks in the language of this one; here they have to parse."""
    ast.parse(block.text)
    assert "moving-from-published-sdk.md" in (ROOT / "generator/tests/test_moving_page.py").read_text("utf-8")


def _starts_on_loopback(block: Block, session: Session) -> None:
    """The mock starts with these options, on loopback, and answers."""
    session.start(block.text.strip().replace("0.0.0.0", "127.0.0.1").replace("--port 0", "--port 8765"))
    with urllib.request.urlopen(f"{session.mock_url}/__control__/ready", timeout=10) as answer:
        assert answer.status == 200
    session.run("kill %%; wait %%; rm -f mock.sqlite")


def _judges_two_rules(block: Block, session: Session) -> None:
    pytest_items = block.text.startswith("pytest")
    fewer = "--stepup-rules V2,T8" if pytest_items else "--rules V2,T8 --no-conformance --no-workflows"
    session.start("stepup-mfa mock --port 8080 --api-key ci-key --control-key ci-control")
    keys = "STEPUP_MFA_API_KEY=ci-key STEPUP_MFA_CONTROL_KEY=ci-control"
    code, shown = session.run(f"{keys} {block.text.strip()} {fewer}")
    session.run("kill %%; wait %%")
    assert code == 0, shown
    assert ("2 passed" if pytest_items else "0 findings") in shown


def _is_a_workflow(block: Block, session: Session) -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    steps = yaml.safe_load(block.text)["jobs"]["contract"]["steps"]
    given = [step["with"] for step in steps if step.get("uses", "").startswith("OWNER/REPOSITORY@")]
    assert len(given) == 1
    assert given[0].keys() <= action["inputs"].keys()
    assert {name for name, item in action["inputs"].items() if item.get("required")} <= given[0].keys()


def _is_a_profile(block: Block, session: Session) -> None:
    (session.folder / "stepup.toml").write_text(block.text, encoding="utf-8")
    (name, profile), *_ = tomllib.loads(block.text)["profiles"].items()
    variables = [profile["api_key_env"], *profile["totp_users"].values(), *profile["phone_users"].values()]
    values = dict.fromkeys(variables, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    values |= dict.fromkeys(profile["phone_users"].values(), "+15555550123")
    given = " ".join(f"{variable}={value}" for variable, value in values.items())
    code, shown = session.run(f"{given} stepup-mfa contract --profile {name} --live --dry-run")
    assert code == 0, shown
    assert "nothing was sent" in shown


def _nothing_to_run(block: Block, session: Session) -> None:
    assert block.language == "text"


# How the blocks are checked that are not run, by what the guide says of them.
CHECKS: dict[str, Callable[[Block, Session], None]] = {
    "the README's tour runs these lines": _readme_has,
    "the package has this name and builds itself when it is packed": _package_has_this_name,
    "parses; it is a part of the programs of this page": _parses,
    "generator/tests/test_moving_page.py runs what is ours": _moving_page_runs,
    "started on this machine's own address": _starts_on_loopback,
    "the mock of this page is started like this, by the test itself": _starts_on_loopback,
    "run against the mock, with two rules": _judges_two_rules,
    "read as YAML, and its inputs compared with those of action.yml": _is_a_workflow,
    "read by a dry run of the command, which sends nothing": _is_a_profile,
    "a picture": _nothing_to_run,
}


@pytest.mark.parametrize("slug", SLUGS)
def test_a_guide_works_as_written(slug: str, guides: dict[str, Guide], tmp_path: Path, request: Any) -> None:
    """Every command exits with 0 and prints what stands below it; what is not run is checked otherwise."""
    guide = guides[slug]
    needed(guide)
    with contextlib.closing(Session(tmp_path / "reader")) as session:
        if slug in ("quick-start", "regeneration"):  # they speak of the repository's own folders
            shutil.copytree(ROOT / "spec", session.folder / "spec", ignore=LEFT_OUT)
            shutil.copytree(CLIENTS, session.folder / "generated_client", ignore=LEFT_OUT)
        if any(block.language == "js" for block in guide.blocks):
            (session.folder / "node_modules").symlink_to(request.getfixturevalue("javascript_client"))
        play(guide, session)


def test_a_mistake_in_a_guide_leaves_the_old_site(tmp_path: Path) -> None:
    """The build names file and line, exits with 2, and the site that was there is still there."""
    guide, out = tmp_path / "guides" / "one.md", tmp_path / "site"
    guide.parent.mkdir()
    text = "---\nsummary: One.\norder: 1\n---\n\n# One\n\n[it](../spec/openapi.yaml#fetchUserMfaMethods)\n"
    command = [sys.executable, "-m", "stepup_mfa", "docs", "build", "--out", out, "--guides", guide.parent]
    guide.write_text(text, encoding="utf-8")
    assert subprocess.run(command, check=False, timeout=60).returncode == 0
    before = (out / "guides/one/index.html").read_bytes()
    guide.write_text(text.replace("fetchUser", "fetchUsers") + "\n```sh\n", encoding="utf-8")
    done = subprocess.run(command, check=False, timeout=60, capture_output=True, text=True)
    assert done.returncode == 2
    assert f"{guide}:8: the link" in done.stderr
    assert f"{guide}:10: the block is never closed" in done.stderr
    assert (out / "guides/one/index.html").read_bytes() == before


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("```console\n$ echo one\ntwo\n```", "but it printed"),
        ("```sh\nfalse\n```", "exits with 1"),
        ("```sh\necho one\n```\n\n```text output\ntwo\n```", "but it printed"),
        ("```console\n$ false\n...\n```", "exits with 1"),
        ("```yaml\na: 1\n```", "neither run nor checked"),
        ("```yaml checked: by nobody\na: 1\n```", "nothing checks this block"),
        ("```python\nraise SystemExit(3)\n```", "exits with 3"),
        ("```sh\nexit 0\n```", "ended the shell"),
    ],
)
def test_a_guide_that_is_wrong_is_caught(text: str, told: str, tmp_path: Path) -> None:
    """What is printed otherwise, fails, is not run, or is checked by nobody does not pass."""
    folder = tmp_path / "guides"
    folder.mkdir()
    head = "---\nsummary: Wrong.\norder: 1\n---\n\n# Wrong\n\n"
    (folder / "wrong.md").write_text(f"{head}```sh\necho fine\n```\n\n{text}\n", encoding="utf-8")
    (guide,) = read_guides(folder, {})
    with (
        contextlib.closing(Session(tmp_path / "reader")) as session,
        pytest.raises(AssertionError, match=told),
    ):
        play(guide, session)
