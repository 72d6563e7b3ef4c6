"use strict";

// The table of runs. What is shown stands in the address: filter, sort, columns, scatter.

const SEVERAL_ROWS = 60; // read before and after those in sight

/** The table of runs: {element, update({query}), close()}. */
function runsView(context, { query }) {
  const stops = several();
  let asked = { ...query };
  let data = { rows: [], metrics: [], params: [], problems: [], total: 0, from: 0 };
  let usual = null; // chosen once there is something to choose from: columns that come and go would be a jump
  let watching = null; // {stop, from, count}
  let specs = [];

  const go = (changes, { replace = false } = {}) => context.go(pathOf(["runs"], { ...asked, ...changes }), { replace });
  const count = h("span", { class: "sr-muted sr-count" });
  const wrong = h("p", { class: "sr-wrong", id: "sr-wrong", role: "alert" });
  const filter = h("input", { type: "search", class: "sr-filter", "aria-label": "Filter", "aria-describedby": "sr-wrong", spellcheck: "false", autocomplete: "off",
    placeholder: "Filter: accuracy>0.9 status=running", title: "A part of a name, or conditions: accuracy>0.9 status=succeeded lr<=0.01 age<2d" });
  filter.addEventListener("input", settled(250, () => go({ filter: filter.value.trim() }, { replace: true })));
  const quick = ["spec", "status", "place"].map((name) => choice(`Only of a ${name}`, [["", `Any ${name}`]], "", (value) => go({ filter: withTerm(asked.filter ?? "", name, value) })));
  const compare = button("Compare", () => context.go(pathOf(["compare"], { runs: [...context.chosen].join(",") })), { disabled: true });
  const none = button("Clear", () => choose(null), { class: "sr-quiet", hidden: true });
  const columnsButton = button("Columns", chooseColumns);
  const scatter = toggle("Scatter", asked.scatter === "1", (on) => go({ scatter: on }), { title: "Parameters and metrics against each other" });
  const scatterPlace = h("div", { class: "sr-scatter-place" });
  const empty = h("div", { class: "sr-runs-empty" });
  const problems = h("div", { class: "sr-problems" });
  const narrow = matchMedia("(max-width: 640px)");

  const table = virtualTable({
    label: "Runs",
    rowHeight: () => (isNarrow() ? 52 : 32),
    window: look,
    sorted: (sort) => go({ sort }),
    opened: (row) => context.go(pathOf(["runs", row.name])),
    marked: (row) => context.chosen.has(row.name),
  });
  const isNarrow = () => narrow.matches || element.classList.contains("sr-narrow");
  const element = h("div", { class: "sr-runs" },
    h("div", { class: "sr-bar sr-runs-bar" }, h("h1", {}, "Runs"), count, filter, quick, h("span", { class: "sr-space" }), compare, none, scatter, columnsButton),
    wrong, problems, scatterPlace, table.element, empty);

  function look(first, last) {
    const from = Math.max(0, first - SEVERAL_ROWS);
    const wanted = Math.min(500, last - first + 2 * SEVERAL_ROWS);
    if (watching && first >= watching.from && last <= watching.from + watching.count) return;
    watch(from, Math.max(wanted, 160));
  }

  const watch = throttled(80, (from, wanted) => {
    const before = watching;
    const key = `${filterOf(asked.filter)} ${asked.sort ?? ""}`;
    const one = { from, count: wanted, key, stop: null };
    watching = one;
    one.stop = context.source.watch("runs", { filter: filterOf(asked.filter), sort: asked.sort, from, count: wanted }, (value) => {
      if (watching === one) take(value, from);
    }, (state, error) => state === "refused" && refused(error));
    before?.stop?.();
  });

  function refused(error) {
    setText(wrong, error.message);
    filter.setAttribute("aria-invalid", "true");
  }

  function take(value, from) {
    const told = Date.now();
    data = { ...value, from, rows: value.rows.map((row) => ({ ...row, told })) };
    const mistakes = value.mistakes ?? (value.wrong ? [value.wrong] : []);
    setText(wrong, mistakes.join("\n"));
    filter.setAttribute("aria-invalid", String(mistakes.length > 0));
    refill(problems, value.problems.map((text) => h("p", { class: "sr-problem" }, text)));
    setText(count, value.loading ? `${shownCount(value.total)}, reading…` : shownCount(value.total));
    context.announce(counted(value.total, "run"));
    offer();
    showColumns();
    table.setRows(from, data.rows, value.total);
    showEmpty(value);
    context.ready();
  }

  /** What can be chosen from in the quick filters. */
  function offer() {
    const names = (given, now) => [...new Set([...given, ...(now ? [now] : [])])].filter(Boolean).sort();
    const now = (name) => termOf(asked.filter ?? "", name);
    const places = names([...specs.map(({ place }) => place), ...data.rows.map(({ place }) => place)], now("place"));
    const named = names([...specs.map(({ name }) => name), ...data.rows.map(({ spec }) => spec)], now("spec"));
    const statuses = names(["queued", "running", "succeeded", "failed", "cancelled", "lost"], now("status"));
    [named, statuses, places].forEach((values, n) => {
      const name = ["spec", "status", "place"][n];
      quick[n].setOptions([["", `Any ${name}`], ...values.map((value) => [value, value])], now(name) ?? "");
      quick[n].hidden = name === "place" && values.length < 2;
    });
  }

  let shownAs = "";
  function showColumns() {
    const { metrics, params } = data;
    if (!usual || (!usual.some((id) => id.includes(".")) && metrics.length + params.length)) {
      usual = usualColumns({ rows: data.rows, metrics, params, specs: new Set(data.rows.map(({ spec }) => spec)).size, places: new Set(data.rows.map(({ place }) => place)).size });
    }
    const ids = columnIds();
    const as = `${ids.join()} ${isNarrow()}`;
    if (as === shownAs) return;
    shownAs = as;
    const columns = ids.map(runColumn).filter(Boolean);
    table.setColumns([chooseColumn(), nameColumn(), ...(isNarrow() ? columns.filter(({ id }) => !["status", "spec", "place", "submitted", "elapsed"].includes(id)) : columns)]);
  }

  const columnIds = () => (asked.columns ? asked.columns.split(",") : usual ?? []);

  function chooseColumns() {
    columnChooser(context, data, columnIds(), usual, (ids) => go({ columns: ids === null ? "" : ids.join(",") }, { replace: true }));
  }

  function chooseColumn() {
    return { id: "choose", title: "", head: h("span", { class: "sr-hidden" }, "To compare"), width: 34, says: (row) => `${row.name} ${context.chosen.has(row.name)}`, cell: (row) => h("label", { class: "sr-box" },
      h("input", { type: "checkbox", tabindex: "-1", checked: context.chosen.has(row.name), "aria-label": `Compare ${row.name}`, onchange: () => choose(row.name) })) };
  }

  function nameColumn() {
    const path = (row) => pathOf(["runs", row.name]);
    if (!isNarrow()) return { id: "name", title: "Run", width: 220, sort: "name", says: (row) => row.name, hint: (row) => row.name, cell: (row) => inside(context, path(row), {}, row.name) };
    return { id: "name", title: "Run", width: 250, grows: true, sort: "name", says: (row) => `${row.name} ${row.status} ${shownDuration(elapsedNow(row))} ${shownAgo(row.submitted)}`, cell: (row) => [
      inside(context, path(row), {}, row.name),
      h("span", { class: "sr-second" }, statusBadge(row.status), h("span", { class: "sr-muted" }, [shownDuration(elapsedNow(row)), shownAgo(row.submitted)].filter(Boolean).join(" · "))),
    ] };
  }

  function choose(name) {
    if (name === null) context.chosen.clear();
    else if (!context.chosen.delete(name)) context.chosen.add(name);
    showChosen();
    table.redraw();
  }

  function showChosen() {
    const { size } = context.chosen;
    compare.disabled = size < 2;
    compare.title = size < 2 ? "Choose two runs or more (x)" : "";
    setText(compare, size ? `Compare ${size}` : "Compare");
    none.hidden = !size;
  }

  function showEmpty({ total, loading }) {
    table.element.classList.toggle("sr-none", !total);
    if (total || loading) refill(empty, loading && !total ? h("p", { class: "sr-muted sr-reading" }, "Reading runs…") : null);
    else if (asked.filter) refill(empty, emptyState("No run is like that", h("p", {}, "Nothing here fits ", h("code", {}, asked.filter), "."), button("All runs", () => go({ filter: "" }))));
    else refill(empty, emptyState("No runs yet", h("p", {}, "A run shows here as soon as it is submitted. In a terminal:"), command("specrun apply"), h("p", {}, inside(context, "/plan", {}, "What would be done"), " is in the plan.")));
  }

  let scatterShown = null;
  function showScatter() {
    const wanted = asked.scatter === "1" ? filterOf(asked.filter) ?? "" : null;
    scatter.set(wanted !== null, false);
    if (wanted === scatterShown?.filter) return;
    scatterShown?.panel.close?.();
    scatterShown = wanted === null ? null : { filter: wanted, panel: scatterPanel(context, wanted) };
    refill(scatterPlace, scatterShown?.panel.element);
  }

  function update({ query: now }) {
    const before = asked;
    asked = { ...now };
    if (document.activeElement !== filter) filter.value = asked.filter ?? "";
    table.setSort(asked.sort ?? "");
    showScatter();
    offer();
    if (before.filter !== asked.filter || before.sort !== asked.sort) {
      table.toTop();
      watch(0, 160);
    }
    showColumns();
  }

  stops.add(context.keys.add("Runs", [
    { key: "/", does: "Filter", run: () => filter.focus() },
    { key: "ArrowDown", does: "Next run", run: () => table.focusRow(1) },
    { key: "ArrowUp", does: "The run before", run: () => table.focusRow(-1) },
    { key: "j", run: () => table.focusRow(1) },
    { key: "k", run: () => table.focusRow(-1) },
    { key: "x", does: "Choose the run, to compare it", run: () => (table.focused() ? choose(table.focused().name) : false) },
    { key: "c", does: "Compare what is chosen", run: () => (compare.disabled ? false : compare.click()) },
    { key: "s", does: "Scatter", run: () => scatter.click() },
    { key: "o", does: "Columns", run: chooseColumns },
  ]));
  filter.addEventListener("keydown", (event) => event.key === "Escape" && filter.value === "" && filter.blur());
  const ticking = setInterval(() => !document.hidden && data.rows.length && table.redraw(), 1000);
  stops.add(() => clearInterval(ticking));
  narrow.addEventListener("change", showColumns);
  stops.add(() => narrow.removeEventListener("change", showColumns));
  stops.add(() => watching?.stop?.());
  stops.add(watch.stop);
  stops.add(table.close);
  stops.add(() => scatterShown?.panel.close?.());
  context.session.then((session) => ((specs = session?.specs ?? []), offer()));
  context.title("Runs");
  filter.value = asked.filter ?? "";
  table.setSort(asked.sort ?? "");
  showChosen();
  showScatter();
  showColumns();
  watch(0, 160);
  return { element, update, close: stops.close };
}

/** What is sent: a word alone is a part of a name. */
function filterOf(text) {
  const said = (text ?? "").trim();
  return /^[^\s=!<>~"'`]+$/.test(said) ? `name~${said}` : said || undefined;
}

const QUOTED = String.raw`"[^"]*"|'[^']*'|[^\s"']+`;

/** The value of `name=value` in a filter; undefined for none. */
function termOf(text, name) {
  const found = new RegExp(`(?:^|\\s)${name}\\s*==?\\s*(${QUOTED})`).exec(text);
  return found ? found[1].replace(/^["']|["']$/g, "") : undefined;
}

/** A filter with `name=value` in the place of what it says of the name; "" takes it away. */
function withTerm(text, name, value) {
  const rest = text.replace(new RegExp(`(^|\\s)${name}\\s*==?\\s*(${QUOTED})`), "$1").replace(/\s+/g, " ").trim();
  const word = /^[^\s=!<>~"'`]+$/.test(rest) ? `name~${rest}` : rest; // beside a condition a word is one, too
  if (value === "") return word;
  return `${word} ${name}=${/[\s"'=<>~!,]/.test(value) ? `"${value}"` : value}`.trim();
}
