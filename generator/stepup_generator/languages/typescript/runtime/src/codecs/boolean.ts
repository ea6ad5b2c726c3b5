/** True or false. */

import { check } from "../codec.js";
import type { Codec } from "../codec.js";

function checked(value: unknown, at: string): boolean {
  check(typeof value === "boolean", at, "true or false");
  return value;
}

export const boolean: Codec<boolean> = { read: checked, write: checked };
