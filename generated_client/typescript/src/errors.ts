/**
 * What a call throws. One root, `StepUpMfaError`; nothing is ever reported by a falsy result.
 *
 * No message holds the API key or an argument that is a secret. What an answer said is read by name and not printed.
 */

import { isObject, own } from "./shapes.js";

/** What is known of the answer to a call. */
export interface Answered {
  readonly status?: number | undefined;
  readonly requestId?: string | undefined;
  readonly retryAfter?: number | undefined;
}

type Body = Readonly<Record<string, unknown>>;

/** The root of what this package throws. */
export class StepUpMfaError extends Error {
  readonly #answered: Answered;

  constructor(message: string, answered: Answered = {}) {
    super(message);
    this.name = "StepUpMfaError";
    this.#answered = answered;
  }

  /** The status of the answer, undefined where there was none. */
  get status(): number | undefined {
    return this.#answered.status;
  }

  /** The `X-Request-Id` of the answer. */
  get requestId(): string | undefined {
    return this.#answered.requestId;
  }

  /** The `Retry-After` of the answer, in seconds from when it came. */
  get retryAfter(): number | undefined {
    return this.#answered.retryAfter;
  }
}

/** Arguments were refused before anything was sent; `problems` says for each what was wanted. */
export class InvalidArgumentError extends StepUpMfaError {
  readonly problems: Readonly<Record<string, string>>;

  constructor(operation: string, problems: Readonly<Record<string, string>>) {
    const what = Object.entries(problems).map(([name, problem]) => `${name}: ${problem}`);
    super(`${operation}: ${what.join("; ")}`);
    this.name = "InvalidArgumentError";
    this.problems = problems;
  }
}

/** No complete answer came, and the call may have been carried out. */
export class NoAnswerError extends StepUpMfaError {
  constructor(
    message: string,
    /** Whether the time was up. */
    readonly timedOut: boolean,
  ) {
    super(message);
    this.name = "NoAnswerError";
  }
}

/** The connection was never made: nothing was carried out, and trying again is safe. */
export class NotSentError extends NoAnswerError {
  constructor(message: string, timedOut: boolean) {
    super(message, timedOut);
    this.name = "NotSentError";
  }
}

/**
 * The answer is none that the API documents; it never counts as success.
 *
 * A proxy's page, say, or a redirect, or a body that lacks what was promised.
 */
export class UnexpectedAnswerError extends StepUpMfaError {
  constructor(message: string, answered: Answered) {
    super(message, answered);
    this.name = "UnexpectedAnswerError";
  }
}

/** The API refused the call. Thrown as such for refusals that this version does not know. */
export class ApiError extends StepUpMfaError {
  readonly #body: Body;
  readonly #names: ReadonlyMap<string, string>;

  /** `names` are those of the arguments by their names on the wire. */
  constructor(message: string, answered: Answered, body: Body, names: ReadonlyMap<string, string>) {
    super(message, answered);
    this.name = "ApiError";
    this.#body = body;
    this.#names = names;
  }

  /** The error body as it came. */
  get body(): Body {
    return this.#body;
  }

  /** What went wrong, as a code; it may be one that this version does not know. */
  get errorCode(): string | undefined {
    return textOf(this.#body, "error_code");
  }

  /** A sentence that may be shown to a user. */
  get userFacingError(): string | undefined {
    return textOf(this.#body, "user_facing_error");
  }

  /**
   * What is wrong with which field, as a code. `body` stands for the request body as a whole.
   *
   * By the names of the arguments, where it is about them.
   */
  get fieldErrors(): Readonly<Record<string, string>> {
    const found = textsOf(this.#body, "field_errors", "field_to_errors");
    return Object.fromEntries(Object.entries(found).map(([key, value]) => [this.#names.get(key) ?? key, value]));
  }

  /**
   * For each field in `field_errors`, a sentence that may be shown to a user.
   *
   * By the names of the arguments, where it is about them.
   */
  get userFacingErrors(): Readonly<Record<string, string>> {
    const found = textsOf(this.#body, "user_facing_errors");
    return Object.fromEntries(Object.entries(found).map(([key, value]) => [this.#names.get(key) ?? key, value]));
  }
}

/** The API key was not accepted. */
export class UnauthorizedError extends ApiError {
  override name = "UnauthorizedError";
}

/** The plan of this environment does not include step-up MFA. */
export class FeatureGatedError extends ApiError {
  override name = "FeatureGatedError";
}

/** The API key may not call this operation. */
export class ForbiddenError extends ApiError {
  override name = "ForbiddenError";
}

/** No such user in the environment of the API key. */
export class UserNotFoundError extends ApiError {
  override name = "UserNotFoundError";
}

/** Too many attempts; see `Retry-After`. */
export class RateLimitedError extends ApiError {
  override name = "RateLimitedError";
}

/** One or more fields are not acceptable. Every such field is named at once. */
export class InvalidRequestFieldsError extends ApiError {
  override name = "InvalidRequestFieldsError";
}

/** The user has not set up the factor that this operation needs. */
export class MfaNotEnabledError extends ApiError {
  override name = "MfaNotEnabledError";
}

/** The code is wrong, was used before, or is too old. Which of them is not told. */
export class IncorrectMfaCodeError extends ApiError {
  override name = "IncorrectMfaCodeError";
}

/** The request body did not arrive in time. */
export class RequestTimeoutError extends ApiError {
  override name = "RequestTimeoutError";
}

/** The request body is too large. */
export class RequestTooLargeError extends ApiError {
  override name = "RequestTooLargeError";
}

/** The request body is not declared as JSON. */
export class UnsupportedMediaTypeError extends ApiError {
  override name = "UnsupportedMediaTypeError";
}

const BY_CODE = new Map<unknown, typeof ApiError>([
  ["unauthorized", UnauthorizedError],
  ["feature_gated", FeatureGatedError],
  ["forbidden", ForbiddenError],
  ["user_not_found", UserNotFoundError],
  ["rate_limited", RateLimitedError],
  ["invalid_request_fields", InvalidRequestFieldsError],
  ["mfa_not_enabled", MfaNotEnabledError],
  ["incorrect_mfa_code", IncorrectMfaCodeError],
  ["request_timeout", RequestTimeoutError],
  ["request_too_large", RequestTooLargeError],
  ["unsupported_media_type", UnsupportedMediaTypeError],
]);

/** The error for the body of an answer with an error status, undefined where it does not speak as this API does. */
export function refusal(document: unknown): { body: Body; kind: typeof ApiError; summary: string } | undefined {
  if (!isObject(document)) return undefined;
  const code = textOf(document, "error_code");
  if (code === undefined) return undefined;
  const parts = [quoted(code)];
  const named = textsOf(document, "field_errors", "field_to_errors");
  for (const [name, value] of Object.entries(named)) parts.push(`${quoted(name)}=${quoted(value)}`);
  return { body: document, kind: BY_CODE.get(code) ?? ApiError, summary: parts.join(" ") };
}

/** Only names are quoted in a message, not sentences. */
function quoted(value: string): string {
  return /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/.test(value) ? value : "?";
}

function textOf(body: Body, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const found = own(body, name);
    if (typeof found === "string") return found;
  }
  return undefined;
}

/** The first of some objects that is not empty, less what is no string in it. */
function textsOf(body: Body, ...names: readonly string[]): Readonly<Record<string, string>> {
  for (const name of names) {
    const found = own(body, name);
    if (!isObject(found) || Object.keys(found).length === 0) continue;
    return Object.fromEntries(
      Object.entries(found).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
    );
  }
  return {};
}
