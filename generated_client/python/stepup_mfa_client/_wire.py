"""How the types of ``models`` look on the wire."""

from __future__ import annotations

from . import models
from ._shapes import (
    Array,
    Constant,
    Field,
    Nullable,
    Object,
    Shape,
    Tagged,
    Text,
)

TOTP_MFA: Shape[models.TotpMfa] = Object(
    models.TotpMfa, Field("type", "type", Constant("Totp"), required=True)
)
MFA_PHONE: Shape[models.MfaPhone] = Object(
    models.MfaPhone,
    Field("mfa_phone_number_suffix", "mfa_phone_number_suffix", Text(), required=True),
    Field("mfa_phone_id", "mfa_phone_id", Text(), required=True),
)
PHONE_MFA: Shape[models.PhoneMfa] = Object(
    models.PhoneMfa,
    Field("type", "type", Constant("Phone"), required=True),
    Field("phone_numbers", "phone_numbers", Array(MFA_PHONE, minimum=1), required=True),
)
MFA_SETUP: Shape[models.MfaSetup] = Tagged("type", models.UnknownMfa, {"Totp": TOTP_MFA, "Phone": PHONE_MFA})
FETCH_USER_MFA_METHODS_RESPONSE: Shape[models.FetchUserMfaMethodsResponse] = Object(
    models.FetchUserMfaMethodsResponse, Field("mfa_setup", "mfa_setup", Nullable(MFA_SETUP), required=True)
)
VERIFY_TOTP_CHALLENGE_RESPONSE: Shape[models.VerifyTotpChallengeResponse] = Object(
    models.VerifyTotpChallengeResponse,
    Field("step_up_grant", "step_up_grant", Text(min_length=1, max_length=256), required=True),
)
SEND_SMS_MFA_CODE_RESPONSE: Shape[models.SendSmsMfaCodeResponse] = Object(
    models.SendSmsMfaCodeResponse,
    Field("challenge_id", "challenge_id", Text(min_length=1, max_length=256), required=True),
)
VERIFY_SMS_CHALLENGE_RESPONSE: Shape[models.VerifySmsChallengeResponse] = Object(
    models.VerifySmsChallengeResponse,
    Field("step_up_grant", "step_up_grant", Text(min_length=1, max_length=256), required=True),
)
VERIFY_STEP_UP_GRANT_RESPONSE: Shape[models.VerifyStepUpGrantResponse] = Object(
    models.VerifyStepUpGrantResponse, Field("success", "success", Constant(True), required=True)
)
