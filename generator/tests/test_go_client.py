"""The Go client: formatted, vetted, run, and inert whatever a document says."""

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from stepup_generator.format import formatted
from stepup_generator.languages.go import TARGET, target
from stepup_generator.languages.go.names import doc
from stepup_generator.openapi.model import Api
from stepup_generator.openapi.read import read
from stepup_generator.write import write

CHECKS = Path(__file__).with_name("go")
WIDE = Path(__file__).with_name("wide.yaml")
VECTORS = Path(__file__).parents[2] / "client_vectors"
STATICCHECK = "v0.8.2"


def go_client(api: Api) -> dict[str, str]:
    """The client as `generate` writes it: rendered, then formatted."""
    assert TARGET.formatter is not None
    return formatted(TARGET.formatter, target.go_client(api))


def run(arguments: list[str], folder: Path, given: str = "", **environment: str) -> str:
    """What a program prints; it must end with 0."""
    done = subprocess.run(
        arguments, cwd=folder, input=given, capture_output=True, text=True, check=False,
        env={**os.environ, "GOFLAGS": "", "GOWORK": "off", **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def literally(text: str) -> str:
    """A regular expression for the text itself."""
    return re.sub(r"([\\^$.|?*+()\[\]{}/])", r"\\\1", text)


@pytest.fixture(scope="session", autouse=True)
def go() -> None:
    """Go itself; without it nothing here is checked."""
    if shutil.which("go") is None or shutil.which("gofmt") is None:
        message = "NOT CHECKED: the Go client needs `go` and `gofmt`, which are not on the PATH"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)


@pytest.fixture(scope="session")
def staticcheck(go: None) -> str:
    """The linter, installed where it is missing."""
    tools = Path(tempfile.gettempdir()) / f"stepup-mfa-staticcheck-{STATICCHECK}"
    tools.mkdir(exist_ok=True)
    with (tools / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (tools / "staticcheck").exists():
            command = ["go", "install", f"honnef.co/go/tools/cmd/staticcheck@{STATICCHECK}"]
            run(command, tools, GOBIN=str(tools))
    return str(tools / "staticcheck")


@pytest.fixture(scope="session")
def client(api: Api, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The freshly generated client, with our tests beside its own."""
    folder = tmp_path_factory.mktemp("go") / "client"
    write(go_client(api), folder)
    for name in ("behaviour_test.go", "mock_test.go"):
        shutil.copy(CHECKS / name, folder)
    return folder


@pytest.fixture(scope="session")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client of a document with every supported feature, with our test beside its own."""
    folder = tmp_path_factory.mktemp("go") / "wide"
    write(go_client(read(WIDE)), folder)
    shutil.copy(CHECKS / "wide_test.go", folder)
    return folder


def passed(folder: Path, pattern: str, **environment: str) -> int:
    """How many tests of a client passed; none may fail or be skipped."""
    said = run(["go", "test", "-count=1", "-v", "-run", pattern, "."], folder, **environment)
    assert "--- SKIP" not in said
    return len(re.findall(r"^--- PASS", said, re.M))


def test_gofmt_has_nothing_to_change(client: Path, wide: Path) -> None:
    """Clients, their tests and the driver are as gofmt has them, and what is not is found."""
    driver = VECTORS / "drivers" / "go"
    assert run(["gofmt", "-l", str(client), str(wide), str(CHECKS), str(driver)], client) == ""
    text = (client / "client.go").read_text(encoding="utf-8")
    assert run(["gofmt"], client, text.replace("return ", "return  ", 1)) == text


def test_vet_and_staticcheck_find_nothing(client: Path, wide: Path, staticcheck: str, tmp_path: Path) -> None:
    """Nothing is found in clients and driver, and a fault that is put in is."""
    for folder in (client, wide):
        run(["go", "vet", "./..."], folder)
        assert run([staticcheck, "-checks", "all", "./..."], folder) == ""
    driver = Path(shutil.copytree(VECTORS / "drivers" / "go", tmp_path / "driver"))
    module = "github.com/stepup-mfa/stepup-mfa-go"
    run(["go", "mod", "edit", f"-replace={module}={client}"], driver)
    assert run([staticcheck, "./..."], driver) == ""
    main = driver / "main.go"
    main.write_text(
        main.read_text(encoding="utf-8") + '\nfunc fault() { fmt.Printf("%d", "x") }\n', encoding="utf-8"
    )
    with pytest.raises(AssertionError, match="wrong type"):
        run(["go", "vet", "./..."], driver)
    with pytest.raises(AssertionError, match="SA5009"):
        run([staticcheck, "./..."], driver)


def test_everything_exported_is_explained(client: Path, wide: Path) -> None:
    """`go doc` has a text for each type, function and method."""
    for package in (client, client / "models", wide, wide / "models"):
        for path in package.glob("*.go"):
            if not path.name.endswith("_test.go"):
                text = path.read_text(encoding="utf-8")
                bare = re.findall(r"(?<!\n)\n((?:func (?:\(\w+ \*?\w+\) )?|type )[A-Z]\w*)", text)
                commented = re.findall(r"\n// [^\n]*\n((?:func (?:\(\w+ \*?\w+\) )?|type )[A-Z]\w*)", text)
                assert bare == commented
                assert not re.search(r"\n\n(func (\(\w+ \*?\w+\) )?|type )[A-Z]", text), path
    shown = run(["go", "doc", "Client.VerifyStepUpGrant"], client)
    assert "request models.VerifyStepUpGrantRequest) (*models.VerifyStepUpGrantResponse, error)" in shown
    assert "InvalidRequestFieldsError" in shown


def test_its_own_tests_pass(client: Path, wide: Path) -> None:
    """`go test` passes, with every operation, and its examples compile."""
    said = run(["go", "test", "-count=1", "-v", "-run", "^Test(New|Op|Kept|Err|Con)", "./..."], client)
    assert len(re.findall(r"^    --- PASS: TestOperationsReturnTheResponse/", said, re.M)) == 5
    assert len(re.findall("^--- PASS", said, re.M)) == 7
    assert passed(wide, "^Test(New|Op|Kept|Err|Con)") == 7


def test_it_behaves(client: Path) -> None:
    """Settings, contexts, an http.Client of one's own, and what is printed."""
    assert passed(client, "^TestBehaviour") == 12


def test_a_wide_client_sends_and_reads_what_the_document_says(wide: Path) -> None:
    """Places, optional fields, unions and recursion, over a real socket."""
    assert passed(wide, "^TestWide") == 3


def test_a_get_that_may_not_be_repeated_is_not(spec_path: Path, tmp_path: Path) -> None:
    """Neither by the client nor by the transport, which repeats a GET of its own accord."""
    text = spec_path.read_text(encoding="utf-8")
    once = text.replace("x-stepup-repeatable: true", "x-stepup-repeatable: false")
    assert once != text
    (tmp_path / "openapi.yaml").write_text(once, encoding="utf-8")
    files = go_client(read(tmp_path / "openapi.yaml"))
    write(files, tmp_path / "client")
    assert passed(tmp_path / "client", "^Test(Kept|OperationsAreSentOnce)") == 2
    faulty = files["call.go"].replace("} else if !c.repeatable {", "} else if false {")
    write(files | {"call.go": faulty}, tmp_path / "faulty")
    with pytest.raises(AssertionError, match="expected two requests"):
        passed(tmp_path / "faulty", "^TestKept")


def edited(spec_path: Path) -> dict[str, Any]:
    """The document with a field, a parameter, a variant, an error, an operation and a value that are new."""
    document: dict[str, Any] = yaml.safe_load(spec_path.read_text(encoding="utf-8"))
    schemas, paths = document["components"]["schemas"], document["paths"]
    schemas["VerifyStepUpGrantRequest"]["properties"]["device"] = {"type": "string", "maxLength": 3}
    schemas["VerifyStepUpGrantResponse"]["properties"]["left"] = {"type": "integer"}
    schemas["GrantType"]["enum"].append("FOREVER")
    schemas["PasskeyMfa"] = {
        "type": "object", "required": ["type", "keys"],
        "properties": {"type": {"const": "Passkey"}, "keys": {"type": "integer"}},
    }  # fmt: skip
    schemas["MfaSetup"]["oneOf"].append({"$ref": "#/components/schemas/PasskeyMfa"})
    schemas["MfaSetup"]["discriminator"]["mapping"]["Passkey"] = "#/components/schemas/PasskeyMfa"
    schemas["GrantFrozenError"] = {
        "type": "object", "description": "The grant is frozen.", "required": ["error_code", "until"],
        "properties": {"error_code": {"const": "grant_frozen"}, "until": {"type": "string"}},
    }  # fmt: skip
    lookup = paths["/api/backend/v1/user/{user_id}/mfa"]["get"]
    lookup["parameters"].append({"name": "include-phones", "in": "query", "schema": {"type": "boolean"}})
    frozen = {"application/json": {"schema": {"$ref": "#/components/schemas/GrantFrozenError"}}}
    paths["/api/backend/v1/mfa/step-up/grants/{grant_id}"] = {
        "delete": {
            "operationId": "revokeGrant", "security": [{"BackendApiKey": []}],
            "parameters": [
                {"name": "grant_id", "in": "path", "required": True, "schema": {"type": "string"}}
            ],
            "responses": {
                "204": {"description": "Gone."}, "423": {"description": "Frozen.", "content": frozen},
            },
        }
    }  # fmt: skip
    return document


def test_what_is_new_in_a_document_is_new_in_its_client(
    spec_path: Path, staticcheck: str, tmp_path: Path
) -> None:
    """Fields, parameters, variants, errors, operations and values, formatted, vetted and called."""
    (tmp_path / "openapi.yaml").write_text(json.dumps(edited(spec_path)), encoding="utf-8")
    folder = tmp_path / "client"
    write(go_client(read(tmp_path / "openapi.yaml")), folder)
    shutil.copy(CHECKS / "edited_test.go", folder)
    assert run(["gofmt", "-l", "."], folder) == ""
    assert run([staticcheck, "./..."], folder) == ""
    assert passed(folder, "^Test") == 7 + 3


def test_it_does_as_all_clients_should(client: Path) -> None:
    """Every vector of the operation that matters most."""
    command = [
        sys.executable,
        "-B",
        str(VECTORS / "run.py"),
        "--language",
        "go",
        "--match",
        "verifyStepUpGrant",
    ]
    assert "as expected" in run([*command, "--client", f"go={client}"], client)


def test_a_client_that_drifts_fails_by_name(client: Path, tmp_path: Path) -> None:
    """The runner names the Go client when it takes anything for a success."""
    drifted = shutil.copytree(client, tmp_path / "client")
    source = drifted / "value_constant.go"
    text = source.read_text(encoding="utf-8")
    assert "if actual != any(expected) {" in text
    source.write_text(text.replace("if actual != any(expected) {", "if actual != any(expected) && false {"))
    command = [sys.executable, "-B", str(VECTORS / "run.py"), "--language", "go", "--match", "success is"]
    with pytest.raises(AssertionError, match="go: verifyStepUpGrant: success is false"):
        run([*command, "--client", f"go={drifted}"], drifted)


def on_the_mock(mock: Any) -> dict[str, str]:
    return {
        "STEPUP_MFA_AUTH_URL": mock.base_url,
        "STEPUP_MFA_API_KEY": mock.api_key,
        "STEPUP_MFA_CONTROL_KEY": mock.control_key,
    }


def test_flows_on_the_mock(client: Path, stepup_mock: Any) -> None:
    """A TOTP flow, an SMS flow and refusals, as a caller would write them."""
    totp, phone = stepup_mock.add_totp_user(), stepup_mock.add_phone_user(None, "+15555550123")
    users = {
        "MOCK_TOTP": json.dumps({"id": totp.id, "code": stepup_mock.totp_code(totp)}),
        "MOCK_PHONE": json.dumps({"id": phone.id, "number": "+15555550123"}),
    }
    assert passed(client, "^TestMock", **on_the_mock(stepup_mock), **users) == 3


@pytest.fixture
def stranger(client: Path, tmp_path: Path) -> Callable[..., str]:
    """Runs programs of a module that has the client, and nothing of ours."""
    module = "github.com/stepup-mfa/stepup-mfa-go"
    run(["go", "mod", "init", "example.com/stranger"], tmp_path)
    run(["go", "mod", "edit", f"-replace={module}={client}", f"-require={module}@v0.0.0"], tmp_path)
    run(["go", "mod", "edit", "-require=github.com/google/uuid@v1.6.0"], tmp_path)
    shutil.copy(client / "go.sum", tmp_path)

    def program(source: str) -> str:
        (tmp_path / "main.go").write_text(source, encoding="utf-8")
        return run(["go", "run", "-mod=mod", "."], tmp_path)

    return program


def test_the_quick_start_runs_in_a_module_of_its_own(
    client: Path, stranger: Callable[..., str], stepup_mock: Any
) -> None:
    """The README's own program, with the address and key of a server."""
    readme = (client / "README.md").read_text(encoding="utf-8")
    source = re.findall(r"```go\n(package .*?)```", readme, re.S)[0]
    source = source.replace("https://auth.example.com", stepup_mock.base_url)
    source = source.replace("your-api-key", stepup_mock.api_key)
    stepup_mock.add_totp_user("31c41c16-c281-44ae-9602-8a047e3bf33d")
    assert stranger(source) == "&{MfaSetup:{Type:Totp}}\n"


_PROGRAM = """package main

import (
	stepupmfa "github.com/stepup-mfa/stepup-mfa-go"
	"github.com/stepup-mfa/stepup-mfa-go/models"
)

func main() {
	request := models.VerifyStepUpGrantRequest{ActionType: "A"}
	_, _ = stepupmfa.New("", "")
	%s
}
"""


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('request.Grant = "text"', "cannot use"),
        ('request.UserID = "text"', "cannot use"),
        ("_ = request.Grant == request.Grant", "cannot be compared"),
        ("type mine struct{}; var _ models.MfaSetup = mine{}", "does not implement"),
        ("_ = request", ""),
    ],
)
def test_the_compiler_refuses_what_would_go_wrong(stranger: Callable[..., str], line: str, said: str) -> None:
    """Texts for secrets and IDs, comparisons of secrets, variants of one's own; not what is right."""
    if not said:
        assert stranger(_PROGRAM % line) == ""
        return
    with pytest.raises(AssertionError, match=said):
        stranger(_PROGRAM % line)


HOSTILE = (
    '"', "'", "''", "\\", "*/", "//", "//go:build x", "+build x", "{}", "%s", "{{ 7*7 }}", "{% raw %}", "\n",
    "\n\n", "\n- ", "\n1. ", "\n\n    code", "\n# ", "\n[a]: http://b", "\r", "\t", "\0", "\u202e", "\u2028",
    "`", "``", "```", "../..", "<script>", "__proto__", "\ud7ff", "type", "é", "\U0001f600",
)  # fmt: skip
hostile = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=5), max_size=6).map("".join)
_TEXTS = 23


def poisoned(texts: list[str]) -> dict[str, str]:
    """The client of a document with ``texts`` wherever a document is free to say what it likes."""
    take = (f"x{text}" for text in texts).__next__
    first, second = f"p{take()}", f"q{take()}"
    schema = {
        "type": "object", "title": take(), "description": take(), "required": [first],
        "properties": {
            first: {"type": "string", "description": take(), "pattern": literally(take()) + "|^"},
            second: {"type": "string", "enum": [f"e{take()}", "other"], "x-stepup-secret": True},
        },
    }  # fmt: skip
    refusal = {
        "type": "object",
        "description": take(),
        "required": ["c"],
        "properties": {"c": {"const": take()}, "d": {"type": "string", "description": take()}},
    }
    result = {"schema": {"$ref": "#/components/schemas/S"}, "example": {first: take(), second: "other"}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": take(), "version": take()},
        "tags": [{"name": take(), "description": take()}],
        "paths": {"/a/{id}": {"post": {
            "operationId": take(), "summary": take(), "description": take(),
            "parameters": [
                {"name": "id", "in": "path", "required": True, "example": take(),
                 "schema": {"type": "string"}},
                {"name": f"r{take()}", "in": "query", "description": take(),
                 "schema": {"type": "string"}},
            ],
            "requestBody": {"required": True, "content": {"application/json": result}},
            "responses": {
                "200": {"description": take(), "content": {"application/json": result}},
                "400": {"description": "x", "content": {
                    "application/json": {"schema": {"$ref": "#/components/schemas/E"}}}},
            },
        }}},
        "components": {"schemas": {"S": schema, "E": refusal}},
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "openapi.yaml"
        # Through JSON, so that nothing is shared and written as an alias.
        path.write_text(yaml.safe_dump(json.loads(json.dumps(document))), encoding="utf-8")
        return go_client(read(path))


@pytest.fixture(scope="session")
def outlines(go: None, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, Any]]:
    """Lists the syntax nodes of the files of clients, or says that a file is not Go."""
    program = str(tmp_path_factory.mktemp("outline") / "outline")
    run(["go", "build", "-o", program, str(CHECKS / "outline.go")], CHECKS)

    def tell(clients: dict[str, dict[str, str]]) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(run([program], CHECKS, json.dumps(clients)))
        return found

    return tell


many_texts = st.lists(st.lists(hostile, min_size=_TEXTS, max_size=_TEXTS), min_size=8, max_size=8)


# Not shrunk: each example is several clients.
@settings(max_examples=10, deadline=None, database=None, phases=[Phase.generate])
@given(many_texts)
def test_no_text_of_a_document_becomes_code(outlines: Any, many: list[list[str]]) -> None:
    """Whatever a document says, its client has the same syntax nodes, and hides nothing."""
    clients = {str(number): poisoned(texts) for number, texts in enumerate(many)}
    found = outlines(clients | {"harmless": poisoned([""] * _TEXTS)})
    harmless = found.pop("harmless")
    assert len(harmless) > 10
    assert all(kinds.startswith("*ast.File") for kinds in harmless.values())
    for number, outline in found.items():
        assert outline == harmless, many[int(number)]
        for path, text in clients[number].items():
            assert not re.search("[\u202a-\u202e\u2066-\u2069\u2028\0]", text), path
    prose = [re.sub(r"(?ms)^```.*?^```$", "", files["README.md"]) for files in clients.values()]
    assert not any("<script" in text for text in prose)


def test_a_hostile_client_compiles(tmp_path: Path) -> None:
    """One client of every hostile text at once passes vet and its own tests."""
    texts = ["".join(HOSTILE[at::3]) for at in range(3)] * 8
    write(poisoned(texts), tmp_path / "client")
    run(["go", "vet", "./..."], tmp_path / "client")
    assert passed(tmp_path / "client", "^Test") == 7


@settings(max_examples=20, deadline=None, database=None)
@given(st.lists(hostile, min_size=20, max_size=20))
def test_no_text_leaves_its_comment(outlines: Any, texts: list[str]) -> None:
    """Lists, listings, headings, directives: a comment around any text stays one, before and after gofmt."""
    assert TARGET.formatter is not None
    sources = {
        f"{at}.go": f"package x\n\n{doc(f'X: {text}')}\nfunc X() {{}}\n" for at, text in enumerate(texts)
    }
    for files in (sources, formatted(TARGET.formatter, sources)):
        for text in files.values():
            head, _, body = text.partition("func X")
            assert body == "() {}\n"
            assert all(re.match(r"//(?!go:|export|line )", line) for line in head.splitlines()[2:]), text
    outline = outlines({"x": formatted(TARGET.formatter, sources)})["x"]
    assert all(kinds.startswith("*ast.File") for kinds in outline.values())
