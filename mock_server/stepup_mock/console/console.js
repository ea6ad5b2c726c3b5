// The page from start to end: key, connection, and what is read again when something happens.

import { Activity } from "./activity.js";
import { ControlApi } from "./api.js";
import { ServerClock, tick, wireClock } from "./clock.js";
import { announce, attempt, confirm, find, onSubmit, setText } from "./dom.js";
import { ClientFaults, Faults } from "./faults.js";
import { Users } from "./users.js";

const REFRESH_MS = { after: 20, every: 300 };
const BACKOFF_MS = { first: 500, most: 10_000 };

// What the panels share. `api` holds the key, in memory alone.
const session = { api: null, clock: new ServerClock(), limits: null };
const users = new Users(session);
const activity = new Activity(session);
const faults = new Faults(session);
const clientFaults = new ClientFaults(session);

const read = {
  clock: async () => session.clock.set(await session.api.get("/clock")),
  limits: async () => (session.limits = await session.api.get("/limits")),
  users: () => users.load(),
  codes: () => users.loadCodes(),
  live: () => activity.loadLive(),
  history: () => activity.loadHistory(),
  faults: () => faults.load(),
  clientFaults: () => clientFaults.load(),
};

// Refreshing: whatever is stale is read together, in the order above: soon, but not too often under load.

const stale = new Set();
let refreshing = false;
let refreshedAt = -Infinity;

function markStale(...names) {
  for (const name of names) stale.add(name);
  if (refreshing || document.hidden) return;
  refreshing = true;
  const next = refreshedAt + REFRESH_MS.every - performance.now();
  setTimeout(refresh, Math.max(REFRESH_MS.after, next));
}

async function refresh() {
  refreshedAt = performance.now();
  const names = Object.keys(read).filter((name) => stale.delete(name));
  try {
    for (const name of names) await read[name]();
  } catch (error) {
    if (session.api && error.status) announce(error.message); // else the stream notices as well
  }
  refreshing = false;
  if (stale.size) markStale();
}

const CONSEQUENCES = {
  users: ["users", "live"],
  clock: ["clock", "users", "live"],
  limits: ["limits", "users", "live"],
  faults: ["faults"],
  client_faults: ["clientFaults"],
  reset: Object.keys(read),
};

function onEvent({ name, data }) {
  if (name === "message") activity.inbox.add(data);
  if (name === "audit") {
    activity.timeline.add(data);
    users.forgetCodes([data.user_id]);
    markStale("users", "live");
  }
  if (name === "request") {
    activity.requests.add(data);
    if (clientFaults.waiting) markStale("clientFaults");
  }
  if (name === "change") {
    users.forgetCodes();
    markStale(...(CONSEQUENCES[data.what] ?? []));
  }
}

function onTick() {
  if (!session.limits || document.hidden) return;
  session.clock.show();
  for (const element of tick(session.clock.now())) {
    const row = element.closest(".user");
    if (element.matches(".code-life")) users.forgetCodes([row.dataset.totp]);
    markStale(element.matches(".code-life") ? "codes" : row ? "users" : "live");
  }
}

// The connection

let connection = new AbortController(); // ends the connection that there is
let wake = () => {};

/** Stay connected with this key until it is rejected or another one comes. */
async function connect(key) {
  connection.abort();
  connection = new AbortController();
  const { signal } = connection;
  const current = () => !signal.aborted;
  session.api = new ControlApi(key);
  let wait = BACKOFF_MS.first;
  setText(find("#connection"), "Connecting …");
  while (current()) {
    let opened;
    try {
      await session.api.follow({
        onOpen: () => {
          opened = load(current);
          wait = BACKOFF_MS.first;
        },
        onEvent,
        signal,
      });
    } catch (error) {
      if (current() && error.status) return reject(error);
    }
    await opened;
    if (current()) await pause(wait, current);
    wait = Math.min(BACKOFF_MS.most, wait * 2);
  }
}

/** Read everything: the stream has only what happens next. */
async function load(current) {
  try {
    for (const name of Object.keys(read)) {
      await read[name]();
      if (!current()) return;
    }
  } catch (error) {
    if (error.status) announce(error.message);
    return;
  }
  find("#key-form").hidden = true;
  find("#content").hidden = find("#clock").hidden = false;
  setText(find("#connection"), "Connected");
  find("#connection").dataset.state = "on";
}

/** Show and wait for the time to the next attempt; "Try now" ends the wait. */
async function pause(milliseconds, current) {
  find("#connection").dataset.state = "off";
  setText(find("#connection"), `No connection. Trying again in ${Math.ceil(milliseconds / 1000)} s`);
  find("#retry").hidden = false;
  await new Promise((resolve) => {
    wake = resolve;
    setTimeout(resolve, milliseconds * (0.8 + 0.4 * Math.random()));
  });
  find("#retry").hidden = true;
  if (current()) setText(find("#connection"), "Connecting …");
}

function reject(error) {
  connection.abort();
  session.api = null;
  find("#connection").dataset.state = "off";
  setText(find("#connection"), "Not connected");
  askForKey(error.status === 401 ? "The server does not accept this key." : error.message);
}

function askForKey(problem = "") {
  find("#content").hidden = find("#clock").hidden = true;
  find("#key-form").hidden = false;
  setText(find("#key-error"), problem);
  find("#key").focus();
}

/** Take the key out of the address, so that neither the bar nor a copied link shows it. */
function takeKey() {
  const match = /^#key=(.+)$/.exec(location.hash);
  if (!match) return null;
  history.replaceState(null, "", location.pathname);
  try {
    return decodeURIComponent(match[1]);
  } catch {
    return match[1]; // a percent sign that escapes nothing
  }
}

function start() {
  const key = takeKey();
  if (key) useKey(key);
  else if (!session.api) askForKey();
}

/** Connect, unless this cannot be a key: the link that the mock prints holds none when the key was an option. */
function useKey(key) {
  if (/^[!-~]+$/.test(key)) connect(key);
  else reject({ message: key === "…" ? "" : "A control key is visible ASCII without spaces." });
}

onSubmit(find("#key-form"), async () => {
  const { value } = find("#key");
  find("#key").value = "";
  useKey(value.trim());
});
find("#retry").addEventListener("click", () => wake());
find("#reset").addEventListener("click", async () => {
  if (!(await confirm("Forget users, messages, grants and history of this server?", "Reset"))) return;
  await attempt(async () => {
    await session.api.post("/reset");
    announce("The server is reset.");
  });
});
wireClock(session);
addEventListener("hashchange", () => location.hash.startsWith("#key=") && start());
document.addEventListener("visibilitychange", () => stale.size && markStale());
setInterval(onTick, 250);
start();
