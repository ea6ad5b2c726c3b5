/** Dates, RFC 3339 section 5.6: `full-date`. */

import type { Rule } from "./rule.js";

const DATE = /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;

export const date: Rule<string> = {
  holds: (value) => {
    const [, year, month, day] = (DATE.exec(value) ?? []).map(Number);
    if (year === undefined || month === undefined || day === undefined) return false;
    // The calendar repeats every 400 years; Date.UTC takes years below 100 for those of the 20th century.
    return new Date(Date.UTC(2000 + (year % 400), month - 1, day)).getUTCDate() === day;
  },
  expected: "a date such as 2025-01-31",
};
