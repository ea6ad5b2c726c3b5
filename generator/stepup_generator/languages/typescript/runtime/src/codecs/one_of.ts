/** The first of several kinds of value that fits. */

import { Mismatch } from "../codec.js";
import type { Codec } from "../codec.js";

export function oneOf<T>(...codecs: readonly Codec[]): Codec<T> {
  const first = (convert: (codec: Codec) => unknown, at: string): unknown => {
    for (const codec of codecs) {
      try {
        return convert(codec);
      } catch (error) {
        if (!(error instanceof Mismatch)) throw error;
      }
    }
    throw new Mismatch(at, "matches none of its variants");
  };
  return {
    read: (value, at) => first((codec) => codec.read(value, at), at) as T,
    write: (value, at) => first((codec) => codec.write(value, at), at),
  };
}
