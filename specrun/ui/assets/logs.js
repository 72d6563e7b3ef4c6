"use strict";

// The logs of a run: followed live, searched, of one role or all.

const ROW = 19; // pixels of a line

/** {element, update(query), close(), shown()} */
function logsPanel(context, name, { query, go }) {
  const stops = several();
  const path = `runs/${name}/logs`;
  let role = query.role ?? "";
  let state = { total: 0, open: [], roles: [], complete: false, first_error: null };
  let following = query.line === undefined && !query.q;
  let marked = query.line === undefined ? null : Number(query.line) - 1;
  let search = query.q ?? "";
  let lines = null;
  let watching = null;
  let arrived = false;

  const rows = endlessRows({ rowHeight: ROW, draw, moved, label: "Log" });
  rows.element.setAttribute("role", "log");
  rows.element.setAttribute("aria-live", "off"); // a log that is read aloud as it comes is no log
  rows.element.setAttribute("aria-label", `Log of ${name}`);

  // What can be done.
  const roles = choice("Role", [["", "All roles"]], role, (value) => go({ role: value, line: "" }));
  const box = h("input", { type: "search", "aria-label": "Search the log", placeholder: "Search, or /re/", class: "sr-log-search", spellcheck: "false", autocomplete: "off", value: search });
  const found = h("span", { class: "sr-muted sr-found", role: "status" });
  const before = button("↑", () => step(true), { "aria-label": "The match before", title: "The match before (N)" });
  const after = button("↓", () => step(false), { "aria-label": "Next match", title: "Next match (n)" });
  const follow = toggle("Follow", following, (on) => setFollowing(on), { title: "Stay at the end (f)" });
  const wrap = toggle("Wrap", remembered("wrap", false), (on) => (remember("wrap", on), rows.setWrapped(on)), { title: "Break long lines (w)" });
  const times = toggle("Times", remembered("times", false), (on) => (remember("times", on), showTimes(on)), { title: "When each line came (d)" });
  const error = button("First error", () => goToLine(state.first_error), { hidden: true, title: "Jump to the first error (e)" });
  const download = h("a", { class: "sr-button", download: "" }, "Download");
  const onward = button("↓ Follow", () => setFollowing(true), { class: "sr-onward sr-do", hidden: true });
  const nothing = h("div", { class: "sr-log-empty sr-muted" });
  const said = h("div", { class: "sr-log-foot sr-muted" });
  const bar = h("div", { class: "sr-bar sr-log-bar sr-reserved" }, h("span", { class: "sr-search-group" }, box, before, after), roles, found, h("span", { class: "sr-space" }), error, follow, wrap, times, download);
  const element = h("div", { class: "sr-logs" }, bar, h("div", { class: "sr-log-frame" }, rows.element, nothing, onward), said);

  function showTimes(on) {
    rows.element.classList.toggle("sr-with-times", on);
    rows.redraw();
  }

  // Lines.

  function draw(n) {
    const open = n >= state.total;
    const line = open ? state.open[n - state.total] : lines.line(n);
    const text = h("span", { class: "sr-line-text" });
    const parts = [h("span", { class: "sr-line-n" }, open ? "" : n + 1)];
    if (line) {
      parts.push(h("span", { class: "sr-line-when" }, shownInstant(line.when)));
      if (!role && state.roles.length > 1) parts.push(h("span", { class: `sr-line-role sr-role-${state.roles.indexOf(line.role) % 8}` }, line.role));
      put(text, [...pieces(line.text ?? ""), line.cut ? h("span", { class: "sr-cut" }, ` … ${shownSize(line.cut)} in all: download the log to see it`) : null]);
    }
    const row = h("div", { class: `sr-line${n === marked ? " sr-marked" : ""}` }, parts, text);
    row.firstChild.addEventListener("click", () => go({ line: String(n + 1) }, { replace: true }));
    return row;
  }

  /** A line's text with its colours, and what was searched for marked in it. */
  function pieces(line) {
    const spans = spansOf(line);
    const hits = search ? matchesIn(spans.map(({ text }) => text).join(""), search) : [];
    const theme = context.theme();
    if (!hits.length) return spans.map(({ text, look }) => spanElement(text, look, theme));
    const nodes = [];
    let at = 0;
    for (const { text, look } of spans) {
      nodes.push(...cutAt(text, at, hits).map(([piece, hit]) => (hit ? h("mark", {}, piece) : spanElement(piece, look, theme))));
      at += text.length;
    }
    return nodes;
  }

  function came(first, last, problemThere) {
    if (problemThere) setText(said, problemThere.message);
    else rows.redraw(first, last);
  }

  function moved() {
    if (!lines) return;
    const [first, last] = rows.window();
    lines.want(Math.max(0, first - 40), Math.min(state.total, last + 40));
    if (arrived && following && !rows.isAtEnd()) setFollowing(false);
    onward.hidden = state.complete || rows.isAtEnd() || !arrived;
  }

  // The state: how many lines there are, and those that are not finished.

  function begin() {
    watching?.();
    lines?.close();
    arrived = false;
    lines = logLines(context.source, path, { role }, came);
    state = { ...state, total: 0, open: [] };
    rows.setTotal(0);
    watching = context.source.watch(`${path}/state`, { role }, take, (what, problemThere) => {
      if (what !== "refused") return;
      bar.classList.remove("sr-reserved");
      setText(nothing, problemThere.message);
    });
  }

  function take(value) {
    const openBefore = state.open.length;
    const totalBefore = state.total;
    state = { ...value, open: value.open ?? [] };
    lines.reach(state.total);
    styled(rows.element, { "--sr-digits": String(state.total).length });
    rows.setTotal(state.total + state.open.length, { follow: following });
    if (openBefore || state.open.length) rows.redraw(Math.min(totalBefore, state.total), state.total + state.open.length);
    roles.setOptions([["", state.roles.length > 1 ? `All ${state.roles.length} roles` : "All roles"], ...state.roles.map((one) => [one, one])], role);
    offer(roles, state.roles.length > 1 || role);
    offer(error, state.first_error !== null && state.first_error !== undefined);
    bar.classList.remove("sr-reserved");
    follow.hidden = state.complete;
    setText(nothing, state.total + state.open.length ? "" : state.complete ? "Nothing was printed." : "Nothing printed so far.");
    setText(said, `${counted(state.total, "line")}${state.complete ? "" : ", live"}`);
    const address = context.source.href(`runs/${name}/log.txt`, { role });
    download.hidden = !address;
    if (address) download.href = address;
    if (arrived) return;
    arrived = true;
    if (marked !== null) rows.goTo(marked);
    else if (search) step(false, 0);
    else rows.toEnd();
  }

  /** Show a control; one that may be wanted later has its room already. */
  function offer(control, wanted) {
    control.hidden = !wanted && state.complete;
    control.classList.toggle("sr-reserved", !wanted && !state.complete);
  }

  function setFollowing(on) {
    following = on;
    follow.set(on, false);
    if (on) rows.toEnd();
    onward.hidden = state.complete || on || !arrived;
  }

  function goToLine(n) {
    if (n === null || n === undefined) return;
    setFollowing(false);
    go({ line: String(n + 1) }, { replace: true });
  }

  function mark(n) {
    const previous = marked;
    marked = n;
    for (const one of [previous, n]) if (one !== null) rows.redraw(one, one + 1);
  }

  // Search.

  let asked = 0;
  let steps = Promise.resolve();

  /** One after the other: who presses the key twice wants the second match from here. */
  function step(back, start) {
    steps = steps.then(() => stepNow(back, start));
  }

  async function stepNow(back, start) {
    search = box.value.trim();
    if (!search) return;
    const mine = ++asked;
    const from = start ?? (marked === null ? rows.window()[back ? 1 : 0] : marked + (back ? -1 : 1));
    setText(found, "…");
    try {
      let answer = await context.source.get(`${path}/find`, { role, q: search, from: Math.max(0, from), back: back ? 1 : 0 });
      let around = false;
      if (answer.n === null && answer.count !== 0) {
        around = true;
        answer = { ...(await context.source.get(`${path}/find`, { role, q: search, from: back ? Math.max(0, state.total - 1) : 0, back: back ? 1 : 0 })), count: answer.count };
      }
      if (mine !== asked) return;
      setText(found, answer.n === null ? "Not found" : `${answer.count === null || answer.count === undefined ? "" : counted(answer.count, "line")}${around ? ", from the other end" : ""}`);
      if (answer.n !== null) {
        setFollowing(false);
        mark(answer.n);
        rows.redraw();
        rows.goTo(answer.n);
        go({ q: search, line: String(answer.n + 1) }, { replace: true });
      }
    } catch (problemThere) {
      if (mine === asked) setText(found, problemThere.message);
    }
  }

  box.addEventListener("input", settled(300, () => {
    search = box.value.trim();
    rows.redraw();
    if (search) step(false, rows.window()[0]);
    else {
      asked += 1;
      setText(found, "");
      go({ q: "" }, { replace: true });
    }
  }));
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter") step(event.shiftKey);
    else if (event.key === "Escape" && box.value === "") rows.element.focus();
    else return;
    event.preventDefault();
  });

  // Copying takes all that was selected, also what is out of sight by now; line numbers and times stay behind.

  function copying(event) {
    const range = getSelection()?.rangeCount ? getSelection().getRangeAt(0) : null;
    if (!range || range.collapsed || !rows.block.contains(range.commonAncestorContainer)) return;
    const first = rows.rowOf(range.startContainer);
    const last = rows.rowOf(range.endContainer) ?? first;
    if (first === null || first === last) return; // within a line the browser does it right
    const [from, to] = [offsetIn(range.startContainer, range.startOffset), offsetIn(range.endContainer, range.endOffset)];
    const textOf = (all) => {
      const texts = all.map(({ text }) => plainText(text ?? ""));
      if (to !== null) texts[texts.length - 1] = texts.at(-1).slice(0, to);
      if (from !== null) texts[0] = texts[0].slice(from);
      return texts.join("\n");
    };
    event.preventDefault();
    const here = [];
    for (let n = first; n <= last && here; n++) {
      const line = n >= state.total ? state.open[n - state.total] : lines.line(n);
      if (!line) break;
      here.push(line);
    }
    if (here.length === last - first + 1) event.clipboardData.setData("text/plain", textOf(here));
    else lines.range(first, Math.min(last + 1, state.total)).then((all) => copied(textOf(all)));
  }
  rows.element.addEventListener("copy", copying);

  /** Signs of the line's text before a place in the document; null where that is outside of it. */
  function offsetIn(node, offset) {
    const text = (node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement)?.closest(".sr-line-text");
    if (!text) return null;
    const range = document.createRange();
    range.setStart(text, 0);
    range.setEnd(node, offset);
    return range.toString().length;
  }

  stops.add(context.keys.add("Logs", [
    { key: "/", does: "Search", run: () => (box.focus(), box.select()) },
    { key: "n", does: "Next match", run: () => step(false) },
    { key: "N", does: "The match before", run: () => step(true) },
    { key: "f", does: "Follow, or stay", run: () => (follow.hidden ? false : setFollowing(!following)) },
    { key: "e", does: "Jump to the first error", run: () => (state.first_error === null || state.first_error === undefined ? false : goToLine(state.first_error)) },
    { key: "w", does: "Break long lines", run: () => wrap.click() },
    { key: "d", does: "When each line came", run: () => times.click() },
    ...["Home", "End", "PageUp", "PageDown"].map((key) => ({ key, run: () => rows.press(key) })),
    { key: "G", does: "To the end", run: () => rows.toEnd() },
  ]));
  stops.add(context.onTheme(() => rows.redraw()));
  stops.add(() => watching?.());
  stops.add(() => lines?.close());
  stops.add(rows.close);
  rows.element.classList.toggle("sr-with-times", times.isOn());
  rows.setWrapped(wrap.isOn());
  begin();

  return {
    element,
    update(now) {
      if ((now.role ?? "") !== role) {
        role = now.role ?? "";
        marked = now.line === undefined ? null : Number(now.line) - 1;
        following = marked === null;
        begin();
        return;
      }
      const line = now.line === undefined ? null : Number(now.line) - 1;
      if (line === marked) return;
      mark(line);
      const [first, last] = rows.window();
      if (line !== null && (line < first || line >= last - 2)) rows.goTo(line);
    },
    close: stops.close,
  };
}

/** Where a text is found in a line, case ignored: [start, end]. `/…/` is a regular expression; one that is wrong finds nothing. */
function matchesIn(text, search) {
  const found = [];
  const expression = /^\/(.+)\/$/.exec(search);
  if (!expression) {
    const [all, wanted] = [text.toLowerCase(), search.toLowerCase()];
    for (let at = all.indexOf(wanted); at >= 0 && found.length < 200; at = all.indexOf(wanted, at + wanted.length)) found.push([at, at + wanted.length]);
    return found;
  }
  try {
    for (const match of text.slice(0, 4096).matchAll(new RegExp(expression[1], "gi"))) {
      if (match[0]) found.push([match.index, match.index + match[0].length]);
      if (found.length >= 200) break;
    }
  } catch {
    return [];
  }
  return found;
}

/** A text that begins at `at` of its line, cut where matches begin and end: [piece, whether it is of a match]. */
function cutAt(text, at, hits) {
  const pieces = [];
  let done = 0;
  for (const [start, end] of hits) {
    const [from, to] = [Math.max(0, start - at), Math.min(text.length, end - at)];
    if (to <= done || from >= text.length) continue;
    if (from > done) pieces.push([text.slice(done, from), false]);
    pieces.push([text.slice(Math.max(done, from), to), true]);
    done = to;
  }
  if (done < text.length) pieces.push([text.slice(done), false]);
  return pieces;
}
