"""The generated Python client against a server that answers as told, synchronous and asynchronous alike."""

import io
import json
import logging
import pickle
import subprocess
import sys
import time
import traceback
import uuid
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

import stepup_spec
from stepup_generator.languages.python.names import Python
from stepup_generator.openapi.model import Operation, plain
from stepup_generator.openapi.read import read

Call = Callable[..., Any]
Answer = Callable[..., bytes]

API = read(stepup_spec.find(stepup_spec.OPENAPI))
USER = "31c41c16-c281-44ae-9602-8a047e3bf33d"
GRANT = {"action_type": "SENSITIVE_ACTION", "user_id": USER, "grant": "canary-grant-77"}
REFUSAL = '{"error_code": "user_not_found", "user_facing_error": "This user was not found."}'


def inputs(operation: Operation) -> tuple[str, dict[str, Any]]:
    """The method of an operation and the arguments of its example."""
    body = operation.request_body
    arguments = {item.name: plain(item.examples[0].value) for item in operation.parameters}
    if body is not None:
        arguments |= plain(body.examples[0].value)  # type: ignore[operator]
    return Python().member(operation.id), arguments


def invoke(client: Call, operation: Operation) -> Any:
    name, arguments = inputs(operation)
    if operation.only_path_parameter is not None:
        return client(name, *arguments.values())
    return client(name, **arguments)


def success(operation: Operation) -> dict[str, Any]:
    """The body that the document shows for a success."""
    return dict(plain(operation.successes[0].examples[0].value))  # type: ignore[call-overload]


def broken_bodies(operation: Operation) -> dict[str, dict[str, Any] | list[Any] | None]:
    """The body of a success with one thing wrong in it."""
    good = success(operation)
    broken: dict[str, Any] = {"null": None, "array": [good], "empty object": {}}
    for name in good:
        for label, value in (("1", 1), ("text", "true"), ("false", False), ("null", None), ("list", [])):
            # Null is a user without a factor; a text is a fine grant.
            schema = API.resolve(API.resolve(operation.successes[0].schema).properties[0].schema)  # type: ignore[arg-type]
            nullable = API.resolve(operation.successes[0].schema).properties[0].schema.nullable  # type: ignore[arg-type]
            if (value is None and nullable) or (isinstance(value, str) and schema.kind == "string"):
                continue
            broken[f"{name} {label}"] = {**good, name: value}
        broken[f"{name} missing"] = {key: item for key, item in good.items() if key != name}
        if isinstance(good[name], str):
            broken[f"{name} empty"] = {**good, name: ""}
    return broken


@pytest.fixture(params=[item.id for item in API.operations])
def operation(request: pytest.FixtureRequest) -> Operation:
    return API.operation(request.param)


def test_each_example_is_understood(client: Call, server: Any, answer: Answer, operation: Operation) -> None:
    """Every success that the document shows becomes a result of the type of its schema."""
    for example in operation.successes[0].examples:
        server.script(answer(200, json.dumps(plain(example.value))))
        result = invoke(client, operation)
        assert type(result).__name__ == operation.successes[0].schema.reference
        assert len(server.requests) == 1


def test_nothing_else_is_a_success(
    client: Call, server: Any, answer: Answer, operation: Operation, package: ModuleType
) -> None:
    """Whatever is not exactly the documented answer raises, and says so without quoting the answer."""
    good = json.dumps(success(operation))
    wrong = {
        "201": answer(201, good),
        "202 empty": answer(202),
        "204": answer(204),
        "206": answer(206, good),
        "302": answer(302, good, Location="/elsewhere"),
        "304": answer(304),
        "418": answer(418, good),
        "418 html": answer(418, "<html>", "text/html"),
        "599": answer(599, good),
        "empty": answer(200),
        "html": answer(200, "<html>yes</html>", "text/html"),
        "json as text": answer(200, good, "text/plain"),
        "json of another type": answer(200, good, "application/problem+json"),
        "no media type": answer(200, good, ""),
        "truncated": answer(200, good[:-1]),
        "cut off": answer(200, good).replace(b"Content-Length: ", b"Content-Length: 9"),
        "trailing": answer(200, good + "x"),
        "nan": answer(200, good[:-1] + ', "x": NaN}'),
        "duplicate key": answer(200, good[:-1] + "," + good[1:]),
        "deep": answer(200, "[" * 100_000),
        "not utf-8": answer(200, good.encode().replace(b"{", b'{"x": "\xff", ', 1)),
        "utf-16": answer(200, good.encode("utf-16")),
        "huge": answer(200, good[:-1] + ', "x": "' + "x" * 1_100_000 + '"}'),
        "garbage": b"not http at all\r\n\r\n",
    }
    wrong |= {label: answer(200, json.dumps(body)) for label, body in broken_bodies(operation).items()}
    for label, raw in wrong.items():
        server.script(raw)
        with pytest.raises(package.StepUpMfaError) as caught:
            invoke(client, operation)
        assert isinstance(caught.value, (package.UnexpectedAnswerError, package.NoAnswerError)), label
        if isinstance(caught.value, package.UnexpectedAnswerError):
            assert caught.value.status == int(raw.split()[1]), label
    server.script(answer(200, good))
    assert invoke(client, operation) is not None


def test_refusals_have_types(
    client: Call, server: Any, answer: Answer, operation: Operation, package: ModuleType
) -> None:
    """Each documented refusal raises the error named after its schema, with status, request id and wait."""
    for response in operation.errors:
        for example in response.examples:
            body = plain(example.value)
            server.script(
                answer(int(response.status), json.dumps(body), X_Request_Id="req_1", Retry_After="7")
            )
            with pytest.raises(package.ApiError) as caught:
                invoke(client, operation)
            names = {item.name for item in API.variants(response.schema)}  # type: ignore[arg-type]
            assert type(caught.value).__name__ in names
            error = caught.value
            assert (error.status, error.request_id, error.retry_after) == (int(response.status), "req_1", 7.0)
            assert error.error_code == body["error_code"]
            assert error.field_errors == body.get("field_errors", {})
            assert error.body == body
            assert "req_1" in str(error)
            assert pickle.loads(pickle.dumps(error)).status == error.status


def test_field_errors_are_found_under_their_old_name(
    client: Call, server: Any, answer: Answer, package: ModuleType
) -> None:
    """A property that repeats another, by the document's word, stands in where the other is missing."""
    for other in ("", ', "field_errors": {}'):
        body = f'{{"error_code": "invalid_request_fields", "field_to_errors": {{"grant": "x"}}{other}}}'
        server.script(answer(400, body))
        with pytest.raises(package.InvalidRequestFieldsError) as caught:
            client("verify_step_up_grant", **GRANT)
        assert caught.value.field_errors == {"grant": "x"}


def test_an_unknown_refusal_keeps_its_code(
    client: Call, server: Any, answer: Answer, package: ModuleType
) -> None:
    """A code of a newer API raises ApiError itself, and the code can be read."""
    server.script(
        answer(409, '{"error_code": "brand_new", "field_errors": {"grant": ["x"], "user_id": "y"}}')
    )
    with pytest.raises(package.ApiError) as caught:
        client("verify_step_up_grant", **GRANT)
    assert type(caught.value) is package.ApiError
    assert (caught.value.error_code, caught.value.field_errors) == ("brand_new", {"user_id": "y"})


def test_an_error_page_keeps_its_status(
    client: Call, server: Any, answer: Answer, package: ModuleType
) -> None:
    """A proxy's page raises with its status and wait, whatever the number."""
    for status in (401, 429, 500, 503, 520, 599):
        server.script(answer(status, "<html>", "text/html", Retry_After="30"))
        with pytest.raises(package.UnexpectedAnswerError) as caught:
            client("verify_step_up_grant", **GRANT)
        assert (caught.value.status, caught.value.retry_after) == (status, 30.0)
        assert len(server.requests) == 1


def test_news_does_no_harm(client: Call, server: Any, answer: Answer, package: ModuleType) -> None:
    """Unknown fields are let through, and an unknown variant stays readable."""
    server.script(answer(200, '{"mfa_setup": {"type": "Passkey", "x": 1}, "more": true}'))
    setup = client("fetch_user_mfa_methods", USER).mfa_setup
    assert isinstance(setup, package.UnknownMfa)
    assert (setup.type, setup.raw["x"]) == ("Passkey", 1)
    server.script(answer(200, '{"success": true, "more": {}}', "Application/JSON; charset=utf-8"))
    assert client("verify_step_up_grant", **GRANT).success is True


def test_single_use_calls_are_sent_once(
    client: Call, server: Any, answer: Answer, operation: Operation, package: ModuleType
) -> None:
    """Dropped after sending, or answered 500, 503 or 429: only a repeatable operation is sent again."""
    good = answer(200, json.dumps(success(operation)))
    for failure in (None, answer(500), answer(503), answer(429, REFUSAL, Retry_After="0")):
        server.script(failure, failure, good)
        if operation.repeatable:
            assert invoke(client, operation) is not None
            assert len(server.requests) == 3
        else:
            with pytest.raises(package.StepUpMfaError):
                invoke(client, operation)
            assert len(server.requests) == 1


def test_a_long_wait_is_not_waited_out(
    client: Call, server: Any, answer: Answer, package: ModuleType
) -> None:
    """After a 429 with more than five seconds to wait even a lookup raises at once, with the wait."""
    body = '{"error_code": "rate_limited"}'
    server.script(answer(429, body, Retry_After="6"), answer(200, '{"mfa_setup": null}'))
    with pytest.raises(package.RateLimitedError) as caught:
        client("fetch_user_mfa_methods", USER)
    assert (caught.value.retry_after, len(server.requests)) == (6.0, 1)


def test_a_connection_never_made_says_so(package: ModuleType) -> None:
    """Where nothing listens, the error says that nothing was sent, after trying again."""
    auth = package.StepUpMfa("http://127.0.0.1:9", "key")
    with auth, pytest.raises(package.NotSentError, match="not sent"):
        auth.verify_step_up_grant(**GRANT)


def test_a_uuid_is_checked_before_sending(
    client: Call, server: Any, answer: Answer, package: ModuleType
) -> None:
    """An ID that is not a UUID is rejected before sending; UUID objects are accepted."""
    server.script(answer(404, REFUSAL))
    for value in ("", "..", "../org/abc", USER + "/..", USER[:-1], f"{{{USER}}}", USER + "\n"):
        with pytest.raises(package.InvalidArgumentError, match="user_id: expected a UUID"):
            client("fetch_user_mfa_methods", value)
    assert server.requests == []
    for value in (USER, USER.upper(), uuid.UUID(USER)):
        with pytest.raises(package.UserNotFoundError):
            client("fetch_user_mfa_methods", value)
        assert str(value).encode() in server.requests[-1].split(b"\r\n")[0]


def test_arguments_are_checked_before_sending(
    client: Call, server: Any, answer: Answer, package: ModuleType
) -> None:
    """What the API bounds is refused at once, every argument with what was expected, and nothing is sent."""
    server.script(answer(500))
    with pytest.raises(package.InvalidArgumentError) as caught:
        client(
            "verify_step_up_totp_challenge",
            action_type="", user_id=None, code="x" * 17, grant_type="ALWAYS", valid_for_seconds=True,
        )  # fmt: skip
    assert set(caught.value.problems) == {"action_type", "user_id", "code", "grant_type", "valid_for_seconds"}
    assert "TIME_BASED" in caught.value.problems["grant_type"]
    with pytest.raises(package.InvalidArgumentError, match="UTF-8"):
        client("verify_step_up_grant", **{**GRANT, "grant": "\ud800"})
    assert server.requests == []


def test_requests_are_what_the_document_says(
    client: Call, server: Any, answer: Answer, operation: Operation
) -> None:
    """Method, path, key, body and headers go out as documented."""
    server.script(answer(200, json.dumps(success(operation))))
    invoke(client, operation)
    _, arguments = inputs(operation)
    head, _, body = server.requests[0].decode().partition("\r\n\r\n")
    lines = head.split("\r\n")
    path = operation.path.replace("{user_id}", USER)
    assert lines[0] == f"{operation.method.upper()} {path} HTTP/1.1"
    headers = {key.lower(): value for key, _, value in (line.partition(": ") for line in lines[1:])}
    assert headers["authorization"] == "Bearer canary-key-5f1d0c"
    assert headers["accept"] == "application/json"
    assert headers["user-agent"].startswith("stepup-mfa-client/")
    if operation.request_body is not None:
        assert headers["content-type"] == "application/json"
        assert json.loads(body) == arguments


def canaries(operation: Operation) -> list[str]:
    """The secrets of a call and of its answers."""
    _, arguments = inputs(operation)
    body = operation.request_body
    properties = API.resolve(body.schema).properties if body else ()
    answered = API.resolve(operation.successes[0].schema).properties  # type: ignore[arg-type]
    secrets = [str(arguments[item.name]) for item in properties if item.secret]
    return [
        *secrets,
        *(str(success(operation)[item.name]) for item in answered if item.secret),
        "canary-key-5f1d0c",
    ]


def test_secrets_are_shown_nowhere(  # noqa: PLR0917
    client: Call, server: Any, answer: Answer, operation: Operation, package: ModuleType, caplog: Any
) -> None:
    """No secret is in a repr, a log line, or a traceback that shows the variables of its frames."""
    caplog.set_level(logging.DEBUG)
    secret = canaries(operation)
    seen = io.StringIO()
    server.script(answer(200, json.dumps(success(operation))))
    print(repr(invoke(client, operation)), file=seen)
    echo = json.dumps({"error_code": secret[0], "field_errors": {secret[0]: secret[-1]}})
    good = json.dumps(success(operation))
    for raw in (
        None,
        answer(400, echo),
        answer(201, good),
        answer(200, good[:-1]),
        answer(302),
    ):
        server.script(raw)
        with pytest.raises(package.StepUpMfaError) as caught:
            invoke(client, operation)
        captured = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        for frame in captured.stack:
            # The frames of this file hold the secrets themselves.
            if frame.filename != __file__ and "conftest" not in frame.filename:
                print(frame.filename, frame.locals, file=seen)
        print(repr(caught.value), str(caught.value), caught.value.__cause__, file=seen)
        assert caught.value.__context__ is None
    print(caplog.text, file=seen)
    assert len(seen.getvalue()) > 1000
    for value in secret:
        assert value not in seen.getvalue()


def test_settings_are_checked(package: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Address and key come from the environment when not given; malformed ones are refused unseen."""
    for name in ("STEPUP_MFA_AUTH_URL", "STEPUP_MFA_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(package.InvalidArgumentError, match="STEPUP_MFA_AUTH_URL") as caught:
        package.StepUpMfa()
    assert set(caught.value.problems) == {"auth_url", "api_key"}
    for bad in ("auth.example.com", "ftp://x", "http://u:p@x", "http://x?a=b", "http://"):
        with pytest.raises(package.InvalidArgumentError):
            package.StepUpMfa(bad, "key")
    for bad in ("canary key", "canary\nkey", "canary\u00e9"):
        with pytest.raises(package.InvalidArgumentError) as caught:
            package.StepUpMfa("http://127.0.0.1", bad)
        assert "canary" not in "".join(traceback.TracebackException.from_exception(caught.value).format())
    for options in (
        {"timeout": 0},
        {"retries": -1},
        {"headers": {"Authorization": "x"}},
        {"headers": {"a": "\r\n"}},
    ):
        with pytest.raises(package.InvalidArgumentError):
            package.StepUpMfa("http://127.0.0.1", "key", **options)
    monkeypatch.setenv("STEPUP_MFA_AUTH_URL", "http://127.0.0.1/")
    monkeypatch.setenv("STEPUP_MFA_API_KEY", "canary-key")
    with package.StepUpMfa() as auth:
        assert repr(auth) == "StepUpMfa(auth_url='http://127.0.0.1', api_key=***)"


def test_your_own_http_client_is_used_safely(package: ModuleType, server: Any, answer: Answer) -> None:
    """A client of the caller's stays open, and its redirects and authentication do not come into play."""
    with httpx.Client(follow_redirects=True, auth=("u", "p"), headers={"X-Mine": "1"}) as mine:
        with package.StepUpMfa(server.url, "key", http_client=mine, headers={"X-More": "2"}) as auth:
            server.script(answer(302, Location=server.url + "/elsewhere"))
            with pytest.raises(package.UnexpectedAnswerError, match="redirects"):
                auth.verify_step_up_grant(**GRANT)
        request = server.requests[0].lower()
        assert len(server.requests) == 1
        assert b"authorization: bearer key\r\n" in request
        assert b"x-mine: 1\r\n" in request
        assert b"x-more: 2\r\n" in request
        assert not mine.is_closed


def test_event_hooks_see_every_request(package: ModuleType, server: Any, answer: Answer) -> None:
    """Hooks are called with the whole request and with the answer, and belong to one client only."""
    seen: list[str] = []
    hooks = {
        "request": [lambda request: seen.append(f"{request.method} {request.content.decode()}")],
        "response": [lambda response: seen.append(str(response.status_code))],
    }
    server.script(answer(200, '{"success": true}'))
    with package.StepUpMfa(server.url, "key", event_hooks=hooks) as auth:
        auth.verify_step_up_grant(**GRANT)
    assert seen == ["POST " + json.dumps(GRANT, separators=(",", ":")), "200"]
    with httpx.Client() as mine, pytest.raises(package.InvalidArgumentError, match="event_hooks"):
        package.StepUpMfa(server.url, "key", event_hooks=hooks, http_client=mine)


def test_raw_responses_are_collected(client: Call, server: Any, answer: Answer, package: ModuleType) -> None:
    """A block collects the answers of its calls, of failed tries and of refusals too, and nothing later."""
    server.script(answer(503), answer(200, '{"mfa_setup": null, "more": 1}', X_Request_Id="req_9"))
    with package.raw_responses() as answers:
        client("fetch_user_mfa_methods", USER)
        with package.raw_responses() as inner:
            server.script(answer(400, REFUSAL))
            with pytest.raises(package.UserNotFoundError):
                client("verify_step_up_grant", **GRANT)
    client_error = [item.status for item in inner]
    assert ([item.status for item in answers], client_error) == ([503, 200], [400])
    assert json.loads(answers[1].content)["more"] == 1
    assert answers[1].headers["x-request-id"] == answers[1].request_id == "req_9"
    assert repr(answers) == "[<response 503>, <response 200>]"
    with pytest.raises(package.UserNotFoundError):
        client("verify_step_up_grant", **GRANT)
    assert len(answers) + len(inner) == 3


def test_the_log_says_what_happened(client: Call, server: Any, answer: Answer, caplog: Any) -> None:
    """The package's logger has each answer with its request id at DEBUG, and each new try at INFO."""
    caplog.set_level(logging.DEBUG, "stepup_mfa_client")
    server.script(answer(503, X_Request_Id="req_1"), answer(200, '{"mfa_setup": null}'))
    client("fetch_user_mfa_methods", USER)
    lines = [
        (record.levelname, record.getMessage())
        for record in caplog.records
        if record.name == "stepup_mfa_client"
    ]
    assert [level for level, _ in lines] == ["DEBUG", "INFO", "DEBUG"]
    assert lines[0][1] == "fetch_user_mfa_methods: status 503 [request req_1]"
    assert "trying again in" in lines[1][1]
    caplog.clear()
    caplog.set_level(logging.INFO, "stepup_mfa_client")
    client("fetch_user_mfa_methods", USER)
    assert [record for record in caplog.records if record.name == "stepup_mfa_client"] == []


def test_own_headers_stand_once(package: ModuleType, server: Any, answer: Answer) -> None:
    """A header of the caller's replaces one of ours whatever its case, and cannot change the framing."""
    server.script(answer(200, '{"success": true}'))
    own = {"user-agent": "mine/1", "X-Propelauth-url": "https://auth.example.com"}
    with package.StepUpMfa(server.url, "key", headers=own) as auth:
        auth.verify_step_up_grant(**GRANT)
    names = [
        line.split(b":")[0].lower() for line in server.requests[0].split(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    ]
    assert len(names) == len(set(names))
    assert b"user-agent: mine/1\r\n" in server.requests[0].lower()
    assert b"x-propelauth-url: https://auth.example.com\r\n" in server.requests[0].lower()
    for name in ("Content-Length", "transfer-encoding"):
        with pytest.raises(package.InvalidArgumentError, match="follows from the body"):
            package.StepUpMfa(server.url, "key", headers={name: "5"})


def test_a_slow_answer_times_out(package: ModuleType) -> None:
    """A server that says nothing is given up after the timeout; the error says that the call may have run."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        started = time.monotonic()
        with (
            package.StepUpMfa(url, "key", timeout=0.2) as auth,
            pytest.raises(package.NoAnswerError) as caught,
        ):
            auth.verify_step_up_grant(**GRANT)
    assert caught.value.timed_out
    assert not isinstance(caught.value, package.NotSentError)
    assert time.monotonic() - started < 2


def test_the_client_is_clean_under_pyright(client_folder: Path, pyright: Callable[[Path], str]) -> None:
    """Nothing is found under pyright (strict), in the transport layer neither."""
    assert "0 errors, 0 warnings" in pyright(client_folder)


def test_the_client_is_clean(client_folder: Path) -> None:
    """Under mypy (strict) and ruff nothing is found, in the transport layer neither."""
    checks = (
        ["mypy", "--strict", "--cache-dir", str(client_folder.parent / "mypy"), "-p", "stepup_mfa_client"],
        ["ruff", "check", "--isolated", "--no-cache", "--select", "F,I,B,UP", "stepup_mfa_client"],
        ["ruff", "format", "--isolated", "--no-cache", "--line-length", "110", "--check", "."],
    )
    for check in checks:
        done = subprocess.run(
            [sys.executable, "-m", *check], cwd=client_folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
