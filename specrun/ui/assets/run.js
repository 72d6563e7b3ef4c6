"use strict";

// One run: how it stands and why on top, all else in tabs, each with an address of its own.

const TABS = [
  { id: "overview", label: "Overview" },
  { id: "logs", label: "Logs" },
  { id: "metrics", label: "Metrics" },
  { id: "changes", label: "What changed" },
  { id: "code", label: "Code and spec" },
  { id: "outputs", label: "Outputs" },
  { id: "usage", label: "CPU and memory" },
];
const OF_SWEEPS = { id: "trials", label: "Trials" };
const SHOWN_TABS = [TABS[0], OF_SWEEPS, ...TABS.slice(1)];

/** {element, update({parts, query}), close()} */
function runView(context, { parts, query }) {
  const name = parts[1];
  const stops = several();
  const known = readable(); // the run, as far as it has been told
  let tab = null;
  let panel = null;
  let asked = query;
  let info = null;
  let told = 0;

  // The head: always there, and of one height, so that nothing below it moves.
  const status = h("span", { role: "status" });
  const elapsed = h("span", { class: "sr-elapsed" });
  const where = h("span", {});
  const links = h("span", {});
  const cancel = button("Cancel…", askToCancel, { hidden: true, class: "sr-cancel" });
  const rerun = button("Run again…", askToRerun, { hidden: true });
  const choose = toggle("To compare", context.chosen.has(name), (on) => (on ? context.chosen.add(name) : context.chosen.delete(name)), { title: "Choose it, to compare it with others" });
  const why = h("div", { class: "sr-why-place" });
  const strip = tabs(context, `About ${name}`, SHOWN_TABS.map(({ id, label }) => ({ id, label, path: pathOf(["runs", name, ...(id === "overview" ? [] : [id])]) })), null);
  strip.offer("trials", false);
  const place = h("div", { class: "sr-panel" });
  const element = h("div", { class: "sr-run sr-unknown" }, // until it is known, so that nothing is pushed down later
    h("div", { class: "sr-run-head" }, h("div", {}, h("h1", {}, name), h("div", { class: "sr-run-line" }, status, elapsed, where, links)), h("div", { class: "sr-bar" }, choose, rerun, cancel)),
    why, strip, place);

  function missing(error) {
    element.classList.remove("sr-unknown");
    element.classList.add("sr-missing");
    refill(why, emptyState(error.status === 404 ? "No such run" : "The run cannot be read", h("p", {}, error.message), h("p", {}, inside(context, "/runs", {}, "All runs"))));
    why.dataset.said = "";
  }

  function take(value) {
    element.classList.remove("sr-missing");
    const before = info?.run.status;
    info = value;
    told = Date.now();
    showHead();
    known.tell(value);
    element.classList.remove("sr-unknown");
    const now = value.run.status;
    context.title(`${statusOf(now).sign} ${name}`);
    if (before && before !== now) context.announce(`${name}: ${statusOf(now).word}`);
    context.ready();
  }

  function showHead() {
    const { run } = info;
    strip.offer("trials", typeof info.trials === "number");
    if (status.dataset.status !== run.status) {
      status.dataset.status = run.status;
      refill(status, statusBadge(run.status));
    }
    tick();
    setText(where, [info.spec ?? run.spec, info.place].filter(Boolean).join(" · "));
    const portal = info.link && isSafeAddress(info.link) ? info.link : null;
    if (links.dataset.link !== String(portal)) {
      links.dataset.link = String(portal);
      refill(links, portal ? outside(portal, {}, "In the portal ↗") : null);
    }
    cancel.hidden = !info.can?.cancel;
    rerun.hidden = !info.can || (!info.can.rerun && !info.can.rerun_not) || statusOf(run.status).going;
    rerun.disabled = !info.can?.rerun;
    rerun.title = info.can?.rerun ? "" : info.can?.rerun_not ?? "";
    showWhy();
  }

  function tick() {
    if (!info) return;
    const { run } = info;
    const since = info.elapsed ?? run.elapsed;
    const going = statusOf(run.status).going;
    const seconds = since === null || since === undefined ? null : since + (going ? (Date.now() - told) / 1000 : 0);
    elapsed.classList.toggle("sr-going", going);
    setText(elapsed, seconds === null ? "" : going ? shownDuration(Math.max(seconds, 0)).replace(/\.\d s$/, " s") : shownDuration(seconds));
    elapsed.title = [run.submitted && `submitted ${shownMoment(run.submitted)}`, run.started && `started ${shownMoment(run.started)}`, run.ended && `ended ${shownMoment(run.ended)}`].filter(Boolean).join(", ");
  }

  function showWhy() {
    const { run } = info;
    const text = JSON.stringify([info.why, info.hint, info.last_lines, run.failed_role]);
    if (why.dataset.said === text) return;
    why.dataset.said = text;
    const { tone } = statusOf(run.status);
    const lines = info.last_lines ?? [];
    if (!info.why && !info.hint && !lines.length) return void refill(why);
    const roles = new Set(lines.map(({ role }) => role));
    refill(why, h("div", { class: `sr-why${tone === "bad" ? "" : " sr-why-warn"}` },
      info.why ? h("p", {}, info.why) : null,
      info.hint ? h("p", {}, info.hint) : null,
      lines.length ? h("pre", { tabindex: "0", "aria-label": "Last lines of the log" }, lines.map(({ role, text: line }, n) => [n ? "\n" : "", roles.size > 1 ? h("span", { class: "sr-last-role" }, `${role}  `) : null, plainText(line)])) : null,
      lines.length ? h("p", {}, inside(context, pathOf(["runs", name, "logs"], { role: run.failed_role && roles.size === 1 ? [...roles][0] : "" }), {}, "The whole log")) : null));
  }

  // Tabs.

  function show(id) {
    if (id === tab) return panel?.update?.(asked);
    panel?.close?.();
    tab = id;
    element.dataset.tab = id;
    strip.choose(id);
    const go = (changes, how) => context.go(pathOf(["runs", name, ...(id === "overview" ? [] : [id])], { ...asked, ...changes }), how);
    panel = PANELS[id](context, name, { query: asked, go, known });
    refill(place, panel.element);
    panel.shown?.();
    return undefined;
  }

  function update({ parts: now, query: given }) {
    asked = given;
    show(SHOWN_TABS.some(({ id }) => id === now[2]) ? now[2] : "overview");
  }

  // What changes something is asked about first.

  async function askToCancel() {
    const { run } = info;
    const what = statusOf(run.status).word;
    const sure = await confirmed(context, `Cancel ${name}?`, [
      h("p", {}, `The run is ${what}. Its processes are ended, and it does not go on later; what it has written stays.`),
      h("p", { class: "sr-muted" }, "To do it again afterwards: run it again from this page, or ", h("code", {}, "specrun apply --rerun"), "."),
    ], "Cancel the run");
    if (sure) await act(cancel, () => context.source.post(`runs/${name}/cancel`, {}), "Cancelling…");
  }

  async function askToRerun() {
    const sure = await confirmed(context, `Run ${name} again?`, [
      h("p", {}, `A new attempt of `, h("code", {}, info.spec ?? info.run.spec), ` starts${info.place ? ` in ${info.place}` : ""}, exactly as this one was; this one stays as it is.`),
      info.cost || info.run.cost ? h("p", {}, `It may cost ${info.cost ?? info.run.cost}.`) : null,
    ], "Run it again", "go");
    if (!sure) return;
    const answer = await act(rerun, () => context.source.post(`runs/${name}/rerun`, {}), "Starting…");
    if (answer?.run) context.go(pathOf(["runs", answer.run]));
  }

  async function act(control, work, label) {
    const before = control.textContent;
    control.disabled = true;
    setText(control, label);
    try {
      return await work();
    } catch (error) {
      dialog(context, "It was not done", h("p", {}, error.message));
      return null;
    } finally {
      control.disabled = false;
      setText(control, before);
    }
  }

  stops.add(context.source.watch(`runs/${name}`, {}, take, (state, error) => {
    if (state !== "refused") return;
    // What could not be told may be told later, as when the server is back: nothing is thrown away.
    if (info) setText(links, error.message);
    else missing(error);
    context.ready();
  }));
  const ticking = setInterval(() => document.hidden || tick(), 1000);
  stops.add(() => clearInterval(ticking));
  stops.add(() => panel?.close?.());
  stops.add(context.keys.add("The run", [
    ...[...TABS, OF_SWEEPS].map(({ id, label }, n) => ({ key: String(n + 1), does: label, run: () => context.go(pathOf(["runs", name, ...(id === "overview" ? [] : [id])])) })),
    { key: "Escape", does: "All runs", run: () => context.go("/runs") },
    { key: "x", does: "Choose it, to compare it", run: () => choose.click() },
  ]));
  context.title(name);
  update({ parts, query });
  return { element, update, close: stops.close, shown: () => panel?.shown?.() };
}

/** What is told to whoever listens, and at once to whoever comes later: {tell(value), listen(fn) -> stop}. */
function readable() {
  const told = new Set();
  let last = null;
  return {
    tell(value) {
      last = value;
      told.forEach((tell) => tell(value));
    },
    listen(tell) {
      told.add(tell);
      if (last) tell(last);
      return () => told.delete(tell);
    },
  };
}

const PANELS = {
  overview: overviewPanel,
  trials: trialsPanel,
  logs: (context, name, given) => logsPanel(context, name, given),
  metrics: (context, name) => metricsPanel(context, name),
  changes: changesPanel,
  code: (context, name, given) => filesPanel(context, name, "code", { ...given, empty: "What the run was made of is not kept here." }),
  outputs: (context, name, given) => filesPanel(context, name, "outputs", { ...given, empty: "The run has written nothing to its outputs so far." }),
  usage: (context, name) => usagePanel(context, name),
};

function overviewPanel(context, name, { known }) {
  const stops = several();
  const timeline = timelinePanel(context, name, known.listen);
  stops.add(() => timeline.close?.());
  const metrics = h("dl", { class: "sr-values" });
  const metricsPlace = section("Metrics", inside(context, pathOf(["runs", name, "metrics"]), { class: "sr-small" }, "Charts"), metrics);
  const params = h("div", {});
  const about = h("div", {});
  const commands = h("dl", { class: "sr-commands" });
  const models = h("div", {}); // below all else, which it does not move
  const grid = h("div", { class: "sr-grid sr-unknown" });
  const sweep = h("div", {});
  const element = h("div", {}, sweep, section("Roles", null, timeline.element), grid);
  put(grid, [h("div", {}, metricsPlace, section("Parameters", null, params)), h("div", {}, section("About", null, about), section("In a terminal", null, commands), models)]);
  metricsPlace.hidden = true;

  // Metrics stand above the rest, which waits for them a moment, so that it is not pushed down.
  const whole = () => grid.classList.remove("sr-unknown");
  const late = setTimeout(whole, 500);
  stops.add(() => clearTimeout(late));

  let said = "";
  stops.add(known.listen((info) => {
    const { run } = info;
    if (run.status === "succeeded" && !models.dataset.asked) showRegistered(context, name, models);
    const text = JSON.stringify([info.params, info.commands, info.previous, run.started, run.ended, info.outputs_at, info.cost, info.trials, info.sweep]);
    if (text === said) return; // a text that somebody selects stays
    said = text;
    if (typeof info.trials === "number" && !sweep.firstChild) {
      const summary = stops.add(sweepSummary(context, name));
      put(sweep, [section("Trials", inside(context, pathOf(["runs", name, "trials"]), { class: "sr-small" }, "All of them"), summary.element)]);
    }
    const given = Object.entries(info.params ?? {});
    refill(params, given.length ? facts(given.map(([label, value]) => [label, h("code", {}, shownValue(value) || '""')])) : h("p", { class: "sr-muted" }, "None."));
    refill(about, facts([
      ["Spec", info.spec ?? run.spec], ["File", run.file], ["Place", info.place], ["Target", run.target],
      ["Submitted", shownMoment(run.submitted)], ["Started", shownMoment(run.started)], ["Ended", shownMoment(run.ended)],
      ["Cost", info.cost], ["By", run.user], ["Commit", run.commit ? h("code", {}, `${String(run.commit).slice(0, 10)}${run.branch ? ` (${run.branch})` : ""}`) : null],
      ["Python", run.python], ["Fingerprint", h("code", { title: run.fingerprint }, String(run.fingerprint ?? "").slice(0, 10))], ["Attempt", run.attempt > 1 ? run.attempt : null],
      ["Sweep", info.sweep ? inside(context, pathOf(["runs", info.sweep, "trials"]), {}, info.sweep) : null],
      ["Trials", typeof info.trials === "number" ? inside(context, pathOf(["runs", name, "trials"]), {}, `${shownCount(info.trials)} at most`) : null],
      ...Object.entries(run.upstream ?? {}).map(([input, source]) => [`Reads ${input}`, inside(context, pathOf(["runs", source]), {}, source)]),
      ...Object.entries(run.models ?? {}).map(([input, model]) => [`Reads ${input}`, h("code", {}, model)]),
      ["Run before", info.previous ? inside(context, pathOf(["runs", info.previous]), {}, info.previous) : null],
      ["Outputs", info.outputs_at ? h("code", {}, info.outputs_at) : null],
    ]));
    const words = { follow: "Follow", status: "Status", cancel: "Cancel", checkout: "Have it as files", diff: "What changed", outputs: "Fetch outputs" };
    refill(commands, Object.entries(info.commands ?? {}).filter(([, line]) => line).map(([id, line]) => [h("dt", {}, words[id] ?? id), h("dd", {}, command(line))]));
  }));

  const values = new Map();
  stops.add(context.source.watch(`runs/${name}/metrics`, {}, (value) => {
    const names = Object.keys(value.metrics).slice(0, 12);
    metricsPlace.hidden = names.length === 0;
    for (const one of names) {
      if (!values.has(one)) {
        const shown = h("dd", {});
        values.set(one, shown);
        metrics.append(h("div", { class: "sr-value" }, h("dt", { title: one }, one), shown));
      }
      setText(values.get(one), shownNumber(value.metrics[one].last));
    }
    whole();
  }, (state) => state === "refused" && whole()));
  return { element, close: stops.close, shown: () => timeline.shown?.() };
}

/** The versions of models that its outputs are, once it has succeeded. */
async function showRegistered(context, name, place) {
  place.dataset.asked = "yes";
  const found = await context.source.get(`runs/${name}/models`).catch((error) => ({ models: [], unread: { models: error.message } }));
  const told = found.models.map(({ model, version, type, output }) => [`${model}:${version}`, [`${type}, its output ${output}`, command(`specrun models ${model}:${version}`)]]);
  if (told.length || Object.keys(found.unread).length) refill(place, section("Registered as", null, facts([...told, ...Object.entries(found.unread)])));
}
