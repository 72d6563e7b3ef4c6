"use strict";

// The trials of a sweep: how the best has grown, what each parameter does to the metric, and all of them in a table.

/** {element, update({query}), close()} */
function trialsPanel(context, name, { query, go }) {
  const stops = several();
  const trials = new Map(); // number -> trial
  let told = null;
  let asked = query;
  const kept = remembered("trials", {});
  const chosen = { x: kept.x, xLog: kept.xLog ?? null, yLog: Boolean(kept.yLog) }; // xLog null: as the values are
  const open = (run) => run && context.go(pathOf(["runs", run]));

  const summary = trialsSummary(context);
  const shared = { hidden: new Set(), screen: stops.add(screenOf()) };
  let points = bestSoFar([], "maximize");
  const curve = stops.add(chartCard(context, { title: "Best so far", shared, ask: () => ({ axis: "step", isLog: false, unit: "", lines: [{ id: "best", label: "best so far", slot: 0, smooth: null, isShown: true, ...points }] }) }));
  const across = choice("Parameter", [], "", (value) => set("x", value));
  const scatterPlace = h("div", { class: "sr-scatter-place" });
  const scatter = stops.add(scatterPlot(context, scatterPlace, open));
  const parallel = stops.add(parallelPlot(context, open));
  const table = stops.add(trialsTable(context, { go: (sort) => go({ sort }), open }));
  const log = toggle("Log", Boolean(chosen.xLog), (on) => set("xLog", on), { "aria-label": "Logarithmic across" });
  const scatterBar = h("div", { class: "sr-bar" }, across, log,
    toggle("Log metric", chosen.yLog, (on) => set("yLog", on), { "aria-label": "Logarithmic up" }));
  const pictures = h("div", { class: "sr-trials-pictures", hidden: true },
    h("div", { class: "sr-section" }, curve.element), section("Parameter and metric", scatterBar, scatterPlace), section("All parameters", null, parallel.element));
  const nothing = h("div", {});
  const rows = section("Trials", null, table.element);
  const element = h("div", { class: "sr-trials" }, summary.element, nothing, pictures, rows);

  function set(what, value) {
    chosen[what] = value;
    remember("trials", chosen);
    draw();
  }

  function take(value) {
    told = value;
    for (const trial of value.rows) trials.set(trial.number, trial);
    later();
  }

  const later = throttled(400, () => draw());
  stops.add(later.stop);

  function draw() {
    if (!told) return;
    const { objective } = told;
    const all = [...trials.values()].sort((a, b) => a.number - b.number);
    const names = parameterNames(all);
    summary.tell(told);
    refill(nothing, all.length ? null : emptyState("No trial has begun", statusOf(told.status).going ? h("p", {}, "They stand here as they begin.") : null));
    rows.hidden = !all.length;
    pictures.hidden = !all.some(({ value }) => Number.isFinite(numeric(value)));
    chosen.x = names.includes(chosen.x) ? chosen.x : names[0];
    across.setOptions(names.map((one) => [one, one]), chosen.x);
    points = bestSoFar(all, objective.goal);
    curve.later();
    if (!pictures.hidden && chosen.x !== undefined) {
      const columns = trialColumns(all, names, objective.primary_metric);
      const xLog = chosen.xLog ?? parallelAxis(chosen.x, columns.columns[chosen.x]).isLog === true;
      log.set(xLog, false);
      scatter.draw(scatterPoints(columns, { x: chosen.x, y: objective.primary_metric, colour: "status", xLog, yLog: chosen.yLog }));
    }
    if (!pictures.hidden) parallel.draw(all, names, objective);
    table.draw(all, names, objective, asked.sort ?? "");
  }

  stops.add(context.source.watch(`runs/${name}/trials`, {}, take, (state, error) => state === "refused" && refill(nothing, problem(error))));
  return { element, update: (now) => ((asked = now), draw()), close: stops.close };
}

/** How far a sweep is, and its best trial: {element, tell(value)}. */
function trialsSummary(context) {
  const line = h("p", { class: "sr-trials-summary", role: "status" });
  const best = h("p", { class: "sr-trials-best" });
  let said = "";
  return {
    element: h("div", {}, line, best),
    tell(told) {
      setText(line, sweepText(told));
      const text = JSON.stringify(told.best);
      if (text === said) return; // what somebody selects stays
      said = text;
      const { value, run, parameters } = told.best ?? {};
      refill(best, told.best ? ["Best: ", told.objective.primary_metric, " ", h("strong", { title: String(value) }, shownNumber(value)), " by ", inside(context, pathOf(["runs", run]), {}, run), ` (${parametersText(parameters)})`] : null);
    },
  };
}

/** The same of a sweep, told as it goes on. */
function sweepSummary(context, name) {
  const summary = trialsSummary(context);
  return { element: summary.element, close: context.source.watch(`runs/${name}/trials`, {}, summary.tell) };
}

/** "12 of 20 trials: 9 succeeded, 2 running, 1 failed" */
function sweepText({ trials: most, counts }) {
  const parts = Object.entries(counts).filter(([, count]) => count).map(([status, count]) => `${shownCount(count)} ${statusOf(status).word}`);
  const ended = Object.entries(counts).reduce((sum, [status, count]) => sum + (statusOf(status).going ? 0 : count), 0);
  return `${shownCount(ended)} of ${counted(most, "trial")}${parts.length ? `: ${parts.join(", ")}` : ""}`;
}

function parametersText(parameters) {
  return Object.entries(parameters ?? {}).map(([name, value]) => `${name}=${shownValue(value)}`).join("  ");
}

function parameterNames(all) {
  return [...new Set(all.flatMap(({ parameters }) => Object.keys(parameters ?? {})))].sort(byName);
}

/** The best value after each trial that has ended with one, in the order in which they ended: {x, y}. */
function bestSoFar(all, goal) {
  const ended = all.filter(({ status, value }) => status === "succeeded" && Number.isFinite(numeric(value)));
  ended.sort((a, b) => momentOf(a.ended) - momentOf(b.ended) || a.number - b.number);
  const better = goal === "minimize" ? Math.min : Math.max;
  const y = [];
  for (const { value } of ended) y.push(y.length ? better(y.at(-1), numeric(value)) : numeric(value));
  return { x: Float64Array.from(y.keys(), (at) => at + 1), y: Float64Array.from(y) };
}

/** As scatterPoints() takes them. Trials without a run of their own yet are left out. */
function trialColumns(all, names, metric) {
  const begun = all.filter(({ run }) => run);
  const columns = Object.fromEntries(names.map((name) => [name, begun.map(({ parameters }) => parameters?.[name])]));
  return { runs: begun.map(({ run }) => run), status: begun.map(({ status }) => status), specs: [], columns: { ...columns, [metric]: begun.map(({ value }) => value) } };
}

/** Best first; then those without a value: running, failed and others, by number. */
function bestFirst(all, goal) {
  const rank = ({ status, value }) => (status === "succeeded" && Number.isFinite(numeric(value)) ? 0 : statusOf(status).going ? 1 : 2);
  const way = goal === "minimize" ? 1 : -1;
  return [...all].sort((a, b) => rank(a) - rank(b) || (rank(a) === 0 ? way * (numeric(a.value) - numeric(b.value)) : 0) || a.number - b.number);
}

function trialsTable(context, { go, open }) {
  let shape = "";
  const table = virtualTable({ label: "Trials", rowHeight: () => 32, window: () => {}, sorted: go, opened: (row) => open(row.run), marked: () => false });
  table.element.classList.add("sr-trials-table");

  function columnsOf(names, objective) {
    const value = (title, id, of, width) => ({ id, title, kind: "value", width, sort: id, number: true, says: (row) => shownValue(of(row)), hint: (row) => String(of(row) ?? "") });
    return [
      { id: "number", title: "No.", width: 56, sort: "number", number: true, says: (row) => String(row.number) },
      { id: "name", title: "Trial", width: 210, sort: "run", says: (row) => row.run, cell: (row) => (row.run ? inside(context, pathOf(["runs", row.run]), {}, row.run) : "") },
      { id: "status", title: "Status", width: 124, sort: "status", says: (row) => row.status, cell: (row) => statusBadge(row.status) },
      value(objective.primary_metric, "value", (row) => row.value, 110),
      ...names.map((name) => value(name, `p.${name}`, (row) => row.parameters?.[name], Math.min(180, Math.max(100, 34 + name.length * 8)))),
      { id: "elapsed", title: "Took", width: 104, sort: "elapsed", number: true, says: (row) => shownDuration(tookOf(row)) },
      { id: "reason", title: "Why", width: 180, grows: true, sort: "reason", says: (row) => row.reason ?? "", hint: (row) => row.reason ?? "" },
    ];
  }

  function draw(all, names, objective, sort) {
    const now = JSON.stringify([names, objective]);
    if (now !== shape) table.setColumns(columnsOf(names, objective));
    shape = now;
    table.setSort(sort);
    const rows = sortedTrials(all, objective.goal, sort).map((trial) => ({ ...trial, name: String(trial.number) }));
    styled(table.element, { height: `${Math.min(Math.max(rows.length, 1) * 32 + 48, 560)}px` });
    table.setRows(0, rows, rows.length);
  }

  return { element: table.element, draw, close: table.close };
}

/** Seconds that a trial took, or has taken. */
function tookOf({ started, ended, status }) {
  const from = momentOf(started) / 1000;
  const to = statusOf(status).going ? Date.now() / 1000 : momentOf(ended) / 1000;
  return Number.isFinite(from) && Number.isFinite(to) ? Math.max(0, to - from) : null;
}

function sortedTrials(all, goal, sort) {
  if (!sort) return bestFirst(all, goal);
  const id = sort.replace(/^-/, "");
  const way = sort.startsWith("-") ? -1 : 1;
  const of = (row) => (id.startsWith("p.") ? row.parameters?.[id.slice(2)] : id === "elapsed" ? tookOf(row) : row[id]);
  return [...all].sort((a, b) => way * compared(of(a), of(b)) || a.number - b.number);
}

/** Numbers by size, all else by its text; what is missing, or no number among numbers, comes before all. */
function compared(a, b) {
  const [left, right] = [a, b].map((value) => (typeof value === "number" ? value : value === null || value === undefined || value === "NaN" ? -Infinity : null));
  if (left !== null && right !== null) return left === right ? 0 : left - right;
  return byName(String(a ?? ""), String(b ?? ""));
}

// Parallel coordinates: an axis for each parameter and one for the metric, a line for each trial that has a value.

const AXIS_ROOM = { top: 26, bottom: 12, left: 56, right: 56, height: 260 };

/** {element, draw(trials, names, objective), close()}; a click on a line opens its trial. The table below has the same for who does not see it. */
function parallelPlot(context, open) {
  const said = h("div", { class: "sr-scatter-said" });
  const picture = h("div", { class: "sr-parallel" });
  const element = h("div", {}, said, picture);
  let drawn = null;
  let width = 0;
  const sizes = new ResizeObserver(([entry]) => {
    const now = Math.floor(entry.contentRect.width);
    if (now === width || now < 40) return;
    width = now;
    show();
  });
  sizes.observe(picture);

  function show() {
    if (!drawn || !width) return;
    const { lines, axes, metric } = drawn;
    const wide = Math.max(width, AXIS_ROOM.left + AXIS_ROOM.right + (axes.length - 1) * 90);
    const xs = axes.map((_, at) => AXIS_ROOM.left + (at * (wide - AXIS_ROOM.left - AXIS_ROOM.right)) / Math.max(1, axes.length - 1));
    const [top, bottom] = [AXIS_ROOM.top, AXIS_ROOM.height - AXIS_ROOM.bottom];
    const y = (axis, value) => bottom - axisPlace(axis, value) * (bottom - top);
    const paths = lines.map((line) => {
      const d = line.values.map((value, at) => `${at ? "L" : "M"}${xs[at].toFixed(1)} ${y(axes[at], value).toFixed(1)}`).join("");
      const stroke = line.isBest ? "var(--accent)" : `color-mix(in oklab, var(--accent) ${Math.round(line.rank * 75)}%, var(--line))`;
      return svg("g", {
        class: `sr-parallel-line${line.isBest ? " sr-best" : ""}`,
        onmouseenter: () => setText(said, `${line.run} · ${metric} ${shownValue(line.value)} · ${parametersText(line.parameters)}`),
        onmouseleave: () => setText(said, ""),
        onclick: () => open(line.run),
      }, svg("path", { d, style: { stroke } }), svg("path", { d, class: "sr-parallel-near" })); // a line alone is hard to hit
    });
    const marks = axes.map((axis, at) => svg("g", {},
      svg("line", { class: "sr-parallel-axis", x1: xs[at], x2: xs[at], y1: top, y2: bottom }),
      svg("text", { class: "sr-parallel-name", x: xs[at], y: 14, "text-anchor": at === 0 ? "start" : at === axes.length - 1 ? "end" : "middle", ...(at === 0 ? { dx: -AXIS_ROOM.left + 4 } : at === axes.length - 1 ? { dx: AXIS_ROOM.right - 4 } : {}) }, shortened(axis.name, 18)),
      // A value that all have stands above the line of all.
      axisTexts(axis).map(([value, text], _, { length }) => svg("text", { class: "sr-parallel-tick", x: xs[at] - 6, y: y(axis, value) + (length === 1 && at ? -6 : 4), "text-anchor": "end" }, shortened(text, 9)))));
    refill(picture, svg("svg", { width: wide, height: AXIS_ROOM.height, role: "img", "aria-label": `${counted(lines.length, "trial")} across ${axes.map(({ name }) => name).join(", ")}` }, paths, marks));
  }

  return {
    element,
    draw(all, names, objective) {
      const valued = all.filter(({ status, value, run }) => run && status === "succeeded" && Number.isFinite(numeric(value)));
      const ordered = bestFirst(valued, objective.goal).reverse(); // the best is drawn last, on top
      const axes = [...names.map((name) => parallelAxis(name, valued.map(({ parameters }) => parameters?.[name]))), parallelAxis(objective.primary_metric, valued.map(({ value }) => numeric(value)))];
      const now = {
        axes,
        metric: objective.primary_metric,
        lines: ordered.map((trial, at) => ({ ...trial, values: [...names.map((name) => trial.parameters?.[name]), numeric(trial.value)], rank: ordered.length > 1 ? at / (ordered.length - 1) : 1, isBest: at === ordered.length - 1 })),
      };
      const key = (one) => one && JSON.stringify([one.axes, one.lines.map(({ run, value }) => [run, value])]);
      if (key(now) === key(drawn)) return;
      drawn = now;
      show();
    },
    close: () => sizes.disconnect(),
  };
}

/** An axis: of numbers from the least to the greatest, logarithmic where these are far apart; of words with a place each. */
function parallelAxis(name, column) {
  const given = column.filter((value) => value !== null && value !== undefined);
  if (!given.every((value) => typeof value === "number")) return { name, words: [...new Set(given.map(String))].sort(byName) };
  const [least, greatest] = [Math.min(...given), Math.max(...given)];
  return { name, least, greatest, isLog: least > 0 && greatest / least > 50 };
}

/** Where on its axis a value stands, from 0 to 1. */
function axisPlace({ words, least, greatest, isLog }, value) {
  if (words) return words.length > 1 ? words.indexOf(String(value)) / (words.length - 1) : 0.5;
  if (value === null || value === undefined || least === greatest) return 0.5;
  const to = isLog ? Math.log : Number;
  return (to(value) - to(least)) / (to(greatest) - to(least));
}

function axisTexts({ words, least, greatest }) {
  if (words) return words.slice(0, 12).map((word) => [word, word]);
  return least === greatest ? [[least, shownNumber(least)]] : [[least, shownNumber(least)], [greatest, shownNumber(greatest)]];
}
