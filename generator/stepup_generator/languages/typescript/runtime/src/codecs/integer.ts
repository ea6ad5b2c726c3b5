/** Integers. JSON Schema counts 60.0 as one. Beyond 2^53 a number is not exact, and rejected. */

import { check } from "../codec.js";
import type { Codec } from "../codec.js";
import { oneOfValues } from "./one_of_values.js";
import { range } from "./range.js";
import { checkRules } from "./rule.js";
import type { Rule } from "./rule.js";

interface Constraints {
  readonly minimum?: number;
  readonly maximum?: number;
  readonly values?: readonly number[];
}

export function integer(
  { minimum, maximum, values }: Constraints = {},
  ...rules: readonly Rule<number>[]
): Codec<number> {
  const read = (value: unknown, at: string): number => {
    check(Number.isSafeInteger(value), at, "an integer");
    return value as number;
  };
  return {
    read,
    write(value, at) {
      const number = read(value, at);
      oneOfValues(number, values, at);
      range(number, minimum, maximum, at);
      checkRules(number, rules, at);
      return number;
    },
  };
}
