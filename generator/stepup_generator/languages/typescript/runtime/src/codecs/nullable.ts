/** A value, or null. */

import type { Codec } from "../codec.js";

export function nullable<T>(codec: Codec<T>): Codec<T | null> {
  return {
    read: (value, at) => (value === null ? null : codec.read(value, at)),
    write: (value, at) => (value === null ? null : codec.write(value, at)),
  };
}
