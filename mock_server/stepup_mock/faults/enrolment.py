"""Faults of E1-E5: what a lookup shows and does."""

import uuid
from typing import Any

from stepup_mock import responses, totp
from stepup_mock.access import Access
from stepup_mock.faults import Seams, fault
from stepup_mock.faults.tools import with_changes
from stepup_mock.http_request import parse_uuid
from stepup_mock.responses import ApiResponse
from stepup_mock.step_up import Message


def _user_in(path: bytes) -> str:
    return parse_uuid(path.split(b"/")[-2].decode()) or ""


def _secret(seams: Seams, path: bytes, access: Access) -> str | None:
    enrolled = seams.store.totp_secret(access.environment, _user_in(path))
    return totp.encode_secret(enrolled[1]) if enrolled else None


@fault("The lookup returns the TOTP secret.")
def e1_secret_shown(seams: Seams) -> None:
    @seams.replace(seams.api.look_up)
    def _(original: Any, path: bytes, access: Access) -> ApiResponse:
        secret = _secret(seams, path, access)
        response: ApiResponse = original(path, access)
        return (
            with_changes(response, lambda _: {"mfa_setup": {"type": "Totp", "secret": secret}})
            if secret
            else response
        )


@fault("A header of the lookup holds the otpauth URI.")
def e1_otpauth_header(seams: Seams) -> None:
    @seams.replace(seams.api.look_up)
    def _(original: Any, path: bytes, access: Access) -> ApiResponse:
        secret = _secret(seams, path, access)
        response: ApiResponse = original(path, access)
        uri = f"otpauth://totp/user?secret={secret}".encode()
        return with_changes(response, extra_headers=((b"x-otpauth-uri", uri),)) if secret else response


def _change_phones(seams: Seams, change: Any) -> None:
    @seams.replace(seams.api.look_up)
    def _(original: Any, path: bytes, access: Access) -> ApiResponse:
        response: ApiResponse = original(path, access)
        row = seams.store.user(access.environment, _user_in(path))
        if row is None or not row.phones:
            return response
        numbers = dict(row.phones)

        def with_numbers(document: dict[str, Any]) -> dict[str, Any]:
            for phone in document["mfa_setup"]["phone_numbers"]:
                change(phone, numbers[phone["mfa_phone_id"]])
            return document

        return with_changes(response, with_numbers)


@fault("The suffix is the complete phone number.")
def e2_full_number(seams: Seams) -> None:
    _change_phones(seams, lambda phone, number: phone.update(mfa_phone_number_suffix=number))


@fault("The response holds the complete phone number beside the suffix.")
def e2_number_beside(seams: Seams) -> None:
    _change_phones(seams, lambda phone, number: phone.update(phone_number=number))


@fault("The suffix is the beginning of the number.")
def e2_wrong_suffix(seams: Seams) -> None:
    _change_phones(seams, lambda phone, number: phone.update(mfa_phone_number_suffix=number[1:5]))


@fault("Phones have new ids at each lookup.")
def e2_changing_ids(seams: Seams) -> None:
    _change_phones(seams, lambda phone, _number: phone.update(mfa_phone_id=str(uuid.uuid4())))


@fault("A user without a factor has an empty object instead of null.")
def e3_empty_setup(seams: Seams) -> None:
    @seams.replace(seams.api.look_up)
    def _(original: Any, path: bytes, access: Access) -> ApiResponse:
        response: ApiResponse = original(path, access)
        return responses.success({"mfa_setup": {}}) if response is responses.NO_FACTOR else response


@fault("The lookup of a user without a factor returns the 404 of an unknown user.")
def e3_plain_user_is_404(seams: Seams) -> None:
    @seams.replace(seams.api.look_up)
    def _(original: Any, path: bytes, access: Access) -> ApiResponse:
        response: ApiResponse = original(path, access)
        return responses.NO_SUCH_USER if response is responses.NO_FACTOR else response


@fault("The lookup of an unknown user returns a user without a factor.")
def e4_unknown_user_has_none(seams: Seams) -> None:
    @seams.replace(seams.api.look_up)
    def _(original: Any, path: bytes, access: Access) -> ApiResponse:
        response: ApiResponse = original(path, access)
        return responses.NO_FACTOR if response.status == 404 else response


@fault("An id that is not a UUID makes the server fail.")
def e4_malformed_id_is_500(seams: Seams) -> None:
    @seams.replace(seams.api.look_up)
    def _(original: Any, path: bytes, access: Access) -> ApiResponse:
        response: ApiResponse = original(path, access) if _user_in(path) else responses.INTERNAL
        return response


@fault("A lookup clears the user's count of wrong codes.")
def e5_lookup_clears_count(seams: Seams) -> None:
    @seams.replace(seams.api.look_up)
    def _(original: Any, path: bytes, access: Access) -> ApiResponse:
        seams.store.clear_attempts(access.environment, _user_in(path))
        response: ApiResponse = original(path, access)
        return response


@fault("A lookup sends a message to the user's first phone.")
def e5_lookup_sends(seams: Seams) -> None:
    @seams.replace(seams.api.look_up)
    def _(original: Any, path: bytes, access: Access) -> ApiResponse:
        row = seams.store.user(access.environment, _user_in(path))
        for phone_id, number in row.phones[:1] if row else ():
            now = seams.clock.now()
            seams.inbox.deliver(Message(str(uuid.uuid4()), _user_in(path), phone_id, number, "AAAAAA", now))
        response: ApiResponse = original(path, access)
        return response


@fault("A lookup invalidates the user's challenges.")
def e5_lookup_ends_challenges(seams: Seams) -> None:
    @seams.replace(seams.api.look_up)
    def _(original: Any, path: bytes, access: Access) -> ApiResponse:
        seams.store.delete_challenges(_user_in(path))
        response: ApiResponse = original(path, access)
        return response
