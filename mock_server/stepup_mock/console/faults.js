// The switches of server faults, and the client faults that wait for the next requests.

import { announce, attempt, find, h, List, onSubmit, plural, setText } from "./dom.js";

const OPERATIONS = [
  "fetchUserMfaMethods",
  "verifyStepUpTotpChallenge",
  "sendSmsMfaCode",
  "verifySmsChallenge",
  "verifyStepUpGrant",
];

const SECONDS = { label: "Seconds", name: "seconds", value: 2, min: 0.1, max: 300, step: 0.1 };
// The name of each kind, and the number that it needs.
const KINDS = [
  { label: "The response is late", fault: { kind: "latency" }, number: SECONDS },
  { label: "The body is sent slowly", fault: { kind: "slow_body" }, number: SECONDS },
  { label: "The connection drops, not carried out", fault: { kind: "drop", after_effect: false } },
  { label: "The connection drops, carried out", fault: { kind: "drop", after_effect: true } },
  {
    label: "Another status",
    fault: { kind: "status" },
    number: { label: "Status", name: "status", value: 503, min: 200, max: 599, step: 1 },
  },
  {
    label: "429 with Retry-After",
    fault: { kind: "rate_limit" },
    number: { label: "Retry after, seconds", name: "retry_after_seconds", value: 3, min: 0, max: 86400, step: 1 },
  },
  { label: "An HTML page with 200", fault: { kind: "html" } },
  { label: '200 with "success": false', fault: { kind: "not_success" } },
];

export class Faults {
  #session;
  #list;
  #available = [];
  #enabled = new Set();

  constructor(session) {
    this.#session = session;
    this.#list = new List(find("#faults"), {
      key: (fault) => fault.id,
      create: (fault) => this.#create(fault),
      update: (row, fault) => (find("input", row).checked = this.#enabled.has(fault.id)),
      count: () => (this.#available.length ? `${this.#enabled.size} of ${this.#available.length} on` : ""),
      limit: 12,
    });
    find("#fault-filter").addEventListener("input", () => this.#show());
    find("#faults-off").addEventListener("click", () => this.#set([], "All faults are off."));
  }

  async load() {
    this.#take(await this.#session.api.get("/faults"));
  }

  #take({ available, enabled }) {
    this.#enabled = new Set(enabled);
    // Those that were on at the first reading come first; later switches stay where they are.
    if (available.length !== this.#available.length) {
      const on = ({ id }) => this.#enabled.has(id);
      this.#available = [...available.filter(on), ...available.filter((fault) => !on(fault))];
    }
    this.#show();
  }

  #show() {
    const words = find("#fault-filter").value.toLowerCase().split(/\s+/);
    const fits = ({ id, rule, description }) => {
      const text = `${id} ${rule} ${description}`.toLowerCase();
      return words.every((word) => text.includes(word));
    };
    this.#list.show(this.#available.filter(fits));
    find("#faults-off").disabled = this.#enabled.size === 0;
  }

  #create(fault) {
    const box = h("input", { type: "checkbox", onchange: () => this.#switch(fault.id, box.checked) });
    return h(
      "li",
      {},
      h(
        "label",
        { className: "switch" },
        box,
        h("span", {}, fault.description, " "),
        h("span", { className: "note" }, h("span", { className: "code" }, fault.id), ` breaks rule ${fault.rule}`),
      ),
    );
  }

  #switch(id, on) {
    const enabled = on ? [...this.#enabled, id] : [...this.#enabled].filter((other) => other !== id);
    return this.#set(enabled, `${id} is ${on ? "on" : "off"}.`);
  }

  async #set(enabled, sentence) {
    await attempt(async () => {
      this.#take(await this.#session.api.put("/faults", { enabled }));
      announce(sentence);
    });
    this.#show(); // a switch that was rejected goes back
  }
}

export class ClientFaults {
  #session;
  #list;
  #waiting = [];

  constructor(session) {
    this.#session = session;
    this.#list = new List(find("#client-faults"), {
      key: (fault) => JSON.stringify([fault.place, fault.kind, fault.operation_id]),
      create: () => this.#create(),
      update: (row, fault) => {
        row.fault = fault;
        setText(find(".what", row), describe(fault));
        const often = fault.count === null ? "until removed" : `${plural(fault.count, "time")} more`;
        setText(find(".note", row), `${fault.operation_id ?? "every operation"} · ${often}`);
      },
    });
    this.#wireForm();
  }

  get waiting() {
    return this.#waiting.length > 0;
  }

  async load() {
    this.#take(await this.#session.api.get("/client-faults"));
  }

  #take({ client_faults: waiting }) {
    this.#waiting = waiting;
    this.#list.show(waiting.map((fault, place) => ({ ...fault, place })));
  }

  async #put(waiting) {
    this.#take(await this.#session.api.put("/client-faults", { client_faults: waiting }));
  }

  #create() {
    const remove = () =>
      attempt(async () => {
        // Read again first: requests may have used some up since.
        await this.load();
        const { place } = row.fault;
        await this.#put(this.#waiting.filter((_, index) => index !== place));
        announce("Client fault removed.");
      });
    const row = h(
      "li",
      { className: "line" },
      h("div", { className: "grow" }, h("p", { className: "what" }), h("p", { className: "note" })),
      h("button", { type: "button", className: "quiet", onclick: remove }, "Remove"),
    );
    return row;
  }

  #wireForm() {
    const [kind, number] = [find("#fault-kind"), find("#fault-number")];
    kind.append(...KINDS.map(({ label }, index) => h("option", { value: index }, label)));
    find("#fault-operation").append(...OPERATIONS.map((name) => h("option", { value: name }, name)));
    const show = () => {
      const input = KINDS[kind.value].number;
      find("#fault-number-field").hidden = number.disabled = !input;
      if (!input) return;
      setText(find("#fault-number-label"), input.label);
      for (const name of ["value", "min", "max", "step"]) number[name] = input[name];
    };
    kind.addEventListener("change", show);
    onSubmit(find("#add-fault"), async () => {
      await this.load();
      const { fault, number: input } = KINDS[kind.value];
      const count = find("#fault-count").value;
      await this.#put([
        ...this.#waiting,
        {
          ...fault,
          ...(input && { [input.name]: Number(number.value) }),
          operation_id: find("#fault-operation").value || null,
          count: count ? Number(count) : null,
        },
      ]);
      announce("Client fault added.");
    });
    show();
  }
}

function describe(fault) {
  const same = ({ fault: { kind, after_effect } }) => kind === fault.kind && after_effect === fault.after_effect;
  const { label, number } = KINDS.find(same);
  return number ? `${label}: ${number.label.toLowerCase()} ${fault[number.name]}` : label;
}
