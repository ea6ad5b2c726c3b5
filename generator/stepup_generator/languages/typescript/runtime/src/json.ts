/** Parsed JSON objects, whose inherited properties are not data. */

/** A JSON object, nothing known of its values. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Is it a JSON object, and not an array or null? */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value of an object's own property; undefined where it has none. */
export function own(value: JsonObject, name: string): unknown {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}
