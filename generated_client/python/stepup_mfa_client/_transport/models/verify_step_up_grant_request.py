from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="VerifyStepUpGrantRequest")


@_attrs_define
class VerifyStepUpGrantRequest:
    """
    Attributes:
        action_type (str):
        user_id (str):
        grant (str):
    """

    action_type: str
    user_id: str
    grant: str

    def to_dict(self) -> dict[str, Any]:
        action_type = self.action_type

        user_id = self.user_id

        grant = self.grant

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "action_type": action_type,
                "user_id": user_id,
                "grant": grant,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        action_type = d.pop("action_type")

        user_id = d.pop("user_id")

        grant = d.pop("grant")

        verify_step_up_grant_request = cls(
            action_type=action_type,
            user_id=user_id,
            grant=grant,
        )

        return verify_step_up_grant_request
