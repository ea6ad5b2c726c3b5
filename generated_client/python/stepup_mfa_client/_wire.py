"""How the types of ``models`` look on the wire."""

from __future__ import annotations

from . import models
from ._codecs import Codec
from ._codecs.array import Array
from ._codecs.constant import Constant
from ._codecs.nullable import Nullable
from ._codecs.object import Field, Object
from ._codecs.patterns import pattern
from ._codecs.sizes import max_size, min_size
from ._codecs.tagged import Tagged
from ._codecs.text import Text
from ._codecs.uuids import uuid

TOTP_MFA: Codec[models.TotpMfa] = Object(
    models.TotpMfa, Field("type", "type", Constant("Totp"), required=True)
)
MFA_PHONE: Codec[models.MfaPhone] = Object(
    models.MfaPhone,
    Field(
        "mfa_phone_number_suffix", "mfa_phone_number_suffix", Text(pattern("^[0-9]{1,4}\\Z")), required=True
    ),
    Field("mfa_phone_id", "mfa_phone_id", Text(uuid), required=True),
)
PHONE_MFA: Codec[models.PhoneMfa] = Object(
    models.PhoneMfa,
    Field("type", "type", Constant("Phone"), required=True),
    Field(
        "phone_numbers", "phone_numbers", Array(MFA_PHONE, min_size(1, "item"), filled=True), required=True
    ),
)
MFA_SETUP: Codec[models.MfaSetup] = Tagged("type", models.UnknownMfa, {"Totp": TOTP_MFA, "Phone": PHONE_MFA})
FETCH_USER_MFA_METHODS_RESPONSE: Codec[models.FetchUserMfaMethodsResponse] = Object(
    models.FetchUserMfaMethodsResponse, Field("mfa_setup", "mfa_setup", Nullable(MFA_SETUP), required=True)
)
VERIFY_TOTP_CHALLENGE_RESPONSE: Codec[models.VerifyTotpChallengeResponse] = Object(
    models.VerifyTotpChallengeResponse,
    Field(
        "step_up_grant",
        "step_up_grant",
        Text(min_size(1, "character"), max_size(256, "character"), filled=True),
        required=True,
    ),
)
SEND_SMS_MFA_CODE_RESPONSE: Codec[models.SendSmsMfaCodeResponse] = Object(
    models.SendSmsMfaCodeResponse,
    Field(
        "challenge_id",
        "challenge_id",
        Text(min_size(1, "character"), max_size(256, "character"), filled=True),
        required=True,
    ),
)
VERIFY_SMS_CHALLENGE_RESPONSE: Codec[models.VerifySmsChallengeResponse] = Object(
    models.VerifySmsChallengeResponse,
    Field(
        "step_up_grant",
        "step_up_grant",
        Text(min_size(1, "character"), max_size(256, "character"), filled=True),
        required=True,
    ),
)
VERIFY_STEP_UP_GRANT_RESPONSE: Codec[models.VerifyStepUpGrantResponse] = Object(
    models.VerifyStepUpGrantResponse, Field("success", "success", Constant(True), required=True)
)
