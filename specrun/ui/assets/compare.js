"use strict";

// Two or more runs beside one another.

/** A dialog in which runs are chosen: their names, or null where the reader left it. */
function chosenRuns(context, { title, not = [], chosen = [], most = 10 }) {
  return new Promise((answer) => {
    const picked = new Set(chosen);
    let rows = [];
    let total = 0;
    let result = null;
    const list = h("div", { class: "sr-pick-list" }, h("p", { class: "sr-muted" }, "Reading runs …"));
    const search = h("input", { type: "search", placeholder: "Name, spec or status", "aria-label": "Find runs", oninput: () => draw() });
    const count = h("span", { class: "sr-muted", role: "status" });
    const done = button("Show", () => ((result = [...picked]), shown.close()), { class: "sr-do" });
    const shown = dialog(context, title, h("div", { class: "sr-pick" }, h("div", { class: "sr-bar" }, search, count), list), { actions: [button("Leave it", () => shown.close()), done] });
    shown.addEventListener("close", () => answer(result));

    function draw() {
      const wanted = search.value.trim().toLowerCase();
      const found = rows.filter((row) => !not.includes(row.name) && (picked.has(row.name) || `${row.name} ${row.spec} ${row.status}`.toLowerCase().includes(wanted)));
      found.sort((a, b) => picked.has(b.name) - picked.has(a.name));
      refill(list, found.slice(0, 200).map(choiceOf), !found.length && h("p", { class: "sr-muted" }, rows.length ? "No run is like this." : "There are no other runs."));
      setText(count, `${picked.size} of at most ${most}${total > rows.length ? `; the newest ${shownCount(rows.length)} of ${shownCount(total)} runs are listed` : ""}`);
    }

    function choiceOf(row) {
      const box = h("input", { type: "checkbox", checked: picked.has(row.name), disabled: !picked.has(row.name) && picked.size >= most, onchange: () => {
        if (!picked.delete(row.name)) picked.add(row.name);
        const full = picked.size >= most;
        list.querySelectorAll("input").forEach((other) => (other.disabled = full && !other.checked));
        setText(count, `${picked.size} of at most ${most}`);
      } });
      return h("label", { class: "sr-check" }, box, h("span", { class: "sr-pick-name" }, row.name), statusBadge(row.status), h("span", { class: "sr-muted sr-small" }, shownAgo(row.submitted ?? row.started)));
    }

    context.source.get("runs", { count: 500 }).then((value) => {
      rows = value.rows;
      total = value.total;
      draw();
      search.focus();
    }, (error) => refill(list, problem(error)));
  });
}

/** The view: a table of the runs, their metrics drawn over each other, and what differs between two of them. */
function compareView(context, params) {
  const stops = several();
  const names = [...new Set((Array.isArray(params.runs) ? params.runs : String(params.runs ?? "").split(",")).map((name) => name.trim()).filter(Boolean))].slice(0, MOST_RUNS);
  const runs = new Map(names.map((name, slot) => [name, { name, slot, told: null, metrics: {}, error: null }]));
  const goWith = (wanted) => context.go(pathOf(["compare"], { runs: wanted.join(",") }));
  const add = button(names.length ? "Choose runs …" : "Choose runs", async () => {
    const wanted = await chosenRuns(context, { title: "Compare runs", chosen: names, most: MOST_RUNS });
    if (wanted) goWith([...names.filter((name) => wanted.includes(name)), ...wanted.filter((name) => !names.includes(name))]);
  });
  const only = toggle("Differences only", remembered("compare-only", false), (on) => (remember("compare-only", on), draw()));
  const table = h("div", { class: "sr-compare-scroll", tabindex: "0", role: "region", "aria-label": "Runs side by side" });
  const element = h("div", { class: "sr-compare" }, h("div", { class: "sr-bar" }, h("h1", {}, "Compare"), h("span", { class: "sr-space" }), names.length > 1 ? only : null, add));
  context.title("Compare");
  if (names.length < 2) {
    element.append(emptyState(names.length ? "One run alone" : "No runs chosen", h("p", {}, "Choose two or more runs to see them side by side."), ...names.map((name) => h("p", {}, name))));
    return { element, close: stops.close };
  }

  const draw = perFrame(() => refresh(table, compareTable(context, [...runs.values()], only.isOn(), (name) => goWith(names.filter((one) => one !== name)))));
  for (const run of runs.values()) {
    const failed = (state, error) => state === "refused" && ((run.error = error?.message ?? "not known"), draw());
    stops.add(context.source.watch(`runs/${run.name}`, {}, (value) => ((run.told = value), draw()), failed));
    stops.add(context.source.watch(`runs/${run.name}/metrics`, {}, (value) => ((run.metrics = value.metrics ?? {}), draw())));
  }
  const timer = setInterval(() => [...runs.values()].some(({ told }) => told && statusOf(told.run.status).going) && draw(), 1000);
  stops.add(() => clearInterval(timer));
  const charts = stops.add(metricCharts(context, names));
  const pair = stops.add(pairDifference(context, names));
  element.append(table, section("Metrics", null, charts.element), section("What differs", pair.control, pair.element));
  draw();
  return { element, close: () => (draw.stop(), stops.close()) };
}

/** The difference of two of the runs, which the reader chooses where there are more. */
function pairDifference(context, names) {
  let [a, b] = names;
  let panel = null;
  const place = h("div", {});
  const options = names.map((name) => [name, name]);
  const control = names.length > 2 ? h("span", { class: "sr-bar" }, choice("From", options, a, (name) => ((a = name), show())), "→", choice("To", options, b, (name) => ((b = name), show()))) : null;

  function show() {
    panel?.close();
    panel = a === b ? null : differencePanel(context, a, b);
    refill(place, panel?.element ?? h("p", { class: "sr-muted" }, "These are the same run."));
  }

  show();
  return { element: place, control, close: () => panel?.close() };
}

/** [{part, name, values, isDifferent}]: facts, parameters and metrics of runs; values as they came, undefined where a run has none. */
function compareRows(runs) {
  const rows = [];
  const row = (part, name, of) => {
    const values = runs.map(of);
    if (values.every((value) => value === undefined || value === null || value === "")) return;
    rows.push({ part, name, values, isDifferent: new Set(values.map((value) => JSON.stringify(value ?? null))).size > 1 });
  };
  row("", "Status", ({ told }) => told?.run.status);
  row("", "Spec", ({ told }) => told?.spec ?? told?.run.spec);
  row("", "Where", ({ told }) => told?.place);
  row("", "Submitted", ({ told }) => told?.run.submitted);
  row("", "Elapsed", ({ told }) => told && elapsedOf(told));
  row("", "Cost", ({ told }) => told?.cost);
  const named = (of) => [...new Set(runs.flatMap((run) => Object.keys(of(run) ?? {})))].sort(byName);
  for (const name of named(({ told }) => told?.params)) row("Parameters", name, ({ told }) => told?.params?.[name]);
  for (const name of named(({ metrics }) => metrics).filter((one) => !OF_A_ROLE.test(one))) row("Metrics", name, ({ metrics }) => metrics[name]?.last);
  return rows;
}

/** Seconds that a run has taken; until now while it goes on. */
function elapsedOf({ run, elapsed }) {
  const began = momentOf(run.started) / 1000;
  if (statusOf(run.status).going && Number.isFinite(began)) return Math.max(0, Date.now() / 1000 - began);
  return run.duration ?? elapsed ?? run.elapsed;
}

function compareTable(context, runs, onlyDifferent, leave) {
  const rows = compareRows(runs).filter(({ part, isDifferent }) => !onlyDifferent || isDifferent || !part);
  const body = [];
  let part = "";
  for (const row of rows) {
    if (row.part !== part) body.push(h("tr", { class: "sr-compare-part" }, h("th", { scope: "colgroup", colspan: runs.length + 1 }, row.part)));
    part = row.part;
    body.push(h("tr", { class: row.isDifferent && row.part === "Parameters" ? "sr-differs" : null }, h("th", { scope: "row" }, row.name),
      row.values.map((value, at) => h("td", { title: typeof value === "number" ? String(value) : null }, compareCell(row, value, at)))));
  }
  return h("table", { class: "sr-compare-table" },
    h("thead", {}, h("tr", {}, h("td", {}), runs.map((run) => h("th", { scope: "col" },
      h("span", { class: "sr-compare-head" }, h("span", { class: "sr-swatch", style: { background: lineColour(run.slot) } }), inside(context, `/runs/${encodeURIComponent(run.name)}`, {}, run.name),
        button("×", () => leave(run.name), { class: "sr-quiet", "aria-label": `Leave out ${run.name}`, title: "Leave out" })),
      run.error ? h("span", { class: "sr-gone sr-small" }, run.error) : null)))),
    h("tbody", {}, body));
}

/** Metrics that are numbers are told with their distance from the first run's. */
function compareCell({ part, name, values }, value, at) {
  if (value === undefined || value === null) return h("span", { class: "sr-muted" }, "–");
  if (!part) return name === "Status" ? statusBadge(value) : name === "Submitted" ? shownMoment(value) : name === "Elapsed" ? shownDuration(value) : String(value);
  const distance = at > 0 && part === "Metrics" && typeof value === "number" && typeof values[0] === "number" ? value - values[0] : 0;
  return [shownValue(value), distance ? h("span", { class: "sr-compare-distance" }, ` ${distance > 0 ? "+" : "−"}${shownNumber(Math.abs(distance))}`) : null];
}
