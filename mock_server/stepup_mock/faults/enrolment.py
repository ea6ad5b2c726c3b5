"""Faults of E1-E5: what a lookup shows and does."""

import uuid
from typing import Any

from stepup_mock import answers, totp
from stepup_mock.access import Access
from stepup_mock.answers import Answer
from stepup_mock.app import uuid_of
from stepup_mock.faults import Patient, fault
from stepup_mock.faults.tools import remade
from stepup_mock.statements import FORGET
from stepup_mock.step_up import Message


def _user_in(path: bytes) -> str:
    return uuid_of(path.split(b"/")[-2].decode()) or ""


def _secret(patient: Patient, path: bytes, access: Access) -> str | None:
    owned = patient.store.totp_secret(access.environment, _user_in(path))
    return totp.encode_secret(owned[1]) if owned else None


@fault("e1-secret-shown", "The lookup shows the TOTP secret.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_lookup")
    def _(original: Any, path: bytes, access: Access) -> Answer:
        secret = _secret(patient, path, access)
        answer: Answer = original(path, access)
        return (
            remade(answer, lambda _: {"mfa_setup": {"type": "Totp", "secret": secret}}) if secret else answer
        )


@fault("e1-otpauth-header", "A header of the lookup holds the otpauth URI.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_lookup")
    def _(original: Any, path: bytes, access: Access) -> Answer:
        secret = _secret(patient, path, access)
        answer: Answer = original(path, access)
        uri = f"otpauth://totp/user?secret={secret}".encode()
        return remade(answer, extra=((b"x-otpauth-uri", uri),)) if secret else answer


def _change_phones(patient: Patient, change: Any) -> None:
    @patient.instead_of(patient.app, "_lookup")
    def _(original: Any, path: bytes, access: Access) -> Answer:
        answer: Answer = original(path, access)
        row = patient.store.user(access.environment, _user_in(path))
        if row is None or not row.phones:
            return answer
        numbers = dict(row.phones)

        def changed(document: dict[str, Any]) -> dict[str, Any]:
            for phone in document["mfa_setup"]["phone_numbers"]:
                change(phone, numbers[phone["mfa_phone_id"]])
            return document

        return remade(answer, changed)


@fault("e2-full-number", "The suffix is the whole phone number.")
def _(patient: Patient) -> None:
    _change_phones(patient, lambda phone, number: phone.update(mfa_phone_number_suffix=number))


@fault("e2-number-beside", "The whole phone number stands beside the suffix.")
def _(patient: Patient) -> None:
    _change_phones(patient, lambda phone, number: phone.update(phone_number=number))


@fault("e2-wrong-suffix", "The suffix is the beginning of the number.")
def _(patient: Patient) -> None:
    _change_phones(patient, lambda phone, number: phone.update(mfa_phone_number_suffix=number[1:5]))


@fault("e2-changing-ids", "Phones have other ids at each lookup.")
def _(patient: Patient) -> None:
    _change_phones(patient, lambda phone, _number: phone.update(mfa_phone_id=str(uuid.uuid4())))


@fault("e3-empty-setup", "A user without a factor has an empty object instead of null.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_lookup")
    def _(original: Any, path: bytes, access: Access) -> Answer:
        answer: Answer = original(path, access)
        return answers.success({"mfa_setup": {}}) if answer is answers.NO_FACTOR else answer


@fault("e3-plain-user-is-404", "A user without a factor is answered like an unknown one.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_lookup")
    def _(original: Any, path: bytes, access: Access) -> Answer:
        answer: Answer = original(path, access)
        return answers.NO_SUCH_USER if answer is answers.NO_FACTOR else answer


@fault("e4-unknown-user-has-none", "An unknown user is answered like one without a factor.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_lookup")
    def _(original: Any, path: bytes, access: Access) -> Answer:
        answer: Answer = original(path, access)
        return answers.NO_FACTOR if answer.status == 404 else answer


@fault("e4-malformed-id-is-500", "An id that is no UUID makes the server fail.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_lookup")
    def _(original: Any, path: bytes, access: Access) -> Answer:
        answer: Answer = original(path, access) if _user_in(path) else answers.INTERNAL
        return answer


@fault("e5-lookup-clears-count", "A lookup forgets the user's wrong codes.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_lookup")
    def _(original: Any, path: bytes, access: Access) -> Answer:
        patient.store.clear_attempts(access.environment, _user_in(path))
        answer: Answer = original(path, access)
        return answer


@fault("e5-lookup-sends", "A lookup sends a message to the user's first phone.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_lookup")
    def _(original: Any, path: bytes, access: Access) -> Answer:
        row = patient.store.user(access.environment, _user_in(path))
        for phone_id, number in row.phones[:1] if row else ():
            now = patient.mock.clock.now()
            patient.mock._deliver(Message(str(uuid.uuid4()), _user_in(path), phone_id, number, "AAAAAA", now))
        answer: Answer = original(path, access)
        return answer


@fault("e5-lookup-ends-challenges", "A lookup ends the user's challenges.")
def _(patient: Patient) -> None:
    @patient.instead_of(patient.app, "_lookup")
    def _(original: Any, path: bytes, access: Access) -> Answer:
        patient.store._row(FORGET["challenges"], user_id=_user_in(path))
        answer: Answer = original(path, access)
        return answer
