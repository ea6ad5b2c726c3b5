/**
 * A call from its arguments to its result.
 *
 * It decides what counts as success (exactly what the API documents, nothing else) and what may be sent twice (nothing
 * that may have been carried out already, unless the API says that it is repeatable).
 */

import { check, Mismatch } from "./codec.js";
import type { Codec } from "./codec.js";
import type { ReadError } from "./error_details.js";
import { InvalidArgumentError, NoAnswerError, NotSentError, UnexpectedAnswerError } from "./errors.js";
import type { ResponseInfo } from "./errors.js";
import { isObject, own } from "./json.js";
import type { JsonObject } from "./json.js";
import { NoResponse, noResponse, read, ReadResponse } from "./response.js";
import type { Settings } from "./settings.js";

type Place = "path" | "query" | "header" | "body";

/** An operation as the document describes it. */
export interface Operation<T> {
  readonly name: string;
  readonly method: string;
  /** With `{name}` where a path parameter goes. */
  readonly path: string;
  /** Its arguments; one without a wire name is the whole body. */
  readonly fields: readonly (readonly [
    name: string,
    wire: string,
    place: Place,
    codec: Codec,
    required?: boolean,
    secret?: boolean,
  ])[];
  /** By status, or by a range such as `2XX`: media type and codec of the body, null where there is none. */
  readonly successes: Readonly<Record<string, readonly [string, Codec<T>] | null>>;
  readonly readError: ReadError;
  /** The header that carries the API key, and the text before the key. */
  readonly credentials: readonly [string, string] | null;
  readonly repeatable: boolean;
}

/** Options of one call. */
export interface CallOptions {
  /** Aborts the call; it may be carried out all the same. */
  readonly signal?: AbortSignal | undefined;
}

interface Request {
  readonly url: string;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: string | null;
}

/** The longest Retry-After, in seconds, that a repeatable call waits for. */
const LONGEST_WAIT = 5;
/** Failures of a gateway or server that a repeatable call tries again. */
const TRANSIENT = [500, 502, 503, 504];

/** Make a call. Rejects with an error of `errors`, always. */
export async function run<T>(
  operation: Operation<T>,
  input: object,
  settings: Settings,
  { signal }: CallOptions = {},
): Promise<T> {
  const request = prepare(operation, input, settings);
  const secrets = operation.fields
    .filter((field) => field[5])
    .map(([name]) => own(input as JsonObject, name))
    .concat(settings.key);
  const redact = (text: string): string =>
    secrets.reduce<string>(
      (found, secret) => (typeof secret === "string" && secret ? found.replaceAll(secret, "***") : found),
      text,
    );
  for (let attempt = 1; ; attempt++) {
    const outcome = await send(request, settings, signal);
    const isLast = attempt > settings.retries || signal?.aborted;
    const seconds = isLast ? undefined : pause(operation, outcome, attempt);
    if (seconds === undefined) return interpret(operation, outcome, redact);
    await new Promise((resume) => setTimeout(resume, seconds * 1000));
  }
}

/** The request of a call; throws InvalidArgumentError with everything that is wrong with its arguments. */
function prepare(operation: Operation<unknown>, input: object, settings: Settings): Request {
  const problems: Record<string, string> = {};
  const headers: Record<string, string> = { ...settings.headers, accept: "application/json" };
  const body: [string, unknown][] = [];
  const query = new URLSearchParams();
  let path = operation.path;
  let content: string | null = null;
  const values = isObject(input) ? input : {};
  for (const [name, wire, place, codec, required] of operation.fields) {
    const value = own(values, name);
    if (!required && (value === undefined || value === null)) continue;
    try {
      const written = codec.write(value, "");
      if (place === "path") path = path.replace(`{${wire}}`, () => segment(String(written)));
      else if (place === "query") for (const item of [written].flat()) query.append(wire, String(item));
      else if (place === "header") headers[wire.toLowerCase()] = printable(String(written));
      else if (wire) body.push([wire, written]);
      else content = JSON.stringify(written);
    } catch (error) {
      if (!(error instanceof Mismatch)) throw error;
      problems[name] = value === undefined ? "is missing" : error.message.replace(/^value: /, "");
    }
  }
  if (Object.keys(problems).length) throw new InvalidArgumentError(operation.name, problems);
  // Unlike an assignment, fromEntries makes an own property even of `__proto__`.
  const hasBody = operation.fields.some(([, wire, place]) => place === "body" && wire);
  if (hasBody) content = JSON.stringify(Object.fromEntries(body));
  if (content !== null) headers["content-type"] = "application/json";
  if (operation.credentials) {
    headers[operation.credentials[0].toLowerCase()] = operation.credentials[1] + settings.key;
  }
  const search = query.size ? `?${query}` : "";
  return { url: settings.url + path + search, method: operation.method, headers, body: content };
}

/** A string as one segment of a path, whatever it contains. */
function segment(value: string): string {
  // RFC 3986 section 5.2.4: these would be removed from the path.
  check(!["", ".", ".."].includes(value), "", "a path segment");
  return encodeURIComponent(value).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function printable(value: string): string {
  check(/^[ -~]*$/.test(value), "", "printable ASCII");
  return value;
}

async function send(
  request: Request,
  settings: Settings,
  signal: AbortSignal | undefined,
): Promise<ReadResponse | NoResponse> {
  if (signal?.aborted) return new NoResponse("aborted by the caller", false, false);
  const controller = new AbortController();
  const stop = (): void => {
    controller.abort();
  };
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    stop();
  }, settings.timeoutMs);
  signal?.addEventListener("abort", stop);
  try {
    const { url, ...parts } = request;
    return await read(await settings.fetch(url, { ...parts, redirect: "manual", signal: controller.signal }));
  } catch (error) {
    return noResponse(error, timedOut);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

/** How many seconds to wait before trying again, undefined not to. `attempt` counts from 1. */
function pause(
  operation: Operation<unknown>,
  outcome: ReadResponse | NoResponse,
  attempt: number,
): number | undefined {
  // Growing, and randomized so that many callers do not come back at once.
  const backoff = Math.random() * Math.min(2, 0.2 * 2 ** (attempt - 1));
  if (outcome instanceof NoResponse) return operation.repeatable || !outcome.sent ? backoff : undefined;
  if (!operation.repeatable || documented(operation, outcome.status) !== undefined) return undefined;
  const wait = outcome.retryAfter;
  if (outcome.status === 429) return wait !== undefined && wait <= LONGEST_WAIT ? wait : undefined;
  if (TRANSIENT.includes(outcome.status) && (wait ?? 0) <= LONGEST_WAIT) return Math.max(backoff, wait ?? 0);
  return undefined;
}

function documented<T>(
  operation: Operation<T>,
  status: number,
): readonly [string, Codec<T>] | null | undefined {
  const { successes } = operation;
  // Not `??`: null stands for a success without a body.
  return status in successes ? successes[status] : successes[`${Math.floor(status / 100)}XX`];
}

/** The result, or an exception that says why there is none. */
function interpret<T>(
  operation: Operation<T>,
  outcome: ReadResponse | NoResponse,
  redact: (text: string) => string,
): T {
  const message = (text: string): string => `${operation.name}: ${redact(text)}`;
  if (outcome instanceof NoResponse) {
    throw new (outcome.sent ? NoAnswerError : NotSentError)(message(outcome.summary), outcome.timedOut);
  }
  const unexpected = (problem: string): UnexpectedAnswerError =>
    new UnexpectedAnswerError(message(`${outcome.summary}: ${problem}`), info(outcome));
  const { status } = outcome;
  const success = documented(operation, status);
  if (success === null) {
    if (outcome.isEmpty) return undefined as T;
    throw unexpected("expected a response without a body");
  }
  if (success === undefined && status < 400) {
    // Status 0: a redirect, in runtimes that hide it.
    throw unexpected(
      status < 300 && status ? "not a status of this operation" : "redirects are not followed",
    );
  }
  const document = outcome.document(success ? success[0] : "");
  if ("problem" in document) throw unexpected(document.problem);
  if (!success) {
    const found = isObject(document.value)
      ? apiError(operation, outcome, document.value, message)
      : undefined;
    throw found ?? unexpected("not an error body of this API");
  }
  try {
    return success[1].read(document.value, "");
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    throw unexpected(`the response is not as described (${error.message})`);
  }
}

/** The error for an error body; undefined for what is not one of this API. */
function apiError(
  operation: Operation<unknown>,
  response: ReadResponse,
  body: JsonObject,
  message: (text: string) => string,
): Error | undefined {
  const found = operation.readError(body);
  if (!found) return undefined;
  const names = new Map(operation.fields.map(([name, wire]) => [wire, name]));
  const text = message(`${response.summary}: ${found.summary}`);
  return new found.errorClass(text, info(response), { body, names });
}

/** What an error keeps of a response; the wait counts from now. */
function info({ status, requestId, retryAfter }: ReadResponse): ResponseInfo {
  return { status, requestId, retryAfter };
}
