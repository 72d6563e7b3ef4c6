"use strict";

// A chart of lines over steps or time. Callers give what is to be drawn with each draw; what is in view is the chart's own.

/**
 * A chart in an element of its own.
 *
 * `ask()` gives {axis: "step" | "elapsed" | "time", isLog, unit, floor, lines: [{id, label, slot, x, y, smooth, isShown}]}, where x grows
 * and `smooth` is null or as long as y. `onView([min, max] | null)` is asked to show() what the reader wants to see (without it the chart
 * does), `onCursor(x | null)` and `onDraw({left, isZoomed})` are told; charts of one `sync` move their cursors together.
 * Gives {element, draw(), later() (at most each 250 ms), show(view), grow(height), acts, close()}.
 */
function lineChart(context, { label, height = 200, ask, onView, onCursor, onDraw, sync }) {
  const element = h("div", { class: "sr-chart-area", role: "img", tabindex: "0", "aria-label": label });
  let plot = null;
  let shape = "";
  let view = null; // what the reader has zoomed to
  let asked = null; // what was drawn last
  let width = 0;

  const frame = () => drawings.soon(draw);
  const later = throttled(250, frame);
  const describe = settled(400, () => element.setAttribute("aria-label", `${label}: ${summaryOf(asked)}`)); // it reads all points
  const sizes = new ResizeObserver(([entry]) => {
    const now = Math.floor(entry.contentRect.width);
    if (now === width || now < 40) return;
    width = now;
    frame();
  });
  sizes.observe(element);
  const stopThemes = context.onTheme(() => requestAnimationFrame(() => ((shape = ""), frame())));

  /** From the first point of all lines to the last. */
  function full() {
    let [min, max] = [Infinity, -Infinity];
    for (const { x, isShown } of asked.lines) {
      if (!isShown || !x.length) continue;
      min = Math.min(min, x[0]);
      max = Math.max(max, x[x.length - 1]);
    }
    if (min > max) return [0, 1];
    return min === max ? [min - 0.5, max + 0.5] : [min, max];
  }

  function inView() {
    return view ?? full();
  }

  function draw() {
    if (!width) return;
    asked = ask();
    const now = [asked.axis, asked.isLog, asked.unit, context.theme(), ...asked.lines.map((line) => `${line.id} ${line.slot} ${!!line.smooth}`)].join("|");
    if (now !== shape) {
      shape = now;
      plot?.destroy();
      plot = new uPlot(chartOptions(context, element, asked, { width, height, sync, ...acts }), [[]], element);
      bindPlot(plot, acts);
    }
    if (plot.width !== width || plot.height !== height) plot.setSize({ width, height });
    const [min, max] = inView();
    const pixels = Math.max(50, Math.round(plot.bbox.width || width * devicePixelRatio));
    const { data, drawn, least, greatest, left } = sampledLines(asked, min, max, pixels);
    plot.drawn = drawn;
    plot.batch(() => {
      plot.setData(data, false);
      plot.setScale("x", { min, max });
      const [bottom, top] = valueRange(least, greatest, asked);
      plot.setScale("y", { min: bottom, max: top });
    });
    describe();
    onDraw?.({ left, isZoomed: view !== null, asked });
  }

  function show(wanted) {
    view = wanted && limited(wanted, full());
    frame();
  }

  function want(wanted) {
    const now = wanted && limited(wanted, full());
    drawings.first(draw);
    if (onView) onView(now);
    else show(now);
  }

  const acts = {
    select: want,
    reset: () => want(null),
    cursor: (x) => onCursor?.(x),
    /** Moves what is in view by a share of its width; or makes it wider or narrower by a factor, around a share of it. */
    move(share, factor = 1, around = 0.5) {
      if (!asked) return;
      const [min, max] = inView();
      const wide = (max - min) * factor;
      const from = min + (max - min) * (share + around) - wide * around;
      want([from, from + wide]);
    },
  };

  /** Moves the cursor to the next or the previous point of the first line that is shown. */
  function step(points) {
    const line = asked?.lines.find((one) => one.isShown && one.x.length);
    if (!line || !plot) return;
    const [min, max] = inView();
    const at = plot.cursor.left >= 0 ? nearest(line.x, plot.posToVal(plot.cursor.left, "x")) : points > 0 ? lowerBound(line.x, min) - 1 : lowerBound(line.x, max);
    const x = line.x[Math.max(0, Math.min(line.x.length - 1, at + points))];
    if (x < min || x > max) want([x - (max - min) / 2, x + (max - min) / 2]);
    frame();
    requestAnimationFrame(() => plot && (plot.setCursor({ left: plot.valToPos(x, "x"), top: 0 }), onCursor?.(x)));
  }

  element.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = {
      ArrowLeft: () => (event.shiftKey ? acts.move(-0.2) : step(-1)),
      ArrowRight: () => (event.shiftKey ? acts.move(0.2) : step(1)),
      "+": () => acts.move(0, 0.5),
      "=": () => acts.move(0, 0.5),
      "-": () => acts.move(0, 2),
      0: acts.reset,
      Escape: () => view && acts.reset(),
    }[event.key];
    if (!act || (event.key === "Escape" && !view)) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  });

  function close() {
    sizes.disconnect();
    stopThemes();
    later.stop();
    describe.stop();
    drawings.forget(draw);
    plot?.destroy();
    plot = null;
    width = 0;
  }

  return { element, draw: frame, later, show, acts, grow: (now) => ((height = now), frame()), close };
}

// Charts that are moved together are drawn in turn, some in each frame, that under the reader's hand always: none waits for ten.
const FOR_DRAWING = 9; // milliseconds of a frame
const drawings = drawQueue();

function drawQueue() {
  const queue = new Set();
  let leader = null;
  let asked = 0;
  function run() {
    asked = 0;
    const began = performance.now();
    if (queue.delete(leader)) leader();
    for (const draw of queue) {
      if (performance.now() - began > FOR_DRAWING) break;
      queue.delete(draw);
      draw();
    }
    if (queue.size) asked = requestAnimationFrame(run);
  }
  return {
    soon(draw) {
      queue.add(draw);
      asked ||= requestAnimationFrame(run);
    },
    first: (draw) => (leader = draw),
    forget(draw) {
      queue.delete(draw);
      if (leader === draw) leader = null;
    },
  };
}

/** A view within what there is: moved, not made narrower; null where it is all. */
function limited([min, max], [least, greatest]) {
  const wide = Math.max(max - min, (greatest - least) * 1e-6);
  if (wide >= greatest - least) return null;
  const from = Math.min(Math.max(min, least), greatest - wide);
  return [from, from + wide];
}

/** The columns of a plot, how each is drawn, and the least and greatest value in view. */
function sampledLines({ lines, isLog }, min, max, pixels) {
  const data = [grid(min, max, pixels)];
  const drawn = [null];
  let [least, greatest, left] = [Infinity, -Infinity, 0];
  for (const { x, y, smooth, slot, isShown } of lines) {
    for (const values of smooth ? [y, smooth] : [y]) {
      const found = isShown ? sampled(x, values, min, max, pixels, isLog) : { values: new Array(2 * pixels + 2), dots: [], isDense: false, left: 0 };
      data.push(found.values);
      drawn.push({ slot, isDense: found.isDense, dots: values === smooth ? [] : found.dots, alpha: smooth && values === y ? 0.35 : 1 });
      if (values === y) left += found.left;
      for (const value of found.values) {
        if (value === null || value === undefined) continue;
        if (value < least) least = value;
        if (value > greatest) greatest = value;
      }
    }
  }
  return { data, drawn, least, greatest, left };
}

/** What the axis of values shows, with room at both ends. */
function valueRange(least, greatest, { isLog, floor, ceiling }) {
  if (least > greatest) return isLog ? [0.1, 1] : [floor ?? 0, ceiling ?? 1];
  if (isLog) return [least / 1.2, greatest * 1.2];
  if (least === greatest && floor === undefined) {
    const room = Math.abs(least) * 0.1 || 1;
    return [least - room, least + room];
  }
  const room = (greatest - least) * 0.07;
  return [floor ?? least - room, Math.max(ceiling ?? -Infinity, greatest + (room || Math.abs(greatest) * 0.1 || 1))];
}

/** What a chart shows, in words. */
function summaryOf({ lines, axis }) {
  const shown = lines.filter((line) => line.isShown);
  if (!shown.some((line) => line.x.length)) return "no points yet";
  return shown.map((line) => `${lines.length > 1 ? `${line.label}: ` : ""}${lineSummary(line, axis)}`).join("; ");
}

function lineSummary({ x, y }, axis) {
  const { count, least, greatest, last, gaps } = extent(y);
  if (!count) return gaps ? `${counted(gaps, "point")}, none of them a number` : "no points";
  const where = axis === "time" ? "" : ` from ${axisText(axis, x[0])} to ${axisText(axis, x[x.length - 1])}`;
  const without = gaps ? `, ${gaps} of them no number` : "";
  return `${counted(count + gaps, "point")}${where}${without}; least ${shownNumber(least)}, greatest ${shownNumber(greatest)}, last ${shownNumber(last)}`;
}

/** A place on the axis, in words. */
function axisText(axis, x) {
  if (x === null || !Number.isFinite(x)) return "";
  return axis === "step" ? `step ${shownCount(Math.round(x))}` : axis === "elapsed" ? `after ${shownDuration(Math.max(0, x))}` : shownMoment(x);
}

/** A value with its unit. */
function unitText(value, unit) {
  if (!Number.isFinite(value)) return String(value);
  return unit === "bytes" ? shownSize(Math.round(value)) : unit === "percent" ? `${shownNumber(value)} %` : shownNumber(value);
}
