/** What an error of the API is made of. */

import type { ResponseInfo, StepUpMfaError } from "./errors.js";

export interface ErrorDetails {
  readonly body: Readonly<Record<string, unknown>>;
  /** The names of the arguments by their names in JSON. */
  readonly names: ReadonlyMap<string, string>;
}

export type ErrorClass = new (
  message: string,
  response: ResponseInfo,
  details: ErrorDetails,
) => StepUpMfaError;

/** The class for an error body and a line for the message; undefined for what is not an error body of this API. */
export type ReadError = (
  body: ErrorDetails["body"],
) => { readonly errorClass: ErrorClass; readonly summary: string } | undefined;
