"""The page on moving from the published SDK says what is so: its code runs on the mock, its names exist."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "moving-from-published-sdk.md"


@pytest.fixture
def page(stepup_mock: Any, package: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """What the page's own code defines, run from top to bottom with the mock as the server."""
    monkeypatch.setenv("STEPUP_MFA_AUTH_URL", stepup_mock.base_url)
    monkeypatch.setenv("STEPUP_MFA_API_KEY", stepup_mock.api_key)
    text = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"^```python[^\n]*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    ours = [block for block in blocks if "propelauth_py" not in block]
    assert (len(blocks), len(ours)) == (7, 5)
    names: dict[str, Any] = {}
    exec("\n".join(ours), names)
    yield names
    names["auth"].close()
    names["shared"].close()


def test_the_code_of_the_page_runs(page: dict[str, Any], stepup_mock: Any, package: ModuleType) -> None:
    """A code becomes a grant, the grant verifies until it is dead, and the lookup finds phones."""
    user, other = stepup_mock.add_totp_user(), stepup_mock.add_phone_user()
    grant = page["verify_code"](user.id, stepup_mock.totp_code(user))
    assert page["may_act"](user.id, grant) is True
    assert page["may_act"](other.id, grant) is False
    stepup_mock.advance(61)
    assert page["may_act"](user.id, grant) is False
    assert page["phones_of"](other.id) == [other.phones[0].mfa_phone_id]
    assert page["phones_of"](user.id) == []
    assert page["phones_of"]("31c41c16-c281-44ae-9602-000000000000") == []
    with pytest.raises(package.InvalidArgumentError):
        page["may_act"](user.id, "")


def test_every_error_of_the_client_is_on_the_page(package: ModuleType) -> None:
    """The tables name every error, and no error or model that does not exist."""
    text = PAGE.read_text(encoding="utf-8")
    errors = {name for name in package.__all__ if name.endswith("Error")}
    named = set(re.findall(r"\b[A-Z][A-Za-z]*(?:Error|Mfa)\b", text))
    # The API's limits on bodies, which this client cannot exceed; and names of others.
    assert errors - named == {"RequestTimeoutError", "RequestTooLargeError", "UnsupportedMediaTypeError"}
    others = {"ValueError", "RuntimeError", "JSONDecodeError", "HTTPStatusError", "PermissionError"}
    assert named - others <= set(package.__all__)


def test_members_of_the_published_enum_work(package: ModuleType, stepup_mock: Any) -> None:
    """A string enum, as the published SDK has for the type of grants, is sent as its value."""
    import enum

    class GrantType(str, enum.Enum):  # noqa: UP042
        TIME_BASED = "TIME_BASED"

    user = stepup_mock.add_totp_user()
    with package.StepUpMfa(stepup_mock.base_url, stepup_mock.api_key) as auth:
        issued = auth.verify_step_up_totp_challenge(
            action_type="A", user_id=user.id, code=stepup_mock.totp_code(user),
            grant_type=GrantType.TIME_BASED, valid_for_seconds=60,
        )  # fmt: skip
    assert issued.step_up_grant
