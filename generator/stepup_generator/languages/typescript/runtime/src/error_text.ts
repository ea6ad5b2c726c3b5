/** A string of an error body. */

import type { ErrorDetails } from "./error_details.js";
import { own } from "./json.js";

/** The first of some properties that is a string. */
export function errorText(body: ErrorDetails["body"], ...names: readonly string[]): string | undefined {
  return names.map((name) => own(body, name)).find((value) => typeof value === "string");
}
