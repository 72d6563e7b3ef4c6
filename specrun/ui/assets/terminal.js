"use strict";

// A line as a terminal would show it: colours and weights kept, `\r` and the moves of a progress bar carried out, everything else dropped.

const PLAIN = Object.freeze({});
// CSI …, OSC … (titles, links), DCS and its like …, one more sign with its argument, single controls.
const ESCAPE = /(?:\x1b\[|\x9b)([0-?]*)[ -/]*([@-~])|(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|$)|(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x1b\x9c]*(?:\x1b\\|\x9c|$)|\x1b[ -/]+[0-~]|\x1b[0-~]|\x1b$|[\x00-\x08\x0a-\x1f\x7f-\x9f]/g;
const CONTROLS = /[\x00-\x08\x0a-\x1f\x7f-\x9f]/;

/** [{text, look}] of a line; `look` is {} or {fg, bg, bold, dim, italic, underline, strike}, colours are 0–255 or [r, g, b]. */
function spansOf(line) {
  if (!CONTROLS.test(line)) return line ? [{ text: line, look: PLAIN }] : [];
  return /[\r\b]|(?:\x1b\[|\x9b)[0-?]*[@-lnL-Z`]/.test(line) ? overwritten(line) : coloured(line);
}

/** Its text alone. */
function plainText(line) {
  return CONTROLS.test(line) ? spansOf(line).map(({ text }) => text).join("") : line;
}

/** Colours only: pieces of text between the escapes. */
function coloured(line) {
  const spans = [];
  let look = PLAIN;
  let at = 0;
  const add = (text) => text && spans.push({ text, look });
  for (const found of line.matchAll(ESCAPE)) {
    add(line.slice(at, found.index));
    at = found.index + found[0].length;
    if (found[2] === "m") look = lookAfter(look, found[1]);
  }
  add(line.slice(at));
  return spans;
}

/** With moves: signs in cells, as on a screen. A mark that belongs to the sign before it stays in its cell. */
function overwritten(line) {
  const cells = [];
  let look = PLAIN;
  let column = 0;
  let at = 0;
  const write = (text) => {
    for (const sign of text) {
      if (column > 0 && cells[column - 1] && /^[\p{M}\u200d\ufe0f]$/u.test(sign)) cells[column - 1].text += sign;
      else cells[column++] = { text: sign, look };
    }
  };
  for (const found of line.matchAll(ESCAPE)) {
    write(line.slice(at, found.index));
    at = found.index + found[0].length;
    const [whole, given, final] = found;
    const number = Math.min(Number.parseInt(given, 10) || 0, 1000);
    if (whole === "\r") column = 0;
    else if (whole === "\b") column = Math.max(0, column - 1);
    else if (final === "m") look = lookAfter(look, given);
    else if (final === "C") column += Math.max(1, number);
    else if (final === "D") column = Math.max(0, column - Math.max(1, number));
    else if (final === "G") column = Math.max(0, number - 1);
    else if (final === "K" || final === "J") erase(cells, column, number);
  }
  write(line.slice(at));
  return joined(cells);
}

function erase(cells, column, which) {
  if (which === 0) cells.length = Math.min(cells.length, column);
  else for (let n = which === 1 ? column : cells.length - 1; n >= 0; n--) delete cells[n];
}

function joined(cells) {
  const spans = [];
  for (let n = 0; n < cells.length; n++) {
    const { text, look } = cells[n] ?? { text: " ", look: PLAIN };
    const last = spans.at(-1);
    if (last && last.look === look) last.text += text;
    else spans.push({ text, look });
  }
  return spans;
}

/** What a text looks like after `ESC [ … m`. */
function lookAfter(look, given) {
  const codes = given.split(/[;:]/).map((code) => Number.parseInt(code || "0", 10));
  let next = { ...look };
  for (let n = 0; n < codes.length; n++) {
    const code = codes[n];
    if (code === 38 || code === 48) {
      const [colour, used] = longColour(codes, n + 1);
      n += used;
      if (colour !== null) next[code === 38 ? "fg" : "bg"] = colour;
    } else next = changed(next, code);
  }
  return Object.keys(next).length ? next : PLAIN;
}

function longColour(codes, at) {
  if (codes[at] === 5) return [codes[at + 1] >= 0 && codes[at + 1] < 256 ? codes[at + 1] : null, 2];
  if (codes[at] !== 2) return [null, 1];
  const rgb = codes.slice(at + 1, at + 4);
  return [rgb.length === 3 && rgb.every((part) => part >= 0 && part < 256) ? rgb : null, 4];
}

function changed(look, code) {
  const next = { ...look };
  const drop = (...names) => names.forEach((name) => delete next[name]);
  if (code === 0) return {};
  if (code === 1) next.bold = true;
  else if (code === 2) next.dim = true;
  else if (code === 3) next.italic = true;
  else if (code === 4 || code === 21) next.underline = true;
  else if (code === 7) next.inverse = true;
  else if (code === 9) next.strike = true;
  else if (code === 22) drop("bold", "dim");
  else if (code === 23) drop("italic");
  else if (code === 24) drop("underline");
  else if (code === 27) drop("inverse");
  else if (code === 29) drop("strike");
  else if (code >= 30 && code < 38) next.fg = code - 30;
  else if (code === 39) drop("fg");
  else if (code >= 40 && code < 48) next.bg = code - 40;
  else if (code === 49) drop("bg");
  else if (code >= 90 && code < 98) next.fg = code - 82;
  else if (code >= 100 && code < 108) next.bg = code - 92;
  return next;
}

// Colours that can be read. The sixteen with names are the theme's; of all others the lightness is moved until they stand out.

/** [r, g, b] of one of the 256, from 16 on. */
function paletteColour(number) {
  if (number >= 232) return Array(3).fill(8 + (number - 232) * 10);
  const level = (part) => (part ? 55 + part * 40 : 0);
  const cube = number - 16;
  return [level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6)];
}

function luminance(rgb) {
  const [r, g, b] = rgb.map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** As WCAG has it: 1 to 21. */
function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

/** The colour, moved towards white or black until it has 4.5 on that background. */
function standingOut(rgb, background) {
  const goal = luminance(background) < 0.18 ? [255, 255, 255] : [0, 0, 0];
  for (let part = 0; part <= 1; part += 0.1) {
    const mixed = rgb.map((value, n) => Math.round(value + (goal[n] - value) * part));
    if (contrast(mixed, background) >= 4.5) return mixed;
  }
  return goal;
}

const LOG_GROUND = { light: [245, 246, 248], dark: [26, 30, 37] }; // --surface

/** A span of a line as an element, or a text where it has no look of its own. */
function spanElement(text, look, theme) {
  if (look === PLAIN) return document.createTextNode(text);
  const classes = ["bold", "dim", "italic", "underline", "strike"].filter((name) => look[name]).map((name) => `sr-t-${name}`);
  const element = h("span", {}, text);
  let { fg, bg } = look;
  if (look.inverse) [fg, bg] = [bg, fg ?? "text"];
  if (bg !== undefined) paintGround(element, classes, bg, fg);
  else if (typeof fg === "number" && fg < 16) classes.push(`sr-a-${fg}`);
  else if (fg !== undefined) styled(element, { color: css(standingOut(rgbOf(fg), LOG_GROUND[theme])) });
  if (classes.length) element.className = classes.join(" ");
  return element;
}

/** A ground of its own decides the text's colour, unless the one that was asked for can be read on it. */
function paintGround(element, classes, bg, fg) {
  if (bg === "text" || (typeof bg === "number" && bg < 16)) {
    classes.push(`sr-b-${bg}`);
    return;
  }
  const ground = rgbOf(bg);
  const readable = fg !== undefined && (typeof fg !== "number" || fg > 15) && contrast(rgbOf(fg), ground) >= 4.5;
  const text = readable ? rgbOf(fg) : contrast([0, 0, 0], ground) >= 4.5 ? [0, 0, 0] : [255, 255, 255];
  styled(element, { color: css(text), backgroundColor: css(ground) });
}

function rgbOf(colour) {
  return Array.isArray(colour) ? colour : paletteColour(colour);
}

function css(rgb) {
  return `rgb(${rgb.join(" ")})`;
}
