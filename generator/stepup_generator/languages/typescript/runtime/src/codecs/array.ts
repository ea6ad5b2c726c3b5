/** Arrays of one kind of value. */

import { check } from "../codec.js";
import type { Codec } from "../codec.js";
import { range } from "./range.js";
import { checkRules } from "./rule.js";
import type { Rule } from "./rule.js";

interface Constraints {
  readonly minItems?: number;
  readonly maxItems?: number;
}

export function array<T>(
  item: Codec<T>,
  { minItems, maxItems }: Constraints = {},
  ...rules: readonly Rule<readonly unknown[]>[]
): Codec<readonly T[]> {
  return {
    read(value, at) {
      check(Array.isArray(value), at, "an array");
      check(value.length > 0 || !minItems, at, "a non-empty array");
      return value.map((each, index) => item.read(each, `${at}/${index}`));
    },
    write(value, at) {
      check(Array.isArray(value), at, "an array");
      range(value.length, minItems, maxItems, at, " items");
      checkRules(value, rules, at);
      return value.map((each, index) => item.write(each, `${at}/${index}`));
    },
  };
}
