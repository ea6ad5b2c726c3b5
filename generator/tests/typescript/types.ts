// What a type checker must accept and reject; compiled, never run.
import { ApiError, StepUpMfa, StepUpMfaError } from "stepup-mfa-client";
import type { FetchUserMfaMethodsResponse, GrantType, UnknownMfa } from "stepup-mfa-client";

const auth = new StepUpMfa({ authUrl: "https://auth.example.com", apiKey: "key", timeoutMs: 1, headers: {}, fetch });
const grantType: GrantType = "TIME_BASED";

export async function narrowed(): Promise<string> {
  const { mfaSetup }: FetchUserMfaMethodsResponse = await auth.fetchUserMfaMethods("id", { signal: AbortSignal.timeout(1) });
  if (mfaSetup === null) return "none";
  if (mfaSetup.type === "Totp") return mfaSetup.type;
  if (mfaSetup.type === "Phone") return mfaSetup.phoneNumbers.map((phone) => phone.mfaPhoneId).join();
  const unknown: UnknownMfa = mfaSetup;
  const tag: string = unknown.type;
  return `${tag} ${String(unknown.raw["keys"])}`;
}

export async function misused(): Promise<void> {
  // @ts-expect-error a field is missing
  await auth.verifyStepUpGrant({ actionType: "A", userId: "u" });
  // @ts-expect-error wire names are not the names here
  await auth.verifyStepUpGrant({ action_type: "A", user_id: "u", grant: "g" });
  // @ts-expect-error no such grant type
  await auth.sendSmsMfaCode({ actionType: "A", userId: "u", mfaPhoneId: "p", grantType: "ALWAYS", validForSeconds: 1 });
  await auth.sendSmsMfaCode({ actionType: "A", userId: "u", mfaPhoneId: "p", grantType, validForSeconds: 1 });
  // @ts-expect-error expected a number
  await auth.sendSmsMfaCode({ actionType: "A", userId: "u", mfaPhoneId: "p", grantType, validForSeconds: "1" });
  const granted = await auth.verifyStepUpGrant({ actionType: "A", userId: "u", grant: "g" });
  const yes: true = granted.success;
  // @ts-expect-error results cannot be changed
  granted.success = yes;
  try {
    await narrowed();
  } catch (error) {
    if (error instanceof ApiError) {
      const code: string | undefined = error.errorCode;
      const grant: string | undefined = error.fieldErrors["grant"];
      console.log(code, grant, error.retryAfter satisfies number | undefined);
    } else if (error instanceof StepUpMfaError) {
      // @ts-expect-error only an API error has a code
      console.log(error.errorCode);
    }
  }
}
