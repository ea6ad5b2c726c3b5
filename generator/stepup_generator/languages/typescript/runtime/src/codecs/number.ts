/** Finite numbers. */

import { check } from "../codec.js";
import type { Codec } from "../codec.js";
import { range } from "./range.js";

interface Constraints {
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
}

export function number(constraints: Constraints = {}): Codec<number> {
  const { minimum, maximum, exclusiveMinimum: above, exclusiveMaximum: below } = constraints;
  const read = (value: unknown, at: string): number => {
    check(Number.isFinite(value), at, "a number");
    return value as number;
  };
  return {
    read,
    write(value, at) {
      const found = read(value, at);
      range(found, minimum, maximum, at);
      check(above === undefined || found > above, at, `more than ${above}`);
      check(below === undefined || found < below, at, `less than ${below}`);
      return found;
    },
  };
}
