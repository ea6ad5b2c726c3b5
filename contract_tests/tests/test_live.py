"""A server that others use: nothing without permission, and never more than was allowed."""

import asyncio
import json
import socket
from collections.abc import Callable
from dataclasses import replace

import pytest

from stepup_contract.report import Report
from stepup_contract.server.budget import Budget, BudgetSpent, NotAllowed, is_loopback
from stepup_contract.server.connect import TargetError
from stepup_contract.server.target import Http, Request, Target
from stepup_contract.suite import Options, judge

Raw = Callable[[Callable[[socket.socket], None]], str]


def test_a_live_server_gets_nothing_without_permission(raw_server: Raw) -> None:
    """Neither without the permission nor for a host that is not allowed does one connection arrive; with
    both, requests do.
    """
    arrived: list[bytes] = []
    url = raw_server(lambda connection: arrived.append(connection.recv(9999)))
    production = Target(url, "key", called_live=True)
    for target, problem in (
        (production, "is a live server"),
        (replace(production, permitted=True), "is not an allowed host"),
        (replace(production, permitted=True, allow_hosts=("other.test",)), "is not an allowed host"),
        (replace(production, allow_hosts=("127.0.0.1",)), "is a live server"),
    ):
        with pytest.raises(TargetError, match=problem):
            asyncio.run(judge(target, Options(workflows=True, state_machine=True)))
    assert arrived == []
    allowed = replace(production, permitted=True, allow_hosts=("127.0.0.1",))
    with pytest.raises(TargetError):
        asyncio.run(judge(allowed, Options()))
    assert arrived


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("http://127.0.0.1:1", True),
        ("http://[::1]", True),
        ("http://localhost:8765", True),
        ("http://127.0.0.1.evil.test", False),
        ("http://localhost.evil.test", False),
        ("http://10.0.0.1", False),
        ("https://auth.example.com", False),
    ],
)
def test_what_is_not_this_machine_is_live(url: str, own: bool) -> None:
    """Only a loopback address, or a name reserved for it, is nobody else's."""
    assert is_loopback(url) is own
    assert Target(url, "key").live is not own
    assert Target("http://127.0.0.1", "key", url, "control").live is not own


def live(target: Target, **settings: object) -> Target:
    """Return a target that is called live and may be judged."""
    return replace(target, called_live=True, permitted=True, allow_hosts=("127.0.0.1",), **settings)  # type: ignore[arg-type]


def test_dangerous_rules_need_their_own_permission(
    other_make: Callable[..., Target], judged: Callable[..., Report]
) -> None:
    """Rules that lock users or send text messages are left out of a live run until they are allowed, and
    those for mocks always.
    """
    target = other_make()
    report = judged(live(target), "E1", "R1", "S1", "S9")
    reasons = {result.rule.id: result.reason for result in report.results.rules}
    assert [result.rule.id for result in report.results.rules if result.requests] == ["E1"]
    assert "--allow-lockout" in reasons["R1"]
    assert "--allow-sms" in reasons["S1"]
    assert "not judged on a live server" in reasons["S9"]
    assert report.responses["sendSmsMfaCode", 200] == 0
    allowed = judged(live(target, allow_sms=True, budget=Budget(sms=50)), "S1")
    assert [result.outcome for result in allowed.results.rules] == ["passed"]


def test_a_spent_budget_ends_the_run_with_what_was_learnt(
    other_make: Callable[..., Target], judged: Callable[..., Report]
) -> None:
    """No request goes beyond the budget; the rules that were checked before keep their verdict, and the run
    exits with 2.
    """
    budget = Budget(requests=60)
    report = judged(live(other_make(), budget=budget), "E", "T")
    assert report.results.stopped == "the budget of 60 requests is spent"
    assert report.exit_code == 2
    assert report.requests == budget.spent["requests"] == 60
    outcomes = {result.outcome for result in report.results.rules}
    assert {"passed", "not_exercised"} <= outcomes


def test_grants_and_wrong_codes_are_counted_by_their_answers(
    other_make: Callable[..., Target], judged: Callable[..., Report]
) -> None:
    """What was spent is what the server gave: grants for right codes, failures for wrong ones."""
    # Enough for all: a run that is cut short gives up requests whose cost then counts without a response.
    budget = Budget(failures=500, grants=500)
    report = judged(live(other_make(), budget=budget), "T1", "T3")
    assert report.results.stopped == ""
    assert budget.spent["grants"] == report.responses["verifyStepUpTotpChallenge", 200] > 0
    assert 0 < budget.spent["failures"] <= report.responses["verifyStepUpTotpChallenge", 400]
    few = Budget(grants=1)
    stopped = judged(live(other_make(), budget=few), "T1", "T3")
    assert stopped.responses["verifyStepUpTotpChallenge", 200] <= 1
    assert "grants is spent" in stopped.results.stopped


def send(url: str, budget: Budget, *documents: object) -> Http:
    """Send text message requests with a budget, one after the other."""
    target = live(Target(url, "key"))

    async def run() -> Http:
        async with Http(url, target, target.redactor()) as http:
            http.spend_from(budget)
            for document in documents:
                content = json.dumps(document).encode()
                key = ("Authorization", "Bearer key")
                await http.send(Request("sendSmsMfaCode", "POST", "/x", (key,), content))
            return http

    return asyncio.run(run())


def answering(status: str, *headers: str) -> Callable[[socket.socket], None]:
    """Return a server that gives one response to everything."""
    head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status}", "Content-Length: 2", *headers))

    def response(connection: socket.socket) -> None:
        while connection.recv(9999):
            connection.sendall(f"{head}\r\n{{}}".encode())

    return response


SMS = {"user_id": "u", "mfa_phone_id": "p"}


def test_a_text_message_beyond_the_budget_is_not_sent(raw_server: Raw) -> None:
    """The budget holds for the request that would break it, and none at all means none."""
    url = raw_server(answering("200 OK"))
    budget = Budget(sms=2)
    with pytest.raises(BudgetSpent, match="2 text messages"):
        send(url, budget, SMS, SMS, SMS)
    assert (budget.spent["sms"], budget.spent["requests"]) == (2, 2)
    with pytest.raises(NotAllowed):
        send(url, Budget(), SMS)


def test_a_live_server_is_left_alone_as_long_as_it_asks(raw_server: Raw) -> None:
    """A short Retry-After is waited out, a long one ends the run."""
    import time

    started = time.monotonic()
    send(raw_server(answering("429 Slow", "Retry-After: 1")), Budget(sms=9), SMS, SMS)
    assert time.monotonic() - started >= 1
    with pytest.raises(BudgetSpent, match="left alone for 3600 s"):
        send(raw_server(answering("429 Slow", "Retry-After: 3600")), Budget(sms=9), SMS, SMS)
