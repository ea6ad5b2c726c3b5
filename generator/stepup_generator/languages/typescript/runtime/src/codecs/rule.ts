/** What values have to meet beyond their type and size, when they are sent. */

import { check } from "../codec.js";

export interface Rule<T> {
  readonly holds: (value: T) => boolean;
  /** For messages. */
  readonly expected: string;
}

export function checkRules<T>(value: T, rules: readonly Rule<T>[], at: string): void {
  for (const { holds, expected } of rules) check(holds(value), at, expected);
}
