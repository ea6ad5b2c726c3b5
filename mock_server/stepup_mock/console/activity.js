// What the server did and holds: inbox, valid challenges and grants, timeline and request journal.

import { countdown, expire } from "./clock.js";
import { copyButton, find, grantType, h, List, plural, setText, shortId, timeOfDay } from "./dom.js";

const KEPT = 500; // newest entries of each list; a load test must not fill the page

/** A list that grows by the stream. Entries come oldest first and are shown newest first, each once. */
class Feed {
  #entries = new Map();
  #meanwhile = null;
  #drawing = false;

  constructor(section, identity, create) {
    this.identity = identity;
    this.list = new List(section, { key: identity, create, limit: 10 });
  }

  /** History is about to be read: entries that arrive meanwhile are kept aside. */
  begin() {
    this.#meanwhile = [];
  }

  replace(history) {
    const meanwhile = this.#meanwhile ?? [];
    this.#meanwhile = null;
    this.#entries.clear();
    this.#put([...history, ...meanwhile]);
  }

  add(entry) {
    this.#meanwhile?.push(entry);
    this.#put([entry]);
  }

  #put(entries) {
    for (const entry of entries) this.#entries.set(this.identity(entry), entry);
    for (const key of this.#entries.keys()) {
      if (this.#entries.size <= KEPT) break;
      this.#entries.delete(key);
    }
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      this.list.show([...this.#entries.values()].reverse());
    });
  }
}

export class Activity {
  #session;
  #challenges;
  #grants;

  constructor(session) {
    this.#session = session;
    this.inbox = new Feed(find("#inbox"), (message) => message.challenge_id, messageRow);
    this.timeline = new Feed(find("#timeline"), (event) => event.sequence, eventRow);
    this.requests = new Feed(find("#requests"), (entry) => entry.sequence, requestRow);
    this.#challenges = new List(find("#challenges"), {
      key: (challenge) => challenge.challenge_id,
      create: challengeRow,
      update: (row, challenge) => this.#updateChallenge(row, challenge),
      limit: 10,
    });
    this.#grants = new List(find("#grants"), { key: (grant) => grant.grant_hash, create: grantRow, limit: 10 });
  }

  /** Read what happened before the stream began. */
  async loadHistory() {
    const { api } = this.#session;
    for (const feed of [this.inbox, this.timeline, this.requests]) feed.begin();
    const [inbox, events, journal] = await Promise.all(
      ["/inbox", "/events", "/requests"].map((path) => api.get(path)),
    );
    this.inbox.replace(inbox.messages);
    this.timeline.replace(events.events);
    this.requests.replace(journal.requests);
  }

  /** Read the valid challenges and grants, oldest first, and show them newest first. */
  async loadLive() {
    const { api } = this.#session;
    const [{ challenges }, { grants }] = await Promise.all([api.get("/challenges"), api.get("/grants")]);
    this.#challenges.show(challenges.reverse());
    this.#grants.show(grants.reverse());
  }

  #updateChallenge(row, challenge) {
    const { wrong_codes: wrong } = challenge;
    setText(find(".wrong", row), wrong ? ` · ${plural(wrong, "wrong code")}` : "");
    const life = { at: challenge.expires_at, of: this.#session.limits.challenge_ttl_seconds };
    expire(find(".countdown", row), life);
  }
}

function messageRow(message) {
  const code = h("span", { className: "sms-code code" }, message.code);
  return h(
    "li",
    {},
    h(
      "div",
      { className: "line" },
      code,
      h("span", { className: "code grow" }, message.phone_number),
      timeOfDay(message.sent_at),
      copyButton("Copy", `code sent to ${message.phone_number}`, () => message.code, () => code),
    ),
    h("p", { className: "note" }, "challenge ", h("span", { className: "code" }, message.challenge_id)),
  );
}

function challengeRow(challenge) {
  return h(
    "li",
    {},
    h("div", { className: "line" }, action(challenge.action_type), countdown("Remaining lifetime of the challenge")),
    h(
      "p",
      { className: "note" },
      "user ",
      h("span", { className: "code" }, shortId(challenge.user_id)),
      ` · for a ${grantType(challenge.grant_type)} grant of ${challenge.valid_for_seconds} s`,
      h("span", { className: "wrong" }),
    ),
  );
}

function grantRow(grant) {
  const life = countdown("Remaining lifetime of the grant");
  expire(life, { at: grant.expires_at, of: grant.expires_at - grant.issued_at });
  return h(
    "li",
    {},
    h("div", { className: "line" }, action(grant.action_type), life),
    h(
      "p",
      { className: "note" },
      "user ",
      h("span", { className: "code" }, shortId(grant.user_id)),
      ` · ${grantType(grant.grant_type)} · hash `,
      h("span", { className: "code" }, grant.grant_hash.slice(0, 8)),
    ),
  );
}

function eventRow(event) {
  const about = [event.action_type ?? "no action", `user ${shortId(event.user_id)}`];
  return h(
    "li",
    {},
    h(
      "div",
      { className: "line" },
      timeOfDay(event.at),
      h("span", { className: "grow" }, event.operation_id),
      h("span", { className: event.outcome === "success" ? "" : "rejected" }, event.outcome),
    ),
    h("p", { className: "note" }, about.join(" · ")),
  );
}

function requestRow(entry) {
  const line = curl(entry);
  const block = h("pre", { tabIndex: 0, "aria-label": "The request as curl" }, line);
  return h(
    "li",
    { className: "request" },
    h(
      "details",
      {},
      h(
        "summary",
        {},
        timeOfDay(entry.at),
        h("span", { className: entry.status < 400 ? "code" : "code rejected" }, String(entry.status)),
        h("span", { className: "code" }, `${entry.method} ${entry.path}`),
      ),
      h("p", { className: "note" }, `${entry.request_id} · ${entry.duration_ms.toFixed(1)} ms`),
      entry.request_body && h("h3", {}, "Request"),
      entry.request_body && json(entry.request_body, "Request body"),
      h("h3", {}, "Response"),
      entry.response_body
        ? json(entry.response_body, "Response body")
        : h("p", { className: "note" }, "no JSON object"),
      h("h3", {}, "curl"),
      block,
    ),
    copyButton("Copy as curl", `${entry.method} ${entry.path}`, () => line, () => block),
  );
}

function action(text) {
  return h("span", { className: "action grow" }, text);
}

function json(document, label) {
  return h("pre", { tabIndex: 0, "aria-label": label }, JSON.stringify(document, null, 2));
}

// The journal shows no secret; in its place are the variables of the lines that the mock prints.
const VARIABLES = { code: "$CODE", grant: "$GRANT" };

/** The request as a curl line; the API key is in `$KEY`, a code in `$CODE`, a grant in `$GRANT`. */
export function curl({ method, path, request_body: body }) {
  const parts = ["curl -s"];
  if (method !== (body ? "POST" : "GET")) parts.push(`-X ${quote(method)}`);
  parts.push('-H "Authorization: Bearer $KEY"');
  if (body) parts.push("-H 'Content-Type: application/json'", `-d ${shellJson(body)}`);
  parts.push(quote(location.origin + path));
  return parts.join(" ");
}

const quote = (text) => (/^[\w./:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

function shellJson(body) {
  let text = quote(JSON.stringify(body));
  for (const [name, variable] of Object.entries(VARIABLES)) {
    if (body[name] === "[redacted]") text = text.replace(`"${name}":"[redacted]"`, `"${name}":"'"${variable}"'"`);
  }
  return text;
}
