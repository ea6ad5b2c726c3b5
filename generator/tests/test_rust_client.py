"""The Rust client and its runtime: clean under rustfmt, clippy and rustdoc, run, inert under hostile text.

One workspace holds every crate that is checked here, so that what they depend on is compiled once. It lies in
build/cargo, or where STEPUP_CARGO_TARGET says.
"""

import fcntl
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from stepup_generator.client.view import ClientSettings
from stepup_generator.format import formatted
from stepup_generator.languages import CLIENTS
from stepup_generator.languages.rust import target
from stepup_generator.openapi.model import Api
from stepup_generator.openapi.read import read
from stepup_generator.write import write

ROOT = Path(__file__).parents[2]
CHECKS = Path(__file__).with_name("rust")
WIDE = Path(__file__).with_name("wide.yaml")
DOCUMENTS = sorted(Path(__file__).with_name("documents").glob("*.yaml"))
RUNTIME = Path(target.__file__).with_name("runtime")
VECTORS = ROOT / "client_vectors" / "run.py"
TARGET = Path(os.environ.get("STEPUP_CARGO_TARGET") or ROOT / "build" / "cargo").resolve()
MEMBERS = ("client", "wide", "edited", "hostile", "stranger", "checks", "runtime", "documents/*")


def run(arguments: list[str], folder: Path, **environment: str) -> str:
    """What a program prints; it must end with 0."""
    found = {**os.environ, "CARGO_TARGET_DIR": str(TARGET), "CARGO_TERM_COLOR": "never", **environment}
    done = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, check=False, env=found)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def put(path: Path, text: str) -> None:
    """Write a file unless it is there: cargo goes by the time of the last change."""
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def rust_client(api: Api, settings: ClientSettings | None = None) -> dict[str, str]:
    """The client as it is written: laid out by rustfmt."""
    formatter = CLIENTS["rust"].formatter
    assert formatter is not None
    return formatted(formatter, target.rust_client(api, settings))


def named(api: Api, package: str) -> dict[str, str]:
    return rust_client(api, ClientSettings(package))


@pytest.fixture(scope="session")
def workspace(api: Api, spec_path: Path) -> Path:
    """Every crate that is checked, freshly generated."""
    for tool in ("cargo", "rustfmt", "cargo-clippy"):
        if shutil.which(tool) is None:
            message = f"NOT CHECKED: the Rust client needs `{tool}`, which is not on the PATH"
            pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    folder = TARGET / "workspace"
    with locked(TARGET / "workspace.lock"):
        write(rust_client(api), folder / "client")
        write(named(read(WIDE), "wide_client"), folder / "wide")
        write(named(edited(spec_path), "edited_client"), folder / "edited")
        write(named(document_of(poisoned(list(HOSTILE))), "hostile_client"), folder / "hostile")
        for path in CHECKS.rglob("*"):
            if path.is_file():
                put(folder / "checks" / path.relative_to(CHECKS), path.read_text(encoding="utf-8"))
        for path in DOCUMENTS:
            name = path.stem.replace("-", "_")
            write(named(read(path), f"{name}_client"), folder / "documents" / name)
        runtime(folder / "runtime")
        stranger(folder)
        members = ", ".join(f'"{name}"' for name in MEMBERS)
        manifest = f'[workspace]\nresolver = "2"\nmembers = [{members}]\n\n[profile.dev]\ndebug = false\n'
        put(folder / "Cargo.toml", manifest)
    return folder


def runtime(folder: Path) -> None:
    """The crate of the files that clients have in common, as a member."""
    for path in (*RUNTIME.glob("src/**/*.rs"), *RUNTIME.glob("tests/*.rs")):
        put(folder / path.relative_to(RUNTIME), path.read_text(encoding="utf-8"))
    manifest = (RUNTIME / "Cargo.toml").read_text(encoding="utf-8")
    put(folder / "Cargo.toml", manifest.replace("[workspace]", ""))


def stranger(folder: Path) -> None:
    """A program of the README's own lines, with address and key from the environment."""
    (code,) = re.findall(
        r"```rust,no_run\n(.*?)```", (folder / "client" / "README.md").read_text(encoding="utf-8"), re.S
    )
    # As the comment above it says.
    code = re.sub(r"StepUpMfa::builder\(.*", "StepUpMfa::from_env()?;", code)
    put(folder / "stranger" / "src" / "main.rs", code)
    put(folder / "stranger" / "Cargo.toml", (CHECKS / "Cargo.toml").read_text().replace("checks", "stranger"))


def edited(spec_path: Path) -> Api:
    """The document with a new operation, a new variant, and new optional fields."""
    document = yaml.safe_load(spec_path.read_text(encoding="utf-8"))
    schemas = document["components"]["schemas"]
    schemas["PasskeyMfa"] = {
        "type": "object", "required": ["type", "keys"],
        "properties": {"type": {"const": "Passkey"}, "keys": {"type": "integer"}},
    }  # fmt: skip
    schemas["MfaSetup"]["oneOf"].append({"$ref": "#/components/schemas/PasskeyMfa"})
    schemas["MfaSetup"]["discriminator"]["mapping"]["Passkey"] = "#/components/schemas/PasskeyMfa"
    schemas["VerifyStepUpGrantRequest"]["properties"]["device"] = {"type": "string", "maxLength": 9}
    schemas["VerifyStepUpGrantResponse"]["properties"]["left"] = {"$ref": "#/components/schemas/Left"}
    schemas["Left"] = {"type": "string", "enum": ["none", "Unknown", "some more"]}
    document["paths"]["/api/backend/v1/mfa/step-up/grants/{grant_id}"] = {"delete": {
        "operationId": "revokeGrant", "security": [{"BackendApiKey": []}],
        "parameters": [{"name": "grant_id", "in": "path", "required": True, "example": "g",
                        "schema": {"type": "string"}}],
        "responses": {"204": {"description": "Gone."}},
    }}  # fmt: skip
    return document_of(document)


def document_of(document: dict[str, Any]) -> Api:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "openapi.yaml"
        # Through JSON, so that nothing is shared and written as an alias.
        path.write_text(yaml.safe_dump(json.loads(json.dumps(document))), encoding="utf-8")
        return read(path)


def test_the_runtime_passes_its_own_tests(workspace: Path) -> None:
    """`cargo test` of the runtime passes."""
    said = run(["cargo", "test", "--quiet", "-p", "stepup_runtime"], workspace)
    assert re.findall(r"ok\. (\d+) passed", said) == ["0", "6", "7", "1"]


def test_a_client_has_the_files_it_needs(api: Api) -> None:
    """A document without operations leaves out calls and JSON, one with a pattern has what reads patterns."""
    (empty,) = (path for path in DOCUMENTS if path.stem == "no-operations")
    folders = {path.split("/")[1] for path in target.rust_client(read(empty)) if path.startswith("src/")}
    assert folders & {"call", "constraint", "decode", "encode", "models.rs", "wire.rs"} == set()
    assert {"client.rs", "errors.rs", "settings.rs"} <= folders
    files = target.rust_client(read(WIDE))
    assert "src/constraint/pattern.rs" not in files
    assert "regex-lite" not in files["Cargo.toml"]
    schema = {"type": "string", "pattern": "^a$"}
    body = {"required": True, "content": {"application/json": {"schema": schema, "example": "a"}}}
    operation = {"operationId": "a", "requestBody": body, "responses": {"204": {"description": "Done."}}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "A", "version": "1"},
        "paths": {"/a": {"post": operation}},
    }
    files = target.rust_client(document_of(document))
    assert "src/constraint/pattern.rs" in files
    assert "regex-lite" in files["Cargo.toml"]


def test_rustfmt_leaves_the_sources_alone(workspace: Path, tmp_path: Path) -> None:
    """`cargo fmt --check` finds nothing in the runtime and the checks, and a line that is put in is found."""
    assert run(["cargo", "fmt", "-p", "stepup_runtime", "-p", "checks", "--check"], workspace) == ""
    source = tmp_path / "within.rs"
    source.write_text((RUNTIME / "src/within.rs").read_text(encoding="utf-8") + "fn  f() {}\n")
    with pytest.raises(AssertionError, match="Diff in"):
        run(["rustfmt", "--check", "--edition", "2021", str(source)], workspace)


def test_clippy_finds_nothing(workspace: Path) -> None:
    """Under `clippy -D warnings` every target is clean, and a panic that is put in is found."""
    clippy = ["cargo", "clippy", "--quiet", "--all-targets"]
    run([*clippy, "--workspace", "--", "-D", "warnings"], workspace)
    with locked(TARGET / "edited.lock"):
        source = workspace / "edited/src/secret.rs"
        text = source.read_text(encoding="utf-8")
        source.write_text(f"{text}\n/// Loose.\npub fn loose(x: Option<u8>) -> u8 {{\n    x.unwrap()\n}}\n")
        try:
            with pytest.raises(AssertionError, match=r"used `unwrap\(\)` on an `Option` value"):
                run([*clippy, "--package", "edited_client"], workspace)
        finally:
            source.write_text(text, encoding="utf-8")


def test_its_documentation_is_whole(workspace: Path) -> None:
    """Rustdoc warns of nothing, and there is a page of every type, operation and kind of error."""
    run(["cargo", "doc", "--quiet", "--workspace", "--no-deps"], workspace, RUSTDOCFLAGS="-D warnings")
    pages = TARGET / "doc" / "stepup_mfa_client"
    assert "fetch_user_mfa_methods" in (pages / "struct.UserOperations.html").read_text(encoding="utf-8")
    assert "IncorrectMfaCode" in (pages / "enum.RefusalKind.html").read_text(encoding="utf-8")
    hostile = "".join(path.read_text() for path in (TARGET / "doc" / "hostile_client").rglob("*.html"))
    assert "&lt;script&gt;alert" in hostile
    assert "<script>alert" not in hostile


def test_its_own_tests_pass(workspace: Path) -> None:
    """`cargo test` passes, with a case for each operation and every example compiled."""
    said = run(["cargo", "test", "--quiet", "-p", "stepup_mfa_client", "-p", "edited_client"], workspace)
    # Client and edited client: no unit tests, operations (one more in the edited one); then the examples.
    assert re.findall(r"ok\. (\d+) passed", said) == ["0", "7", "0", "6", "8", "7"]
    assert "0 failed" in said


def test_it_behaves(workspace: Path, stepup_mock: Any, tls: tuple[str, Path]) -> None:
    """Settings, cancellation, TLS, printing and odd documents; whole flows and errors on the mock."""
    totp, phone = stepup_mock.add_totp_user(), stepup_mock.add_phone_user(None, "+15555550123")
    said = run(
        ["cargo", "test", "--quiet", "-p", "checks"],
        workspace,
        STEPUP_MFA_AUTH_URL=stepup_mock.base_url,
        STEPUP_MFA_API_KEY=stepup_mock.api_key,
        STEPUP_MFA_CONTROL_KEY=stepup_mock.control_key,
        MOCK_TOTP=json.dumps({"id": totp.id, "code": stepup_mock.totp_code(totp)}),
        MOCK_PHONE=json.dumps({"id": phone.id, "number": "+15555550123"}),
        TLS_URL=tls[0],
        TLS_CERTIFICATE=str(tls[1]),
    )
    assert "ok. 20 passed; 0 failed" in said


@pytest.fixture
def tls(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of a server that verifies every grant, and the certificate that nobody has signed."""
    if shutil.which("openssl") is None:
        message = "NOT CHECKED: TLS of the Rust client needs `openssl`, which is not on the PATH"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    options = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    names += ["-addext", "basicConstraints=critical,CA:FALSE"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    run(["openssl", "req", "-x509", *options, *names, *files], tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Verified)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"https://localhost:{server.server_port}", certificate
    server.shutdown()
    thread.join(5)
    server.server_close()


class _Verified(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "17")
        self.end_headers()
        self.wfile.write(b'{"success": true}')

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_it_does_as_all_clients_should(workspace: Path) -> None:
    """Every vector of the operation that matters most."""
    command = [sys.executable, "-B", str(VECTORS), "--language", "rust", "--match", "verifyStepUpGrant"]
    said = run(
        [*command, "--client", f"rust={workspace / 'client'}"], workspace, STEPUP_CARGO_TARGET=str(TARGET)
    )
    assert "as expected" in said


def test_a_client_that_drifts_fails_by_name(workspace: Path) -> None:
    """The runner names the Rust client when it accepts anything as success."""
    drifted = TARGET / "drifted"
    with locked(TARGET / "drifted.lock"):
        for path in (workspace / "client").rglob("*"):
            if path.is_file() and path.suffix in (".rs", ".toml", ".md"):
                text = path.read_text(encoding="utf-8")
                assert path.name != "constant.rs" or "ensure(*value == self.0, " in text
                text = text.replace("ensure(*value == self.0, ", "ensure(*value == self.0 || true, ")
                put(drifted / path.relative_to(workspace / "client"), text)
        command = [sys.executable, "-B", str(VECTORS), "--language", "rust", "--match", "success is"]
        with pytest.raises(AssertionError, match="rust: verifyStepUpGrant: success is false"):
            run([*command, "--client", f"rust={drifted}"], workspace, STEPUP_CARGO_TARGET=str(TARGET))


def test_the_quick_start_runs(workspace: Path, stepup_mock: Any) -> None:
    """The README's own program, on a server, up to the first code that is made up."""
    stepup_mock.add_totp_user("31c41c16-c281-44ae-9602-8a047e3bf33d")
    run(["cargo", "build", "--quiet", "-p", "stranger"], workspace)
    settings = {"STEPUP_MFA_AUTH_URL": stepup_mock.base_url, "STEPUP_MFA_API_KEY": stepup_mock.api_key}
    program = str(TARGET / "debug" / "stranger")
    done = subprocess.run(
        [program], capture_output=True, text=True, check=False, env={**os.environ, **settings}
    )
    assert done.stdout == "FetchUserMfaMethodsResponse { mfa_setup: Some(Totp(TotpMfa)) }\n"
    assert re.match(
        r"Error: Refused\(Refusal \{ kind: IncorrectMfaCode, "
        r'message: "verify_step_up_totp_challenge: status 400 \[request ',
        done.stderr,
    )
    assert stepup_mock.api_key not in done.stderr
    assert "123456" not in done.stderr


def test_the_package_holds_what_it_should(workspace: Path) -> None:
    """`cargo package` would ship the sources, the README and the licence."""
    listed = run(["cargo", "package", "--list", "--allow-dirty", "-p", "stepup_mfa_client"], workspace)
    assert {"Cargo.toml", "LICENSE", "README.md", "src/lib.rs", "src/client.rs"} <= set(listed.split("\n"))


HOSTILE = (
    '"', "'", "\\", "*/", "/*", '"#', "r#\"", "{x}", "{{ 7*7 }}", "{% raw %}", "\n", "\r", "\0", "\u202e",
    "\u2028", "`", "```\n", "```rust\nfn main() { panic!() }\n```", "../..", "<script>alert(1)</script>",
    "//", "//!", "#[doc]", "[x]", "[`Vec`]: y", "    indented", "- a\n  b\nc", "self", "Self", "crate",
    "class", "é", "\U0001f600", "https://example.com/x", "\ud7ff",
)  # fmt: skip
# Long names move the places where lines break.
names = st.text("abcdefgh_", min_size=15, max_size=30)
hostile = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=5) | names, max_size=5).map(
    lambda parts: "".join(parts)[:45]
)
_TEXTS = 25


def escaped(text: str) -> str:
    """A pattern in the portable subset that matches the text."""
    return re.sub(r"[\\^$.|?*+()\[\]{}/]", r"\\\g<0>", text)


def poisoned(texts: list[str]) -> dict[str, Any]:
    """A document with ``texts`` wherever a document is free to say what it likes."""
    take = (f"x{text}" for text in texts).__next__
    first, second, third = f"p{take()}", f"q{take()}", f"t{take()}"
    schema = {
        "type": "object", "title": take(), "description": take(), "required": [first],
        "properties": {
            first: {"type": "string", "description": take(), "pattern": escaped(take()), "minLength": 1},
            second: {"type": "string", "enum": [take(), "other"], "x-stepup-secret": True},
            third: {"type": "array", "items": {"$ref": "#/components/schemas/S"}},
        },
    }  # fmt: skip
    choice = {"type": "string", "description": take(), "enum": [take(), "other", f"y{take()}"]}
    refusal = {
        "type": "object",
        "description": take(),
        "required": ["c"],
        "properties": {"c": {"const": take()}, f"u{take()}": {"type": "string"}},
    }
    result = {"schema": {"$ref": "#/components/schemas/S"}, "example": {first: take(), second: take()}}
    return {
        "openapi": "3.1.0",
        "info": {"title": take(), "version": "1"},
        "tags": [{"name": f"g{texts[0]}", "description": take()}],
        "paths": {"/a/{id}": {"post": {
            "operationId": take(), "summary": take(), "description": take(), "tags": [f"g{texts[0]}"],
            "parameters": [
                {"name": "id", "in": "path", "required": True, "example": take(),
                 "schema": {"type": "string"}},
                {"name": f"r{take()}", "in": "query", "schema": {"$ref": "#/components/schemas/C"}},
            ],
            "requestBody": {"required": True, "content": {"application/json": result}},
            "responses": {
                "200": {"description": "x", "content": {"application/json": result}},
                "400": {"description": "x", "content": {
                    "application/json": {"schema": {"$ref": "#/components/schemas/E"}}}},
            },
        }}},
        "components": {"schemas": {"S": schema, "C": choice, "E": refusal}},
    }  # fmt: skip


def outline(text: str) -> list[str]:
    """The tokens of Rust source, whatever its names, texts, comments and line breaks are."""
    # Without an end of the line, where rustfmt would put an arm of a match into a block.
    options = ["--edition", "2021", "--config", "max_width=100000,use_small_heuristics=Max"]
    text = subprocess.run(
        ["rustfmt", *options], input=text, capture_output=True, text=True, check=True
    ).stdout
    tokens: list[str] = []
    for comment, literal, word, other in re.findall(
        r"(//.*)|(\"(?:[^\"\\]|\\.)*\")|([A-Za-z_]\w*)|(\S)", text, re.ASCII
    ):
        if other in (")", "]", "}") and tokens and tokens[-1] == ",":
            tokens.pop()
        if not comment:
            tokens.append("text" if literal else "name" if word else other)
    return tokens


def outlines(files: dict[str, str]) -> dict[str, list[str]]:
    # The other files hold no name or text of a document but in their first comment, and are all the same.
    holding = ("client", "document", "models", "operations", "wire")
    return {
        path: outline(text) if Path(path).stem in holding else [re.sub("(//!.*\n)+", "", text, count=1)]
        for path, text in files.items()
        if path.endswith(".rs")
    }


many_texts = st.lists(st.lists(hostile, min_size=_TEXTS, max_size=_TEXTS), min_size=4, max_size=4)


# Not shrunk: each example is several clients. The same ones each time.
@settings(max_examples=6, deadline=None, database=None, phases=[Phase.generate], derandomize=True)
@given(many_texts)
def test_no_text_of_a_document_becomes_code(many: list[list[str]]) -> None:
    """Whatever a document says: the same tokens, and no hidden character."""
    harmless = outlines(rust_client(document_of(poisoned(["a"] * _TEXTS))))
    clients = [rust_client(document_of(poisoned(texts))) for texts in many]
    for number, files in enumerate(clients):
        assert outlines(files) == harmless, many[number]
        for path, text in files.items():
            assert not re.search("[\u202a-\u202e\u2066-\u2069\u2028\0]", text), path
