"""The redactor: nothing it has learnt leaves, and what leaves can be pasted."""

import json
import subprocess

from stepup_contract.server.redact import API_KEY, CODE, Redactor


def test_a_learnt_value_shows_as_a_variable_in_any_spelling() -> None:
    """A secret is hidden as it is, as JSON writes it and as a URL writes it."""
    redactor = Redactor()
    redactor.learn('se"cret/key', API_KEY)
    text = f'se"cret/key {json.dumps("se" + chr(34) + "cret/key")} se%22cret%2Fkey'
    assert redactor.text(text) == f'${API_KEY} "${API_KEY}" ${API_KEY}'


def test_secret_fields_are_learnt_and_field_errors_are_not() -> None:
    """A code in a request is a secret, what is said of the field `code` is none."""
    redactor = Redactor()
    redactor.learn_fields({"a": [{"code": "123456"}], "field_errors": {"code": "incorrect_mfa_code"}})
    assert redactor.text("123456 incorrect_mfa_code") == f"${CODE} incorrect_mfa_code"


def test_the_longest_secret_wins() -> None:
    """A secret within another does not leave the rest of it in sight."""
    redactor = Redactor()
    redactor.learn("abcd", CODE)
    redactor.learn("abcdefgh", API_KEY)
    assert redactor.text("abcdefgh abcd") == f"${API_KEY} ${CODE}"


def test_a_shell_word_gives_the_secret_back_where_the_variable_is_set() -> None:
    """A redacted word, pasted with its variables set, is the word again: quotes, dollars and all."""
    redactor = Redactor()
    redactor.learn("s3cret", API_KEY)
    word = 'it\'s s3cret $HOME `id` "x" !'
    shown = redactor.shell(word)
    assert "s3cret" not in shown
    ran = subprocess.run(
        ["sh", "-c", f"printf %s {shown}"],
        env={API_KEY: "s3cret"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == word
