// Sends the requests of the try-it forms to the server that the page came from, where that is a mock. Loaded when
// a form is opened. The key and everything that was sent or received lives in this closure: nothing is stored.
(() => {
  const STYLE = `
.try > summary { cursor: pointer } .try > summary > h2 { display: inline; margin: 0; font-size: 1.25rem }
.try-field { display: grid; gap: .25rem; margin: 0 0 .9rem; max-width: 40rem }
.try-field label span, .try-note, .try-quiet { color: var(--soft, GrayText); font-size: .9rem }
.try-line { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center }
.try-line > :first-child { flex: 1 1 12rem; min-width: 0 }
.try input:not([type=checkbox]), .try select, .try textarea, .try button { font: inherit; color: inherit;
  background: var(--paper, Canvas); border: .06rem solid var(--edge, GrayText); border-radius: .3rem;
  padding: .45rem .65rem; min-height: 2.75rem; max-width: 100% }
.try input:not([type=checkbox]), .try select, .try textarea { width: 100%; font-family: var(--mono, monospace) }
.try input[type=checkbox] { width: 1.25rem; height: 1.25rem; accent-color: var(--accent, Highlight) }
.try button { cursor: pointer } .try button:hover { border-color: var(--accent, Highlight) }
.try button[type=submit] { background: var(--accent, Highlight); border-color: transparent;
  color: var(--paper, Canvas); font-weight: 650 }
.try pre { max-height: 24rem; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere; margin: .5rem 0 }
.try h3 { margin: 1.25rem 0 .25rem; font-size: 1.1rem } .try-result > .try-line { margin: 1rem 0 }
.try summary { padding: .25rem 0 } .try ol { list-style: none; padding: 0 }`;
  const TIMEOUT_MS = 20000;
  const KEPT = 30;
  const panel = document.querySelector("details.try");
  const note = panel.querySelector(".try-note");
  const past = [];
  let api = "";
  let control = "";
  let request = null;

  const h = (name, properties = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(properties))
      key in element ? (element[key] = value) : element.setAttribute(key, value);
    element.append(...children);
    return element;
  };
  const later = (text) => (note.textContent = text);
  const result = h("div", { className: "try-result" });
  const status = h("p", { role: "status" });
  const history = h("div");
  const preview = h("pre", { tabIndex: 0, role: "group", ariaLabel: "The request as curl" });
  const shown = h("input", { type: "checkbox", id: "~try.shown" });
  const key = h("input", { id: "~try.key", autocomplete: "off", spellcheck: false, autocapitalize: "none" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  document.adoptedStyleSheets.push(sheet);

  // JSON pointers and the runtime expressions of OpenAPI links.
  const at = (value, pointer) =>
    pointer
      .split("/")
      .slice(1)
      .reduce((node, part) => node?.[part.replaceAll("~1", "/").replaceAll("~0", "~")], value);
  const evaluate = (expression, sent, response) => {
    const found = /^\$(request|response)\.(path|query|header|body)([.#].*)?$/s.exec(expression);
    if (!found) return expression;
    const [, side, place, rest = ""] = found;
    const message = side === "request" ? sent : response;
    if (place === "body") return rest ? at(message.body, rest.slice(1)) : message.body;
    return place === "header" && side === "response"
      ? message.headers.get(rest.slice(1))
      : message[place]?.[rest.slice(1)];
  };

  // By marks of ours, never by name: a form's own properties give way to inputs of the same name.
  const calls = new WeakMap();
  const inputs = (form) => [...form.querySelectorAll("[data-in]")];
  const named = (form, name) => inputs(form).find((input) => input.dataset.name === name);
  const parse = (input) => {
    try {
      return JSON.parse(input.value);
    } catch {
      throw [input, `${input.dataset.name} is not JSON`];
    }
  };
  const valueOf = (input) => {
    const { kind } = input.dataset;
    if (kind === "number") return Number(input.value);
    if (kind === "json") return parse(input);
    return kind === "choice" && /^(true|false)$/.test(input.value) ? input.value === "true" : input.value;
  };

  /** What the form sends. Throws [input, sentence] for what cannot be sent at all. */
  const read = (form) => {
    const call = calls.get(form);
    const sent = { method: call.method, path: {}, query: {}, header: {}, body: undefined };
    let address = call.path;
    const query = new URLSearchParams();
    const fields = {};
    for (const input of inputs(form)) {
      const { value } = input;
      const { name, in: place } = input.dataset;
      // An empty text is sent for a required field, so that the error can be seen; anything else is left out.
      if (value === "" && (place !== "body" || !input.required || input.dataset.kind !== "text")) {
        if (place === "path") throw [input, `${name} is part of the address and wants a value`];
        continue;
      }
      if (place === "path") {
        // A browser takes these out of an address, however they are written.
        if (/^\.\.?$/.test(value)) throw [input, `${name} cannot be "${value}" in an address`];
        address = address.replace(`{${name}}`, encodeURIComponent(value));
      }
      if (place === "body") fields[name] = valueOf(input);
      else if (place === "whole") sent.body = parse(input);
      else sent[place][name] = value;
      // An array in a query is its name once for each item.
      if (place === "query")
        for (const item of [input.dataset.kind === "json" ? parse(input) : value].flat()) query.append(name, item);
    }
    if (call.media && sent.body === undefined && inputs(form).some((input) => input.dataset.in === "body"))
      sent.body = fields;
    sent.url = location.origin + address + (query.size ? `?${query}` : "");
    sent.headers = { ...sent.header };
    if (call.key) sent.headers[call.key.header] = call.key.before + key.value;
    if (sent.body !== undefined) sent.headers["Content-Type"] = call.media;
    return sent;
  };

  const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const curl = (call, sent, withKey) => {
    const lines = [`curl -i -X ${sent.method} ${quote(sent.url)}`];
    for (const [name, value] of Object.entries(sent.headers))
      lines.push(
        call.key?.header === name && !withKey
          ? `-H "${name}: ${call.key.before}$STEPUP_MFA_API_KEY"`
          : `-H ${quote(`${name}: ${value}`)}`,
      );
    if (sent.body !== undefined) lines.push(`--data-raw ${quote(JSON.stringify(sent.body, null, 2))}`);
    return lines.join(" \\\n  ");
  };

  const say = (text) => {
    status.textContent = "";
    requestAnimationFrame(() => (status.textContent = text));
  };
  const refresh = (form) => {
    try {
      preview.textContent = curl(calls.get(form), read(form), shown.checked);
    } catch (problem) {
      if (!Array.isArray(problem)) throw problem;
      preview.textContent = `# ${problem[1]}`;
    }
  };

  const ask = async (path, options = {}) => {
    const response = await fetch(path, { cache: "no-store", credentials: "omit", redirect: "error", ...options });
    if (!response.ok) throw new Error(`the server returned ${response.status}`);
    return response;
  };

  /** Fill in a value that the control API reports. */
  const fill = async (form, input, live) => {
    let { path } = live;
    const query = new URLSearchParams();
    for (const [place, name, field] of live.inputs) {
      const value = named(form, field)?.value;
      if (!value) return say(`Fill in ${field} first.`);
      if (place === "path") path = path.replace(`{${name}}`, encodeURIComponent(value));
      else query.set(name, value);
    }
    try {
      const reported = await (
        await ask(query.size ? `${path}?${query}` : path, { headers: { Authorization: `Bearer ${control}` } })
      ).json();
      const value = at(reported, live.pointer);
      if (value === undefined) return say(`The mock has no ${input.dataset.name} for these values.`);
      input.value = value;
      refresh(form);
      say(`${input.dataset.name} is filled in.`);
    } catch (error) {
      say(`The mock did not report the ${input.dataset.name}: ${error.message}.`);
    }
  };

  const send = async (form) => {
    let sent;
    try {
      sent = read(form);
    } catch (problem) {
      if (!Array.isArray(problem)) throw problem;
      problem[0].focus();
      return say(`Not sent: ${problem[1]}.`);
    }
    request?.abort();
    const mine = (request = new AbortController());
    const timer = setTimeout(() => mine.abort(), TIMEOUT_MS);
    say("Sent, waiting for the response.");
    const began = performance.now();
    try {
      const response = await fetch(sent.url, {
        method: sent.method,
        headers: sent.headers,
        body: sent.body === undefined ? undefined : JSON.stringify(sent.body),
        cache: "no-store",
        credentials: "omit",
        redirect: "error",
        signal: mine.signal,
      });
      const text = await response.text();
      const received = { status: response.status, headers: response.headers, text, ms: performance.now() - began };
      try {
        received.body = JSON.parse(text);
      } catch {
        received.body = undefined;
      }
      show(form, sent, received);
    } catch (error) {
      if (request === mine) {
        result.replaceChildren();
        say(mine.signal.aborted ? "No response in time." : `No response: ${error.message}.`);
      }
    } finally {
      clearTimeout(timer);
    }
  };

  const block = (text, label) => h("pre", { tabIndex: 0, role: "group", ariaLabel: label }, text);
  const exchange = (response) => [
    block(response.body === undefined ? response.text || "(empty)" : JSON.stringify(response.body, null, 2), "The body"),
    h(
      "details",
      {},
      h("summary", { className: "try-quiet" }, `Headers (${[...response.headers].length})`),
      block([...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n"), "The headers"),
    ),
  ];

  const show = (form, sent, response) => {
    const call = calls.get(form);
    const line = `${response.status} in ${Math.round(response.ms)} ms`;
    const next = call.links
      .filter((link) => link.status === String(response.status))
      .map((link) => [
        link,
        Object.entries(link.inputs).map(([name, text]) => [name, evaluate(text, sent, response)]),
      ])
      .filter(([, values]) => values.every(([, value]) => value !== undefined && value !== null))
      .map(([link, values]) =>
        h("button", { type: "button", onclick: () => follow(link, values) }, `Next: ${link.title}`),
      );
    result.replaceChildren(
      h("h3", {}, `Response: ${line}`),
      ...exchange(response),
      h("p", { className: "try-line" }, ...next),
    );
    say(`Returned ${line}.${next.length ? ` ${next.length} next call${next.length > 1 ? "s" : ""} below.` : ""}`);
    past.unshift([`${response.status} ${sent.method} ${new URL(sent.url).pathname}`, curl(call, sent, false), response]);
    past.length = Math.min(past.length, KEPT);
    history.replaceChildren(
      h("h3", {}, "History"),
      h("p", { className: "try-quiet" }, "Kept until this page is left."),
      h(
        "ol",
        {},
        ...past.map(([title, text, reported]) =>
          h("li", {}, h("details", {}, h("summary", {}, title), block(text, "The request as curl"), ...exchange(reported))),
        ),
      ),
    );
  };

  /** Put the form of the next operation in the place of this one, with what the response brought. */
  const follow = async (link, values) => {
    try {
      const text = await (await ask(new URL(link.page, document.baseURI))).text();
      const form = document.adoptNode(
        new DOMParser().parseFromString(text, "text/html").querySelector("details.try form"),
      );
      panel.querySelector("form").replaceWith(form);
      wake(form);
      for (const [name, value] of values) {
        const input = named(form, name);
        if (input) input.value = typeof value === "object" ? JSON.stringify(value, null, 2) : value;
      }
      refresh(form);
      result.replaceChildren();
      form.querySelector("h3").focus();
      say(`${link.title}: filled in from the last response.`);
    } catch (error) {
      say(`The next form could not be loaded: ${error.message}.`);
    }
  };

  const wake = (form) => {
    const call = JSON.parse(form.dataset.call);
    calls.set(form, call);
    for (const [name, live] of Object.entries(call.live)) {
      const input = named(form, name);
      if (!input) continue;
      const line = h("span", { className: "try-line" });
      input.replaceWith(line);
      line.append(
        input,
        h("button", { type: "button", onclick: () => fill(form, input, live) }, `Fill in the live ${name}`),
      );
    }
    const submit = form.querySelector("[type=submit]");
    if (call.key) {
      key.value ||= api;
      submit.before(
        h("p", { className: "try-field" }, h("label", { htmlFor: key.id }, "API key ", h("span", {}, "kept in memory only")), key),
      );
    }
    submit.before(
      preview,
      h("p", { className: "try-field" }, h("label", { htmlFor: shown.id }, shown, " Show the key in the command")),
    );
    const example = form.querySelector("[data-examples]");
    if (example)
      example.onchange = () => {
        for (const [name, text] of Object.entries(call.examples[example.value]))
          named(form, name).value = text;
        refresh(form);
      };
    form.oninput = () => refresh(form);
    form.onsubmit = (event) => {
      event.preventDefault();
      send(form);
    };
    form.hidden = false;
    refresh(form);
  };

  const start = async () => {
    // Only `docs serve` puts this into a page: elsewhere no server is asked.
    const served = document.querySelector('meta[name="docs-serve"]');
    if (!served) return;
    try {
      const keys = await (await ask(served.content)).json();
      [api, control] = [keys.api_key, keys.control_key];
    } catch (error) {
      return later(`The server that this page came from does not respond: ${error.message}.`);
    }
    later("The request goes to the mock server that this page came from.");
    wake(panel.querySelector("form"));
    panel.append(status, result, history);
  };
  start();
})();
