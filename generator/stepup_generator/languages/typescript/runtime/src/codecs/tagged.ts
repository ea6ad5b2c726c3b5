/** One of several objects, told apart by one of their fields; an unknown one, of a newer API, keeps its raw object. */

import { check } from "../codec.js";
import type { Codec } from "../codec.js";
import { isObject, own } from "../json.js";

/** `tag` is the field in JSON, `name` what it is called here. */
export function tagged<T>(
  tag: string,
  name: string,
  variants: readonly (readonly [string, Codec])[],
): Codec<T> {
  const codecs = new Map(variants);
  return {
    read(value, at) {
      check(isObject(value), at, "an object");
      const found = own(value, tag);
      check(typeof found === "string", `${at}/${tag}`, "a string");
      const codec = codecs.get(found);
      return (codec ? codec.read(value, at) : { [name]: found, raw: value }) as T;
    },
    write(value, at) {
      const codec = isObject(value) ? codecs.get(String(own(value, name))) : undefined;
      check(codec !== undefined, at, `one of ${[...codecs.keys()].join(", ")} as ${name}`);
      return codec.write(value, at);
    },
  };
}
