// Search over operations, fields, errors, rules, guides and flows. Loaded when it is first needed; the index is
// in this file, since a page in a folder on a disk may load a script but may not fetch.
(() => {
  const INDEX = "INDEX";
  const STYLE = `
.find { width: min(40rem, 94vw); max-height: 80vh; margin: 10vh auto auto; padding: 1rem; border-radius: .6rem;
  border: .06rem solid var(--edge, GrayText); background: var(--paper, Canvas); color: var(--ink, CanvasText) }
.find::backdrop { background: rgb(0 0 0 / .5) }
.find input { width: 100%; font: inherit; font-size: 1.15rem; padding: .6rem .75rem; color: inherit;
  background: var(--paper, Canvas); border: .06rem solid var(--edge, GrayText); border-radius: .4rem }
.find label { display: block; margin: 0 0 .4rem; font-weight: 650 }
.find ul { list-style: none; margin: .75rem 0 0; padding: 0 }
.find li { padding: .5rem .75rem; border-radius: .4rem; cursor: pointer }
.find li[aria-selected=true] { background: var(--glow, Highlight) }
.find li > span { display: block; color: var(--soft, GrayText); font-size: .9rem }
.find b { font-weight: 650 } .find i { font-style: normal; float: inline-end; color: var(--soft, GrayText) }
.find p { margin: .75rem 0 0; color: var(--soft, GrayText) }`;
  const SHOWN = 20;
  const WEIGHT = { operation: 6, guide: 5, flow: 4, error: 3, field: 2, rule: 1 };
  const root = new URL(document.currentScript.src).href.replace(/search\.js.*$/s, "");
  const h = (name, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  };
  const plain = (text) => text.toLowerCase().replace(/[_\-.]+/g, " ");
  const entries = INDEX.map(([kind, title, address, text]) => ({
    kind,
    title,
    address,
    text,
    // Both as they are written and by their words: a name is found by either.
    name: `${title.toLowerCase()} ${plain(title)} ${plain(title.replace(/([a-z])([A-Z])/g, "$1 $2"))}`,
    rest: `${kind} ${text}`.toLowerCase(),
  }));

  /** How well an entry fits every word; 0 where a word is missing. */
  const fit = (entry, words) => {
    let score = 0;
    for (const word of words) {
      const at = entry.name.indexOf(word);
      if (at === 0) score += 40;
      else if (at > 0) score += entry.name[at - 1] === " " ? 25 : 12;
      else if (entry.rest.includes(word)) score += 4;
      else return 0;
    }
    return score + WEIGHT[entry.kind] + (entry.name.split(" ")[0] === words.join(" ") ? 30 : 0);
  };
  const find = (query) => {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return [];
    return entries
      .map((entry) => [fit(entry, words), entry])
      .filter(([score]) => score)
      .sort(([one], [other]) => other - one)
      .slice(0, SHOWN)
      .map(([, entry]) => entry);
  };

  const input = h("input", { id: "~find", type: "text", autocomplete: "off", spellcheck: false });
  const list = h("ul", { id: "~find.list" });
  const count = h("p");
  const dialog = h("dialog", { className: "find" }, h("label", { htmlFor: "~find" }, "Search"), input, list, count);
  for (const [name, value] of [["role", "combobox"], ["aria-expanded", "false"], ["aria-controls", "~find.list"],
    ["aria-autocomplete", "list"]])
    input.setAttribute(name, value);
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Results");
  count.setAttribute("role", "status");
  dialog.setAttribute("aria-label", "Search");
  let results = [];
  let chosen = -1;

  const choose = (number) => {
    chosen = number;
    [...list.children].forEach((item, position) => item.setAttribute("aria-selected", position === chosen));
    if (chosen < 0) input.removeAttribute("aria-activedescendant");
    else {
      input.setAttribute("aria-activedescendant", list.children[chosen].id);
      list.children[chosen].scrollIntoView({ block: "nearest" });
    }
  };
  const go = (entry) => {
    dialog.close();
    location.assign(root + entry.address);
  };
  const show = () => {
    results = find(input.value);
    list.replaceChildren(
      ...results.map((entry, number) => {
        const item = h(
          "li",
          { id: `~find.${number}`, onclick: () => go(entry) },
          h("i", {}, entry.kind),
          h("b", {}, entry.title),
          h("span", {}, entry.text),
        );
        item.setAttribute("role", "option");
        return item;
      }),
    );
    input.setAttribute("aria-expanded", results.length > 0);
    const some = results.length === SHOWN ? `The ${SHOWN} best` : `${results.length || "No"}`;
    count.textContent = input.value.trim() ? `${some} result${results.length === 1 ? "" : "s"}.` : "";
    choose(results.length ? 0 : -1);
  };
  input.oninput = show;
  input.onkeydown = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && results.length) {
      event.preventDefault();
      choose((chosen + step + results.length) % results.length);
    } else if (event.key === "Enter" && chosen >= 0) {
      event.preventDefault();
      go(results[chosen]);
    }
  };
  dialog.onclick = (event) => event.target === dialog && dialog.close();
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  document.adoptedStyleSheets.push(sheet);
  document.body.append(dialog);
  const open = () => {
    dialog.showModal();
    input.select();
  };
  document.getElementById("search").addEventListener("click", open);
  open();
})();
