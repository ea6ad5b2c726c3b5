/** Arrays of strings, integers or booleans without duplicates. */

import type { Rule } from "./rule.js";

export const uniqueItems: Rule<readonly unknown[]> = {
  holds: (value) => new Set(value).size === value.length,
  expected: "no item twice",
};
