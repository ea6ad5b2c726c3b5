/**
 * What a call throws. One root, `StepUpMfaError`; nothing is ever reported by a falsy result.
 *
 * No message holds the API key or an argument that is a secret. The texts of a response can be read by name, and are
 * not printed.
 */

/** What is known of the response to a call. */
export interface ResponseInfo {
  readonly status?: number | undefined;
  readonly requestId?: string | undefined;
  readonly retryAfter?: number | undefined;
}

/** The root of what this package throws. */
export class StepUpMfaError extends Error {
  readonly #response: ResponseInfo;

  constructor(message: string, response: ResponseInfo = {}) {
    super(message);
    this.name = "StepUpMfaError";
    this.#response = response;
  }

  /** The status of the response, undefined where there was none. */
  get status(): number | undefined {
    return this.#response.status;
  }

  /** The `X-Request-Id` of the response. */
  get requestId(): string | undefined {
    return this.#response.requestId;
  }

  /** The `Retry-After` of the response, in seconds from when it came. */
  get retryAfter(): number | undefined {
    return this.#response.retryAfter;
  }
}

/** Arguments were rejected before anything was sent; `problems` says for each what was expected. */
export class InvalidArgumentError extends StepUpMfaError {
  readonly problems: Readonly<Record<string, string>>;

  constructor(operation: string, problems: Readonly<Record<string, string>>) {
    const parts = Object.entries(problems).map(([name, problem]) => `${name}: ${problem}`);
    super(`${operation}: ${parts.join("; ")}`);
    this.name = "InvalidArgumentError";
    this.problems = problems;
  }
}

/** No complete response came, and the call may have been carried out. */
export class NoAnswerError extends StepUpMfaError {
  constructor(
    message: string,
    /** Whether the timeout had passed. */
    readonly timedOut: boolean,
  ) {
    super(message);
    this.name = "NoAnswerError";
  }
}

/** No connection was made: nothing was carried out, and trying again is safe. */
export class NotSentError extends NoAnswerError {
  constructor(message: string, timedOut: boolean) {
    super(message, timedOut);
    this.name = "NotSentError";
  }
}

/**
 * The response is not one that the API documents; it never counts as success.
 *
 * For example a proxy's page, a redirect, or a body that lacks a required field.
 */
export class UnexpectedAnswerError extends StepUpMfaError {
  constructor(message: string, response: ResponseInfo) {
    super(message, response);
    this.name = "UnexpectedAnswerError";
  }
}
