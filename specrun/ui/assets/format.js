"use strict";

// Numbers, times and sizes as text; all of them short, and of one width where they stand below each other.

/** A metric's or parameter's value: at most five digits that count, never a long tail. */
function shownNumber(value) {
  if (value === null || value === undefined) return "";
  if (typeof value !== "number") return String(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e7) return String(value);
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1e7 || size < 1e-3) return value.toExponential(3).replace(/\.?0+e/, "e").replace("e+", "e");
  return String(Number(value.toPrecision(5)));
}

/** Any scalar. */
function shownValue(value) {
  return typeof value === "number" ? shownNumber(value) : value === null || value === undefined ? "" : String(value);
}

/** 4.2 s, 3 min 20 s, 2 h 05 min, 3 d 4 h */
function shownDuration(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "";
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.floor(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
}

function two(number) {
  return String(number).padStart(2, "0");
}

/** Milliseconds of a moment: Unix seconds or RFC 3339; NaN for none. */
function momentOf(value) {
  if (value === null || value === undefined || value === "") return NaN;
  return typeof value === "number" ? value * 1000 : Date.parse(value);
}

/** 14:05:12 of today, 29 Nov 14:05 of this year, 2025-11-29 14:05; in this reader's time. */
function shownMoment(value, now = Date.now()) {
  const when = new Date(momentOf(value));
  if (Number.isNaN(when.getTime())) return "";
  const today = new Date(now);
  if (when.toDateString() === today.toDateString()) return `${clock(when)}:${two(when.getSeconds())}`;
  if (when.getFullYear() === today.getFullYear()) return `${when.getDate()} ${MONTHS[when.getMonth()]} ${clock(when)}`;
  return `${when.getFullYear()}-${two(when.getMonth() + 1)}-${two(when.getDate())} ${clock(when)}`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function clock(when) {
  return `${two(when.getHours())}:${two(when.getMinutes())}`;
}

/** With milliseconds, for a line of a log. */
function shownInstant(value) {
  const when = new Date(momentOf(value));
  if (Number.isNaN(when.getTime())) return "";
  return `${clock(when)}:${two(when.getSeconds())}.${String(when.getMilliseconds()).padStart(3, "0")}`;
}

/** just now, 3 min ago, 2 h ago, 5 d ago */
function shownAgo(value, now = Date.now()) {
  const seconds = (now - momentOf(value)) / 1000;
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 10) return "just now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} d ago`;
}

/** 512 B, 3.4 kB, 1.2 GB: powers of ten, as the command line has them. */
function shownSize(bytes) {
  if (bytes === null || bytes === undefined) return "";
  if (bytes < 1000) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let size = bytes;
  let unit = -1;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`;
}

/** 1,234,567 */
function shownCount(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** "1 run", "3 runs" */
function counted(number, one, many = `${one}s`) {
  return `${shownCount(number)} ${number === 1 ? one : many}`;
}

// Statuses: a word, a colour's name, a sign (colour alone tells not everyone), and whether it goes on.

const STATUSES = {
  preparing: { tone: "wait", sign: "○" },
  queued: { tone: "wait", sign: "○" },
  waiting: { tone: "wait", sign: "○" },
  starting: { tone: "going", sign: "◐" },
  running: { tone: "going", sign: "●" },
  cancelling: { tone: "warn", sign: "◌" },
  succeeded: { tone: "ok", sign: "✓" },
  failed: { tone: "bad", sign: "✗" },
  timed_out: { tone: "bad", sign: "✗" },
  cancelled: { tone: "off", sign: "⊘" },
  stopped: { tone: "off", sign: "■" },
  preempted: { tone: "warn", sign: "↯" },
  lost: { tone: "warn", sign: "?" },
};

function statusOf(status) {
  const known = STATUSES[status] ?? { tone: "warn", sign: "!" };
  return { ...known, word: String(status ?? "unknown").replace(/_/g, " "), going: ["wait", "going"].includes(known.tone) || status === "cancelling" };
}
