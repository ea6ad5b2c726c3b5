"""Contains all the data models used in inputs/outputs"""

from .send_sms_mfa_code_request import SendSmsMfaCodeRequest
from .verify_sms_challenge_request import VerifySmsChallengeRequest
from .verify_step_up_grant_request import VerifyStepUpGrantRequest
from .verify_totp_challenge_request import VerifyTotpChallengeRequest

__all__ = (
    "SendSmsMfaCodeRequest",
    "VerifySmsChallengeRequest",
    "VerifyStepUpGrantRequest",
    "VerifyTotpChallengeRequest",
)
