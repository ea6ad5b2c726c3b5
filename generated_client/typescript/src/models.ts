/** What the operations take and return. A result that holds a secret prints it as `***`; read it by its name. */

// A type of one value that no literal is: with it `type === "…"` tells the known variants apart. There is no such object.
declare enum UnknownValue {
  any = "",
}

/** The tag of a variant that this version does not know: any string but the known ones. To compare it, read `raw`. */
export type UnknownTag = UnknownValue.any;

/** The user has an authenticator app. */
export interface TotpMfa {
  /** Always `Totp`. */
  readonly type: "Totp";
}

/** A phone that can receive a code. */
export interface MfaPhone {
  /** The last digits of the number, at most four, to show to the user. Matches ^[0-9]{1,4}$. */
  readonly mfaPhoneNumberSuffix: string;
  /** The ID to send a code to. Format uuid. */
  readonly mfaPhoneId: string;
}

/** The user receives codes by SMS. */
export interface PhoneMfa {
  /** Always `Phone`. */
  readonly type: "Phone";
  /** The phones that can receive a code, at least one. At least 1 items. */
  readonly phoneNumbers: readonly MfaPhone[];
}

/** An authenticator app or a list of phones. Treat a type you do not know as a factor you cannot use. */
export type MfaSetup = TotpMfa | PhoneMfa | UnknownMfa;

/** A variant of MfaSetup that this version does not know; `raw` is the whole object as it came. */
export interface UnknownMfa {
  readonly type: UnknownTag;
  readonly raw: Readonly<Record<string, unknown>>;
}

/** The second factor that a user has set up. */
export interface FetchUserMfaMethodsResponse {
  /** The factor, told apart by `type`. Null when the user has none. */
  readonly mfaSetup: MfaSetup | null;
}

/** `ONE_TIME_USE`: good for one verification. `TIME_BASED`: good for any number until its lifetime ends. */
export type GrantType = "ONE_TIME_USE" | "TIME_BASED";

/** The grant for a right code. */
export interface VerifyTotpChallengeResponse {
  /** The grant. Keep it on your side until the action; treat it like a password. 1 to 256 characters. */
  readonly stepUpGrant: string;
}

/** The challenge that the sent code answers. */
export interface SendSmsMfaCodeResponse {
  /** The ID of the challenge. Verify it together with the code. 1 to 256 characters. */
  readonly challengeId: string;
}

/** The grant for a right code. */
export interface VerifySmsChallengeResponse {
  /** The grant. Keep it on your side until the action; treat it like a password. 1 to 256 characters. */
  readonly stepUpGrant: string;
}

/** The grant is alive. There is no answer with `success` false; a dead grant is an error. */
export interface VerifyStepUpGrantResponse {
  /** Always true. */
  readonly success: true;
}

/** What Fetch User MFA Methods takes. */
export interface FetchUserMfaMethodsRequest {
  /** The ID of the user. An ID that is no UUID is answered like an unknown user. Format uuid. */
  readonly userId: string;
}

/** A code from an authenticator app, and the grant wanted for it. */
export interface VerifyTotpChallengeRequest {
  /**
   * A name of your choice for the action. The grant is verified with exactly the same string, byte for
   * byte. 1 to 256 characters.
   */
  readonly actionType: string;
  /** The ID of the user. Format uuid. */
  readonly userId: string;
  /**
   * The code as the app shows it, usually six digits. Leading zeros count, so it is a string. 1 to 16
   * characters.
   */
  readonly code: string;
  /** `ONE_TIME_USE`: good for one verification. `TIME_BASED`: good for any number until its lifetime ends. One of `ONE_TIME_USE`, `TIME_BASED`. */
  readonly grantType: GrantType;
  /**
   * Lifetime of the grant in seconds, from the moment it is issued; at most one day. 1 to 86400. Format
   * int64.
   */
  readonly validForSeconds: number;
}

/** The phone to send a code to, and the grant wanted for it. */
export interface SendSmsMfaCodeRequest {
  /**
   * A name of your choice for the action. The grant is verified with exactly the same string, byte for
   * byte. 1 to 256 characters.
   */
  readonly actionType: string;
  /** The ID of the user. Format uuid. */
  readonly userId: string;
  /** The ID of one of the user's phones, from the lookup. Format uuid. */
  readonly mfaPhoneId: string;
  /** `ONE_TIME_USE`: good for one verification. `TIME_BASED`: good for any number until its lifetime ends. One of `ONE_TIME_USE`, `TIME_BASED`. */
  readonly grantType: GrantType;
  /**
   * Lifetime of the grant in seconds, from the moment the code is verified; at most one day. 1 to 86400.
   * Format int64.
   */
  readonly validForSeconds: number;
}

/** A challenge and the code that the user received for it. */
export interface VerifySmsChallengeRequest {
  /** The ID of the challenge, from the send operation. 1 to 256 characters. */
  readonly challengeId: string;
  /** The ID of the user that the code was sent to. Format uuid. */
  readonly userId: string;
  /** The code from the message, usually six characters. It may hold letters. 1 to 16 characters. */
  readonly code: string;
}

/** A grant, and the user and action it must be for. */
export interface VerifyStepUpGrantRequest {
  /**
   * The action that is about to happen. It must be exactly the string that was given when the code was
   * verified or sent. 1 to 256 characters.
   */
  readonly actionType: string;
  /** The ID of the user who acts. It must be the user that the grant was issued for. Format uuid. */
  readonly userId: string;
  /** The grant, as `step_up_grant` gave it. 1 to 256 characters. */
  readonly grant: string;
}
