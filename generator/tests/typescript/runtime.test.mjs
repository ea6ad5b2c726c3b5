// The codecs and helpers of the runtime, compiled from its sources: `npm test` here.
import assert from "node:assert/strict";
import { test } from "node:test";

const load = (name) => import(`./node_modules/.runtime/${name}.js`);
const codec = async (file, name = file) => (await load(`codecs/${file}`))[name];
const { Mismatch } = await load("codec");

/** Is a value rejected, with a message that tells `expected`? */
function rejects(convert, expected) {
  assert.throws(convert, (error) => {
    assert.ok(error instanceof Mismatch);
    assert.match(error.message, expected);
    return true;
  });
}

test("a string counts code points, and reading checks only that it is not empty", async () => {
  const string = await codec("string");
  const short = string({ minLength: 1, maxLength: 2 });
  assert.equal(short.write("😀😀", ""), "😀😀");
  rejects(() => short.write("", ""), /expected at least 1 characters/);
  rejects(() => short.write("😀😀😀", "/a"), /^a: expected at most 2 characters/);
  rejects(() => short.write("\ud800", ""), /valid Unicode/);
  assert.equal(short.read("longer", ""), "longer");
  rejects(() => short.read("", ""), /non-empty/);
  rejects(() => string().read(1, ""), /a string/);
  const color = string({ values: ["red", "blue"] });
  assert.equal(color.read("green", ""), "green");
  rejects(() => color.write("green", ""), /one of red, blue/);
});

test("patterns and formats are rules of what is sent", async () => {
  const string = await codec("string");
  const pattern = await codec("pattern");
  const digits = string({}, pattern("^[0-9]{2,3}$"));
  assert.equal(digits.write("12", ""), "12");
  for (const wrong of ["1", "1234", "12\n", "a12"]) rejects(() => digits.write(wrong, ""), /a match of/);
  assert.equal(digits.read("x", ""), "x");
  assert.equal(string({}, pattern("b")).write("abc", ""), "abc");
  assert.equal(string({}, pattern("^[^a]$")).write("😀", ""), "😀");
  const uuid = string({}, await codec("uuid"));
  assert.ok(uuid.write("31C41C16-c281-44ae-9602-8a047e3bf33d", ""));
  for (const wrong of [
    "",
    "31c41c16c28144ae96028a047e3bf33d",
    "{31c41c16-c281-44ae-9602-8a047e3bf33d}",
    "g1c41c16-c281-44ae-9602-8a047e3bf33d",
    "31c41c16-c281-44ae-9602-8a047e3bf33d\n",
  ]) {
    rejects(() => uuid.write(wrong, ""), /a UUID/);
  }
});

test("dates and times are those of RFC 3339", async () => {
  const string = await codec("string");
  const date = string({}, await codec("date"));
  for (const right of ["2024-02-29", "0000-02-29", "0099-12-31", "9999-12-31", "2000-02-29"])
    assert.ok(date.write(right, ""));
  for (const wrong of [
    "2023-02-29",
    "1900-02-29",
    "2024-04-31",
    "2024-13-01",
    "2024-1-1",
    "2024-01-01T",
    "20240101",
    "",
  ]) {
    rejects(() => date.write(wrong, ""), /a date/);
  }
  const time = string({}, await codec("date_time", "dateTime"));
  for (const right of ["2024-01-01T00:00:00Z", "2024-01-01t23:59:60.123z", "2024-01-01T12:00:00-23:59"])
    assert.ok(time.write(right, ""));
  for (const wrong of [
    "2024-01-01",
    "2024-01-01 00:00:00Z",
    "2024-01-01T24:00:00Z",
    "2024-01-01T00:00:00",
    "2024-02-30T00:00:00Z",
    "2024-01-01T00:00:00+0100",
    "2024-01-01T00:00:00.Z",
    "2024-01-01T00:00Z",
  ]) {
    rejects(() => time.write(wrong, ""), /a date and time/);
  }
});

test("integers and numbers have bounds, and are exact", async () => {
  const integer = await codec("integer");
  const number = await codec("number");
  const bounded = integer({ minimum: 1, maximum: 9 }, (await codec("multiple_of", "multipleOf"))(3));
  assert.equal(bounded.write(6, ""), 6);
  rejects(() => bounded.write(0, ""), /at least 1/);
  rejects(() => bounded.write(10, ""), /at most 9/);
  rejects(() => bounded.write(4, ""), /a multiple of 3/);
  assert.equal(bounded.read(100, ""), 100);
  for (const wrong of [1.5, "1", true, null, NaN, 2 ** 53])
    rejects(() => integer().read(wrong, ""), /an integer/);
  rejects(() => integer({ values: [1, 2] }).write(3, ""), /one of 1, 2/);
  const int32 = integer({}, await codec("int32"));
  for (const right of [0, -0, -(2 ** 31), 2 ** 31 - 1]) assert.equal(int32.write(right, ""), right);
  for (const wrong of [-(2 ** 31) - 1, 2 ** 31, 2 ** 32]) rejects(() => int32.write(wrong, ""), /32 bits/);
  const between = number({ minimum: 0, maximum: 10, exclusiveMinimum: 1, exclusiveMaximum: 2 });
  assert.equal(between.write(1.5, ""), 1.5);
  rejects(() => between.write(1, ""), /more than 1/);
  rejects(() => between.write(2, ""), /less than 2/);
  rejects(() => between.write(-1, ""), /at least 0/);
  rejects(() => between.write(11, ""), /at most 10/);
  for (const wrong of ["1", Infinity, NaN, null]) rejects(() => number().read(wrong, ""), /a number/);
});

test("arrays and maps count their items", async () => {
  const array = await codec("array");
  const map = await codec("map");
  const boolean = await codec("boolean");
  const flags = array(boolean, { minItems: 1, maxItems: 2 }, await codec("unique_items", "uniqueItems"));
  assert.deepEqual(flags.write([true, false], ""), [true, false]);
  rejects(() => flags.write([true, true], ""), /no item twice/);
  rejects(() => flags.write([], ""), /at least 1 items/);
  rejects(() => flags.write([true, false, true], ""), /at most 2 items/);
  rejects(() => flags.read([], ""), /non-empty array/);
  rejects(() => flags.read([true, 1], "/a"), /^a\/1: expected true or false/);
  assert.deepEqual(flags.read([true, true, true], ""), [true, true, true]);
  rejects(() => array(boolean).read({}, ""), /an array/);
  const named = map(boolean, { minProperties: 1, maxProperties: 2 });
  assert.deepEqual(named.write({ a: true }, ""), { a: true });
  assert.deepEqual(Object.keys(named.read(JSON.parse('{"__proto__": true}'), "")), ["__proto__"]);
  rejects(() => named.write({}, ""), /at least 1 entries/);
  rejects(() => named.write({ a: true, b: true, c: true }, ""), /at most 2 entries/);
  assert.deepEqual(named.read({}, ""), {});
  rejects(() => named.read({ secret: 1 }, ""), /^\*: expected true/);
});

test("objects rename, drop what is unknown, and mask secrets", async () => {
  const object = await codec("object");
  const string = await codec("string");
  const item = object(["userId", "user_id", string(), true], ["code", "code", string(), false, true]);
  const result = item.read({ user_id: "u", code: "canary", more: 1, extra: null }, "");
  assert.deepEqual({ ...result }, { userId: "u", code: "canary" });
  assert.equal(JSON.stringify(result), '{"userId":"u","code":"***"}');
  assert.deepEqual(item.write({ userId: "u", code: undefined }, ""), { user_id: "u" });
  rejects(() => item.read({}, ""), /^user_id: is missing/);
  rejects(() => item.write(Object.create({ userId: "u" }), ""), /^userId: is missing/);
  rejects(() => item.read([], ""), /an object/);
});

test("unions take the variant that the tag names, or the first that fits", async () => {
  const [object, constant, tagged, oneOf, nullable, lazy, unknown] = await Promise.all(
    [["object"], ["constant"], ["tagged"], ["one_of", "oneOf"], ["nullable"], ["lazy"], ["unknown"]].map(
      (names) => codec(...names),
    ),
  );
  const a = object(["kind", "kind", constant("a"), true]);
  const union = tagged("kind", "kind", [["a", a]]);
  assert.deepEqual(union.read({ kind: "a" }, ""), { kind: "a" });
  assert.deepEqual(union.read({ kind: "new", x: 1 }, ""), { kind: "new", raw: { kind: "new", x: 1 } });
  rejects(() => union.read({}, ""), /^kind: expected a string/);
  rejects(() => union.write({ kind: "new" }, ""), /one of a as kind/);
  assert.deepEqual(union.write({ kind: "a" }, ""), { kind: "a" });
  const either = oneOf(constant(true), nullable(constant(1)));
  assert.equal(either.read(1, ""), 1);
  assert.equal(either.write(null, ""), null);
  rejects(() => either.read("1", ""), /none of its variants/);
  assert.throws(
    () =>
      oneOf(
        lazy(() => {
          throw new TypeError("ours");
        }),
      ).read(1, ""),
    TypeError,
  );
  assert.equal(lazy(() => unknown).write(unknown.read(5, ""), ""), 5);
});

test("error bodies are told apart by their code, and only names are quoted", async () => {
  const { codedErrors } = await load("coded_errors");
  const { uncodedErrors } = await load("uncoded_errors");
  const { errorTexts } = await load("error_texts");
  const { errorValue } = await load("error_value");
  class Known extends Error {}
  class Unknown extends Error {}
  const readError = codedErrors("code", new Map([["bad", Known]]), Unknown, ["fields"]);
  assert.deepEqual(readError({ code: "bad", fields: { a_b: "required", "a sentence": "x y" } }), {
    errorClass: Known,
    summary: "bad a_b=required ?=?",
  });
  assert.deepEqual(readError({ code: "new" }), { errorClass: Unknown, summary: "new" });
  assert.equal(readError({ code: 5 }), undefined);
  assert.equal(readError(Object.create({ code: "bad" })), undefined);
  assert.equal(uncodedErrors(Unknown)({}).errorClass, Unknown);
  const details = { body: { first: {}, second: { a_b: "x", n: 1 } }, names: new Map([["a_b", "aB"]]) };
  assert.deepEqual(errorTexts(details, "first", "second"), { aB: "x" });
  assert.equal(errorValue({ a: null, b: 0 }, "a", "b"), 0);
});
