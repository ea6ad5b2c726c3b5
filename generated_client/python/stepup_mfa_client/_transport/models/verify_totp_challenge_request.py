from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="VerifyTotpChallengeRequest")


@_attrs_define
class VerifyTotpChallengeRequest:
    """
    Attributes:
        action_type (str):
        user_id (str):
        code (str):
        grant_type (str):
        valid_for_seconds (int):
    """

    action_type: str
    user_id: str
    code: str
    grant_type: str
    valid_for_seconds: int

    def to_dict(self) -> dict[str, Any]:
        action_type = self.action_type

        user_id = self.user_id

        code = self.code

        grant_type = self.grant_type

        valid_for_seconds = self.valid_for_seconds

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "action_type": action_type,
                "user_id": user_id,
                "code": code,
                "grant_type": grant_type,
                "valid_for_seconds": valid_for_seconds,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        action_type = d.pop("action_type")

        user_id = d.pop("user_id")

        code = d.pop("code")

        grant_type = d.pop("grant_type")

        valid_for_seconds = d.pop("valid_for_seconds")

        verify_totp_challenge_request = cls(
            action_type=action_type,
            user_id=user_id,
            code=code,
            grant_type=grant_type,
            valid_for_seconds=valid_for_seconds,
        )

        return verify_totp_challenge_request
