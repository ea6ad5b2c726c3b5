/** Strings. Lengths count Unicode code points, not UTF-16 units. */

import { check } from "../codec.js";
import type { Codec } from "../codec.js";
import { oneOfValues } from "./one_of_values.js";
import { range } from "./range.js";
import { checkRules } from "./rule.js";
import type { Rule } from "./rule.js";

interface Constraints<T> {
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly values?: readonly T[];
}

export function string<T extends string = string>(
  { minLength, maxLength, values }: Constraints<T> = {},
  ...rules: readonly Rule<string>[]
): Codec<T> {
  return {
    read(value, at) {
      check(typeof value === "string", at, "a string");
      check(value !== "" || !minLength, at, "a non-empty string");
      return value as T;
    },
    write(value, at) {
      check(typeof value === "string", at, "a string");
      oneOfValues(value, values, at);
      range(Array.from(value).length, minLength, maxLength, at, " characters");
      check(!/\p{Surrogate}/u.test(value), at, "valid Unicode");
      checkRules(value, rules, at);
      return value;
    },
  };
}
