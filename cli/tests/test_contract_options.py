"""The options of ``contract``: the command, pytest, profiles and the guide have those that are declared."""

import argparse
import re
from pathlib import Path

import pytest

from stepup_contract.conformance import PHASES
from stepup_contract.server.budget import Budget
from stepup_mfa import contract, faults
from stepup_mfa.contract_options import BUDGETS, BY_NAME, OPTIONS, PREFIX, PROFILE_ONLY, Kind, settle
from stepup_mfa.errors import CommandError
from stepup_mfa.profiles import read_profile

PAGE = (Path(__file__).resolve().parents[2] / "docs/contract-tests-in-ci.md").read_text("utf-8")
VALUES = {
    Kind.TEXT: ("x", '"x"'),
    Kind.SECRET: ("x", '"X_VARIABLE"'),
    Kind.FILE: ("x", '"x"'),
    Kind.INTEGER: ("1", "1"),
    Kind.COUNT: ("1", "1"),
    Kind.SECONDS: ("1.5", ""),
    Kind.NAMES: ("A,B", '["A", "B"]'),
    Kind.LIST: ("x", '["x"]'),
    Kind.OPTIONAL_LIST: ("x", '["x"]'),
    Kind.TABLE: ("x:Y", '{ "x" = "Y" }'),
    Kind.CHOICE: ("json", ""),
}
WITH_PROFILE = [option for option in OPTIONS if option.profile]


def parsed(*words: str) -> argparse.Namespace:
    """Return the options of a command line."""
    parser = argparse.ArgumentParser()
    contract.add_arguments(parser)
    return parser.parse_args(words)


def settled(
    *words: str, profile: dict[str, object] | None = None, environment: dict[str, str] | None = None
) -> argparse.Namespace:
    """Return the options of a command line, filled in from the other places."""
    args = parsed(*words)
    settle(args, profile or {}, environment or {})
    return args


@pytest.mark.parametrize("option", WITH_PROFILE, ids=lambda option: str(option.name))
def test_a_profile_says_the_same_as_the_option(
    option: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each key of a profile is read, fills in what its option would, and gives way to the option."""
    assert option in OPTIONS
    word, toml = ("", "true") if option.kind is Kind.BOOLEAN else VALUES[option.kind]
    table, _, key = option.profile.rpartition(".")
    path = tmp_path / "stepup.toml"
    path.write_text(f"[profiles.own{'.' * bool(table)}{table}]\n{key} = {toml}\n")
    profile = read_profile(path, "own")
    given = f"--{option.name}={word}" if word else f"--{option.name}"
    by_profile = settled(profile=profile, environment={"X_VARIABLE": "x"})
    assert getattr(by_profile, option.attribute) == getattr(settled(given), option.attribute)
    if word and not option.is_list and option.kind not in (Kind.INTEGER, Kind.COUNT):
        both = settled(f"--{option.name}=other", profile=profile)
        assert str(getattr(both, option.attribute)) == "other"


def test_what_is_silent_is_filled_in_by_variable_and_default() -> None:
    """Option, profile, variable, default: each gives way to the one before."""
    variable = {"STEPUP_MFA_AUTH_URL": "http://variable"}
    assert settled(environment=variable).url == "http://variable"
    assert settled(profile={"url": "http://profile"}, environment=variable).url == "http://profile"
    assert settled("--url=http://option", profile={"url": "http://profile"}).url == "http://option"
    assert (settled().max_requests, settled().timeout, settled().thorough) == (1000, 10, False)
    assert settled("--thorough").thorough
    with pytest.raises(CommandError, match="--max-grants: less than 0"):
        settled("--max-grants=-1")
    with pytest.raises(CommandError, match="the environment has no OWN_KEY"):
        settled(profile={"api_key_env": "OWN_KEY"}, environment={"STEPUP_MFA_API_KEY": "k"})


def test_help_says_what_the_suite_does() -> None:
    """Defaults of budgets and names of phases are those of the suite."""
    for option in BUDGETS:
        assert (option.default or 0) == getattr(Budget(), option.name.removeprefix("max-"))
    assert all(phase in BY_NAME["phases"].help for phase in PHASES)


def test_pytest_and_its_guide_have_the_declared_options(pytestconfig: pytest.Config) -> None:
    """The plugin registers the options marked for pytest, and the page lists each of them."""
    declared = {option.attribute for option in OPTIONS if option.pytest}
    registered = {name for name in vars(pytestconfig.option) if name.startswith("stepup_")}
    assert {name.removeprefix("stepup_") for name in registered} == declared
    table = PAGE.partition("| option | meaning |")[2].partition("\n\n")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    listed = {name for row in rows for name in re.findall(rf"`--{PREFIX}([\w-]+)`", row)}
    assert listed == {option.name for option in OPTIONS if option.pytest}


def test_faults_shares_the_declarations() -> None:
    """Options of `faults` that `contract` has too are declared alike, but for the default of the seed."""
    parser, other = argparse.ArgumentParser(), argparse.ArgumentParser()
    faults.add_arguments(parser)
    contract.add_arguments(other)
    own = {action.dest: action for action in other._actions}
    shared = [action for action in parser._actions if action.dest in own and action.dest != "help"]
    assert {action.dest for action in shared} == {"seed", "report_json", "report_html", "format"}
    for action in shared:
        assert (action.type, action.choices) == (own[action.dest].type, own[action.dest].choices)


def test_no_key_of_a_profile_has_two_meanings() -> None:
    """Keys are unique, and a key that is no option takes none from one."""
    keys = [option.profile for option in WITH_PROFILE]
    assert len(keys) == len(set(keys))
    assert not set(keys) & PROFILE_ONLY.keys()
