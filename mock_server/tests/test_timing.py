"""Rule Q2: the response time does not reveal how close a guess was. In process, without sockets."""

import hmac
import statistics
import time

import yaml

import stepup_spec
from stepup_mock import totp
from stepup_mock.feed import Feed
from stepup_mock.inbox import Inbox
from stepup_mock.sqlite_store import SqliteStore
from stepup_mock.step_up import InvalidField, StepUp, Totp
from stepup_mock.store import Terms

SECRET = b"12345678901234567890"
USER = "31c41c16-c281-44ae-9602-8a047e3bf33d"


def welch(one, other):
    """Return Welch's t of two samples."""
    variance = statistics.variance(one) / len(one) + statistics.variance(other) / len(other)
    return (statistics.fmean(one) - statistics.fmean(other)) / variance**0.5


def samples_of_the_rule():
    """Return how many samples the method of rule Q2 takes."""
    catalogue = yaml.safe_load(stepup_spec.find(stepup_spec.RULES).read_text(encoding="utf-8"))
    return next(r for g in catalogue["groups"] for r in g["rules"] if r["id"] == "Q2")["figures"]["samples"]


ROUNDS = samples_of_the_rule()


def interleaved(calls, rounds=ROUNDS):
    """Time the calls in turn; return their durations without the slowest tenth, the machine's own."""
    samples = [[] for _ in calls]
    for _ in range(rounds):
        for call, sample in zip(calls, samples, strict=True):
            started = time.perf_counter_ns()
            call()
            sample.append(time.perf_counter_ns() - started)
    return [sorted(sample)[: rounds * 9 // 10] for sample in samples]


def test_codes_take_the_same_time():
    """A code that shares five digits with a valid one takes as long as one that shares none."""
    steps = range(40, 43)
    live = {totp.code_at(SECRET, step) for step in steps}
    near = totp.code_at(SECRET, 41)[:5]
    near += next(digit for digit in "0123456789" if near + digit not in live)
    far = "".join(str((int(digit) + 5) % 10) for digit in near)
    assert far not in live
    one, other = interleaved(
        [lambda: totp.matching_step(SECRET, near, steps), lambda: totp.matching_step(SECRET, far, steps)]
    )
    # Nanoseconds, or no more than noise.
    assert abs(welch(one, other)) < 10 or abs(statistics.fmean(one) - statistics.fmean(other)) < 100


def test_unknown_and_foreign_grants_take_the_same_time():
    """A grant of another user is rejected as fast as one that never was."""
    domain = StepUp(SqliteStore(), Inbox(Feed()))
    domain.put_user("test", USER, Totp(SECRET))
    terms = Terms("A", one_time=False, valid_for_seconds=9999)
    grant = domain.verify_totp("test", USER, totp.code_at(SECRET, 2), terms, at=60)

    def refused(user_id, grant):
        def call():
            try:
                domain.verify_grant("test", user_id, "A", grant, at=61)
            except InvalidField:
                return
            raise AssertionError("verified")

        return call

    near = grant[:-1] + ("0" if grant[-1] != "0" else "1")
    foreign, unknown, almost = interleaved(
        [refused("0" * 36, grant), refused(USER, "f" * 64), refused(USER, near)], rounds=3000
    )
    medians = [statistics.median(sample) for sample in (foreign, unknown, almost)]
    assert max(medians) < 1.25 * min(medians)


def test_comparisons_are_constant_time(monkeypatch):
    """Codes are compared by hmac.compare_digest, for every candidate step, also after a match."""
    compared = []
    real = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda one, other: compared.append(one) or real(one, other))
    assert totp.matching_step(SECRET, totp.code_at(SECRET, 40), range(40, 43)) == 40
    assert len(compared) == 3
