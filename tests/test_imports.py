"""Who may import whom: rooms that judge one another must not share a reading of the contract."""

import ast
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Package -> the packages of ours it may import beside itself.
ALLOWED = {
    "stepup_spec": set(),
    "stepup_generator": {"stepup_spec"},
    "stepup_mock": {"stepup_spec"},
    "stepup_contract": {"stepup_spec"},
    "stepup_mfa": {"stepup_spec", "stepup_generator", "stepup_mock", "stepup_contract"},
}
FOLDERS = {
    "stepup_spec": "spec",
    "stepup_generator": "generator",
    "stepup_mock": "mock_server",
    "stepup_contract": "contract_tests",
    "stepup_mfa": "cli",
}
# The rooms of a package from the ground up: a room imports only rooms named before it. A room is a module or
# folder beside the package's `__init__`.
ROOMS = {
    "stepup_generator": (
        "errors", "write", "stamp", "format", "openapi", "arazzo", "client", "samples", "languages", "bundle",
        "site", "generate", "lint",
    ),
    "stepup_mock": (
        "clock", "console", "feed", "hosts", "responses", "statements", "store", "totp", "validation",
        "access", "audit", "client_faults", "http_request", "journal", "policy", "sqlite_store",
        "connection", "body_reader", "launch", "step_up", "inbox", "operations", "product_api", "faults",
        "world", "demo", "observe", "sms_webhook", "worlds", "control", "app", "server", "testing",
    ),
    "stepup_contract": (
        "rules", "server", "scenario", "checks", "run", "conformance", "stateful", "workflows", "report",
        "baseline", "suite",
    ),
}  # fmt: skip
# The suite's own oracle for TOTP is pyotp; the mock has RFC 6238 of its own. Neither may borrow the other's.
FORBIDDEN = {"stepup_mock": {"pyotp"}}


def _imported(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


def _modules(package: str) -> list[Path]:
    modules = sorted((ROOT / FOLDERS[package] / package).rglob("*.py"))
    return [path for path in modules if not {"templates", "runtime"} & set(path.parts)]


def _graph(package: str) -> dict[str, set[str]]:
    """Return the modules of a package with those that each imports: in functions and for types only, too."""
    base = ROOT / FOLDERS[package]
    files = {
        ".".join(path.relative_to(base).with_suffix("").parts).removesuffix(".__init__"): path
        for path in _modules(package)
    }
    graph: dict[str, set[str]] = {}
    for module, path in files.items():
        imported: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path.relative_to(ROOT)} imports relatively"
                names = {f"{node.module}.{alias.name}" for alias in node.names}
                imported |= names & files.keys() or {str(node.module)}
        graph[module] = imported & files.keys() - {module}
    return graph


def _room(module: str) -> str:
    """Return the room of a module: the folder or module in its package, "" for the package itself."""
    return module.split(".")[1] if "." in module else ""


def _upward(graph: dict[str, set[str]], order: tuple[str, ...]) -> list[str]:
    """Return the imports that lead to a room which is not named before the importing one."""
    floors = {room: floor for floor, room in enumerate(("", *order))}
    return [
        f"{module} imports {other}"
        for module, imported in graph.items()
        for other in sorted(imported)
        if _room(module) != _room(other)
        and (floors[_room(other)] > floors[_room(module)] or _room(module) == "")
    ]


def _circles(graph: dict[str, set[str]]) -> list[tuple[str, ...]]:
    """Return the groups of modules that import one another, directly or through others."""

    def reached(module: str) -> set[str]:
        seen: set[str] = set()
        waiting = list(graph[module])
        while waiting:
            if (other := waiting.pop()) not in seen:
                seen.add(other)
                waiting += graph[other]
        return seen

    reach = {module: reached(module) for module in graph}
    circles = {
        tuple(sorted(other for other in reach[module] if module in reach[other]))
        for module in graph
        if module in reach[module]
    }
    return sorted(circles)


@pytest.mark.parametrize("package", ALLOWED)
def test_a_package_imports_only_the_rooms_it_may(package: str) -> None:
    """A room imports nothing of ours but what the table allows."""
    modules = _modules(package)
    assert modules, f"no modules found for {package}"
    for path in modules:
        imported = _imported(ast.parse(path.read_text(encoding="utf-8"), str(path)))
        ours = (imported & ALLOWED.keys()) - {package}
        assert ours <= ALLOWED[package], f"{path.relative_to(ROOT)} imports {sorted(ours - ALLOWED[package])}"
        assert not imported & FORBIDDEN.get(package, set()), path.relative_to(ROOT)


@pytest.mark.parametrize("package", ROOMS)
def test_a_room_imports_only_rooms_named_before_it(package: str) -> None:
    """Imports lead down the table; every module is in a room of it, and every room has modules."""
    graph = _graph(package)
    assert {_room(module) for module in graph} - {""} == set(ROOMS[package])
    assert _upward(graph, ROOMS[package]) == []


@pytest.mark.parametrize("package", ROOMS)
def test_no_modules_import_one_another_in_a_circle(package: str) -> None:
    """No module leads back to itself."""
    assert _circles(_graph(package)) == []


def test_upward_imports_and_circles_are_seen() -> None:
    """The two tests above can fail: an arrow upwards and a circle through three modules are found."""
    graph = {
        "p": set(),
        "p.low": {"p.high.a"},
        "p.high.a": {"p.high.b"},
        "p.high.b": {"p.low"},
        "p.top": {"p.low"},
    }
    assert _upward(graph, ("low", "high", "top")) == ["p.low imports p.high.a"]
    assert _upward({"p": {"p.low"}, "p.low": set()}, ("low",)) == ["p imports p.low"]
    assert _circles(graph) == [("p.high.a", "p.high.b", "p.low")]


def test_the_model_and_the_spec_finder_need_the_standard_library_only() -> None:
    """What the rest builds on must not pull in any library."""
    model = ROOT / "generator/stepup_generator/openapi"
    parts = [model / f"{name}.py" for name in ("model", "constraints", "json_value")]
    for path in (ROOT / "spec/stepup_spec/__init__.py", *parts):
        imported = _imported(ast.parse(path.read_text(encoding="utf-8"))) - {"stepup_generator"}
        assert imported <= sys.stdlib_module_names, (
            f"{path.name} imports {imported - sys.stdlib_module_names}"
        )


def test_the_bare_install_imports_no_library_of_an_extra() -> None:
    """The mock and the spec finder run with the base dependencies alone."""
    extras = {"httpx", "schemathesis", "hypothesis", "pyotp", "jinja2", "openapi_python_client"}
    assert extras <= packages_distributions().keys(), "the test environment lacks the extras"
    for package in ("stepup_spec", "stepup_mock"):
        for path in _modules(package):
            imported = _imported(ast.parse(path.read_text(encoding="utf-8")))
            assert not imported & extras, f"{path.relative_to(ROOT)} imports {sorted(imported & extras)}"
