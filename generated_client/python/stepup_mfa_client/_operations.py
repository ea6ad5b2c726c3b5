"""The operations as data: their arguments, what counts as success, whether they may be repeated.

Requests are built by the functions in ``_transport``, imported when an operation is first called.
"""

from __future__ import annotations

from typing import Any

from . import _wire, models
from ._request import Argument, Body, Operation
from ._shapes import Text, Whole

_Parts = dict[str, dict[str, Any]]


def _fetch_user_mfa_methods(parts: _Parts) -> dict[str, Any]:
    from ._transport.api.user.fetch_user_mfa_methods import request

    return request(
        user_id=parts["path"]["user_id"],
    )


FETCH_USER_MFA_METHODS: Operation[models.FetchUserMfaMethodsResponse] = Operation(
    "fetch_user_mfa_methods",
    request=_fetch_user_mfa_methods,
    arguments=(Argument("user_id", "user_id", "path", Text(), required=True),),
    answers={
        "200": Body("application/json", _wire.FETCH_USER_MFA_METHODS_RESPONSE),
    },
    credentials=("Authorization", "Bearer "),
    repeatable=True,
)


def _verify_step_up_totp_challenge(parts: _Parts) -> dict[str, Any]:
    from ._transport.api.mfa.verify_step_up_totp_challenge import request
    from ._transport.models import VerifyTotpChallengeRequest

    return request(
        body=VerifyTotpChallengeRequest.from_dict(parts["body"]),
    )


VERIFY_STEP_UP_TOTP_CHALLENGE: Operation[models.VerifyTotpChallengeResponse] = Operation(
    "verify_step_up_totp_challenge",
    request=_verify_step_up_totp_challenge,
    arguments=(
        Argument("action_type", "action_type", "body", Text(min_length=1, max_length=256), required=True),
        Argument("user_id", "user_id", "body", Text(), required=True),
        Argument("code", "code", "body", Text(min_length=1, max_length=16), required=True, secret=True),
        Argument(
            "grant_type", "grant_type", "body", Text(values=["ONE_TIME_USE", "TIME_BASED"]), required=True
        ),
        Argument(
            "valid_for_seconds", "valid_for_seconds", "body", Whole(minimum=1, maximum=86400), required=True
        ),
    ),
    answers={
        "200": Body("application/json", _wire.VERIFY_TOTP_CHALLENGE_RESPONSE),
    },
    credentials=("Authorization", "Bearer "),
    repeatable=False,
)


def _send_sms_mfa_code(parts: _Parts) -> dict[str, Any]:
    from ._transport.api.mfa.send_sms_mfa_code import request
    from ._transport.models import SendSmsMfaCodeRequest

    return request(
        body=SendSmsMfaCodeRequest.from_dict(parts["body"]),
    )


SEND_SMS_MFA_CODE: Operation[models.SendSmsMfaCodeResponse] = Operation(
    "send_sms_mfa_code",
    request=_send_sms_mfa_code,
    arguments=(
        Argument("action_type", "action_type", "body", Text(min_length=1, max_length=256), required=True),
        Argument("user_id", "user_id", "body", Text(), required=True),
        Argument("mfa_phone_id", "mfa_phone_id", "body", Text(), required=True),
        Argument(
            "grant_type", "grant_type", "body", Text(values=["ONE_TIME_USE", "TIME_BASED"]), required=True
        ),
        Argument(
            "valid_for_seconds", "valid_for_seconds", "body", Whole(minimum=1, maximum=86400), required=True
        ),
    ),
    answers={
        "200": Body("application/json", _wire.SEND_SMS_MFA_CODE_RESPONSE),
    },
    credentials=("Authorization", "Bearer "),
    repeatable=False,
)


def _verify_sms_challenge(parts: _Parts) -> dict[str, Any]:
    from ._transport.api.mfa.verify_sms_challenge import request
    from ._transport.models import VerifySmsChallengeRequest

    return request(
        body=VerifySmsChallengeRequest.from_dict(parts["body"]),
    )


VERIFY_SMS_CHALLENGE: Operation[models.VerifySmsChallengeResponse] = Operation(
    "verify_sms_challenge",
    request=_verify_sms_challenge,
    arguments=(
        Argument("challenge_id", "challenge_id", "body", Text(min_length=1, max_length=256), required=True),
        Argument("user_id", "user_id", "body", Text(), required=True),
        Argument("code", "code", "body", Text(min_length=1, max_length=16), required=True, secret=True),
    ),
    answers={
        "200": Body("application/json", _wire.VERIFY_SMS_CHALLENGE_RESPONSE),
    },
    credentials=("Authorization", "Bearer "),
    repeatable=False,
)


def _verify_step_up_grant(parts: _Parts) -> dict[str, Any]:
    from ._transport.api.mfa.verify_step_up_grant import request
    from ._transport.models import VerifyStepUpGrantRequest

    return request(
        body=VerifyStepUpGrantRequest.from_dict(parts["body"]),
    )


VERIFY_STEP_UP_GRANT: Operation[models.VerifyStepUpGrantResponse] = Operation(
    "verify_step_up_grant",
    request=_verify_step_up_grant,
    arguments=(
        Argument("action_type", "action_type", "body", Text(min_length=1, max_length=256), required=True),
        Argument("user_id", "user_id", "body", Text(), required=True),
        Argument("grant", "grant", "body", Text(min_length=1, max_length=256), required=True, secret=True),
    ),
    answers={
        "200": Body("application/json", _wire.VERIFY_STEP_UP_GRANT_RESPONSE),
    },
    credentials=("Authorization", "Bearer "),
    repeatable=False,
)
