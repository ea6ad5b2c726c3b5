/** Any JSON value, as it is. */

import type { Codec } from "../codec.js";

export const unknown: Codec = {
  read: (value) => value,
  write: (value) => value,
};
