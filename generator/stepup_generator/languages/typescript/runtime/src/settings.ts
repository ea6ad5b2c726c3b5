/** The options of a client. */

import { InvalidArgumentError } from "./errors.js";

/** Options of a client. */
export interface StepUpMfaOptions {
  /** Address of the server, such as `https://auth.example.com`; by default STEPUP_MFA_AUTH_URL of the environment. */
  readonly authUrl?: string | undefined;
  /** The API key; by default STEPUP_MFA_API_KEY of the environment. It is never printed. */
  readonly apiKey?: string | undefined;
  /** How long one attempt may take, to the end of its response, in milliseconds; by default 10,000. */
  readonly timeoutMs?: number | undefined;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Makes the requests; by default the runtime's own. Bring yours for proxies, certificates or logs. */
  readonly fetch?: typeof fetch | undefined;
  /** How often a call may be tried again, where that is safe; by default 2. */
  readonly retries?: number | undefined;
}

/** Checked options, with defaults. */
export interface Settings {
  readonly url: string;
  readonly key: string;
  readonly timeoutMs: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly fetch: typeof fetch;
  readonly retries: number;
}

/** What the client of a document is, beyond its operations. */
export interface ClientInfo {
  /** Name and version of the package. */
  readonly userAgent: string;
  /** Headers, in lower case, that no caller may set. */
  readonly credentialHeaders: readonly string[];
}

interface Runtime {
  readonly process?: {
    readonly env?: Readonly<Record<string, string | undefined>>;
    readonly versions?: { readonly node?: string };
  };
}

const MAX_TIMEOUT = 2 ** 31 - 1;

/** Check the options of a client; no message holds the key or the value of a header. */
export function checked(options: StepUpMfaOptions, info: ClientInfo): Settings {
  const { process } = globalThis as Runtime;
  const problems: Record<string, string> = {};
  const address = options.authUrl || process?.env?.STEPUP_MFA_AUTH_URL || "";
  const key = options.apiKey || process?.env?.STEPUP_MFA_API_KEY || "";
  const { timeoutMs = 10_000, retries = 2 } = options;
  const url = baseUrl(address);
  if (!address) problems.authUrl = "is missing; pass it, or set STEPUP_MFA_AUTH_URL";
  else if (!url) problems.authUrl = "expected an address such as https://auth.example.com";
  if (!key) problems.apiKey = "is missing; pass it, or set STEPUP_MFA_API_KEY";
  else if (!/^[!-~]+$/.test(key)) problems.apiKey = "expected printable ASCII without spaces";
  if (!(Number.isFinite(timeoutMs) && timeoutMs > 0 && timeoutMs <= MAX_TIMEOUT)) {
    problems.timeoutMs = "expected a positive number of milliseconds";
  }
  if (!(Number.isInteger(retries) && retries >= 0 && retries <= 10)) {
    problems.retries = "expected a number from 0 to 10";
  }
  const headers: Record<string, string> = {
    "user-agent": `${info.userAgent} node/${process?.versions?.node ?? "none"}`,
  };
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    const problem = headerProblem(name, value, info.credentialHeaders);
    if (problem) problems.headers = problem;
    headers[name.toLowerCase()] = value;
  }
  if (Object.keys(problems).length) throw new InvalidArgumentError("StepUpMfa", problems);
  // Called as a plain function: some runtimes reject another `this`.
  const send = options.fetch ?? globalThis.fetch;
  return { url, key, timeoutMs, headers, retries, fetch: (input, init) => send(input, init) };
}

/** What is wrong with a header of the caller's, "" where nothing is. */
function headerProblem(name: string, value: string, credentialHeaders: readonly string[]): string {
  const lower = name.toLowerCase();
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || !/^[ -~]*$/.test(value)) {
    return "expected names and values of printable ASCII";
  }
  if (credentialHeaders.includes(lower)) return "pass the API key as apiKey";
  return ["content-length", "transfer-encoding"].includes(lower) ? `${lower} follows from the body` : "";
}

/** An address without trailing slashes, "" where it cannot be that of a server. */
function baseUrl(address: string): string {
  try {
    const url = new URL(address);
    const isPlain =
      /^https?:$/.test(url.protocol) && !(url.username || url.password || url.search || url.hash);
    return isPlain ? (url.origin + url.pathname).replace(/\/+$/, "") : "";
  } catch {
    return "";
  }
}
