/** Objects whose keys are not known beforehand. */

import { check } from "../codec.js";
import type { Codec } from "../codec.js";
import { isObject } from "../json.js";
import { range } from "./range.js";

interface Constraints {
  readonly minProperties?: number;
  readonly maxProperties?: number;
}

export function map<T>(item: Codec<T>, constraints: Constraints = {}): Codec<Readonly<Record<string, T>>> {
  return {
    read: (value, at) => converted(value, at, (inner, place) => item.read(inner, place)),
    write(value, at) {
      const result = converted(value, at, (inner, place) => item.write(inner, place));
      range(Object.keys(result).length, constraints.minProperties, constraints.maxProperties, at, " entries");
      return result;
    },
  };
}

function converted<T>(
  value: unknown,
  at: string,
  convert: (item: unknown, at: string) => T,
): Record<string, T> {
  check(isObject(value), at, "an object");
  // Unlike an assignment, fromEntries makes an own property even of `__proto__`. A key may be a secret.
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, convert(item, `${at}/*`)]));
}
