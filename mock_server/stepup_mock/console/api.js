// Calls to the control API, and its event stream. The key lives in this object and nowhere else.

const BASE = "/__control__";
const SILENCE_LIMIT_MS = 45_000;

export class CallFailed extends Error {
  constructor(status, body) {
    const fields = Object.entries(body?.field_errors ?? {}).map(([name, code]) => `${name}: ${code}`);
    super(fields.join(", ") || body?.user_facing_error || `The server returned ${status}.`);
    this.status = status;
  }
}

export class ControlApi {
  #key;

  constructor(key) {
    this.#key = key;
  }

  get(path) {
    return this.#call("GET", path);
  }

  put(path, body) {
    return this.#call("PUT", path, body);
  }

  post(path, body) {
    return this.#call("POST", path, body);
  }

  delete(path) {
    return this.#call("DELETE", path);
  }

  /** Read the stream until it ends, fails, falls silent or is aborted; `onOpen` is called once it runs. */
  async follow({ onOpen, onEvent, signal }) {
    const abort = new AbortController();
    signal.addEventListener("abort", () => abort.abort());
    let silence;
    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(() => abort.abort(), SILENCE_LIMIT_MS);
    };
    heard();
    try {
      const response = await this.#fetch("GET", "/stream", undefined, abort.signal);
      if (!response.ok) throw new CallFailed(response.status, await readJson(response));
      onOpen();
      for await (const event of events(response.body, heard)) onEvent(event);
    } finally {
      clearTimeout(silence);
      abort.abort();
    }
  }

  async #call(method, path, body) {
    const response = await this.#fetch(method, path, body);
    const document = await readJson(response);
    if (!response.ok) throw new CallFailed(response.status, document);
    return document;
  }

  #fetch(method, path, body, signal) {
    const headers = { Authorization: `Bearer ${this.#key}` };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    return fetch(BASE + path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
    });
  }
}

async function readJson(response) {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Yield `{name, data}` for each server-sent event with data. */
async function* events(stream, heard) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    heard();
    const blocks = (buffer + value).replaceAll("\r\n", "\n").split("\n\n");
    buffer = blocks.pop();
    for (const block of blocks) {
      const event = parse(block);
      if (event.data) yield { name: event.name, data: JSON.parse(event.data) };
    }
  }
}

function parse(block) {
  const event = { name: "message", data: "" };
  for (const line of block.split("\n")) {
    if (line.startsWith("event:")) event.name = line.slice(6).trim();
    if (line.startsWith("data:")) event.data += line.slice(5).trim();
  }
  return event;
}
