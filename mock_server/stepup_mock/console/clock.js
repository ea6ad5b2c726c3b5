// The server's clock as this page knows it, and everything that counts down by it.

import { announce, attempt, find, h, setText } from "./dom.js";

const DAY = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeZone: "UTC" });

export class ServerClock {
  #now = 0;
  #readAt = 0;
  #frozen = false;

  now() {
    return this.#frozen ? this.#now : this.#now + (performance.now() - this.#readAt) / 1000;
  }

  /** Adopt a response of the control API. */
  set({ now, frozen }) {
    this.#now = now;
    this.#frozen = frozen;
    this.#readAt = performance.now();
    find("#clock").dataset.frozen = frozen;
    setText(find("#clock-state"), frozen ? "frozen" : "");
    setText(find("#freeze"), frozen ? "Resume" : "Freeze");
    this.show();
  }

  show() {
    const date = new Date(this.now() * 1000);
    const time = find("#time");
    setText(time, date.toISOString().slice(11, 19));
    time.dateTime = date.toISOString();
    setText(find("#date"), DAY.format(date));
  }

  get frozen() {
    return this.#frozen;
  }
}

/** Connect the buttons that move the clock. */
export function wireClock(session) {
  const command = (body, sentence) =>
    attempt(async () => {
      session.clock.set(await session.api.post("/clock", body));
      announce(sentence);
    });
  for (const button of document.querySelectorAll("[data-advance]")) {
    const seconds = Number(button.dataset.advance);
    button.addEventListener("click", () =>
      command({ advance_seconds: seconds }, `The clock moved by ${button.textContent}.`),
    );
  }
  find("#freeze").addEventListener("click", () =>
    session.clock.frozen
      ? command({ resume: true }, "The clock runs again.")
      : command({ freeze_at: session.clock.now() }, "The clock is frozen."),
  );
}

/** An element that counts down; `expire(element, …)` says to when. */
export function countdown(label) {
  return h(
    "span",
    { className: "countdown" },
    h("progress", { max: 1, value: 0, "aria-label": label }),
    h("span", { className: "remaining code" }),
  );
}

/** Set what a countdown counts to: a Unix second, and the seconds that make a full bar. */
export function expire(element, { at, of }) {
  element.dataset.at = at;
  element.dataset.of = of;
}

/** Show every countdown as of now; return those that have ended. */
export function tick(now) {
  const ended = [];
  for (const element of document.querySelectorAll(".countdown[data-at]:not([hidden])")) {
    const seconds = Math.max(0, Number(element.dataset.at) - now);
    find("progress", element).value = Math.min(1, seconds / Number(element.dataset.of));
    setText(find(".remaining", element), duration(seconds));
    if (seconds === 0) ended.push(element);
  }
  return ended;
}

/** `17 s`, `9:48` or `23:59:12`, rounded up so that nothing valid shows zero. */
function duration(seconds) {
  const rounded = Math.ceil(seconds);
  if (rounded < 60) return `${rounded} s`;
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(rounded / 3600), Math.floor(rounded / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(rounded % 60)}` : `${minutes}:${two(rounded % 60)}`;
}
