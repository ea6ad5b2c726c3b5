/** Integers of 32 bits. */

import type { Rule } from "./rule.js";

export const int32: Rule<number> = {
  holds: (value) => (value | 0) === value || value === 0,
  expected: "an integer of 32 bits",
};
