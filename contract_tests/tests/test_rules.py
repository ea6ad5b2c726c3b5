"""The catalogue as the checks see it: ids of any number, and the numbers of a method where they are used."""

import dis
from types import CodeType

import pytest

from stepup_contract.checks import Check, all_checks
from stepup_contract.rules import Figure, Rule, natural, parse_rules, read_rules
from stepup_spec import RULES, find

SUITE_RULES = [rule for rule in read_rules().values() if rule.judged_by == "suite"]


def _reads(code: CodeType, name: str) -> bool:
    """Tell whether a function, or one inside it, reads a variable."""
    loads = any(one.opname.startswith("LOAD") and one.argval == name for one in dis.get_instructions(code))
    return loads or any(_reads(inner, name) for inner in code.co_consts if isinstance(inner, CodeType))


@pytest.mark.parametrize("rule", SUITE_RULES, ids=lambda rule: rule.id)
def test_the_checks_of_a_rule_take_just_its_figures(rule: Rule) -> None:
    """Each number of the method is asked for by a check of the rule, and no check asks for another."""
    asked = {name for check in all_checks() if check.rule == rule.id for name in check.figures}
    assert asked == set(rule.figures)


@pytest.mark.parametrize("check", [one for one in all_checks() if one.figures], ids=lambda check: check.name)
def test_a_check_uses_the_figures_that_it_takes(check: Check) -> None:
    """A number that a check asks for decides what it does."""
    for name in check.figures:
        assert _reads(check.steps.__code__, name), name


def test_a_figure_depends_on_the_run() -> None:
    """A thorough run takes the thorough number; named users are spared in either."""
    figure = read_rules()["C1"].figures["rounds"]
    assert figure == Figure(10, 50, 3)
    runs = [(False, False), (False, True), (True, False), (True, True)]
    assert [figure.of(thorough=thorough, named_users=named) for thorough, named in runs] == [10, 3, 50, 3]
    plain = read_rules()["S1"].figures["sends"]
    assert plain.of(thorough=False, named_users=False) == plain.of(thorough=True, named_users=True) == 200


def test_ids_are_a_letter_and_a_number() -> None:
    """A group may have more than nine rules, and the tenth comes after the ninth."""
    text = find(RULES).read_text(encoding="utf-8")
    rules = parse_rules(text.replace("id: T9\n", "id: T99\n"))
    assert rules["T99"].group == "T"
    names = ["V1", "T10", "schema.status", "T2", "T9"]
    assert sorted(names, key=natural) == ["T2", "T9", "T10", "V1", "schema.status"]
