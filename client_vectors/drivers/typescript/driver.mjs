// Makes calls with the TypeScript client: a line of JSON in, a line of JSON out (../../README.md).
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";

const client = await import(pathToFileURL(resolve(process.argv[2], "dist/index.js")));

const camel = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const renamed = (value, rename) =>
  Object.fromEntries(Object.entries(value).map(([name, item]) => [rename(name), item]));

/** A result in wire names; a variant that the client does not know as its tag and its raw object. */
function plain(value) {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  if ("raw" in value) return { unknown: value.type, raw: value.raw };
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [snake(name), plain(item)]));
}

const KINDS = [
  [client.InvalidArgumentError, "invalid_argument"],
  [client.NotSentError, "not_sent"],
  [client.NoAnswerError, "no_answer"],
  [client.UnexpectedAnswerError, "unexpected_answer"],
  [client.ApiError, "refused"],
];

function failure(error) {
  if (!(error instanceof client.StepUpMfaError)) throw error;
  return {
    kind: KINDS.find(([type]) => error instanceof type)[1],
    type: error.name === "ApiError" ? "" : error.name,
    status: error.status ?? null,
    error_code: error.errorCode ?? null,
    user_facing_error: error.userFacingError ?? null,
    field_errors: renamed(error.fieldErrors ?? {}, snake),
    user_facing_errors: renamed(error.userFacingErrors ?? {}, snake),
    retry_after: error.retryAfter ?? null,
    request_id: error.requestId ?? null,
    timed_out: error.timedOut ?? false,
    problems: Object.keys(error.problems ?? {}).map(snake),
  };
}

const shown = (...values) =>
  values.map((value) => [inspect(value, { depth: 9 }), JSON.stringify(value), String(value)].join(" ")).join(" ");

async function call({ operation, arguments: given, auth_url, api_key, timeout_seconds, headers }) {
  const auth = new client.StepUpMfa({
    authUrl: auth_url, apiKey: api_key, timeoutMs: timeout_seconds * 1000, headers,
  });
  const values = Object.values(given);
  try {
    const result = await (values.length === 1 ? auth[operation](values[0]) : auth[operation](renamed(given, camel)));
    return { result: plain(result), shown: shown(auth, result) };
  } catch (error) {
    return { error: failure(error), shown: shown(auth, error) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await call(JSON.parse(line))));
}
