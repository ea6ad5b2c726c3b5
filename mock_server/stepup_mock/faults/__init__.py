"""Faults: bugs that people write, to be switched on so that a contract suite can prove that it finds them.

Each is a small change of behaviour tied to the rule it breaks. A fault replaces methods of one running server
and puts them back when it is switched off; the clean server holds no trace of any.
"""

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stepup_mock.app import App

_MODULES = ("callers", "enrolment", "totp", "sms", "grants", "throttle", "inputs", "transport", "races")
_MISSING = object()


class UnknownFault(LookupError):
    """No fault has this id."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A bug: ``rule`` is the rule that it breaks, ``apply`` plants it in a patient."""

    id: str
    rule: str
    description: str
    apply: Callable[["Patient"], None]


_registry: dict[str, Fault] = {}


def fault(fault_id: str, description: str) -> Callable[[Callable[["Patient"], None]], None]:
    """Register the decorated function as a fault; its id begins with the rule."""

    def register(apply: Callable[["Patient"], None]) -> None:
        assert fault_id not in _registry, fault_id
        rule = fault_id.partition("-")[0].upper()
        _registry[fault_id] = Fault(fault_id, rule, description, apply)

    return register


def available() -> dict[str, Fault]:
    """Return every fault by its id, in the order of the rules."""
    if not _registry:
        for name in _MODULES:
            importlib.import_module(f"{__name__}.{name}")
    return _registry


class Patient:
    """A running server and how to plant bugs in it."""

    def __init__(self, app: "App") -> None:
        self.app = app
        self.mock = app.mock
        self.step_up = app.mock.step_up
        self.store = app.mock.store
        self._undo: list[tuple[Any, str, Any]] = []

    def instead_of(self, owner: Any, name: str) -> Callable[[Callable[..., Any]], None]:
        """Replace a method by the decorated function, which gets the original as its first argument."""

        def plant(wrong: Callable[..., Any]) -> None:
            self._undo.append((owner, name, vars(owner).get(name, _MISSING)))
            setattr(owner, name, partial(wrong, getattr(owner, name)))

        return plant

    def heal(self) -> None:
        """Put back whatever was replaced, last first."""
        while self._undo:
            owner, name, before = self._undo.pop()
            if before is _MISSING:
                delattr(owner, name)
            else:
                setattr(owner, name, before)


class Faults:
    """The faults of one server: which there are and which are on."""

    def __init__(self, app: "App") -> None:
        self._patient = Patient(app)
        self.enabled: tuple[str, ...] = ()

    def enable(self, fault_ids: Iterable[str]) -> None:
        """Switch on exactly these faults; raise UnknownFault, and change nothing, when one does not exist."""
        wanted = tuple(dict.fromkeys(fault_ids))
        for fault_id in wanted:
            if fault_id not in available():
                raise UnknownFault(fault_id)
        self._patient.heal()
        for fault_id in wanted:
            available()[fault_id].apply(self._patient)
        self.enabled = wanted

    def document(self) -> dict[str, Any]:
        """Return both lists as the control API shows them."""
        known = [
            {"id": fault.id, "rule": fault.rule, "description": fault.description}
            for fault in available().values()
        ]
        return {"available": known, "enabled": list(self.enabled)}
