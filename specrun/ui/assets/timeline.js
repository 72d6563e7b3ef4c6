"use strict";

// When a run and its roles waited, started, ran and ended, and what they used. Bars are in percent, so that nothing is measured.

const PHASES = { waiting: "wait", starting: "start", running: "going" };

/** A timeline of a run: its attempts and the roles of this one; it goes on while the run does. */
function timelinePanel(context, name, listen = (tell) => context.source.watch(`runs/${name}`, {}, tell)) {
  const stops = several();
  const place = h("div", { class: "sr-timeline" });
  let told = null;
  const draw = () => told && refresh(place, timelineOf(context, told, Date.now() / 1000, name));
  stops.add(listen((value) => {
    told = value;
    draw();
  }));
  const timer = setInterval(() => told && statusOf(told.run.status).going && place.isConnected && draw(), 1000);
  stops.add(() => clearInterval(timer));
  return { element: place, close: stops.close };
}

/** Rows of a run at a moment: [{label, name (of another attempt), note, status, isRole, bars: [{phase, from, to, isOpen}]}]; all moments in Unix seconds. */
function timelineRows(told, now, name) {
  const { run } = told;
  const attempts = told.attempts?.length ? told.attempts : [run];
  const rows = [];
  for (const attempt of attempts) {
    const isThis = attempt.name === name || attempts.length === 1;
    const label = attempts.length === 1 ? "Run" : `Attempt ${attempt.attempt ?? attempts.indexOf(attempt) + 1}`;
    rows.push({ label, name: isThis ? null : attempt.name, note: attempt.reason, status: attempt.status, isRole: false, bars: barsOf(attempt, now) });
    if (!isThis) continue;
    for (const role of told.roles ?? []) {
      const began = secondsOf(run.started ?? run.submitted);
      rows.push({ label: role.name, note: exitText(role), status: role.status, isRole: true, bars: roleBars(role, began, secondsOf(run.ended), now) });
    }
  }
  return rows;
}

function secondsOf(moment) {
  const milliseconds = momentOf(moment);
  return Number.isNaN(milliseconds) ? null : milliseconds / 1000;
}

function barsOf({ submitted, started, ended, status }, now) {
  const [asked, began, end] = [submitted, started, ended].map(secondsOf);
  const { going } = statusOf(status);
  const until = end ?? (going ? now : null);
  const bars = [];
  if (asked !== null && (began ?? until) !== null && (began ?? until) > asked) bars.push({ phase: "waiting", from: asked, to: began ?? until, isOpen: began === null && going });
  if (began !== null && until !== null) bars.push({ phase: going ? "running" : status, from: began, to: Math.max(began, until), isOpen: going });
  return bars;
}

/** A role waits from when the run began until its process does. */
function roleBars({ started, ended, status }, runBegan, runEnded, now) {
  const [began, end] = [started, ended].map(secondsOf);
  const { going } = statusOf(status);
  const until = end ?? (going ? now : runEnded);
  const bars = [];
  if (runBegan !== null && (began ?? until) !== null && (began ?? until) > runBegan) {
    const phase = status === "queued" || status === "waiting" ? "waiting" : "starting";
    bars.push({ phase, from: runBegan, to: began ?? until, isOpen: began === null && going });
  }
  if (began !== null && until !== null) bars.push({ phase: going ? "running" : status, from: began, to: Math.max(began, until), isOpen: going });
  return bars;
}

function exitText({ status, exit, signal }) {
  if (signal) return `ended by signal ${signal}`;
  return exit === null || exit === undefined || (exit === 0 && status === "succeeded") ? "" : `exit ${exit}`;
}

function timelineOf(context, told, now, name) {
  const rows = timelineRows(told, now, name);
  const moments = rows.flatMap((row) => row.bars.flatMap(({ from, to }) => [from, to]));
  if (!moments.length) return h("p", { class: "sr-muted" }, "When its processes began and ended is not known.");
  const first = Math.min(...moments);
  const last = Math.max(...moments, first + 1);
  const part = (moment) => ((moment - first) / (last - first)) * 100;
  return [
    h("ul", { class: "sr-timeline-rows" }, rows.map((row) => timelineRow(context, row, part))),
    timelineAxis(first, last),
  ];
}

function timelineRow(context, { label, name, note, status, isRole, bars }, part) {
  const { sign, word, tone } = statusOf(status);
  const last = bars.at(-1);
  const spent = bars.slice(0, -1).filter(({ from, to }) => to - from >= 1).map((bar) => `${phaseWord(bar)} ${shownDuration(bar.to - bar.from)}`);
  const took = last ? (last.isOpen ? shownDuration(last.to - last.from) : `in ${shownDuration(last.to - last.from)}`) : "";
  const drawing = svg("svg", { class: "sr-timeline-bars", "aria-hidden": "true", width: "100%", height: "16" }, bars.map(({ phase, from, to, isOpen }) =>
    svg("rect", { class: `sr-bar-${PHASES[phase] ?? statusOf(phase).tone}${isOpen ? " sr-bar-open" : ""}`, x: `${part(from)}%`, width: `max(2px, ${part(to) - part(from)}%)`, y: "2", height: "12", rx: "2" },
      svg("title", {}, `${phaseWord({ phase, isOpen })} ${shownDuration(to - from)}, from ${shownMoment(from)} to ${isOpen ? "now" : shownMoment(to)}`))));
  return h("li", { class: `sr-timeline-row${isRole ? " sr-timeline-role" : ""}` },
    h("span", { class: "sr-timeline-label", title: name ?? label }, name ? inside(context, `/runs/${encodeURIComponent(name)}`, {}, label) : label),
    drawing,
    h("span", { class: "sr-timeline-said" }, h("span", { class: `sr-tone-${tone}` }, `${sign} ${word}`), " ", [took, ...spent, note].filter(Boolean).join(" · ")));
}

/** What was done while a bar lasts. */
function phaseWord({ phase, isOpen }) {
  if (phase === "waiting") return isOpen ? "waiting" : "waited";
  if (phase === "starting") return isOpen ? "starting for" : "started in";
  return isOpen ? "running" : "ran";
}

/** Ticks of elapsed time under the bars. */
function timelineAxis(first, last) {
  const wide = last - first;
  const step = DURATION_STEPS.find((one) => one >= wide / 5) ?? wide;
  const ticks = Array.from({ length: Math.floor(wide / step) + 1 }, (_, n) => n * step);
  const texts = durationTexts(ticks, step);
  return h("div", { class: "sr-timeline-axis", "aria-hidden": "true" },
    h("div", { class: "sr-timeline-ticks" }, ticks.map((tick, n) => h("span", { style: tickPlace(tick / wide) }, texts[n]))));
}

// CPU, memory and GPU of the processes of a run on this machine.

const USED = [["cpu", "CPU (cores)", { floor: 0 }], ["memory", "Memory", { floor: 0, unit: "bytes" }], ["gpu", "GPU", { floor: 0, ceiling: 100, unit: "percent" }], ["gpu_memory", "GPU memory", { floor: 0, unit: "bytes" }]];

/** What the roles of a run used, as charts; nothing is drawn of what nobody measures. */
function usagePanel(context, name) {
  const stops = several();
  const shared = { sync: `usage ${randomName()}`, hidden: new Set(), screen: stops.add(screenOf()), toggled, want };
  const roles = new Map(); // role -> {cpu: series, …}
  const cards = new Map();
  const note = h("p", { class: "sr-note", hidden: true });
  const place = h("div", { class: "sr-chart-grid" });
  const element = h("div", { class: "sr-usage" }, note, place);

  function toggled(id) {
    if (!shared.hidden.delete(id)) shared.hidden.add(id);
    cards.forEach((card) => card.draw());
  }

  function want(view) {
    cards.forEach((card) => card.show(view));
  }

  function take(value) {
    note.hidden = !value.note;
    setText(note, value.note ?? "");
    for (const [role, measured] of Object.entries(value.roles ?? {})) {
      if (!roles.has(role)) roles.set(role, { slot: roles.size });
      for (const [what] of USED) if (measured[what]) addUsed(roles.get(role), what, measured.time, measured[what]);
    }
    for (const [what, title, options] of USED) {
      if (cards.has(what) || ![...roles.values()].some((role) => role[what])) continue;
      const card = chartCard(context, { title, shared, ask: () => ({ axis: "time", isLog: false, unit: "", ...options, lines: usedLines(roles, what, shared.hidden) }) });
      cards.set(what, card);
      refill(place, USED.filter(([one]) => cards.has(one)).map(([one]) => cards.get(one).element));
    }
    cards.forEach((card) => card.later());
  }

  stops.add(() => cards.forEach((card) => card.close()));
  stops.add(context.source.watch(`runs/${name}/usage`, {}, take));
  return { element, close: stops.close };
}

/** Increments: what is not newer than what is there came a second time, after a lost connection. */
function addUsed(role, what, times, values) {
  const series = (role[what] ??= emptySeries());
  const newest = series.length ? series.time[series.length - 1] : -Infinity;
  const from = times.findIndex((time) => time > newest);
  if (from >= 0) append(series, { step: times.slice(from), time: times.slice(from), value: values.slice(from) });
}

function usedLines(roles, what, hidden) {
  return [...roles].filter(([, role]) => role[what]).map(([name, role]) => {
    const { x, y } = along(role[what], "time");
    return { id: name, label: name, slot: role.slot, x, y, smooth: null, isShown: !hidden.has(name), series: role[what] };
  });
}

/** Where a tick's text stands, at a part of the axis: the last ones end there, so that none sticks out of the page. */
function tickPlace(part) {
  return part > 0.85 ? { right: `${(1 - part) * 100}%` } : { left: `${part * 100}%` };
}
