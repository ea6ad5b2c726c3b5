"""`stepup-mfa code USER`: prints what a user would type."""

import argparse

import pytest

from stepup_mfa import code
from stepup_mfa.errors import CommandError


@pytest.fixture
def run(caller, monkeypatch, capsys):
    """Run the command against the mock; return what it prints."""
    monkeypatch.setenv("STEPUP_MFA_CONTROL_URL", caller.mock.base_url)
    monkeypatch.setenv("STEPUP_MFA_CONTROL_KEY", caller.mock.control_key)

    def call(*arguments):
        parser = argparse.ArgumentParser()
        code.add_arguments(parser)
        assert code.run(parser.parse_args(arguments)) == 0
        return capsys.readouterr()

    return call


def test_the_code_of_an_app(caller, run):
    """The current code is printed alone, with a word on stderr when it is spent."""
    user_id = caller.known_totp_user()
    printed = run(user_id)
    assert (printed.out, printed.err) == (f"{caller.code()}\n", "")
    assert caller.verify_totp(user_id, printed.out.strip()).status_code == 200
    printed = run(user_id)
    assert printed.out == f"{caller.code()}\n"
    assert "used already" in printed.err


def test_the_last_code_of_a_phone(caller, run):
    """For a phone it is the code of the last message."""
    user_id, (phone_id,) = caller.phone_user()
    with pytest.raises(CommandError, match="no message"):
        run(user_id)
    caller.send(user_id, phone_id)
    challenge_id = caller.send(user_id, phone_id).json()["challenge_id"]
    assert run(user_id.upper()).out.strip() == caller.sent_code(challenge_id)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["00000000-0000-4000-8000-000000000000"], "no such user"),
        (["abc"], "UUID"),
        (["../../reset"], "UUID|no control API"),
        (["abc", "--control-key", "wrong"], "does not accept"),
        (["abc", "--control-url", "http://127.0.0.1:9"], "cannot reach"),
        (["abc", "--control-url", "file:///etc/passwd"], "is not a URL"),
    ],
)
def test_what_goes_wrong_is_told(run, arguments, says):
    """Each failure is one line with a remedy."""
    with pytest.raises(CommandError, match=says) as caught:
        run(*arguments)
    assert caught.value.remedy


def test_a_missing_key_is_told(run, monkeypatch):
    """Without a key nothing is asked."""
    monkeypatch.delenv("STEPUP_MFA_CONTROL_KEY")
    with pytest.raises(CommandError, match="key of the control API is missing"):
        run("abc")
