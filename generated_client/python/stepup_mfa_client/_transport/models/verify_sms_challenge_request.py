from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="VerifySmsChallengeRequest")


@_attrs_define
class VerifySmsChallengeRequest:
    """
    Attributes:
        challenge_id (str):
        user_id (str):
        code (str):
    """

    challenge_id: str
    user_id: str
    code: str

    def to_dict(self) -> dict[str, Any]:
        challenge_id = self.challenge_id

        user_id = self.user_id

        code = self.code

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "challenge_id": challenge_id,
                "user_id": user_id,
                "code": code,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        challenge_id = d.pop("challenge_id")

        user_id = d.pop("user_id")

        code = d.pop("code")

        verify_sms_challenge_request = cls(
            challenge_id=challenge_id,
            user_id=user_id,
            code=code,
        )

        return verify_sms_challenge_request
