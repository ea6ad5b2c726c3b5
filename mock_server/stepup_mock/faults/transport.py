"""Faults of H1-H4, Q1 and Q3: status, headers, envelope, and what leaks."""

import re
import sys
from collections.abc import Callable
from typing import Any

import orjson

from stepup_mock import answers
from stepup_mock.access import Access
from stepup_mock.answers import Answer
from stepup_mock.faults import Patient, fault
from stepup_mock.faults.tools import know_documents, know_requests, remade, request, without


def _answers(patient: Patient, make: Callable[[Answer], Answer]) -> None:
    """Send what ``make`` makes of each answer of the product API."""

    @patient.instead_of(patient.app, "_answer")
    async def _(original: Any, *which: Any) -> Answer:
        return make(await original(*which))


def _successes(patient: Patient, make: Callable[[Answer], Answer]) -> None:
    _answers(patient, lambda answer: make(answer) if answer.status == 200 else answer)


def _errors(patient: Patient, make: Callable[[Answer], Answer]) -> None:
    _answers(patient, lambda answer: make(answer) if answer.status >= 400 else answer)


@fault("h1-created", "A success is 201.")
def _(patient: Patient) -> None:
    _successes(patient, lambda answer: remade(answer, status=201))


@fault("h1-text-plain", "A success is sent as plain text.")
def _(patient: Patient) -> None:
    _successes(patient, lambda answer: remade(answer, media_type=b"text/plain"))


@fault("h1-camel-case", "Keys are written in camel case.")
def _(patient: Patient) -> None:
    def camel(answer: Answer) -> Answer:
        text = re.sub(r'_([a-z])(?=[a-z_]*":)', lambda match: match[1].upper(), answer.body.decode())
        return remade(answer, lambda _: orjson.loads(text))

    _successes(patient, camel)


@fault("h2-cacheable", "A success may be kept in a cache.")
def _(patient: Patient) -> None:
    _successes(patient, lambda answer: without(answer, b"cache-control"))


@fault("h3-cors", "Every web page may call the API.")
def _(patient: Patient) -> None:
    _answers(patient, lambda answer: remade(answer, extra=((b"access-control-allow-origin", b"*"),)))


@fault("h3-no-allow", "A 405 does not say which methods there are.")
def _(patient: Patient) -> None:
    _answers(patient, lambda answer: without(answer, b"allow") if answer.status == 405 else answer)


@fault("h3-any-method", "PUT and PATCH are taken for POST.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_answer")
    async def _(original: Any, scope: Any, operation_id: Any, headers: Any, receive: Any) -> Answer:
        from stepup_mock.app import operation_of

        if scope["method"] in ("PUT", "PATCH"):
            operation_id = operation_of("POST", scope["raw_path"])
        answer: Answer = await original(scope, operation_id, headers, receive)
        return answer


@fault("h4-problem-json", "Errors are sent as application/problem+json.")
def _(patient: Patient) -> None:
    def problem(answer: Answer) -> Answer:
        document = {"type": "about:blank", "title": answer.outcome, "status": answer.status}
        return remade(answer, lambda _: document, media_type=b"application/problem+json")

    _errors(patient, problem)


@fault("h4-no-error-code", "Errors have no error_code.")
def _(patient: Patient) -> None:
    _errors(patient, lambda answer: remade(answer, lambda document: {"error": document["error_code"]}))


@fault("h4-no-sentence", "Errors have no user_facing_error.")
def _(patient: Patient) -> None:
    def silent(document: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in document.items() if name != "user_facing_error"}

    _errors(patient, lambda answer: remade(answer, silent))


@fault("q1-code-echoed", "The refusal of a code repeats it.")
def _(patient: Patient) -> None:
    sent = know_documents(patient)

    def echo(answer: Answer) -> Answer:
        if not isinstance(sent.get("code"), str) or answer.status != 400:
            return answer
        sentence = f"The code {sent['code']} is not correct."
        return remade(answer, lambda document: document | {"user_facing_error": sentence})

    @patient.instead_of(patient.app, "_perform")
    def _(original: Any, *which: Any) -> Answer:
        return echo(original(*which))


@fault("q1-key-in-header", "A header of each answer holds the API key.")
def _(patient: Patient) -> None:
    know_requests(patient)

    def show(answer: Answer) -> Answer:
        _, _, key = request.get()["by_name"].get(b"authorization", b"").partition(b" ")
        return remade(answer, extra=((b"x-caller", key),)) if key else answer

    _answers(patient, show)


@fault("q1-grant-in-answer", "The answer to a grant repeats it.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_perform")
    def _(original: Any, operation_id: str, access: Access, fields: dict[str, Any], at: float) -> Answer:
        answer: Answer = original(operation_id, access, fields, at)
        if operation_id != "verifyStepUpGrant":
            return answer
        return remade(answer, lambda document: document | {"grant": fields["grant"]})


def _record(patient: Patient, change: Callable[[list[Any]], list[list[Any]]]) -> None:
    """Leave the events that ``change`` makes of one: at, operation, user, action and outcome."""

    @patient.instead_of(patient.mock, "record")
    def _(original: Any, *event: Any) -> None:
        for changed in change(list(event)):
            original(*changed)


@fault("q1-code-in-events", "Audit events hold the submitted code.")
def _(patient: Patient) -> None:
    sent = know_documents(patient)
    _record(patient, lambda event: [[*event[:3], f"{event[3]} {sent.get('code')}", event[4]]])


@fault("q1-body-in-log", "Bodies are written to the log.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_parse")
    def _(original: Any, body: bytes) -> Any:
        print("request body:", body.decode(errors="replace"), file=sys.stderr, flush=True)
        return original(body)


@fault("q3-failures-unrecorded", "Only successes leave an audit event.")
def _(patient: Patient) -> None:
    _record(patient, lambda event: [event] if event[4] == "success" else [])


@fault("q3-refused-fields-unrecorded", "A request whose fields are refused leaves no audit event.")
def _(patient: Patient) -> None:
    _record(patient, lambda event: [] if event[2] is None or event[3] is None else [event])


@fault("q3-recorded-twice", "Each attempt leaves two audit events.")
def _(patient: Patient) -> None:
    _record(patient, lambda event: [event, event])


@fault("q3-always-success", "Every audit event says success.")
def _(patient: Patient) -> None:
    _record(patient, lambda event: [[*event[:4], answers.VERIFIED.outcome]])
