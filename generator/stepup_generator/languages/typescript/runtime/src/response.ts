/** The outcome of a request: a response, read to its end, or the reason why there is none. */

import type { ResponseInfo } from "./errors.js";

/** Responses of this API are small; a larger one is not one of them. */
const MAX_BYTES = 1024 * 1024;

/** No response came. `sent` says whether the request may have reached the server. */
export class NoResponse {
  constructor(
    readonly reason: string,
    readonly sent: boolean,
    readonly timedOut: boolean,
  ) {}

  /** One line for a message. */
  get summary(): string {
    return `${this.sent ? "no complete response; it may have been carried out" : "not sent"} (${this.reason})`;
  }
}

/** A response whose body was read. */
export class ReadResponse implements ResponseInfo {
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

  /** The JSON document of the body, or else the problem with it. `mediaType` is the only one; "" is any for JSON. */
  document(mediaType: string): { value: unknown } | { problem: string } {
    const type = (this.headers.get("content-type") ?? "").replace(/;.*/s, "").trim().toLowerCase();
    if (mediaType ? type !== mediaType : type !== "application/json" && !type.endsWith("+json")) {
      return { problem: `the response is ${type || "of no media type"}, not ${mediaType || "JSON"}` };
    }
    try {
      const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.content);
      const value: unknown = JSON.parse(text);
      if (!hasDuplicateKeys(text)) return { value };
    } catch {
      // Reported below, without what the parser would quote.
    }
    return { problem: "the response is not valid JSON" };
  }
}

/** Does an object of a valid JSON text name a key twice? JSON.parse keeps the last, other readers the first. */
function hasDuplicateKeys(text: string): boolean {
  const outer: Set<unknown>[] = [];
  let keys = new Set<unknown>();
  // A string before a colon is a key; braces within strings are skipped with them.
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
export async function read(response: Response): Promise<ReadResponse | NoResponse> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  while (reader) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > MAX_BYTES) {
      reader.cancel().catch(() => undefined);
      return new NoResponse("the response is too large", true, false);
    }
    chunks.push(value);
  }
  const content = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    content.set(chunk, at);
    at += chunk.length;
  }
  return new ReadResponse(response.status, response.headers, content);
}

interface Cause {
  readonly name?: string;
  readonly code?: string | number;
  readonly syscall?: string;
  readonly cause?: Cause;
  readonly errors?: readonly Cause[];
}

/** What an exception of `fetch` means for the call. */
export function noResponse(error: unknown, timedOut: boolean): NoResponse {
  const cause = (error as Cause | undefined)?.cause ?? (error as Cause | undefined) ?? {};
  // The text of an exception may quote what was sent; a code does not.
  const reason = timedOut ? "timed out" : `${cause.code ?? cause.name ?? "failed"}`;
  return new NoResponse(reason, !neverConnected(cause), timedOut);
}

/** Was no connection made, so that nothing was sent? Where that is not known, it may have been. */
function neverConnected(cause: Cause): boolean {
  if (cause.errors?.length) return cause.errors.every(neverConnected);
  return (
    cause.syscall === "connect" ||
    cause.syscall === "getaddrinfo" ||
    // Node's fetch, TLS, and Bun.
    /^(UND_ERR_CONNECT_TIMEOUT|ECONNREFUSED|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT_|ConnectionRefused)/.test(
      String(cause.code),
    )
  );
}
