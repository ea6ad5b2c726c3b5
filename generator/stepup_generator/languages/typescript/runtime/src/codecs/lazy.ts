/** A codec that is defined further down, as for objects that contain themselves. */

import type { Codec } from "../codec.js";

export function lazy<T>(codec: () => Codec<T>): Codec<T> {
  return {
    read: (value, at) => codec().read(value, at),
    write: (value, at) => codec().write(value, at),
  };
}
