"""The linter: the standard's verdict, and examples that lie."""

from pathlib import Path

import pytest

import stepup_spec
from stepup_generator.lint import lint

DEEP = " " * 22


def _edited(tmp_path: Path, old: str, new: str) -> Path:
    text = stepup_spec.find(stepup_spec.OPENAPI).read_text(encoding="utf-8")
    assert old in text, old
    path = tmp_path / "openapi.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_the_contract_is_clean() -> None:
    """Our own document has no problem."""
    assert lint(stepup_spec.find(stepup_spec.OPENAPI)) == ()


@pytest.mark.parametrize(
    ("old", "new", "pointer", "message"),
    [
        (f"{DEEP}type: Totp\n", f"{DEEP}type: Totq\n", "/examples/totp/value/mfa_setup", "Totq"),
        ("seconds: 60\n", "seconds: 0\n", "/examples/timeBased/value/valid_for_seconds", "minimum"),
        ("error_code: feature_gated\n", "error_code: gated\n", "/examples/FeatureGated/value", "gated"),
        ('["1234"]', '["12345"]', "/properties/mfa_phone_number_suffix/examples/0", "12345"),
        ("example: 900\n", "example: soon\n", "/components/headers/RetryAfter/example", "integer"),
        ("example: 31c41c16", "example: no-uuid-", "/get/parameters/0/example", "no-uuid-"),
        ("Id: sendSmsMfaCode\n      tags", "Id: verifyStepUpGrant\n      tags", "", "verifyStepUpGrant"),
    ],
)
def test_a_lie_is_named_with_its_place(
    tmp_path: Path, old: str, new: str, pointer: str, message: str
) -> None:
    """Each problem says where it is and what is wrong."""
    path = _edited(tmp_path, old, new)
    problems = lint(path)
    assert any(pointer in item.pointer and message in item.message for item in problems), problems
    assert all(item.line > 1 for item in problems)


def test_what_cannot_be_read_is_reported_once(tmp_path: Path) -> None:
    """A document with an unknown keyword is refused by the reader alone."""
    path = _edited(tmp_path, "minItems: 1", "minItems: 1\n          prefixItems: []")
    (problem,) = lint(path)
    assert "prefixItems" in problem.message
    assert problem.pointer.endswith("/phone_numbers")
