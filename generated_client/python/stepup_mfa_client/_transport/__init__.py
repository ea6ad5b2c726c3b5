"""Builds requests, with the modules that openapi-python-client made; each is imported when it is first needed."""

from collections.abc import Mapping
from typing import Any


def fetch_user_mfa_methods(arguments: Mapping[str, Any]) -> dict[str, Any]:
    from .api.user.fetch_user_mfa_methods import request

    return request(arguments)


def verify_step_up_totp_challenge(arguments: Mapping[str, Any]) -> dict[str, Any]:
    from .api.mfa.verify_step_up_totp_challenge import request

    return request(arguments)


def send_sms_mfa_code(arguments: Mapping[str, Any]) -> dict[str, Any]:
    from .api.mfa.send_sms_mfa_code import request

    return request(arguments)


def verify_sms_challenge(arguments: Mapping[str, Any]) -> dict[str, Any]:
    from .api.mfa.verify_sms_challenge import request

    return request(arguments)


def verify_step_up_grant(arguments: Mapping[str, Any]) -> dict[str, Any]:
    from .api.mfa.verify_step_up_grant import request

    return request(arguments)
