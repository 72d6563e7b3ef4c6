"use strict";

// The page around the views: header, routes, theme, what is said aloud, and whether anybody answers.

const VIEWS = [
  { at: (parts) => parts[0] === "runs" && parts.length > 1, key: (parts) => `run ${parts[1]}`, view: (...given) => runView(...given) },
  { at: (parts) => parts[0] === "runs", key: () => "runs", view: (...given) => runsView(...given) },
  { at: (parts) => parts[0] === "compare", key: (_, query) => `compare ${query.runs ?? ""}`, view: (...given) => compareView(...given) },
  { at: (parts) => parts[0] === "plan", key: () => "plan", view: (...given) => planView(...given) },
];

/**
 * Shows specrun in `element`, with what `source` gives: {get, watch, post, href, onState?}.
 *
 * `options.path` is what is shown first (`/runs/NAME`). `options.embedded` leaves the header and the address alone, as a notebook wants it.
 * Returns a function that takes all of it away.
 */
function mount(element, source, options = {}) {
  const stops = several();
  const embedded = Boolean(options.embedded);
  const routes = embedded ? memoryRoutes(options.path ?? "/runs") : hashRoutes();
  element.classList.add("specrun");
  element.classList.toggle("sr-embedded", embedded);
  const theme = themes(element, embedded);
  stops.add(theme.close);
  const keyRoot = embedded ? element : document;
  const keys = shortcuts(keyRoot === document ? document.body : element);
  stops.add(keys.close);
  const speaker = announcer();
  stops.add(speaker.close);

  const context = {
    source, h, root: element, embedded, keys,
    go: routes.go, href: routes.href, path: routes.path,
    theme: theme.now, onTheme: theme.onChange,
    announce: speaker.say,
    title: (text) => embedded || (document.title = text ? `${text} · specrun` : "specrun"),
    ready: () => ((embedded ? element : document.body).dataset.ready = "1"), // what is shown first has its data
    chosen: new Set(), // runs to compare
    session: source.get("session").catch(() => null),
  };

  const header = embedded ? null : pageHeader(context, theme);
  const banner = h("div", { class: "sr-banner", role: "status", "aria-live": "polite" });
  const main = h("main", { id: "sr-main", tabindex: "-1", class: "sr-main" });
  refill(element, header && skipLink(main), header?.element, banner, main, speaker.element);
  stops.add(watchConnection(source, banner));

  let shown = null;
  function show() {
    const { parts, query } = parsedPath(routes.path());
    const { key, view } = VIEWS.find(({ at }) => at(parts)) ?? VIEWS[1];
    const name = key(parts, query);
    header?.mark(parts[0] ?? "runs");
    if (shown?.name === name && shown.view.update) return shown.view.update({ parts, query });
    shown?.view.close?.();
    const moved = shown !== null;
    const made = view(context, { parts, query, ...query });
    shown = { name, view: made };
    refill(main, made.element);
    if (moved) main.focus({ preventScroll: true });
    if (moved && !embedded) window.scrollTo(0, 0);
    made.shown?.();
    return undefined;
  }
  stops.add(routes.onChange(show));
  stops.add(() => shown?.view.close?.());
  stops.add(keys.add("Everywhere", [
    { key: "?", does: "These shortcuts", run: () => void dialog(context, "Shortcuts", shortcutList(keys)) },
    { key: "r", does: "All runs", run: () => context.go("/runs") },
    { key: "p", does: "The plan", run: () => context.go("/plan") },
    { key: "t", does: "Dark or light", run: theme.toggle },
  ]));
  show();
  return () => {
    stops.close();
    element.replaceChildren();
  };
}

function skipLink(main) {
  return h("a", { class: "sr-skip", href: "#", onclick: (event) => (event.preventDefault(), main.focus()) }, "To the content");
}

function pageHeader(context, theme) {
  const links = [["runs", "Runs"], ["plan", "Plan"]].map(([id, label]) => inside(context, `/${id}`, { class: "sr-nav", dataset: { id } }, label));
  const where = h("span", { class: "sr-where" });
  context.session.then((session) => session && setText(where, session.title ?? ""));
  const light = button("", theme.toggle, { class: "sr-quiet sr-theme" });
  const label = () => {
    setText(light, theme.now() === "dark" ? "☀" : "☾");
    light.setAttribute("aria-label", theme.now() === "dark" ? "Light colours" : "Dark colours");
    light.title = `${light.getAttribute("aria-label")} (t)`;
  };
  theme.onChange(label);
  label();
  const help = button("?", () => dialog(context, "Shortcuts", shortcutList(context.keys)), { class: "sr-quiet", "aria-label": "Shortcuts", title: "Shortcuts (?)" });
  const element = h("header", { class: "sr-header" },
    inside(context, "/runs", { class: "sr-brand", "aria-label": "specrun: all runs" }, h("span", { class: "sr-mark", "aria-hidden": "true" }, "▶"), "specrun"),
    h("nav", { "aria-label": "Pages", class: "sr-navs" }, links), where, h("span", { class: "sr-space" }), light, help);
  const mark = (id) => links.forEach((link) => {
    if (link.dataset.id === id) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  });
  return { element, mark };
}

/** Says what has changed to who does not see it, at most every three seconds: a region that talks all the time is switched off. */
function announcer() {
  const element = h("div", { class: "sr-hidden", role: "status", "aria-live": "polite" });
  const say = throttled(3000, (text) => setText(element, text));
  return { element, say, close: say.stop };
}

/** A line on top while nobody answers. It lies over the page, so that nothing moves. */
function watchConnection(source, banner) {
  let version = null;
  return source.onState?.((state, about) => {
    banner.classList.toggle("sr-shown", state === "lost" || state === "signed out");
    if (state === "lost") refill(banner, h("strong", {}, "No answer from specrun ui. "), "What you see is as it was; it goes on as soon as it is back.");
    else if (state === "signed out") refill(banner, h("strong", {}, "This page is no longer signed in. "), "Open the address that ", h("code", {}, "specrun ui"), " has printed.");
    else if (state === "hello") {
      if (version !== null && about.hello.version !== version) location.reload(); // another specrun: another page
      version = about.hello.version ?? version;
    } else refill(banner);
  });
}

/** Dark or light: what the reader chose, else what the system or the notebook has. */
function themes(element, embedded) {
  const told = new Set();
  const query = matchMedia("(prefers-color-scheme: dark)");
  let chosen = embedded ? null : remembered("theme", null);
  const now = () => chosen ?? (embedded ? themeOfNotebook() : null) ?? (query.matches ? "dark" : "light");
  const apply = () => {
    const before = element.dataset.theme;
    element.dataset.theme = now();
    if (!embedded) document.documentElement.dataset.theme = now();
    if (before !== now()) told.forEach((tell) => tell(now()));
  };
  query.addEventListener("change", apply);
  const observer = embedded ? new MutationObserver(apply) : null;
  observer?.observe(document.body, { attributes: true, attributeFilter: ["class", "data-jp-theme-light", "data-vscode-theme-kind"] });
  apply();
  return {
    now,
    toggle: () => (remember("theme", (chosen = now() === "dark" ? "light" : "dark")), apply()),
    onChange: (tell) => (told.add(tell), () => told.delete(tell)),
    close: () => (query.removeEventListener("change", apply), observer?.disconnect()),
  };
}

/** JupyterLab and VS Code say it at the body; null where nobody does. */
function themeOfNotebook() {
  const { jpThemeLight, vscodeThemeKind } = document.body.dataset;
  if (jpThemeLight) return jpThemeLight === "true" ? "light" : "dark";
  if (vscodeThemeKind) return vscodeThemeKind.includes("light") ? "light" : "dark";
  return null;
}
