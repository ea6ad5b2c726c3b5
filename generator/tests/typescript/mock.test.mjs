// The TypeScript client on the mock: whole flows. STEPUP_MFA_CLIENT is the folder of the built client; the mock's address
// and keys come by the environment, MOCK_TOTP and MOCK_PHONE are users as {id, code} and {id, number}.
import assert from "node:assert/strict";
import { test } from "node:test";

const { StepUpMfa, IncorrectMfaCodeError, InvalidRequestFieldsError, UnauthorizedError, UserNotFoundError } = await import(
  `${process.env.STEPUP_MFA_CLIENT}/dist/index.js`
);
const auth = new StepUpMfa();
const terms = { actionType: "SENSITIVE_ACTION", grantType: "ONE_TIME_USE", validForSeconds: 60 };

const rejected = async (promise, type) => {
  const error = await promise.then(() => assert.fail("expected a rejection"), (reason) => reason);
  assert.ok(error instanceof type, String(error));
  assert.ok(error.requestId);
  return error;
};

test("a TOTP flow", async () => {
  const { id: userId, code } = JSON.parse(process.env.MOCK_TOTP);
  assert.deepEqual(await auth.fetchUserMfaMethods(userId), { mfaSetup: { type: "Totp" } });
  const { stepUpGrant } = await auth.verifyStepUpTotpChallenge({ ...terms, userId, code });
  await rejected(auth.verifyStepUpTotpChallenge({ ...terms, userId, code }), IncorrectMfaCodeError);
  const grant = { actionType: terms.actionType, userId, grant: stepUpGrant };
  const other = await rejected(auth.verifyStepUpGrant({ ...grant, actionType: "OTHER" }), InvalidRequestFieldsError);
  assert.deepEqual(other.fieldErrors, { grant: "grant_not_found" });
  assert.deepEqual(await auth.verifyStepUpGrant(grant), { success: true });
  await rejected(auth.verifyStepUpGrant(grant), InvalidRequestFieldsError);
});

test("an SMS flow", async () => {
  const { id: userId, number } = JSON.parse(process.env.MOCK_PHONE);
  const { mfaSetup } = await auth.fetchUserMfaMethods(userId);
  assert.equal(mfaSetup.type, "Phone");
  const [{ mfaPhoneId, mfaPhoneNumberSuffix }] = mfaSetup.phoneNumbers;
  assert.equal(mfaPhoneNumberSuffix, number.slice(-4));
  const { challengeId } = await auth.sendSmsMfaCode({ ...terms, grantType: "TIME_BASED", userId, mfaPhoneId });
  const wrong = await rejected(auth.verifySmsChallenge({ challengeId, userId, code: "!" }), InvalidRequestFieldsError);
  assert.deepEqual(wrong.fieldErrors, { code: "incorrect_mfa_code" });
  const inbox = await fetch(`${process.env.STEPUP_MFA_AUTH_URL}/__control__/inbox?challenge_id=${challengeId}`, {
    headers: { authorization: `Bearer ${process.env.STEPUP_MFA_CONTROL_KEY}` },
  });
  const { messages: [{ code }] } = await inbox.json();
  const { stepUpGrant } = await auth.verifySmsChallenge({ challengeId, userId, code });
  const grant = { actionType: terms.actionType, userId, grant: stepUpGrant };
  for (let use = 0; use < 2; use++) assert.deepEqual(await auth.verifyStepUpGrant(grant), { success: true });
});

test("errors of the API", async () => {
  const nobody = "00000000-0000-4000-8000-000000000000";
  assert.equal((await rejected(auth.fetchUserMfaMethods(nobody), UserNotFoundError)).status, 404);
  const other = new StepUpMfa({ apiKey: "not-the-key" });
  assert.equal((await rejected(other.fetchUserMfaMethods(nobody), UnauthorizedError)).status, 401);
});
