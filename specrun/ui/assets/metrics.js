"use strict";

// The metrics of a run as charts, beside those of other runs.

const AXES = [["step", "Step"], ["elapsed", "Elapsed time"], ["time", "Wall time"]];
const MOST_RUNS = 10; // that lines can be told apart

/** The metrics of a run; the reader chooses which others are drawn beside them. */
function metricsPanel(context, name) {
  const charts = metricCharts(context, [name], { choosing: true });
  return { element: charts.element, close: charts.close };
}

/** Charts of the metrics of these runs: {element, setRuns(names), close()}. */
function metricCharts(context, names, { choosing = false } = {}) {
  const stops = several();
  const runs = new Map(); // name -> loggedRun()
  const cards = new Map(); // metric -> {card, histories}
  const settings = metricSettings();
  const shared = { sync: `metrics ${randomName()}`, hidden: new Set(), screen: stops.add(screenOf()), toggled, want };
  const notes = h("div", { class: "sr-chart-notes" });
  const once = h("div", { class: "sr-once" });
  const groups = h("div", { class: "sr-chart-groups" });
  const filter = h("input", { type: "search", placeholder: "Filter metrics", "aria-label": "Filter metrics", oninput: () => arrange() });
  const others = choosing ? otherRuns(context, names[0], (chosen) => setRuns([names[0], ...chosen])) : null;
  const bar = h("div", { class: "sr-bar sr-chart-bar" }, filter, settingControls(settings, redraw), others?.element);
  const element = h("div", { class: "sr-charts" }, bar, notes, once, groups);

  function setRuns(wanted) {
    for (const name of [...runs.keys()].filter((one) => !wanted.includes(one))) {
      runs.get(name).close();
      runs.delete(name);
    }
    for (const name of wanted.slice(0, MOST_RUNS)) {
      if (!runs.has(name)) runs.set(name, loggedRun(context, name, freeSlot(runs), arrange));
    }
    cards.forEach(({ follow }) => follow());
    arrange();
  }

  function redraw() {
    cards.forEach(({ card }) => card.draw());
  }

  function toggled(id) {
    if (!shared.hidden.delete(id)) shared.hidden.add(id);
    redraw();
  }

  /** All charts show the same part of the axis, so that one can be read against the other. */
  function want(view) {
    cards.forEach(({ card }) => card.show(view));
  }

  /** Cards for what is logged now; those that are there stay where they are. */
  function arrange() {
    const all = [...runs.values()];
    const logged = new Map(); // metric -> whether it has a line; of a count of 0 nobody knows
    for (const run of all) for (const [metric, { count }] of Object.entries(run.metrics)) logged.set(metric, logged.get(metric) || count !== 1 || run.goesOn);
    const wanted = filter.value.trim().toLowerCase();
    const shown = [...logged.keys()].filter((metric) => metric.toLowerCase().includes(wanted)).sort(byName);
    const drawn = shown.filter((metric) => logged.get(metric));
    for (const [metric, one] of cards) if (!logged.get(metric)) (one.close(), cards.delete(metric));
    for (const metric of drawn) if (!cards.has(metric)) cards.set(metric, metricCard(context, metric, runs, settings, shared));
    placed(groups, groupsOf(drawn), cards);
    cards.forEach(({ follow }) => follow());
    if (choosing) refill(once, onceTable(shown.filter((metric) => !logged.get(metric)), all));
    refill(notes, metricNotes(all, logged.size, shown.length, filter.value));
    filter.hidden = logged.size < 5 && !filter.value;
  }

  stops.add(() => runs.forEach((run) => run.close()));
  stops.add(() => cards.forEach(({ close }) => close()));
  stops.add(others?.close);
  setRuns(names);
  return { element, setRuns, close: stops.close };
}

/** A metric's card: it follows the history of each run while it is on the screen. */
function metricCard(context, metric, runs, settings, shared) {
  const histories = new Map(); // name of a run -> history
  let isSeen = false;
  const card = chartCard(context, {
    title: metric,
    shared,
    seen: () => ((isSeen = true), follow()),
    gone: () => ((isSeen = false), follow()),
    ask: () => ({
      axis: settings.axis,
      isLog: settings.isLog,
      unit: unitOf(runs, metric),
      lines: [...runs.values()].filter((run) => histories.has(run.name)).map((run) => histories.get(run.name).line(settings, shared.hidden)),
    }),
  });

  function follow() {
    for (const [name, history] of histories) {
      if (runs.has(name)) continue;
      history.stop();
      histories.delete(name);
    }
    for (const run of runs.values()) {
      if (!run.metrics[metric]) continue;
      if (!histories.has(run.name)) histories.set(run.name, metricHistory(context, run, metric, () => card.later()));
      histories.get(run.name)[isSeen ? "go" : "stop"]();
    }
    card.draw();
  }

  return { card, follow, close: () => (card.close(), histories.forEach((history) => history.stop())) };
}

/** A run's points of a metric: followed from where they end; what is drawn of them is kept until they change. */
function metricHistory(context, run, metric, changed) {
  const series = emptySeries();
  let stop = null;
  let kept = null;
  return {
    go() {
      stop ??= context.source.watch(`runs/${run.name}/metrics/history`, { name: metric, after: series.length }, (points) => append(series, points) && changed());
    },
    stop() {
      stop?.();
      stop = null;
    },
    line({ axis, smoothing }, hidden) {
      const key = [series.version, axis, smoothing, run.started].join(" ");
      if (kept?.key !== key) {
        const { x, y } = along(series, axis, run.started);
        kept = { key, id: run.name, label: run.name, slot: run.slot, series, x, y, smooth: smoothing > 0 && y.length > 2 ? smoothed(y, smoothing) : null };
      }
      return { ...kept, isShown: !hidden.has(run.name) };
    },
  };
}

/** What a run has logged, kept up to date. */
function loggedRun(context, name, slot, changed) {
  const stops = several();
  const run = { name, slot, metrics: {}, notes: [], started: NaN, goesOn: false, isKnown: false, close: stops.close };
  const failed = (error) => {
    run.isKnown = true;
    run.notes = [`${name}: ${error?.message ?? "nothing is known of its metrics"}`];
    changed();
  };
  stops.add(context.source.watch(`runs/${name}/metrics`, {}, (value) => {
    Object.assign(run, { metrics: value.metrics ?? {}, notes: value.notes ?? [], isKnown: true });
    changed();
  }, (state, error) => state === "refused" && failed(error)));
  stops.add(context.source.watch(`runs/${name}`, {}, (value) => {
    const goesOn = statusOf(value.run.status).going;
    const started = momentOf(value.run.started) / 1000;
    if (goesOn === run.goesOn && (started === run.started || (Number.isNaN(started) && Number.isNaN(run.started)))) return;
    Object.assign(run, { goesOn, started });
    changed();
  }));
  return run;
}

function freeSlot(runs) {
  const taken = new Set([...runs.values()].map((run) => run.slot));
  for (let slot = 0; ; slot++) if (!taken.has(slot)) return slot;
}

function unitOf(runs, metric) {
  for (const run of runs.values()) if (run.metrics[metric]?.unit) return run.metrics[metric].unit;
  return "";
}

function byName(a, b) {
  return a.localeCompare(b, "en", { numeric: true });
}

/** Metrics of a process other than the one that speaks for the run: worker/1/loss. */
const OF_A_ROLE = /^(?:worker|ps|chief|master|evaluator|main)\/\d+(?=\/)/;

/**
 * [[prefix, metrics]]: what stands before the first `/` is the group, as TensorBoard has it; those without one come first, those of
 * other processes last.
 */
function groupsOf(metrics) {
  const groups = new Map([["", []]]);
  for (const metric of [...metrics.filter((one) => !OF_A_ROLE.test(one)), ...metrics.filter((one) => OF_A_ROLE.test(one))]) {
    const prefix = OF_A_ROLE.exec(metric)?.[0] ?? metric.slice(0, Math.max(0, metric.indexOf("/")));
    if (!groups.has(prefix)) groups.set(prefix, []);
    groups.get(prefix).push(metric);
  }
  return [...groups].filter(([, members]) => members.length);
}

/** Puts cards into their groups, and moves none that stands where it should: a chart that is moved would lose the focus. */
function placed(place, groups, cards) {
  const shown = new Map([...place.children].map((group) => [group.dataset.prefix, group]));
  groups.forEach(([prefix, metrics], number) => {
    const group = shown.get(prefix) ?? chartGroup(prefix);
    shown.delete(prefix);
    if (place.children[number] !== group) place.insertBefore(group, place.children[number] ?? null);
    setText(group.querySelector(".sr-group-name"), prefix || (groups.length > 1 ? "Metrics" : ""));
    setText(group.querySelector(".sr-group-count"), String(metrics.length));
    group.firstChild.hidden = groups.length === 1 && !prefix;
    const grid = group.lastChild;
    metrics.forEach((metric, at) => {
      const { element } = cards.get(metric).card;
      if (grid.children[at] !== element) grid.insertBefore(element, grid.children[at] ?? null);
    });
    while (grid.children.length > metrics.length) grid.lastChild.remove();
  });
  shown.forEach((group) => group.remove());
}

function chartGroup(prefix) {
  const summary = h("summary", {}, h("span", { class: "sr-group-name" }), h("span", { class: "sr-group-count sr-muted" }));
  return h("details", { class: "sr-chart-group", open: !OF_A_ROLE.test(`${prefix}/`), dataset: { prefix } }, summary, h("div", { class: "sr-chart-grid" }));
}

/** Metrics that have one value need no chart. */
function onceTable(metrics, runs) {
  if (!metrics.length) return null;
  const known = runs.filter((run) => run.isKnown);
  const row = (metric) => h("tr", {}, h("th", { scope: "row" }, metric), known.map((run) => {
    const value = run.metrics[metric] ? numeric(run.metrics[metric].last) : null;
    return h("td", { class: "sr-number", title: value === null ? "" : String(value) }, value === null ? "–" : unitText(value, run.metrics[metric].unit));
  }));
  const names = known.length > 1 && h("thead", {}, h("tr", {}, h("td", {}), known.map((run) => h("th", { scope: "col" }, run.name))));
  return h("div", { class: "sr-table-scroll" }, h("table", { class: "sr-plain" }, h("caption", {}, "Logged once"), names, h("tbody", {}, metrics.map(row))));
}

function metricNotes(runs, logged, shown, wanted) {
  const known = runs.length && runs.every((run) => run.isKnown);
  const said = runs.flatMap((run) => run.notes.map((note) => h("p", { class: "sr-note" }, note)));
  if (logged && !shown) said.push(h("p", { class: "sr-muted" }, `No metric has “${wanted.trim()}” in its name.`));
  if (!logged && known && !said.length) said.push(h("p", { class: "sr-muted" }, runs.some((run) => run.goesOn) ? "No metrics yet: they show here as they are logged." : "This run has logged no metrics."));
  if (!logged && !known) said.push(h("p", { class: "sr-muted" }, "Reading metrics …"));
  return said;
}

// What the reader likes: kept for the next run.

function metricSettings() {
  const kept = remembered("metrics", {});
  return { axis: AXES.some(([id]) => id === kept.axis) ? kept.axis : "step", isLog: Boolean(kept.isLog), smoothing: Math.min(0.99, Math.max(0, Number(kept.smoothing) || 0)) };
}

function settingControls(settings, changed) {
  const set = (name, value) => {
    settings[name] = value;
    remember("metrics", settings);
    changed();
  };
  const output = h("output", { class: "sr-smoothing" }, settings.smoothing.toFixed(2));
  const range = h("input", {
    type: "range", min: "0", max: "0.99", step: "0.01", "aria-label": "Smoothing", title: "Exponential, as in TensorBoard; what was logged stays faint behind it",
    oninput: (event) => (setText(output, Number(event.target.value).toFixed(2)), set("smoothing", Number(event.target.value))),
  });
  range.value = settings.smoothing;
  return [
    choice("Horizontal axis", AXES, settings.axis, (axis) => set("axis", axis)),
    toggle("Log scale", settings.isLog, (on) => set("isLog", on)),
    h("label", { class: "sr-slider" }, h("span", { class: "sr-muted" }, "Smoothing"), range, output),
  ];
}

/** Which other runs are drawn: the previous one, or any that are chosen. */
function otherRuns(context, name, changed) {
  const stops = several();
  let previous = null;
  let chosen = [];
  const before = toggle("Previous run", false, (on) => set(on ? [...chosen, previous] : chosen.filter((one) => one !== previous)), { hidden: true });
  const more = button("Compare with …", async () => {
    const wanted = await chosenRuns(context, { title: "Draw beside it", not: [name], chosen, most: MOST_RUNS - 1 });
    if (wanted) set(wanted);
  });
  const element = h("span", { class: "sr-bar" }, before, more);

  function set(wanted) {
    chosen = [...new Set(wanted)];
    before.set(chosen.includes(previous), false);
    const besides = chosen.filter((one) => one !== previous).length;
    setText(more, besides ? `Compare with … (${besides})` : "Compare with …");
    changed(chosen);
  }

  stops.add(context.source.watch(`runs/${name}`, {}, (value) => {
    previous = value.previous ?? null;
    before.hidden = !previous;
    before.title = previous ?? "";
  }));
  return { element, close: stops.close };
}
