"use strict";

// How a chart is drawn: colours, axes, lines, and what mouse and fingers do with them. uPlot draws all but the lines.

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
