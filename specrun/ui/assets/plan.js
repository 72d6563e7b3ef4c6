"use strict";

// The plan of the specs: their resources as a graph or a list, what would be done with each and why, and how far an apply is.

const ACTIONS = {
  "no-op": { sign: "·", word: "unchanged", tone: "none" },
  create: { sign: "+", word: "create", tone: "add" },
  update: { sign: "~", word: "update", tone: "change" },
  replace: { sign: "±", word: "replace", tone: "gone" },
  delete: { sign: "-", word: "delete", tone: "gone" },
  submit: { sign: "▶", word: "run", tone: "run" },
};
const STATES = {
  waiting: { sign: "○", word: "waiting" },
  going: { sign: "●", word: "going on" },
  done: { sign: "✓", word: "done" },
  failed: { sign: "✗", word: "failed" },
  skipped: { sign: "⊘", word: "left out" },
};
const BOX = { width: 208, height: 46, across: 64, down: 14 };
const NARROW = 620; // pixels, below which a graph cannot be read
const MANY = 80; // nodes, above which a list is read more easily

function actionOf(action) {
  return ACTIONS[action] ?? { sign: "?", word: String(action ?? "not known"), tone: "none" };
}

/** How far a node is, by an apply; a run that has failed is told in any case. */
function stateClass({ state, status }) {
  const known = state ?? (["failed", "lost"].includes(status) ? "failed" : null);
  return known ? ` sr-state-${known}` : "";
}

/** The specs whose runs a run waits for, each once. */
function awaitedBy(change) {
  return [...new Set(Object.values(change?.run?.upstream ?? {}).filter(({ waits }) => waits).map(({ spec }) => spec))];
}

/** What a node says of itself: what would be done, and how far that is, or what it waits for. A run that is there says how it stands. */
function wordsOf(node, change) {
  const state = STATES[node.state];
  const { word } = actionOf(node.action);
  if (state) return [node.action === "no-op" ? "" : word, `${state.sign} ${state.word}`].filter(Boolean);
  if (change?.run?.held) return [`${STATES.skipped.sign} ${STATES.skipped.word}`];
  if (node.status) return [`${statusOf(node.status).sign} ${statusOf(node.status).word}`, node.action === "no-op" ? "" : word].filter(Boolean);
  const awaited = awaitedBy(change);
  return [word, ...(awaited.length ? [`waits for ${awaited.join(", ")}`] : [])];
}

/** The view of the plan. */
function planView(context) {
  const stops = several();
  let told = null;
  let chosen = null; // id of a node
  let isList = remembered("plan-list", null); // null: as many nodes as there are decide
  let onlyChanges = false;
  let scale = null; // null: all of it, where that can be read
  let drawn = "";

  const summary = h("p", { class: "sr-plan-summary", role: "status" });
  const again = button("Plan again", () => context.source.post("plan", {}).catch((error) => refill(troubles, problem(error))));
  const only = toggle("Changes only", false, (on) => ((onlyChanges = on), draw()));
  const shape = toggle("List", Boolean(isList), (on) => ((isList = on), remember("plan-list", on), draw()));
  const zooms = h("span", { class: "sr-bar" }, button("−", () => zoom((scale ?? 1) / 1.25), { "aria-label": "Smaller" }), button("+", () => zoom((scale ?? 1) * 1.25), { "aria-label": "Larger" }), button("Fit", fit));
  const troubles = h("div", { class: "sr-plan-troubles" });
  const place = h("div", { class: "sr-plan-place" });
  const detail = h("aside", { class: "sr-plan-detail", "aria-label": "Changes", hidden: true });
  const element = h("div", { class: "sr-plan" },
    h("div", { class: "sr-bar" }, h("h1", {}, "Plan"), h("span", { class: "sr-space" }), only, shape, zooms, again),
    summary, troubles, h("div", { class: "sr-plan-body" }, place, detail));

  const sizes = new ResizeObserver(() => draw());
  sizes.observe(element);
  stops.add(() => sizes.disconnect());
  context.title("Plan");

  function take(value) {
    told = value;
    setText(summary, planSummary(told));
    again.disabled = told.making;
    refill(troubles, planTroubles(told));
    draw();
  }

  function draw() {
    if (!told) return;
    const { nodes, edges } = shownGraph(told.graph, onlyChanges);
    const asList = (isList ?? nodes.length > MANY) || element.clientWidth < NARROW;
    shape.set(asList, false);
    zooms.hidden = asList || !nodes.length;
    shape.hidden = element.clientWidth < NARROW;
    only.hidden = !told.graph?.nodes?.length;
    const asked = scale ?? readableScale(nodes, edges);
    const empty = nodes.length ? null : [told.making, onlyChanges, told.problems?.length];
    const now = JSON.stringify([nodes, edges, asList, asked, chosen, empty]);
    if (now === drawn) return; // what is focused stays so
    drawn = now;
    const had = place.contains(document.activeElement) ? document.activeElement.dataset.node : null;
    const { scrollLeft, scrollTop } = place.firstChild ?? {};
    if (!nodes.length) refill(place, told.making ? h("p", { class: "sr-muted" }, "Planning …") : nothingPlanned(told, onlyChanges));
    else refill(place, asList ? planList(told.plan, nodes, edges, chosen, choose) : planGraph(told.plan, nodes, edges, chosen, choose, asked));
    if (place.firstChild && scrollTop !== undefined) Object.assign(place.firstChild, { scrollLeft, scrollTop });
    if (had) [...place.querySelectorAll("[data-node]")].find((one) => one.dataset.node === had)?.focus({ preventScroll: true });
    showDetail();
  }

  function choose(id) {
    chosen = chosen === id ? null : id;
    draw();
    if (chosen !== null && detail.getBoundingClientRect().top > window.innerHeight) detail.scrollIntoView({ block: "nearest" });
  }

  function showDetail() {
    const node = told.graph?.nodes.find(({ id }) => id === chosen);
    detail.hidden = !node;
    if (node) refill(detail, button("Close", () => choose(chosen), { class: "sr-quiet sr-plan-close" }), changeDetail(context, node, changeOf(told.plan, node), told.plan));
  }

  function zoom(wanted) {
    scale = Math.max(0.2, Math.min(2, wanted));
    draw();
  }

  /** A little smaller, where all of it is seen then; else as large as it is. What stands beside it changes nothing. */
  function readableScale(nodes, edges) {
    const whole = (element.clientWidth - 22) / (layered(nodes.map(({ id }) => id), edges, BOX).width + 20);
    return whole < 1 && whole >= 0.8 ? whole : 1;
  }

  function fit() {
    const { nodes, edges } = shownGraph(told.graph, onlyChanges);
    const { width, height } = layered(nodes.map(({ id }) => id), edges, BOX);
    zoom(Math.min(1, (place.clientWidth - 40) / width, (window.innerHeight * 0.68 - 40) / height));
  }

  stops.add(context.source.watch("plan", {}, take, (state, error) => state === "refused" && refill(place, problem(error))));
  return { element, close: stops.close };
}

/** The graph, or what of it changes, with edges over what is left out in between. */
function shownGraph(graph, onlyChanges) {
  const { nodes = [], edges = [] } = graph ?? {};
  if (!onlyChanges) return { nodes, edges };
  const kept = nodes.filter(({ action }) => action && action !== "no-op");
  const ids = new Set(kept.map(({ id }) => id));
  const next = new Map();
  for (const [from, to] of edges) next.set(from, [...(next.get(from) ?? []), to]);
  const reached = kept.flatMap(({ id }) => {
    const seen = new Set();
    const stack = [...(next.get(id) ?? [])];
    const found = [];
    while (stack.length) {
      const one = stack.pop();
      if (seen.has(one)) continue;
      seen.add(one);
      if (ids.has(one)) found.push([id, one]);
      else stack.push(...(next.get(one) ?? []));
    }
    return found;
  });
  return { nodes: kept, edges: reached };
}

/** 2 to create, 1 to run, 14 unchanged; while an apply runs also how far it is. */
function planSummary({ plan, graph, making, live }) {
  const nodes = graph?.nodes ?? [];
  if (!nodes.length) return making ? "Planning …" : "";
  const counts = new Map();
  for (const { action } of nodes) counts.set(action, (counts.get(action) ?? 0) + 1);
  const parts = Object.keys(ACTIONS).filter((action) => action !== "no-op" && counts.get(action)).map((action) => `${counts.get(action)} to ${ACTIONS[action].word}`);
  const held = new Set(nodes.filter((node) => changeOf(plan, node)?.run?.held));
  const failed = nodes.filter(({ action, status }) => action === "no-op" && ["failed", "cancelled", "lost"].includes(status)).length;
  if (failed) parts.push(`${failed} not succeeded`);
  if (held.size) parts.push(`${held.size} left out`);
  const same = (counts.get("no-op") ?? 0) - failed - held.size;
  if (same) parts.push(`${same} unchanged`);
  const over = nodes.filter(({ state }) => ["done", "failed", "skipped"].includes(state)).length;
  const of = nodes.filter(({ state }) => state).length;
  const said = parts.join(", ") + (plan?.refusals?.length ? "; refused" : "");
  return `${said}${live ? `. An apply is going on: ${over} of ${of} done` : ""}${making ? ". Planning anew …" : "."}`;
}

function nothingPlanned({ problems, plan }, onlyChanges) {
  if (onlyChanges && plan) return h("p", { class: "sr-muted" }, "Nothing changes.");
  return problems?.length ? null : h("p", { class: "sr-muted" }, "There is nothing to plan here.");
}

/** What stands in the way first, then notes, folded. */
function planTroubles({ plan, problems }) {
  const told = [...(problems ?? []).map((text) => h("p", { class: "sr-problem", role: "alert" }, text))];
  for (const one of [...(plan?.problems ?? []), ...(plan?.refusals ?? [])]) told.push(h("p", { class: "sr-problem", role: "alert" }, diagnosticText(one)));
  const notes = plan?.notes ?? [];
  if (notes.length) told.push(h("details", { class: "sr-plan-notes" }, h("summary", {}, counted(notes.length, "note")), h("ul", {}, notes.map((note) => h("li", {}, diagnosticText(note))))));
  return told;
}

function diagnosticText({ file, line, summary, detail }) {
  return `${file ? `${file}${line ? `:${line}` : ""}: ` : ""}${summary}${detail ? `\n${detail}` : ""}`;
}

/** The change of a node: by its index in the plan, else by its address. */
function changeOf(plan, node) {
  const changes = plan?.resource_changes ?? [];
  return changes[node.change] ?? changes.find(({ address }) => address === node.label || address === node.id) ?? null;
}

// The graph.

function planGraph(plan, nodes, edges, chosen, choose, scale) {
  const { places, width, height } = layered(nodes.map(({ id }) => id), edges, BOX);
  const room = 10;
  const [wide, high] = [width + 2 * room, height + 2 * room];
  const near = new Set(edges.filter((edge) => edge.includes(chosen)).flat());
  const picture = svg("svg", { class: "sr-graph", width: Math.round(wide * scale), height: Math.round(high * scale), viewBox: `${-room} ${-room} ${wide} ${high}`, role: "group", "aria-label": "Resources and what needs them" },
    edges.map(([from, to]) => places.has(from) && places.has(to) && svg("path", { class: `sr-edge${[from, to].includes(chosen) ? " sr-edge-near" : ""}`, d: edgePath(places.get(from), places.get(to)) })),
    nodes.map((node) => graphNode(node, changeOf(plan, node), places.get(node.id), node.id === chosen, near.has(node.id), choose)));
  return h("div", { class: "sr-graph-scroll" }, picture);
}

function edgePath(from, to) {
  const [x, y] = [from.x + BOX.width, from.y + BOX.height / 2];
  const [toX, toY] = [to.x, to.y + BOX.height / 2];
  const bend = Math.max(24, Math.min(80, (toX - x) / 2));
  return `M${x},${y}C${x + bend},${y} ${toX - bend},${toY} ${toX},${toY}`;
}

function graphNode(node, change, { x, y }, isChosen, isNear, choose) {
  const { sign, tone } = actionOf(node.action);
  const words = wordsOf(node, change);
  const act = () => choose(node.id);
  const said = [nodeName(node), node.place, ...words.map((word) => word.replace(/^\P{L}+/u, ""))].filter(Boolean).join(", "); // signs are not read out
  return svg("g", {
    class: `sr-node sr-act-${tone}${isChosen ? " sr-chosen" : ""}${isNear ? " sr-near" : ""}${stateClass(node)}`,
    transform: `translate(${x},${y})`, tabindex: "0", role: "button", "aria-pressed": String(isChosen), "aria-label": said, dataset: { node: node.id }, onclick: act,
    onkeydown: (event) => ["Enter", " "].includes(event.key) && (event.preventDefault(), act()),
  },
    svg("title", {}, said),
    svg("rect", { class: "sr-node-box", width: BOX.width, height: BOX.height, rx: 7 }),
    svg("rect", { class: "sr-node-side", width: 5, height: BOX.height - 14, x: 5, y: 7, rx: 2.5 }),
    svg("text", { class: "sr-node-sign", x: 20, y: 20 }, sign),
    svg("text", { class: "sr-node-name", x: 36, y: 19 }, shortened(node.kind === "run" ? nodeName(node) : nodeTitle(node), 20)),
    svg("text", { class: "sr-node-said", x: 36, y: 36 }, shortened([node.kind === "run" ? "" : node.kind, ...words, !node.state && node.place].filter(Boolean).join(" · "), 29)));
}

/** kind/name. */
function nodeName({ kind, label }) {
  return kind && !label.startsWith(`${kind}/`) ? `${kind}/${label}` : label;
}

function nodeTitle(node) {
  const name = nodeName(node);
  return node.kind && name.startsWith(`${node.kind}/`) ? name.slice(node.kind.length + 1) : name;
}

/** The end of a name tells more than its middle. */
function shortened(text, most) {
  return text.length <= most ? text : `${text.slice(0, Math.ceil(most * 0.6) - 1)}…${text.slice(text.length - Math.floor(most * 0.4))}`;
}

// The list: the same, where a graph cannot be read, and for who does not see it.

function planList(plan, nodes, edges, chosen, choose) {
  const layers = layersOf(nodes.map(({ id }) => id), edges);
  const names = new Map(nodes.map((node) => [node.id, nodeName(node)]));
  const sorted = [...nodes].sort((a, b) => layers.get(a.id) - layers.get(b.id));
  return h("ul", { class: "sr-plan-list" }, sorted.map((node) => {
    const { sign, tone } = actionOf(node.action);
    const [first, ...more] = wordsOf(node, changeOf(plan, node));
    const needs = edges.filter(([, to]) => to === node.id).map(([from]) => names.get(from)).filter(Boolean);
    return h("li", {}, h("button", { type: "button", class: `sr-plan-row sr-act-${tone}`, "aria-pressed": String(node.id === chosen), dataset: { node: node.id }, onclick: () => choose(node.id) },
      h("span", { class: "sr-plan-sign", "aria-hidden": "true" }, sign),
      h("span", { class: "sr-plan-name" }, nodeName(node), needs.length ? h("span", { class: "sr-plan-needs" }, `needs ${shortened(needs.join(", "), 90)}`) : null),
      h("span", { class: `sr-plan-word${stateClass(node)}` }, [first, ...more.filter((word) => !word.startsWith("waits for"))].join(" · "))));
  }));
}
