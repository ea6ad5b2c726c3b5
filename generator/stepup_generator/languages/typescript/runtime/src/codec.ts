/**
 * Codecs turn values into JSON and back, and check them in either direction.
 *
 * Reading fails closed on what a caller relies on (types, constants, required fields, emptiness) and accepts whatever is
 * newer: unknown fields, enum values and variants. Writing checks every constraint, before anything is sent. No message
 * holds a value: it may be a secret.
 */

/** A value is not as the API describes it; `at` is its JSON pointer. */
export class Mismatch extends Error {
  constructor(
    readonly at: string,
    readonly problem: string,
  ) {
    super(`${at.slice(1) || "value"}: ${problem}`);
  }
}

/** One kind of value. `read` takes parsed JSON, `write` returns it; both throw Mismatch. */
export interface Codec<T = unknown> {
  read(value: unknown, at: string): T;
  write(value: unknown, at: string): unknown;
}

/** Throw Mismatch unless the condition holds. */
export function check(condition: boolean, at: string, expected: string): asserts condition {
  if (!condition) throw new Mismatch(at, `expected ${expected}`);
}
