/** How the types of `models` look on the wire. */

import type * as models from "./models.js";
import { array, constant, nullable, object, tagged, text } from "./shapes.js";
import type { Shape } from "./shapes.js";

export const TOTP_MFA: Shape<models.TotpMfa> = object<models.TotpMfa>(
  ["type", "type", constant("Totp"), true],
);

export const MFA_PHONE: Shape<models.MfaPhone> = object<models.MfaPhone>(
  ["mfaPhoneNumberSuffix", "mfa_phone_number_suffix", text(), true],
  ["mfaPhoneId", "mfa_phone_id", text(), true],
);

export const PHONE_MFA: Shape<models.PhoneMfa> = object<models.PhoneMfa>(
  ["type", "type", constant("Phone"), true],
  ["phoneNumbers", "phone_numbers", array(MFA_PHONE, 1), true],
);

export const MFA_SETUP: Shape<models.MfaSetup> = tagged<models.MfaSetup>("type", "type", [
  ["Totp", TOTP_MFA],
  ["Phone", PHONE_MFA],
]);

export const FETCH_USER_MFA_METHODS_RESPONSE: Shape<models.FetchUserMfaMethodsResponse> = object<models.FetchUserMfaMethodsResponse>(
  ["mfaSetup", "mfa_setup", nullable(MFA_SETUP), true],
);

export const VERIFY_TOTP_CHALLENGE_RESPONSE: Shape<models.VerifyTotpChallengeResponse> = object<models.VerifyTotpChallengeResponse>(
  ["stepUpGrant", "step_up_grant", text(1, 256), true, true],
);

export const SEND_SMS_MFA_CODE_RESPONSE: Shape<models.SendSmsMfaCodeResponse> = object<models.SendSmsMfaCodeResponse>(
  ["challengeId", "challenge_id", text(1, 256), true],
);

export const VERIFY_SMS_CHALLENGE_RESPONSE: Shape<models.VerifySmsChallengeResponse> = object<models.VerifySmsChallengeResponse>(
  ["stepUpGrant", "step_up_grant", text(1, 256), true, true],
);

export const VERIFY_STEP_UP_GRANT_RESPONSE: Shape<models.VerifyStepUpGrantResponse> = object<models.VerifyStepUpGrantResponse>(
  ["success", "success", constant(true), true],
);
