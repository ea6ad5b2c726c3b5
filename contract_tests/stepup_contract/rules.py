"""The behaviour rules that a run judges, as ``spec/rules.yaml`` has them; it refuses a file without groups
and rules.
"""

from dataclasses import dataclass
from functools import cache

import yaml

from stepup_spec import RULES, find


@dataclass(frozen=True, slots=True)
class Rule:
    """One promise of a server. ``kind`` is its class: known, probe or ours."""

    id: str
    kind: str
    sentence: str
    group: str
    title: str
    judged_by: str
    sources: tuple[str, ...]
    safety: tuple[str, ...]
    operations: tuple[str, ...] = ()


# Judged with fewer wrong codes in a row than a lock needs, a right one after them.
_GENTLE = frozenset({"T5", "T6", "S7", "C1"})


def locks(rule: Rule) -> bool:
    """Tell whether judging a rule locks a user even where wrong codes are counted."""
    return "locks" in rule.safety and rule.id not in _GENTLE


@cache
def read_rules() -> dict[str, Rule]:
    """Return the rules by id, in the order of the catalogue; read once, and not to be changed."""
    document = yaml.load(find(RULES).read_text("utf-8"), Loader=_LOADER)  # noqa: S506 - a safe loader
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
        )
        for group in document["groups"]
        for rule in group["rules"]
    )
    return {rule.id: rule for rule in rules}


# The C loader is many times faster, where PyYAML was built with it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
