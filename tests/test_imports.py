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
    return [path for path in modules if "templates" not in path.parts]


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


def test_the_model_and_the_spec_finder_need_the_standard_library_only() -> None:
    """What everyone may import must not pull in anything."""
    for path in (ROOT / "spec/stepup_spec/__init__.py", ROOT / "generator/stepup_generator/model.py"):
        imported = _imported(ast.parse(path.read_text(encoding="utf-8")))
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
