/** Integers that a positive integer divides. */

import type { Rule } from "./rule.js";

export function multipleOf(factor: number): Rule<number> {
  return { holds: (value) => value % factor === 0, expected: `a multiple of ${factor}` };
}
