"""The operations as data: their arguments, what counts as success, whether they may be repeated."""

from __future__ import annotations

from . import _transport, _wire, models
from ._codecs.enums import one_of
from ._codecs.integer import Integer
from ._codecs.ranges import maximum, minimum
from ._codecs.sizes import max_size, min_size
from ._codecs.text import Text
from ._codecs.uuids import uuid
from ._request import Argument, Body, Operation

FETCH_USER_MFA_METHODS: Operation[models.FetchUserMfaMethodsResponse] = Operation(
    "fetch_user_mfa_methods",
    request=_transport.fetch_user_mfa_methods,
    arguments=(Argument("user_id", "user_id", "path", Text(uuid), required=True),),
    successes={
        "200": Body("application/json", _wire.FETCH_USER_MFA_METHODS_RESPONSE),
    },
    credentials=("Authorization", "Bearer "),
    repeatable=True,
)
VERIFY_STEP_UP_TOTP_CHALLENGE: Operation[models.VerifyTotpChallengeResponse] = Operation(
    "verify_step_up_totp_challenge",
    request=_transport.verify_step_up_totp_challenge,
    arguments=(
        Argument(
            "action_type",
            "action_type",
            "body",
            Text(min_size(1, "character"), max_size(256, "character"), filled=True),
            required=True,
        ),
        Argument("user_id", "user_id", "body", Text(uuid), required=True),
        Argument(
            "code",
            "code",
            "body",
            Text(min_size(1, "character"), max_size(16, "character"), filled=True),
            required=True,
            secret=True,
        ),
        Argument(
            "grant_type", "grant_type", "body", Text(one_of("ONE_TIME_USE", "TIME_BASED")), required=True
        ),
        Argument(
            "valid_for_seconds",
            "valid_for_seconds",
            "body",
            Integer(minimum(-9223372036854775808), maximum(9223372036854775807), minimum(1), maximum(86400)),
            required=True,
        ),
    ),
    successes={
        "200": Body("application/json", _wire.VERIFY_TOTP_CHALLENGE_RESPONSE),
    },
    credentials=("Authorization", "Bearer "),
    repeatable=False,
)
SEND_SMS_MFA_CODE: Operation[models.SendSmsMfaCodeResponse] = Operation(
    "send_sms_mfa_code",
    request=_transport.send_sms_mfa_code,
    arguments=(
        Argument(
            "action_type",
            "action_type",
            "body",
            Text(min_size(1, "character"), max_size(256, "character"), filled=True),
            required=True,
        ),
        Argument("user_id", "user_id", "body", Text(uuid), required=True),
        Argument("mfa_phone_id", "mfa_phone_id", "body", Text(uuid), required=True),
        Argument(
            "grant_type", "grant_type", "body", Text(one_of("ONE_TIME_USE", "TIME_BASED")), required=True
        ),
        Argument(
            "valid_for_seconds",
            "valid_for_seconds",
            "body",
            Integer(minimum(-9223372036854775808), maximum(9223372036854775807), minimum(1), maximum(86400)),
            required=True,
        ),
    ),
    successes={
        "200": Body("application/json", _wire.SEND_SMS_MFA_CODE_RESPONSE),
    },
    credentials=("Authorization", "Bearer "),
    repeatable=False,
)
VERIFY_SMS_CHALLENGE: Operation[models.VerifySmsChallengeResponse] = Operation(
    "verify_sms_challenge",
    request=_transport.verify_sms_challenge,
    arguments=(
        Argument(
            "challenge_id",
            "challenge_id",
            "body",
            Text(min_size(1, "character"), max_size(256, "character"), filled=True),
            required=True,
        ),
        Argument("user_id", "user_id", "body", Text(uuid), required=True),
        Argument(
            "code",
            "code",
            "body",
            Text(min_size(1, "character"), max_size(16, "character"), filled=True),
            required=True,
            secret=True,
        ),
    ),
    successes={
        "200": Body("application/json", _wire.VERIFY_SMS_CHALLENGE_RESPONSE),
    },
    credentials=("Authorization", "Bearer "),
    repeatable=False,
)
VERIFY_STEP_UP_GRANT: Operation[models.VerifyStepUpGrantResponse] = Operation(
    "verify_step_up_grant",
    request=_transport.verify_step_up_grant,
    arguments=(
        Argument(
            "action_type",
            "action_type",
            "body",
            Text(min_size(1, "character"), max_size(256, "character"), filled=True),
            required=True,
        ),
        Argument("user_id", "user_id", "body", Text(uuid), required=True),
        Argument(
            "grant",
            "grant",
            "body",
            Text(min_size(1, "character"), max_size(256, "character"), filled=True),
            required=True,
            secret=True,
        ),
    ),
    successes={
        "200": Body("application/json", _wire.VERIFY_STEP_UP_GRANT_RESPONSE),
    },
    credentials=("Authorization", "Bearer "),
    repeatable=False,
)
