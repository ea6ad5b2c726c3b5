/** Error bodies that nothing tells apart. */

import type { ErrorClass, ReadError } from "./error_details.js";

export function uncodedErrors(errorClass: ErrorClass): ReadError {
  return () => ({ errorClass, summary: "API error" });
}
