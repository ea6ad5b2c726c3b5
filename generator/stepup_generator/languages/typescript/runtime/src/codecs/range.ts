/** Inclusive bounds of numbers and counts. */

import { check } from "../codec.js";

/** `unit` is what is counted, such as " items". */
export function range(
  value: number,
  min: number | undefined,
  max: number | undefined,
  at: string,
  unit = "",
): void {
  check(min === undefined || value >= min, at, `at least ${min}${unit}`);
  check(max === undefined || value <= max, at, `at most ${max}${unit}`);
}
