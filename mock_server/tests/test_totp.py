"""RFC 6238 and RFC 4226, by the numbers their appendices print."""

import pyotp
import pytest

from stepup_mock import totp

SECRET = b"12345678901234567890"


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_vectors_of_rfc_6238(at: int, code: str) -> None:
    """The last six digits of RFC 6238 appendix B come out, beyond 2038 too."""
    assert totp.code_at(SECRET, at // 30) == code


@pytest.mark.parametrize(("counter", "code"), [(0, "755224"), (1, "287082"), (2, "359152"), (9, "520489")])
def test_vectors_of_rfc_4226(counter: int, code: str) -> None:
    """The values of RFC 4226 appendix D come out."""
    assert totp.code_at(SECRET, counter) == code


def test_agrees_with_an_independent_library() -> None:
    """A thousand steps of a random secret give what pyotp gives."""
    secret = pyotp.random_base32()
    other = pyotp.HOTP(secret)
    for step in range(56_000_000, 56_001_000):
        assert totp.code_at(totp.decode_secret(secret), step) == other.at(step)


def test_matching_names_the_latest_step() -> None:
    """Only the exact six digits match, and the step that they belong to is returned."""
    code = totp.code_at(SECRET, 41)
    assert totp.matching_step(SECRET, code, range(40, 43)) == 41
    assert totp.matching_step(SECRET, code, range(42, 45)) is None
    for spelling in (f" {code}", f"{code}\n", code[:5], f"0{code}", f"+{code}"):
        assert totp.matching_step(SECRET, spelling, range(40, 43)) is None


@pytest.mark.parametrize("text", ["", "not base32!", "GEZDGNBV", "0" * 32])
def test_bad_secrets_are_refused(text: str) -> None:
    """Anything but base32 of at least 80 bits is rejected."""
    with pytest.raises(ValueError, match=r"base32|bits"):
        totp.decode_secret(text)


def test_secret_spellings() -> None:
    """Case, spaces and padding of a base32 secret do not matter, and it can be written again."""
    text = totp.encode_secret(SECRET)
    assert totp.decode_secret(text.lower() + "====") == SECRET
    assert totp.decode_secret(" ".join(text)) == SECRET
