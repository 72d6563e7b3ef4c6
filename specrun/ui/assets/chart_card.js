"use strict";

// A chart with its name, its values at the cursor, its points as a table and as a file. It draws while it is on the screen only: a page of
// three hundred metrics holds the pictures of those that are looked at.

/**
 * A card. `ask` is that of lineChart(); a line may have `series`, the points as they were logged, for the table.
 * `shared` is what cards of one panel have together: {sync, hidden: Set of ids, toggled(id), screen, want(view) or nothing}.
 * `seen()` and `gone()` are told as it comes on the screen and leaves it. Gives {element, later(), draw(), show(view), close()}.
 */
function chartCard(context, { title, ask, shared, seen = () => {}, gone = () => {} }) {
  let chart = null;
  let cursor = null;
  let view = null;
  let isLarge = false;
  const where = h("span", { class: "sr-chart-where" });
  const legend = h("ul", { class: "sr-legend", "aria-label": "Lines" });
  const note = h("p", { class: "sr-chart-note sr-muted", hidden: true });
  const reset = button("Whole range", () => chart?.acts.reset(), { class: "sr-quiet", hidden: true, title: "Show all points again (0, or double click)" });
  const large = toggle("Larger", false, enlarge, { class: "sr-quiet" });
  const canvas = h("div", { class: "sr-chart-place" });
  const points = pointsTable(title, ask);
  const head = h("div", { class: "sr-chart-head" }, h("h3", { class: "sr-chart-title", title }, title), where, reset, large);
  const element = h("article", { class: "sr-chart-card", "aria-label": title }, head, canvas, legend, note, points.element);

  function enlarge(on) {
    isLarge = on;
    element.classList.toggle("sr-large", on);
    chart?.grow(heightOf());
  }

  function heightOf() {
    return isLarge ? Math.max(280, Math.min(520, Math.round(window.innerHeight * 0.6))) : 200;
  }

  function appear() {
    seen();
    if (chart) return;
    chart = lineChart(context, { label: title, height: heightOf(), ask, sync: shared.sync, onView: shared.want && ((now) => shared.want(now)), onCursor: point, onDraw: drawn });
    if (view) chart.show(view);
    canvas.replaceChildren(chart.element);
  }

  function disappear() {
    gone();
    if (element.contains(document.activeElement) || points.element.open) return; // someone reads it without looking at it
    chart?.close();
    chart = null;
    canvas.replaceChildren();
  }

  function drawn({ left, isZoomed, asked }) {
    reset.hidden = !isZoomed;
    note.hidden = !left;
    if (left) setText(note, `${counted(left, "point")} not above 0 ${left === 1 ? "is" : "are"} not shown on a logarithmic axis.`);
    readings(asked);
  }

  function point(x) {
    cursor = x;
    readings();
  }

  /** The values at the cursor, or the last ones; those of a single line stand beside the name. */
  function readings(asked = ask()) {
    const found = asked.lines.map((line) => valueAt(line, cursor));
    const single = asked.lines.length === 1 ? readingText(found[0], asked.unit) : "";
    setText(where, [cursor === null ? "" : axisText(asked.axis, placeOf(asked, cursor)), single].filter(Boolean).join(": "));
    where.title = single && found[0] ? String(found[0].value) : "";
    legend.hidden = asked.lines.length < 2;
    while (legend.children.length > asked.lines.length) legend.lastChild.remove();
    asked.lines.forEach((line, number) => {
      const entry = legend.children[number] ?? legend.appendChild(legendEntry(shared.toggled).element);
      entry.tell(line, found[number], asked.unit);
    });
  }

  const stop = shared.screen.watch(element, appear, disappear);
  return {
    element,
    later: () => chart?.later(),
    draw: () => (chart ? chart.draw() : readings(), points.draw()),
    show: (now) => ((view = now), chart?.show(now)),
    close() {
      stop();
      gone();
      chart?.close();
      chart = null;
    },
  };
}

/** The place of the first line's point that is nearest to the cursor: people read points, not pixels. */
function placeOf({ lines }, cursor) {
  const line = lines.find(({ x, isShown }) => isShown && x.length);
  return line ? line.x[nearest(line.x, cursor)] : cursor;
}

/** {value, smooth} of a line at the cursor, or its last ones; null without points. */
function valueAt({ x, y, smooth }, cursor) {
  const at = cursor === null ? y.length - 1 : nearest(x, cursor);
  return at < 0 ? null : { value: y[at], smooth: smooth ? smooth[at] : null };
}

function readingText(found, unit) {
  if (!found) return "";
  return unitText(found.value, unit) + (found.smooth === null ? "" : ` (smoothed ${unitText(found.smooth, unit)})`);
}

/** A line in the legend: a button that shows and hides it, and its value. */
function legendEntry(toggled) {
  const swatch = h("span", { class: "sr-swatch", "aria-hidden": "true" });
  const name = h("span", { class: "sr-legend-name" });
  const value = h("span", { class: "sr-legend-value" });
  let id = null;
  const press = h("button", { type: "button", onclick: () => toggled?.(id) }, swatch, name);
  const element = h("li", {}, press, value);
  element.tell = (line, found, unit) => {
    id = line.id;
    const colour = lineColour(line.slot);
    swatch.style.background = isDashed(line.slot) ? `repeating-linear-gradient(90deg, ${colour} 0 5px, transparent 5px 8px)` : colour;
    setText(name, line.label);
    press.title = line.label;
    press.setAttribute("aria-pressed", String(line.isShown));
    setText(value, readingText(found, unit) || "–");
    value.title = found ? String(found.value) : "";
  };
  return { element };
}

const ROWS_SHOWN = 200;

/** Points as a table, in full, for who does not see the chart; and all of them as CSV. It is made as it is opened. */
function pointsTable(title, ask) {
  const place = h("div", { class: "sr-points" });
  const element = h("details", { class: "sr-points-of", ontoggle: () => draw() }, h("summary", {}, "Table"), place);

  function draw() {
    if (!element.open) return;
    const { lines, axis } = ask();
    const rows = lines.flatMap((line) => pointRows(line, axis, ROWS_SHOWN)).slice(-ROWS_SHOWN * 2);
    const all = lines.reduce((sum, line) => sum + line.x.length, 0);
    const columns = [lines.length > 1 && "Line", axis === "step" ? "Step" : axis === "time" ? "Time" : "Elapsed", "Value"].filter(Boolean);
    refill(place,
      h("div", { class: "sr-bar" },
        h("span", { class: "sr-muted" }, rows.length < all ? `The last ${counted(rows.length, "point")} of ${shownCount(all)}` : counted(all, "point")),
        button("Download CSV", () => download(`${title.replace(/[^\w.-]+/g, "_")}.csv`, pointsCsv(ask()), "text/csv"))),
      h("div", { class: "sr-points-scroll", tabindex: "0", role: "region", "aria-label": `Points of ${title}` },
        h("table", {},
          h("thead", {}, h("tr", {}, columns.map((text) => h("th", { scope: "col" }, text)))),
          h("tbody", {}, rows.map((row) => h("tr", {}, row.slice(lines.length > 1 ? 0 : 1).map((text) => h("td", {}, text))))))));
  }

  return { element, draw };
}

/** The last points of a line, the newest first: [label, place, value]; in full. */
function pointRows({ label, x, y }, axis, most) {
  const rows = [];
  for (let i = x.length - 1; i >= 0 && rows.length < most; i--) {
    rows.push([label, axis === "step" ? String(x[i]) : axis === "time" ? new Date(x[i] * 1000).toISOString() : `${x[i]} s`, String(y[i])]);
  }
  return rows;
}

/** All points as they were logged: line, step, time, value. */
function pointsCsv({ lines }) {
  const rows = ["line,step,time,value"];
  for (const { label, series, x, y } of lines) {
    const columns = series ?? { length: x.length, step: x, time: x, value: y };
    for (let i = 0; i < columns.length; i++) rows.push(`${csvText(label)},${csvNumber(columns.step[i])},${csvNumber(columns.time[i])},${columns.value[i]}`);
  }
  return `${rows.join("\n")}\n`;
}

function csvNumber(value) {
  return Number.isFinite(value) ? String(value) : "";
}

/** Quoted where it has to be; a text that a spreadsheet would take for a formula is none. */
function csvText(text) {
  const safe = /^[=+\-@\t]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
}

function download(name, text, type) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = h("a", { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** What is on the screen, or nearly: {watch(element, seen, gone) -> stop, close()}. */
function screenOf() {
  const watched = new Map();
  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const one = watched.get(target);
      if (!one || one.isSeen === isIntersecting) continue;
      one.isSeen = isIntersecting;
      (isIntersecting ? one.seen : one.gone)();
    }
  }, { rootMargin: "150px" });
  return {
    watch(element, seen, gone) {
      watched.set(element, { seen, gone, isSeen: false });
      observer.observe(element);
      return () => (observer.unobserve(element), watched.delete(element));
    },
    close: () => observer.disconnect(),
  };
}
