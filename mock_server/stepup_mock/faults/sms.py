"""Faults of S1-S9: what is sent, to whom, and what a challenge is good for."""

from dataclasses import replace
from typing import Any

from stepup_mock import answers
from stepup_mock.access import Access
from stepup_mock.answers import Answer
from stepup_mock.faults import Patient, fault
from stepup_mock.faults.tools import know_documents, remade
from stepup_mock.statements import Statement
from stepup_mock.step_up import InvalidField, Locked, Message, StepUpError, Terms
from stepup_mock.store import Row

_FOREVER = 10**7
_PEEK_CHALLENGE = Statement(
    "SELECT action_type, one_time, valid_for FROM challenges"
    " WHERE challenge_id = :challenge_id AND environment = :environment AND user_id = :user_id"
    " AND expires_at > :at"
)
_OWNER = Statement("SELECT user_id, expires_at FROM challenges WHERE challenge_id = :challenge_id")
_DROP_CHALLENGE = Statement("DELETE FROM challenges WHERE challenge_id = :challenge_id")


def _with_sent(patient: Patient, add: Any) -> None:
    """Add to the answer of a send what ``add`` makes of its message."""

    @patient.instead_of(patient.app, "_perform")
    def _(original: Any, operation_id: str, access: Access, fields: Any, at: float) -> Answer:
        answer: Answer = original(operation_id, access, fields, at)
        if operation_id == "sendSmsMfaCode" and answer.status == 200:
            return remade(answer, lambda document: document | add(patient.mock.inbox[-1]))
        return answer


@fault("s1-code-in-answer", "The answer of a send holds the code.")
def _(patient: Patient) -> None:
    _with_sent(patient, lambda message: {"code": message.code})


@fault("s1-number-in-answer", "The answer of a send holds the phone number.")
def _(patient: Patient) -> None:
    _with_sent(patient, lambda message: {"sent_to": message.phone_number})


@fault("s1-every-phone", "The code goes to every phone of the user.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.mock, "_deliver")
    def _(original: Any, message: Message) -> None:
        original(message)
        row = patient.store.user(str(patient.store.environment_of(message.user_id)), message.user_id)
        for phone_id, number in row.phones if row else ():
            if phone_id != message.mfa_phone_id:
                original(replace(message, mfa_phone_id=phone_id, phone_number=number))

    _deliver_late(patient)


def _deliver_late(patient: Patient) -> None:
    # The domain holds the clean method: let it look the method up at each message.
    @patient.instead_of(patient.step_up, "_deliver")
    def _(_original: Any, message: Message) -> None:
        patient.mock._deliver(message)


@fault("s1-sent-twice", "Each code is sent twice.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.step_up, "_deliver")
    def _(original: Any, message: Message) -> None:
        original(message)
        original(message)


@fault("s1-short-code", "Codes have four characters.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.step_up._random, "sms_code")
    def _(original: Any) -> str:
        return str(original())[:4]


@fault("s1-same-code", "Every code is the same.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.step_up._random, "sms_code")
    def _(_original: Any) -> str:
        return "ABC234"


@fault("s2-any-phone", "A code can be sent to another user's phone.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.step_up, "send_sms")
    def _(original: Any, environment: str, user_id: str, phone_id: str, terms: Terms, *, at: float) -> str:
        row = patient.step_up._user(environment, user_id)
        for user in patient.mock.store.users():
            other = patient.store.user(user["environment"], user["user_id"])
            if row.factor == "Phone" and other is not None and phone_id in dict(other.phones):
                row = Row("Phone", (*row.phones, (phone_id, dict(other.phones)[phone_id])))
        clean = patient.step_up._user
        patient.step_up._user = lambda *_: row  # type: ignore[method-assign]
        try:
            challenge_id: str = original(environment, user_id, phone_id, terms, at=at)
        finally:
            patient.step_up._user = clean  # type: ignore[method-assign]
        return challenge_id


@fault("s2-refused-but-sent", "An unknown phone is refused, yet the user's first phone gets a code.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.step_up, "send_sms")
    def _(original: Any, environment: str, user_id: str, phone_id: str, terms: Terms, *, at: float) -> str:
        try:
            challenge_id: str = original(environment, user_id, phone_id, terms, at=at)
        except InvalidField:
            own = patient.step_up._user(environment, user_id).phones[0][0]
            original(environment, user_id, own, terms, at=at)
            raise
        return challenge_id


@fault("s2-foreign-told", "A phone that belongs to somebody else is told apart from an unknown one.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.step_up, "send_sms")
    def _(original: Any, environment: str, user_id: str, phone_id: str, terms: Terms, *, at: float) -> str:
        try:
            challenge_id: str = original(environment, user_id, phone_id, terms, at=at)
        except InvalidField:
            if any(phone_id in user["phones"] for user in patient.store.users()):
                raise InvalidField("mfa_phone_id", "invalid_value") from None
            raise
        return challenge_id


@fault("s3-terms-from-verify", "Terms sent with the verification replace those of the send.")
def _(patient: Patient) -> None:
    sent = know_documents(patient)

    @patient.instead_of(patient.step_up, "_issue")
    def _(original: Any, environment: str, user_id: str, terms: Terms, at: float) -> str:
        names = {"action_type", "grant_type", "valid_for_seconds"} & set(sent)
        grant: str = original(
            environment, user_id, replace(terms, **{name: sent[name] for name in names}), at
        )
        return grant


@fault("s3-always-time-based", "The grant of an SMS code is always time-based.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.store, "take_challenge")
    def _(original: Any, *args: Any, at: float) -> tuple[bytes, int, int] | None:
        taken: tuple[bytes, int, int] | None = original(*args, at=at)
        return taken and (taken[0], 0, taken[2])


@fault("s3-life-from-send", "The life of the grant starts when the code is sent.")
def _(patient: Patient) -> None:
    sent_at, from_send = [0.0], [False]

    @patient.instead_of(patient.store, "take_challenge")
    def _(original: Any, environment: str, user_id: str, challenge_id: str, *, at: float) -> Any:
        row = patient.store._row(_OWNER, challenge_id=challenge_id)
        sent_at[0] = row[1] - patient.step_up.limits.challenge_ttl_seconds if row else at
        return original(environment, user_id, challenge_id, at=at)

    @patient.instead_of(patient.step_up, "verify_sms")
    def _(original: Any, *args: Any, at: float) -> str:
        from_send[0] = True
        try:
            grant: str = original(*args, at=at)
        finally:
            from_send[0] = False
        return grant

    @patient.instead_of(patient.step_up, "_issue")
    def _(original: Any, environment: str, user_id: str, terms: Terms, at: float) -> str:
        grant: str = original(environment, user_id, terms, sent_at[0] if from_send[0] else at)
        return grant


@fault("s4-challenge-reusable", "A challenge is not consumed by its right code.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.store, "take_challenge")
    def _(_original: Any, environment: str, user_id: str, challenge_id: str, *, at: float) -> Any:
        which = {"environment": environment, "user_id": user_id, "challenge_id": challenge_id}
        return patient.store._row(_PEEK_CHALLENGE, **which, at=at)


@fault("s5-any-user", "Whoever knows a challenge and its code gets the grant.")
def _(patient: Patient) -> None:
    def for_owner(original: Any, environment: str, _user_id: str, challenge_id: str, **values: Any) -> Any:
        row = patient.store._row(_OWNER, challenge_id=challenge_id)
        return original(environment, row[0] if row else "", challenge_id, **values)

    patient.instead_of(patient.store, "count_try")(for_owner)
    patient.instead_of(patient.store, "take_challenge")(for_owner)


@fault("s5-any-code", "The code of any other live challenge is right as well.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.step_up, "_mac")
    def _(original: Any, challenge_id: str, code: str) -> bytes:
        codes = {message.challenge_id: message.code for message in patient.mock.inbox}
        right = codes.get(challenge_id, code) if code in codes.values() else code
        mac: bytes = original(challenge_id, right)
        return mac


@fault("s5-foreign-try-ends-it", "A try by another user ends the challenge.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.step_up, "verify_sms")
    def _(original: Any, environment: str, user_id: str, challenge_id: str, code: str, *, at: float) -> str:
        row = patient.store._row(_OWNER, challenge_id=challenge_id)
        if row and row[0] != user_id:
            patient.store._row(_DROP_CHALLENGE, challenge_id=challenge_id)
        grant: str = original(environment, user_id, challenge_id, code, at=at)
        return grant


def _prolong(patient: Patient, seconds: float) -> None:
    @patient.instead_of(patient.store, "add_challenge")
    def _(original: Any, *args: Any, expires_at: float, **values: Any) -> None:
        original(*args, expires_at=expires_at + seconds, **values)


@fault("s6-immortal", "A challenge never expires.")
def _(patient: Patient) -> None:
    _prolong(patient, _FOREVER)


@fault("s6-late", "A challenge expires five minutes late.")
def _(patient: Patient) -> None:
    _prolong(patient, 300)


@fault("s7-endless-tries", "A challenge stands any number of wrong codes.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.store, "count_try")
    def _(original: Any, *args: Any, at: float, limit: int) -> bytes | None:
        del limit
        code_mac: bytes | None = original(*args, at=at, limit=_FOREVER)
        return code_mac


@fault("s7-wrong-code-is-401", "A wrong SMS code is answered like a bad key.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_refusal")
    def _(original: Any, error: StepUpError) -> Answer:
        if isinstance(error, InvalidField) and error.field == "code":
            return answers.INVALID_TOKEN
        answer: Answer = original(error)
        return answer


@fault("s8-send-clears-count", "Sending a code forgets the user's wrong ones.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.step_up, "send_sms")
    def _(original: Any, environment: str, user_id: str, *args: Any, at: float) -> str:
        challenge_id: str = original(environment, user_id, *args, at=at)
        patient.store.clear_attempts(environment, user_id)
        return challenge_id


@fault("s8-counted-per-challenge", "Wrong SMS codes count for their challenge only.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.step_up, "verify_sms")
    def _(original: Any, *args: Any, at: float) -> str:
        clean = patient.step_up._count_attempt
        patient.step_up._count_attempt = lambda *_: None  # type: ignore[method-assign]
        try:
            grant: str = original(*args, at=at)
        finally:
            patient.step_up._count_attempt = clean  # type: ignore[method-assign]
        return grant


@fault("s9-unlimited-sends", "Sends are not limited.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.store, "count_send")
    def _(_original: Any, *_args: Any, **_values: Any) -> None:
        return None


@fault("s9-refused-but-sent", "A send over the limit is answered with 429 and sent all the same.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.step_up, "send_sms")
    def _(original: Any, environment: str, user_id: str, phone_id: str, terms: Terms, *, at: float) -> str:
        try:
            challenge_id: str = original(environment, user_id, phone_id, terms, at=at)
        except Locked:
            number = dict(patient.step_up._user(environment, user_id).phones).get(phone_id, "")
            patient.mock._deliver(Message("late", user_id, phone_id, number, "AAAAAA", at))
            raise
        return challenge_id
