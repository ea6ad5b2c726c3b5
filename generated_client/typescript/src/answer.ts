/** What came back: an answer, read to its end, or the reason why there is none. */

import type { Answered } from "./errors.js";

/** Answers of this API are small; whatever is larger is no answer of it. */
const MAX_BYTES = 1024 * 1024;

/** No answer came. `sent` says whether the request may have reached the server. */
export class Failure {
  constructor(
    readonly reason: string,
    readonly sent: boolean,
    readonly timedOut: boolean,
  ) {}

  /** One line for a message. */
  get summary(): string {
    return `${this.sent ? "no complete answer; it may have been carried out" : "not sent"} (${this.reason})`;
  }
}

/** An answer whose body was read. */
export class Answer implements Answered {
  constructor(
    readonly status: number,
    private readonly headers: Headers,
    private readonly content: Uint8Array,
  ) {}

  get requestId(): string | undefined {
    return this.headers.get("x-request-id") ?? undefined;
  }

  /** RFC 9110 section 10.2.3: seconds, or a date. */
  get retryAfter(): number | undefined {
    const value = this.headers.get("retry-after")?.trim() ?? "";
    if (/^\d+$/.test(value)) return Number(value.slice(0, 9));
    if (!/^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/.test(value)) return undefined;
    const seconds = (Date.parse(value) - Date.now()) / 1000;
    return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
  }

  /** One line for a message; the request id is the server's own text. */
  get summary(): string {
    return `status ${this.status}` + (this.requestId ? ` [request ${this.requestId}]` : "");
  }

  get isEmpty(): boolean {
    return this.content.length === 0;
  }

  /** The JSON document of the body, or else the problem with it. `wanted` is its one media type; "", any that is JSON. */
  document(wanted: string): { value: unknown } | { problem: string } {
    const type = (this.headers.get("content-type") ?? "").replace(/;.*/s, "").trim().toLowerCase();
    if (wanted ? type !== wanted : type !== "application/json" && !type.endsWith("+json")) {
      return { problem: `the answer is ${type || "of no media type"}, not ${wanted || "JSON"}` };
    }
    try {
      const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.content);
      const value: unknown = JSON.parse(text);
      if (!hasTwins(text)) return { value };
    } catch {
      // Said below, without what the parser would quote.
    }
    return { problem: "the answer is not valid JSON" };
  }
}

/** Does an object of a valid JSON text name a key twice? JSON.parse keeps the last, other readers the first. */
function hasTwins(text: string): boolean {
  const outer: Set<unknown>[] = [];
  let keys = new Set<unknown>();
  // A text before a colon is a key; braces within texts are passed over with them.
  for (const [token, quoted = "", colon] of text.matchAll(/("[^"\\]*(?:\\.[^"\\]*)*")\s*(:?)|[{}]/g)) {
    if (token === "{") {
      outer.push(keys);
      keys = new Set();
    } else if (token === "}") {
      keys = outer.pop() ?? keys;
    } else if (colon) {
      const key: unknown = JSON.parse(quoted);
      if (keys.has(key)) return true;
      keys.add(key);
    }
  }
  return false;
}

/** Read a response to its end, up to a limit. */
export async function read(response: Response): Promise<Answer | Failure> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  while (reader) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > MAX_BYTES) {
      reader.cancel().catch(() => undefined);
      return new Failure("the answer is too large", true, false);
    }
    chunks.push(value);
  }
  const content = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    content.set(chunk, at);
    at += chunk.length;
  }
  return new Answer(response.status, response.headers, content);
}

interface Cause {
  readonly name?: string;
  readonly code?: string | number;
  readonly syscall?: string;
  readonly cause?: Cause;
  readonly errors?: readonly Cause[];
}

/** What an exception of `fetch` means for the call. */
export function failure(error: unknown, timedOut: boolean): Failure {
  const cause = (error as Cause | undefined)?.cause ?? (error as Cause | undefined) ?? {};
  // The text of an exception may quote what was sent; a code does not.
  const reason = timedOut ? "timed out" : `${cause.code ?? cause.name ?? "failed"}`;
  return new Failure(reason, !neverMade(cause), timedOut);
}

/** A connection that was never made carried nothing. Whatever is not known to be that may have arrived. */
function neverMade(cause: Cause): boolean {
  if (cause.errors?.length) return cause.errors.every(neverMade);
  return (
    cause.syscall === "connect" ||
    cause.syscall === "getaddrinfo" ||
    // Node's fetch, TLS, and Bun.
    /^(UND_ERR_CONNECT_TIMEOUT|ECONNREFUSED|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT_|ConnectionRefused)/.test(
      String(cause.code),
    )
  );
}
