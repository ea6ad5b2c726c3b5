from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

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
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        action_type = self.action_type

        user_id = self.user_id

        grant = self.grant

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
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

        verify_step_up_grant_request.additional_properties = d
        return verify_step_up_grant_request

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
