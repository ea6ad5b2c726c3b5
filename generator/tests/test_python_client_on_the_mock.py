"""The Python client, synchronous and asynchronous, on the mock: whole flows, refusals, broken answers."""

import asyncio
import contextvars
import uuid
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import httpx
import pytest

Call = Callable[..., Any]
_MANY = 100
TERMS = {"action_type": "SENSITIVE_ACTION", "grant_type": "ONE_TIME_USE", "valid_for_seconds": 60}


class Control:
    """The mock's control API, over HTTP like the client."""

    def __init__(self, mock: Any) -> None:
        self._http = httpx.Client(
            base_url=f"{mock.base_url}/__control__",
            headers={"Authorization": f"Bearer {mock.control_key}"},
            trust_env=False,
        )

    def close(self) -> None:
        self._http.close()

    def key(self, **options: Any) -> str:
        """An API key with less than all rights."""
        answer = self._http.post("/api-keys", json={"environment": "test", **options}).raise_for_status()
        return str(answer.json()["api_key"])

    def spoil(self, kind: str, **options: Any) -> None:
        """Let the next requests of every operation meet a fault."""
        fault = {"kind": kind, "operation_id": None, "count": _MANY, **options}
        self._http.put("/client-faults", json={"client_faults": [fault]}).raise_for_status()

    def heal(self) -> None:
        self._http.put("/client-faults", json={"client_faults": []}).raise_for_status()

    def seen(self) -> int:
        """How many requests have met the fault so far."""
        (fault,) = self._http.get("/client-faults").raise_for_status().json()["client_faults"]
        return _MANY - int(fault["count"])


@pytest.fixture
def control(stepup_mock: Any) -> Iterator[Control]:
    control = Control(stepup_mock)
    yield control
    control.close()


@pytest.fixture(params=["sync", "async"])
def make_client(
    request: pytest.FixtureRequest, package: ModuleType, stepup_mock: Any
) -> Iterator[Callable[..., Call]]:
    """Makes a function that calls an operation by name; options are those of the client."""
    with asyncio.Runner() as runner:
        opened: list[Any] = []

        def make(**options: Any) -> Call:
            kind = package.StepUpMfa if request.param == "sync" else package.AsyncStepUpMfa
            auth = kind(stepup_mock.base_url, options.pop("api_key", stepup_mock.api_key), **options)
            opened.append(auth)
            if request.param == "sync":
                return lambda name, *args, **kwargs: getattr(auth, name)(*args, **kwargs)
            return lambda name, *args, **kwargs: runner.run(
                getattr(auth, name)(*args, **kwargs), context=contextvars.copy_context()
            )

        yield make
        for auth in opened:
            auth.close() if request.param == "sync" else runner.run(auth.aclose())


@pytest.fixture
def call(make_client: Callable[..., Call]) -> Call:
    return make_client(timeout=5)


def good_calls(mock: Any, call: Call) -> dict[str, tuple[tuple[str, ...], dict[str, Any]]]:
    """Arguments that succeed once, for each operation."""
    user, other, phone_user = mock.add_totp_user(), mock.add_totp_user(), mock.add_phone_user()
    issued = call("verify_step_up_totp_challenge", user_id=other.id, code=mock.totp_code(other), **TERMS)
    phone = phone_user.phones[0]
    ids = {"user_id": phone_user.id, "mfa_phone_id": phone.mfa_phone_id}
    sent = call("send_sms_mfa_code", **ids, **TERMS)
    code = mock.last_sms(phone)
    return {
        "fetch_user_mfa_methods": ((user.id,), {}),
        "verify_step_up_totp_challenge": ((), {"user_id": user.id, "code": mock.totp_code(user), **TERMS}),
        "send_sms_mfa_code": ((), {**ids, **TERMS}),
        "verify_sms_challenge": (
            (), {"user_id": phone_user.id, "challenge_id": sent.challenge_id, "code": code},
        ),
        "verify_step_up_grant": (
            (),
            {"action_type": TERMS["action_type"], "user_id": other.id, "grant": issued.step_up_grant},
        ),
    }  # fmt: skip


OPERATIONS = (
    "fetch_user_mfa_methods", "verify_step_up_totp_challenge", "send_sms_mfa_code", "verify_sms_challenge",
    "verify_step_up_grant",
)  # fmt: skip


def test_a_totp_flow(call: Call, stepup_mock: Any, package: ModuleType) -> None:
    """A right code earns a grant, which verifies once for its user and action and for nothing else."""
    user, other = stepup_mock.add_totp_user(), stepup_mock.add_totp_user()
    assert isinstance(call("fetch_user_mfa_methods", user.id).mfa_setup, package.TotpMfa)
    code = stepup_mock.totp_code(user)
    issued = call("verify_step_up_totp_challenge", user_id=user.id, code=code, **TERMS)
    with pytest.raises(package.IncorrectMfaCodeError):
        call("verify_step_up_totp_challenge", user_id=user.id, code=code, **TERMS)
    grant = {"grant": issued.step_up_grant, "action_type": TERMS["action_type"]}
    for wrong in ({"user_id": other.id}, {"user_id": user.id, "action_type": "OTHER"}):
        with pytest.raises(package.InvalidRequestFieldsError) as caught:
            call("verify_step_up_grant", **{**grant, **wrong})
        assert caught.value.field_errors == {"grant": "grant_not_found"}
    assert call("verify_step_up_grant", user_id=user.id, **grant).success is True
    with pytest.raises(package.InvalidRequestFieldsError):
        call("verify_step_up_grant", user_id=user.id, **grant)


def test_an_sms_flow(call: Call, stepup_mock: Any, package: ModuleType) -> None:
    """A code is sent to a phone of the lookup and verified against its challenge; its grant ends in time."""
    user = stepup_mock.add_phone_user(None, "+15555550123")
    setup = call("fetch_user_mfa_methods", uuid.UUID(user.id)).mfa_setup
    assert isinstance(setup, package.PhoneMfa)
    (phone,) = setup.phone_numbers
    assert phone.mfa_phone_number_suffix == "0123"
    terms = {**TERMS, "grant_type": "TIME_BASED"}
    sent = call("send_sms_mfa_code", user_id=uuid.UUID(user.id), mfa_phone_id=phone.mfa_phone_id, **terms)
    answer = {"challenge_id": sent.challenge_id, "user_id": user.id}
    with pytest.raises(package.InvalidRequestFieldsError) as caught:
        call("verify_sms_challenge", code="!", **answer)
    assert caught.value.field_errors == {"code": "incorrect_mfa_code"}
    done = call("verify_sms_challenge", code=stepup_mock.last_sms("+15555550123"), **answer)
    grant = {"grant": done.step_up_grant, "action_type": TERMS["action_type"], "user_id": user.id}
    for _ in range(2):
        assert call("verify_step_up_grant", **grant).success is True
    stepup_mock.advance(61)
    with pytest.raises(package.InvalidRequestFieldsError):
        call("verify_step_up_grant", **grant)


def test_refusals(
    call: Call, make_client: Callable[..., Call], stepup_mock: Any, control: Control, package: ModuleType
) -> None:
    """What the server refuses raises the error of its own, with status and request id."""
    plain, totp = stepup_mock.add_user(), stepup_mock.add_totp_user()
    assert call("fetch_user_mfa_methods", plain.id).mfa_setup is None
    unknown = str(uuid.uuid4())
    code = {"code": "000000", **TERMS}
    phone = {"mfa_phone_id": unknown, **TERMS}
    challenge = {"challenge_id": unknown, "user_id": totp.id, "code": "000000"}
    refusals = [
        (call, "UserNotFoundError", 404, "fetch_user_mfa_methods", {"user_id": unknown}),
        (call, "UserNotFoundError", 400, "verify_step_up_totp_challenge", {"user_id": unknown, **code}),
        (call, "MfaNotEnabledError", 400, "verify_step_up_totp_challenge", {"user_id": plain.id, **code}),
        (call, "MfaNotEnabledError", 400, "send_sms_mfa_code", {"user_id": totp.id, **phone}),
        (call, "InvalidRequestFieldsError", 400, "verify_sms_challenge", challenge),
    ]
    for key, name, status in (
        ("wrong", "UnauthorizedError", 401),
        (control.key(permissions=[]), "ForbiddenError", 403),
        (control.key(feature_gated=True), "FeatureGatedError", 403),
    ):
        refused = make_client(api_key=key)
        for operation, (args, kwargs) in good_calls(stepup_mock, call).items():
            named = {"user_id": args[0]} if args else kwargs
            refusals.append((refused, name, status, operation, named))
    for caller, name, status, operation, kwargs in refusals:
        with pytest.raises(package.ApiError) as caught:
            caller(operation, **kwargs)
        assert (type(caught.value).__name__, caught.value.status) == (name, status)
        assert caught.value.request_id


def test_a_lock_says_how_long(call: Call, stepup_mock: Any, package: ModuleType) -> None:
    """Too many wrong codes raise at once, with the wait; after it the right code is taken."""
    user = stepup_mock.add_totp_user()
    wrong = {"user_id": user.id, "code": "!", **TERMS}
    for _ in range(5):
        with pytest.raises(package.IncorrectMfaCodeError):
            call("verify_step_up_totp_challenge", **wrong)
    with pytest.raises(package.RateLimitedError) as caught:
        call("verify_step_up_totp_challenge", **wrong)
    assert caught.value.status == 429
    assert 800 < caught.value.retry_after <= 900
    stepup_mock.advance(caught.value.retry_after)
    right = {**wrong, "code": stepup_mock.totp_code(user)}
    assert call("verify_step_up_totp_challenge", **right).step_up_grant


@pytest.mark.parametrize("operation", OPERATIONS)
def test_broken_answers(
    call: Call, stepup_mock: Any, control: Control, package: ModuleType, operation: str
) -> None:
    """No broken answer is a success, and only the lookup is sent again; then the good call succeeds."""
    faults: list[tuple[str, dict[str, Any], str]] = [
        ("drop", {"after_effect": False}, "NoAnswerError"),
        ("status", {"status": 503}, "ApiError"),
        ("status", {"status": 204}, "UnexpectedAnswerError"),
        ("status", {"status": 302}, "UnexpectedAnswerError"),
        ("html", {}, "UnexpectedAnswerError"),
        ("not_success", {}, "UnexpectedAnswerError"),
        ("rate_limit", {"retry_after_seconds": 30}, "RateLimitedError"),
    ]
    args, kwargs = good_calls(stepup_mock, call)[operation]
    for kind, options, error in faults:
        control.spoil(kind, **options)
        with pytest.raises(package.StepUpMfaError) as caught:
            call(operation, *args, **kwargs)
        assert type(caught.value).__name__ == error, kind
        again = operation == "fetch_user_mfa_methods" and (kind == "drop" or options.get("status") == 503)
        assert control.seen() == (3 if again else 1), kind
    control.heal()
    assert call(operation, *args, **kwargs) is not None


@pytest.mark.parametrize("operation", OPERATIONS[1:])
def test_a_lost_answer_is_not_asked_for_again(
    call: Call, stepup_mock: Any, control: Control, package: ModuleType, operation: str
) -> None:
    """Dropped after the call was carried out: exactly one request was seen, and its effect stands."""
    args, kwargs = good_calls(stepup_mock, call)[operation]
    control.spoil("drop", after_effect=True)
    with pytest.raises(package.NoAnswerError, match="may have been carried out") as caught:
        call(operation, *args, **kwargs)
    assert not isinstance(caught.value, package.NotSentError)
    assert control.seen() == 1
    control.heal()
    if operation != "send_sms_mfa_code":
        with pytest.raises(package.ApiError):
            call(operation, *args, **kwargs)


def test_slow_answers_are_given_up(
    call: Call, make_client: Callable[..., Call], stepup_mock: Any, control: Control, package: ModuleType
) -> None:
    """A late answer, and a body that drips in, end with the timeout and not with a success."""
    hurried = make_client(timeout=0.4)
    for kind, seconds in (("latency", 1.0), ("slow_body", 1.5)):
        args, kwargs = good_calls(stepup_mock, call)["verify_step_up_grant"]
        control.spoil(kind, seconds=seconds)
        with pytest.raises(package.NoAnswerError) as caught:
            hurried("verify_step_up_grant", *args, **kwargs)
        assert caught.value.timed_out
        control.heal()


def test_many_threads_share_a_client(package: ModuleType, stepup_mock: Any) -> None:
    """Calls of many threads over one client each get their own answer."""
    from concurrent.futures import ThreadPoolExecutor

    users = [stepup_mock.add_phone_user(None, f"+1555555{n:04}") for n in range(20)]
    with package.StepUpMfa(stepup_mock.base_url, stepup_mock.api_key) as auth, ThreadPoolExecutor(8) as pool:
        setups = pool.map(lambda user: auth.fetch_user_mfa_methods(user.id).mfa_setup, users * 5)
        suffixes = [setup.phone_numbers[0].mfa_phone_number_suffix for setup in setups]
    assert suffixes == [f"{n:04}" for n in range(20)] * 5
