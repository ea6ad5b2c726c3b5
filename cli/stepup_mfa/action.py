"""The GitHub Action: runs ``stepup-mfa contract`` with the inputs of a step; renders action.yml.

``python -m stepup_mfa.action`` reads the inputs from the environment (``INPUT_URL`` and so on) and exits as
the command does; ``python -m stepup_mfa.action FILE`` puts the declared inputs into that action.yml.
"""

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from stepup_mfa.contract_options import OPTIONS, Kind, Option

_INPUTS = tuple(option for option in OPTIONS if option.action)


class InputError(ValueError):
    """An input that has no valid value; the message names it."""


def arguments(environment: Mapping[str, str]) -> list[str]:
    """Return the options of the command for the inputs of a step. Raises InputError.

    Each is one argument, ``--option=value``: whatever is in the value stays text.
    """
    words = []
    for option in _INPUTS:
        value = environment.get(_variable(option), "")
        if option.kind is Kind.BOOLEAN:
            if value not in ("true", "false"):
                raise InputError(f"{_name(option)}: expected true or false, got {value!r}")
            words += [f"--{option.name}"] if (value == "true") != option.negative else []
        else:
            values = value.split("\n") if option.is_list else [value]
            words += [f"--{option.name}={item.strip()}" for item in values if item.strip()]
    return words


def render(text: str) -> str:
    """Return the text of an action.yml with the declared inputs in it."""
    import yaml

    inputs = {
        _name(option): {
            "description": _description(option),
            "default": "" if option.kind is not Kind.BOOLEAN else "true" if option.negative else "false",
        }
        for option in _INPUTS
    }
    env = "".join(f"        {_variable(one)}: ${{{{ inputs.{_name(one)} }}}}\n" for one in _INPUTS)
    listed = yaml.safe_dump({"inputs": inputs}, sort_keys=False, width=1000)
    text = re.sub(r"(?ms)^inputs:.*?(?=^runs:)", lambda _: listed, text)
    return re.sub(r"(?ms)^      env:.*?(?=^      \S)", lambda _: f"      env:\n{env}", text)


def _name(option: Option) -> str:
    return option.name.removeprefix("no-")


def _variable(option: Option) -> str:
    return f"INPUT_{_name(option).upper().replace('-', '_')}"


def _description(option: Option) -> str:
    text = option.help
    if option.negative:
        text = text.replace("leave out", "check")
    text = text[0].upper() + text[1:]
    if option.kind is Kind.BOOLEAN:
        return f"{text}; true or false"
    if option.is_list:
        return f"{text}; one {option.metavar} per line"
    return text if option.default is None else f"{text} (default: {option.default})"


def main() -> int:
    """Run the command, or render the files that are named."""
    if len(sys.argv) > 1:
        for path in map(Path, sys.argv[1:]):
            path.write_text(render(path.read_text("utf-8")), "utf-8")
        return 0
    from stepup_mfa.main import main as run

    try:
        return run(["contract", *arguments(os.environ)])
    except InputError as error:
        print(f"::error::{error}")
        return 2


if __name__ == "__main__":
    sys.exit(main())
