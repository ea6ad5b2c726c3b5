"""What the rendered clients are made from: names and literals in each language, promises."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepup_generator.client.names import Language
from stepup_generator.client.types import Object, Union
from stepup_generator.client.view import ClientSettings, ClientView, view
from stepup_generator.languages.go.names import Go
from stepup_generator.languages.rust.names import Rust
from stepup_generator.languages.typescript.names import TypeScript
from stepup_generator.openapi.model import Api
from stepup_generator.openapi.read import read

LANGUAGES = (TypeScript(), Go(), Rust())
WIDE = Path(__file__).with_name("wide.yaml")
hostile = st.lists(
    st.sampled_from(
        ['"', "\\", "*/", "${x}", "\n", "\0", "\u202e", "\u2028", "`", "```", "@x", "+build", "\ud800"]
    )
    | st.text(max_size=4)
).map("".join)


@pytest.fixture(params=LANGUAGES, ids=lambda language: language.name)
def language(request: pytest.FixtureRequest) -> Language:
    return request.param  # type: ignore[no-any-return]


def viewed(api: Api, language: Language) -> ClientView:
    return view(api, language, ClientSettings("x"), types=["StepUpMfa"])


def test_names_are_those_of_the_language(api: Api) -> None:
    """Each language has its own case; Go writes ID, Rust calls inputs Params, JavaScript is camelCase."""
    typescript, go, rust = (viewed(api, language) for language in LANGUAGES)
    assert typescript.operations[0].name == "fetchUserMfaMethods"
    assert go.operations[0].name == "FetchUserMfaMethods"
    assert rust.operations[0].name == "fetch_user_mfa_methods"
    names = [[field.name for field in item.operations[2].fields] for item in (typescript, go, rust)]
    assert [item[2] for item in names] == ["mfaPhoneId", "MfaPhoneID", "mfa_phone_id"]
    assert [item.name for item in go.inputs][1:3] == ["VerifyTotpChallengeRequest", "SendSmsMfaCodeRequest"]
    assert [item.name for item in rust.inputs][:2] == [
        "FetchUserMfaMethodsParams",
        "VerifyTotpChallengeParams",
    ]
    assert [item.variant for item in rust.errors][:2] == ["Unauthorized", "FeatureGated"]


def test_operations_hold_their_promises(api: Api, language: Language) -> None:
    """Success is a closed list, secrets and repeatable calls are marked, an unknown variant has a type."""
    made = viewed(api, language)
    assert [item.repeatable for item in made.operations] == [True, False, False, False, False]
    assert [len(item.successes) for item in made.operations] == [1] * 5
    assert all(item.successes[0].status == "200" for item in made.operations)
    assert all(item.credentials == ("Authorization", "Bearer ") for item in made.operations)
    secrets = [field.wire for item in made.operations for field in item.fields if field.secret]
    assert secrets == ["code", "code", "grant"]
    assert [field.wire for item in made.models if isinstance(item, Object) for field in item.secrets] == [
        "step_up_grant", "step_up_grant",
    ]  # fmt: skip
    (union,) = (item for item in made.models if isinstance(item, Union))
    assert (union.tag, union.unknown) == ("type", "UnknownMfa")
    assert [(item.name, item.value) for item in union.variants] == [("Totp", "Totp"), ("Phone", "Phone")]
    assert made.operations[0].positional is made.operations[0].fields[0]
    assert [len(item.example) for item in made.operations] == [len(item.fields) for item in made.operations]
    (constant,) = made.models[-1].fields  # type: ignore[union-attr]
    assert (constant.type.kind, constant.type.const) == ("const", True)


def test_models_come_after_those_they_are_made_of(language: Language) -> None:
    """A type is defined before it is used, but for uses inside itself, which are marked."""
    made = view(read(WIDE), language, ClientSettings("x"))
    seen: set[str] = set()
    for item in made.models:
        if isinstance(item, Object):
            for field in item.fields:
                inner = field.type.item or field.type
                assert not inner.name or inner.name in seen or inner.recursive
        seen.add(item.name)
    assert len(seen) == len(made.models)
    names = [*seen, *(item.name for item in made.inputs), *(item.name for item in made.errors)]
    assert len(set(names)) == len(names)


def decoded(language: Language, literal: str) -> str:
    """The text that a literal stands for, by the rules of its language."""
    if isinstance(language, TypeScript):
        return str(json.loads(literal))

    def pieces() -> Iterator[str]:
        for code, rust, plain, char in re.findall(
            r"\\U([0-9a-f]{8})|\\u\{([0-9a-f]+)\}|\\([\\\"])|(.)", literal[1:-1]
        ):
            yield chr(int(code or rust, 16)) if code or rust else plain or char

    return "".join(pieces())


@given(hostile)
def test_no_text_leaves_its_place(text: str) -> None:
    """Literals are ASCII in one line and read back as the text; names are words; comments hide nothing."""
    for language in LANGUAGES:
        literal = language.text(text)
        assert re.fullmatch(r'"([ !#-\[\]-~]|\\.)*"', literal)
        wanted = text if isinstance(language, TypeScript) else re.sub("[\ud800-\udfff]", "\ufffd", text)
        assert decoded(language, literal) == wanted
        for name in (language.member(text), language.argument(text), language.type_name(text)):
            assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name)
            assert name not in language.reserved or name == language.member(text)
        for line in language.doc_lines(text):  # type: ignore[attr-defined]
            assert line.isprintable()
            assert "*/" not in line or not isinstance(language, TypeScript)
            assert not re.search("```|~~~| {4}", line) or not isinstance(language, Rust)
            assert not line.startswith("+") or not isinstance(language, Go)
