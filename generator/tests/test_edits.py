"""What a maintainer does: edit the document, regenerate, type-check, call. Twenty edits, each of its own kind."""

# ruff: noqa: E501  (the lines of callers stay as they would be written)
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from stepup_generator.generate import update

Document = dict[str, Any]
LOOKUP = "/api/backend/v1/user/{user_id}/mfa"
GRANT = "/api/backend/v1/mfa/step-up/verify-grant"
TOTP = "/api/backend/v1/mfa/step-up/verify-totp"
USER = "31c41c16-c281-44ae-9602-8a047e3bf33d"
CALL = f'auth.verify_step_up_grant(action_type="A", user_id="{USER}", grant="live-1")'
OK = '{"success": true}'


def schemas(document: Document) -> Document:
    return document["components"]["schemas"]  # type: ignore[no-any-return]


def body(document: Document, schema: str, name: str, value: Document, required: bool = False) -> None:
    """Add a property to a schema."""
    found = schemas(document)[schema]
    found["properties"][name] = value
    if required:
        found["required"].append(name)


def rename_operation(d: Document) -> None:
    d["paths"][GRANT]["post"]["operationId"] = "redeemGrant"
    # The links of other operations lead to it.
    for item in d["paths"].values():
        for operation in item.values():
            for response in operation["responses"].values():
                for link in response.get("links", {}).values():
                    if link["operationId"] == "verifyStepUpGrant":
                        link["operationId"] = "redeemGrant"


def add_operation(d: Document) -> None:
    responses = {"204": {"description": "Gone."}, "401": {"$ref": "#/components/responses/Unauthorized"}}
    d["paths"]["/api/backend/v1/mfa/step-up/grants/{grant_id}"] = {
        "delete": {
            "operationId": "revokeGrant", "tags": ["mfa"], "security": [{"BackendApiKey": []}],
            "parameters": [{"name": "grant_id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "responses": responses,
        }
    }  # fmt: skip


def move_path(d: Document) -> None:
    d["paths"] = {path.replace("/v1/", "/v2/"): item for path, item in d["paths"].items()}


def add_query(d: Document) -> None:
    parameter = {"name": "include-phones", "in": "query", "schema": {"type": "boolean"}}
    d["paths"][LOOKUP]["get"]["parameters"].append(parameter)


def add_header(d: Document) -> None:
    parameter = {"name": "Idempotency-Key", "in": "header", "required": True, "schema": {"type": "string"}}
    d["paths"][GRANT]["post"]["parameters"] = [parameter]


def add_variant(d: Document) -> None:
    schemas(d)["PasskeyMfa"] = {
        "type": "object", "required": ["type", "keys"],
        "properties": {"type": {"const": "Passkey"}, "keys": {"type": "integer"}},
    }  # fmt: skip
    setup = schemas(d)["MfaSetup"]
    setup["oneOf"].append({"$ref": "#/components/schemas/PasskeyMfa"})
    setup["discriminator"]["mapping"]["Passkey"] = "#/components/schemas/PasskeyMfa"


def add_error(d: Document) -> None:
    code = {"type": "string", "const": "grant_frozen"}
    schemas(d)["GrantFrozenError"] = {
        "type": "object", "description": "The grant is frozen.", "required": ["error_code", "until"],
        "properties": {"error_code": code, "until": {"type": "string", "format": "date-time"}},
    }  # fmt: skip
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/GrantFrozenError"}}}
    d["paths"][GRANT]["post"]["responses"]["423"] = {"description": "Frozen.", "content": content}


def add_success(d: Document) -> None:
    schema = {"type": "object", "required": ["job"], "properties": {"job": {"type": "string"}}}
    content = {"application/json": {"schema": schema}}
    d["paths"][GRANT]["post"]["responses"]["202"] = {"description": "Later.", "content": content}


def other_key(d: Document) -> None:
    d["components"]["securitySchemes"]["BackendApiKey"] = {"type": "apiKey", "in": "header", "name": "X-Key"}


def rename_property(d: Document) -> None:
    for schema in ("VerifyTotpChallengeResponse", "VerifySmsChallengeResponse"):
        found = schemas(d)[schema]
        found["properties"]["class"] = found["properties"].pop("step_up_grant")
        found["required"] = ["class"]


def set_value(*keys: Any, value: Any) -> Callable[[Document], None]:
    def edit(d: Document) -> None:
        for key in keys[:-1]:
            d = d[key]
        d[keys[-1]] = value

    return edit


def add(schema: str, name: str, value: Document, required: bool = False) -> Callable[[Document], None]:
    return lambda d: body(d, schema, name, value, required)


REQUEST = ("components", "schemas", "VerifyStepUpGrantRequest", "properties")
SUCCESS = ("components", "schemas", "VerifyStepUpGrantResponse", "properties")

# The edit; the answers of the server; what a caller writes, printing what came of it; what is printed; what stands
# in the last request.
EDITS: dict[str, tuple[Callable[[Document], None], list[tuple[int, str]], str, str, str]] = {
    "rename an operation": (
        rename_operation, [(200, OK)], f"print({CALL.replace('verify_step_up_grant', 'redeem_grant')})",
        "VerifyStepUpGrantResponse(success=True)", "POST",
    ),
    "add an operation without an answer's body": (
        add_operation, [(204, "")], "auth.revoke_grant('a/b')", "", "DELETE /api/backend/v1/mfa/step-up/grants/a%2Fb",
    ),
    "move every path": (move_path, [(200, OK)], f"print({CALL}.success)", "True", "POST /api/backend/v2/mfa/"),
    "add a query parameter": (
        add_query, [(200, '{"mfa_setup": null}')],
        f"print(auth.fetch_user_mfa_methods(user_id='{USER}', include_phones=True).mfa_setup)", "None", "/mfa?include-phones=true",
    ),
    "add a required header": (
        add_header, [(200, OK)], f"print({CALL.replace('grant=', 'idempotency_key=chr(107), grant=')}.success)", "True",
        "idempotency-key: k",
    ),
    "add an optional request property": (
        add("VerifyStepUpGrantRequest", "device", {"type": "string", "maxLength": 3}), [(200, OK)],
        f"print({CALL.replace('grant=', 'device=chr(100), grant=')}.success)", "True", '"device":"d"',
    ),
    "add a required request property": (
        add("VerifyStepUpGrantRequest", "from", {"type": "array", "items": {"type": "integer"}}, True), [(200, OK)],
        f"print({CALL.replace('grant=', 'from_=[1, 2], grant=')}.success)", "True", '"from":[1,2]',
    ),
    "add a nested request property": (
        add("VerifyStepUpGrantRequest", "place", {"type": "object", "properties": {"ip": {"type": "string"}}}),
        [(200, OK)],
        "from stepup_mfa_client import VerifyStepUpGrantPlace\n"
        f"print({CALL.replace('grant=', 'place=VerifyStepUpGrantPlace(ip=chr(49)), grant=')}.success)",
        "True", '"place":{"ip":"1"}',
    ),
    "add an optional response property": (
        add("VerifyStepUpGrantResponse", "left", {"type": "integer"}), [(200, '{"success": true, "left": 2}')],
        f"print({CALL}.left)", "2", "POST",
    ),
    "make a response property required": (
        add("VerifyStepUpGrantResponse", "left", {"type": "integer"}, True), [(200, OK)],
        f"try: {CALL}\nexcept UnexpectedAnswerError as error: print('left: is missing' in str(error))", "True", "POST",
    ),
    "add a value to an enum": (
        lambda d: schemas(d)["GrantType"]["enum"].append("FOREVER"), [(200, '{"step_up_grant": "g"}')],
        f"print(auth.verify_step_up_totp_challenge(action_type='A', user_id='{USER}', code='1', grant_type='FOREVER', "
        "valid_for_seconds=1))", "VerifyTotpChallengeResponse(step_up_grant=***)", '"grant_type":"FOREVER"',
    ),
    "widen a bound": (
        set_value(*REQUEST, "grant", "maxLength", value=6), [(200, OK)],
        f"print({CALL}.success)\ntry: {CALL.replace('live-1', 'live-12')}\n"
        "except InvalidArgumentError as error: print(sorted(error.problems))", "True\n['grant']", '"grant":"live-1"',
    ),
    "add a variant to the union": (
        add_variant, [(200, '{"mfa_setup": {"type": "Passkey", "keys": 2}}')],
        f"print(auth.fetch_user_mfa_methods('{USER}').mfa_setup)", "PasskeyMfa(type='Passkey', keys=2)", "GET",
    ),
    "add an error": (
        add_error, [(423, '{"error_code": "grant_frozen", "until": "2026-01-01T00:00:00Z"}')],
        f"from stepup_mfa_client import GrantFrozenError\ntry: {CALL}\n"
        "except GrantFrozenError as error: print(error.until, error.status)", "2026-01-01T00:00:00Z 423", "POST",
    ),
    "add a success": (
        add_success, [(202, '{"job": "j"}')], f"print({CALL})", "VerifyStepUpGrantResponse2(job='j')", "POST",
    ),
    "allow repeating": (
        set_value("paths", GRANT, "post", "x-stepup-repeatable", value=True), [(503, ""), (200, OK)],
        f"print({CALL}.success)", "True", "POST",
    ),
    "mark a secret": (
        set_value(*REQUEST, "action_type", "x-stepup-secret", value=True), [(400, '{"error_code": "ACTION"}')],
        f"try: {CALL.replace('=' + chr(34) + 'A', '=' + chr(34) + 'ACTION')}\nexcept ApiError as error: print(error)",
        "verify_step_up_grant: status 400: ***", "POST",
    ),
    "change a constant": (
        set_value(*SUCCESS, "success", value={"type": "string", "const": "yes"}), [(200, '{"success": "yes"}')],
        f"print({CALL}.success)", "yes", "POST",
    ),
    "send the key in another header": (other_key, [(200, OK)], f"print({CALL}.success)", "True", "x-key: key"),
    "rename a property to a reserved word": (
        rename_property, [(200, '{"class": "g"}')],
        f"print(auth.verify_step_up_totp_challenge(action_type='A', user_id='{USER}', code='1', grant_type='TIME_BASED', "
        "valid_for_seconds=1).class_)", "g", "POST",
    ),
}  # fmt: skip

HEAD = """\
import sys

from stepup_mfa_client import ApiError, InvalidArgumentError, StepUpMfa, UnexpectedAnswerError

auth = StepUpMfa(sys.argv[1], "key")
"""


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_is_regenerated_typed_and_called(  # noqa: PLR0917
    name: str, spec_path: Path, tmp_path: Path, server: Any, answer: Callable[..., bytes],
    mypy_cache: Path,
) -> None:  # fmt: skip
    """The edit alone changes the client; a caller's program type-checks against it and does what it says."""
    edit, answers, program, printed, sent = EDITS[name]
    document = yaml.safe_load(spec_path.read_text(encoding="utf-8"))
    edit(document)
    edited = tmp_path / "openapi.yaml"
    edited.write_text(json.dumps(document), encoding="utf-8")
    assert update(edited, tmp_path)["python"].changed
    (tmp_path / "caller.py").write_text(HEAD + program + "\nauth.close()\n", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "python"), "MYPYPATH": str(tmp_path / "python")}

    def run(*command: str) -> str:
        done = subprocess.run(
            [sys.executable, *command], cwd=tmp_path, env=environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    run("-m", "mypy", "--strict", "--cache-dir", str(mypy_cache), "-m", "caller", "-p", "stepup_mfa_client")
    server.script(*(answer(status, text) for status, text in answers))
    assert run("caller.py", server.url) == printed
    assert sent.lower() in server.requests[-1].decode().lower()
    assert len(server.requests) == (len(answers) if name != "widen a bound" else 1)
