/** The operations as data: what they take, what counts as success, whether they may be repeated. */

import type * as models from "./models.js";
import type { Operation } from "./call.js";
import { text, whole } from "./shapes.js";
import * as wire from "./wire.js";

export const FETCH_USER_MFA_METHODS: Operation<models.FetchUserMfaMethodsResponse> = {
  name: "fetchUserMfaMethods",
  method: "GET",
  path: "/api/backend/v1/user/{user_id}/mfa",
  fields: [
    ["userId", "user_id", "path", text(), true, false],
  ],
  answers: {
    "200": ["application/json", wire.FETCH_USER_MFA_METHODS_RESPONSE],
  },
  credentials: ["Authorization", "Bearer "],
  repeatable: true,
};

export const VERIFY_STEP_UP_TOTP_CHALLENGE: Operation<models.VerifyTotpChallengeResponse> = {
  name: "verifyStepUpTotpChallenge",
  method: "POST",
  path: "/api/backend/v1/mfa/step-up/verify-totp",
  fields: [
    ["actionType", "action_type", "body", text(1, 256), true, false],
    ["userId", "user_id", "body", text(), true, false],
    ["code", "code", "body", text(1, 16), true, true],
    ["grantType", "grant_type", "body", text(undefined, undefined, ["ONE_TIME_USE", "TIME_BASED"]), true, false],
    ["validForSeconds", "valid_for_seconds", "body", whole(1, 86400), true, false],
  ],
  answers: {
    "200": ["application/json", wire.VERIFY_TOTP_CHALLENGE_RESPONSE],
  },
  credentials: ["Authorization", "Bearer "],
  repeatable: false,
};

export const SEND_SMS_MFA_CODE: Operation<models.SendSmsMfaCodeResponse> = {
  name: "sendSmsMfaCode",
  method: "POST",
  path: "/api/backend/v1/mfa/step-up/phone/send",
  fields: [
    ["actionType", "action_type", "body", text(1, 256), true, false],
    ["userId", "user_id", "body", text(), true, false],
    ["mfaPhoneId", "mfa_phone_id", "body", text(), true, false],
    ["grantType", "grant_type", "body", text(undefined, undefined, ["ONE_TIME_USE", "TIME_BASED"]), true, false],
    ["validForSeconds", "valid_for_seconds", "body", whole(1, 86400), true, false],
  ],
  answers: {
    "200": ["application/json", wire.SEND_SMS_MFA_CODE_RESPONSE],
  },
  credentials: ["Authorization", "Bearer "],
  repeatable: false,
};

export const VERIFY_SMS_CHALLENGE: Operation<models.VerifySmsChallengeResponse> = {
  name: "verifySmsChallenge",
  method: "POST",
  path: "/api/backend/v1/mfa/step-up/phone/verify",
  fields: [
    ["challengeId", "challenge_id", "body", text(1, 256), true, false],
    ["userId", "user_id", "body", text(), true, false],
    ["code", "code", "body", text(1, 16), true, true],
  ],
  answers: {
    "200": ["application/json", wire.VERIFY_SMS_CHALLENGE_RESPONSE],
  },
  credentials: ["Authorization", "Bearer "],
  repeatable: false,
};

export const VERIFY_STEP_UP_GRANT: Operation<models.VerifyStepUpGrantResponse> = {
  name: "verifyStepUpGrant",
  method: "POST",
  path: "/api/backend/v1/mfa/step-up/verify-grant",
  fields: [
    ["actionType", "action_type", "body", text(1, 256), true, false],
    ["userId", "user_id", "body", text(), true, false],
    ["grant", "grant", "body", text(1, 256), true, true],
  ],
  answers: {
    "200": ["application/json", wire.VERIFY_STEP_UP_GRANT_RESPONSE],
  },
  credentials: ["Authorization", "Bearer "],
  repeatable: false,
};
