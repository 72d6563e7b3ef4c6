// A page with a part of specrun's and a source that a test fills: window.answers by path, window.tell(path, value) for what is watched.
import { metricsPanel, scatterPanel, differencePanel, compareView, planView, timelinePanel, usagePanel, trialsPanel, h } from "./specrun.js";

const root = document.getElementById("specrun");
const told = new Set();
const watched = [];
const answers = {};
const key = (path, params) => (params?.name ? `${path} ${params.name}` : path);
const source = {
  get: async (path, params) => answers[key(path, params)] ?? Promise.reject({ status: 404, message: `nothing at ${path}` }),
  post: async (path) => (window.posted = path),
  href: (path) => `api/${path}`,
  watch(path, params, onData) {
    const one = { path: key(path, params), params, onData };
    watched.push(one);
    const value = answers[one.path];
    if (value) setTimeout(() => watched.includes(one) && onData(value));
    return () => watched.splice(watched.indexOf(one), 1);
  },
};
const context = {
  source, h, root, href: (path) => `#${path}`, go: (path) => (window.went = path), path: () => "/", theme: () => root.dataset.theme, title() {}, announce() {},
  onTheme: (call) => (told.add(call), () => told.delete(call)), keys: { add: () => () => {} }, chosen: new Set(), session: Promise.resolve({}),
};
const parts = { metricsPanel, scatterPanel, differencePanel, compareView, planView, timelinePanel, usagePanel, trialsPanel };

window.shown = (given, part, ...more) => {
  Object.assign(answers, given);
  const route = { query: {}, go: (changes) => window.panel.update({ ...changes }) };
  window.panel = parts[part](context, ...more, ...(part === "trialsPanel" ? [route] : []));
  root.replaceChildren(h("main", {}, window.panel.element));
};
window.tell = (path, value) => watched.filter((one) => one.path === path).forEach((one) => one.onData(value));
window.watchedPaths = () => watched.map(({ path, params }) => [path, params?.after ?? null]);
window.dark = () => ((root.dataset.theme = "dark"), told.forEach((call) => call("dark")));
document.body.dataset.ready = "1";
