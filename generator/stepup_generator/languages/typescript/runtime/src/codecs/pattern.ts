/** Strings that match a regular expression somewhere; its anchors are the very ends. */

import type { Rule } from "./rule.js";

export function pattern(source: string): Rule<string> {
  const regex = new RegExp(source, "u");
  return { holds: (value) => regex.test(value), expected: `a match of ${source}` };
}
