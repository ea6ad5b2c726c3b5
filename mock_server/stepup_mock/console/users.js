// Users, their factors and current codes, and the form that adds one.

import { countdown, expire } from "./clock.js";
import { announce, attempt, confirm, copyButton, find, h, List, onSubmit, plural, setText } from "./dom.js";
import { qrCode } from "./qr.js";

const ISSUER = "Step-up MFA mock";
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

export class Users {
  #session;
  #list;
  #codes = new Map();

  constructor(session) {
    this.#session = session;
    this.#list = new List(find("#users"), {
      key: (user) => JSON.stringify([user.user_id, user.environment, user.mfa]),
      create: (user) => this.#create(user),
      update: (row, user) => this.#update(row, user),
      limit: 12,
    });
    this.#wireForm();
  }

  /** Read the users again, and the codes that are missing. */
  async load() {
    const { users } = await this.#session.api.get("/users");
    this.#list.show(users);
    await this.loadCodes();
  }

  /** Forget the codes of these users, or of all. */
  forgetCodes(userIds = [...this.#codes.keys()]) {
    for (const id of userIds) this.#codes.delete(id);
  }

  async loadCodes() {
    const missing = [...this.#list.list.querySelectorAll("[data-totp]")].filter(
      (row) => !this.#codes.has(row.dataset.totp),
    );
    await Promise.all(missing.map((row) => this.#loadCode(row)));
  }

  async #loadCode(row) {
    const id = row.dataset.totp;
    let current;
    try {
      current = await this.#session.api.get(`/users/${encodeURIComponent(id)}/totp-code`);
    } catch (error) {
      if (error.status !== 400 && error.status !== 404) throw error;
      current = null; // the user is disabled, or has changed since the list was read
    }
    if (current) current.at = this.#session.clock.now() + current.seconds_remaining;
    this.#codes.set(id, current);
    this.#showCode(row);
  }

  #showCode(row) {
    const current = this.#codes.get(row.dataset.totp);
    if (current === undefined) return; // still being read; the shown code stays
    setText(find(".totp-code", row), current ? `${current.code.slice(0, 3)} ${current.code.slice(3)}` : "no code");
    setText(find(".spent", row), current?.spent ? "already used" : "");
    find(".code-life", row).hidden = !current;
    const at = current ? current.at : Infinity;
    expire(find(".code-life", row), { at, of: this.#session.limits.totp_step_seconds });
  }

  #create(user) {
    const row = h("li", { className: "user", tabIndex: -1, "aria-label": `User ${user.user_id}` });
    row.append(
      h(
        "div",
        { className: "line" },
        h("h3", { className: "code id" }, user.user_id),
        copyButton("Copy", `user ID ${user.user_id}`, () => user.user_id, () => find(".id", row)),
      ),
      h("p", { className: "note facts" }),
    );
    if (user.mfa?.type === "Totp") row.append(...this.#totp(row, user));
    if (user.mfa?.type === "Phone") row.append(phones(user));
    row.append(
      h(
        "div",
        { className: "buttons" },
        h("button", { type: "button", className: "quiet toggle", onclick: () => this.#toggle(row) }),
        h("button", { type: "button", className: "quiet", onclick: () => this.#delete(user) }, "Delete"),
      ),
    );
    return row;
  }

  #update(row, user) {
    row.user = user;
    const factor = { Totp: "Authenticator app", Phone: "Phone" }[user.mfa?.type] ?? "No factor";
    const facts = [factor, `environment ${user.environment}`];
    if (!user.enabled) facts.push("disabled");
    if (user.wrong_codes) facts.push(plural(user.wrong_codes, "wrong code"));
    setText(find(".facts", row), facts.join(" · "));
    const toggle = find(".toggle", row);
    setText(toggle, user.enabled ? "Disable" : "Enable");
    if (row.dataset.totp) this.#showCode(row);
    let lock = find(".lock", row);
    if (user.locked_until === null) return lock?.remove();
    if (!lock) {
      lock = h("p", { className: "lock line" }, "Locked for", countdown("Remaining lock"));
      find(".facts", row).after(lock);
    }
    expire(find(".countdown", lock), { at: user.locked_until, of: this.#session.limits.lock_seconds });
  }

  #totp(row, user) {
    row.dataset.totp = user.user_id;
    const life = countdown("Remaining lifetime of the code");
    life.classList.add("code-life");
    const details = h(
      "details",
      { ontoggle: () => details.open && details.children.length === 1 && details.append(this.#enrolment(user)) },
      h("summary", {}, "QR code and secret"),
    );
    return [
      h(
        "div",
        { className: "line" },
        h("span", { className: "totp-code code" }, "··· ···"),
        life,
        copyButton(
          "Copy",
          `code of ${user.user_id}`,
          () => this.#codes.get(user.user_id)?.code ?? "",
          () => find(".totp-code", row),
        ),
        h("span", { className: "note spent" }),
      ),
      details,
    ];
  }

  #enrolment(user) {
    const uri = otpauth(user.user_id, user.mfa.secret, this.#session.limits.totp_step_seconds);
    const [secretText, uriText] = [user.mfa.secret, uri].map((text) => h("p", { className: "code" }, text));
    return h(
      "div",
      { className: "enrolment" },
      qrCode(uri, `QR code that adds user ${user.user_id} to an authenticator app`),
      h(
        "div",
        {},
        h("p", { className: "note" }, "Scan it with an authenticator app, or type the secret."),
        secretText,
        copyButton("Copy secret", `of ${user.user_id}`, () => user.mfa.secret, () => secretText),
        uriText,
        copyButton("Copy link", `for an authenticator app, of ${user.user_id}`, () => uri, () => uriText),
      ),
    );
  }

  #toggle(row) {
    const { user_id, environment, mfa, enabled } = row.user;
    return attempt(() => this.#session.api.put(`/users/${user_id}`, { environment, mfa, enabled: !enabled }));
  }

  async #delete(user) {
    const question = `Delete user ${user.user_id} with all grants and challenges?`;
    if (!(await confirm(question, "Delete user"))) return;
    await attempt(async () => {
      await this.#session.api.delete(`/users/${user.user_id}`);
      await this.load();
      announce("User deleted.");
      find("#users-title").focus();
    });
  }

  #wireForm() {
    const form = find("#add-user");
    const show = () => {
      for (const field of form.querySelectorAll("[data-factor]")) {
        field.hidden = field.dataset.factor !== form.elements.factor.value;
        for (const input of field.querySelectorAll("input, textarea")) input.disabled = field.hidden;
      }
    };
    form.addEventListener("change", show);
    find("#new-secret").addEventListener("click", () => (find("#secret").value = newSecret()));
    onSubmit(form, async () => {
      const id = find("#user-id").value.trim().toLowerCase();
      const mfa = newFactor(form.elements.factor.value);
      await this.#session.api.put(`/users/${id}`, { environment: find("#environment").value, mfa });
      prefill();
      this.forgetCodes([id]);
      await this.load();
      this.#list.showAll();
      await this.loadCodes();
      announce("User added.");
      [...this.#list.list.children].find((row) => row.user.user_id === id)?.focus();
    });
    prefill();
    show();
  }
}

function phones(user) {
  const rows = user.mfa.phone_numbers.map((phone) => {
    const id = h("span", { className: "code id" }, phone.mfa_phone_id);
    return h(
      "li",
      {},
      h("p", { className: "code" }, phone.phone_number),
      h(
        "div",
        { className: "line" },
        id,
        copyButton("Copy", `phone ID ${phone.mfa_phone_id}`, () => phone.mfa_phone_id, () => id),
      ),
    );
  });
  return h("ul", { className: "phones" }, ...rows);
}

function newFactor(type) {
  if (type === "none") return null;
  if (type === "Totp") return { type, secret: find("#secret").value.toUpperCase().replaceAll(/\s/g, "") };
  const numbers = find("#phone-numbers").value.split(/[\n,;]/).map((number) => number.replaceAll(/[ ().-]/g, ""));
  return {
    type,
    phone_numbers: numbers
      .filter((number) => number)
      .map((phone_number) => ({ mfa_phone_id: newUuid(), phone_number })),
  };
}

/** The key URI that authenticator apps read. They assume SHA-1, 6 digits and 30 s, and some ignore other words. */
export function otpauth(userId, secret, period) {
  const label = `${encodeURIComponent(ISSUER)}:${encodeURIComponent(userId)}`;
  const fields = { secret: secret.replace(/=+$/, ""), issuer: ISSUER, algorithm: "SHA1", digits: 6, period };
  const query = Object.entries(fields).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return `otpauth://totp/${label}?${query.join("&")}`;
}

function prefill() {
  find("#user-id").value = newUuid();
  find("#secret").value = newSecret();
  find("#phone-numbers").value = newPhoneNumber();
}

const random = (length) => crypto.getRandomValues(new Uint8Array(length));

/** 160 bits, as RFC 4226 section 4 recommends. */
function newSecret() {
  return Array.from(random(32), (byte) => BASE32[byte % 32]).join("");
}

/** crypto.randomUUID is missing where the page is not served from loopback. */
function newUuid() {
  const bytes = random(16);
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}

/** Numbers 555-01xx are set aside for fiction. */
function newPhoneNumber() {
  return `+155555501${String(random(1)[0] % 100).padStart(2, "0")}`;
}
