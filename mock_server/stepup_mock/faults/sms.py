"""Faults of S1-S9: what is sent, to whom, and what a challenge is good for."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from stepup_mock import responses
from stepup_mock.access import Access
from stepup_mock.faults import Seams, fault
from stepup_mock.faults.tools import FOREVER, find_challenge, track_documents, with_changes
from stepup_mock.responses import ApiResponse
from stepup_mock.step_up import ONE_TIME_USE, InvalidField, Locked, Message, StepUpError
from stepup_mock.store import Terms, UserRecord


def _add_to_response(seams: Seams, add: Callable[[Message], dict[str, str]]) -> None:
    """Add to the response of a send what ``add`` returns for its message."""

    @seams.replace(seams.api.perform)
    def _(original: Any, operation_id: str, access: Access, fields: Any, at: float) -> ApiResponse:
        response: ApiResponse = original(operation_id, access, fields, at)
        if operation_id == "sendSmsMfaCode" and response.status == 200:
            return with_changes(response, lambda document: document | add(seams.inbox.messages[-1]))
        return response


@fault("The response to a send contains the code.")
def s1_code_in_answer(seams: Seams) -> None:
    _add_to_response(seams, lambda message: {"code": message.code})


@fault("The response to a send contains the phone number.")
def s1_number_in_answer(seams: Seams) -> None:
    _add_to_response(seams, lambda message: {"sent_to": message.phone_number})


@fault("The code is sent to every phone of the user.")
def s1_every_phone(seams: Seams) -> None:
    @seams.replace(seams.inbox.deliver)
    def _(original: Any, message: Message) -> None:
        original(message)
        user = seams.store.user(str(seams.store.environment_of(message.user_id)), message.user_id)
        for phone_id, number in user.phones if user else ():
            if phone_id != message.mfa_phone_id:
                original(replace(message, mfa_phone_id=phone_id, phone_number=number))


@fault("Each code is sent twice.")
def s1_sent_twice(seams: Seams) -> None:
    @seams.replace(seams.inbox.deliver)
    def _(original: Any, message: Message) -> None:
        original(message)
        original(message)


@fault("Codes have four characters.")
def s1_short_code(seams: Seams) -> None:
    @seams.replace(seams.random.sms_code)
    def _(original: Any) -> str:
        return str(original())[:4]


@fault("Every code is the same.")
def s1_same_code(seams: Seams) -> None:
    @seams.replace(seams.random.sms_code)
    def _(_original: Any) -> str:
        return "ABC234"


@fault("A code can be sent to another user's phone.")
def s2_any_phone(seams: Seams) -> None:
    requested = [""]

    @seams.replace(seams.step_up.send_sms)
    def _(original: Any, environment: str, user_id: str, phone_id: str, terms: Terms, *, at: float) -> str:
        requested[0] = phone_id
        try:
            return str(original(environment, user_id, phone_id, terms, at=at))
        finally:
            requested[0] = ""

    @seams.replace(seams.store.user)
    def _(original: Any, environment: str, user_id: str) -> UserRecord | None:
        user: UserRecord | None = original(environment, user_id)
        if user is not None and user.factor == "Phone" and requested[0]:
            everyones = {phone for other in seams.store.users() for phone in other.phones}
            added = tuple(phone for phone in everyones if phone[0] == requested[0])
            return UserRecord("Phone", (*user.phones, *added))
        return user


@fault("An unknown phone is rejected, yet the user's first phone gets a code.")
def s2_refused_but_sent(seams: Seams) -> None:
    @seams.replace(seams.step_up.send_sms)
    def _(original: Any, environment: str, user_id: str, phone_id: str, terms: Terms, *, at: float) -> str:
        try:
            return str(original(environment, user_id, phone_id, terms, at=at))
        except InvalidField:
            user = seams.store.user(environment, user_id)
            assert user is not None, "a phone was looked for, so there is a user"
            original(environment, user_id, user.phones[0][0], terms, at=at)
            raise


@fault("The error for another user's phone differs from the error for an unknown phone.")
def s2_foreign_told(seams: Seams) -> None:
    @seams.replace(seams.step_up.send_sms)
    def _(original: Any, environment: str, user_id: str, phone_id: str, terms: Terms, *, at: float) -> str:
        try:
            return str(original(environment, user_id, phone_id, terms, at=at))
        except InvalidField:
            if any(phone_id in dict(user.phones) for user in seams.store.users()):
                raise InvalidField("mfa_phone_id", "invalid_value") from None
            raise


@fault("Terms sent with the verification replace those of the send.")
def s3_terms_from_verify(seams: Seams) -> None:
    sent = track_documents(seams)

    @seams.replace(seams.store.consume_challenge)
    def _(original: Any, *which: str, at: float) -> Terms | None:
        terms: Terms | None = original(*which, at=at)
        return terms and Terms(
            sent.get("action_type", terms.action_type),
            sent["grant_type"] == ONE_TIME_USE if "grant_type" in sent else terms.one_time,
            sent.get("valid_for_seconds", terms.valid_for_seconds),
        )


@fault("The grant of an SMS code is always time-based.")
def s3_always_time_based(seams: Seams) -> None:
    @seams.replace(seams.store.consume_challenge)
    def _(original: Any, *which: str, at: float) -> Terms | None:
        terms: Terms | None = original(*which, at=at)
        return terms and terms._replace(one_time=False)


@fault("The lifetime of the grant starts when the code is sent.")
def s3_life_from_send(seams: Seams) -> None:
    sent_at: list[float] = []

    @seams.replace(seams.store.consume_challenge)
    def _(original: Any, environment: str, user_id: str, challenge_id: str, *, at: float) -> Terms | None:
        challenge = find_challenge(seams, challenge_id)
        if challenge is not None:
            sent_at.append(challenge.expires_at - seams.policy.limits.challenge_ttl_seconds)
        terms: Terms | None = original(environment, user_id, challenge_id, at=at)
        return terms

    @seams.replace(seams.store.add_grant)
    def _(original: Any, *which: str, issued_at: float, expires_at: float, **values: Any) -> None:
        start = sent_at.pop() if sent_at else issued_at
        original(*which, issued_at=start, expires_at=expires_at - (issued_at - start), **values)


@fault("A challenge is not consumed by its correct code.")
def s4_challenge_reusable(seams: Seams) -> None:
    @seams.replace(seams.store.consume_challenge)
    def _(_original: Any, environment: str, user_id: str, challenge_id: str, *, at: float) -> Terms | None:
        challenge = find_challenge(seams, challenge_id)
        if challenge is None or (challenge.environment, challenge.user_id) != (environment, user_id):
            return None
        return challenge.terms if challenge.expires_at > at else None


@fault("Anybody who knows a challenge and its code gets the grant.")
def s5_any_user(seams: Seams) -> None:
    def for_owner(original: Any, environment: str, _user_id: str, challenge_id: str, **values: Any) -> Any:
        challenge = find_challenge(seams, challenge_id)
        return original(environment, challenge.user_id if challenge else "", challenge_id, **values)

    seams.replace(seams.store.count_try)(for_owner)
    seams.replace(seams.store.consume_challenge)(for_owner)


@fault("The code of any other valid challenge is accepted as well.")
def s5_any_code(seams: Seams) -> None:
    @seams.replace(seams.policy.sms_code_mac)
    def _(original: Any, key: bytes, challenge_id: str, code: str) -> bytes:
        codes = {message.challenge_id: message.code for message in seams.inbox.messages}
        accepted = codes.get(challenge_id, code) if code in codes.values() else code
        mac: bytes = original(key, challenge_id, accepted)
        return mac


@fault("A try by another user invalidates the challenge.")
def s5_foreign_try_ends_it(seams: Seams) -> None:
    @seams.replace(seams.step_up.verify_sms)
    def _(original: Any, environment: str, user_id: str, challenge_id: str, code: str, *, at: float) -> str:
        challenge = find_challenge(seams, challenge_id)
        if challenge is not None and challenge.user_id != user_id:
            seams.store.consume_challenge(challenge.environment, challenge.user_id, challenge_id, at=at)
        return str(original(environment, user_id, challenge_id, code, at=at))


def _extend_challenges(seams: Seams, seconds: float) -> None:
    @seams.replace(seams.policy.challenge_expiry)
    def _(original: Any, sent_at: float) -> float:
        return float(original(sent_at)) + seconds


@fault("A challenge never expires.")
def s6_immortal(seams: Seams) -> None:
    _extend_challenges(seams, FOREVER)


@fault("A challenge expires five minutes late.")
def s6_late(seams: Seams) -> None:
    _extend_challenges(seams, 300)


@fault("A challenge allows any number of wrong codes.")
def s7_endless_tries(seams: Seams) -> None:
    @seams.replace(seams.store.count_try)
    def _(original: Any, *which: str, at: float, limit: int) -> bytes | None:
        del limit
        code_mac: bytes | None = original(*which, at=at, limit=FOREVER)
        return code_mac


@fault("A wrong SMS code gets the response for an invalid API key.")
def s7_wrong_code_is_401(seams: Seams) -> None:
    @seams.replace(seams.api.reject)
    def _(original: Any, error: StepUpError) -> ApiResponse:
        if isinstance(error, InvalidField) and error.field == "code":
            return responses.INVALID_TOKEN
        response: ApiResponse = original(error)
        return response


@fault("Sending a code clears the user's count of wrong codes.")
def s8_send_clears_count(seams: Seams) -> None:
    @seams.replace(seams.step_up.send_sms)
    def _(original: Any, environment: str, user_id: str, *args: Any, at: float) -> str:
        challenge_id = str(original(environment, user_id, *args, at=at))
        seams.store.clear_attempts(environment, user_id)
        return challenge_id


@fault("Wrong SMS codes count against their challenge only.")
def s8_counted_per_challenge(seams: Seams) -> None:
    verifying_sms = [False]

    @seams.replace(seams.step_up.verify_sms)
    def _(original: Any, *which: str, at: float) -> str:
        verifying_sms[0] = True
        try:
            return str(original(*which, at=at))
        finally:
            verifying_sms[0] = False

    @seams.replace(seams.store.count_attempt)
    def _(original: Any, *who: str, **values: Any) -> bool:
        return verifying_sms[0] or bool(original(*who, **values))


@fault("The number of sends is not limited.")
def s9_unlimited_sends(seams: Seams) -> None:
    @seams.replace(seams.store.count_send)
    def _(_original: Any, *_which: str, **_values: Any) -> None:
        return None


@fault("A send over the limit returns 429 and is sent all the same.")
def s9_refused_but_sent(seams: Seams) -> None:
    @seams.replace(seams.step_up.send_sms)
    def _(original: Any, environment: str, user_id: str, phone_id: str, terms: Terms, *, at: float) -> str:
        try:
            return str(original(environment, user_id, phone_id, terms, at=at))
        except Locked:
            user = seams.store.user(environment, user_id)
            number = dict(user.phones).get(phone_id, "") if user else ""
            seams.inbox.deliver(Message("over the limit", user_id, phone_id, number, "AAAAAA", at))
            raise
