"""Finds the files of the contract: in the repository they lie in ``spec/``, in a wheel beside this module.

It reads nothing and knows nothing of what the files say.
"""

from pathlib import Path

__all__ = [
    "CONTROL",
    "FAULTS_SCHEMA",
    "OPENAPI",
    "REPORT_SCHEMA",
    "RULES",
    "RULES_SCHEMA",
    "WORKFLOWS",
    "find",
]

OPENAPI = "openapi.yaml"
CONTROL = "control.openapi.yaml"
WORKFLOWS = "step-up.arazzo.yaml"
RULES = "rules.yaml"
RULES_SCHEMA = "rules.schema.json"
REPORT_SCHEMA = "report.schema.json"
FAULTS_SCHEMA = "faults.schema.json"

_HERE = Path(__file__).resolve().parent


def find(name: str) -> Path:
    """Return the path of one file of the contract, such as ``openapi.yaml``.

    Raises FileNotFoundError where neither the installed package nor the repository has it.
    """
    for folder in (_HERE / "files", _HERE.parent):
        path = folder / name
        if path.is_file():
            return path
    raise FileNotFoundError(f"{name}: not in {_HERE / 'files'} nor in {_HERE.parent}; reinstall stepup-mfa")
