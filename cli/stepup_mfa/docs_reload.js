// Part of served pages only: reloads the page when the site was built anew, and shows why a build failed.
(() => {
  const { version, events: address } = document.currentScript.dataset;
  const banner = document.createElement("div");
  const text = document.createElement("pre");
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
:host { position: fixed; inset: auto 0 0; z-index: 9; max-height: 60vh; overflow: auto; background: #5a0f0f;
  color: #fff; font: 1rem/1.5 system-ui, sans-serif; padding: .75rem 1.25rem }
:host([hidden]) { display: none } p { margin: 0; font-weight: 650 } pre { margin: .5rem 0 0; white-space: pre-wrap }`);
  const shadow = banner.attachShadow({ mode: "open" });
  shadow.adoptedStyleSheets = [sheet];
  const title = document.createElement("p");
  title.textContent = "This is the site as it was: the new one could not be built.";
  shadow.append(title, text);
  banner.setAttribute("role", "alert");
  banner.setAttribute("data-docs-problems", "");
  banner.hidden = true;
  document.body.append(banner);

  let stream = null;
  const listen = () => {
    stream = new EventSource(address);
    stream.onmessage = ({ data }) => {
      const state = JSON.parse(data);
      if (state.version !== version) return location.reload();
      text.textContent = state.problems;
      banner.hidden = !state.problems;
    };
  };
  // A hidden page lets its connection go: a browser has only six for one origin.
  const follow = () => {
    stream?.close();
    if (!document.hidden) listen();
  };
  document.addEventListener("visibilitychange", follow);
  follow();
})();
