// Making and updating elements. Text from the server only ever becomes text nodes and attribute values.

const SVG = "http://www.w3.org/2000/svg";

/** Make an element: `h("p", {className: "x"}, "text", child)`. Properties that start with "on" are listeners. */
export function h(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key.includes("-")) element.setAttribute(key, value);
    else element[key] = value;
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

export function svg(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

export const find = (selector, root = document) => root.querySelector(selector);

/** Set an element's text only when it differs, so that a selection in it survives. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * The list of one section: rows are made once for each key, then updated, so focus and open details stay.
 * `create(item)` returns an element; `update(element, item)` fills in what may change.
 */
export class List {
  #rows = new Map();
  #limit;

  constructor(section, { key, create, update = () => {}, count = (items) => items.length || "", limit = 20 }) {
    Object.assign(this, { section, key, create, update, count });
    this.#limit = limit;
    this.list = find(".list", section);
    this.more = find(".more", section);
    this.items = [];
    this.more.addEventListener("click", () => {
      const next = this.list.children.length;
      this.showAll();
      const row = this.list.children[next];
      row.tabIndex = -1;
      row.focus();
    });
  }

  show(items) {
    this.items = items;
    const shown = items.slice(0, this.#limit);
    const keys = new Set(shown.map(this.key));
    for (const [key, row] of this.#rows) {
      if (!keys.has(key)) this.#remove(key, row);
    }
    let place = this.list.firstElementChild;
    for (const item of shown) {
      const row = this.#row(item);
      if (row === place) place = place.nextElementSibling;
      else this.list.insertBefore(row, place);
      this.update(row, item);
    }
    setText(find(".count", this.section), String(this.count(items)));
    find(".empty", this.section).hidden = items.length > 0;
    this.more.hidden = items.length <= this.#limit;
    setText(this.more, `Show all ${items.length}`);
  }

  showAll() {
    this.#limit = Infinity;
    this.show(this.items);
  }

  row(key) {
    return this.#rows.get(key);
  }

  #row(item) {
    const key = this.key(item);
    if (!this.#rows.has(key)) this.#rows.set(key, this.create(item));
    return this.#rows.get(key);
  }

  #remove(key, row) {
    // Where the keyboard stood in a row that goes, it goes on at the section's heading.
    if (row.contains(document.activeElement)) find("h2", this.section).focus();
    row.remove();
    this.#rows.delete(key);
  }
}

/** A button that copies `text()`; where the browser forbids it, `text` is selected in `fallback` instead. */
export function copyButton(label, what, text, fallback = null) {
  const button = h("button", { type: "button", className: "quiet", "aria-label": `${label} ${what}` }, label);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text());
      announce("Copied.");
    } catch {
      if (fallback) select(fallback(text()));
      announce(fallback ? "Selected: press Ctrl+C to copy." : "This browser does not allow copying here.");
    }
  });
  return button;
}

function select(element) {
  const range = document.createRange();
  range.selectNodeContents(element);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
}

let announcementTimer;

/** Say a sentence to everybody: on the screen for a while, and to a screen reader. */
export function announce(sentence) {
  const place = find("#announcement");
  place.textContent = sentence;
  clearTimeout(announcementTimer);
  announcementTimer = setTimeout(() => (place.textContent = ""), 5000);
}

/** Ask a yes-or-no question in a dialog; resolve to true for yes. */
export function confirm(question, yes) {
  const dialog = find("#confirm");
  setText(find("#confirm-question"), question);
  setText(find("#confirm-yes"), yes);
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

/** Run `submit` for a form and show why it failed, if it does. */
export function onSubmit(form, submit) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const problem = find(".problem", form);
    problem.textContent = "";
    try {
      await submit();
    } catch (error) {
      problem.textContent = error.message;
    }
  });
}

/** Run an action of a button and announce why it failed, if it does. */
export async function attempt(action) {
  try {
    await action();
  } catch (error) {
    announce(error.message);
  }
}

export const shortId = (id) => (id === null ? "no user" : id.slice(0, 8));

export const grantType = (name) => (name === "ONE_TIME_USE" ? "one-time" : "time-based");

/** Write an amount of something in words: `plural(1, "message")`. */
export const plural = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** A time of the server's clock as `hh:mm:ss`, in UTC. */
export function timeOfDay(seconds) {
  const date = new Date(seconds * 1000);
  return h("time", { dateTime: date.toISOString(), className: "code" }, date.toISOString().slice(11, 19));
}
