"use strict";

// A parameter or metric of many runs against another.

const SCATTER_COLOURS = [["status", "Status"], ["spec", "Spec"]];
const CATEGORIES = 40; // values that are words, with a place each on an axis

/** Runs as points, of those that a filter lets through: a click opens the run. */
function scatterPanel(context, filter) {
  const stops = several();
  const kept = remembered("scatter", {});
  const chosen = { x: kept.x, y: kept.y, colour: kept.colour === "spec" ? "spec" : "status", xLog: Boolean(kept.xLog), yLog: Boolean(kept.yLog) };
  let names = [];
  let answer = null;
  let asked = 0;
  const set = (name, value, again) => {
    chosen[name] = value;
    remember("scatter", chosen);
    if (again) read();
    else draw();
  };
  const x = choice("Horizontal", [], "", (value) => set("x", value, true));
  const y = choice("Vertical", [], "", (value) => set("y", value, true));
  const colour = choice("Colour", SCATTER_COLOURS, chosen.colour, (value) => set("colour", value));
  const bar = h("div", { class: "sr-bar" },
    h("label", { class: "sr-bar" }, h("span", { class: "sr-muted" }, "Across"), x), toggle("Log", chosen.xLog, (on) => set("xLog", on), { "aria-label": "Logarithmic across" }),
    h("label", { class: "sr-bar" }, h("span", { class: "sr-muted" }, "Up"), y), toggle("Log", chosen.yLog, (on) => set("yLog", on), { "aria-label": "Logarithmic up" }),
    h("label", { class: "sr-bar" }, h("span", { class: "sr-muted" }, "Colour"), colour));
  const note = h("p", { class: "sr-muted sr-scatter-note", role: "status" }, "Reading runs …");
  const place = h("div", { class: "sr-scatter-place" });
  const element = h("div", { class: "sr-scatter" }, bar, place, note);
  const plot = scatterPlot(context, place, (name) => context.go(`/runs/${encodeURIComponent(name)}`));
  stops.add(plot.close);

  async function read() {
    const mine = ++asked;
    try {
      const found = await context.source.get("columns", { names: [chosen.x, chosen.y].join(","), filter });
      if (mine !== asked) return;
      answer = found;
      draw();
    } catch (error) {
      if (mine === asked) refill(note, problem(error));
    }
  }

  function draw() {
    if (!answer) return;
    const points = scatterPoints(answer, chosen);
    plot.draw(points);
    const without = answer.runs.length - points.runs.length - points.left;
    setText(note, [
      counted(points.runs.length, "run"),
      without ? `${shownCount(without)} without one of the two` : "",
      points.left ? `${shownCount(points.left)} not above 0, and so not on a logarithmic axis` : "",
    ].filter(Boolean).join("; "));
  }

  context.source.get("runs", { filter, count: 1 }).then((value) => {
    const [params, metrics] = [value.params ?? [], value.metrics ?? []];
    names = [...params.map((name) => [name, name]), ...metrics.filter((name) => !params.includes(name)).map((name) => [name, name])];
    if (names.length < 2) return setText(note, "Runs with two parameters or metrics can be drawn here; these have fewer.");
    const known = (name, otherwise) => (names.some(([one]) => one === name) ? name : otherwise);
    chosen.y = known(chosen.y, metrics[0] ?? names.at(-1)[0]);
    chosen.x = known(chosen.x, params.find((name) => name !== chosen.y) ?? names.find(([name]) => name !== chosen.y)[0]);
    x.setOptions(names, chosen.x);
    y.setOptions(names, chosen.y);
    return read();
  }, (error) => refill(note, problem(error)));
  return { element, close: () => ((asked = -1), stops.close()) };
}

/**
 * What is drawn of columns: {runs, x, y, groups: [{label, slot}], group (of each), xWords, yWords, xLog, yLog, names, left}. Words have
 * places 0, 1, …, in their order; a column with both words and numbers is one of words.
 */
function scatterPoints({ runs, status, specs, columns }, { x: xName, y: yName, colour, xLog, yLog }) {
  const across = scatterAxis(columns[xName] ?? []);
  const up = scatterAxis(columns[yName] ?? []);
  const labels = (colour === "spec" ? specs : status) ?? [];
  const result = { runs: [], x: [], y: [], group: [], groups: [], xWords: across.words, yWords: up.words, names: [xName, yName], left: 0 };
  result.xLog = xLog && !across.words;
  result.yLog = yLog && !up.words;
  const slots = new Map();
  for (let i = 0; i < runs.length; i++) {
    const [atX, atY] = [across.values[i], up.values[i]];
    if (!Number.isFinite(atX) || !Number.isFinite(atY)) continue;
    if ((result.xLog && atX <= 0) || (result.yLog && atY <= 0)) {
      result.left += 1;
      continue;
    }
    const label = String(labels[i] ?? "");
    if (!slots.has(label)) {
      slots.set(label, result.groups.length);
      result.groups.push({ label, slot: colour === "status" ? statusSlot(label) : result.groups.length });
    }
    result.runs.push(runs[i]);
    result.x.push(atX);
    result.y.push(atY);
    result.group.push(slots.get(label));
  }
  return result;
}

/** The same status has the same colour, whatever else is there. */
function statusSlot(status) {
  const at = ["running", "failed", "succeeded", "cancelled", "queued", "preempted", "timed_out"].indexOf(status);
  return at < 0 ? 9 : [0, 1, 2, 4, 5, 3, 6][at];
}

function scatterAxis(column) {
  const given = column.filter((value) => value !== null && value !== undefined);
  if (given.every((value) => typeof value === "number" || ["NaN", "Infinity", "-Infinity"].includes(value))) return { values: column.map(numeric), words: null };
  const words = [...new Set(given.map(String))].sort(byName).slice(0, CATEGORIES);
  const places = new Map(words.map((word, at) => [word, at]));
  return { values: column.map((value) => (value === null || value === undefined ? NaN : places.get(String(value)) ?? NaN)), words };
}

// Drawing: uPlot has axes and zoom, dots are our own.

const DOT = 4.5;

function scatterPlot(context, place, open) {
  const element = h("div", { class: "sr-chart-area", role: "img", tabindex: "0" });
  const said = h("div", { class: "sr-scatter-said", role: "status" });
  const legend = h("ul", { class: "sr-legend" });
  const table = h("details", { class: "sr-points-of", ontoggle: () => fillTable() }, h("summary", {}, "Table"));
  let plot = null;
  let points = null;
  let width = 0;
  let near = -1;
  refill(place, element, said, legend, table);
  const frame = perFrame(rebuild);
  const sizes = new ResizeObserver(([entry]) => {
    const now = Math.floor(entry.contentRect.width);
    if (now !== width && now > 40) (width = now), frame();
  });
  sizes.observe(element);
  const stopTheme = context.onTheme(() => frame());

  function rebuild() {
    if (!width || !points) return;
    plot?.destroy();
    const { xLog, yLog, xWords, yWords, names } = points;
    const { color, fontFamily } = getComputedStyle(element);
    const faint = context.theme() === "dark" ? "rgba(255,255,255,0.1)" : "rgba(0,0,0,0.08)";
    const colours = points.groups.map(({ slot }) => lineColour(slot, element));
    const lined = { stroke: color, font: `12px ${fontFamily}`, labelFont: `12px ${fontFamily}`, labelSize: 20, labelGap: 2, grid: { stroke: faint, width: 1 }, ticks: { stroke: faint, width: 1, size: 4 } };
    const texts = (words, isLog) => (words ? { splits: () => words.map((_, at) => at), values: () => words.map((word) => shortened(word, 18)) } : isLog ? { values: logTexts(""), filter: logTicks } : { values: (u, ticks, number, space, step) => tickTexts(ticks, step) });
    plot = new uPlot({
      width,
      height: 340,
      padding: [12, 16, 0, 0],
      legend: { show: false },
      scales: { x: { time: false, distr: xLog ? 3 : 1, range: (u, min, max) => scatterRange(points.x, xLog, xWords, min, max) }, y: { distr: yLog ? 3 : 1, range: (u, min, max) => scatterRange(points.y, yLog, yWords, min, max) } },
      series: [{}, { stroke: color, paths: () => null, points: { show: false } }],
      axes: [{ ...lined, label: names[0], size: 30, space: 70, ...texts(xWords, xLog) }, { ...lined, label: names[1], size: axisWidth, ...texts(yWords, yLog) }],
      cursor: { x: false, y: false, drag: { x: false, y: false, setScale: false }, points: { show: false } },
      hooks: { draw: [(u) => drawDots(u, points, colours, near)], setCursor: [(u) => hover(nearestDot(u, points, u.cursor.left, u.cursor.top))] },
    }, [sortedColumn(points.x), points.y.slice()], element);
    plot.over.addEventListener("click", () => near >= 0 && open(points.runs[near]));
    plot.over.addEventListener("mouseleave", () => hover(-1));
  }

  function hover(index) {
    if (index === near || !plot) return;
    near = index;
    plot.over.style.cursor = near >= 0 ? "pointer" : "crosshair";
    setText(said, near < 0 ? "" : dotText(points, near));
    plot.redraw(false);
  }

  element.addEventListener("keydown", (event) => {
    if (!points?.runs.length || event.ctrlKey || event.metaKey || event.altKey) return;
    const order = Array.from(points.x.keys()).sort((a, b) => points.x[a] - points.x[b] || points.y[a] - points.y[b]);
    const at = order.indexOf(near);
    if (event.key === "ArrowRight" || event.key === "ArrowLeft") hover(order[Math.max(0, Math.min(order.length - 1, at + (event.key === "ArrowRight" ? 1 : -1)))]);
    else if (event.key === "Enter" && near >= 0) open(points.runs[near]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  function fillTable() {
    if (!table.open || !points) return;
    const { runs, x, y, xWords, yWords, names } = points;
    const rows = Array.from(runs.keys()).slice(0, 500).map((i) => h("tr", {}, h("td", {}, inside(context, `/runs/${encodeURIComponent(runs[i])}`, {}, runs[i])), h("td", {}, xWords ? xWords[x[i]] : String(x[i])), h("td", {}, yWords ? yWords[y[i]] : String(y[i]))));
    table.querySelector(".sr-points")?.remove();
    table.append(h("div", { class: "sr-points" }, rows.length < runs.length ? h("span", { class: "sr-muted" }, `500 of ${shownCount(runs.length)}`) : null,
      h("div", { class: "sr-points-scroll", tabindex: "0", role: "region", "aria-label": "Runs" }, h("table", {}, h("thead", {}, h("tr", {}, ["Run", ...names].map((text) => h("th", { scope: "col" }, text)))), h("tbody", {}, rows)))));
  }

  return {
    draw(now) {
      points = now;
      near = -1;
      setText(said, "");
      element.setAttribute("aria-label", `${now.names[1]} against ${now.names[0]} of ${counted(now.runs.length, "run")}. Arrows go from run to run, Enter opens one.`);
      refill(legend, now.groups.map(({ label, slot }, group) => h("li", {}, h("span", { class: "sr-dot", style: { background: lineColour(slot) } }), ` ${statusOf(label).word} `, h("span", { class: "sr-muted" }, shownCount(now.group.filter((one) => one === group).length)))));
      fillTable();
      frame();
    },
    close() {
      sizes.disconnect();
      stopTheme();
      frame.stop();
      plot?.destroy();
    },
  };
}

/** uPlot wants x to grow; dots are drawn from points, and so in their own order. */
function sortedColumn(values) {
  return Float64Array.from(values).sort();
}

function scatterRange(values, isLog, words) {
  if (words) return [-0.5, words.length - 0.5];
  let [least, greatest] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  if (least > greatest) return isLog ? [0.1, 1] : [0, 1];
  if (isLog) return [least / 1.3, greatest * 1.3];
  const room = (greatest - least) * 0.05 || Math.abs(greatest) * 0.1 || 1;
  return [least - room, greatest + room];
}

function drawDots(plot, { x, y, group }, colours, near) {
  const { ctx } = plot;
  const radius = DOT * devicePixelRatio;
  ctx.save();
  ctx.globalAlpha = x.length > 3000 ? 0.5 : 0.8;
  colours.forEach((colour, number) => {
    ctx.fillStyle = colour;
    ctx.beginPath();
    for (let i = 0; i < x.length; i++) {
      if (group[i] !== number) continue;
      const [left, top] = [plot.valToPos(x[i], "x", true), plot.valToPos(y[i], "y", true)];
      ctx.moveTo(left + radius, top);
      ctx.arc(left, top, radius, 0, 2 * Math.PI);
    }
    ctx.fill();
  });
  if (near >= 0) {
    ctx.globalAlpha = 1;
    ctx.strokeStyle = plot.axes[0].stroke();
    ctx.lineWidth = 2 * devicePixelRatio;
    ctx.beginPath();
    ctx.arc(plot.valToPos(x[near], "x", true), plot.valToPos(y[near], "y", true), radius * 1.6, 0, 2 * Math.PI);
    ctx.stroke();
  }
  ctx.restore();
}

/** The run under the cursor, or the nearest within 14 pixels; -1 for none. */
function nearestDot(plot, { x, y }, left, top) {
  if (!(left >= 0)) return -1;
  let [found, least] = [-1, 14 * 14];
  for (let i = 0; i < x.length; i++) {
    const away = (plot.valToPos(x[i], "x") - left) ** 2 + (plot.valToPos(y[i], "y") - top) ** 2;
    if (away < least) [found, least] = [i, away];
  }
  return found;
}

function dotText({ runs, x, y, xWords, yWords, names, group, groups }, i) {
  const text = (words, value) => (words ? words[value] : shownNumber(value));
  return `${runs[i]} · ${statusOf(groups[group[i]].label).word} · ${names[0]} ${text(xWords, x[i])} · ${names[1]} ${text(yWords, y[i])}`;
}
