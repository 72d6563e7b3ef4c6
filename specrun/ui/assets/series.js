"use strict";

// Points of a metric, and what is drawn of them: numbers in, numbers out, nothing of a page. All points are kept; what is drawn
// is at most two for each pixel of what is in view, the least and the greatest there, so that no spike is lost.

/** A metric's points, in the order in which they were logged: typed columns that grow. */
function emptySeries() {
  return { length: 0, version: 0, step: new Float64Array(64), time: new Float64Array(64), value: new Float64Array(64) };
}

/** Takes points that belong behind the first `from`; those that are there already are passed over. Whether anything was new. */
function append(series, { from = series.length, step, time, value }) {
  if (from > series.length) return false; // some between are missing: they come with the next answer
  const skipped = series.length - from;
  const added = value.length - skipped;
  if (added <= 0) return false;
  if (series.length + added > series.value.length) grow(series, series.length + added);
  for (let i = 0; i < added; i++) {
    series.step[series.length + i] = numeric(step[skipped + i]);
    series.time[series.length + i] = numeric(time[skipped + i]);
    series.value[series.length + i] = numeric(value[skipped + i]);
  }
  series.length += added;
  series.version += 1;
  return true;
}

function grow(series, needed) {
  const room = Math.max(needed, series.value.length * 2);
  for (const column of ["step", "time", "value"]) {
    const wider = new Float64Array(room);
    wider.set(series[column].subarray(0, series.length));
    series[column] = wider;
  }
}

/** JSON has no NaN: it comes as a word, and nothing as null. */
function numeric(value) {
  return value === null || value === undefined ? NaN : Number(value);
}

/** x and y of a series for an axis (step, elapsed, time), by growing x; `counted` where steps say nothing and points are counted. */
function along(series, axis, started = NaN) {
  const { length } = series;
  let y = series.value.subarray(0, length);
  let x = (axis === "step" ? series.step : series.time).subarray(0, length);
  const isCounted = axis === "step" && length > 1 && x.every((step) => step === x[0] || Number.isNaN(step));
  if (isCounted) x = Float64Array.from({ length }, (_, i) => i);
  if (axis === "elapsed") x = x.map((time) => time - (Number.isFinite(started) ? started : series.time[0]));
  if (!isGrowing(x)) {
    // A run that began again at a checkpoint logs steps a second time; a point without an x is nowhere.
    const order = Array.from(x.keys()).filter((i) => Number.isFinite(x[i]));
    order.sort((a, b) => x[a] - x[b] || a - b);
    [x, y] = [Float64Array.from(order, (i) => x[i]), Float64Array.from(order, (i) => y[i])];
  }
  return { x, y, counted: isCounted };
}

function isGrowing(x) {
  for (let i = 0; i < x.length; i++) if (!(i === 0 ? Number.isFinite(x[0]) : x[i] >= x[i - 1] && x[i] < Infinity)) return false;
  return true;
}

/** As TensorBoard smooths: an exponential mean without the pull of its beginning; what is no number stays, and moves nothing. */
function smoothed(values, weight) {
  if (!(weight > 0)) return values;
  const result = new Float64Array(values.length);
  let mean = 0;
  let seen = 0;
  let decay = 1;
  let first = NaN;
  let isConstant = true;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!Number.isFinite(value)) {
      result[i] = value;
      continue;
    }
    if (seen === 0) first = value;
    if (value !== first) isConstant = false;
    seen += 1;
    decay *= weight;
    mean = mean * weight + (1 - weight) * value;
    result[i] = isConstant ? value : mean / (1 - decay);
  }
  return result;
}

/** The first index whose x is not below `value`; x.length if there is none. */
function lowerBound(x, value) {
  let low = 0;
  let high = x.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The index whose x is nearest; -1 without points. */
function nearest(x, value) {
  const after = lowerBound(x, value);
  if (after === 0) return x.length ? 0 : -1;
  return after === x.length || value - x[after - 1] <= x[after] - value ? after - 1 : after;
}

/** The x of what sampled() gives: both edges, and two in each of `pixels` buckets between. */
function grid(min, max, pixels) {
  const x = new Float64Array(2 * pixels + 2);
  const half = (max - min) / (2 * pixels);
  x[0] = min;
  for (let i = 0; i < 2 * pixels; i++) x[i + 1] = min + half * (i + 0.5);
  x[2 * pixels + 1] = max;
  return x;
}

/**
 * What is drawn of points between min and max, on grid(min, max, pixels): numbers, null where the line has a gap, undefined where it
 * goes on. `dots` are the places to mark: all where there are few, else those that no line leads to; `isDense` says that there are many
 * more points than pixels. `left` is how many points a logarithmic axis cannot show.
 */
function sampled(x, y, min, max, pixels, isLog = false) {
  const values = new Array(2 * pixels + 2).fill(undefined);
  const width = (max - min) / pixels || 1;
  const first = lowerBound(x, min);
  const floor = isLog ? 0 : -Infinity;
  let end = lowerBound(x, max);
  while (end < x.length && x[end] === max) end += 1;
  let left = 0;
  let drawn = 0;
  let bucket = -1;
  for (let i = first; i < end; ) {
    const here = Math.min(pixels - 1, Math.max(bucket + 1, Math.floor((x[i] - min) / width)));
    const limit = here === pixels - 1 ? Infinity : min + (here + 1) * width;
    let low = -1;
    let high = -1; // indices of the least and the greatest in the bucket
    let gaps = 0;
    const from = i;
    do {
      const value = y[i];
      if (value > floor && value < Infinity) {
        if (low < 0) low = high = i;
        else if (value < y[low]) low = i;
        else if (value > y[high]) high = i;
      } else {
        gaps += 1;
        if (value > -Infinity && value < Infinity) left += 1;
      }
      i += 1;
    } while (i < end && x[i] < limit);
    drawn += i - from - gaps;
    const slot = 2 * here + 1;
    // A gap shows where nothing is drawn beside it: where the bucket before or this one has room for it.
    if (gaps && low > from && here > bucket + 1) values[slot - 1] ??= null;
    if (low < 0) values[slot] = null;
    else if (low === high) {
      const isRight = x[low] - min >= (here + 0.5) * width;
      values[isRight ? slot + 1 : slot] = y[low];
      if (gaps) values[isRight ? slot : slot + 1] = null;
    } else {
      values[slot] = y[Math.min(low, high)];
      values[slot + 1] = y[Math.max(low, high)];
      if (gaps && i < end && x[i] >= limit + width) values[slot + 2] = null;
    }
    bucket = here;
  }
  if (first > 0 && first < x.length) values[0] = between(x, y, first - 1, first, min, isLog);
  if (end > 0 && end < x.length) values[2 * pixels + 1] = between(x, y, end - 1, end, max, isLog);
  return { values, dots: dotsOf(values, drawn <= pixels / 8), isDense: drawn > 3 * pixels, left };
}

/** The y of the straight line from point i to point j, at `where`; null where it has none. */
function between(x, y, i, j, where, isLog) {
  const [from, to] = isLog ? [Math.log(y[i]), Math.log(y[j])] : [y[i], y[j]];
  const value = from + ((to - from) * (where - x[i])) / (x[j] - x[i] || 1);
  return Number.isFinite(value) ? (isLog ? Math.exp(value) : value) : null;
}

/** Indices to mark; the edges are no points. */
function dotsOf(values, areFew) {
  const dots = [];
  let before = null; // what stands before, but for what is undefined
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value === undefined) continue;
    const isPoint = value !== null && i > 0 && i < values.length - 1;
    if (isPoint && (areFew || (before === null && nextOf(values, i) === null))) dots.push(i);
    before = value;
  }
  return dots;
}

function nextOf(values, i) {
  for (let j = i + 1; j < values.length; j++) if (values[j] !== undefined) return values[j];
  return null;
}

/** {count, least, greatest, last, gaps} of values; those that are no numbers are the gaps. */
function extent(values) {
  const found = { count: 0, least: Infinity, greatest: -Infinity, last: NaN, gaps: 0 };
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!Number.isFinite(value)) {
      found.gaps += 1;
      continue;
    }
    found.count += 1;
    found.last = value;
    if (value < found.least) found.least = value;
    if (value > found.greatest) found.greatest = value;
  }
  return found;
}

// Ticks.

/** Texts of an axis's ticks, alike in their decimals; a unit is bytes, percent, or none. */
function tickTexts(ticks, step, unit = "") {
  const greatest = Math.max(...ticks.filter(Number.isFinite).map(Math.abs), 0);
  if (unit === "bytes") return ticks.map((tick) => (tick === null ? "" : sizeTick(tick)));
  const isFar = greatest >= 1e7 || (greatest > 0 && step < 1e-4);
  const decimals = decimalsOf(step);
  const text = (tick) => (isFar ? (tick === 0 ? "0" : exponent(tick, step)) : decimals || greatest < 1e4 ? tick.toFixed(decimals) : shownCount(Math.round(tick)));
  return ticks.map((tick) => (tick === null || tick === undefined ? "" : text(tick) + (unit === "percent" ? " %" : "")));
}

/** How many decimals a step has: 1 for 0.5, 2 for 0.25. */
function decimalsOf(step) {
  for (let decimals = 0; decimals < 6; decimals++) if (Math.abs(Math.round(step * 10 ** decimals) - step * 10 ** decimals) < 1e-6) return decimals;
  return 6;
}

/** 1.25e-5, with as many digits as a step needs. */
function exponent(value, step) {
  const digits = Math.max(0, Math.min(6, Math.floor(Math.log10(Math.abs(value)) + 1e-9) - Math.floor(Math.log10(step) + 1e-9)));
  return value.toExponential(digits).replace("e+", "e");
}

function sizeTick(bytes) {
  const size = Math.abs(bytes);
  const unit = size >= 1e12 ? 4 : size >= 1e9 ? 3 : size >= 1e6 ? 2 : size >= 1e3 ? 1 : 0;
  return `${Number((bytes / 1000 ** unit).toPrecision(3))} ${["B", "kB", "MB", "GB", "TB"][unit]}`;
}

const DURATION_STEPS = [
  ...[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800],
  ...[21600, 43200, 86400, 172800, 432000, 864000, 1728000, 4320000, 8640000],
];

/** Texts of ticks of elapsed time: 1.5 s, 2:30, 1:02:30, 2 d 3 h. */
function durationTexts(ticks, step) {
  const longest = Math.max(...ticks.map(Math.abs), 0);
  return ticks.map((tick) => durationTick(tick, step, longest));
}

function durationTick(seconds, step, longest) {
  const sign = seconds < 0 ? "-" : "";
  const size = Math.abs(seconds);
  if (longest < 60) return `${sign}${step < 1 ? size.toFixed(Math.min(3, decimalsOf(step))) : Math.round(size)} s`;
  const whole = Math.round(size);
  const [days, hours, minutes] = [Math.floor(whole / 86400), Math.floor((whole % 86400) / 3600), Math.floor((whole % 3600) / 60)];
  if (longest >= 172800) return `${sign}${days} d${step < 86400 && hours ? ` ${hours} h` : ""}`;
  if (longest < 3600) return `${sign}${minutes}:${two(whole % 60)}`;
  return `${sign}${days * 24 + hours}:${two(minutes)}${step < 60 ? `:${two(whole % 60)}` : ""} h`;
}
