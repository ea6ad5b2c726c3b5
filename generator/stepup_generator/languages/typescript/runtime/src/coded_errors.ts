/** Error bodies that a property tells apart. */

import type { ErrorClass, ReadError } from "./error_details.js";
import { errorText } from "./error_text.js";
import { errorTexts } from "./error_texts.js";

/** `property` holds the code; `fields`, in order of preference, objects of texts about single arguments. */
export function codedErrors(
  property: string,
  classes: ReadonlyMap<string, ErrorClass>,
  unknown: ErrorClass,
  fields: readonly string[],
): ReadError {
  return (body) => {
    const code = errorText(body, property);
    if (code === undefined) return undefined;
    const parts = [quoted(code)];
    for (const [name, value] of Object.entries(errorTexts({ body, names: new Map() }, ...fields))) {
      parts.push(`${quoted(name)}=${quoted(value)}`);
    }
    return { errorClass: classes.get(code) ?? unknown, summary: parts.join(" ") };
  };
}

/** A message quotes names only, not sentences. */
function quoted(value: string): string {
  return /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/.test(value) ? value : "?";
}
