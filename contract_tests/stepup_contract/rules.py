"""The behaviour rules that a run judges, read from ``spec/rules.yaml`` in the order of the catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import yaml

from stepup_spec import RULES, find


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of a rule's method: how many rounds, requests or users its checks take."""

    quick: int
    thorough: int
    named_users: int | None = None

    def of(self, *, thorough: bool, named_users: bool) -> int:
        """Return the number for one run. Named users have few codes, in a thorough run too."""
        if named_users and self.named_users is not None:
            return self.named_users
        return self.thorough if thorough else self.quick


@dataclass(frozen=True, slots=True)
class Rule:
    """One promise of a server. ``kind`` is its class: known, probe or ours; ``figures`` are its method's
    numbers by name.
    """

    id: str
    kind: str
    sentence: str
    group: str
    title: str
    judged_by: str
    sources: tuple[str, ...]
    safety: tuple[str, ...]
    operations: tuple[str, ...] = ()
    figures: Mapping[str, Figure] = field(default_factory=dict, hash=False)


# Checked with fewer wrong codes in a row than a lock needs, and a right one after them.
_GENTLE = frozenset({"T5", "T6", "S7", "C1"})


def locks(rule: Rule) -> bool:
    """Tell whether judging a rule locks a user even where wrong codes are counted."""
    return "locks" in rule.safety and rule.id not in _GENTLE


def natural(rule_id: str) -> tuple[str, int]:
    """Return the key that sorts T2 before T10; other names sort as they are."""
    letter, number = rule_id[:1], rule_id[1:]
    return (letter, int(number)) if number.isdecimal() else (rule_id, 0)


@cache
def read_rules() -> dict[str, Rule]:
    """Return the rules by id, in the order of the catalogue; read once, and not to be changed."""
    return parse_rules(find(RULES).read_text("utf-8"))


def parse_rules(text: str) -> dict[str, Rule]:
    """Return the rules of a catalogue by id, in its order."""
    document = yaml.load(text, Loader=_LOADER)  # noqa: S506 - a safe loader
    rules = (
        Rule(
            id=rule["id"],
            kind=rule["class"],
            sentence=rule["sentence"],
            group=group["id"],
            title=group["title"],
            judged_by=rule["judged_by"],
            sources=tuple(f"{source['kind']}: {source['ref']}" for source in rule["sources"]),
            safety=tuple(rule["live"]["safety"]),
            operations=tuple(rule["operations"]),
            figures={name: _figure(value) for name, value in rule.get("figures", {}).items()},
        )
        for group in document["groups"]
        for rule in group["rules"]
    )
    return {rule.id: rule for rule in rules}


def _figure(value: int | dict[str, int]) -> Figure:
    if isinstance(value, int):
        return Figure(value, value)
    return Figure(value["quick"], value.get("thorough", value["quick"]), value.get("named_users"))


# The C loader is many times faster, where PyYAML was built with it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
