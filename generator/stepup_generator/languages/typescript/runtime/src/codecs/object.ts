/** Objects with known fields; others are accepted when reading, and dropped. */

import { check, Mismatch } from "../codec.js";
import type { Codec } from "../codec.js";
import { isObject, own } from "../json.js";

/** The name of a field here and in JSON, its values, and whether it is required and a secret. */
type Field = readonly [name: string, wire: string, codec: Codec, required?: boolean, secret?: boolean];

export function object<T>(...fields: readonly Field[]): Codec<T> {
  const secrets = fields.filter((field) => field[4]).map(([name]) => name);
  const converted = (value: unknown, at: string, reading: boolean): Record<string, unknown> => {
    check(isObject(value), at, "an object");
    const entries: [string, unknown][] = [];
    for (const [name, wire, codec, required] of fields) {
      const [from, to] = reading ? [wire, name] : [name, wire];
      const item = own(value, from);
      if (!required && (item === undefined || item === null)) continue;
      const place = `${at}/${from}`;
      if (item === undefined) throw new Mismatch(place, "is missing");
      entries.push([to, reading ? codec.read(item, place) : codec.write(item, place)]);
    }
    return Object.fromEntries(entries);
  };
  return {
    read: (value, at) => masked(converted(value, at, true), secrets) as T,
    write: (value, at) => converted(value, at, false),
  };
}

/** Make an object print and serialize its secrets as `***`; they can still be read by name. */
function masked<T extends object>(value: T, secrets: readonly string[]): T {
  if (!secrets.length) return value;
  const shown = () => ({
    ...value,
    ...Object.fromEntries(secrets.filter((name) => name in value).map((name) => [name, "***"])),
  });
  for (const key of ["toJSON", Symbol.for("nodejs.util.inspect.custom"), Symbol.for("Deno.customInspect")]) {
    Object.defineProperty(value, key, { value: shown });
  }
  return value;
}
