"use strict";

// What differs between two runs: parameters, code line by line, data, and what became of them.

const SECTIONS = {
  parameters: "Parameters",
  command: "Command",
  environment: "Environment",
  environment_variables: "Environment variables",
  inputs: "Inputs",
  outputs: "Outputs",
  distribution: "Processes",
  sweep: "Sweep",
  place: "Where",
  origin: "Origin",
};
const CHANGES = {
  added: { sign: "+", word: "added", tone: "add" },
  gone: { sign: "-", word: "gone", tone: "gone" },
  changed: { sign: "~", word: "changed", tone: "change" },
  mode: { sign: "~", word: "with another mode", tone: "change" },
  renamed: { sign: "→", word: "renamed", tone: "change" },
};
const OPEN_UNTIL = 120; // lines of a file's diff that are shown without being asked for
const LINES_AT_ONCE = 1500;
const FILES_AT_ONCE = 200;

/** Against the run before it, or another one. */
function changesPanel(context, name, { query, go, known }) {
  let stop = null;
  let panel = null;
  let shown = null;
  let asked = query;
  let previous;
  const place = h("div", {});
  const other = h("input", { type: "text", "aria-label": "Name of another run", placeholder: "Name of another run", list: "sr-runs", spellcheck: "false" });
  other.addEventListener("change", () => go({ with: other.value.trim() }));
  const element = h("div", {}, h("div", { class: "sr-bar sr-with" }, h("span", { class: "sr-muted" }, "Compared with"), other), place);

  function show() {
    const wanted = asked.with || previous;
    if (wanted === shown || wanted === undefined) return;
    shown = wanted;
    panel?.close?.();
    panel = null;
    if (document.activeElement !== other) other.value = wanted ?? "";
    if (wanted === null) return void refill(place, emptyState("The first of its kind", h("p", {}, "There is no run of this spec before it. Type the name of another run to compare it with.")));
    panel = differencePanel(context, wanted, name);
    refill(place, panel.element);
    panel.shown?.();
  }

  stop = known.listen((info) => {
    previous = info.previous ?? null;
    show();
  });
  show();
  return { element, update: (now) => ((asked = now), show()), close: () => (stop?.(), panel?.close?.()) };
}

/** What differs in run b from run a. */
function differencePanel(context, a, b) {
  const element = h("div", { class: "sr-difference", "aria-live": "off" }, h("p", { class: "sr-muted" }, "Comparing …"));
  let isOpen = true;
  context.source.get("diff", { a, b }).then(
    (value) => isOpen && refill(element, differenceOf(context, value)),
    (error) => isOpen && refill(element, problem(error)),
  );
  return { element, close: () => (isOpen = false) };
}

function differenceOf(context, found) {
  const { fields = [], code, environment, data = [], results = [], notes = [] } = found;
  const sections = [...new Set(fields.map(({ section }) => section))];
  const changedData = data.filter(({ files }) => files.length);
  const isSilent = !fields.length && !code?.files.length && !environment?.files.length && !changedData.length;
  return [
    h("p", { class: "sr-diff-heads" }, sideOf(context, found.before), h("span", { "aria-label": "to" }, "→"), sideOf(context, found.after)),
    notes.map((note) => h("p", { class: "sr-note" }, note)),
    found.same ? h("p", {}, "The same spec, code and data: two attempts at one fingerprint.") : isSilent && code ? h("p", {}, "Nothing differs that specrun knows of.") : null,
    sections.map((name) => diffPart(SECTIONS[name] ?? name, null, fieldList(fields.filter(({ section }) => section === name)))),
    changedData.map((one) => diffPart(`Data: ${one.input}`, filesCounted(one), fileList(one))),
    environment?.files.length ? diffPart("Files of the environment", filesCounted(environment), environment.files.map(fileDiff), leftOut(environment)) : null,
    code === null || code === undefined ? diffPart("Code", null, h("p", { class: "sr-muted" }, "The code of one of them is not known.")) : null,
    code?.files.length ? diffPart("Code", filesCounted(code), code.files.slice(0, FILES_AT_ONCE).map(fileDiff), leftOut(code, FILES_AT_ONCE)) : null,
    results.length ? diffPart("Results", null, resultsTable(results, found)) : null,
  ];
}

function sideOf(context, { name, status }) {
  return h("span", { class: "sr-diff-head" }, inside(context, `/runs/${encodeURIComponent(name)}`, {}, name), " ", statusBadge(status));
}

function diffPart(title, note, ...content) {
  return h("section", { class: "sr-diff-part" }, h("h3", {}, title, note ? h("span", { class: "sr-diff-count" }, ` ${note}`) : null), content);
}

function filesCounted({ counts = {}, unchanged = 0 }) {
  return [...Object.entries(counts).filter(([, count]) => count).map(([change, count]) => `${shownCount(count)} ${CHANGES[change]?.word ?? change}`), `${shownCount(unchanged)} unchanged`].join(", ");
}

function leftOut({ files, left_out: more = 0 }, most = Infinity) {
  const hidden = more + Math.max(0, files.length - most);
  return hidden ? h("p", { class: "sr-muted" }, `and ${counted(hidden, "more file", "more files")}`) : null;
}

// Fields.

function fieldList(fields) {
  return h("ul", { class: "sr-diff-fields" }, fields.map(({ section, name, before, after }) => {
    const [was, is] = [before, after].map(fieldText);
    const isLong = was.length + is.length > 90 || `${was}${is}`.includes("\n");
    const label = name && name !== section ? h("span", { class: "sr-diff-name" }, visibleText(name)) : null;
    const parts = markedPair(was, is);
    const [gone, added] = [[before, was, parts.before, "sr-gone", "-"], [after, is, parts.after, "sr-new", "+"]].map(([value, , marked, tone, sign]) =>
      value === null ? (isLong ? null : h("span", { class: "sr-muted" }, "not there")) : h(isLong ? "pre" : "span", { class: tone }, isLong ? `${sign} ` : "", marked));
    return h("li", { class: isLong ? "sr-diff-long" : null }, label, isLong ? [gone, added] : [gone, " → ", added]);
  }));
}

function fieldText(value) {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value) && value.every((one) => typeof one !== "object")) return visibleText(value.join(", "));
  return visibleText(typeof value === "object" ? JSON.stringify(value, null, 1) : String(value));
}

/** Two texts with what they do not share marked: {before, after}, lists of texts and elements. */
function markedPair(before, after) {
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < most - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1;
  // Whole words and numbers: nobody reads half of one.
  const isWord = (sign) => sign !== undefined && /[\w.]/.test(sign);
  while (start > 0 && isWord(before[start - 1]) && (isWord(before[start]) || isWord(after[start]))) start -= 1;
  while (end > 0 && isWord(before[before.length - end]) && (isWord(before[before.length - end - 1]) || isWord(after[after.length - end - 1]))) end -= 1;
  if (start + end < 3 || start + end < most * 0.4) return { before: [before], after: [after] }; // too little is alike
  const parts = (text) => [text.slice(0, start), h("mark", { class: "sr-diff-mark" }, text.slice(start, text.length - end)), text.slice(text.length - end)];
  return { before: parts(before), after: parts(after) };
}

/** Signs that no one sees, or that turn the order of what follows, as their numbers: a line is what it says. */
function visibleText(text) {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g, (sign) => `⟨${sign.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);
}

// Files.

/** Files of data: names and sizes. */
function fileList(found) {
  return [
    h("ul", { class: "sr-names" }, found.files.slice(0, FILES_AT_ONCE).map((file) => {
      const { sign, tone } = CHANGES[file.change] ?? { sign: "?", tone: "change" };
      return h("li", {}, h("span", { class: `sr-act sr-act-${tone}` }, sign), ` ${visibleText(file.path)} `, h("span", { class: "sr-muted" }, fileNote(file)));
    })),
    leftOut(found, FILES_AT_ONCE),
  ];
}

function fileNote({ from, before, after, note, change }) {
  const sizes = [before?.size, after?.size].filter((size) => size !== null && size !== undefined).map(shownSize);
  return [from ? `from ${visibleText(from)}` : "", change === "mode" ? "with another mode" : "", [...new Set(sizes)].join(" → "), note ?? ""].filter(Boolean).join(", ");
}

/** A file of code with its lines; large ones are folded. */
function fileDiff(file) {
  const { sign, word, tone } = CHANGES[file.change] ?? { sign: "?", word: file.change, tone: "change" };
  const head = [
    h("span", { class: `sr-act sr-act-${tone}`, title: word }, sign), " ", h("span", { class: "sr-diff-path" }, visibleText(file.path)),
    h("span", { class: "sr-muted" }, ` ${[word, file.from ? `from ${visibleText(file.from)}` : "", file.note ?? ""].filter(Boolean).join(", ")}`),
    file.diff ? h("span", { class: "sr-diff-lines" }, h("span", { class: "sr-new" }, `+${file.added}`), " ", h("span", { class: "sr-gone" }, `-${file.removed}`)) : null,
  ];
  if (!file.diff) return h("div", { class: "sr-diff-file sr-diff-whole" }, head);
  const lines = diffLines(file.diff);
  const place = h("div", { class: "sr-diff-scroll", tabindex: "0", role: "region", "aria-label": `Changes of ${file.path}` });
  let shown = 0;
  const fill = () => {
    place.querySelector("button")?.remove();
    const part = lines.slice(shown, shown + LINES_AT_ONCE);
    shown += part.length;
    put(place, [linesTable(part), shown < lines.length ? button(`${shownCount(lines.length - shown)} more lines`, fill) : null]);
  };
  const isShort = lines.length <= OPEN_UNTIL;
  if (isShort) fill();
  return h("details", { class: "sr-diff-file", open: isShort, ontoggle: (event) => event.target.open && !shown && fill() }, h("summary", {}, head), place);
}

/** Lines of a unified diff: [{kind: "hunk" | "same" | "gone" | "added" | "note", before, after, text}], with the lines' numbers. */
function diffLines(text) {
  const lines = [];
  let [before, after] = [0, 0];
  for (const line of text.replace(/\n$/, "").split("\n")) {
    const hunk = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@(.*)$/.exec(line);
    if (hunk) {
      [before, after] = [Number(hunk[1]), Number(hunk[2])];
      lines.push({ kind: "hunk", before: null, after: null, text: hunk[3].trim() });
    } else if (line.startsWith("-")) lines.push({ kind: "gone", before: before++, after: null, text: line.slice(1) });
    else if (line.startsWith("+")) lines.push({ kind: "added", before: null, after: after++, text: line.slice(1) });
    else if (line.startsWith("\\")) lines.push({ kind: "note", before: null, after: null, text: line.slice(1).trim() });
    else lines.push({ kind: "same", before: before++, after: after++, text: line.slice(1) });
  }
  return lines;
}

const LINE_SIGNS = { hunk: "", same: " ", gone: "-", added: "+", note: "" };

function linesTable(lines) {
  const marked = pairedLines(lines);
  return h("table", { class: "sr-diff-table" }, h("tbody", {}, lines.map(({ kind, before, after, text }, at) =>
    h("tr", { class: `sr-line-${kind}` },
      h("td", { class: "sr-line-number", dataset: { n: before ?? "" } }),
      h("td", { class: "sr-line-number", dataset: { n: after ?? "" } }),
      h("td", { class: "sr-line-text" }, h("span", { class: "sr-line-sign" }, LINE_SIGNS[kind]), kind === "hunk" ? `⋯ ${visibleText(text)}` : marked.get(at) ?? visibleText(text))))));
}

/** Where as many lines came as went, they are the same lines changed: index -> what is shown of it. */
function pairedLines(lines) {
  const marked = new Map();
  for (let at = 0; at < lines.length; ) {
    if (lines[at].kind !== "gone") {
      at += 1;
      continue;
    }
    const gone = at;
    while (lines[at]?.kind === "gone") at += 1;
    const added = at;
    while (lines[at]?.kind === "added") at += 1;
    if (added - gone !== at - added) continue;
    for (let n = 0; n < added - gone; n++) {
      const pair = markedPair(visibleText(lines[gone + n].text), visibleText(lines[added + n].text));
      marked.set(gone + n, pair.before).set(added + n, pair.after);
    }
  }
  return marked;
}

// Results.

function resultsTable(results, { before, after }) {
  return h("div", { class: "sr-table-scroll" }, h("table", { class: "sr-plain" },
    h("thead", {}, h("tr", {}, h("td", {}), h("th", { scope: "col", class: "sr-number" }, before.name), h("th", { scope: "col", class: "sr-number" }, after.name), h("th", { scope: "col", class: "sr-number" }, "Difference"))),
    h("tbody", {}, results.map(({ name, before: was, after: is, difference, unit }) => h("tr", {},
      h("th", { scope: "row" }, name), [was, is].map((value) => h("td", { class: "sr-number", title: typeof value === "number" ? String(value) : null }, resultText(name, value, unit))),
      h("td", { class: "sr-number" }, difference === null || difference === undefined || difference === 0 ? "" : `${Number(difference) > 0 ? "+" : "−"}${resultText(name, typeof difference === "number" ? Math.abs(difference) : difference, unit)}`))))));
}

function resultText(name, value, unit) {
  if (value === null || value === undefined) return "–";
  if (name === "status" && unit === null) return statusBadge(value);
  if (typeof value !== "number") return String(value);
  if (unit === "s") return shownDuration(value);
  return unit && unit !== "metric" ? `${value.toFixed(2)} ${unit}` : shownNumber(value);
}
