from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="SendSmsMfaCodeRequest")


@_attrs_define
class SendSmsMfaCodeRequest:
    """
    Attributes:
        action_type (str):
        user_id (str):
        mfa_phone_id (str):
        grant_type (str):
        valid_for_seconds (int):
    """

    action_type: str
    user_id: str
    mfa_phone_id: str
    grant_type: str
    valid_for_seconds: int

    def to_dict(self) -> dict[str, Any]:
        action_type = self.action_type

        user_id = self.user_id

        mfa_phone_id = self.mfa_phone_id

        grant_type = self.grant_type

        valid_for_seconds = self.valid_for_seconds

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "action_type": action_type,
                "user_id": user_id,
                "mfa_phone_id": mfa_phone_id,
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

        mfa_phone_id = d.pop("mfa_phone_id")

        grant_type = d.pop("grant_type")

        valid_for_seconds = d.pop("valid_for_seconds")

        send_sms_mfa_code_request = cls(
            action_type=action_type,
            user_id=user_id,
            mfa_phone_id=mfa_phone_id,
            grant_type=grant_type,
            valid_for_seconds=valid_for_seconds,
        )

        return send_sms_mfa_code_request
