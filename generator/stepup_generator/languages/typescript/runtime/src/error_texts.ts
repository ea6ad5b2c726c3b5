/** An object of strings in an error body. */

import type { ErrorDetails } from "./error_details.js";
import { isObject, own } from "./json.js";

/** The first of some objects that is not empty, without values that are not strings, by the names of arguments. */
export function errorTexts(
  { body, names }: ErrorDetails,
  ...properties: readonly string[]
): Readonly<Record<string, string>> {
  for (const property of properties) {
    const found = own(body, property);
    if (!isObject(found) || Object.keys(found).length === 0) continue;
    const texts = Object.entries(found).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    );
    return Object.fromEntries(texts.map(([key, value]) => [names.get(key) ?? key, value]));
  }
  return {};
}
