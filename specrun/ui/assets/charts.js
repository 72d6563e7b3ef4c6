"use strict";

// A chart of lines over steps or time. Callers give what is to be drawn with each draw; what is in view is the chart's own.

// Ten colours stand in charts.css, for both themes. Beyond the fifth a line is dashed: five are as many as everybody can tell apart.
const LINE_COLOURS = 10;
const DASHED_FROM = 5;

/** The colour of a line as CSS has it; as a canvas wants it with the element whose theme holds. */
function lineColour(slot, element = null) {
  const name = `--series-${(slot % LINE_COLOURS) + 1}`;
  return element ? getComputedStyle(element).getPropertyValue(name).trim() || "#777777" : `var(${name})`;
}

function isDashed(slot) {
  return slot % LINE_COLOURS >= DASHED_FROM;
}

/** Numbers that ticks of counted things may be apart. */
const WHOLE_STEPS = Array.from({ length: 13 }, (_, power) => [1, 2, 5].map((times) => times * 10 ** power)).flat();

// As uPlot has them: the step from which it holds, the text, and what is added where the year, the month, the day changes.
const DAY = "\n{D} {MMM}";
const TIME_TEXTS = [
  [3600 * 24 * 365, "{YYYY}", null, null, null, null, null, null, 1],
  [3600 * 24 * 28, "{MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [3600 * 24, "{D} {MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [60, "{HH}:{mm}", `${DAY} {YYYY}`, null, DAY, null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", `${DAY} {YYYY}`, null, DAY, null, null, null, 1],
  [0.001, ":{ss}.{fff}", `${DAY} {YYYY} {HH}:{mm}`, null, `${DAY} {HH}:{mm}`, null, "\n{HH}:{mm}", null, 1],
];

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

// uPlot.

function chartOptions(context, element, { axis, isLog, unit, lines }, { width, height, sync, cursor, select }) {
  const theme = context.theme();
  const { color, fontFamily } = getComputedStyle(element);
  const faint = theme === "dark" ? "rgba(255,255,255,0.1)" : "rgba(0,0,0,0.08)";
  const lined = { stroke: color, font: `12px ${fontFamily}`, grid: { stroke: faint, width: 1 }, ticks: { stroke: faint, width: 1, size: 4 } };
  const colours = new Map(lines.map(({ slot }) => [slot, lineColour(slot, element)]));
  const series = lines.flatMap((line) => new Array(line.smooth ? 2 : 1).fill(lineOptions(colours.get(line.slot))));
  return {
    width,
    height,
    padding: [8, 10, 0, 0],
    legend: { show: false },
    series: [{}, ...series],
    scales: { x: { time: axis === "time", auto: false }, y: { distr: isLog ? 3 : 1, auto: false } },
    axes: [{ ...lined, size: axis === "time" ? 40 : 28, gap: 4, space: 70, ...axisOptions(axis) }, { ...lined, gap: 4, space: 28, size: axisWidth, ...(isLog ? {} : valueOptions(unit)), ...(isLog ? { values: logTexts(unit), filter: logTicks } : {}) }],
    cursor: {
      y: false,
      drag: { x: true, y: false, setScale: false, dist: 4 },
      dataIdx: (plot, number, index) => nearestDrawn(plot.data[number], index),
      points: { size: 7, width: 2 },
      bind: { dblclick: () => null, mousedown: (plot, over, take) => (event) => (isPan(event) ? null : take(event)) },
      ...(sync ? { sync: { key: sync, setSeries: false, scales: ["x", null], filters: { pub: isMove, sub: isMove } } } : {}),
    },
    hooks: {
      drawSeries: [(plot, number) => drawLine(plot, number, colours)],
      setSelect: [(plot) => selected(plot, select)],
      setCursor: [(plot) => cursor(plot.cursor.left >= 0 ? plot.posToVal(plot.cursor.left, "x") : null)],
    },
  };
}

const isMove = (type) => type === "mousemove" || type === "mouseleave";
const isPan = (event) => event.shiftKey || event.button === 1;

/** Lines are drawn by drawLine(): uPlot knows where they are, for the dots at the cursor. */
function lineOptions(stroke) {
  return { stroke, width: LINE_WIDTH, paths: () => null, points: { show: () => false, filter: () => null }, scale: "y", auto: false };
}

const LINE_WIDTH = 1.75;

/**
 * Draws a line of sampled() values. Where points are dense each column of pixels is a bar from its least to its
 * greatest: a path with thousands of corners takes thirty times as long.
 */
function drawLine(plot, number, colours) {
  const { ctx, bbox } = plot;
  const how = plot.drawn?.[number];
  const values = plot.data[number];
  if (!how || !values) return;
  const y = pixelOf(plot.scales.y, bbox);
  const half = bbox.width / (values.length - 2);
  const x = (slot) => bbox.left + (slot === 0 ? 0 : slot === values.length - 1 ? bbox.width : half * (slot - 0.5));
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top - 2, bbox.width, bbox.height + 4);
  ctx.clip();
  ctx.globalAlpha = how.alpha;
  ctx.fillStyle = ctx.strokeStyle = colours.get(how.slot);
  ctx.lineWidth = LINE_WIDTH * devicePixelRatio;
  if (how.isDense) drawBars(ctx, values, y, bbox, isDashed(how.slot));
  else strokeLine(ctx, values, x, y, isDashed(how.slot));
  for (const slot of how.dots) {
    ctx.beginPath();
    ctx.arc(x(slot), y(values[slot]), 2.5 * devicePixelRatio, 0, 2 * Math.PI);
    ctx.fill();
  }
  ctx.restore();
}

/** The pixel of a value, in the canvas. */
function pixelOf({ min, max, distr }, { top, height }) {
  const to = distr === 3 ? Math.log : Number;
  const [low, high] = [to(min), to(max)];
  return (value) => top + height * (1 - (to(value) - low) / (high - low || 1));
}

function strokeLine(ctx, values, x, y, dashed) {
  ctx.lineJoin = "bevel";
  ctx.setLineDash(dashed ? [7 * devicePixelRatio, 4 * devicePixelRatio] : []);
  ctx.beginPath();
  let isDown = false;
  for (let slot = 0; slot < values.length; slot++) {
    const value = values[slot];
    if (value === undefined) continue;
    if (value === null) isDown = false;
    else if (isDown) ctx.lineTo(x(slot), y(value));
    else ctx.moveTo(x(slot), y(value));
    isDown = value !== null;
  }
  ctx.stroke();
}

function drawBars(ctx, values, y, { left, width }, dashed) {
  const columns = (values.length - 2) / 2;
  const wide = width / columns;
  const room = ctx.lineWidth / 2;
  let before = null; // {column, y} of what was drawn last
  const bar = (column, top, bottom) => dashed && column % 11 > 6 ? undefined : ctx.fillRect(left + column * wide, top - room, wide, bottom - top + 2 * room);
  for (let column = 0; column < columns; column++) {
    const [first, second] = [values[2 * column + 1], values[2 * column + 2]];
    if (first === undefined && second === undefined) continue;
    const [from, to] = [first ?? second, second ?? first];
    if (from === null || from === undefined) {
      before = null;
      continue;
    }
    const [begin, end] = [y(from), y(to)];
    let [top, bottom] = begin < end ? [begin, end] : [end, begin];
    if (before) {
      // What lies between is a straight line, and this column begins where the one before ended.
      for (let between = before.column + 1; between < column; between++) {
        const at = before.y + ((begin - before.y) * (between - before.column)) / (column - before.column);
        bar(between, at, at);
      }
      if (column === before.column + 1) [top, bottom] = [Math.min(top, before.y), Math.max(bottom, before.y)];
    }
    bar(column, top, bottom);
    before = first === null || second === null ? null : { column, y: end };
  }
}

function axisOptions(axis) {
  if (axis === "time") return { values: TIME_TEXTS };
  if (axis === "elapsed") return { incrs: DURATION_STEPS, values: (plot, ticks, number, space, step) => durationTexts(ticks, step) };
  return { incrs: WHOLE_STEPS, values: (plot, ticks, number, space, step) => tickTexts(ticks, step) };
}

function valueOptions(unit) {
  return { values: (plot, ticks, number, space, step) => tickTexts(ticks, step, unit) };
}

/** Ticks of a logarithmic axis that have a text: powers of ten, and more where few of them are in view. */
function logTicks(plot, ticks) {
  const shown = ticks.filter((tick) => tick !== null);
  const decades = Math.log10(shown.at(-1) / shown[0]);
  const digits = decades > 2 ? [1] : decades > 0.9 ? [1, 2, 5] : decades > 0.5 ? [1, 2, 3, 4, 6, 8] : null;
  return ticks.map((tick) => {
    const digit = tick / 10 ** Math.floor(Math.log10(tick) + 1e-9);
    return Math.abs(digit - Math.round(digit)) < 1e-6 && (!digits || digits.includes(Math.round(digit))) ? tick : null; // the first may be none
  });
}

/** uPlot gives null for ticks of a logarithmic axis that have no room for a text. */
function logTexts(unit) {
  return (plot, ticks) => ticks.map((tick) => (tick === null ? "" : unit ? unitText(tick, unit) : shownNumber(tick)));
}

/** Wide enough for the longest text; never narrower than before, or the lines would jump as data comes. */
function axisWidth(plot, texts, number) {
  const wanted = 14 + 7 * Math.max(4, ...(texts ?? []).map((text) => (text ?? "").length));
  plot.widest = Math.max(plot.widest ?? 0, Math.ceil(wanted / 7) * 7);
  return plot.widest;
}

/** The index beside the cursor where a line has a point; null if it has none near. */
function nearestDrawn(values, index) {
  for (let away = 0; away < values.length; away++) {
    if (typeof values[index - away] === "number") return index - away;
    if (typeof values[index + away] === "number") return index + away;
    if (index - away < 0 && index + away >= values.length) return null;
  }
  return null;
}

function selected(plot, select) {
  const { left, width } = plot.select;
  if (width < 4) return;
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  select([plot.posToVal(left, "x"), plot.posToVal(left + width, "x")]);
}

/** What a mouse, a wheel and fingers do beside what uPlot knows: shift and drag moves, ctrl and wheel zooms, two fingers zoom. */
function bindPlot(plot, { move, reset }) {
  const over = plot.over;
  const share = (pixels) => pixels / (over.clientWidth || 1);
  over.addEventListener("dblclick", reset);
  over.addEventListener("wheel", (event) => {
    if (event.ctrlKey || event.metaKey) move(0, Math.exp(Math.max(-50, Math.min(50, event.deltaY)) / 100), share(event.offsetX));
    else if (Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey) move(share(event.deltaX || event.deltaY));
    else return; // the page scrolls
    event.preventDefault();
  }, { passive: false });
  const held = new Map(); // of each finger or button that is down: where it is
  over.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse" && !isPan(event)) return;
    held.set(event.pointerId, event.clientX);
    over.setPointerCapture(event.pointerId);
    if (event.pointerType === "mouse") event.preventDefault();
  });
  over.addEventListener("pointermove", (event) => {
    if (!held.has(event.pointerId)) return;
    const before = [...held.values()];
    held.set(event.pointerId, event.clientX);
    const now = [...held.values()];
    if (now.length === 1) return move(share(before[0] - now[0]));
    const [wasApart, isApart] = [before, now].map(([a, b]) => Math.max(20, Math.abs(a - b)));
    move(0, wasApart / isApart, share((now[0] + now[1]) / 2 - over.getBoundingClientRect().left));
  });
  for (const end of ["pointerup", "pointercancel"]) over.addEventListener(end, (event) => held.delete(event.pointerId));
}
