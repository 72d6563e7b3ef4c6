"use strict";

// A table of which only the rows in sight exist; all of one height, so that nothing jumps, whatever comes.

/**
 * {element, setColumns(columns), setSort(text), setRows(from, rows, total), first(), redraw(), focusRow(by), close()}
 *
 * A column is {id, title, label?, width, number?, sort?, cell(row) -> element or text, live?(row) -> text that changes with time}.
 * `window(first, last)` is told which rows are in sight, `sorted(text)` what to sort by, `opened(row)` which row the reader wants.
 */
function virtualTable({ label, rowHeight, window: inSight, sorted, opened, marked }) {
  const head = h("div", { class: "sr-thead", role: "row", "aria-rowindex": "1" });
  const body = h("div", { class: "sr-tbody", role: "rowgroup" });
  const element = h("div", { class: "sr-table", role: "table", "aria-label": label, tabindex: "-1" }, h("div", { role: "rowgroup", class: "sr-theadgroup" }, head), body);
  const drawn = new Map(); // name of the run -> {element, cells, row, at}
  let columns = [];
  let sort = "";
  let from = 0;
  let rows = [];
  let total = 0;
  let focused = null; // name of the row that Tab leads to

  function setColumns(given) {
    columns = given;
    const least = given.reduce((sum, { width }) => sum + width, 20);
    // All rows are as wide as the widest, or the window: each is a grid of its own, and their columns stand below each other.
    styled(element, { "--sr-columns": given.map(({ width, grows }) => (grows ? `minmax(${width}px, 1fr)` : `${width}px`)).join(" "), "--sr-width": `${least}px` });
    refill(head, given.map(headCell));
    drawn.forEach(({ element: row }) => row.remove());
    drawn.clear();
    render();
  }

  function headCell(column) {
    const [way, sign] = column.sort === sort ? ["ascending", "▲"] : `-${column.sort}` === sort ? ["descending", "▼"] : ["none", ""];
    const inner = column.sort
      ? button([h("span", { class: "sr-title" }, column.title), h("span", { class: "sr-way", "aria-hidden": "true" }, sign)], () => sorted(nextSort(column)), { class: "sr-sort", title: column.label ?? column.title })
      : column.head ?? h("span", { class: "sr-title" }, column.title);
    return h("div", { role: "columnheader", class: cellClass(column), "aria-sort": column.sort ? way : null }, inner);
  }

  /** The most first, then the least, then as it was. */
  function nextSort(column) {
    if (sort === `-${column.sort}`) return column.sort;
    return sort === column.sort ? "" : `-${column.sort}`;
  }

  function cellClass(column) {
    return `sr-cell sr-cell-${column.kind ?? column.id}${column.number ? " sr-number" : ""}`;
  }

  function setRows(newFrom, newRows, newTotal) {
    keepPlace(newFrom, newRows);
    from = newFrom;
    rows = newRows;
    total = newTotal;
    element.setAttribute("aria-rowcount", total + 1);
    styled(body, { height: `${total * rowHeight()}px` });
    render();
  }

  /** New runs come on top: who reads further below stays where they are. */
  function keepPlace(newFrom, newRows) {
    if (element.scrollTop < rowHeight()) return;
    const at = Math.floor(element.scrollTop / rowHeight());
    const top = rows[at - from]?.name;
    const now = top === undefined ? -1 : newRows.findIndex(({ name }) => name === top);
    if (now < 0 || newFrom + now === at) return;
    styled(body, { height: `${Math.max(total, newFrom + newRows.length) * rowHeight()}px` });
    element.scrollTop += (newFrom + now - at) * rowHeight();
  }

  function sight() {
    const first = Math.floor(element.scrollTop / rowHeight());
    return [Math.max(0, first - 4), Math.min(total, first + Math.ceil(element.clientHeight / rowHeight()) + 4)];
  }

  function render() {
    const [first, last] = sight();
    const wanted = new Map();
    for (let at = first; at < last; at++) if (rows[at - from]) wanted.set(rows[at - from].name, at);
    for (const [name, one] of drawn) {
      if (wanted.has(name)) continue;
      if (one.element.contains(document.activeElement)) focused = null;
      one.element.remove();
      drawn.delete(name);
    }
    let before = null;
    for (const [name, at] of wanted) {
      const one = drawn.get(name) ?? make(name);
      update(one, rows[at - from], at);
      // In the document's order, too, for those who read it without looking; a row that stands right is left alone, and keeps its focus.
      const right = before ? before.nextElementSibling : body.firstElementChild;
      if (right !== one.element) body.insertBefore(one.element, right);
      before = one.element;
    }
    inSight(...sight());
  }

  function make(name) {
    const cells = columns.map((column) => h("div", { role: "cell", class: cellClass(column) }));
    const row = h("div", { role: "row", class: "sr-row", dataset: { name } }, cells);
    const one = { element: row, cells, said: [], row: null, at: -1 };
    row.addEventListener("click", (event) => {
      if (event.target.closest("a, button, input, label") || String(getSelection()) !== "") return;
      opened(one.row);
    });
    drawn.set(name, one);
    return one;
  }

  function update(one, row, at) {
    if (one.at !== at) {
      one.at = at;
      styled(one.element, { transform: `translateY(${at * rowHeight()}px)` });
      one.element.setAttribute("aria-rowindex", at + 2);
    }
    one.row = row;
    one.element.classList.toggle("sr-chosen", marked(row));
    columns.forEach((column, n) => fill(one, n, column, row));
    const link = one.element.querySelector("a");
    if (link) link.tabIndex = row.name === (focused ?? rows[0]?.name) ? 0 : -1;
  }

  function fill(one, n, column, row) {
    const said = column.says(row);
    if (one.said[n] === said) return;
    one.said[n] = said;
    refill(one.cells[n], column.cell ? column.cell(row) : said);
    if (column.hint) one.cells[n].title = column.hint(row);
  }

  function focusRow(by) {
    const now = [...drawn.values()].find((one) => one.element.contains(document.activeElement));
    const at = Math.max(0, Math.min(total - 1, now ? now.at + by : sight()[0] === 0 ? 0 : Math.ceil(element.scrollTop / rowHeight())));
    const header = head.offsetHeight;
    const y = at * rowHeight();
    if (y < element.scrollTop) element.scrollTop = y;
    else if (y + rowHeight() + header > element.scrollTop + element.clientHeight) element.scrollTop = y + rowHeight() + header - element.clientHeight;
    render();
    const row = rows[at - from];
    if (!row) return;
    focused = row.name;
    render();
    drawn.get(row.name)?.element.querySelector("a")?.focus({ preventScroll: true });
  }

  const draw = perFrame(render);
  const observer = new ResizeObserver(draw);
  observer.observe(element);
  element.addEventListener("scroll", draw, { passive: true });

  return {
    element,
    setColumns,
    setSort: (text) => ((sort = text), refill(head, columns.map(headCell))),
    setRows,
    redraw: render,
    focusRow,
    focused: () => [...drawn.values()].find((one) => one.element.contains(document.activeElement))?.row ?? null,
    toTop: () => (element.scrollTop = 0),
    close: () => (observer.disconnect(), draw.stop()),
  };
}
