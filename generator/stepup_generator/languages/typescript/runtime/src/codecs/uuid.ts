/** UUIDs, RFC 9562 section 4. */

import type { Rule } from "./rule.js";

export const uuid: Rule<string> = {
  holds: (value) => /^[\dA-F]{8}-([\dA-F]{4}-){3}[\dA-F]{12}$/i.test(value),
  expected: "a UUID",
};
