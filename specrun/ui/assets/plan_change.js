"use strict";

// One change of a plan: what is done, why, and what it consists of.

/** A run by its name: a link where it is there, as far as the plan says so. */
function runLink(context, name, plan) {
  const isThere = (plan?.resource_changes ?? []).some(({ run }) => run?.follows === name);
  return isThere ? inside(context, pathOf(["runs", name]), {}, name) : name;
}

function changeDetail(context, node, change, plan) {
  const { sign, tone } = actionOf(node.action);
  const [word] = wordsOf(node, change);
  const head = [h("h2", {}, nodeName(node)), h("p", {}, h("span", { class: `sr-act sr-act-${tone}` }, node.action === "no-op" && word !== actionOf(node.action).word ? word : `${sign} ${word}`), change?.specrun_reason ? ` ${change.specrun_reason}` : "")];
  if (!change) return [head, h("p", { class: "sr-muted" }, "It is used, and not changed.")];
  const { fields = [], transfer, run } = change;
  return [
    head,
    facts([["Place", node.place ?? change.place?.target], ["In the spec", change.location], ...runFacts(context, run, plan), ...modelFacts(context, change.model, plan)]),
    fields.length ? changedFields(fields) : null,
    transfer ? transferOf(transfer) : null,
    run?.differences?.length ? [h("h3", {}, "Since the last run"), h("ul", { class: "sr-plan-differences" }, run.differences.map((text) => h("li", {}, text)))] : null,
    node.action === "create" || node.action === "replace" ? valuesOf(change.change?.after) : null,
  ];
}

function runFacts(context, run, plan) {
  if (!run) return [];
  return [
    ["Run", runLink(context, run.follows ?? run.name, plan)],
    ["Attempt", run.attempt > 1 ? run.attempt : null],
    ["Code", run.code?.length ? `${counted(run.code.length, "file")}, ${shownSize(run.code_size)}` : null],
    ["Trials", run.sweep ? trialsOf(run.sweep) : null],
    ["Machines", run.size ? `${run.instances} × ${run.size}` : null],
    ["Runs in", run.runs_in],
    ...Object.entries(run.upstream ?? {}).map(([input, { run: source, waits }]) => [`${waits ? "Waits for" : "Reads"} ${input}`, runLink(context, source, plan)]),
    ["Ends before", run.cancels?.length ? run.cancels.join(", ") : null],
  ];
}

function modelFacts(context, model, plan) {
  return model ? [["Version", model.version], ["Output", model.output], ["Of", runLink(context, model.run, plan)]] : [];
}

/** 20: 12 there already (1 runs), 2 failed before, 6 to run. */
function trialsOf(sweep) {
  const parts = [
    sweep.there ? `${sweep.there} there already${sweep.running ? ` (${sweep.running} running)` : ""}` : "",
    sweep.failed ? `${sweep.failed} failed before` : "",
    sweep.again ? `${sweep.again} have succeeded before and are run again by the service` : "",
    `${sweep.to_run} to run`,
  ].filter(Boolean);
  return parts.length > 1 ? `${sweep.trials}: ${parts.join(", ")}` : String(sweep.trials);
}

/** max_instances: 2 → 4, and why. */
function changedFields(fields) {
  return [h("h3", {}, "What changes"), h("ul", { class: "sr-changed-fields" }, fields.map(({ path, before, after, reason, forces_replace: forces }) =>
    h("li", {}, h("code", {}, path), ": ", h("span", { class: "sr-gone" }, plainValue(before)), " → ", h("span", { class: "sr-new" }, plainValue(after)),
      h("div", { class: "sr-muted sr-small" }, [forces ? "replaces it" : "", reason].filter(Boolean).join(": ")))))];
}

function transferOf(transfer) {
  const size = (files) => shownSize(files.reduce((sum, file) => sum + (file.size ?? 0), 0));
  const groups = [["new", "+"], ["changed", "~"], ["extra", "·"], ["prune", "-"]].filter(([name]) => transfer[name]?.length);
  const line = groups.map(([name]) => `${shownCount(transfer[name].length)} ${name}${name === "prune" ? "" : ` (${size(transfer[name])})`}`);
  return [
    h("h3", {}, "Files"),
    h("p", {}, [...line, `${shownCount(transfer.unchanged?.length ?? 0)} unchanged`].join(", ")),
    groups.map(([name, sign]) => h("details", {}, h("summary", {}, `${name} (${shownCount(transfer[name].length)})`),
      h("ul", { class: "sr-names" }, transfer[name].slice(0, 200).map((file) => h("li", {}, `${sign} ${file.path ?? file}`)), transfer[name].length > 200 ? h("li", { class: "sr-muted" }, `and ${shownCount(transfer[name].length - 200)} more`) : null))),
  ];
}

/** What a resource will have; what is nested as JSON. */
function valuesOf(after) {
  const values = Object.entries(after ?? {});
  return values.length ? [h("h3", {}, "It will have"), facts(values.map(([name, value]) => [name, plainValue(value)]))] : null;
}

function plainValue(value) {
  if (value === null || value === undefined) return "–";
  return typeof value === "object" ? h("code", {}, JSON.stringify(value)) : String(value);
}
