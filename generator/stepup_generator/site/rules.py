"""Reads the behaviour rules that stand beside a document, as far as the reference site prints them.

Refuses a keyword it does not know, a rule without its sentence, an id used twice and an operation that the
document does not have: a promise about nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from stepup_generator.errors import SpecError
from stepup_generator.openapi.document import load
from stepup_generator.openapi.fields import Fields, Problems, shown
from stepup_generator.openapi.model import Api

__all__ = ["Group", "Kept", "Rule", "kept_by", "read_rules"]

_CLASSES = ("known", "probe", "ours")
_GROUP = ("id", "title", "summary", "rules")
_REQUIRED = ("id", "class", "sentence", "operations", "sources", "method", "evidence")
_RULE = (*_REQUIRED, "needs", "helped_by", "live", "mock", "floor", "judged_by")


@dataclass(frozen=True, slots=True)
class Rule:
    """One promise; ``certainty`` is its class (known, probe or ours), ``sources`` are (kind, text)."""

    id: str
    certainty: str
    sentence: str
    operations: tuple[str, ...]
    sources: tuple[tuple[str, str], ...]
    method: str
    evidence: str
    mock: str
    floor: str


@dataclass(frozen=True, slots=True)
class Group:
    id: str
    title: str
    summary: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """What one operation keeps: the rules about it alone, and groups of those about others too."""

    own: tuple[Rule, ...]
    shared: tuple[Group, ...]


def kept_by(operation_id: str, groups: Iterable[Group]) -> Kept:
    """Pick the rules of one operation."""
    own: list[Rule] = []
    shared = []
    for group in groups:
        rules = [rule for rule in group.rules if operation_id in rule.operations]
        own += [rule for rule in rules if rule.operations == (operation_id,)]
        if others := tuple(rule for rule in rules if rule.operations != (operation_id,)):
            shared.append(replace(group, rules=others))
    return Kept(tuple(own), tuple(shared))


def read_rules(path: Path, api: Api) -> tuple[Group, ...]:
    """Read the rules at ``path``. Raises SpecError with everything that is wrong with them."""
    problems = Problems()
    root = Fields(problems, load(path), "#", "the catalogue of rules", ("version", "groups"))
    root.require("version", "groups")
    known = {operation.id for operation in api.operations}
    seen: set[str] = set()
    groups = []
    for node, pointer in root.items("groups"):
        fields = Fields(problems, node, pointer, "a group of rules", _GROUP)
        fields.require(*_GROUP)
        rules = tuple(
            _rule(Fields(problems, item, at, "a rule", _RULE), known, seen)
            for item, at in fields.items("rules")
        )
        groups.append(Group(fields.text("id"), fields.text("title"), fields.text("summary"), rules))
    if problems:
        raise SpecError(path, problems.sorted())
    return tuple(groups)


def _rule(fields: Fields, known: set[str], seen: set[str]) -> Rule:
    fields.require(*_REQUIRED)
    rule_id, operations = fields.text("id"), fields.texts("operations")
    if not rule_id.isalnum():
        fields.refuse("id", f'found "{shown(rule_id)}"; wanted letters and digits')
    if rule_id in seen:
        fields.refuse("id", f'"{shown(rule_id)}" is the id of an earlier rule; wanted one of its own')
    seen.add(rule_id)
    for name in operations:
        if name not in known:
            fields.refuse("operations", f'found "{shown(name)}"; wanted an operationId of the document')
    sources = []
    for node, pointer in fields.items("sources"):
        source = Fields(fields.problems, node, pointer, "a source", ("kind", "ref"))
        source.require("kind", "ref")
        sources.append((source.text("kind"), source.text("ref")))
    return Rule(
        id=rule_id,
        certainty=fields.one_of("class", _CLASSES),
        sentence=fields.text("sentence"),
        operations=operations,
        sources=tuple(sources),
        method=fields.text("method"),
        evidence=fields.text("evidence"),
        mock=fields.text("mock"),
        floor=fields.text("floor"),
    )
