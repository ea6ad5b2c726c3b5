/** Enums. Only what is sent has to be one of the values: a newer API may return others. */

import { check } from "../codec.js";

export function oneOfValues(value: unknown, values: readonly unknown[] | undefined, at: string): void {
  if (values) check(values.includes(value), at, `one of ${values.join(", ")}`);
}
