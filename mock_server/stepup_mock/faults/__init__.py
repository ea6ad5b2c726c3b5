"""Faults: bugs that people write, to be switched on so that a contract suite can prove that it finds them.

Each is a small change of behaviour tied to the rule it breaks. A fault replaces public methods of the seams
of one world, and restores them when it is switched off; the clean server holds no trace of any.
"""

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from stepup_mock.audit import AuditLog
from stepup_mock.clock import Clock
from stepup_mock.inbox import Inbox
from stepup_mock.policy import Policy, Random
from stepup_mock.product_api import ProductApi
from stepup_mock.step_up import StepUp
from stepup_mock.store import Store

_MODULES = ("callers", "enrolment", "totp", "sms", "grants", "throttle", "inputs", "transport", "races")


class UnknownFault(LookupError):
    """No fault has this id."""


class _Replaced:
    """A method that a fault replaced: calls ``broken`` with the original method as its first argument."""

    def __init__(self, original: Any, broken: Callable[..., Any]) -> None:
        # As a bound method has them, so that a second fault can replace it again.
        self.__self__ = original.__self__
        self.__name__ = original.__name__
        self._original = original
        self._broken = broken

    def __call__(self, *args: Any, **values: Any) -> Any:
        return self._broken(self._original, *args, **values)


@dataclass(frozen=True, slots=True)
class Seams:
    """Where a world can be broken: the eight objects whose public methods a fault may replace."""

    store: Store
    policy: Policy
    random: Random
    step_up: StepUp
    clock: Clock
    inbox: Inbox
    audit: AuditLog
    api: ProductApi

    def replace(self, method: Callable[..., Any]) -> Callable[[Callable[..., Any]], None]:
        """Replace a method of a seam, such as ``seams.store.consume_grant``, by the decorated function. It
        gets the original method as its first argument.
        """
        owner, name = method.__self__, method.__name__  # type: ignore[attr-defined]
        assert not name.startswith("_"), name
        assert any(owner is getattr(self, seam) for seam in self.__slots__), name

        def plant(broken: Callable[..., Any]) -> None:
            setattr(owner, name, _Replaced(method, broken))

        return plant

    def restore(self) -> None:
        """Restore every replaced method."""
        for seam in self.__slots__:
            attributes = vars(getattr(self, seam))
            for name in [name for name, value in attributes.items() if isinstance(value, _Replaced)]:
                del attributes[name]


@dataclass(frozen=True, slots=True)
class Fault:
    """A bug: ``rule`` is the rule that it breaks, ``plant`` puts it into the seams of a world."""

    id: str
    rule: str
    description: str
    plant: Callable[[Seams], None]


_registry: dict[str, Fault] = {}


def fault(description: str) -> Callable[[Callable[[Seams], None]], Callable[[Seams], None]]:
    """Register the decorated function as a fault. Its name is the id, which begins with the rule."""

    def register(plant: Callable[[Seams], None]) -> Callable[[Seams], None]:
        fault_id = plant.__name__.replace("_", "-")
        assert fault_id not in _registry, fault_id
        rule = fault_id.partition("-")[0].upper()
        _registry[fault_id] = Fault(fault_id, rule, description, plant)
        return plant

    return register


def available() -> dict[str, Fault]:
    """Return every fault by its id, in the order of the rules."""
    if not _registry:
        for name in _MODULES:
            importlib.import_module(f"{__name__}.{name}")
    return _registry


class Faults:
    """The faults of one world: which exist and which are on."""

    def __init__(self, seams: Seams) -> None:
        self._seams = seams
        self.enabled: tuple[str, ...] = ()

    def enable(self, fault_ids: Iterable[str]) -> None:
        """Switch on exactly these faults; raise UnknownFault, and change nothing, when one does not exist."""
        chosen = tuple(dict.fromkeys(fault_ids))
        for fault_id in chosen:
            if fault_id not in available():
                raise UnknownFault(fault_id)
        self._seams.restore()
        for fault_id in chosen:
            available()[fault_id].plant(self._seams)
        self.enabled = chosen

    def document(self) -> dict[str, Any]:
        """Return both lists as the control API shows them."""
        items = [
            {"id": fault.id, "rule": fault.rule, "description": fault.description}
            for fault in available().values()
        ]
        return {"available": items, "enabled": list(self.enabled)}
