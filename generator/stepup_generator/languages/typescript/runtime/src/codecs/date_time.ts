/** Dates with times, RFC 3339 section 5.6: `date-time`. */

import { date } from "./date.js";
import type { Rule } from "./rule.js";

const TIME = /^T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/i;

export const dateTime: Rule<string> = {
  holds: (value) => date.holds(value.slice(0, 10)) && TIME.test(value.slice(10)),
  expected: "a date and time such as 2025-01-31T12:00:00Z",
};
