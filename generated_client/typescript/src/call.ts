/**
 * A call from its arguments to its result.
 *
 * Here is decided what counts as success (exactly what the API documents, nothing else) and what may be sent twice
 * (nothing that could have been done already, unless the API says that it may be repeated).
 */

import { Answer, Failure, failure, read } from "./answer.js";
import { InvalidArgumentError, NoAnswerError, NotSentError, refusal, UnexpectedAnswerError } from "./errors.js";
import type { StepUpMfaError } from "./errors.js";
import type { Settings } from "./settings.js";
import { isObject, Mismatch, own } from "./shapes.js";
import type { Shape } from "./shapes.js";

type Place = "path" | "query" | "header" | "body";

/** What is known of an operation. */
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
    shape: Shape,
    required: boolean,
    secret: boolean,
  ])[];
  /** By status, or by a range such as `2XX`: media type and shape of the body, null where there is none. */
  readonly answers: Readonly<Record<string, readonly [string, Shape<T>] | null>>;
  /** The header that carries the API key, and what stands before it. */
  readonly credentials: readonly [string, string] | null;
  readonly repeatable: boolean;
}

/** Options of one call. */
export interface CallOptions {
  /** Gives the call up when aborted; it may have been carried out all the same. */
  readonly signal?: AbortSignal | undefined;
}

interface Request {
  readonly url: string;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: string | null;
}

/** The longest Retry-After, in seconds, that a repeatable call waits out. */
const LONGEST_WAIT = 5;
/** Failures of a gateway or server that a repeatable call tries again. */
const PASSING = [500, 502, 503, 504];

/** Make a call. Rejects with an error of `errors`, always. */
export async function run<T>(
  operation: Operation<T>,
  input: object,
  settings: Settings,
  { signal }: CallOptions = {},
): Promise<T> {
  const request = prepare(operation, input, settings);
  const scrub = (text: string): string =>
    operation.fields
      .filter((field) => field[5])
      .map(([name]) => own(input as Record<string, unknown>, name))
      .concat(settings.key)
      .reduce<string>((found, secret) => (typeof secret === "string" && secret ? found.replaceAll(secret, "***") : found), text);
  for (let tries = 1; ; tries++) {
    const outcome = await send(request, settings, signal);
    const seconds = tries > settings.retries || signal?.aborted ? undefined : pause(operation, outcome, tries);
    if (seconds === undefined) return judge(operation, outcome, scrub);
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
  const given = isObject(input) ? input : {};
  for (const [name, wire, place, shape, required] of operation.fields) {
    const value = own(given, name);
    if (!required && (value === undefined || value === null)) continue;
    try {
      const written = shape.write(value, "");
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
  // Unlike an assignment, fromEntries makes a property of its own even of `__proto__`.
  if (operation.fields.some(([, wire, place]) => place === "body" && wire)) content = JSON.stringify(Object.fromEntries(body));
  if (content !== null) headers["content-type"] = "application/json";
  if (operation.credentials) headers[operation.credentials[0].toLowerCase()] = operation.credentials[1] + settings.key;
  const search = query.size ? `?${query}` : "";
  return { url: settings.url + path + search, method: operation.method, headers, body: content };
}

/** A text as one segment of a path, whatever is in it. */
function segment(value: string): string {
  // RFC 3986 section 5.2.4: these would not stay segments.
  if (["", ".", ".."].includes(value)) throw new Mismatch("", "wanted something that can stand in a path");
  return encodeURIComponent(value).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function printable(value: string): string {
  if (!/^[ -~]*$/.test(value)) throw new Mismatch("", "wanted printable ASCII");
  return value;
}

async function send(request: Request, settings: Settings, signal: AbortSignal | undefined): Promise<Answer | Failure> {
  if (signal?.aborted) return new Failure("aborted by the caller", false, false);
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
    return failure(error, timedOut);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

/** How many seconds to wait before trying again, undefined not to. `tries` counts from 1. */
function pause(operation: Operation<unknown>, outcome: Answer | Failure, tries: number): number | undefined {
  // Growing, and spread so that many callers do not come back at once.
  const backoff = Math.random() * Math.min(2, 0.2 * 2 ** (tries - 1));
  if (outcome instanceof Failure) return operation.repeatable || !outcome.sent ? backoff : undefined;
  if (!operation.repeatable || documented(operation, outcome.status) !== undefined) return undefined;
  const wait = outcome.retryAfter;
  if (outcome.status === 429) return wait !== undefined && wait <= LONGEST_WAIT ? wait : undefined;
  if (PASSING.includes(outcome.status) && (wait ?? 0) <= LONGEST_WAIT) return Math.max(backoff, wait ?? 0);
  return undefined;
}

function documented<T>(operation: Operation<T>, status: number): readonly [string, Shape<T>] | null | undefined {
  return operation.answers[status] ?? operation.answers[`${Math.floor(status / 100)}XX`];
}

/** The result, or an exception that says why there is none. */
function judge<T>(operation: Operation<T>, outcome: Answer | Failure, scrub: (text: string) => string): T {
  const said = (what: string): string => `${operation.name}: ${scrub(what)}`;
  if (outcome instanceof Failure) {
    throw new (outcome.sent ? NoAnswerError : NotSentError)(said(outcome.summary), outcome.timedOut);
  }
  const unexpected = (problem: string): StepUpMfaError =>
    new UnexpectedAnswerError(said(`${outcome.summary}: ${problem}`), answered(outcome));
  const { status } = outcome;
  const wanted = documented(operation, status);
  if (wanted === null) {
    if (outcome.isEmpty) return undefined as T;
    throw unexpected("an answer without a body was wanted");
  }
  if (wanted === undefined && status < 400) {
    // Status 0: a redirect, in runtimes that hide it.
    throw unexpected(status < 300 && status ? "not a status of this operation" : "redirects are not followed");
  }
  const document = outcome.document(wanted ? wanted[0] : "");
  if ("problem" in document) throw unexpected(document.problem);
  if (!wanted) {
    const found = refusal(document.value);
    if (!found) throw unexpected("not an error body of this API");
    const names = new Map(operation.fields.map(([name, wire]) => [wire, name]));
    throw new found.kind(said(`${outcome.summary}: ${found.summary}`), answered(outcome), found.body, names);
  }
  try {
    return wanted[1].read(document.value, "");
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    throw unexpected(`the answer is not as described (${error.message})`);
  }
}

/** What an error keeps of an answer; the wait counts from now. */
function answered({ status, requestId, retryAfter }: Answer): { status: number; requestId?: string | undefined; retryAfter?: number | undefined } {
  return { status, requestId, retryAfter };
}
