/** Any value of an error body. */

import type { ErrorDetails } from "./error_details.js";
import { own } from "./json.js";

/** The first of some properties that is there and not null. */
export function errorValue(body: ErrorDetails["body"], ...names: readonly string[]): unknown {
  return names.map((name) => own(body, name)).find((value) => value !== undefined && value !== null);
}
