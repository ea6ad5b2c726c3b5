/**
 * How values look on the wire, and what is checked of them in either direction.
 *
 * Reading fails closed on what a caller relies on (types, constants, required fields, emptiness) and lets everything
 * newer through: unknown fields, enum values and variants. Writing checks what the API bounds, before anything is sent.
 * Patterns and formats are left to the server. No message here holds a value: it may be a secret.
 */

/** A value is not as the API describes it; `at` says where, in the notation of JSON pointers. */
export class Mismatch extends Error {
  constructor(
    readonly at: string,
    readonly wanted: string,
  ) {
    super(`${at.slice(1) || "value"}: ${wanted}`);
  }
}

/** What one kind of value is. `read` takes parsed JSON, `write` gives it; both throw Mismatch. */
export interface Shape<T = unknown> {
  read(value: unknown, at: string): T;
  write(value: unknown, at: string): unknown;
}

/** A field of an object: its name here, its name on the wire, what it holds, and whether it must be there and is a secret. */
export type Field = readonly [name: string, wire: string, shape: Shape, required?: boolean, secret?: boolean];

type Json = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value of a property that is the object's own; what it inherits is none of its data. */
export function own(value: Json, name: string): unknown {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

function check(holds: boolean, at: string, wanted: string): asserts holds {
  if (!holds) throw new Mismatch(at, wanted);
}

function range(value: number, least: number | undefined, most: number | undefined, at: string, what = ""): void {
  check(least === undefined || value >= least, at, `wanted at least ${least}${what}`);
  check(most === undefined || value <= most, at, `wanted at most ${most}${what}`);
}

/** The same in both directions. */
function both<T>(read: (value: unknown, at: string) => T): Shape<T> {
  return { read, write: read };
}

function oneOfValues(value: unknown, values: readonly unknown[] | undefined, at: string): void {
  check(!values || values.includes(value), at, `wanted one of ${values?.join(", ")}`);
}

export const anything: Shape = both((value) => value);

export const flag: Shape<boolean> = both((value, at) => {
  check(typeof value === "boolean", at, "wanted true or false");
  return value;
});

/** Exactly one value, of exactly its type: 1 and "true" are not true. */
export function constant<T>(wanted: T): Shape<T> {
  return both((value, at) => {
    check(value === wanted, at, `wanted ${JSON.stringify(wanted)}`);
    return wanted;
  });
}

/** A text; lengths are in characters, not in UTF-16 units. */
export function text<T extends string = string>(least = 0, most?: number, values?: readonly T[]): Shape<T> {
  return {
    read(value, at) {
      check(typeof value === "string", at, "wanted a string");
      check(value !== "" || !least, at, "wanted a string that is not empty");
      return value as T;
    },
    write(value, at) {
      check(typeof value === "string", at, "wanted a string");
      oneOfValues(value, values, at);
      range(Array.from(value).length, least, most, at, " characters");
      check(!/\p{Surrogate}/u.test(value), at, "wanted text that can be written as UTF-8");
      return value;
    },
  };
}

/** An integer. JSON Schema counts 60.0 as one. Beyond 2^53 a number is not exact, and refused. */
export function whole(least?: number, most?: number, values?: readonly number[]): Shape<number> {
  const read = (value: unknown, at: string): number => {
    check(Number.isSafeInteger(value), at, "wanted an integer");
    return value as number;
  };
  return {
    read,
    write(value, at) {
      const number = read(value, at);
      oneOfValues(number, values, at);
      range(number, least, most, at);
      return number;
    },
  };
}

/** A finite number; bounds are inclusive, but `above` and `below`. */
export function decimal(least?: number, most?: number, above?: number, below?: number): Shape<number> {
  const read = (value: unknown, at: string): number => {
    check(Number.isFinite(value), at, "wanted a number");
    return value as number;
  };
  return {
    read,
    write(value, at) {
      const number = read(value, at);
      range(number, least, most, at);
      check(above === undefined || number > above, at, `wanted more than ${above}`);
      check(below === undefined || number < below, at, `wanted less than ${below}`);
      return number;
    },
  };
}

export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return {
    read: (value, at) => (value === null ? null : shape.read(value, at)),
    write: (value, at) => (value === null ? null : shape.write(value, at)),
  };
}

export function array<T>(item: Shape<T>, least = 0, most?: number): Shape<readonly T[]> {
  return {
    read(value, at) {
      check(Array.isArray(value), at, "wanted an array");
      check(value.length > 0 || !least, at, "wanted an array that is not empty");
      return value.map((each, index) => item.read(each, `${at}/${index}`));
    },
    write(value, at) {
      check(Array.isArray(value), at, "wanted an array");
      range(value.length, least, most, at, " items");
      return value.map((each, index) => item.write(each, `${at}/${index}`));
    },
  };
}

/** An object whose keys are not known beforehand. */
export function map<T>(item: Shape<T>): Shape<Readonly<Record<string, T>>> {
  const each = <R>(value: unknown, at: string, turn: (item: unknown, at: string) => R): Record<string, R> => {
    check(isObject(value), at, "wanted an object");
    // Unlike an assignment, fromEntries makes a property of its own even of `__proto__`.
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, turn(inner, `${at}/*`)]));
  };
  return {
    read: (value, at) => each(value, at, (inner, place) => item.read(inner, place)),
    write: (value, at) => each(value, at, (inner, place) => item.write(inner, place)),
  };
}

/** An object with known fields; others are let through when reading, and not kept. */
export function object<T>(...fields: readonly Field[]): Shape<T> {
  const secrets = fields.filter((field) => field[4]).map(([name]) => name);
  const turn = (value: unknown, at: string, reading: boolean): Record<string, unknown> => {
    check(isObject(value), at, "wanted an object");
    const entries: [string, unknown][] = [];
    for (const [name, wire, shape, required] of fields) {
      const [from, to] = reading ? [wire, name] : [name, wire];
      const item = own(value, from);
      if (!required && (item === undefined || item === null)) continue;
      const place = `${at}/${from}`;
      check(item !== undefined, place, "is missing");
      entries.push([to, reading ? shape.read(item, place) : shape.write(item, place)]);
    }
    return Object.fromEntries(entries);
  };
  return {
    read: (value, at) => hide(turn(value, at, true), secrets) as T,
    write: (value, at) => turn(value, at, false),
  };
}

/** One of several objects, told apart by one of their fields; one of a newer API keeps its raw object. */
export function tagged<T>(tag: string, name: string, variants: readonly (readonly [string, Shape])[]): Shape<T> {
  const shapes = new Map(variants);
  return {
    read(value, at) {
      check(isObject(value), at, "wanted an object");
      const found = own(value, tag);
      check(typeof found === "string", `${at}/${tag}`, "wanted a string");
      const shape = shapes.get(found);
      return (shape ? shape.read(value, at) : { [name]: found, raw: value }) as T;
    },
    write(value, at) {
      const shape = isObject(value) ? shapes.get(String(own(value, name))) : undefined;
      check(shape !== undefined, at, `wanted a ${name} out of ${[...shapes.keys()].join(", ")}`);
      return shape.write(value, at);
    },
  };
}

/** The first of several shapes that fits. */
export function oneOf<T>(...shapes: readonly Shape[]): Shape<T> {
  const first = (turn: (shape: Shape) => unknown, at: string): unknown => {
    for (const shape of shapes) {
      try {
        return turn(shape);
      } catch (error) {
        if (!(error instanceof Mismatch)) throw error;
      }
    }
    throw new Mismatch(at, "fits none of the forms it may have");
  };
  return {
    read: (value, at) => first((shape) => shape.read(value, at), at) as T,
    write: (value, at) => first((shape) => shape.write(value, at), at),
  };
}

/** A shape that is defined further down, as in objects that contain themselves. */
export function late<T>(shape: () => Shape<T>): Shape<T> {
  return {
    read: (value, at) => shape().read(value, at),
    write: (value, at) => shape().write(value, at),
  };
}

/** Let a value be printed and written as JSON without its secrets; they can be read by their names. */
export function hide<T extends object>(value: T, secrets: readonly string[]): T {
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
