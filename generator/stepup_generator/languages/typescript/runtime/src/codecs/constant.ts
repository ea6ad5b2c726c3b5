/** Exactly one value, of exactly its type: 1 and "true" are not true. */

import { check } from "../codec.js";
import type { Codec } from "../codec.js";

export function constant<T>(expected: T): Codec<T> {
  const checked = (value: unknown, at: string): T => {
    check(value === expected, at, JSON.stringify(expected));
    return expected;
  };
  return { read: checked, write: checked };
}
