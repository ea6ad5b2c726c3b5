/** What a client is made with. */

import { InvalidArgumentError } from "./errors.js";

/** Options of a client. */
export interface StepUpMfaOptions {
  /** Address of the server, such as `https://auth.example.com`; by default what STEPUP_MFA_AUTH_URL says. */
  readonly authUrl?: string | undefined;
  /** The API key; by default what STEPUP_MFA_API_KEY says. It is shown nowhere. */
  readonly apiKey?: string | undefined;
  /** How long one try may take, to the end of its answer, in milliseconds; by default 10,000. */
  readonly timeoutMs?: number | undefined;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Makes the requests; by default the runtime's own. With one of yours come your proxies, certificates and logs. */
  readonly fetch?: typeof fetch | undefined;
  /** How often a call may be tried again, where that is safe; by default 2. */
  readonly retries?: number | undefined;
}

/** Options, checked and whole. */
export interface Settings {
  readonly url: string;
  readonly key: string;
  readonly timeoutMs: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly fetch: typeof fetch;
  readonly retries: number;
}

interface Runtime {
  readonly process?: {
    readonly env?: Readonly<Record<string, string | undefined>>;
    readonly versions?: { readonly node?: string };
  };
}

const MAX_TIMEOUT = 2 ** 31 - 1;

/** Check what a client is made with; no message holds the key or the value of a header. */
export function checked(options: StepUpMfaOptions): Settings {
  const { process } = globalThis as Runtime;
  const problems: Record<string, string> = {};
  const given = options.authUrl || process?.env?.STEPUP_MFA_AUTH_URL || "";
  const key = options.apiKey || process?.env?.STEPUP_MFA_API_KEY || "";
  const { timeoutMs = 10_000, retries = 2 } = options;
  const url = baseUrl(given);
  if (!given) problems.authUrl = "is missing; give it, or set STEPUP_MFA_AUTH_URL";
  else if (!url) problems.authUrl = "wanted an address like https://auth.example.com, without query, fragment and password";
  if (!key) problems.apiKey = "is missing; give it, or set STEPUP_MFA_API_KEY";
  else if (!/^[!-~]+$/.test(key)) problems.apiKey = "wanted printable ASCII without spaces";
  if (!(Number.isFinite(timeoutMs) && timeoutMs > 0 && timeoutMs <= MAX_TIMEOUT)) {
    problems.timeoutMs = "wanted a positive number of milliseconds";
  }
  if (!(Number.isInteger(retries) && retries >= 0 && retries <= 10)) problems.retries = "wanted a number from 0 to 10";
  const headers: Record<string, string> = { "user-agent": `stepup-mfa-client/0.1.0 node/${process?.versions?.node ?? "none"}` };
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    const lower = name.toLowerCase();
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || !/^[ -~]*$/.test(value)) {
      problems.headers = "wanted names and values of printable ASCII";
    } else if (["authorization"].includes(lower)) {
      problems.headers = "the API key is sent by apiKey";
    } else if (["content-length", "transfer-encoding"].includes(lower)) {
      problems.headers = `${lower} follows from the body`;
    }
    headers[lower] = value;
  }
  if (Object.keys(problems).length) throw new InvalidArgumentError("StepUpMfa", problems);
  // Called as a plain function: some runtimes refuse another `this`.
  const send = options.fetch ?? globalThis.fetch;
  return { url, key, timeoutMs, headers, retries, fetch: (input, init) => send(input, init) };
}

/** An address without the slashes at its end, "" where it cannot be that of a server. */
function baseUrl(given: string): string {
  try {
    const url = new URL(given);
    const plain = /^https?:$/.test(url.protocol) && !(url.username || url.password || url.search || url.hash);
    return plain ? (url.origin + url.pathname).replace(/\/+$/, "") : "";
  } catch {
    return "";
  }
}
