// Theme and language are set before the page is drawn; tabs, copying and whatever is loaded late come after.
(d => {
const r = d.documentElement, known = "LANGUAGES".split(" ");
// A browser may block storage: then a choice lasts as long as the page.
const saved = (key, value) => {
try { return value === undefined ? localStorage.getItem(key) : localStorage.setItem(key, value) } catch { return null }
};
const theme = saved("theme"), language = saved("language");
if (theme === "light" || theme === "dark") r.dataset.theme = theme;
r.dataset.language = known.includes(language) ? language : known[0];
r.classList.add("js");
const panel = tab => d.getElementById(tab.getAttribute("aria-controls"));
// Says of each tab whether its panel is the one that the style sheet shows: the chosen language, or the first.
const select = () => {
for (const list of d.querySelectorAll("[role=tablist]")) {
const tabs = [...list.children];
const shown = tabs.find(tab => panel(tab).dataset.language === r.dataset.language) ?? tabs[0];
for (const tab of tabs) {
tab.setAttribute("aria-selected", tab === shown);
tab.tabIndex = tab === shown ? 0 : -1;
}
}
};
const choose = tab => {
const top = tab.getBoundingClientRect().top;
r.dataset.language = panel(tab).dataset.language;
saved("language", r.dataset.language);
select();
tab.focus({ preventScroll: true });
scrollBy({ top: tab.getBoundingClientRect().top - top, behavior: "instant" });
};
// Scripts are named by the elements that want them, and loaded once.
const loaded = new Set();
const load = name => {
if (loaded.has(name)) return;
loaded.add(name);
const script = d.createElement("script");
script.src = r.dataset.root + name;
d.head.append(script);
};
const copy = async button => {
const code = button.parentNode.firstChild;
try { await navigator.clipboard.writeText(code.textContent); button.textContent = "Copied" }
catch { getSelection().selectAllChildren(code); button.textContent = "Selected" }
setTimeout(() => { button.textContent = "Copy" }, 1500);
};
d.addEventListener("click", event => {
const at = selector => event.target.closest(selector);
if (at("[role=tab]")) choose(at("[role=tab]"));
if (at(".copy")) copy(at(".copy"));
if (at("[data-script]")) load(at("[data-script]").dataset.script);
if (at("#theme")) {
const dark = r.dataset.theme ? r.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
saved("theme", r.dataset.theme = dark ? "light" : "dark");
}
});
d.addEventListener("keydown", event => {
const tab = event.target.closest("[role=tab]");
const typing = event.target.closest("input,select,textarea,[contenteditable]");
if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
event.preventDefault();
d.getElementById("search")?.click();
}
if (!tab) return;
const tabs = [...tab.parentNode.children], last = tabs.length - 1, now = tabs.indexOf(tab);
const next = { ArrowRight: now < last ? now + 1 : 0, ArrowLeft: now ? now - 1 : last, Home: 0, End: last }[event.key];
if (next === undefined) return;
event.preventDefault();
choose(tabs[next]);
});
const addButtons = () => {
for (const code of d.querySelectorAll("main pre > code")) {
const button = d.createElement("button");
button.className = "copy";
button.type = "button";
button.textContent = "Copy";
code.after(button);
}
};
d.addEventListener("DOMContentLoaded", () => {
select();
(window.requestIdleCallback ?? setTimeout)(addButtons);
});
})(document);
