"use strict";

// The columns of the table of runs: which there are, which are shown, how wide they are, and what stands in them.

const FIXED = {
  status: { title: "Status", width: 124, sort: "status", says: (row) => row.status, cell: (row) => statusBadge(row.status) },
  spec: { title: "Spec", width: 116, sort: "spec", says: (row) => row.spec ?? "", hint: (row) => row.file ?? "" },
  place: { title: "Place", width: 140, sort: "place", says: (row) => row.place ?? "", hint: (row) => row.place ?? "" },
  submitted: { title: "Submitted", width: 104, sort: "submitted", says: (row) => shownAgo(row.submitted), hint: (row) => row.submitted ?? "" },
  elapsed: { title: "Elapsed", width: 104, sort: "elapsed", number: true, says: (row) => shownDuration(elapsedNow(row)) },
  cost: { title: "Cost", width: 96, sort: "cost", number: true, says: (row) => row.cost ?? "" },
  changes: { title: "What changed", width: 200, grows: true, says: (row) => (row.changes ?? []).join(" · "), hint: (row) => (row.changes ?? []).join("\n") },
  reason: { title: "Why", width: 180, grows: true, sort: "reason", says: (row) => row.reason ?? "", hint: (row) => row.reason ?? "" },
  user: { title: "User", width: 110, sort: "user", says: (row) => row.user ?? "" },
  branch: { title: "Branch", width: 130, sort: "branch", says: (row) => row.branch ?? "" },
  commit: { title: "Commit", width: 92, sort: "commit", says: (row) => String(row.commit ?? "").slice(0, 10), hint: (row) => row.commit ?? "" },
  attempt: { title: "Attempt", width: 84, sort: "attempt", number: true, says: (row) => String(row.attempt ?? "") },
};

/** Seconds until now, of a run that goes on; as it was told, of one that has ended. */
function elapsedNow(row) {
  if (row.elapsed === null || row.elapsed === undefined) return null;
  return statusOf(row.status).going && row.told ? row.elapsed + (Date.now() - row.told) / 1000 : row.elapsed;
}

/** A column by what it is called in an address: `status`, `params.lr`, `metrics.loss`. */
function runColumn(id) {
  if (FIXED[id]) return { id, ...FIXED[id] };
  const [space, name] = splitOnce(id, ".");
  if (!name || !["params", "metrics"].includes(space)) return null;
  const value = (row) => valueOf(row[space]?.[name]);
  return {
    id,
    kind: "value",
    title: name,
    label: `${space === "params" ? "Parameter" : "Metric"} ${name}`,
    width: Math.min(180, Math.max(76, 34 + name.length * 8)),
    sort: /^[\w.-]+$/.test(name) ? id : `${space}.'${name}'`,
    number: true,
    says: (row) => shownValue(value(row)),
    hint: (row) => String(value(row) ?? ""),
  };
}

/** A metric may come as its last value, or as {value, …}. */
function valueOf(found) {
  return found !== null && typeof found === "object" ? found.value ?? found.last ?? null : found ?? null;
}

/** What is shown if nobody has chosen: what differs between these runs. */
function usualColumns({ rows, metrics, params, specs, places }) {
  const differing = params.filter((name) => new Set(rows.map((row) => JSON.stringify(valueOf(row.params?.[name])))).size > 1);
  const wanted = (differing.length ? differing : params).slice(0, 3);
  return [
    "status",
    ...(specs > 1 ? ["spec"] : []),
    ...(places > 1 ? ["place"] : []),
    ...["submitted", "elapsed"],
    ...metrics.slice(0, 3).map((name) => `metrics.${name}`),
    ...wanted.map((name) => `params.${name}`),
    "changes",
  ];
}

/** The dialog in which they are chosen; `changed(ids)` with each click. */
function columnChooser(context, { metrics, params }, shown, usual, changed) {
  const chosen = new Set(shown);
  const groups = [
    ["Run", Object.keys(FIXED).map((id) => [id, FIXED[id].title])],
    ["Metrics", metrics.map((name) => [`metrics.${name}`, name])],
    ["Parameters", params.map((name) => [`params.${name}`, name])],
  ];
  const order = groups.flatMap(([, items]) => items.map(([id]) => id));
  const box = ([id, title]) => h("label", { class: "sr-check", dataset: { name: title.toLowerCase() } },
    h("input", { type: "checkbox", checked: chosen.has(id), onchange: (event) => {
      if (event.target.checked) chosen.add(id);
      else chosen.delete(id);
      changed([...chosen].sort((a, b) => place(a) - place(b)));
    } }), title);
  // Those that were there keep their order, what changed stays last.
  const place = (id) => (["changes", "reason"].includes(id) ? 2000 : shown.includes(id) ? shown.indexOf(id) : 1000 + order.indexOf(id) / 1000);
  const lists = groups.filter(([, items]) => items.length).map(([title, items]) => h("fieldset", { class: "sr-columns" }, h("legend", {}, title), items.map(box)));
  const find = h("input", { type: "search", placeholder: "Find a column", "aria-label": "Find a column", oninput: () => {
    const wanted = find.value.trim().toLowerCase();
    lists.forEach((list) => list.querySelectorAll("label").forEach((one) => (one.hidden = !one.dataset.name.includes(wanted))));
  } });
  const made = dialog(context, "Columns", [find, lists], { actions: [
    button("As usual", () => (changed(null), made.close())),
    button("Done", () => made.close(), { class: "sr-do" }),
  ] });
}
