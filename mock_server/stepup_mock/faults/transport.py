"""Faults of H1-H4, Q1 and Q3: status, headers, envelope, and what leaks."""

import re
import sys
from collections.abc import Callable
from typing import Any

import orjson

from stepup_mock import responses
from stepup_mock.access import Access
from stepup_mock.faults import Seams, fault
from stepup_mock.faults.tools import (
    current_scope,
    track_documents,
    track_requests,
    with_changes,
    without_header,
)
from stepup_mock.http_request import operation_of
from stepup_mock.responses import ApiResponse


def _change_all(seams: Seams, change: Callable[[ApiResponse], ApiResponse]) -> None:
    """Send what ``change`` makes of each response of the product API."""

    @seams.replace(seams.api.respond)
    async def _(original: Any, *which: Any) -> ApiResponse:
        return change(await original(*which))


def _change_successes(seams: Seams, change: Callable[[ApiResponse], ApiResponse]) -> None:
    _change_all(seams, lambda response: change(response) if response.status == 200 else response)


def _change_errors(seams: Seams, change: Callable[[ApiResponse], ApiResponse]) -> None:
    _change_all(seams, lambda response: change(response) if response.status >= 400 else response)


@fault("A success is 201.")
def h1_created(seams: Seams) -> None:
    _change_successes(seams, lambda response: with_changes(response, status=201))


@fault("A success is sent as plain text.")
def h1_text_plain(seams: Seams) -> None:
    _change_successes(seams, lambda response: with_changes(response, media_type=b"text/plain"))


@fault("Keys are in camel case.")
def h1_camel_case(seams: Seams) -> None:
    def camel(response: ApiResponse) -> ApiResponse:
        text = re.sub(r'_([a-z])(?=[a-z_]*":)', lambda match: match[1].upper(), response.body.decode())
        return with_changes(response, lambda _: orjson.loads(text))

    _change_successes(seams, camel)


@fault("A success may be cached.")
def h2_cacheable(seams: Seams) -> None:
    _change_successes(seams, lambda response: without_header(response, b"cache-control"))


@fault("Every web page may call the API.")
def h3_cors(seams: Seams) -> None:
    _change_all(
        seams,
        lambda response: with_changes(response, extra_headers=((b"access-control-allow-origin", b"*"),)),
    )


@fault("A 405 does not name the allowed methods.")
def h3_no_allow(seams: Seams) -> None:
    _change_all(
        seams, lambda response: without_header(response, b"allow") if response.status == 405 else response
    )


@fault("PUT and PATCH are accepted as POST.")
def h3_any_method(seams: Seams) -> None:
    @seams.replace(seams.api.respond)
    async def _(original: Any, scope: Any, operation_id: Any, headers: Any, receive: Any) -> ApiResponse:
        if scope["method"] in ("PUT", "PATCH"):
            operation_id = operation_of("POST", scope["raw_path"])
        response: ApiResponse = await original(scope, operation_id, headers, receive)
        return response


@fault("Errors are sent as application/problem+json.")
def h4_problem_json(seams: Seams) -> None:
    def problem(response: ApiResponse) -> ApiResponse:
        document = {"type": "about:blank", "title": response.outcome, "status": response.status}
        return with_changes(response, lambda _: document, media_type=b"application/problem+json")

    _change_errors(seams, problem)


@fault("Errors have no error_code.")
def h4_no_error_code(seams: Seams) -> None:
    _change_errors(
        seams, lambda response: with_changes(response, lambda document: {"error": document["error_code"]})
    )


@fault("Errors have no user_facing_error.")
def h4_no_sentence(seams: Seams) -> None:
    def silent(document: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in document.items() if name != "user_facing_error"}

    _change_errors(seams, lambda response: with_changes(response, silent))


@fault("The error for a code repeats it.")
def q1_code_echoed(seams: Seams) -> None:
    sent = track_documents(seams)

    def echo(response: ApiResponse) -> ApiResponse:
        if not isinstance(sent.get("code"), str) or response.status != 400:
            return response
        sentence = f"The code {sent['code']} is not correct."
        return with_changes(response, lambda document: document | {"user_facing_error": sentence})

    @seams.replace(seams.api.perform)
    def _(original: Any, *which: Any) -> ApiResponse:
        return echo(original(*which))


@fault("A header of each response holds the API key.")
def q1_key_in_header(seams: Seams) -> None:
    track_requests(seams)

    def show(response: ApiResponse) -> ApiResponse:
        _, _, key = current_scope.get()["headers_by_name"].get(b"authorization", b"").partition(b" ")
        return with_changes(response, extra_headers=((b"x-caller", key),)) if key else response

    _change_all(seams, show)


@fault("The response to a grant verification repeats the grant.")
def q1_grant_in_answer(seams: Seams) -> None:
    @seams.replace(seams.api.perform)
    def _(original: Any, operation_id: str, access: Access, fields: dict[str, Any], at: float) -> ApiResponse:
        response: ApiResponse = original(operation_id, access, fields, at)
        if operation_id != "verifyStepUpGrant":
            return response
        return with_changes(response, lambda document: document | {"grant": fields["grant"]})


def _record(seams: Seams, change: Callable[[list[Any]], list[list[Any]]]) -> None:
    """Leave the events that ``change`` makes of one: at, operation, user, action and outcome."""

    @seams.replace(seams.audit.record)
    def _(original: Any, *event: Any) -> None:
        for recorded in change(list(event)):
            original(*recorded)


@fault("Audit events hold the submitted code.")
def q1_code_in_events(seams: Seams) -> None:
    sent = track_documents(seams)
    _record(seams, lambda event: [[*event[:3], f"{event[3]} {sent.get('code')}", event[4]]])


@fault("Bodies are written to the log.")
def q1_body_in_log(seams: Seams) -> None:
    @seams.replace(seams.api.parse)
    def _(original: Any, body: bytes) -> Any:
        print("request body:", body.decode(errors="replace"), file=sys.stderr, flush=True)
        return original(body)


@fault("Only successes leave an audit event.")
def q3_failures_unrecorded(seams: Seams) -> None:
    _record(seams, lambda event: [event] if event[4] == "success" else [])


@fault("A request with invalid fields leaves no audit event.")
def q3_refused_fields_unrecorded(seams: Seams) -> None:
    _record(seams, lambda event: [] if event[2] is None or event[3] is None else [event])


@fault("Each attempt leaves two audit events.")
def q3_recorded_twice(seams: Seams) -> None:
    _record(seams, lambda event: [event, event])


@fault("Every audit event says success.")
def q3_always_success(seams: Seams) -> None:
    _record(seams, lambda event: [[*event[:4], responses.VERIFIED.outcome]])
