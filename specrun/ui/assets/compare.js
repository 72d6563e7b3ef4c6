"use strict";

// Two or more runs beside one another.

/** A dialog in which runs are chosen: their names, or null where the reader left it. */
function chosenRuns(context, { title, not = [], chosen = [], most = 10 }) {
  return new Promise((answer) => {
    const picked = new Set(chosen);
    let rows = [];
    let total = 0;
    let result = null;
    const list = h("div", { class: "sr-choose-list" }, h("p", { class: "sr-muted" }, "Reading runs …"));
    const search = h("input", { type: "search", placeholder: "Name, spec or status", "aria-label": "Find runs", oninput: () => draw() });
    const count = h("span", { class: "sr-muted", role: "status" });
    const done = button("Show", () => ((result = [...picked]), shown.close()), { class: "sr-do" });
    const shown = dialog(context, title, h("div", { class: "sr-choose" }, h("div", { class: "sr-bar" }, search, count), list), { actions: [button("Leave it", () => shown.close()), done] });
    shown.addEventListener("close", () => answer(result));

    function draw() {
      const wanted = search.value.trim().toLowerCase();
      const found = rows.filter((row) => !not.includes(row.name) && (picked.has(row.name) || `${row.name} ${row.spec} ${row.status}`.toLowerCase().includes(wanted)));
      found.sort((a, b) => picked.has(b.name) - picked.has(a.name));
      refill(list, found.slice(0, 200).map(choiceOf), !found.length && h("p", { class: "sr-muted" }, rows.length ? "No run is like this." : "There are no other runs."));
      setText(count, `${picked.size} of at most ${most}${total > rows.length ? `; the newest ${shownCount(rows.length)} of ${shownCount(total)} runs are listed` : ""}`);
    }

    function choiceOf(row) {
      const box = h("input", { type: "checkbox", checked: picked.has(row.name), disabled: !picked.has(row.name) && picked.size >= most, onchange: () => {
        if (!picked.delete(row.name)) picked.add(row.name);
        const full = picked.size >= most;
        list.querySelectorAll("input").forEach((other) => (other.disabled = full && !other.checked));
        setText(count, `${picked.size} of at most ${most}`);
      } });
      return h("label", { class: "sr-check" }, box, h("span", { class: "sr-choose-name" }, row.name), statusBadge(row.status), h("span", { class: "sr-muted sr-small" }, shownAgo(row.submitted ?? row.started)));
    }

    context.source.get("runs", { count: 500 }).then((value) => {
      rows = value.rows;
      total = value.total;
      draw();
      search.focus();
    }, (error) => refill(list, problem(error)));
  });
}

function compareView(context, params) {
  return { element: context.h("section", {}), close() {} };
}
