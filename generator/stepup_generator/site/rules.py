"""Reads the behaviour rules of a document, as far as the reference site prints them.

Rejects unknown keywords, a rule without its sentence, an id used twice, an operation that the document does
not have, and a method whose numbers (``{rounds}``) and ``figures`` do not match.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from stepup_generator.errors import SpecError
from stepup_generator.openapi.document import load
from stepup_generator.openapi.fields import Fields, Problems, shown
from stepup_generator.openapi.model import Api

__all__ = ["Group", "Kept", "Rule", "kept_by", "read_rules"]

_ID = re.compile(r"[A-Z][0-9]+")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
# A figure may have other numbers for other runs; the site names these runs so.
_OTHER_RUNS = {"thorough": "thorough", "named_users": "named users"}
_RUNS = ("quick", *_OTHER_RUNS)
_CLASSES = ("known", "probe", "ours")
_GROUP = ("id", "title", "summary", "rules")
_REQUIRED = ("id", "class", "sentence", "operations", "sources", "method", "evidence")
_RULE = (*_REQUIRED, "figures", "needs", "helped_by", "live", "mock", "floor", "judged_by")


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
    if not _ID.fullmatch(rule_id):
        fields.reject("id", f'found "{shown(rule_id)}"; expected a capital letter and digits')
    if rule_id in seen:
        fields.reject("id", f'"{shown(rule_id)}" is the id of an earlier rule; expected one of its own')
    seen.add(rule_id)
    for name in operations:
        if name not in known:
            fields.reject("operations", f'found "{shown(name)}"; expected an operationId of the document')
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
        method=_method(fields),
        evidence=fields.text("evidence"),
        mock=fields.text("mock"),
        floor=fields.text("floor"),
    )


def _method(fields: Fields) -> str:
    """The method with its numbers filled in: "at once, for 10 (thorough 50, named users 3) rounds"."""
    figures = fields.child("figures", "the figures of a rule", None)
    printed = {name: _figure(figures, name) for name, _, _ in fields.entries("figures")} if figures else {}
    method = fields.text("method")
    used = set(_PLACEHOLDER.findall(method))
    for name in sorted(used ^ printed.keys()):
        where, other = ("method", "figures") if name in used else ("figures", "method")
        fields.reject(where, f'found "{shown(name)}", which is not in the {other}')
    return _PLACEHOLDER.sub(lambda match: printed.get(match[1], match[0]), method)


def _figure(figures: Fields, name: str) -> str:
    """The number of a default run, with those of other runs in parentheses."""
    node = figures.get(name)
    if node is None or not isinstance(node.value, dict):
        return f"{figures.count(name) or 0:,}"
    runs = Fields(figures.problems, node, figures.at(name), "a figure", _RUNS)
    runs.require("quick")
    others = [f"{label} {runs.count(key) or 0:,}" for key, label in _OTHER_RUNS.items() if key in runs]
    return f"{runs.count('quick') or 0:,} ({', '.join(others)})"
