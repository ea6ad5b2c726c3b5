"""The helpers for test suites, without pytest's fixture."""

import time

import pyotp
import pytest

from stepup_mock.testing import NoMessage, running_mock


def test_a_context_manager_is_enough() -> None:
    """Users, codes and the clock work without pytest, by an independent TOTP implementation."""
    with running_mock() as mock:
        user = mock.add_totp_user()
        assert user.secret is not None
        before = int(time.time()) + 3600
        mock.advance(3600)
        code = mock.totp_code(user.id.upper())
        after = int(time.time()) + 3600
        assert code in {pyotp.TOTP(user.secret).at(second) for second in (before, after)}


def test_two_mocks_do_not_see_each_other() -> None:
    """Each has its own users, port and keys."""
    with running_mock() as one, running_mock() as two:
        assert one.base_url != two.base_url
        assert one.control_key != two.control_key
        user = one.add_phone_user()
        with pytest.raises(NoMessage, match=user.phones[0].suffix):
            two.last_sms(user.phones[0])


def test_nothing_secret_shows() -> None:
    """Neither the mock nor a user shows a key, a secret or a full number."""
    with running_mock() as mock:
        totp, phone = mock.add_totp_user(), mock.add_phone_user(None, "+15555550123")
        shown = f"{mock!r} {totp!r} {phone!r}"
        for secret in (mock.api_key, mock.control_key, totp.secret, "+15555550123"):
            assert secret
            assert secret not in shown
        with pytest.raises(NoMessage) as raised:
            mock.last_sms("+15555550123")
        assert "+15555550123" not in str(raised.value)
