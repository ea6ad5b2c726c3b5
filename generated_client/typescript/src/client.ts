/** The client, `StepUpMfa`. A call resolves with exactly what the API documents, or rejects with an error of `errors`. */

import { run } from "./call.js";
import type { CallOptions } from "./call.js";
import type * as models from "./models.js";
import * as operations from "./operations.js";
import { checked } from "./settings.js";
import type { Settings, StepUpMfaOptions } from "./settings.js";

/**
 * Step-Up MFA API
 *
 * Ask a signed-in user for a fresh code before a sensitive action.
 *
 * ```ts
 * const auth = new StepUpMfa({ authUrl, apiKey });
 * ```
 */
export class StepUpMfa {
  readonly #settings: Settings;

  /** Throws InvalidArgumentError where an option is missing or malformed. */
  constructor(options: StepUpMfaOptions = {}) {
    this.#settings = checked(options);
  }

  /**
   * Fetch User MFA Methods
   *
   * Tells which second factor a user has set up: an authenticator app (`Totp`), one or more phones
   * (`Phone`), or none (`null`). Phones come with the id that the send operation wants and the last
   * digits to show to the user; the full number is never sent.
   *
   * The call changes nothing and may be repeated.
   *
   * @param userId The ID of the user. An ID that is no UUID is answered like an unknown user. Format uuid.
   * @throws {@link UnauthorizedError} The API key was not accepted.
   * @throws {@link FeatureGatedError} The plan of this environment does not include step-up MFA.
   * @throws {@link ForbiddenError} The API key may not call this operation.
   * @throws {@link UserNotFoundError} No such user in the environment of the API key.
   * @throws {@link RateLimitedError} Too many attempts; see `Retry-After`.
   * @throws {@link StepUpMfaError} Any other failure.
   * @example
   * ```ts
   * await auth.fetchUserMfaMethods("31c41c16-c281-44ae-9602-8a047e3bf33d");
   * ```
   */
  fetchUserMfaMethods(userId: string, options?: CallOptions): Promise<models.FetchUserMfaMethodsResponse> {
    return run(operations.FETCH_USER_MFA_METHODS, { userId }, this.#settings, options);
  }

  /**
   * Verify TOTP Challenge
   *
   * Checks the code from a user's authenticator app and issues a step-up grant. The user must have an
   * authenticator app set up.
   *
   * A code is accepted once. After it, neither that code nor an older one is accepted for the user,
   * whatever the action. Wrong, used and outdated codes are answered alike. After too many wrong codes
   * in a row the user is locked for a while, and even the right code is answered with 429.
   *
   * Do not repeat this call when its answer is lost: the code may already be spent.
   *
   * @throws {@link UnauthorizedError} The API key was not accepted.
   * @throws {@link FeatureGatedError} The plan of this environment does not include step-up MFA.
   * @throws {@link ForbiddenError} The API key may not call this operation.
   * @throws {@link UserNotFoundError} No such user in the environment of the API key.
   * @throws {@link RateLimitedError} Too many attempts; see `Retry-After`.
   * @throws {@link InvalidRequestFieldsError} One or more fields are not acceptable. Every such field is named at once.
   * @throws {@link MfaNotEnabledError} The user has not set up the factor that this operation needs.
   * @throws {@link IncorrectMfaCodeError} The code is wrong, was used before, or is too old. Which of them is not told.
   * @throws {@link RequestTimeoutError} The request body did not arrive in time.
   * @throws {@link RequestTooLargeError} The request body is too large.
   * @throws {@link UnsupportedMediaTypeError} The request body is not declared as JSON.
   * @throws {@link StepUpMfaError} Any other failure.
   * @example
   * ```ts
   * await auth.verifyStepUpTotpChallenge({
   *   actionType: "SENSITIVE_ACTION",
   *   userId: "31c41c16-c281-44ae-9602-8a047e3bf33d",
   *   code: "123456",
   *   grantType: "TIME_BASED",
   *   validForSeconds: 60,
   * });
   * ```
   */
  verifyStepUpTotpChallenge(input: models.VerifyTotpChallengeRequest, options?: CallOptions): Promise<models.VerifyTotpChallengeResponse> {
    return run(operations.VERIFY_STEP_UP_TOTP_CHALLENGE, input, this.#settings, options);
  }

  /**
   * Send SMS MFA Code
   *
   * Sends a fresh code to one of the user's phones and opens a challenge for it. The action, the type of
   * the grant and its lifetime are settled here; they hold for the grant that verifying the challenge
   * will issue. That lifetime starts when the code is verified, not when it is sent.
   *
   * A challenge lives for ten minutes and dies after a few wrong codes. Sends to one phone are limited.
   *
   * Each call sends a message. Do not repeat it when its answer is lost unless the user asks for another
   * code.
   *
   * @throws {@link UnauthorizedError} The API key was not accepted.
   * @throws {@link FeatureGatedError} The plan of this environment does not include step-up MFA.
   * @throws {@link ForbiddenError} The API key may not call this operation.
   * @throws {@link UserNotFoundError} No such user in the environment of the API key.
   * @throws {@link RateLimitedError} Too many attempts; see `Retry-After`.
   * @throws {@link InvalidRequestFieldsError} One or more fields are not acceptable. Every such field is named at once.
   * @throws {@link MfaNotEnabledError} The user has not set up the factor that this operation needs.
   * @throws {@link RequestTimeoutError} The request body did not arrive in time.
   * @throws {@link RequestTooLargeError} The request body is too large.
   * @throws {@link UnsupportedMediaTypeError} The request body is not declared as JSON.
   * @throws {@link StepUpMfaError} Any other failure.
   * @example
   * ```ts
   * await auth.sendSmsMfaCode({
   *   actionType: "SENSITIVE_ACTION",
   *   userId: "6200a53c-c2d1-4f0e-9b5e-3f1a7c8d2e64",
   *   mfaPhoneId: "cc83af74-cd5b-4a3e-8f21-6b0d9e4c7a10",
   *   grantType: "TIME_BASED",
   *   validForSeconds: 60,
   * });
   * ```
   */
  sendSmsMfaCode(input: models.SendSmsMfaCodeRequest, options?: CallOptions): Promise<models.SendSmsMfaCodeResponse> {
    return run(operations.SEND_SMS_MFA_CODE, input, this.#settings, options);
  }

  /**
   * Verify SMS Challenge
   *
   * Checks the code that a user received by SMS against the challenge it was sent for, and issues a
   * step-up grant for the action, type and lifetime that were given when the code was sent. The user
   * must have a phone set up.
   *
   * A challenge is spent by the right code. It belongs to one user: unknown, spent, expired and foreign
   * challenges are answered alike. A wrong code counts against the challenge and against the user.
   *
   * Do not repeat this call when its answer is lost: the challenge may already be spent.
   *
   * @throws {@link UnauthorizedError} The API key was not accepted.
   * @throws {@link FeatureGatedError} The plan of this environment does not include step-up MFA.
   * @throws {@link ForbiddenError} The API key may not call this operation.
   * @throws {@link RateLimitedError} Too many attempts; see `Retry-After`.
   * @throws {@link InvalidRequestFieldsError} One or more fields are not acceptable. Every such field is named at once.
   * @throws {@link RequestTimeoutError} The request body did not arrive in time.
   * @throws {@link RequestTooLargeError} The request body is too large.
   * @throws {@link UnsupportedMediaTypeError} The request body is not declared as JSON.
   * @throws {@link StepUpMfaError} Any other failure.
   * @example
   * ```ts
   * await auth.verifySmsChallenge({
   *   challengeId: "a7b0e75b-3a64-4c1d-b58e-90f2d7c6e153",
   *   userId: "6200a53c-c2d1-4f0e-9b5e-3f1a7c8d2e64",
   *   code: "ABC123",
   * });
   * ```
   */
  verifySmsChallenge(input: models.VerifySmsChallengeRequest, options?: CallOptions): Promise<models.VerifySmsChallengeResponse> {
    return run(operations.VERIFY_SMS_CHALLENGE, input, this.#settings, options);
  }

  /**
   * Verify Step-Up Grant
   *
   * Confirms, right before a sensitive action, that a grant is alive for exactly this user and this
   * action. Only status 200 with `success` true means yes.
   *
   * A `ONE_TIME_USE` grant is spent by the call that succeeds; a refused call spends nothing. A
   * `TIME_BASED` grant stays valid until its lifetime ends, and verifying does not extend it. The end is
   * exclusive: a grant for 60 seconds is dead at second 60. Unknown, spent and expired grants, and
   * grants of another user or action, are answered alike.
   *
   * Do not repeat this call when its answer is lost: a one-time grant may already be spent.
   *
   * @throws {@link UnauthorizedError} The API key was not accepted.
   * @throws {@link FeatureGatedError} The plan of this environment does not include step-up MFA.
   * @throws {@link ForbiddenError} The API key may not call this operation.
   * @throws {@link RateLimitedError} Too many attempts; see `Retry-After`.
   * @throws {@link InvalidRequestFieldsError} One or more fields are not acceptable. Every such field is named at once.
   * @throws {@link RequestTimeoutError} The request body did not arrive in time.
   * @throws {@link RequestTooLargeError} The request body is too large.
   * @throws {@link UnsupportedMediaTypeError} The request body is not declared as JSON.
   * @throws {@link StepUpMfaError} Any other failure.
   * @example
   * ```ts
   * await auth.verifyStepUpGrant({
   *   actionType: "SENSITIVE_ACTION",
   *   userId: "31c41c16-c281-44ae-9602-8a047e3bf33d",
   *   grant: "f374f738cc0b1f2d5a4e6c8790ab1234cd56ef7890a1b2c3d4e5f60718293a4b",
   * });
   * ```
   */
  verifyStepUpGrant(input: models.VerifyStepUpGrantRequest, options?: CallOptions): Promise<models.VerifyStepUpGrantResponse> {
    return run(operations.VERIFY_STEP_UP_GRANT, input, this.#settings, options);
  }
}
