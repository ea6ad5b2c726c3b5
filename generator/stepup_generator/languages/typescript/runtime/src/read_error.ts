/** How an error body is turned into an error. */

import type { ErrorDetails } from "./error_details.js";
import type { ResponseInfo, StepUpMfaError } from "./errors.js";

export type ErrorClass = new (
  message: string,
  response: ResponseInfo,
  details: ErrorDetails,
) => StepUpMfaError;

/** The class for an error body and a line for the message; undefined for what is not an error body of this API. */
export type ReadError = (
  body: ErrorDetails["body"],
) => { readonly errorClass: ErrorClass; readonly summary: string } | undefined;
