"""Faults use public seams: none uses what is private to another module, and none leaves a trace."""

import ast
from dataclasses import fields
from pathlib import Path

import pytest

from stepup_mock import faults
from stepup_mock.world import World

FOLDER = Path(faults.__file__).parent
MODULES = sorted(path for path in FOLDER.glob("*.py") if path.name != "__init__.py")


def private(name):
    return name.startswith("_") and name != "_" and not name.endswith("__")


def private_uses(tree):
    """Return the private names of others that a module uses: imported, read or written as attributes."""
    uses = [
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom | ast.Import)
        for alias in node.names
        if any(private(part) for part in alias.name.split("."))
    ]
    attributes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and private(node.attr)]
    uses += [ast.unparse(node) for node in attributes if ast.unparse(node.value) not in ("self", "cls")]
    by_name = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    uses += [
        ast.unparse(node)
        for node in by_name
        if ast.unparse(node.func) in ("getattr", "setattr", "delattr", "vars")
    ]
    # NamedTuple's own public method has an underscore, so that no field can be in its way.
    return [use for use in uses if not use.endswith("._replace")]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_fault_uses_a_private_name_of_another_module(path):
    """Neither by import nor by attribute nor by text."""
    assert private_uses(ast.parse(path.read_text(encoding="utf-8"))) == []


def test_the_check_of_private_names_sees_them():
    """Each way to reach a private name is seen; one's own attributes are not meant."""
    for text in ("from stepup_mock.app import _send", "world.store._row(1)", "getattr(world, '_x')"):
        assert private_uses(ast.parse(text)), text
    assert private_uses(ast.parse("self._x = seams.store.user")) == []


def test_each_fault_function_is_named_after_its_fault():
    """The id is the name of the function that plants the bug."""
    for fault in faults.available().values():
        assert fault.plant.__name__ == fault.id.replace("-", "_")


@pytest.fixture
def world():
    world = World()
    yield world
    world.close()


def test_only_public_methods_of_a_seam_can_be_replaced(world):
    """Neither a private method nor a method of anything else."""
    seams = seams_of(world)
    for method in (world.step_up._issue, world.feed.publish):
        with pytest.raises(AssertionError):
            seams.replace(method)
    seams.replace(world.store.consume_grant)(lambda _original, *_which, at: True)
    assert world.store.consume_grant("test", "user", "ACTION", b"hash", at=0) is True


def seams_of(world):
    return world._seams(world.step_up._random)


def test_faults_leave_no_trace(world):
    """Planting all faults and switching them off leaves every seam as it was."""
    seams = seams_of(world)
    before = {field.name: set(vars(getattr(seams, field.name))) for field in fields(seams)}
    world.faults.enable(faults.available())
    during = {field.name: set(vars(getattr(seams, field.name))) for field in fields(seams)}
    assert all(during[name] > before[name] for name in before)
    world.faults.enable(())
    assert {field.name: set(vars(getattr(seams, field.name))) for field in fields(seams)} == before
